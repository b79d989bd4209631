"""The command `export-sql`: a query that computes memberships in a database."""

from __future__ import annotations

from pathlib import Path

import click

from bayes_gmm.cli.naming import name_changes, names_of_segments, renamed_model
from bayes_gmm.cli.options import OutPath, check_output


@click.command("export-sql")
@click.argument("model")
@click.option("--table", default="customers", show_default=True, help="Name of the table.")
@click.option(
    "--dialect",
    type=click.Choice(["duckdb", "postgres", "bigquery", "sqlite"]),
    default="duckdb",
    show_default=True,
    help="Database whose SQL the query is in.",
)
@click.option(
    "--id",
    "id_columns",
    multiple=True,
    metavar="COLUMN",
    help="Column that identifies the rows of the result; repeat the option for several.",
)
@names_of_segments
@click.option("--out", type=OutPath(), help="Output file; by default the query is printed.")
def export_sql(
    model: str,
    table: str,
    dialect: str,
    id_columns: tuple[str, ...],
    names: tuple[tuple[str, str], ...],
    names_file: str | None,
    out: Path | None,
) -> None:
    """Write a SQL query that computes the segment of each row of a database table.

    MODEL is the model.nc of a fit. The memberships are those of its posterior mode.
    """
    from bayes_gmm.results.io.netcdf import check_file, replacing
    from bayes_gmm.results.load import load
    from bayes_gmm.results.sql.export import export_sql

    if out is not None:
        check_output(out, model, endings=(".sql",))
        check_file(out)
    fit = renamed_model(load(model), name_changes(names, names_file))
    query = export_sql(fit, table, dialect, id=id_columns)
    if out is None:
        click.echo(query)
        return
    with replacing(out) as draft:
        draft.write_text(query + "\n", encoding="utf-8")
    click.echo(f"written\n  {'query':<12} {out}")
