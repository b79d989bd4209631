"""CSV files, read with pyarrow."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_gmm.data.columns import choose_columns, not_numeric
from bayes_gmm.data.io.dialect import Dialect, open_bytes
from bayes_gmm.data.io.quotes import check_quotes
from bayes_gmm.data.rows import Floats
from bayes_gmm.errors import DataError, file_named, listed, one_line, shown

if TYPE_CHECKING:
    import pyarrow as pa

MISSING = (
    "", "NA", "N/A", "n/a", "na", "#N/A", "#N/A N/A", "#NA", "<NA>", "NaN", "nan", "NAN", "-NaN",
    "-nan", "NULL", "null", "None", "none", "-1.#IND", "1.#IND", "-1.#QNAN", "1.#QNAN",
)  # fmt: skip
"""Cells that are read as missing values."""


NUMBER_OTHERWISE = re.compile(r"[+-]?(\d+[.,]\d+|\d{1,3}([.,' \xa0]\d{3})+([.,]\d+)?)")
"""A number with thousands separators, or with a decimal mark other than that of the file."""

SMALLEST_BLOCK = 1 << 20
"""Minimum block size of the parser in bytes; it is larger for long lines."""


def read_csv(path: Path, features: Sequence[str] | None = None) -> pa.Table:
    """Columns of a CSV file: those in `features` as floats, or all named columns.

    Raises
    ------
    DataError
        If the file is empty, binary or ragged, has no header or an unclosed quotation mark; if a
        requested column does not exist or is not numeric; if a column is numeric except for a few
        cells.
    """
    dialect = Dialect.of(path)
    if features is None and dialect.header_is_numbers:
        raise DataError(
            f"{file_named(path)} has no header: its first row is {listed(dialect.header, 4)}; "
            "add a first row with the names of the columns"
        )
    named = {name: position for position, name in enumerate(dialect.header) if name}
    names = choose_columns([name for name in dialect.header if name], features, file_named(path))
    positions = [str(named[name]) for name in names]
    table = _parse_columns(path, dialect, positions, as_floats=features is not None)
    check_quotes(path, dialect, table.num_rows)
    columns = [
        _as_floats(column, name, dialect.decimal, asked=features is not None)
        for name, column in zip(names, table.columns, strict=True)
    ]
    return type(table).from_arrays(columns, names=list(names))


def _parse_columns(
    path: Path, dialect: Dialect, positions: Sequence[str], *, as_floats: bool
) -> pa.Table:
    """The columns as floats or with inferred types; as text if the conversion fails."""
    import pyarrow as pa

    kinds = dict.fromkeys(positions, pa.float64()) if as_floats else {}
    try:
        return _parse(path, dialect, positions, kinds)
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        if "conversion error" not in str(error) and not isinstance(error, UnicodeDecodeError):
            check_quotes(path, dialect, None)
            raise DataError(_damage(path, dialect, error)) from error
    text = dict.fromkeys(positions, pa.string())
    try:
        return _parse(path, dialect, positions, text)
    except (pa.ArrowInvalid, UnicodeDecodeError):
        # The encoding was inferred from the first lines; later bytes may be invalid in it.
        return _parse(path, replace(dialect, encoding="latin-1"), positions, text)


def _parse(
    path: Path,
    dialect: Dialect,
    positions: Sequence[str],
    kinds: Mapping[str, pa.DataType],
    on_bad_row: Any = None,
) -> pa.Table:
    from pyarrow import csv

    read = csv.ReadOptions(
        use_threads=on_bad_row is None,
        block_size=max(SMALLEST_BLOCK, 4 * dialect.longest_line),
        skip_rows=dialect.header_lines,
        column_names=[str(position) for position in range(len(dialect.header))],
        encoding=dialect.encoding,
    )
    parse = csv.ParseOptions(
        delimiter=dialect.delimiter, newlines_in_values=True, invalid_row_handler=on_bad_row
    )
    convert = csv.ConvertOptions(
        column_types=kinds,
        include_columns=positions,
        null_values=MISSING,
        strings_can_be_null=True,
        decimal_point=dialect.decimal,
    )
    with open_bytes(path) as stream:
        return csv.read_csv(stream, read, parse, convert)


def _damage(path: Path, dialect: Dialect, error: Exception) -> str:
    """Message for a file that cannot be parsed; it names the first row of wrong length, if any."""
    import pyarrow as pa

    bad = []

    def remember(row: Any) -> str:
        bad.append(row)
        return "error"

    # Latin-1 accepts any byte, so that rows which are not UTF-8 can be checked as well.
    readable = replace(dialect, encoding="latin-1") if dialect.encoding == "utf-8" else dialect
    with suppress(pa.ArrowInvalid):
        _parse(path, readable, ["0"], {"0": pa.string()}, remember)
    if not bad:
        return f"{file_named(path)} cannot be read as CSV: {one_line(error)}"
    row = bad[0]
    text = row.text
    if readable is not dialect:
        text = text.encode("latin-1").decode("utf-8", errors="replace")
    return (
        f"{file_named(path)} is ragged: the header has {row.expected_columns} cells, "
        f"row {row.number - dialect.header_lines} has {row.actual_columns}: {shown(text)}"
    )


def _as_floats(column: Any, name: str, decimal: str, *, asked: bool) -> Any:
    """A text column as floats if it holds numbers.

    Raises for a requested column that is not numeric, and for any column in which most cells are
    numbers but not all.
    """
    import pyarrow as pa

    if pa.types.is_null(column.type) or pa.types.is_integer(column.type):
        return column.cast(pa.float64(), safe=False)
    if not pa.types.is_string(column.type):
        return column
    values, bad = _numbers(column, decimal)
    if not bad.any():
        return pa.array(values)
    n_numbers = np.count_nonzero(~np.isnan(values))
    row = int(bad.argmax())
    if asked or n_numbers >= np.count_nonzero(bad):
        raise not_numeric(name, row, column[row].as_py())
    if NUMBER_OTHERWISE.fullmatch(column[row].as_py().strip()):
        raise DataError(
            f"column {shown(name)} holds {shown(column[row].as_py())} in row {row + 1}, but the "
            f"decimal mark of the file is {shown(decimal)}: use this decimal mark, without "
            "thousands separators, or choose other columns"
        )
    return column


def _numbers(column: Any, decimal: str) -> tuple[Floats, Any]:
    """Cells as numbers, NaN for missing values, and a mask of invalid cells."""
    encoded = column.combine_chunks().dictionary_encode()
    if hasattr(encoded, "chunks"):
        encoded = encoded.unify_dictionaries().combine_chunks()
    parsed = [_number(text, decimal) for text in encoded.dictionary.to_pylist()]
    codes = encoded.indices.fill_null(len(parsed)).to_numpy(zero_copy_only=False)
    values = np.array([nan if value is None else value for value in [*parsed, nan]])
    bad = np.array([value is None for value in [*parsed, nan]])
    return values[codes], bad[codes]


def _number(text: str, decimal: str) -> float | None:
    """The number in a cell, NaN for a missing value, None for other text.

    Examples
    --------
    >>> _number(" 1,5", decimal=","), _number("NA ", decimal=","), _number("cheap", decimal=",")
    (1.5, nan, None)
    """
    text = text.strip()
    if text in MISSING:
        return nan
    if decimal == ",":
        if "." in text:
            return None
        text = text.replace(",", ".")
    try:
        return None if "_" in text else float(text)
    except ValueError:
        return None
