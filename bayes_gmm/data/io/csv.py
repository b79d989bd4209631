"""CSV files, read with pyarrow."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_gmm.data.columns import choose_columns
from bayes_gmm.data.io.dialect import CsvFormat, Dialect, open_bytes
from bayes_gmm.data.io.header import no_header
from bayes_gmm.data.io.quotes import check_quotes
from bayes_gmm.data.io.read_columns import ReadColumns, ReadOptions, as_numpy, usable_names
from bayes_gmm.data.io.text_column import Notation
from bayes_gmm.diagnostics.diagnostic import Diagnostic
from bayes_gmm.errors import DataError, file_named, one_line, shown

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from pyarrow import csv


def read_csv(path: Path, features: Sequence[str] | None, options: ReadOptions) -> ReadColumns:
    """Columns of a CSV file: those in `features`, or all named columns.

    Raises
    ------
    DataError
        If the file is empty, binary or ragged, has no header or an unclosed quotation mark; if a
        requested column does not exist or has the name of another one.
    """
    dialect = Dialect.of(path, options.encoding)
    if features is None and (dialect.header_is_numbers or dialect.first_row_is_data):
        raise DataError(no_header(path, dialect.header))
    try:
        names, repeated = usable_names(dialect.header, features, file_named(path))
    except DataError as error:
        hint = f"; {no_header(path, dialect.header)}" if dialect.first_row_is_data else ""
        raise DataError(f"{error}{hint}") from None
    columns = _arrow_columns(path, dialect, names, options, as_floats=features is not None)
    notation = _notation(dialect, options, padded=features is not None)
    return ReadColumns.of(columns, notation, [*repeated, *_of_file(dialect), *_truths(columns)])


def other_csv_columns(
    path: Path, without: Collection[str | None], options: ReadOptions
) -> tuple[dict[str, Any], Notation]:
    """Arrow columns with inferred types, and how their numbers are written.

    Columns in `without`, and those that share a name, are left out.
    """
    dialect = Dialect.of(path, options.encoding)
    names, _ = usable_names(dialect.header, None, file_named(path))
    names = tuple(name for name in names if name not in without)
    notation = _notation(dialect, options, padded=False)
    if not names:
        return {}, notation
    return _arrow_columns(path, dialect, names, options, as_floats=False), notation


def _notation(dialect: Dialect, options: ReadOptions, *, padded: bool) -> Notation:
    return Notation(dialect.decimal, dialect.firm_decimal, options.all_missing, padded)


def _arrow_columns(
    path: Path, dialect: Dialect, names: Sequence[str], options: ReadOptions, *, as_floats: bool
) -> dict[str, Any]:
    """Columns as floats or with inferred types; as text where numbers cannot be parsed safely."""
    positions = [str(dialect.header.index(name)) for name in names]
    table = _parse_columns(path, dialect, positions, options, as_floats=as_floats)
    check_quotes(path, dialect, table.num_rows)
    suspects = _suspects(table, dialect, positions)
    if suspects:
        kinds = [str(position) for position in suspects]
        text = _parse_text(path, dialect, kinds, options)
        for name, column in zip(kinds, text.columns, strict=True):
            table = table.set_column(table.column_names.index(name), name, column)
    return dict(zip(names, table.columns, strict=True))


def csv_header(path: Path, options: ReadOptions) -> Sequence[str]:
    """Names of the columns of a CSV file."""
    return Dialect.of(path, options.encoding).header


def written_format(path: Path, options: ReadOptions) -> CsvFormat:
    """The format in which results about a CSV file are written."""
    return Dialect.of(path, options.encoding).written


def csv_cells(
    path: Path, column: str | None, options: ReadOptions
) -> tuple[pd.DataFrame, CsvFormat]:
    """All columns of a CSV file, or one, as unchanged text, and the format to write.

    Raises
    ------
    DataError
        If rows differ in length, or a quotation mark merges rows.
    """
    dialect = Dialect.of(path, options.encoding)
    if column is not None:
        choose_columns(dialect.header, [column], file_named(path))
    table, dialect = _text_cells(path, dialect, column)
    check_quotes(path, dialect, table.num_rows)
    names = list(dialect.header) if column is None else [column]
    return table.to_pandas().set_axis(names, axis=1), dialect.written


def _text_cells(path: Path, dialect: Dialect, column: str | None) -> tuple[pa.Table, Dialect]:
    """All columns of a CSV file, or one, as unchanged text, and the dialect that decodes them."""
    import pyarrow as pa
    from pyarrow import csv

    chosen = range(len(dialect.header)) if column is None else [dialect.header.index(column)]
    positions = [str(position) for position in chosen]
    convert = csv.ConvertOptions(
        column_types=dict.fromkeys(positions, pa.string()),
        include_columns=positions,
        strings_can_be_null=False,
    )
    try:
        return _parse(path, dialect, convert), dialect
    except (pa.ArrowInvalid, UnicodeDecodeError):  # later bytes may be invalid in the encoding
        decoded = dialect.in_latin_1
    try:
        return _parse(path, decoded, convert), decoded
    except pa.ArrowInvalid as error:
        check_quotes(path, dialect, None)
        raise DataError(_damage(path, dialect, error)) from error


def _of_file(dialect: Dialect) -> Iterator[Diagnostic]:
    """Findings about lines outside the table, and about a guessed encoding."""
    if dialect.above:
        yield Diagnostic("lines_above", (), {"lines": list(dialect.above)})
    if dialect.second_header:
        cells = [cell.strip() for cell in dialect.second_header if cell.strip()]
        yield Diagnostic("second_header", (), {"cells": cells})
    if dialect.guessed:
        yield Diagnostic("guessed_encoding", (), {"encoding": dialect.encoding})


def _truths(columns: Mapping[str, Any]) -> Iterator[Diagnostic]:
    """Findings about columns that hold true and false."""
    import pyarrow as pa

    for name, column in columns.items():
        if pa.types.is_boolean(column.type):
            yield Diagnostic("cells_read", (name,), {"forms": ["truth"], "rows": len(column)})


def _suspects(table: pa.Table, dialect: Dialect, positions: Sequence[str]) -> list[int]:
    """Columns of numbers whose text must be seen: leading zeros, and possible thousands marks."""
    import pyarrow as pa

    found = []
    for position, column in zip(positions, table.columns, strict=True):
        number = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
        if number and (int(position) in dialect.zero_padded or _may_be_thousands(column)):
            found.append(int(position))
    return found


def _may_be_thousands(column: Any, sampled: int = 256) -> bool:
    """Whether thousands marks of the numbers may have been read as decimal marks.

    If the comma is the decimal mark, 5,200 is read as 5.2: such numbers are 0 or from 1 to 1000
    and have up to three decimals. The first `sampled` values of a chunk are inspected first.
    """
    import pyarrow as pa

    if not pa.types.is_floating(column.type):
        return False
    for chunk in column.chunks:
        whole = True
        values = as_numpy(chunk.drop_null() if chunk.null_count else chunk)
        for part in (values[:sampled], values):
            size = np.abs(part)
            if not ((size < 1000.0) & ((size >= 1.0) | (size == 0.0))).all():
                return False
            steps = 1000.0 * size
            if not (np.abs(steps - np.rint(steps)) < 1e-7 * np.maximum(steps, 1.0)).all():
                return False
            whole = bool((size == np.rint(size)).all())
        if not whole:
            return True
    return False


def _parse_columns(
    path: Path,
    dialect: Dialect,
    positions: Sequence[str],
    options: ReadOptions,
    *,
    as_floats: bool,
) -> pa.Table:
    """The columns as floats or with inferred types; as text if the conversion fails."""
    import pyarrow as pa

    kinds = dict.fromkeys(positions, pa.float64()) if as_floats else {}
    try:
        return _parse(path, dialect, _conversion(dialect, positions, kinds, options))
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        if "conversion error" not in str(error) and not isinstance(error, UnicodeDecodeError):
            check_quotes(path, dialect, None)
            raise DataError(_damage(path, dialect, error)) from error
    return _parse_text(path, dialect, positions, options)


def _parse_text(
    path: Path, dialect: Dialect, positions: Sequence[str], options: ReadOptions
) -> pa.Table:
    """The columns as text."""
    import pyarrow as pa

    text = _conversion(dialect, positions, dict.fromkeys(positions, pa.string()), options)
    try:
        return _parse(path, dialect, text)
    except (pa.ArrowInvalid, UnicodeDecodeError):
        # The encoding was inferred from the first lines; later bytes may be invalid in it.
        if options.encoding is not None:
            raise DataError(
                f"{file_named(path)} is not written in {dialect.encoding}; give another encoding"
            ) from None
        return _parse(path, dialect.in_latin_1, text)


def _conversion(
    dialect: Dialect,
    positions: Sequence[str],
    kinds: Mapping[str, pa.DataType],
    options: ReadOptions,
) -> csv.ConvertOptions:
    """Conversion of some columns to these types, or to inferred ones."""
    from pyarrow import csv

    return csv.ConvertOptions(
        column_types=kinds,
        include_columns=positions,
        null_values=options.all_missing,
        strings_can_be_null=True,
        decimal_point=dialect.decimal,
    )


def _parse(
    path: Path,
    dialect: Dialect,
    convert: csv.ConvertOptions,
    on_bad_row: Any = None,
    smallest_block: int = 1 << 20,
) -> pa.Table:
    """Parse with blocks of at least `smallest_block` bytes, which hold several long lines."""
    from pyarrow import csv

    read = csv.ReadOptions(
        use_threads=on_bad_row is None,
        block_size=max(smallest_block, 4 * dialect.longest_line),
        skip_rows=dialect.header_lines,
        column_names=[str(position) for position in range(len(dialect.header))],
        encoding=dialect.encoding,
    )
    parse = csv.ParseOptions(
        delimiter=dialect.delimiter, newlines_in_values=True, invalid_row_handler=on_bad_row
    )
    with open_bytes(path) as stream:
        return csv.read_csv(stream, read, parse, convert)


def _damage(path: Path, dialect: Dialect, error: Exception) -> str:
    """Message for a file that cannot be parsed; it names the first row of wrong length, if any."""
    import pyarrow as pa
    from pyarrow import csv

    bad = []

    def remember(row: Any) -> str:
        bad.append(row)
        return "error"

    # Rows that are not UTF-8 are checked as well.
    readable = dialect.in_latin_1 if dialect.encoding == "utf-8" else dialect
    with suppress(pa.ArrowInvalid):
        first = csv.ConvertOptions(column_types={"0": pa.string()}, include_columns=["0"])
        _parse(path, readable, first, remember)
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
