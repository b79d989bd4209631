"""Tables larger than memory: the options --scan and --cache, and `predict` for such tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from bayes_gmm.cli.naming import NameChanges
    from bayes_gmm.cli.predict_report import Assigned

tables_or_patterns = click.argument("tables", metavar="TABLE", nargs=-1, required=True)
by_scan = click.option(
    "--scan",
    is_flag=True,
    help="Read Parquet or CSV files that are larger than memory: several files, or patterns such "
    "as 'customers/*.parquet'.",
)
cache_of_scan = click.option(
    "--cache",
    type=click.Path(),
    help="Folder of the rows of --scan, 8 bytes for each cell, which later scans use again; by "
    "default bayes_gmm in your cache folder.",
)


@dataclass(frozen=True)
class ScanOptions:
    """Values of --scan and --cache.

    Attributes
    ----------
    scan : bool
    cache : str or None
    """

    scan: bool
    cache: str | None = None

    def check(
        self,
        tables: Sequence[str],
        missing: Sequence[str],
        encoding: str | None,
        sheet: str | None,
        compared_transforms: Sequence[str] = (),
    ) -> None:
        """Refuse options that do not apply.

        Raises
        ------
        click.UsageError
            If there are several tables without --scan, or options that a scan does not have.
        """
        if not self.scan:
            if self.cache is not None:
                raise click.UsageError("--cache needs --scan")
            self.only(tables)
            return
        if compared_transforms:
            raise click.UsageError(
                "--compare-transforms does not apply to --scan; compare twice, with and without "
                "--transform"
            )
        given = {"--missing": missing, "--encoding": encoding, "--sheet": sheet}
        for name, value in given.items():
            if value:
                raise click.UsageError(
                    f"{name} does not apply to --scan; write the table to Parquet files first"
                )

    def only(self, tables: Sequence[str]) -> str:
        """The one table of a command without --scan.

        Raises
        ------
        click.UsageError
            If there are several.
        """
        if len(tables) > 1:
            raise click.UsageError(
                f"there are {len(tables)} tables; add --scan to read them as one"
            )
        return tables[0]

    def name_of(self, tables: Sequence[str]) -> str:
        """A name of the table for reports.

        Examples
        --------
        >>> ScanOptions(True).name_of(["a.parquet", "b.parquet"])
        '2 files'
        """
        return tables[0] if len(tables) == 1 else f"{len(tables)} files"

    def criteria(self, given: str) -> str:
        """The criteria of `compare`; by default those without draws, each of which reads all rows.

        Must be called in the context of the command.
        """
        source = click.get_current_context().get_parameter_source("criteria")
        is_default = source is click.core.ParameterSource.DEFAULT
        return "bic,icl,laplace" if self.scan and is_default else given


def assigned_by_scan(
    model: str, tables: Sequence[str], out: Path, id_column: str | None, changes: NameChanges
) -> Assigned:
    """Write the segment of every row of files to a Parquet file, and count the rows.

    Raises
    ------
    DataError
        If the model or the files cannot be used.
    """
    from bayes_gmm.cli.naming import renamed_model
    from bayes_gmm.cli.predict_report import Assigned
    from bayes_gmm.data.spool.batches import source_of
    from bayes_gmm.model.typicality import warn_rows_beyond
    from bayes_gmm.results.assignments import assign_rows
    from bayes_gmm.results.io.netcdf import check_file
    from bayes_gmm.results.load import load

    check_file(out)
    fit = renamed_model(load(model), changes)
    source = source_of(list(tables))
    columns = source.schema.names if id_column is None else [id_column]
    found = assign_rows(fit, source, out, columns)
    warn_rows_beyond(getattr(fit, "mean_mixture", fit.mixture), found.some)
    name = ScanOptions(True).name_of(tables)
    return Assigned(name, found.n_rows, found.sizes, found.counts, fit.names)
