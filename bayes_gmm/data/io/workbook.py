"""Sheets of Excel workbooks, read with openpyxl."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Any

from bayes_gmm.diagnostics.diagnostic import Diagnostic, without_warnings
from bayes_gmm.errors import DataError, file_named, listed, nearest, one_line, shown

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""First bytes of ZIP archives, which .xlsx files are, and of .xls files."""
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
"""Name of a stream in .xlsx files with a password, which have the first bytes of .xls files."""
FORMULA_TAG = re.compile(rb"<(\w+:)?f[\s/>]")
"""A formula in the XML of a sheet."""
Row = tuple[Any, ...]


class SheetError(DataError):
    """The data of a workbook are not in one visible sheet, and no sheet is chosen."""


class Formula(str):
    """Formula of a cell whose value the workbook does not contain."""

    __slots__ = ()


@dataclass(frozen=True, eq=False)
class SheetCells:
    """The cells of one sheet.

    Attributes
    ----------
    title : str
    rows : tuple of tuple
        Rows with at least one value. Empty cells are None; rows may differ in length.
    findings : tuple of Diagnostic
        Which sheet was read, if the workbook has others.
    """

    title: str
    rows: tuple[Row, ...]
    findings: tuple[Diagnostic, ...]


def is_workbook(start: bytes) -> bool:
    """Whether a file with these first bytes may be a workbook, of the current or an old format."""
    return start.startswith((ZIP, OLE))


def sheet_cells(path: Path, sheet: str | None) -> SheetCells:
    """Read a sheet; by default the only visible sheet that is not empty.

    Raises
    ------
    DataError
        If the file is no .xlsx workbook, is damaged or has a password; if the sheet does not exist
        or is not determined.
    """
    _refuse_other_formats(path)
    with _opened(path) as book:
        chosen, findings = _chosen(path, book, sheet)
        rows = _rows(chosen)
        if not _has_formulas(path):
            return SheetCells(chosen.title, _filled(rows), findings)
        with _opened(path, formulas=True) as same:
            rows = map(_with_formulas, rows, _rows(same[chosen.title]))
            return SheetCells(chosen.title, _filled(rows), findings)


def is_empty(cell: Any) -> bool:
    """Whether a cell holds nothing or only spaces."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _rows(sheet: Any) -> Iterator[Row]:
    sheet.reset_dimensions()  # the stated size of a sheet may be wrong
    return iter(sheet.iter_rows(values_only=True))


def _filled(rows: Iterator[Row]) -> tuple[Row, ...]:
    return tuple(row for row in rows if not all(map(is_empty, row)))


def _with_formulas(values: Row, formulas: Row) -> Row:
    """The values, with formulas in place of values that were not stored."""
    return tuple(
        Formula(getattr(formula, "text", formula)) if value is None and formula is not None
        else value
        for value, formula in zip(values, formulas or repeat(None), strict=False)
    )  # fmt: skip


def _has_formulas(path: Path) -> bool:
    with zipfile.ZipFile(path) as archive:
        sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/")]
        return any(FORMULA_TAG.search(archive.read(name)) for name in sheets)


@contextmanager
def _opened(path: Path, *, formulas: bool = False) -> Iterator[Any]:
    """The workbook, with the stored values of formulas or with the formulas."""
    import openpyxl

    try:
        with path.open("rb") as stream, without_warnings():
            book = openpyxl.load_workbook(stream, read_only=True, data_only=not formulas)
            try:
                yield book
            finally:
                book.close()
    except (DataError, MemoryError):
        raise
    except Exception as error:  # openpyxl raises errors of many types for damaged files
        raise DataError(
            f"{file_named(path)} is a damaged Excel workbook: open it in a spreadsheet program and "
            f"save it again ({one_line(error) or type(error).__name__})"
        ) from error


def _refuse_other_formats(path: Path) -> None:
    """Raise for files with the first bytes of a workbook that are none, or cannot be read."""
    save = "open it in a spreadsheet program and save it as .xlsx or CSV"
    with path.open("rb") as stream:
        if stream.read(len(OLE)) == OLE:
            if ENCRYPTED in stream.read():
                raise DataError(
                    f"{file_named(path)} has a password; save a copy without it, or export the "
                    "table as CSV"
                )
            raise DataError(f"{file_named(path)} is in the old Excel format .xls; {save}")
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            kind = archive.read("mimetype") if "mimetype" in names else b""
    except zipfile.BadZipFile as error:
        raise DataError(
            f"{file_named(path)} is a damaged Excel workbook or ZIP archive: save it again "
            f"({one_line(error)})"
        ) from error
    if b"opendocument" in kind:
        raise DataError(f"{file_named(path)} is an OpenDocument file (.ods); {save}")
    if "xl/workbook.bin" in names:
        raise DataError(f"{file_named(path)} is a binary Excel workbook (.xlsb); {save}")
    if "[Content_Types].xml" not in names:
        raise DataError(
            f"{file_named(path)} is a ZIP archive, not an Excel workbook; unpack it, or export the "
            "table as .xlsx or CSV"
        )


def _chosen(path: Path, book: Any, sheet: str | None) -> tuple[Any, tuple[Diagnostic, ...]]:
    """The requested sheet, or the only visible one with data; and findings about the others."""
    if sheet is not None:
        return _named(path, book, sheet), ()
    visible = [each for each in book.worksheets if each.sheet_state == "visible"]
    full = [each for each in visible if any(not is_empty(c) for row in _rows(each) for c in row)]
    titles = [each.title for each in full]
    hidden = [each.title for each in book.worksheets if each.sheet_state != "visible"]
    if len(full) > 1:
        raise SheetError(
            f"{file_named(path)} has {len(full)} sheets with data: {_quoted(titles)}; choose one "
            f"with sheet= or --sheet, such as {titles[0]!r}"
        )
    if not full:
        more = f"; to read a hidden sheet ({_quoted(hidden)}), use sheet= or --sheet"
        raise SheetError(f"{file_named(path)} has no sheet with data{more if hidden else ''}")
    empty = [each.title for each in visible if each is not full[0]]
    if not (empty or hidden):
        return full[0], ()
    values = {"sheet": titles[0], "empty": empty, "hidden": hidden}
    return full[0], (Diagnostic("sheet_read", (), values),)


def _named(path: Path, book: Any, sheet: str) -> Any:
    titles = {each.title.casefold(): each for each in book.worksheets}
    if sheet.casefold() in titles:
        return titles[sheet.casefold()]
    names = [each.title for each in book.worksheets]
    near = nearest(sheet, names)
    hint = "." if near is None else f"; did you mean {shown(near)}?"
    said = f"{file_named(path)} has no sheet {shown(sheet)}{hint}"
    raise DataError(f"{said} It has: {_quoted(names)}")


def _quoted(titles: Sequence[str]) -> str:
    return listed([shown(title) for title in titles])
