"""The command `profile`: other columns of a table by segment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bayes_gmm.cli.messages import print_json
from bayes_gmm.cli.options import (
    OutPath,
    as_json,
    check_order,
    in_parts,
    reading_of_cells,
    weights_of_rows,
)

if TYPE_CHECKING:
    import pandas as pd

    from bayes_gmm.data.io.read_columns import ReadOptions
    from bayes_gmm.results.profile.record import Profile


@click.command()
@click.argument("model")
@click.argument("table")
@click.option("--columns", metavar="A,B", help="Columns to profile; by default all but features.")
@weights_of_rows
@click.option(
    "--ci",
    "ci_prob",
    type=click.FloatRange(0.0, 1.0, min_open=True, max_open=True),
    default=0.94,
    show_default=True,
    help="Probability of the intervals.",
)
@reading_of_cells
@click.option(
    "--out",
    type=OutPath(),
    required=True,
    help="Output folder for profile.csv, features.csv and profile.png.",
)
@as_json
def profile(
    model: str,
    table: str,
    columns: str | None,
    weights: str | None,
    ci_prob: float,
    missing: tuple[str, ...],
    encoding: str | None,
    out: Path,
    as_json: bool,
) -> None:
    """Describe the segments of MODEL by the other columns of TABLE.

    MODEL is the model.nc of a fit, and TABLE holds its features and other columns: of the rows of
    the fit or of others. Means and shares have intervals if MODEL has a posterior.
    """
    from bayes_gmm.cli.files import check_folder
    from bayes_gmm.data.io.read_columns import ReadOptions
    from bayes_gmm.results.load import load
    from bayes_gmm.results.posterior.posterior import Posterior

    check_order(model, table)
    check_folder(out)
    reading = ReadOptions.of(missing, encoding)
    fit = load(model)
    frame, row_weights, chosen = _read(table, fit.features, columns, weights, reading)
    if isinstance(fit, Posterior):
        found = fit.profile(frame, chosen, row_weights, ci_prob)
    else:
        found = fit.profile(frame, chosen, row_weights)
    _warn_of_rows_beyond(fit, frame)
    report = Profiled(table, found)
    files = write_profile(found, out, table, reading)
    if as_json:
        paths = {what: str(path) for what, path in files.items()}
        print_json({"model": model, **report.json(), "files": paths})
        return
    from bayes_gmm.cli.fit_report import files_text

    click.echo(f"{report.text()}\n\n{files_text(files)}")


def _warn_of_rows_beyond(fit: Any, frame: pd.DataFrame) -> None:
    """Warn if the table has the features, and many rows are beyond all segments."""
    from bayes_gmm.diagnostics.diagnostic import warn
    from bayes_gmm.model.typicality import rows_beyond, typicality

    if set(fit.features) <= set(frame.columns):
        mixture, rows = getattr(fit, "mean_mixture", fit.mixture), frame[list(fit.features)]
        warn(rows_beyond(mixture, rows, typicality(mixture, rows)), stacklevel=1)


@dataclass(frozen=True, eq=False)
class Profiled:
    """Command-line report of a profile.

    Attributes
    ----------
    table : str
        Name of the table, as given by the user.
    profile : Profile
    """

    table: str
    profile: Profile

    def text(self) -> str:
        """What sets each segment apart, if there are several, and the columns."""
        from bayes_gmm.cli.layout import fill, shortened
        from bayes_gmm.text import counted

        names = self.profile.names if len(self.profile.names) > 1 else ()
        title = f"What sets segments of {Path(self.table).name} apart, in bits of at most 1"
        lines = [title] if names else []
        for name in names:
            rows = self.profile.features[self.profile.features["segment"] == name]
            ranked = ", ".join(
                f"{shortened(row['feature'])} {row['bits']:.2f}" for row in rows.to_dict("records")
            )
            lines.append(fill(f"{shortened(name)}: {ranked}", "  ", "    "))
        lines.append(f"profiled {counted(len(self.profile.columns), 'column')}")
        found = self.profile.columns
        codes = [f"'{shortened(name)}'" for name in found["column"][found["codes"] > 0]]
        if codes:
            lines.append(fill(
                f"few whole numbers in {', '.join(codes)}: if they are codes of categories, their "
                "means have no meaning; write them as words to get the share of each category"
            ))  # fmt: skip
        for name, reason in self.profile.left_out.items():
            lines.append(fill(f"left out column '{shortened(name)}': {reason}"))
        return "\n".join(lines)

    def json(self) -> dict[str, Any]:
        """The tables of the profile as JSON; undefined numbers are null."""
        from bayes_gmm.diagnostics.diagnostic import plain

        found = self.profile
        return {
            "table": self.table,
            "ci_prob": found.ci_prob,
            "columns": plain(found.columns.to_dict("records")),
            "left_out": dict(found.left_out),
            "profile": plain(found.table.to_dict("records")),
            "features": plain(found.features.to_dict("records")),
        }


def write_profile(
    found: Profile, folder: Path, table: str, reading: ReadOptions
) -> dict[str, Path]:
    """Write the tables and the picture of a profile; return the paths by content."""
    from bayes_gmm.cli.files import filling, write_csv
    from bayes_gmm.cli.tables import format_of
    from bayes_gmm.views.plots import save_profile

    names = {"profile": "profile.csv", "features": "features.csv", "picture": "profile.png"}
    csv = format_of(table, reading)
    with filling(folder) as draft:
        write_csv(found.table, draft / names["profile"], csv)
        write_csv(found.features, draft / names["features"], csv)
        save_profile(found, draft / names["picture"])
    return {what: folder / name for what, name in names.items()}


def _read(
    table: str, features: Sequence[str], columns: str | None, weights: str | None,
    reading: ReadOptions,
) -> tuple[pd.DataFrame, Any, list[str] | None]:  # fmt: skip
    """The table with numbers, truth values, dates and text; row weights; requested columns."""
    from bayes_gmm.cli.tables import read_columns, whole_table

    frame = whole_table(table, reading).cells
    matrix, row_weights = read_columns(table, features, weights, reading)
    typed = _typed(table, frame, reading)
    for j, name in enumerate(matrix.features):
        typed[name] = matrix.values[:, j]
    if columns is not None:
        return typed, row_weights, [columns] if columns in typed else in_parts(columns)
    return typed.drop(columns=[] if weights is None else [weights]), row_weights, None


def _typed(table: str, frame: pd.DataFrame, reading: ReadOptions) -> pd.DataFrame:
    """Cells of text as numbers, truth values or dates, if all of a column are."""
    import pandas as pd

    from bayes_gmm.data.table import read_source

    read = read_source(table, None, reading)
    numbers = {} if read is None or read.matrix is None else {
        name: read.matrix.values[:, j] for j, name in enumerate(read.matrix.features)
    }  # fmt: skip
    truths = {
        finding.subject[0] for finding in (read.findings if read is not None else ())
        if finding.code == "cells_read" and "truth" in finding.values["forms"]
    }  # fmt: skip
    typed = {}
    for name in frame.columns:
        column = frame[name]
        if column.dtype.kind not in "OTU":
            typed[name] = column
        elif name in numbers:
            values = pd.Series(numbers[name], index=frame.index)
            typed[name] = values.astype("boolean") if name in truths else values
        else:
            typed[name] = _dates_or_text(column, reading)
    return pd.DataFrame(typed)


def _dates_or_text(column: pd.Series, reading: ReadOptions) -> pd.Series:
    """Dates, if all cells are ISO 8601 dates; else text, with missing cells as None."""
    import pandas as pd

    text = column.astype(object).where(column.notna(), "").map(lambda cell: str(cell).strip())
    absent = {word.casefold() for word in reading.all_missing} | {""}
    text = text.where(~text.str.casefold().isin(absent), None)
    dates = pd.to_datetime(text, format="ISO8601", errors="coerce", utc=True)
    if text.notna().any() and bool((dates.notna() == text.notna()).all()):
        return dates.dt.tz_localize(None)
    return text
