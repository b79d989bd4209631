"""Input tables of the command line: selected columns, and whole tables with unchanged cells."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bayes_gmm.data.columns import choose_columns
from bayes_gmm.data.feature_matrix import feature_matrix
from bayes_gmm.data.io.dialect import CsvFormat, Dialect, open_bytes
from bayes_gmm.data.io.files import is_parquet
from bayes_gmm.data.io.read_columns import ReadOptions
from bayes_gmm.data.matrix import FeatureMatrix
from bayes_gmm.data.table import read_table
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


def read_matrix(table: str, features: Sequence[str], options: ReadOptions) -> FeatureMatrix:
    """Read columns of a file as the matrix that every step of a command takes."""
    frame = read_table(table, features, missing=options.missing, encoding=options.encoding)
    return FeatureMatrix(frame.to_numpy(), tuple(frame.columns))


def chosen_features(
    table: str, given: Sequence[str], options: ReadOptions | None = None
) -> list[str]:
    """Columns named by the values of `--features`: one column each, or a comma-separated list.

    Examples
    --------
    >>> chosen_features("unread.csv", ["Age", "Income"])
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


def column_names(table: str, options: ReadOptions | None = None) -> Sequence[str]:
    """Names of the columns of a CSV or Parquet file; empty if it cannot be read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = Path(table).expanduser()
    try:
        if not path.is_file():
            return ()
        if is_parquet(path):
            return pq.read_schema(path).names
        return Dialect.of(path, options.encoding if options else None).header
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
        Of the file, or the default one for Parquet.
    """

    cells: pd.DataFrame
    format: CsvFormat


def whole_table(
    table: str, options: ReadOptions | None = None, column: str | None = None
) -> WholeTable:
    """Read every column of a file, or one; cells of CSV are kept as text.

    Raises
    ------
    DataError
        If the column does not exist or has the name of another one.
    """
    path = Path(table).expanduser()
    if column is not None:
        choose_columns(column_names(table, options), [column], file_named(table))
    if is_parquet(path):
        import pandas as pd

        frame = pd.read_parquet(path)
        frame = frame.reset_index([name for name in frame.index.names if name is not None])
        return WholeTable(frame if column is None else frame[[column]], CsvFormat())
    import pyarrow as pa

    dialect = Dialect.of(path, options.encoding if options else None)
    try:
        return WholeTable(_text_of_cells(path, dialect, column), dialect.written)
    except (pa.ArrowInvalid, UnicodeDecodeError):  # other bytes may come after the first lines
        dialect = replace(dialect, encoding="latin-1", marked=False)
        return WholeTable(_text_of_cells(path, dialect, column), dialect.written)


def format_of(table: str, options: ReadOptions) -> CsvFormat:
    """The format in which results about a file are written: that of the file."""
    path = Path(table).expanduser()
    return CsvFormat() if is_parquet(path) else Dialect.of(path, options.encoding).written


def row_ids(table: str, column: str, options: ReadOptions) -> pd.Series:
    """The column that identifies the rows, as text (see `whole_table`)."""
    return whole_table(table, options, column).cells[column]


def _text_of_cells(path: Path, dialect: Dialect, column: str | None) -> pd.DataFrame:
    import pyarrow as pa
    from pyarrow import csv

    positions = [str(position) for position in range(len(dialect.header))]
    header = list(dialect.header)
    chosen = positions if column is None else [positions[header.index(column)]]
    options: dict[str, Any] = {
        "read_options": csv.ReadOptions(
            skip_rows=dialect.header_lines,
            column_names=positions,
            encoding=dialect.encoding,
            block_size=max(1 << 20, 4 * dialect.longest_line),
        ),
        "parse_options": csv.ParseOptions(delimiter=dialect.delimiter, newlines_in_values=True),
        "convert_options": csv.ConvertOptions(
            column_types=dict.fromkeys(positions, pa.string()),
            include_columns=chosen,
            strings_can_be_null=False,
        ),
    }
    with open_bytes(path) as stream:
        cells = csv.read_csv(stream, **options).to_pandas()
    return cells.set_axis(header if column is None else [column], axis=1)
