"""The dialect of a CSV file: encoding, separator, decimal mark and header."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
from dataclasses import dataclass, replace
from pathlib import Path

from bayes_gmm.data.io.encoding import decoded, encoding_of, known_encoding
from bayes_gmm.data.io.header import (
    beginning,
    is_data,
    lines_of_rows,
    names_of_both,
    parsed_rows,
    refuse_header,
    second_header,
    table_start,
)
from bayes_gmm.data.number_text import number_text
from bayes_gmm.errors import DataError, file_named, one_line, shown


@dataclass(frozen=True)
class SampleSettings:
    """The part of a file from which its dialect is inferred."""

    n_bytes: int = 1 << 18
    """Number of bytes; more if the header is longer."""
    longest_header: int = 1 << 26
    """Maximum length of the header in bytes."""
    n_rows: int = 200
    """Number of rows."""


SAMPLE = SampleSettings()
OTHER_FORMAT = re.compile(r'\s*(<(!doctype|html|\?xml|table)\b|\{\s*"|\[\s*[\[{])', re.IGNORECASE)
"""HTML, XML or JSON."""


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

    @property
    def in_latin_1(self) -> Dialect:
        """The dialect with the encoding Latin-1, which decodes any bytes."""
        return replace(self, encoding="latin-1", marked=False)

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
        text = _Text.of(path, encoding)
        told, first = beginning(text.lines)
        lines = text.lines[first : first + SAMPLE.n_rows]
        if not lines:
            raise DataError(f"{file_named(path)} is empty; it needs a header and rows")
        if OTHER_FORMAT.match(lines[0]):
            raise DataError(
                f"{file_named(path)} is not a CSV file: it begins with {shown(lines[0].strip())}; "
                "export the table as CSV, Excel (.xlsx) or Parquet"
            )
        start = table_start(lines, told)
        above = tuple(line.strip() for line in lines[: start.line] if line.strip())
        lines, first = lines[start.line :], first + start.line
        try:
            header, header_lines, rows = parsed_rows(lines, start.delimiter or ",")
        except csv.Error as error:
            raise DataError(f"{file_named(path)} is not a CSV file: {one_line(error)}") from error
        refuse_header(path, lines, header, header_lines, rows, text.whole)
        if start.delimiter is None and not _is_one_column(rows):
            raise DataError(
                f"{file_named(path)} has one column, {shown(lines[0].strip())}: its values "
                "must be separated by a comma, semicolon, tab or pipe"
            )
        second = second_header(header, rows)
        names = header
        if second:
            rows = rows[1:]
            header_lines = lines_of_rows(lines, start.delimiter or ",", 2)
            names = names_of_both(header, second)
        decimal, firm = decimal_mark(rows, start.delimiter)
        return cls(
            text.encoding,
            start.delimiter or ",",
            decimal,
            tuple(name.strip() for name in names),
            first + header_lines,
            4 * max(len(line) for line in lines),
            firm,
            _zero_padded(rows, len(header)),
            above,
            tuple(second),
            is_data(header, rows),
            text.guessed,
            text.marked,
        )


@dataclass(frozen=True)
class _Text:
    """The first lines of a file.

    Attributes
    ----------
    lines : list of str
    encoding : str
    whole : bool
        Whether these are all lines.
    guessed, marked : bool
        As in `Dialect`.
    """

    lines: list[str]
    encoding: str
    whole: bool
    guessed: bool
    marked: bool

    @classmethod
    def of(cls, path: Path, encoding: str | None) -> _Text:
        raw, whole = _head(path)
        if encoding is None:
            encoding, guessed = encoding_of(raw, whole, path)
        else:
            encoding, guessed = known_encoding(encoding, raw, whole, path), False
        # Not `splitlines`, which also splits at characters that do not end lines in CSV.
        lines = list(io.StringIO(decoded(raw, encoding, whole) or "", newline=""))
        if not whole and len(lines) > 1:
            lines.pop()
        return cls(lines, encoding, whole, guessed, raw.startswith(codecs.BOM_UTF8))


def open_bytes(path: Path) -> io.BufferedIOBase:
    """The bytes of a file, decompressed if it is gzipped."""
    with path.open("rb") as stream:
        packed = stream.read(2) == b"\x1f\x8b"
    return gzip.open(path) if packed else path.open("rb")


def _head(path: Path) -> tuple[bytes, bool]:
    """First bytes of the file, including the header, and whether they are the whole file."""
    with open_bytes(path) as stream:
        raw = stream.read(SAMPLE.n_bytes)
        while len(raw) < SAMPLE.longest_header and b"\n" not in raw and b"\r" not in raw:
            more = stream.read(SAMPLE.n_bytes)
            if not more:
                break
            raw += more
        return raw, not stream.read(1)


def _zero_padded(rows: list[list[str]], n_columns: int) -> tuple[int, ...]:
    return tuple(
        j for j in range(n_columns)
        if any(len(row) > j and re.fullmatch(r"0\d+", row[j].strip()) for row in rows)
    )  # fmt: skip


def _is_one_column(rows: list[list[str]]) -> bool:
    """Whether rows without a separator are one column of numbers or words."""
    return all(len(row) == 1 and not re.search(r"[\s:;|,]", row[0].strip()) for row in rows)


def decimal_mark(rows: list[list[str]], delimiter: str | None) -> tuple[str, bool]:
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
