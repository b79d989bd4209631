"""The command line: `demo`, `fit`, `compare`, `predict`, `profile`, `report` and `export-sql`.

Results go to stdout, everything else to stderr. Exit codes: 0 done, 1 the data or the fit failed,
2 wrong usage, 130 interrupted. Commands import slow modules when they run.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click

from bayes_gmm._version import __version__
from bayes_gmm.cli.exported import export_sql
from bayes_gmm.cli.messages import (
    PROGRAM,
    command_text,
    let_every_name_be_printed,
    line_of,
    note,
    say,
    shown_once,
)
from bayes_gmm.cli.naming import (
    by_old_name,
    name_changes,
    names_of_segments,
    renamed_model,
)
from bayes_gmm.cli.options import (
    Numbers,
    OutPath,
    Shares,
    alternatives_of_transforms,
    as_json,
    check_alternatives,
    check_order,
    check_output,
    check_output_folder,
    chosen_to_plot,
    draws_of_posterior,
    features_to_segment_by,
    id_of_rows,
    in_parts,
    number_of_starts,
    reading_of_cells,
    resolution_of_columns,
    seed_of_starts,
    transforms_of_columns,
    weights_of_rows,
)
from bayes_gmm.cli.output import files_text, show
from bayes_gmm.cli.profiled import profile
from bayes_gmm.cli.reported import report as report_command
from bayes_gmm.cli.sampling import SamplingOptions
from bayes_gmm.cli.scanned import (
    ScanOptions,
    assigned_by_scan,
    by_scan,
    cache_of_scan,
    tables_or_patterns,
)
from bayes_gmm.diagnostics.diagnostic import without_warnings
from bayes_gmm.errors import DataError, DataWarning, FitError

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
    let_every_name_be_printed()
    try:
        with warnings.catch_warnings():
            warnings.showwarning = shown_once()
            with commands.make_context(PROGRAM, list(arguments), obj=arguments) as context:
                commands.invoke(context)
            sys.stdout.flush()
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        say("interrupted")
        return INTERRUPTED
    except BrokenPipeError:  # the program that reads stdout has ended, such as `head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (DataError, FitError, OSError, MemoryError) as error:
        say(f"error: {line_of(error)}")
        return 1
    return 0


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 the data or the fit failed, 2 wrong usage.",
)
@click.version_option(__version__, prog_name=PROGRAM)
def commands() -> None:
    """Find the segments of a table: their sizes, their means and which rows belong to them."""


@commands.command()
@click.option(
    "--out",
    type=OutPath(),
    default=DEMO_FOLDER,
    show_default=True,
    help="Output folder.",
)
def demo(out: Path) -> None:
    """Fit the bundled table of simulated customers and write all result files."""
    from bayes_gmm.cli.demo_text import FEATURES, TABLE, against_truth, command_for
    from bayes_gmm.cli.files import write_fit
    from bayes_gmm.cli.fitting import FitOptions, fitted
    from bayes_gmm.cli.reports import write_fit_report
    from bayes_gmm.cli.writing import check_folder
    from bayes_gmm.data.datasets import load_customers
    from bayes_gmm.data.feature_matrix import feature_matrix
    from bayes_gmm.results.fit.given_table import GivenTable

    check_output_folder(out)
    check_folder(out)
    customers = load_customers()
    n_components = len(customers.truth.weights)
    matrix = feature_matrix(customers.table, FEATURES)
    given = GivenTable(matrix, None)
    report = fitted(TABLE, given, n_components, FitOptions(), SamplingOptions())
    note = (
        f"These {matrix.n_rows} customers are simulated from {n_components} known segments; none "
        "of them is a real person."
    )
    others = customers.table.drop(columns=list(FEATURES))
    written = write_fit(
        report, matrix, out, source={TABLE: customers.table},
        save_report=partial(
            write_fit_report, report, matrix, others, None, command_for(out), note
        ),
    )  # fmt: skip
    blocks = [
        note,
        report.text(),
        against_truth(report.membership.argmax(axis=1), customers),
        files_text(written),
        f"To fit this table, or one of your own, run\n  {command_for(out)}",
    ]
    click.echo("\n\n".join(blocks))


@commands.command()
@tables_or_patterns
@features_to_segment_by
@click.option("--components", type=int, required=True, help="Number of segments.")
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
    help="Method for credible intervals: sampling (nuts), an approximation for large tables "
    "(laplace), or none.",
)
@draws_of_posterior
@seed_of_starts
@number_of_starts
@resolution_of_columns
@transforms_of_columns
@weights_of_rows
@id_of_rows
@reading_of_cells
@by_scan
@cache_of_scan
@names_of_segments
@click.option(
    "--plot-features",
    multiple=True,
    metavar="A,B",
    help="Two features (or one) to show in segments.png. By default both of two features, and for "
    "more the projection that separates the segments most.",
)
@click.option(
    "--out",
    type=OutPath(),
    help="Output folder for model.nc, segments.csv, assignments.csv and segments.png; with a "
    "posterior, also summary.csv, intervals.png and report.html. With --scan, assignments.parquet "
    "replaces assignments.csv, and there is no report.html.",
)
@as_json
def fit(
    tables: tuple[str, ...],
    features: tuple[str, ...],
    components: int,
    structure: str,
    posterior: str,
    seed: int,
    n_init: str | int,
    resolution: str | float | None,
    transforms: tuple[tuple[str | None, Any], ...],
    weights: str | None,
    id_column: str | None,
    missing: tuple[str, ...],
    encoding: str | None,
    sheet: str | None,
    scan: bool,
    cache: str | None,
    names: tuple[tuple[str, str], ...],
    names_file: str | None,
    plot_features: tuple[str, ...],
    out: Path | None,
    as_json: bool,
    **of_posterior: Any,
) -> None:
    """Fit segments to the rows of TABLE (CSV, Excel or Parquet).

    With --scan, TABLE may be several files or patterns, and may be larger than memory.
    """
    _check_structures([structure], "--structure")
    sampling = SamplingOptions.of(posterior, of_posterior)
    options = ScanOptions(scan, cache)
    options.check(tables, missing, encoding, sheet)
    from bayes_gmm.cli.fitting import FitOptions, fitted
    from bayes_gmm.cli.inputs import opened
    from bayes_gmm.cli.writing import check_folder
    from bayes_gmm.model.mixture import segment_labels
    from bayes_gmm.results.names import renamed

    if out is not None:
        check_output_folder(out)
        check_folder(out)
    reading = (missing, encoding, sheet)
    table = opened(tables, features, weights, transforms, reading, options)
    columns = table.given.matrix
    _check_id(id_column, columns.features)
    shown = chosen_to_plot(plot_features, columns.features)
    labels = segment_labels(min(components, columns.n_rows))  # more are refused by the fit
    new_names = by_old_name(name_changes(names, names_file), labels)
    table.check_output(id_column, renamed(labels, new_names), out)
    note(f"fitting {components} segments to {table.n_rows:,} rows")
    of_fit = FitOptions(seed, structure, resolution, n_init, table.transforms(transforms))
    report = fitted(table.name, table.given, components, of_fit, sampling, new_names)
    files: dict[str, Path] = {}
    if out is not None:
        report, files = table.write_fit(
            report, out, id_column=id_column, command=_command(), plot_features=shown
        )
    show(report, files, as_json)


@commands.command()
@tables_or_patterns
@features_to_segment_by
@click.option(
    "--components",
    type=Numbers(),
    default="1-8",
    show_default=True,
    help="Numbers of segments to compare.",
)
@click.option(
    "--structures",
    default="full",
    show_default=True,
    metavar="A,B",
    help="Structures to compare: full, tied, diag, spherical, or 'scales/correlations'.",
)
@click.option(
    "--criteria",
    default="bic,icl,evidence",
    show_default=True,
    metavar="A,B",
    help="Criteria to compute: bic, icl, aic, laplace (a fast approximation of the evidence), "
    "evidence, loo (the last two draw from each posterior). With --scan, the default is "
    "bic,icl,laplace.",
)
@click.option(
    "--k-prior",
    type=Shares(),
    help="Prior weight of each number in --components, in the same order; equal by default.",
)
@click.option(
    "--draws",
    type=click.IntRange(min=1),
    default=1000,
    show_default=True,
    help="Draws in each of the four chains, for evidence and loo.",
)
@seed_of_starts
@resolution_of_columns
@transforms_of_columns
@alternatives_of_transforms
@weights_of_rows
@reading_of_cells
@by_scan
@cache_of_scan
@click.option("--out", type=OutPath(), help="Output folder for comparison.csv, .png and .html.")
@as_json
def compare(
    tables: tuple[str, ...],
    features: tuple[str, ...],
    components: tuple[int, ...],
    structures: str,
    criteria: str,
    k_prior: tuple[float, ...] | None,
    draws: int,
    seed: int,
    resolution: str | float | None,
    transforms: tuple[tuple[str | None, Any], ...],
    compared_transforms: tuple[str, ...],
    weights: str | None,
    missing: tuple[str, ...],
    encoding: str | None,
    sheet: str | None,
    scan: bool,
    cache: str | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Compare numbers of segments, structures and transformations for the rows of TABLE.

    TABLE is a CSV, Excel or Parquet file; with --scan, also several files or patterns.
    """
    options = ScanOptions(scan, cache)
    options.check(tables, missing, encoding, sheet, compared_transforms)
    criteria = options.criteria(criteria)
    shapes, asked = in_parts(structures), in_parts(criteria.lower())
    _check_structures(shapes, "--structures")
    check_alternatives(compared_transforms, transforms)
    _check_criteria(asked)
    _check_k_prior(k_prior, components)
    from bayes_gmm.cli.compare_report import Compared
    from bayes_gmm.cli.inputs import opened
    from bayes_gmm.cli.writing import check_folder
    from bayes_gmm.results.comparison.compare import compare

    if out is not None:
        check_output_folder(out)
        check_folder(out)
    reading = (missing, encoding, sheet)
    table = opened(tables, features, weights, transforms, reading, options)
    rows, row_weights = table.rows
    with without_warnings(DataWarning):
        comparison = compare(
            rows, components, structures=shapes, criteria=asked, sample_weight=row_weights,
            resolution=resolution, k_prior=k_prior, draws=draws, random_state=seed,
            transforms=table.transforms(transforms, compared_transforms),
        )  # fmt: skip
    compared = Compared(table.name, table.n_rows, comparison, table.given.findings())
    compared.check()
    files: dict[str, Path] = {}
    if out is not None:
        files = table.write_comparison(comparison, out, _command())
    show(compared, files, as_json)
    if comparison.interrupted:
        raise KeyboardInterrupt


