"""Where the table of a CSV file starts: separator, header and other lines around it."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from bayes_gmm.data.number_text import MISSING, number_text
from bayes_gmm.errors import DataError, file_named, listed

DELIMITERS = "\t;|,"
"""Separators; the earlier one is preferred if two fit equally well."""

SEPARATOR_TOLD = re.compile(r'"?sep=(?P<mark>[,;\t|])"?\s*', re.IGNORECASE)
"""First line in which a spreadsheet declares the separator."""


@dataclass(frozen=True)
class HeaderSettings:
    """Thresholds for the recognition of headers."""

    most_lines_above: int = 30
    """Maximum number of lines above the header."""
    least_agreeing: float = 0.9
    """Minimum fraction of rows with as many cells as a header below other lines, and minimum
    fraction of numbers in a numeric column."""
    fewest_rows: int = 5
    """Minimum number of rows to recognise a second header, or a missing one."""


SETTINGS = HeaderSettings()


def beginning(lines: list[str]) -> tuple[str | None, int]:
    """The separator declared in a separate line, if any, and the index of the header line."""
    told = None
    for number, line in enumerate(lines):
        if told is None and (match := SEPARATOR_TOLD.fullmatch(line)):
            told = match["mark"]
        elif line.strip():
            return told, number
    return told, len(lines)


def parsed_rows(lines: Iterable[str], delimiter: str) -> tuple[list[str], int, list[list[str]]]:
    """The header, its number of lines, and the non-empty rows."""
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    header = next(reader)
    header_lines = reader.line_num
    return header, header_lines, [row for row in reader if row]


class Start(NamedTuple):
    """Where a table starts: its separator, None if there is none, and the line of its header."""

    delimiter: str | None
    line: int


def table_start(lines: list[str], told: str | None) -> Start:
    """The separator that splits the header and most rows into equally many cells, and the header.

    The header is the first line unless nearly all rows below another line have more cells.
    """
    best, best_score = Start(told, 0), (0.0, 0)
    for delimiter in DELIMITERS if told is None else told:
        try:
            numbered = _numbered_rows(lines, delimiter)
        except csv.Error:
            continue
        place = header_row([row for _, row in numbered])
        header = numbered[place][1]
        agree = [len(row) == len(header) for _, row in numbered[place + 1 :]]
        score = (sum(agree) / max(len(agree), 1), len(header))
        if score[1] > 1 and score > best_score:
            best, best_score = Start(delimiter, numbered[place][0]), score
    return best


def _numbered_rows(lines: Iterable[str], delimiter: str) -> list[tuple[int, list[str]]]:
    """The non-empty rows, each with the number of lines before it."""
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    rows, before = [], 0
    for row in reader:
        if row:
            rows.append((before, row))
        before = reader.line_num
    return rows


def header_row(rows: Sequence[Sequence[str]], *, ragged: bool = False) -> int:
    """Position of the header: the first row, or the one below lines that precede the table.

    With `ragged`, rows below the header may be shorter, since empty cells at their end are absent.
    """
    widths = [len(row) for row in rows]
    for place in range(1, min(SETTINGS.most_lines_above, len(rows) - 1)):
        if widths[place] <= max(widths[:place]):
            continue
        below = widths[place + 1 :]
        agreeing = [width == widths[place] or (ragged and width < widths[place]) for width in below]
        names = all(cell.strip() and number_text(cell) is None for cell in rows[place])
        if sum(agreeing) >= SETTINGS.least_agreeing * len(below) and names:
            return place
    return 0


def lines_of_rows(lines: list[str], delimiter: str, n_rows: int) -> int:
    """Number of lines up to the end of the first non-empty rows."""
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    for row in reader:
        n_rows -= bool(row)
        if not n_rows:
            break
    return reader.line_num


def refuse_header(
    path: Path,
    lines: list[str],
    header: list[str],
    header_lines: int,
    rows: list[list[str]],
    whole: bool,
) -> None:
    """Raise for a header that is never closed or has no names, or that no row follows."""
    if len(lines) == header_lines > 1 and "".join(lines).count('"') % 2:
        raise DataError(
            f"{file_named(path)} has a quotation mark in its header that is never closed; "
            "close or remove it"
        )
    if not any(name.strip() for name in header):
        raise DataError(f"{file_named(path)} has no column names in its first row")
    if whole and not rows:
        raise DataError(f"{file_named(path)} has a header but no rows")


def _numeric_columns(rows: list[list[str]], n_columns: int) -> list[int]:
    """Columns in which nearly all cells of the rows are numbers, and some are not missing."""
    numeric = []
    for j in range(n_columns):
        cells = [row[j].strip() for row in rows if len(row) == n_columns]
        cells = [cell for cell in cells if cell not in MISSING]
        n_numbers = sum(number_text(cell) is not None for cell in cells)
        if cells and n_numbers >= SETTINGS.least_agreeing * len(cells):
            numeric.append(j)
    return numeric


def second_header(header: list[str], rows: list[list[str]]) -> list[str]:
    """The cells of the first row if they are words where all other rows hold numbers."""
    if len(rows) <= SETTINGS.fewest_rows or len(rows[0]) != len(header):
        return []
    first, rest = rows[0], rows[1:]
    numeric = _numeric_columns(rest, len(header))
    over = [first[j].strip() for j in numeric]
    words = [cell for cell in over if cell]
    if not words or any(cell in MISSING or number_text(cell) is not None for cell in words):
        return []
    seen = {row[j].strip() for row in rest for j in numeric if j < len(row)}
    is_name = all(re.search(r"[^\W\d_]|[$€£¥%]", cell) and cell not in seen for cell in words)
    few = len(words) == 1 and any(cell.strip() for j, cell in enumerate(first) if j not in numeric)
    return first if is_name and not few else []


def names_of_both(header: list[str], second: list[str]) -> list[str]:
    """Names from a header and the row below it.

    The row below has units, unless it names columns that the header does not.

    Examples
    --------
    >>> names_of_both(["Id", "Spend"], ["", "EUR"]), names_of_both(["Money", ""], ["Spend", "Tax"])
    (['Id', 'Spend'], ['Spend', 'Tax'])
    """
    pairs = list(zip(header, second, strict=True))
    if any(below.strip() and not name.strip() for name, below in pairs):
        return [below.strip() or name for name, below in pairs]
    return header


def is_data(header: list[str], rows: list[list[str]]) -> bool:
    """Whether the first row has numbers in numeric columns, other than years or counts."""
    numeric = _numeric_columns(rows, len(header)) if len(rows) >= SETTINGS.fewest_rows else []
    cells = [header[j].strip() for j in numeric]
    if not cells or any(number_text(cell) is None for cell in cells):
        return False
    whole = [int(cell) for cell in cells if re.fullmatch(r"\d{1,9}", cell)]
    if len(whole) < len(cells):
        return True
    years = all(1900 <= number <= 2100 for number in whole)
    running = len({b - a for a, b in pairwise(whole)}) == 1
    return not (years or running)


def no_header(path: Path, header: Sequence[str]) -> str:
    """Message for a file whose first row is data."""
    return (
        f"{file_named(path)} has no header: its first row is {listed(header, 4)}; "
        "add a first row with the names of the columns"
    )
