"""Writing of files: folders that are filled or left unchanged, and CSV safe for spreadsheets."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bayes_gmm.data.io.dialect import CsvFormat
from bayes_gmm.diagnostics.diagnostic import Diagnostic, warn

if TYPE_CHECKING:
    import pandas as pd

COMMA = CsvFormat()
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""Includes full-width characters, which East Asian spreadsheets treat alike."""
INNER_START = re.compile(r"([;|\t\r\n][\"\s]*)(?=[=+\-@＝＋－＠])")
"""Start of a cell for spreadsheets that use a separator other than the comma."""
NUMBER = re.compile(r"[+-]?(\d[\d.,]*|[.,]\d+)([eE][+-]?\d+)?%?", re.ASCII)
NO_NUMBERS = ("-inf", "+inf", "-infinity", "+infinity", "-nan", "+nan")
"""Non-finite numbers as text; they are not formulas and must stay readable."""


def write_csv(table: pd.DataFrame, path: Path, csv: CsvFormat = COMMA) -> None:
    """Write CSV in which spreadsheets cannot execute any text as a formula.

    If the encoding lacks a character of the table, the file is written in UTF-8, with a warning.
    """
    safe = table.copy()
    safe.columns = [safe_text(str(name)) for name in table.columns]
    for position, kind in enumerate(table.dtypes):
        if kind.kind not in "biuf":
            cells = table.iloc[:, position].astype(object).map(safe_text)
            safe.isetitem(position, cells)
    options: dict[str, Any] = {"index": False, "sep": csv.delimiter, "decimal": csv.decimal}
    try:
        safe.to_csv(path, encoding=csv.encoding, **options)
    except UnicodeEncodeError:
        warn([Diagnostic("written_as_utf8", (), {"encoding": csv.encoding})], stacklevel=2)
        safe.to_csv(path, encoding="utf-8-sig", **options)


def safe_text(cell: Any) -> Any:
    """Put an apostrophe before text that a spreadsheet would execute as a formula.

    Apostrophes are also inserted inside a cell, after characters that some spreadsheets treat as
    separators. Numbers stay unchanged, also as text and with a decimal comma.

    Examples
    --------
    >>> safe_text("=1+1"), safe_text("-12.5"), safe_text("-0,5"), safe_text("@home")
    ("'=1+1", '-12.5', '-0,5', "'@home")
    """
    if not isinstance(cell, str):
        return cell
    number = cell.strip(" ")
    if NUMBER.fullmatch(number) or number.lower() in NO_NUMBERS:
        return cell
    cell = INNER_START.sub(r"\1'", cell)
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell


def check_folder(folder: Path) -> None:
    """Raise if a folder cannot be written, before the fit starts.

    Raises
    ------
    OSError
        If the path exists but is not a folder, or writing there is not allowed.
    """
    there = _nearest_place(folder)
    if not there.is_dir():
        raise NotADirectoryError(f"cannot write into '{folder}': '{there}' is not a folder")
    _new_draft(folder, there).rmdir()


@contextmanager
def filling(folder: Path) -> Iterator[Path]:
    """Yield an empty draft folder whose files move into `folder` when the block has succeeded.

    If the block or the move fails, `folder` is left unchanged.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as place:
    ...     with filling(Path(place) / "out") as draft:
    ...         _ = (draft / "a.txt").write_text("all of it")
    ...     [file.name for file in (Path(place) / "out").iterdir()]
    ['a.txt']
    """
    folder = Path(os.path.realpath(folder))
    check_folder(folder)
    there = _nearest_place(folder)
    draft = _new_draft(folder, there)
    try:
        yield draft
        _move_in(draft, folder, there)
    except OSError as error:
        place = Path(str(error.filename))
        if draft in place.parents:
            raise type(error)(error.errno, error.strerror, str(folder / place.name)) from error
        raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _nearest_place(folder: Path) -> Path:
    """The folder itself, or its nearest existing parent."""
    return next(place for place in (folder, *folder.absolute().parents) if place.exists())


def _new_draft(folder: Path, there: Path) -> Path:
    try:
        return Path(tempfile.mkdtemp(prefix=".bayes-gmm-", dir=there))
    except OSError as error:
        message = f"cannot write into '{folder}': {error.strerror or error}"
        raise type(error)(message) from error


def _move_in(draft: Path, folder: Path, there: Path) -> None:
    new = [file.name for file in draft.iterdir()]
    before = draft / "before"
    before.mkdir()
    moved = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in new:
            _keep(folder / name, before / name)
            os.replace(draft / name, folder / name)
            moved.append(name)
    except BaseException:
        for name in moved:
            (folder / name).unlink()
            if (before / name).exists():
                os.replace(before / name, folder / name)
        _remove_empty(folder, there)
        raise


def _keep(file: Path, copy: Path) -> None:
    """Back up an existing file, so that it can be restored."""
    if file.is_dir():
        raise IsADirectoryError(f"cannot write '{file}': it is a folder")
    if file.exists():
        shutil.copy2(file, copy)


def _remove_empty(folder: Path, there: Path) -> None:
    """Remove the created folders below the existing one."""
    while folder != there and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
