"""Input tables of the command line: selected columns, and whole tables with unchanged cells."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bayes_gmm.data.columns import choose_columns
from bayes_gmm.data.feature_matrix import feature_matrix
from bayes_gmm.data.io.csv import read_cells
from bayes_gmm.data.io.dialect import CsvFormat, Dialect
from bayes_gmm.data.io.files import is_parquet
from bayes_gmm.data.io.read_columns import ReadOptions
from bayes_gmm.data.matrix import FeatureMatrix
from bayes_gmm.data.table import read_matrix
from bayes_gmm.data.validate import check_weights
from bayes_gmm.errors import DataError, file_named, shown

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
    names: list[str] = []
    for value in given:
        parts = [value] if value in known else [part.strip() for part in value.split(",")]
        if not any(parts):
            raise DataError(f"--features is {shown(value)}, which contains no column name")
        names += [part for part in parts if part and part not in names]
    return names


def column_names(table: str, options: ReadOptions) -> Sequence[str]:
    """Names of the columns of a CSV or Parquet file; empty if it cannot be read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = Path(table).expanduser()
    try:
        if not path.is_file():
            return ()
        if is_parquet(path):
            return pq.read_schema(path).names
        return Dialect.of(path, options.encoding).header
    except (OSError, EOFError, UnicodeError, zlib.error, pa.ArrowException):
        return ()  # `read_table` raises the error with its cause


@dataclass(frozen=True, eq=False)
class WholeTable:
    """Every column of a file, with the format in which tables made from it are written.

    Attributes
    ----------
    cells : DataFrame
        Cells of CSV are text, so that they stay unchanged.
    format : CsvFormat
        Format of the file, or the default format for Parquet.
    """

    cells: pd.DataFrame
    format: CsvFormat


def whole_table(table: str, options: ReadOptions, column: str | None = None) -> WholeTable:
    """Read every column of a file, or one; cells of CSV are kept as text.

    Raises
    ------
    DataError
        If the column does not exist or has the name of another one.
    """
    path = Path(table).expanduser()
    if is_parquet(path):
        if column is not None:
            choose_columns(column_names(table, options), [column], file_named(table))
        return WholeTable(_parquet_cells(path, column), CsvFormat())
    dialect = Dialect.of(path, options.encoding)
    if column is not None:
        choose_columns(dialect.header, [column], file_named(table))
    cells, dialect = read_cells(path, dialect, column)
    names = list(dialect.header) if column is None else [column]
    return WholeTable(cells.to_pandas().set_axis(names, axis=1), dialect.written)


def _parquet_cells(path: Path, column: str | None) -> pd.DataFrame:
    import pandas as pd

    frame = pd.read_parquet(path)
    frame = frame.reset_index([name for name in frame.index.names if name is not None])
    return frame if column is None else frame[[column]]


def format_of(table: str, options: ReadOptions) -> CsvFormat:
    """The format in which results about a file are written: that of the file."""
    path = Path(table).expanduser()
    return CsvFormat() if is_parquet(path) else Dialect.of(path, options.encoding).written


def row_ids(table: str, column: str, options: ReadOptions) -> pd.Series:
    """The column that identifies the rows, as text (see `whole_table`)."""
    return whole_table(table, options, column).cells[column]
