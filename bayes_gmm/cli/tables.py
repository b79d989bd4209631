"""Input tables of the command line: selected columns, and whole tables with unchanged cells."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bayes_gmm.data.io.dialect import Dialect, open_bytes
from bayes_gmm.data.matrix import FeatureMatrix
from bayes_gmm.data.table import feature_matrix, read_table
from bayes_gmm.data.validate import check_weights
from bayes_gmm.errors import DataError, shown

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

PARQUET = (".parquet", ".pq")


def read_columns(
    table: str, features: Sequence[str], weights: str | None
) -> tuple[FeatureMatrix, NDArray[np.float64] | None]:
    """Read the features that `--features` names, and the row weights if a column holds them.

    Raises
    ------
    DataError
        If the file or a column cannot be used.
    """
    names = chosen_features(table, features)
    wanted = names if weights is None or weights in names else [*names, weights]
    columns = read_matrix(table, wanted)
    if weights is None:
        return columns, None
    try:
        row_weights = check_weights(columns.values[:, wanted.index(weights)], columns.n_rows)
    except DataError as error:
        message = str(error).replace("sample_weight", f"weights column {weights!r}", 1)
        raise DataError(message) from None
    return feature_matrix(columns, names), row_weights


def read_matrix(table: str, features: Sequence[str]) -> FeatureMatrix:
    """Read columns of a file as the matrix that every step of a command takes."""
    frame = read_table(table, features)
    return FeatureMatrix(frame.to_numpy(), tuple(frame.columns))


def chosen_features(table: str, given: Sequence[str]) -> list[str]:
    """Columns named by the values of `--features`: one column each, or a comma-separated list.

    Examples
    --------
    >>> chosen_features("unread.csv", ["Age", "Income"])
    ['Age', 'Income']
    """
    known = column_names(table) if any("," in value for value in given) else given
    names: list[str] = []
    for value in given:
        parts = [value] if value in known else [part.strip() for part in value.split(",")]
        if not any(parts):
            raise DataError(f"--features is {shown(value)}, which contains no column name")
        names += [part for part in parts if part and part not in names]
    return names


def column_names(table: str) -> Sequence[str]:
    """Names of the columns of a CSV or Parquet file; empty if it cannot be read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = Path(table).expanduser()
    try:
        if not path.is_file():
            return ()
        return pq.read_schema(path).names if is_parquet(path) else Dialect.of(path).header
    except (OSError, EOFError, UnicodeError, zlib.error, pa.ArrowException):
        return ()  # `read_table` raises the error with its cause


def whole_table(table: str) -> pd.DataFrame:
    """Read every column of a file; cells of CSV are kept as text, so that they stay unchanged."""
    path = Path(table).expanduser()
    if is_parquet(path):
        import pandas as pd

        frame = pd.read_parquet(path)
        return frame.reset_index([name for name in frame.index.names if name is not None])
    import pyarrow as pa

    dialect = Dialect.of(path)
    try:
        return _text_of_cells(path, dialect, dialect.encoding)
    except (pa.ArrowInvalid, UnicodeDecodeError):  # other bytes may come after the first lines
        return _text_of_cells(path, dialect, "latin-1")


def is_parquet(path: Path) -> bool:
    """Whether a file is Parquet, judged by its first bytes or its name."""
    with path.open("rb") as stream:
        return stream.read(4) == b"PAR1" or path.suffix.lower() in PARQUET


def _text_of_cells(path: Path, dialect: Dialect, encoding: str) -> pd.DataFrame:
    import pyarrow as pa
    from pyarrow import csv

    positions = [str(position) for position in range(len(dialect.header))]
    options: dict[str, Any] = {
        "read_options": csv.ReadOptions(
            skip_rows=dialect.header_lines,
            column_names=positions,
            encoding=encoding,
            block_size=max(1 << 20, 4 * dialect.longest_line),
        ),
        "parse_options": csv.ParseOptions(delimiter=dialect.delimiter, newlines_in_values=True),
        "convert_options": csv.ConvertOptions(
            column_types=dict.fromkeys(positions, pa.string()), strings_can_be_null=False
        ),
    }
    with open_bytes(path) as stream:
        cells = csv.read_csv(stream, **options).to_pandas()
    return cells.set_axis(list(dialect.header), axis=1)