@commands.command()
@click.argument("model")
@tables_or_patterns
@id_of_rows
@reading_of_cells
@by_scan
@names_of_segments
@click.option(
    "--out",
    type=OutPath(),
    required=True,
    help="Output file, CSV or Excel (.xlsx); with --scan, Parquet (.parquet).",
)
@as_json
def predict(
    model: str,
    tables: tuple[str, ...],
    id_column: str | None,
    missing: tuple[str, ...],
    encoding: str | None,
    sheet: str | None,
    scan: bool,
    names: tuple[tuple[str, str], ...],
    names_file: str | None,
    out: Path,
    as_json: bool,
) -> None:
    """Assign each row of TABLE to a segment of MODEL, the model.nc of a fit.

    The typicality of a row is the fraction of the fitted population that is less probable than it.
    With --id, only that column of TABLE is written beside the results, otherwise all columns are.
    With --scan, TABLE may be several files or patterns, and may be larger than memory.
    """
    options = ScanOptions(scan)
    options.check(tables, missing, encoding, sheet)
    if scan:
        check_output(out, model, *tables, endings=(".parquet",))
        check_order(model, tables[0])
        changes = name_changes(names, names_file)
        scored = assigned_by_scan(model, tables, out, id_column, changes)
        show(scored, {"scored": out}, as_json, model=model)
        return
    table = options.only(tables)
    check_output(out, model, table, endings=(".csv", ".xlsx"))
    check_order(model, table)
    from bayes_gmm.cli.files import write_scored
    from bayes_gmm.cli.predict_report import Assigned
    from bayes_gmm.cli.tables import whole_table
    from bayes_gmm.data.io.read_columns import ReadOptions
    from bayes_gmm.data.table import read_matrix
    from bayes_gmm.diagnostics.diagnostic import warn
    from bayes_gmm.model.typicality import rows_beyond, typicality
    from bayes_gmm.results.io.netcdf import check_file
    from bayes_gmm.results.load import load

    check_file(out)
    reading = ReadOptions.of(missing, encoding, sheet)
    fit = renamed_model(load(model), name_changes(names, names_file))
    _check_id(id_column, fit.features)
    rows = read_matrix(table, fit.features, reading)
    whole = whole_table(table, reading, id_column)
    cells = whole.for_file(out)
    membership = fit.predict_proba(rows)
    assigned = Assigned.of(table, membership, fit.names)
    mixture = getattr(fit, "mean_mixture", fit.mixture)
    typical = typicality(mixture, rows)
    warn(rows_beyond(mixture, rows, typical), stacklevel=1)
    write_scored(cells, membership, out, assigned.names, typical, whole.format)
    show(assigned, {"scored": out}, as_json, model=model)


