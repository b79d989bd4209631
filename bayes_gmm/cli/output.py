"""Output of the commands: a report and the files that were written, as text or JSON."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import click

from bayes_gmm.cli.messages import print_json


class Shown(Protocol):
    """What a command reports."""

    def text(self) -> str:
        """Text for people."""
        ...

    def json(self) -> dict[str, Any]:
        """The same for programs."""
        ...


def show(report: Shown, files: Mapping[str, Path], as_json: bool, **more: str) -> None:
    """Print a report and the files that were written, as text or as one JSON object."""
    if as_json:
        paths = {what: str(path) for what, path in files.items()}
        print_json({**more, **report.json(), "files": paths})
        return
    click.echo("\n\n".join([report.text(), *([files_text(files)] if files else [])]))


def files_text(files: Mapping[str, Path]) -> str:
    """List the files that were written, one per line."""
    return "\n".join(["written", *(f"  {what:<12} {path}" for what, path in files.items())])
