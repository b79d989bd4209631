"""The command `report`."""

from __future__ import annotations

from pathlib import Path

import click

from bayes_gmm.cli.messages import print_json
from bayes_gmm.cli.naming import name_changes, names_of_segments
from bayes_gmm.cli.options import (
    OutPath,
    as_json,
    check_order,
    check_output,
    id_of_rows,
    probability_of_intervals,
    reading_of_cells,
    weights_of_rows,
)


@click.command()
@click.argument("model")
@click.argument("table", required=False)
@names_of_segments
@probability_of_intervals
@weights_of_rows
@id_of_rows
@reading_of_cells
@click.option(
    "--out", type=OutPath(), default="report.html", show_default=True, help="Output file."
)
@as_json
def report(
    model: str,
    table: str | None,
    names: tuple[tuple[str, str], ...],
    names_file: str | None,
    ci_prob: float,
    weights: str | None,
    id_column: str | None,
    missing: tuple[str, ...],
    encoding: str | None,
    sheet: str | None,
    out: Path,
    as_json: bool,
) -> None:
    """Write an HTML report of MODEL, the model.nc of a fit, for readers without statistics.

    TABLE has the rows to describe; without it the report shows no members. The file needs no
    network.
    """
    check_output(out, model, *([] if table is None else [table]), endings=(".html",))
    if table is not None:
        check_order(model, table)
    from bayes_gmm.cli.reports import write_model_report
    from bayes_gmm.data.io.read_columns import ReadOptions
    from bayes_gmm.results.io.netcdf import check_file

    check_file(out)
    write_model_report(
        model, table, out, changes=name_changes(names, names_file), weights=weights,
        id_column=id_column, ci_prob=ci_prob, reading=ReadOptions.of(missing, encoding, sheet),
    )  # fmt: skip
    if as_json:
        print_json({"model": model, "table": table, "files": {"report": str(out)}})
    else:
        click.echo(f"written {out}")
