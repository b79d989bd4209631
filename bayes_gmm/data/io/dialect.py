"""The dialect of a CSV file: encoding, separator, decimal mark and header."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

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

DECIMAL = {mark: re.compile(rf"\s*[+-]?\d*{re.escape(mark)}\d+\s*") for mark in ",."}


@dataclass(frozen=True)
class Dialect:
    """The dialect of a CSV file.

    Attributes
    ----------
    encoding : str
        One of utf-8, utf-16, cp1252, latin-1.
    delimiter, decimal : str
        Separator of cells, and decimal mark.
    header : tuple of str
        Names of the columns without surrounding spaces; empty for a column without a name.
    header_lines : int
        Number of lines up to the end of the header.
    longest_line : int
        Upper bound of the length in bytes of the longest inspected line.
    """

    encoding: str
    delimiter: str
    decimal: str
    header: tuple[str, ...]
    header_lines: int
    longest_line: int

    @property
    def header_is_numbers(self) -> bool:
        """Whether the first row holds numbers, so that it is probably not a header."""
        return all(self.is_number(cell) for cell in self.header)

    def is_number(self, cell: str) -> bool:
        """Whether a cell holds a number, with this decimal mark."""
        mark = re.escape(self.decimal)
        return bool(re.fullmatch(rf"\s*[+-]?\d*{mark}?\d+([eE][+-]?\d+)?\s*", cell))

    @classmethod
    def of(cls, path: Path) -> Dialect:
        """Infer the dialect of a file from its first lines.

        Raises
        ------
        DataError
            If the file is empty or binary, or has no separator.
        """
        raw, whole = _head(path)
        encoding = _encoding(raw, whole, path)
        # Not `splitlines`, which also splits at characters that do not end lines in CSV.
        lines = list(io.StringIO(_decode(raw, encoding, whole), newline=""))
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
        delimiter = told or _delimiter(lines)
        try:
            header, header_lines, rows = _parse(lines, delimiter or ",")
        except csv.Error as error:
            raise DataError(f"{file_named(path)} is not a CSV file: {one_line(error)}") from error
        if len(lines) == header_lines > 1 and "".join(lines).count('"') % 2:
            raise DataError(
                f"{file_named(path)} has a quotation mark in its header that is never closed; "
                "close or remove it"
            )
        if not any(name.strip() for name in header):
            raise DataError(f"{file_named(path)} has no column names in its first row")
        if whole and not rows:
            raise DataError(f"{file_named(path)} has a header but no rows")
        if delimiter is None and not _is_one_column(rows):
            raise DataError(
                f"{file_named(path)} has one column, {shown(lines[0].strip())}: its values "
                "must be separated by a comma, semicolon, tab or pipe"
            )
        return cls(
            encoding,
            delimiter or ",",
            _decimal(rows, delimiter),
            tuple(name.strip() for name in header),
            first + header_lines,
            4 * max(len(line) for line in lines),
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


def _encoding(raw: bytes, whole: bool, path: Path) -> str:
    if raw.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise DataError(f"{file_named(path)} is written in UTF-32; save it as UTF-8")
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\0" in raw:
        raise DataError(f"{file_named(path)} is not text; export the table as CSV or Parquet")
    for encoding in ("utf-8", "cp1252"):
        try:
            _decode(raw, encoding, whole)
        except UnicodeDecodeError:
            continue
        return encoding
    return "latin-1"


def _decode(raw: bytes, encoding: str, whole: bool) -> str:
    """Decoded bytes; if they are not the whole file, an incomplete last character is dropped."""
    decoder = codecs.getincrementaldecoder("utf-8-sig" if encoding == "utf-8" else encoding)
    return decoder().decode(raw, final=whole)


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


def _delimiter(lines: list[str]) -> str | None:
    """The separator that splits the header and most rows into equally many cells, or None."""
    best, best_score = None, (0.0, 0)
    for delimiter in DELIMITERS:
        try:
            header, _, rows = _parse(lines, delimiter)
        except csv.Error:
            continue
        agree = [len(row) == len(header) for row in rows]
        score = (sum(agree) / max(len(agree), 1), len(header))
        if score[1] > 1 and score > best_score:
            best, best_score = delimiter, score
    return best


def _is_one_column(rows: list[list[str]]) -> bool:
    """Whether rows without a separator are one column of numbers or words."""
    return all(len(row) == 1 and not re.search(r"[\s:;|,]", row[0].strip()) for row in rows)


def _decimal(rows: list[list[str]], delimiter: str | None) -> str:
    """The most frequent decimal mark in cells; if none occurs, a comma with semicolons."""
    if delimiter in (None, ","):
        return "."
    cells = [cell for row in rows for cell in row]
    commas, points = (sum(bool(DECIMAL[mark].fullmatch(c)) for c in cells) for mark in ",.")
    if commas == points:
        return "," if delimiter == ";" else "."
    return "," if commas > points else "."
