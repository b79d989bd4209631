"""Input tables of the command line: selected columns, and whole tables with unchanged cells."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bayes_gmm.cli.excel import check_size, is_excel, numbers_typed
from bayes_gmm.data.feature_matrix import feature_matrix
from bayes_gmm.data.io.dialect import CsvFormat
from bayes_gmm.data.io.files import CSV, reader_of
from bayes_gmm.data.io.read_columns import ReadOptions
from bayes_gmm.data.matrix import FeatureMatrix
from bayes_gmm.data.table import read_matrix
from bayes_gmm.data.validate import check_weights
from bayes_gmm.errors import DataError, shown

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray


def read_columns(
    table: str, features: Sequence[str], weights: str | None, options: ReadOptions
) -> tuple[FeatureMatrix, NDArray[np.float64] | None]:
    """Read the features that `--features` names, and the row weights if a column holds them.

    Raises
    ------
    DataError
        If the file or a column cannot be used.
    """
    names = chosen_features(table, features, options)
    wanted = names if weights is None or weights in names else [*names, weights]
    columns = read_matrix(table, wanted, options)
    if weights is None:
        return columns, None
    name = f"weights column {weights!r}"
    given = columns.values[:, wanted.index(weights)]
    return feature_matrix(columns, names), check_weights(given, columns.n_rows, name)


def chosen_features(table: str, given: Sequence[str], options: ReadOptions) -> list[str]:
    """Columns named by the values of `--features`: one column each, or a comma-separated list.

    Examples
    --------
    >>> chosen_features("unread.csv", ["Age", "Income"], ReadOptions())
    ['Age', 'Income']
    """
    known = column_names(table, options) if any("," in value for value in given) else given
    return split_features(given, known)


def split_features(given: Sequence[str], known: Sequence[str]) -> list[str]:
    """Columns named by the values of `--features`, for a table with the columns `known`.

    Examples
    --------
    >>> split_features(["Age, Income", "Spend, yearly"], ["Age", "Income", "Spend, yearly"])
    ['Age', 'Income', 'Spend, yearly']
    """
    names: list[str] = []
    for value in given:
        parts = [value] if value in known else [part.strip() for part in value.split(",")]
        if not any(parts):
            raise DataError(f"--features is {shown(value)}, which contains no column name")
        names += [part for part in parts if part and part not in names]
    return names


def column_names(table: str, options: ReadOptions) -> Sequence[str]:
    """Names of the columns of a file; empty if it cannot be read."""
    path = Path(table).expanduser()
    try:
        return reader_of(path, options).header(path, options) if path.is_file() else ()
    except (OSError, EOFError, UnicodeError, zlib.error):
        return ()  # `read_table` raises the error with its cause


@dataclass(frozen=True, eq=False)
class WholeTable:
    """Every column of a file, or one, with the format in which tables made from it are written.

    Attributes
    ----------
    cells : DataFrame
        Cells of CSV are text, so that they stay unchanged; those of Excel and Parquet are typed.
    format : CsvFormat
        Format of a CSV file; the default format for other files.
    is_text : bool
        Whether the file is CSV.
    """

    cells: pd.DataFrame
    format: CsvFormat
    is_text: bool

    def for_file(self, path: Path) -> pd.DataFrame:
        """The cells to write to a file: a workbook gets numbers in place of plain number text.

        Raises
        ------
        DataError
            If a workbook cannot hold so many rows or columns.
        """
        if not is_excel(path):
            return self.cells
        check_size(*self.cells.shape)
        return numbers_typed(self.cells, self.format.decimal) if self.is_text else self.cells


def whole_table(table: str, options: ReadOptions, column: str | None = None) -> WholeTable:
    """Read every column of a file, or one; cells of CSV are kept as text.

    Raises
    ------
    DataError
        If the column does not exist or has the name of another one.
    """
    path = Path(table).expanduser()
    reader = reader_of(path, options)
    return WholeTable(*reader.cells(path, column, options), is_text=reader is CSV)


def format_of(table: str, options: ReadOptions) -> CsvFormat:
    """The format in which results about a file are written: that of the file."""
    path = Path(table).expanduser()
    return reader_of(path, options).written(path, options)


def row_ids(table: str, column: str, options: ReadOptions) -> pd.Series:
    """The column that identifies the rows, as text (see `whole_table`)."""
    return whole_table(table, options, column).cells[column]
