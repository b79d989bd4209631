"""JSON on stdout, and messages on stderr."""

from __future__ import annotations

import io
import json
import re
import shlex
import sys
from collections.abc import Callable, Sequence
from typing import Any

import click

from bayes_gmm.diagnostics.kind import COMMAND_LINE

PROGRAM = "bayes-gmm"


def command_text(arguments: Sequence[str]) -> str:
    """The command with its arguments, quoted for a shell.

    Examples
    --------
    >>> command_text(["fit", "my table.csv"])
    "bayes-gmm fit 'my table.csv'"
    """
    return shlex.join([PROGRAM, *arguments])


def let_every_name_be_printed() -> None:
    """Escape characters that the terminal cannot print, such as odd bytes in file names."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def print_json(document: dict[str, Any]) -> None:
    """Print one JSON object; NaN is an error."""
    click.echo(json.dumps(document, indent=2, allow_nan=False))


def say(text: str) -> None:
    """Write a message to stderr, with the name of the program."""
    click.echo(f"{PROGRAM}: {text}", err=True)


def note(text: str) -> None:
    """Write a progress message to stderr if it is a terminal."""
    if sys.stderr.isatty():
        say(text)


GLYPH = re.compile(r"Glyph \d+ .*missing from font")


def shown_once() -> Callable[..., None]:
    """Function that prints each distinct warning once, with the names of command-line options."""
    said: set[str] = set()

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        line = line_of(message)
        if GLYPH.match(line):  # one for each character, by matplotlib
            line = "the font of the pictures lacks characters of some names, and shows boxes"
        if line not in said:
            said.add(line)
            say(f"warning: {line}")

    return show


def line_of(error: BaseException | str) -> str:
    r"""Text of an error or warning on one line, with the names of command-line options.

    Examples
    --------
    >>> line_of(ValueError("two\n  lines"))
    'two lines'
    """
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"
    diagnostic = getattr(error, "diagnostic", None)
    text = str(error) if diagnostic is None else diagnostic.text(COMMAND_LINE)
    return " ".join(text.split()) or type(error).__name__
