"""Reading of table files, with messages for files that cannot be read."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bayes_gmm.data.io.csv import csv_cells, csv_header, other_csv_columns, read_csv, written_format
from bayes_gmm.data.io.dialect import CsvFormat
from bayes_gmm.data.io.excel import excel_cells, excel_header, other_excel_columns, read_excel
from bayes_gmm.data.io.parquet import (
    is_parquet,
    other_parquet_columns,
    parquet_cells,
    parquet_header,
    read_parquet,
)
from bayes_gmm.data.io.read_columns import ReadColumns, ReadOptions, typed_column
from bayes_gmm.data.io.text_column import Notation
from bayes_gmm.data.io.workbook import is_workbook
from bayes_gmm.errors import DataError, file_named, nearest, one_line, shown

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Reader:
    """Functions that read the files of one format.

    Attributes
    ----------
    columns : callable
        The columns in `features`, or all with a name, as numbers.
    others : callable
        Arrow columns of any type, except those in `without`, and how their numbers are written.
    header : callable
        Names of the columns.
    cells : callable
        All columns or one, with unchanged cells, and the format in which they are written.
    written : callable
        The format in which results about the file are written.
    """

    columns: Callable[[Path, Sequence[str] | None, ReadOptions], ReadColumns]
    others: Callable[[Path, Collection[str | None], ReadOptions], tuple[dict[str, Any], Notation]]
    header: Callable[[Path, ReadOptions], Sequence[str]]
    cells: Callable[[Path, str | None, ReadOptions], tuple[pd.DataFrame, CsvFormat]]
    written: Callable[[Path, ReadOptions], CsvFormat] = lambda path, options: CsvFormat()


CSV = Reader(read_csv, other_csv_columns, csv_header, csv_cells, written_format)
PARQUET = Reader(read_parquet, other_parquet_columns, parquet_header, parquet_cells)
EXCEL = Reader(read_excel, other_excel_columns, excel_header, excel_cells)


def reader_of(path: Path, options: ReadOptions) -> Reader:
    """The functions that read a file, judged by its first bytes and its name.

    Raises
    ------
    DataError
        If the options name a sheet, but the file is not an Excel workbook.
    """
    with path.open("rb") as stream:
        start = stream.read(8)
    if is_workbook(start):
        return EXCEL
    if options.sheet is not None:
        raise DataError(
            f"sheet is {shown(options.sheet)}, but {file_named(path)} is not an Excel workbook; "
            "leave the sheet out"
        )
    return PARQUET if is_parquet(path, start) else CSV


def read_file(
    path: str | Path, features: Sequence[str] | None, options: ReadOptions
) -> ReadColumns:
    """Columns of a CSV, Excel or Parquet file; all with a name when `features` is None.

    Raises
    ------
    DataError
        If the file does not exist, cannot be read or is damaged; see also `read_csv`, `read_excel`
        and `read_parquet`.
    """
    path = Path(path).expanduser()
    refuse_no_file(path)
    try:
        read = reader_of(path, options).columns(path, features, options)
    except (OSError, EOFError, UnicodeError, zlib.error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise DataError(f"{file_named(path)} cannot be read: {one_line(reason)}") from error
    if read.n_rows == 0:
        raise DataError(f"{file_named(path)} has a header but no rows")
    return read


def refuse_no_file(path: Path) -> None:
    """Raise for a path that is not a regular file."""
    try:
        there = path.exists()
    except OSError as error:  # a name that is too long
        said = one_line(error.strerror)
        raise DataError(f"file {shown(str(path))} cannot be read: {said}") from error
    if not there:
        raise DataError(_no_such_file(path))
    if path.is_dir():
        raise DataError(f"{file_named(path)} is a folder; give a CSV, Excel or Parquet file")
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


def read_other_columns(
    path: str | Path, without: Collection[str | None], options: ReadOptions
) -> pd.DataFrame:
    """Columns of any type of a table file, except those in `without`, which may be None.

    Numbers, also those in text, become floats, and true and false become nullable booleans; dates
    of Excel and Parquet files and ISO dates of CSV files become dates, and everything else is text.
    """
    import pandas as pd

    path = Path(path).expanduser()
    columns, notation = reader_of(path, options).others(path, without, options)
    return pd.DataFrame(
        {name: typed_column(name, column, notation) for name, column in columns.items()}
    )
