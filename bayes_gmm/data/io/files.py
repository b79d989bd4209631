"""Reading of table files, with messages for files that cannot be read."""

from __future__ import annotations

import re
import zlib
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bayes_gmm.data.io.csv import other_csv_columns, read_csv
from bayes_gmm.data.io.read_columns import (
    ReadColumns,
    ReadOptions,
    typed_column,
    usable_names,
)
from bayes_gmm.data.io.text_column import Notation
from bayes_gmm.diagnostics.diagnostic import Diagnostic
from bayes_gmm.errors import DataError, file_named, nearest, one_line, shown

if TYPE_CHECKING:
    import pandas as pd


def read_file(
    path: str | Path, features: Sequence[str] | None, options: ReadOptions
) -> ReadColumns:
    """Columns of a CSV or Parquet file; all those with a name when `features` is None.

    Raises
    ------
    DataError
        If the file does not exist, cannot be read or is damaged; see also `read_csv` and
        `read_parquet`.
    """
    path = Path(path).expanduser()
    _refuse_no_file(path)
    try:
        read = (read_parquet if is_parquet(path) else read_csv)(path, features, options)
    except (OSError, EOFError, UnicodeError, zlib.error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise DataError(f"{file_named(path)} cannot be read: {one_line(reason)}") from error
    if read.n_rows == 0:
        raise DataError(f"{file_named(path)} has a header but no rows")
    return read


def is_parquet(path: Path) -> bool:
    """Whether a file is Parquet, judged by its first bytes or its name."""
    with path.open("rb") as stream:
        return stream.read(4) == b"PAR1" or path.suffix.lower() in (".parquet", ".pq")


def _refuse_no_file(path: Path) -> None:
    try:
        there = path.exists()
    except OSError as error:  # a name that is too long
        said = one_line(error.strerror)
        raise DataError(f"file {shown(str(path))} cannot be read: {said}") from error
    if not there:
        raise DataError(_no_such_file(path))
    if path.is_dir():
        raise DataError(f"{file_named(path)} is a folder; give a CSV or Parquet file")
    if not path.is_file():
        raise DataError(
            f"{file_named(path)} is a pipe or device, which cannot be read twice; save it as a "
            "regular file first"
        )


def _no_such_file(path: Path) -> str:
    if path.is_symlink():
        return f"no {file_named(path)}: it is a link to '{path.readlink()}', which does not exist"
    folder = path.parent
    if not folder.is_dir():
        return f"no {file_named(path)}: the folder {str(folder)!r} does not exist"
    meant = nearest(path.name, [entry.name for entry in folder.iterdir()])
    hint = "check the path" if meant is None else f"did you mean {str(folder / meant)!r}?"
    return f"no {file_named(path)}; {hint}"


def read_parquet(path: Path, features: Sequence[str] | None, options: ReadOptions) -> ReadColumns:
    """Columns of a Parquet file; all except a stored index if `features` is None.

    Raises
    ------
    DataError
        If the file is damaged or a column does not exist.
    """
    columns, repeated = _parquet_columns(path, features, ())
    notation = Notation(missing=options.all_missing, padded=features is not None)
    return ReadColumns.of(columns, notation, repeated)


def read_other_columns(
    path: str | Path, without: Collection[str | None], options: ReadOptions
) -> pd.DataFrame:
    """Columns of any type of a CSV or Parquet file, except those in `without`, which may be None.

    Numbers, also those in text, become floats, and true and false become nullable booleans; dates
    of Parquet files and ISO dates of CSV files become dates, and everything else is text.
    """
    import pandas as pd

    path = Path(path).expanduser()
    if is_parquet(path):
        columns, _ = _parquet_columns(path, None, without)
        notation = Notation(missing=options.all_missing)
    else:
        columns, notation = other_csv_columns(path, without, options)
    return pd.DataFrame(
        {name: typed_column(name, column, notation) for name, column in columns.items()}
    )


def _parquet_columns(
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
