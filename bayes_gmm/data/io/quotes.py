"""Detection of unclosed quotation marks in CSV files.

An unclosed quotation mark merges all rows up to the next quotation mark into one cell, which CSV
readers accept silently. Cells may legitimately contain line breaks, so a file with quotation marks
and more lines than rows is checked cell by cell.
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

from bayes_gmm.data.io.dialect import Dialect, open_bytes
from bayes_gmm.diagnostics.diagnostic import Diagnostic, warn
from bayes_gmm.errors import DataError, file_named

LAST = "the last line"
"""Appended to the file: it is a separate row unless a quotation mark is still open."""
NEWLINES = (10, 13)
NEWLINE = re.compile(r"\r\n|\r|\n")


def check_quotes(path: Path, dialect: Dialect, n_rows: int | None) -> None:
    """Check for quotation marks that merge rows.

    Parameters
    ----------
    path : Path
    dialect : Dialect
    n_rows : int or None
        Number of rows that were read; None if reading failed.

    Raises
    ------
    DataError
        If a quotation mark is never closed or clearly encloses rows; the message names the row.

    Warns
    -----
    DataWarning
        If the text between two quotation marks looks like rows but may be intended.
    """
    if _rows_within(dialect.header, dialect, numeric=[]) > 1:
        raise DataError(
            f"{file_named(path)} has a quotation mark in its header that is closed only some rows "
            "later; close it in the header, or remove it"
        )
    if n_rows is None or not _each_line_is_a_row(path, dialect, n_rows):
        with _cells_of_any_length():
            _look_at_cells(path, dialect)


def _each_line_is_a_row(path: Path, dialect: Dialect, n_rows: int) -> bool:
    """Whether there are no quotation marks, or as many non-empty lines as rows."""
    if dialect.encoding == "utf-16":
        return False
    if not any(b'"' in chunk for chunk in _chunks(path)):
        return True
    n_lines, before = 0, NEWLINES[0]
    for chunk in _chunks(path):
        codes = np.frombuffer(chunk, np.uint8)
        ends = (codes == NEWLINES[0]) | (codes == NEWLINES[1])
        n_lines += int(np.count_nonzero(ends[1:] & ~ends[:-1]))
        n_lines += bool(ends[0]) and before not in NEWLINES
        before = chunk[-1]
    return n_lines + (before not in NEWLINES) == n_rows + dialect.header_lines


def _chunks(path: Path, size: int = 1 << 22) -> Iterator[bytes]:
    with open_bytes(path) as stream:
        while chunk := stream.read(size):
            yield chunk


def _look_at_cells(path: Path, dialect: Dialect, beyond_doubt: int = 3) -> None:
    """Check cell by cell; `beyond_doubt` rows in a cell of a table of 3 columns are an error."""
    most, suspect, row, number = 0, 0, [""], 0
    with open_bytes(path) as stream:
        encoding = "utf-8-sig" if dialect.encoding == "utf-8" else dialect.encoding
        text = io.TextIOWrapper(stream, encoding, errors="replace", newline="")  # type: ignore[type-var]
        lines = islice(text, dialect.header_lines, None)
        for row in csv.reader(chain(lines, ["\n", LAST]), delimiter=dialect.delimiter):
            if not row or row == [LAST]:
                continue
            number += 1
            if any(NEWLINE.search(cell) for cell in row):
                numeric = [c for c, cell in enumerate(row) if dialect.is_number(cell)]
                within = _rows_within(row, dialect, numeric) if numeric else 0
                most, suspect = max((most, suspect), (within, number))
    if row != [LAST]:
        raise DataError(
            f"{file_named(path)}: a cell of row {number} opens with a quotation mark that "
            "is never closed, so the cell includes the rest of the file; close the quotation mark, "
            "or remove it"
        )
    if most:
        values = {"row": suspect, "lines": most + 1}
        found = Diagnostic("rows_in_quotes", (str(path),), values)
        if most >= beyond_doubt and len(dialect.header) > 2:
            raise DataError(
                f"{found.found}; remove the quotation marks, or the line breaks in the cell"
            )
        warn([found], stacklevel=6)


def _rows_within(row: Sequence[str], dialect: Dialect, numeric: Sequence[int]) -> int:
    """Number of rows that a cell seems to contain, judged by separators and numbers.

    Two stray quotation marks in one column merge the rest of a row, the rows after it and the
    beginning of another row into one cell.

    Parameters
    ----------
    row : sequence of str
    dialect : Dialect
    numeric : sequence of int
        Columns in which all these rows would have numbers.
    """
    n_columns = len(dialect.header)
    if len(row) != n_columns or n_columns == 1:
        return 0
    for place, cell in enumerate(row):
        rest, *after = (line.split(dialect.delimiter) for line in NEWLINE.split(cell))
        if after:
            rows = [[*row[:place], *rest], *after[:-1], [*after[-1], *row[place + 1 :]]]
            whole = all(len(r) == n_columns for r in rows)
            if whole and all(dialect.is_number(r[c]) for r in rows for c in numeric):
                return len(after)
    return 0


@contextmanager
def _cells_of_any_length() -> Iterator[None]:
    before = csv.field_size_limit(sys.maxsize)
    try:
        yield
    finally:
        csv.field_size_limit(before)
