"""Tables in Excel workbooks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bayes_gmm.data.columns import choose_columns
from bayes_gmm.data.io.dialect import CsvFormat
from bayes_gmm.data.io.header import no_header
from bayes_gmm.data.io.read_columns import ReadColumns, ReadOptions, usable_names
from bayes_gmm.data.io.sheet import Sheet, arrow_column, cell_findings, plain_cells
from bayes_gmm.data.io.text_column import Notation
from bayes_gmm.data.io.workbook import sheet_cells
from bayes_gmm.errors import DataError, file_named

if TYPE_CHECKING:
    import pandas as pd


def read_excel(path: Path, features: Sequence[str] | None, options: ReadOptions) -> ReadColumns:
    """Columns of a sheet: those in `features`, or all named columns.

    Raises
    ------
    DataError
        If the file cannot be read, or a requested column does not exist or shares its name; see
        `sheet_cells` and `Sheet.of`.
    """
    sheet = _sheet(path, options)
    if features is None and sheet.first_row_is_data:
        raise DataError(no_header(path, sheet.header))
    try:
        names, repeated = usable_names(sheet.header, features, file_named(path))
    except DataError as error:
        hint = f"; {no_header(path, sheet.header)}" if sheet.first_row_is_data else ""
        raise DataError(f"{error}{hint}") from None
    found = {name: list(cell_findings(name, sheet.cells(name))) for name in names}
    whole = [name for name in names if all(f.code != "formula_cells" for f in found[name])]
    if names and not whole:
        raise DataError(found[names[0]][0])
    findings = [*repeated, *sheet.findings, *(f for each in found.values() for f in each)]
    notation = _notation(sheet, options, padded=features is not None)
    columns = {name: arrow_column(sheet.cells(name), options.all_missing) for name in whole}
    read = ReadColumns.of(columns, notation, findings)
    return replace(read, names=names, n_rows=sheet.n_rows)


def other_excel_columns(
    path: Path, without: Collection[str | None], options: ReadOptions
) -> tuple[dict[str, Any], Notation]:
    """Typed arrow columns, except those in `without`, and how numbers in text are written."""
    sheet = _sheet(path, options)
    names, _ = usable_names(sheet.header, None, file_named(path))
    columns = {
        name: arrow_column(sheet.cells(name), options.all_missing)
        for name in names
        if name not in without
    }
    return columns, _notation(sheet, options, padded=False)


def excel_header(path: Path, options: ReadOptions) -> Sequence[str]:
    """Names of the columns of a sheet."""
    return _sheet(path, options).header


def excel_cells(
    path: Path, column: str | None, options: ReadOptions
) -> tuple[pd.DataFrame, CsvFormat]:
    """All columns of a sheet, or one, with their typed cells, and the format to write."""
    import pandas as pd

    sheet = _sheet(path, options)
    if column is not None:
        choose_columns(sheet.header, [column], file_named(path))
    kept = range(len(sheet.header)) if column is None else [sheet.header.index(column)]
    cells = {place: plain_cells(sheet.columns[place]) for place in kept}
    frame = pd.DataFrame(cells, dtype=object).set_axis([sheet.header[j] for j in kept], axis=1)
    return frame, CsvFormat()


def _sheet(path: Path, options: ReadOptions) -> Sheet:
    state = path.stat()
    return _sheet_of(path, options.sheet, (state.st_mtime_ns, state.st_size, state.st_ino))


@lru_cache(maxsize=1)
def _sheet_of(path: Path, name: str | None, state: tuple[int, ...]) -> Sheet:
    """Read a sheet of a file in a given state.

    The last sheet is kept, since a command reads features, identifiers and other columns one after
    the other, and reading 300,000 cells takes several seconds.
    """
    return Sheet.of(sheet_cells(path, name), path)


def _notation(sheet: Sheet, options: ReadOptions, *, padded: bool) -> Notation:
    return Notation(sheet.decimal, sheet.firm_decimal, options.all_missing, padded)
