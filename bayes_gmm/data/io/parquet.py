"""Parquet files, read with pyarrow."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bayes_gmm.data.columns import choose_columns
from bayes_gmm.data.io.dialect import CsvFormat
from bayes_gmm.data.io.read_columns import ReadColumns, ReadOptions, usable_names
from bayes_gmm.data.io.text_column import Notation
from bayes_gmm.diagnostics.diagnostic import Diagnostic
from bayes_gmm.errors import DataError, file_named, one_line

if TYPE_CHECKING:
    import pandas as pd


def is_parquet(path: Path, start: bytes) -> bool:
    """Whether a file is Parquet, judged by its first bytes or its name."""
    return start.startswith(b"PAR1") or path.suffix.lower() in (".parquet", ".pq")


def read_parquet(path: Path, features: Sequence[str] | None, options: ReadOptions) -> ReadColumns:
    """Columns of a Parquet file; all except a stored index if `features` is None.

    Raises
    ------
    DataError
        If the file is damaged or a column does not exist.
    """
    columns, repeated = _arrow_columns(path, features, ())
    notation = Notation(missing=options.all_missing, padded=features is not None)
    return ReadColumns.of(columns, notation, repeated)


def other_parquet_columns(
    path: Path, without: Collection[str | None], options: ReadOptions
) -> tuple[dict[str, Any], Notation]:
    """Arrow columns, except those in `without`, and how numbers in text are written."""
    columns, _ = _arrow_columns(path, None, without)
    return columns, Notation(missing=options.all_missing)


def parquet_header(path: Path, options: ReadOptions) -> Sequence[str]:
    """Names of the columns; empty if the file is damaged."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        names: list[str] = pq.read_schema(path).names
    except pa.ArrowException:
        return ()  # `read_parquet` raises the error with its cause
    return names


def parquet_cells(
    path: Path, column: str | None, options: ReadOptions
) -> tuple[pd.DataFrame, CsvFormat]:
    """All columns of a Parquet file, or one, and the format to write."""
    import pandas as pd

    if column is not None:
        choose_columns(parquet_header(path, options), [column], file_named(path))
    frame = pd.read_parquet(path)
    frame = frame.reset_index([name for name in frame.index.names if name is not None])
    return frame if column is None else frame[[column]], CsvFormat()


def _arrow_columns(
    path: Path, features: Sequence[str] | None, without: Collection[str | None]
) -> tuple[dict[str, Any], list[Diagnostic]]:
    """Arrow columns, with findings about names that occur twice."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            names = file.schema_arrow.names
            if features is None:
                names = [name for name in names if not re.fullmatch(r"__index_level_\d+__", name)]
            chosen, repeated = usable_names(names, features, file_named(path))
            chosen = tuple(name for name in chosen if name not in without)
            table = file.read(columns=list(chosen))
    except pa.ArrowException as error:
        raise DataError(
            f"{file_named(path)} is a damaged Parquet file: write it again ({one_line(error)})"
        ) from error
    return {name: table.column(name) for name in chosen}, repeated
