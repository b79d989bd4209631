"""The command `profile`: other columns of a table by segment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bayes_gmm.cli.naming import name_changes, names_of_segments, renamed_model
from bayes_gmm.cli.options import (
    OutPath,
    as_json,
    check_order,
    check_output,
    check_output_folder,
    in_parts,
    probability_of_intervals,
    reading_of_cells,
    weights_of_rows,
)

if TYPE_CHECKING:
    import pandas as pd

    from bayes_gmm.data.io.read_columns import ReadOptions
    from bayes_gmm.data.matrix import FeatureMatrix
    from bayes_gmm.results.profile.record import Profile


@click.command()
@click.argument("model")
@click.argument("table")
@click.option("--columns", metavar="A,B", help="Columns to profile; by default all but features.")
@weights_of_rows
@probability_of_intervals
@reading_of_cells
@names_of_segments
@click.option(
    "--out",
    type=OutPath(),
    required=True,
    help="Output folder for profile.csv, features.csv and profile.png, or an Excel file (.xlsx) "
    "for both tables.",
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
    sheet: str | None,
    names: tuple[tuple[str, str], ...],
    names_file: str | None,
    out: Path,
    as_json: bool,
) -> None:
    """Describe the segments of MODEL by the other columns of TABLE.

    MODEL is the model.nc of a fit, and TABLE holds its features and other columns: of the rows of
    the fit or of others. Means and shares have intervals if MODEL has a posterior.
    """
    from bayes_gmm.cli.excel import is_excel
    from bayes_gmm.cli.output import show
    from bayes_gmm.cli.writing import check_folder
    from bayes_gmm.data.io.read_columns import ReadOptions
    from bayes_gmm.diagnostics.diagnostic import warn
    from bayes_gmm.model.typicality import rows_beyond_in_sample
    from bayes_gmm.results.io.netcdf import check_file
    from bayes_gmm.results.load import load
    from bayes_gmm.results.posterior.posterior import Posterior

    check_order(model, table)
    if is_excel(out):
        check_output(out, model, table, endings=(".xlsx",))
        check_file(out)
    else:
        check_output_folder(out)
        check_folder(out)
    reading = ReadOptions.of(missing, encoding, sheet)
    fit = renamed_model(load(model), name_changes(names, names_file))
    matrix, frame, row_weights, chosen = _read(table, fit.features, columns, weights, reading)
    if isinstance(fit, Posterior):
        found = fit.profile(frame, chosen, row_weights, ci_prob)
    else:
        found = fit.profile(frame, chosen, row_weights)
    mixture = getattr(fit, "mean_mixture", fit.mixture)
    warn(rows_beyond_in_sample(mixture, matrix), stacklevel=1)
    files = write_profile(found, out, table, reading)
    show(Profiled(table, found), files, as_json, model=model)


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
        from bayes_gmm.diagnostics.kind import COMMAND_LINE
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
        lines += [fill(d.text(COMMAND_LINE)) for d in self.profile.diagnostics]
        return "\n".join(lines)

    def json(self) -> dict[str, Any]:
        """The tables of the profile as JSON; undefined numbers are null."""
        from bayes_gmm.diagnostics.diagnostic import plain

        found = self.profile
        return {
            "table": self.table,
            "ci_prob": found.ci_prob,
            "columns": plain(found.columns.to_dict("records")),
            "diagnostics": [diagnostic.json() for diagnostic in found.diagnostics],
            "profile": plain(found.table.to_dict("records")),
            "features": plain(found.features.to_dict("records")),
        }


def write_profile(found: Profile, out: Path, table: str, reading: ReadOptions) -> dict[str, Path]:
    """Write the tables and the picture of a profile into a folder, or the tables as a workbook.

    Returns
    -------
    dict
        The path of each file by its content.
    """
    from bayes_gmm.cli.excel import is_excel, write_excel
    from bayes_gmm.cli.tables import format_of
    from bayes_gmm.cli.writing import filling, write_csv
    from bayes_gmm.results.io.netcdf import replacing
    from bayes_gmm.views.profile import save_profile

    if is_excel(out):
        with replacing(out) as draft:
            write_excel({"profile": found.table, "features": found.features}, draft)
        return {"tables": out}
    names = {"profile": "profile.csv", "features": "features.csv", "picture": "profile.png"}
    csv = format_of(table, reading)
    with filling(out) as draft:
        write_csv(found.table, draft / names["profile"], csv)
        write_csv(found.features, draft / names["features"], csv)
        save_profile(found, draft / names["picture"])
    return {what: out / name for what, name in names.items()}


def _read(
    table: str, features: Sequence[str], columns: str | None, weights: str | None,
    reading: ReadOptions,
) -> tuple[FeatureMatrix, pd.DataFrame, Any, list[str] | None]:  # fmt: skip
    """The features, the whole table, row weights, and the requested columns."""
    import pandas as pd

    from bayes_gmm.cli.tables import read_columns
    from bayes_gmm.data.io.files import read_other_columns

    matrix, row_weights = read_columns(table, features, weights, reading)
    others = read_other_columns(table, matrix.features, reading)
    known = pd.DataFrame(matrix.values, columns=list(matrix.features))
    frame = pd.concat([known, others], axis=1)
    if columns is not None:
        return matrix, frame, row_weights, [columns] if columns in frame else in_parts(columns)
    return matrix, frame.drop(columns=[] if weights is None else [weights]), row_weights, None
