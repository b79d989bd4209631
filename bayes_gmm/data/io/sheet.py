"""The table of an Excel sheet: its header, and its columns with their types."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import isfinite
from pathlib import Path
from typing import Any

from bayes_gmm.data.io.dialect import SAMPLE, decimal_mark
from bayes_gmm.data.io.header import (
    header_row,
    is_data,
    names_of_both,
    refuse_header,
    second_header,
)
from bayes_gmm.data.io.workbook import Formula, Row, SheetCells, is_empty
from bayes_gmm.data.number_text import number_text
from bayes_gmm.diagnostics.diagnostic import Diagnostic
from bayes_gmm.errors import DataError, file_named

ERRORS = frozenset(
    {"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#GETTING_DATA",
     "#SPILL!", "#CALC!", "#FIELD!", "#BLOCKED!", "#CONNECT!"}
)  # fmt: skip
"""Cells in which Excel shows an error; they are read as missing."""


@dataclass(frozen=True, eq=False)
class Sheet:
    """A table with typed cells.

    Attributes
    ----------
    header : tuple of str
        Names of the columns without surrounding spaces; empty for a column without a name.
    columns : tuple of tuple
        Cells of each column: None, text, bool, int, float, dates, times or `Formula`.
    n_rows : int
    decimal, firm_decimal : str, bool
        Decimal mark of numbers in text, and whether such a number shows it.
    first_row_is_data : bool
        Whether the first row has numbers where the columns have numbers, and so is no header.
    findings : tuple of Diagnostic
        Which sheet and which rows were read.
    """

    header: tuple[str, ...]
    columns: tuple[Row, ...]
    n_rows: int
    decimal: str
    firm_decimal: bool
    first_row_is_data: bool
    findings: tuple[Diagnostic, ...]

    @classmethod
    def of(cls, cells: SheetCells, path: Path) -> Sheet:
        """Find the table in the cells of a sheet.

        Raises
        ------
        DataError
            If the sheet is empty, or has no column names or no rows.
        """
        rows = _without_empty_columns(cells.rows)
        if not rows:
            raise DataError(f"{file_named(path)}: sheet {cells.title!r} is empty")
        start = header_row([_trimmed(row) for row in _as_text(rows)], ragged=True)
        body = rows[start + 1 :]
        header, below = [_name(cell) for cell in rows[start]], _as_text(body)
        refuse_header(path, [], header, 0, below, True)
        second = second_header(header, below)
        findings = [*cells.findings, *_rows_skipped(rows[:start], second)]
        body, below = body[bool(second) :], below[bool(second) :]
        decimal, firm = decimal_mark(below, "\t")
        names = names_of_both(header, second) if second else header
        no_names = all(_kind(cell) == "number" for cell in rows[start] if cell is not None)
        return cls(
            tuple(name.strip() for name in names), tuple(zip(*body, strict=True)), len(body),
            decimal, firm, no_names or is_data(header, below), tuple(findings),
        )  # fmt: skip

    def cells(self, name: str) -> Row:
        """Cells of a column."""
        return self.columns[self.header.index(name)]


def cell_findings(name: str, cells: Row) -> Iterator[Diagnostic]:
    """Findings about formulas without a value, which make a column unusable, and error cells."""
    formulas = Formula in set(map(type, cells))
    code = "formula_cells" if formulas else "error_cells"
    if not formulas and ERRORS.isdisjoint(set(cells)):
        return
    rows = [
        i for i, cell in enumerate(cells)
        if (isinstance(cell, Formula) if formulas else isinstance(cell, str) and cell in ERRORS)
    ]  # fmt: skip
    values = {"rows": len(rows), "row": rows[0] + 1, "text": cells[rows[0]]}
    yield Diagnostic(code, (name,), values)


def arrow_column(cells: Row, missing: Sequence[str]) -> Any:
    """The cells as an arrow column of booleans, floats, timestamps or text.

    Cells with an error or one of the texts in `missing` are null. Numbers beside texts that are
    also numbers are written without a decimal mark, so that the marks in the texts decide.

    Examples
    --------
    >>> arrow_column((1, 2.5, None, "?"), ["?"]).to_pylist()
    [1.0, 2.5, None, None]
    >>> arrow_column((5.125, "5,2"), []).to_pylist()
    ['5125e-3', '5,2']
    """
    import pyarrow as pa

    if {int, float}.issuperset(set(map(type, cells)) - {type(None)}) and not _numbers(missing):
        return pa.array([None if c is None else float(c) for c in cells], pa.float64())
    absent = ERRORS.union(missing)
    present = [None if is_empty(c) or _is_absent(c, absent) else c for c in cells]
    kinds = {_kind(cell) for cell in present if cell is not None}
    if not kinds:
        return pa.nulls(len(cells))
    if kinds == {"truth"}:
        return pa.array(present, pa.bool_())
    if kinds == {"number"}:
        return pa.array([None if c is None else float(c) for c in present], pa.float64())
    if kinds == {"date"}:
        return pa.array(list(map(_timestamp, present)), pa.timestamp("us"))
    texts = {cell for cell in present if isinstance(cell, str)}
    marks_decide = all(number_text(text) is not None for text in texts)
    return pa.array([_text(cell, marks_decide) for cell in present], pa.string())


def plain_cells(cells: Row) -> list[Any]:
    """Cells for writing: dates without a time of day where no cell of the column has one."""
    dates = [cell for cell in cells if isinstance(cell, datetime.datetime)]
    if any(cell.time() != datetime.time() for cell in dates):
        return list(cells)
    return [cell.date() if isinstance(cell, datetime.datetime) else cell for cell in cells]


def _without_empty_columns(rows: Sequence[Row]) -> list[Row]:
    """Rows of equal length from the first to the last column that is not empty."""
    used = {j for row in rows for j, cell in enumerate(row) if not is_empty(cell)}
    if not used:
        return []
    first, n = min(used), max(used) + 1
    return [(*row[first:n], *[None] * (n - max(len(row), first))) for row in rows]


def _as_text(rows: Sequence[Row]) -> list[list[str]]:
    """The first rows as text; cells with an error are empty."""
    return [
        ["" if cell in ERRORS else _text(cell, True) or "" for cell in row]
        for row in rows[: SAMPLE.n_rows]
    ]


def _trimmed(row: list[str]) -> list[str]:
    """The row without empty cells at its end."""
    return row[: max((j + 1 for j, cell in enumerate(row) if cell.strip()), default=0)]


def _rows_skipped(above: Sequence[Row], second: Sequence[str]) -> Iterator[Diagnostic]:
    if above:
        lines = [" ".join(_name(cell) for cell in row if not is_empty(cell)) for row in above]
        yield Diagnostic("lines_above", (), {"lines": lines})
    if second:
        cells = [cell.strip() for cell in second if cell.strip()]
        yield Diagnostic("second_header", (), {"cells": cells})


def _name(cell: Any) -> str:
    """A cell of the header as a name."""
    return f"{cell:.15g}" if isinstance(cell, float) else _text(cell, False) or ""


def _kind(cell: Any) -> str:
    if isinstance(cell, bool):
        return "truth"
    if isinstance(cell, int | float):
        return "number"
    return "date" if isinstance(cell, datetime.date) else "text"


def _numbers(texts: Sequence[str]) -> list[str]:
    return [text for text in texts if number_text(text) is not None]


def _is_absent(cell: Any, absent: frozenset[str]) -> bool:
    """Whether a cell is written like one that stands for a missing value."""
    if isinstance(cell, Formula):
        return True
    text = cell.strip() if isinstance(cell, str) else str(cell)
    return text in absent or (isinstance(cell, float) and f"{cell:.15g}" in absent)


def _timestamp(cell: Any) -> Any:
    """A date as the start of its day."""
    if cell is None or isinstance(cell, datetime.datetime):
        return cell
    return datetime.datetime.combine(cell, datetime.time())


def _text(cell: Any, marks_decide: bool) -> str | None:
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, float) and marks_decide and isfinite(cell):
        sign, digits, exponent = Decimal(repr(cell)).as_tuple()
        return f"{'-' * sign}{''.join(map(str, digits))}e{exponent}"
    if isinstance(cell, datetime.datetime) and cell.time() == datetime.time():
        return cell.date().isoformat()
    return str(cell)
