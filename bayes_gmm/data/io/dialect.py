"""The dialect of a CSV file: encoding, separator, decimal mark and header."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from bayes_gmm.data.io.encoding import decoded, encoding_of, known_encoding
from bayes_gmm.data.io.number_text import MISSING, number_text
from bayes_gmm.errors import DataError, file_named, one_line, shown

SAMPLE = 1 << 18
"""Number of bytes to inspect; more if the header is longer."""

LONGEST_HEADER = 1 << 26
"""Maximum length of the header in bytes."""

SAMPLE_ROWS = 200
"""Number of rows to inspect."""

DELIMITERS = "\t;|,"
"""Separators; the earlier one is preferred if two fit equally well."""

SEPARATOR_TOLD = re.compile(r'"?sep=(?P<mark>[,;\t|])"?\s*', re.IGNORECASE)
"""First line in which a spreadsheet declares the separator."""

OTHER_FORMAT = re.compile(r'\s*(<(!doctype|html|\?xml|table)\b|\{\s*"|\[\s*[\[{])', re.IGNORECASE)
"""HTML, XML or JSON."""

MOST_LINES_ABOVE = 30
"""Maximum number of lines above the header."""

LEAST_AGREEING = 0.9
"""Share of rows that must have as many cells as a header below other lines."""

FEWEST_ROWS = 5
"""Number of rows from which on a second header, or a missing one, is recognised."""


@dataclass(frozen=True)
class CsvFormat:
    """Separator, decimal mark and encoding of a CSV file to write.

    Attributes
    ----------
    delimiter, decimal, encoding : str
    """

    delimiter: str = ","
    decimal: str = "."
    encoding: str = "utf-8"


@dataclass(frozen=True)
class Dialect:
    """The dialect of a CSV file.

    Attributes
    ----------
    encoding : str
        Name of the encoding, such as utf-8, utf-16, cp1252 or latin-1.
    delimiter, decimal : str
        Separator of cells, and decimal mark.
    header : tuple of str
        Names of the columns without surrounding spaces; empty for a column without a name.
    header_lines : int
        Number of lines up to the end of the header.
    longest_line : int
        Upper bound of the length in bytes of the longest inspected line.
    firm_decimal : bool
        Whether a number in the inspected rows shows the decimal mark.
    zero_padded : tuple of int
        Columns with whole numbers that begin with zeros.
    above : tuple of str
        Lines above the header that are not empty.
    second_header : tuple of str
        Cells of a row of units or names below the header, which is not data.
    first_row_is_data : bool
        Whether the first row has numbers where the columns have numbers, and so is no header.
    guessed, marked : bool
        Whether the encoding was guessed from the letters, and whether UTF-8 has a byte order mark.
    """

    encoding: str
    delimiter: str
    decimal: str
    header: tuple[str, ...]
    header_lines: int
    longest_line: int
    firm_decimal: bool = False
    zero_padded: tuple[int, ...] = ()
    above: tuple[str, ...] = ()
    second_header: tuple[str, ...] = ()
    first_row_is_data: bool = False
    guessed: bool = False
    marked: bool = False

    @property
    def header_is_numbers(self) -> bool:
        """Whether the first row holds numbers, so that it is probably not a header."""
        return all(self.is_number(cell) for cell in self.header)

    @property
    def written(self) -> CsvFormat:
        """The format of a file to write in this dialect."""
        encoding = "utf-8-sig" if self.marked else self.encoding
        return CsvFormat(self.delimiter, self.decimal, encoding)

    def is_number(self, cell: str) -> bool:
        """Whether a cell holds a number, with this decimal mark."""
        mark = re.escape(self.decimal)
        return bool(re.fullmatch(rf"\s*[+-]?\d*{mark}?\d+([eE][+-]?\d+)?\s*", cell))

    @classmethod
    def of(cls, path: Path, encoding: str | None = None) -> Dialect:
        """Infer the dialect of a file from its first lines; the encoding may be given.

        Raises
        ------
        DataError
            If the file is empty or binary, has no separator, or fits several encodings.
        """
        raw, whole = _head(path)
        if encoding is None:
            encoding, guessed = encoding_of(raw, whole, path)
        else:
            encoding, guessed = known_encoding(encoding, raw, whole, path), False
        # Not `splitlines`, which also splits at characters that do not end lines in CSV.
        lines = list(io.StringIO(decoded(raw, encoding, whole) or "", newline=""))
        if not whole and len(lines) > 1:
            lines.pop()
        told, first = _beginning(lines)
        lines = lines[first : first + SAMPLE_ROWS]
        if not lines:
            raise DataError(f"{file_named(path)} is empty; it needs a header and rows")
        if OTHER_FORMAT.match(lines[0]):
            raise DataError(
                f"{file_named(path)} is not a CSV file: it begins with {shown(lines[0].strip())}; "
                "export the table as CSV or Parquet"
            )
        start = _start(lines, told)
        above = tuple(line.strip() for line in lines[: start.line] if line.strip())
        lines, first = lines[start.line :], first + start.line
        try:
            header, header_lines, rows = _parse(lines, start.delimiter or ",")
        except csv.Error as error:
            raise DataError(f"{file_named(path)} is not a CSV file: {one_line(error)}") from error
        _refuse_header(path, lines, header, header_lines, rows, whole)
        if start.delimiter is None and not _is_one_column(rows):
            raise DataError(
                f"{file_named(path)} has one column, {shown(lines[0].strip())}: its values "
                "must be separated by a comma, semicolon, tab or pipe"
            )
        second = _second_header(header, rows)
        names = header
        if second:
            rows = rows[1:]
            header_lines = _lines_of_rows(lines, start.delimiter or ",", 2)
            named_below = any(
                below.strip() and not above_it.strip()
                for above_it, below in zip(header, second, strict=True)
            )
            if named_below:
                names = [b.strip() or a for a, b in zip(header, second, strict=True)]
        decimal, firm = _decimal(rows, start.delimiter)
        return cls(
            encoding,
            start.delimiter or ",",
            decimal,
            tuple(name.strip() for name in names),
            first + header_lines,
            4 * max(len(line) for line in lines),
            firm,
            _zero_padded(rows, len(header)),
            above,
            tuple(second),
            _is_data(header, rows),
            guessed,
            raw.startswith(codecs.BOM_UTF8),
        )


def open_bytes(path: Path) -> io.BufferedIOBase:
    """The bytes of a file, decompressed if it is gzipped."""
    with path.open("rb") as stream:
        packed = stream.read(2) == b"\x1f\x8b"
    return gzip.open(path) if packed else path.open("rb")


def _head(path: Path) -> tuple[bytes, bool]:
    """First bytes of the file, including the header, and whether they are the whole file."""
    with open_bytes(path) as stream:
        raw = stream.read(SAMPLE)
        while len(raw) < LONGEST_HEADER and b"\n" not in raw and b"\r" not in raw:
            more = stream.read(SAMPLE)
            if not more:
                break
            raw += more
        return raw, not stream.read(1)


def _beginning(lines: list[str]) -> tuple[str | None, int]:
    """The separator declared in a separate line, if any, and the index of the header line."""
    told = None
    for number, line in enumerate(lines):
        if told is None and (match := SEPARATOR_TOLD.fullmatch(line)):
            told = match["mark"]
        elif line.strip():
            return told, number
    return told, len(lines)


def _parse(lines: Iterable[str], delimiter: str) -> tuple[list[str], int, list[list[str]]]:
    """The header, its number of lines, and the non-empty rows."""
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    header = next(reader)
    header_lines = reader.line_num
    return header, header_lines, [row for row in reader if row]


class Start(NamedTuple):
    """Where a table starts: its separator, None if there is none, and the line of its header."""

    delimiter: str | None
    line: int


def _start(lines: list[str], told: str | None) -> Start:
    """The separator that splits the header and most rows into equally many cells, and the header.

    The header is the first line unless nearly all rows below another line have more cells.
    """
    best, best_score = Start(told, 0), (0.0, 0)
    for delimiter in DELIMITERS if told is None else told:
        try:
            numbered = _numbered_rows(lines, delimiter)
        except csv.Error:
            continue
        place = _header_row(numbered)
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


def _header_row(numbered: list[tuple[int, list[str]]]) -> int:
    """Place of the header: the first row, or the one below lines that are not of the table."""
    rows = [row for _, row in numbered]
    widths = [len(row) for row in rows]
    for place in range(1, min(MOST_LINES_ABOVE, len(rows) - 1)):
        if widths[place] <= max(widths[:place]):
            continue
        below = widths[place + 1 :]
        agreeing = sum(width == widths[place] for width in below) / len(below)
        names = all(cell.strip() and number_text(cell) is None for cell in rows[place])
        if agreeing >= LEAST_AGREEING and names:
            return place
    return 0


def _lines_of_rows(lines: list[str], delimiter: str, n_rows: int) -> int:
    """Number of lines up to the end of the first non-empty rows."""
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    for row in reader:
        n_rows -= bool(row)
        if not n_rows:
            break
    return reader.line_num


def _refuse_header(
    path: Path,
    lines: list[str],
    header: list[str],
    header_lines: int,
    rows: list[list[str]],
    whole: bool,
) -> None:
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
        if cells and n_numbers >= LEAST_AGREEING * len(cells):
            numeric.append(j)
    return numeric


def _second_header(header: list[str], rows: list[list[str]]) -> list[str]:
    """The cells of the first row if they are words where all other rows hold numbers."""
    if len(rows) <= FEWEST_ROWS or len(rows[0]) != len(header):
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


def _is_data(header: list[str], rows: list[list[str]]) -> bool:
    """Whether the first row has numbers where the columns have; years and counts may be names."""
    numeric = _numeric_columns(rows, len(header)) if len(rows) >= FEWEST_ROWS else []
    cells = [header[j].strip() for j in numeric]
    if not cells or any(number_text(cell) is None for cell in cells):
        return False
    whole = [int(cell) for cell in cells if re.fullmatch(r"\d{1,9}", cell)]
    if len(whole) < len(cells):
        return True
    years = all(1900 <= number <= 2100 for number in whole)
    running = len({b - a for a, b in pairwise(whole)}) == 1
    return not (years or running)


def _zero_padded(rows: list[list[str]], n_columns: int) -> tuple[int, ...]:
    return tuple(
        j for j in range(n_columns)
        if any(len(row) > j and re.fullmatch(r"0\d+", row[j].strip()) for row in rows)
    )  # fmt: skip


def _is_one_column(rows: list[list[str]]) -> bool:
    """Whether rows without a separator are one column of numbers or words."""
    return all(len(row) == 1 and not re.search(r"[\s:;|,]", row[0].strip()) for row in rows)


def _decimal(rows: list[list[str]], delimiter: str | None) -> tuple[str, bool]:
    """The most frequent decimal mark, and whether a number shows it; by default that of the files.

    A mark before exactly three digits shows nothing, as it may separate thousands.
    """
    usual = "," if delimiter == ";" else "."
    shown_marks = {",": 0, ".": 0}
    for row in rows:
        for cell in row:
            number = number_text(cell) if cell else None
            if number is not None and number.decimal:
                shown_marks[number.decimal] += 1
            elif number is not None and number.thousands in shown_marks:
                shown_marks["," if number.thousands == "." else "."] += 1
    if shown_marks[","] == shown_marks["."]:
        return usual, False
    if delimiter in (None, ","):
        return ".", shown_marks["."] > 0
    return ("," if shown_marks[","] > shown_marks["."] else "."), True
