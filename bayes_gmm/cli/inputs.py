"""Tables of `fit` and `compare`: one file in memory, or a scan of files larger than memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bayes_gmm.cli.files import ASSIGNMENTS_OF_SCAN, write_comparison, write_fit, write_fit_of_scan
from bayes_gmm.cli.fit_report import Report
from bayes_gmm.cli.messages import say
from bayes_gmm.cli.options import alternatives_of, transforms_of
from bayes_gmm.cli.reports import write_comparison_report, write_fit_report
from bayes_gmm.cli.scanned import ScanOptions
from bayes_gmm.cli.tables import format_of, read_columns, row_ids, split_features
from bayes_gmm.data.io.files import read_other_columns
from bayes_gmm.data.io.read_columns import ReadOptions
from bayes_gmm.data.spool.batches import source_of
from bayes_gmm.data.spool.record import Scan
from bayes_gmm.data.spool.scan import scan
from bayes_gmm.results.assignments import refuse_columns, refuse_overwriting
from bayes_gmm.results.comparison.comparison import Comparison
from bayes_gmm.results.fit.given_table import GivenTable

Transformations = Sequence[tuple[str | None, Any]]
"""Values of --transform."""


@dataclass(frozen=True, eq=False)
class FileInput:
    """A file in memory.

    Attributes
    ----------
    name : str
    given : GivenTable
    weights : str or None
        Column of row weights.
    reading : ReadOptions
    """

    name: str
    given: GivenTable
    weights: str | None
    reading: ReadOptions

    @property
    def n_rows(self) -> int:
        """Rows of positive weight."""
        w = self.given.weights
        return self.given.matrix.n_rows if w is None else int((w > 0.0).sum())

    @property
    def rows(self) -> tuple[Any, Any]:
        """What `compare` and `check_table` take, and the row weights."""
        return self.given.matrix, self.given.weights

    def transforms(self, given: Transformations, compared: Sequence[str] = ()) -> Any:
        """The argument `transforms` of a fit or comparison."""
        return alternatives_of(given, compared, self.given.matrix.features)

    def check_output(
        self, column: str | None, segments: Sequence[str], folder: Path | None
    ) -> None:
        """Raise if the column of --id or the files cannot be written, before a fit."""
        if column is not None:
            row_ids(self.name, column, self.reading)

    def write_fit(
        self,
        report: Report,
        folder: Path,
        *,
        id_column: str | None,
        command: str,
        plot_features: tuple[str, ...] | None,
    ) -> tuple[Report, dict[str, Path]]:
        """Write the files of a fit."""
        ids = None if id_column is None else row_ids(self.name, id_column, self.reading)
        matrix, save_report = self.given.matrix, None
        if report.posterior is not None:
            known = [*matrix.features, self.weights, id_column]
            others = read_other_columns(self.name, known, self.reading)
            save_report = partial(write_fit_report, report, matrix, others, ids, command, None)
        files = write_fit(
            report, matrix, folder, csv=format_of(self.name, self.reading), ids=ids,
            plot_features=plot_features, save_report=save_report,
        )  # fmt: skip
        return report, files

    def write_comparison(
        self, comparison: Comparison, folder: Path, command: str
    ) -> dict[str, Path]:
        """Write the files of a comparison."""
        matrix, row_weights = self.rows
        others = read_other_columns(self.name, [*matrix.features, self.weights], self.reading)
        save_report = partial(
            write_comparison_report, comparison, matrix, others, row_weights, self.name, command
        )
        return write_comparison(comparison, folder, format_of(self.name, self.reading), save_report)


@dataclass(frozen=True, eq=False)
class ScanInput:
    """Files larger than memory, which have the methods of `FileInput`.

    Attributes
    ----------
    name : str
    scan : Scan
    """

    name: str
    scan: Scan

    @property
    def given(self) -> GivenTable:
        """The scan, as fits use it."""
        return GivenTable.of(self.scan)

    @property
    def n_rows(self) -> int:
        """Rows of positive weight."""
        return self.scan.n_rows

    @property
    def rows(self) -> tuple[Any, Any]:
        """What `compare` and `check_table` take, and the row weights."""
        return self.scan, None

    def transforms(self, given: Transformations, compared: Sequence[str] = ()) -> Any:
        """None: the rows are transformed."""
        return None

    def check_output(
        self, column: str | None, segments: Sequence[str], folder: Path | None
    ) -> None:
        """Raise if the column of --id or the files cannot be written, before a fit."""
        refuse_columns(self.scan.source, self.scan.features, _only(column), segments)
        if folder is not None:
            refuse_overwriting(self.scan.source, folder / ASSIGNMENTS_OF_SCAN)

    def write_fit(
        self,
        report: Report,
        folder: Path,
        *,
        id_column: str | None,
        command: str,
        plot_features: tuple[str, ...] | None,
    ) -> tuple[Report, dict[str, Path]]:
        """Write the files of a fit, and say which one is not written."""
        report, files = write_fit_of_scan(
            report, self.scan, folder, columns=_only(id_column), plot_features=plot_features
        )
        if report.posterior is not None:
            say(
                "report.html needs the rows in memory, so it is not written with --scan; "
                f"bayes-gmm report {files['model']} writes a report without the rows"
            )
        return report, files

    def write_comparison(
        self, comparison: Comparison, folder: Path, command: str
    ) -> dict[str, Path]:
        """Write the files of a comparison, and say which one is not written."""
        say(
            "comparison.html needs the rows in memory, so it is not written with --scan; "
            "fit the number of segments that you choose, with --out"
        )
        return write_comparison(comparison, folder)


def opened(
    tables: Sequence[str],
    features: Sequence[str],
    weights: str | None,
    transforms: Transformations,
    reading: tuple[Sequence[str], str | None, str | None],
    options: ScanOptions,
) -> FileInput | ScanInput:
    """The table of a command: its columns of --features.

    Parameters
    ----------
    tables, features : sequence of str
    weights : str or None
    transforms : sequence
        Values of --transform, which a scan applies.
    reading : tuple
        Values of --missing, --encoding and --sheet.
    options : ScanOptions

    Raises
    ------
    DataError
        If a file or a column cannot be used.
    """
    if not options.scan:
        name, of_cells = options.only(tables), ReadOptions.of(*reading)
        given = GivenTable(*read_columns(name, features, weights, of_cells))
        return FileInput(name, given, weights, of_cells)
    files = list(tables)
    chosen = split_features(features, source_of(files).schema.names)
    found = scan(
        files, chosen, transforms=transforms_of(transforms, chosen), weights=weights,
        cache=options.cache,
    )  # fmt: skip
    return ScanInput(options.name_of(tables), found)


def _only(name: str | None) -> list[str]:
    return [] if name is None else [name]
