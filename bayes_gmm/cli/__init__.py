"""The command line: `bayes-gmm demo`, `fit` and `predict`.

Results go to stdout, everything else to stderr. Exit codes: 0 done, 1 the data or the fit failed,
2 wrong usage, 130 interrupted. What takes long to import is imported by the command that needs it.
"""

from __future__ import annotations

import io
import json
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from bayes_gmm import __version__
from bayes_gmm.errors import DataError, FitError

PROGRAM = "bayes-gmm"
DEMO_FOLDER = "bayes-gmm-demo"
INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments after the program's name; those of the process when not given.

    Returns
    -------
    int
        0 done, 1 the data or the fit failed, 2 wrong usage, 130 interrupted.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    _let_every_name_be_printed()
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _shown_once()
            with commands.make_context(PROGRAM, arguments) as context:
                commands.invoke(context)
            sys.stdout.flush()
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        _say("interrupted")
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output has gone, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (DataError, FitError, OSError, MemoryError) as error:
        _say(f"error: {_one_line(error)}")
        return 1
    return 0


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 the data or the fit failed, 2 wrong usage.",
)
@click.version_option(__version__, prog_name=PROGRAM)
def commands() -> None:
    """Find the segments of a table: how big each is, where it is, which rows belong to it."""


class Resolution(click.ParamType):
    """How finely columns are recorded: auto, none or a number."""

    name = "auto|none|number"

    def convert(self, value: Any, param: Any, ctx: Any) -> str | float | None:
        """Turn the text into what `BayesGMM(resolution=...)` takes."""
        if value in ("auto", "none"):
            return None if value == "none" else "auto"
        try:
            number = float(value)
        except ValueError:
            number = -1.0
        if not 0 <= number < float("inf"):
            self.fail(f"{value!r} is not auto, none or a number from 0 up", param, ctx)
        return number


class OutPath(click.Path):
    """A file or folder to write to; an empty name, as of an unset variable, is none."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Turn the text into a path."""
        if not str(value).strip():
            self.fail("the name is empty", param, ctx)
        if "\0" in str(value):
            self.fail("the name holds a zero byte", param, ctx)
        return super().convert(value, param, ctx)


as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object, no text.")


@commands.command()
@click.option(
    "--out",
    type=OutPath(),
    default=DEMO_FOLDER,
    show_default=True,
    help="Folder for the files.",
)
def demo(out: Path) -> None:
    """Fit the bundled, simulated customers, from table to picture."""
    from bayes_gmm.cli import walkthrough

    click.echo(walkthrough.run(out))


@commands.command()
@click.argument("table")
@click.option(
    "--features",
    multiple=True,
    required=True,
    metavar="A,B",
    help="Columns to segment by; repeat for names that contain commas.",
)
@click.option("--components", type=int, required=True, help="How many segments.")
@click.option(
    "--structure",
    default="full",
    show_default=True,
    help="full, tied, diag, spherical, or 'scales/correlations'.",
)
@click.option(
    "--posterior",
    type=click.Choice(["nuts", "laplace", "none"]),
    default="none",
    show_default=True,
    help="Credible intervals: by sampling, by an approximation for large tables, or none.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the random starts."
)
@click.option(
    "--resolution",
    type=Resolution(),
    default="auto",
    show_default=True,
    help="How finely the columns are recorded, in their units.",
)
@click.option(
    "--weights", metavar="COLUMN", help="Column that says how many rows a row stands for."
)
@click.option(
    "--out",
    type=OutPath(),
    help="Folder for model.nc, segments.csv, assignments.csv and segments.png; with a posterior, "
    "summary.csv and intervals.png too.",
)
@as_json
def fit(
    table: str,
    features: tuple[str, ...],
    components: int,
    structure: str,
    posterior: str,
    seed: int,
    resolution: str | float | None,
    weights: str | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Fit segments to the rows of TABLE (CSV or Parquet)."""
    _check_structure(structure)
    from bayes_gmm.cli.files import check_folder, write_fit
    from bayes_gmm.cli.findings import files_text, fitted
    from bayes_gmm.cli.tables import read_columns

    if out is not None:
        check_folder(out)
    columns, row_weights = read_columns(table, features, weights)
    _note(f"fitting {components} segments to {len(columns):,} rows")
    options = {"structure": structure, "resolution": resolution, "random_state": seed}
    report = fitted(table, columns, row_weights, components, options, posterior)
    files = {} if out is None else write_fit(report, columns, out)
    if as_json:
        paths = {what: str(path) for what, path in files.items()}
        _print_json({**report.json(), "files": paths})
        return
    click.echo(report.text())
    if files:
        click.echo("\n" + files_text(files))


@commands.command()
@click.argument("model")
@click.argument("table")
@click.option("--out", type=OutPath(), required=True, help="CSV file for the scored rows.")
@as_json
def predict(model: str, table: str, out: Path, as_json: bool) -> None:
    """Give each row of TABLE its segment by MODEL, a fit's model.nc."""
    _check_output(out, model, table)
    from bayes_gmm.cli.files import write_scored
    from bayes_gmm.cli.findings import Assigned, files_text, segment_names
    from bayes_gmm.cli.tables import whole_table
    from bayes_gmm.data.table import read_table
    from bayes_gmm.results.storage import check_file, load

    check_file(out)
    fit = load(model)
    columns = read_table(table, fit.features)
    assigned = Assigned(table, fit.predict_proba(columns), segment_names(fit))
    write_scored(whole_table(table), assigned.membership, out, assigned.names)
    if as_json:
        _print_json({"model": model, **assigned.json(), "files": {"scored": str(out)}})
    else:
        click.echo(f"{assigned.text()}\n\n{files_text({'scored': out})}")


def _check_structure(name: str) -> None:
    from bayes_gmm.model.structure import Structure

    try:
        Structure.parse(name)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="'--structure'") from None


def _check_output(out: Path, *inputs: str) -> None:
    if out.suffix.lower() in (".parquet", ".pq", ".xlsx"):
        raise click.UsageError(f"--out is '{out}', but what is written is CSV; end it in .csv")
    for name in inputs:
        if out.exists() and Path(name).exists() and out.samefile(name):
            raise click.UsageError(f"--out is '{name}', which is read; name another file")


def _let_every_name_be_printed() -> None:
    """Escape what a terminal cannot show, as a file's name of odd bytes, or fails on."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _print_json(document: dict[str, Any]) -> None:
    click.echo(json.dumps(document, indent=2, allow_nan=False))


def _say(text: str) -> None:
    click.echo(f"{PROGRAM}: {text}", err=True)


def _note(text: str) -> None:
    """Tell a person who waits what is going on; a program's log stays free of it."""
    if sys.stderr.isatty():
        _say(text)


def _shown_once() -> Callable[..., None]:
    """Say what a warning says, once, however many tables it is about."""
    said: set[str] = set()

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        line = _one_line(message)
        if line not in said:
            said.add(line)
            _say(f"warning: {line}")

    return show


def _one_line(error: BaseException | str) -> str:
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return " ".join(str(error).split()) or type(error).__name__