commands.add_command(profile)
commands.add_command(export_sql)
commands.add_command(report_command)


def _command() -> str:
    """The command of this process, quoted for a shell."""
    return command_text(click.get_current_context().find_root().obj)


def _check_structures(names: Sequence[str], option: str) -> None:
    from bayes_gmm.model.structure import Structure

    try:
        if not names:
            raise ValueError("give at least one structure")
        for name in names:
            Structure.parse(name)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=f"'{option}'") from None


def _check_criteria(names: Sequence[str]) -> None:
    from bayes_gmm.results.comparison.candidates import COLUMNS

    wrong = next((f"unknown criterion {name!r}" for name in names if name not in COLUMNS), None)
    if wrong or not names:
        said = f"{wrong or 'no criterion given'}; choose from {', '.join(COLUMNS)}"
        raise click.BadParameter(said, param_hint="'--criteria'")


def _check_k_prior(weights: Sequence[float] | None, components: Sequence[int]) -> None:
    if weights is not None and len(weights) != len(components):
        said = f"got {len(weights)} weights for {len(components)} numbers in --components"
        raise click.BadParameter(said, param_hint="'--k-prior'")


def _check_id(id_column: str | None, features: Sequence[str]) -> None:
    if id_column is not None and id_column in features:
        said = f"column '{id_column}' is one of the features; an ID is never fitted"
        raise click.BadParameter(said, param_hint="'--id'")
