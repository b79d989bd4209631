"""Quotation marks that nobody closed: in a CSV file they make one cell of all rows up to the next.

Readers take such a file as it stands, and the rows are gone without a word. Cells may well run over
lines, so a file with quotation marks and more lines than rows is looked at cell by cell.
"""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path

import numpy as np

from bayes_gmm.data.dialect import Dialect, open_bytes
from bayes_gmm.errors import DataError, file_named

CHUNK = 1 << 22
LAST = "the last line"
"""Comes after the file, and is a row of its own unless a quotation mark is open there."""
NEWLINES = (10, 13)


def refuse_open_quotes(path: Path, dialect: Dialect, n_rows: int | None) -> None:
    """Raise if a quotation mark has swallowed rows.

    Parameters
    ----------
    path : Path
    dialect : Dialect
    n_rows : int or None
        Rows that were read; None if reading failed.

    Raises
    ------
    DataError
        The message tells the row in which a cell is not closed.
    """
    if n_rows is None or not _each_line_is_a_row(path, dialect, n_rows):
        with _cells_of_any_length():
            _look_at_cells(path, dialect)


def _each_line_is_a_row(path: Path, dialect: Dialect, n_rows: int) -> bool:
    """Whether nothing is in quotes, or as many lines hold something as there are rows."""
    if dialect.encoding == "utf-16":
        return False
    quoted, n_lines, before = False, 0, 10
    with open_bytes(path) as stream:
        while chunk := stream.read(CHUNK):
            quoted = quoted or b'"' in chunk
            codes = np.frombuffer(chunk, np.uint8)
            ends = (codes == NEWLINES[0]) | (codes == NEWLINES[1])
            n_lines += int(np.count_nonzero(ends[1:] & ~ends[:-1])) + int(
                ends[0] and before not in NEWLINES
            )
            before = chunk[-1]
    n_lines += before not in NEWLINES
    return not quoted or n_lines == n_rows + dialect.header_lines


def _look_at_cells(path: Path, dialect: Dialect) -> None:
    with open_bytes(path) as stream:
        encoding = "utf-8-sig" if dialect.encoding == "utf-8" else dialect.encoding
        text = io.TextIOWrapper(stream, encoding, errors="replace", newline="")  # type: ignore[type-var]
        lines = islice(text, dialect.header_lines, None)
        reader = csv.reader(chain(lines, ["\n", LAST]), delimiter=dialect.delimiter)
        row: list[str] = []
        number = 0
        for row in reader:
            if row and row != [LAST]:
                number += 1
                swallowed = _rows_within(row, dialect)
                if swallowed and LAST not in row[-1]:
                    raise DataError(
                        f"{file_named(path)}: a cell of row {number} opens with a quotation mark "
                        f"and runs over {swallowed + 1} lines that look like rows; close it there, "
                        "or take the mark away"
                    )
    if row != [LAST]:
        raise DataError(
            f"{file_named(path)}: a cell of row {number} opens with a quotation mark that "
            "is never closed, so that it holds all that comes after it; close it there, or take "
            "the mark away"
        )


def _rows_within(row: Sequence[str], dialect: Dialect) -> int:
    """How many rows a cell seems to have swallowed: as many separators, and numbers in place."""
    number = re.compile(rf"\s*[+-]?\d*{re.escape(dialect.decimal)}?\d+([eE][+-]?\d+)?\s*")
    for place, cell in enumerate(row):
        after = cell.splitlines()[1:]
        numeric = [p for p in range(place) if number.fullmatch(row[p])]
        each = len(dialect.header) - 1
        if not after or not numeric or cell.count(dialect.delimiter) != each * len(after):
            continue
        pieces = [line.split(dialect.delimiter) for line in after]
        if all(len(p) > numeric[0] and number.fullmatch(p[numeric[0]]) for p in pieces):
            return len(after)
    return 0


@contextmanager
def _cells_of_any_length() -> Iterator[None]:
    before = csv.field_size_limit(sys.maxsize)
    try:
        yield
    finally:
        csv.field_size_limit(before)
