"""Options for new names of segments, one by one or in a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    import pandas as pd

    from bayes_gmm.results.fit.map_fit import MapFit
    from bayes_gmm.results.posterior.posterior import Posterior

NameChanges = Sequence[tuple[str, str]]
"""Pairs of an old name, or the number of a segment from 1, and a new name."""


class Renaming(click.ParamType):
    """A segment and its new name, OLD=NEW."""

    name = "old=new"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, str]:
        """The old and the new name."""
        if isinstance(value, tuple):
            return value
        old, equals, new = value.partition("=")
        if not equals or not old.strip() or not new.strip():
            self.fail(f"{value!r} is not OLD=NEW", param, ctx)
        return old.strip(), new.strip()


def names_of_segments(command: Any) -> Any:
    """Add the options for new names of segments."""
    one = click.option(
        "--name",
        "names",
        type=Renaming(),
        multiple=True,
        help="New name of a segment, such as 'Segment 1=Everyday shoppers' or '1=Everyday "
        "shoppers'; repeat the option.",
    )
    table = click.option(
        "--names",
        "names_file",
        metavar="FILE",
        help="New names of segments: a CSV or Excel file with the columns segment (old name or "
        "number) and name.",
    )
    return one(table(command))


def name_changes(names: NameChanges, file: str | None) -> list[tuple[str, str]]:
    """The pairs of --name and of the file of --names.

    Raises
    ------
    DataError
        If the file cannot be read or lacks a column, or a row has a name without a segment.
    """
    return [*([] if file is None else _pairs_in(file)), *names]


def renamed_model(model: MapFit | Posterior, changes: NameChanges) -> MapFit | Posterior:
    """The model with new names of segments.

    Raises
    ------
    DataError
        If there is no such segment, if one is given two names, or two the same name.
    """
    return model.rename(by_old_name(changes, model.names)) if changes else model


def by_old_name(changes: NameChanges, names: Sequence[str]) -> dict[str, str]:
    """New names by old names; a number that is no name counts the segments from 1.

    Examples
    --------
    >>> by_old_name([("2", "Careful")], ["Segment 1", "Segment 2"])
    {'Segment 2': 'Careful'}
    """
    from bayes_gmm.errors import DataError, shown

    found: dict[str, str] = {}
    for text, new in changes:
        old = text
        if text not in names and text.isdecimal() and 1 <= int(text) <= len(names):
            old = names[int(text) - 1]
        if found.setdefault(old, new) != new:
            raise DataError(
                f"segment {shown(old)} has two new names, {shown(found[old])} and {shown(new)}; "
                "give one"
            )
    return found


def _pairs_in(file: str) -> list[tuple[str, str]]:
    from bayes_gmm.cli.tables import whole_table
    from bayes_gmm.data.io.files import refuse_no_file
    from bayes_gmm.data.io.read_columns import ReadOptions
    from bayes_gmm.data.io.workbook import SheetError
    from bayes_gmm.errors import DataError, file_named

    refuse_no_file(Path(file).expanduser())
    try:
        cells = whole_table(file, ReadOptions()).cells
    except SheetError as error:  # --sheet is the sheet of the rows
        raise DataError(
            f"{file_named(file)} must have the names in its only visible sheet with data; save "
            "that sheet as a file of its own"
        ) from error
    old, new = (_column(cells, name, file) for name in ("segment", "name"))
    for row, (segment, name) in enumerate(zip(old, new, strict=True), start=1):
        if name and not segment:
            raise DataError(f"{file_named(file)} has no segment for the name in row {row}")
    return [(segment, name) for segment, name in zip(old, new, strict=True) if name]


def _column(cells: pd.DataFrame, name: str, file: str) -> list[str]:
    """A column as text without spaces around it; empty where a cell is missing."""
    from bayes_gmm.errors import DataError, file_named, listed

    places = [j for j, known in enumerate(cells.columns) if str(known).strip().lower() == name]
    if len(places) != 1:
        raise DataError(
            f"{file_named(file)} must have one column named segment and one named name; it has: "
            f"{listed(list(map(str, cells.columns)))}"
        )
    return [_text(cell) for cell in cells.iloc[:, places[0]].astype(object)]


def _text(cell: Any) -> str:
    if cell is None or cell != cell:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()
