"""Writing of Excel workbooks."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from math import isfinite, nan
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bayes_gmm.errors import DataError, shown

if TYPE_CHECKING:
    import pandas as pd

PLAIN_NUMBER = re.compile(r"-?(0|[1-9]\d*)(?:([.,])\d+)?", re.ASCII)
NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that XML cannot hold."""


@dataclass(frozen=True)
class ExcelLimits:
    """Limits of the format."""

    most_rows: int = 1_048_576
    """Rows of a sheet, the header included."""
    most_columns: int = 16_384
    """Columns of a sheet."""
    longest_text: int = 32_767
    """Characters of a cell."""
    most_digits: int = 15
    """Digits of a number that Excel keeps; longer numbers are written as text."""
    first_year: int = 1900
    """First year of dates; earlier ones are written as text."""


LIMITS = ExcelLimits()


def is_excel(path: Path) -> bool:
    """Whether a file to write is a workbook, judged by its name."""
    return path.suffix.lower() == ".xlsx"


def write_excel(tables: Mapping[str, pd.DataFrame], path: Path) -> None:
    """Write tables as sheets of a workbook, by their titles.

    Numbers, booleans and dates keep their type. Text is never a formula.

    Raises
    ------
    DataError
        If a table has too many rows or columns for a sheet, or a text cannot be stored.
    """
    import openpyxl

    for table in tables.values():
        check_size(*table.shape)
    checked = {title: (_header(table), _columns(table)) for title, table in tables.items()}
    book = openpyxl.Workbook(write_only=True)
    for title, (header, columns) in checked.items():
        sheet = book.create_sheet(title)
        sheet.freeze_panes = "A2"
        for row in chain([header], zip(*columns, strict=True)):
            sheet.append([_cell(sheet, value) for value in row])
    book.save(path)


def check_size(n_rows: int, n_columns: int) -> None:
    """Raise for a table that is too large for a sheet.

    Examples
    --------
    >>> check_size(1_048_576, 3)
    Traceback (most recent call last):
    ...
    bayes_gmm.errors.DataError: 1,048,576 rows and a header do not fit into a sheet of Excel, \
which has 1,048,576 rows; write a .csv file
    """
    if n_rows + 1 > LIMITS.most_rows:
        raise DataError(
            f"{n_rows:,} rows and a header do not fit into a sheet of Excel, which has "
            f"{LIMITS.most_rows:,} rows; write a .csv file"
        )
    if n_columns > LIMITS.most_columns:
        raise DataError(
            f"{n_columns:,} columns do not fit into a sheet of Excel, which has "
            f"{LIMITS.most_columns:,}; write a .csv file"
        )


def numbers_typed(table: pd.DataFrame, decimal: str) -> pd.DataFrame:
    """The table with numbers in place of text in columns of text that hold only plain numbers.

    Numbers with leading zeros, signs of currencies or more digits than Excel keeps stay text.

    Examples
    --------
    >>> import pandas as pd
    >>> text = pd.DataFrame({"Id": ["007", "12"], "Spend": ["12,50", ""]})
    >>> numbers_typed(text, ",").to_dict("list")
    {'Id': ['007', '12'], 'Spend': [12.5, nan]}
    """
    typed = table.copy()
    for place in range(table.shape[1]):
        cells = [str(cell).strip() for cell in table.iloc[:, place]]
        if all(cell == "" or _is_plain(cell, decimal) for cell in cells):
            numbers = [float(cell.replace(decimal, ".")) if cell else nan for cell in cells]
            typed.isetitem(place, numbers)
    return typed


def _is_plain(text: str, decimal: str) -> bool:
    match = PLAIN_NUMBER.fullmatch(text)
    digits = sum(letter.isdigit() for letter in text.lstrip("-0.,"))
    return match is not None and match[2] in (None, decimal) and digits <= LIMITS.most_digits


def _header(table: pd.DataFrame) -> list[str]:
    return [_text(str(name), "a column name") for name in table.columns]


def _columns(table: pd.DataFrame) -> list[list[Any]]:
    """The columns as values of Excel."""
    return [
        _values(table.iloc[:, place], f"column {shown(str(name))}")
        for place, name in enumerate(table.columns)
    ]


def _values(column: pd.Series, what: str) -> list[Any]:
    cells = column.astype(object).where(column.notna(), None)
    return [_value(cell, what) for cell in cells.tolist()]


def _value(cell: Any, what: str) -> Any:
    """A cell as a value that a workbook can hold."""
    if isinstance(cell, str):
        return _text(cell, what)
    if cell is None or isinstance(cell, bool):
        return cell
    if isinstance(cell, Integral):
        return int(cell) if len(str(abs(int(cell)))) <= LIMITS.most_digits else str(cell)
    if isinstance(cell, Real):
        number = float(cell)
        return number if isfinite(number) else str(number)
    if isinstance(cell, datetime.date) and cell.year >= LIMITS.first_year:
        zone = getattr(cell, "tzinfo", None)
        to_python = getattr(cell, "to_pydatetime", None)
        return str(cell) if zone is not None else cell if to_python is None else to_python()
    if isinstance(cell, datetime.time | datetime.timedelta):
        return cell
    return _text(str(cell), what)


def _text(text: str, what: str) -> str:
    if (found := NO_TEXT.search(text)) is not None:
        raise DataError(
            f"{what} has the character {found[0]!a}, which Excel cannot store; write a .csv "
            "file, or remove it"
        )
    if len(text) > LIMITS.longest_text:
        raise DataError(
            f"{what} has a text of {len(text):,} characters, but a cell of Excel holds "
            f"{LIMITS.longest_text:,}; write a .csv file"
        )
    return text


def _cell(sheet: Any, value: Any) -> Any:
    """A value as openpyxl writes it without change.

    By itself openpyxl writes text that begins with "=" as a formula, and 16 digits of numbers.
    """
    from openpyxl.cell import WriteOnlyCell

    if isinstance(value, str) and value.startswith("="):
        cell = WriteOnlyCell(sheet, value)
        cell.data_type = "s"
        return cell
    if isinstance(value, float) and float(f"{value:.16g}") != value:
        cell = WriteOnlyCell(sheet, repr(value))
        cell.data_type = "n"
        return cell
    return value
