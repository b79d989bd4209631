"""Diagnostics of how a table was read: columns that are not numbers, cells and lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bayes_gmm.diagnostics.kind import TEXT, Kind, OptionNames, Parts, Subject, Values, fixed
from bayes_gmm.errors import DataWarning, listed, shown
from bayes_gmm.text import counted

OFFERED = frozenset(
    {"?", "-", "--", "---", ".", "..", "...", "*", "–", "—", "unknown", "n.a.", "n/d", "nd", "n.d.",
     "missing", "not available", "not applicable", "no data", "k.a.", "k. a.", "s/d", "x", "xx",
     "(blank)", "blank", "(null)", "#div/0!", "#value!", "#ref!", "#name?", "#num!", "#null!",
     "#wert!", "#bezug!", "#nv", "undefined", "unbekannt", "inconnu", "desconocido", "tbd", "void"}
)  # fmt: skip
"""Texts that often stand for missing values, in lower case."""

HELD = {
    "text_column": "text",
    "date_column": "dates or times",
    "leading_zeros": "codes with leading zeros",
    "mixed_cells": "cells that are not numbers",
    "contradicting_notations": "numbers in contradicting notations",
    "cell_type": "values that are not numbers",
    "formula_cells": "formulas without values",
}
"""Contents of columns that are left out, by code."""

FORMS = {
    "truth": "true and false as 1 and 0",
    "percent": "percentages without the percent sign (12 % as 12)",
    "brackets": "accounting brackets as negative numbers",
    "trailing": "numbers with a minus sign behind them as negative",
    "text": "text of spreadsheets as numbers",
    "zeros": "numbers without their leading zeros",
}
"""Ways of reading cells, by what the cells have besides digits."""


def _not_numeric(columns: Subject, values: Values) -> str:
    return (
        f"column {shown(columns[0])} is not numeric: row {values['row']} holds "
        f"{shown(values['text'])}"
    )


def _text_column(columns: Subject, values: Values, options: OptionNames) -> Parts:
    return _not_numeric(columns, values), "choose numeric columns, or encode it as numbers"


def _date_column(columns: Subject, values: Values, options: OptionNames) -> Parts:
    remedy = "choose other columns, or convert the dates to numbers of days"
    return _not_numeric(columns, values), remedy


def _leading_zeros(columns: Subject, values: Values, options: OptionNames) -> Parts:
    return (
        f"{_not_numeric(columns, values)}, with leading zeros, which numbers drop",
        "select the column by its name to read it as a number",
    )


def _cell_type(columns: Subject, values: Values, options: OptionNames) -> Parts:
    return (
        f"{_not_numeric(columns, values)} of type {values['type']}",
        "each cell of the argument must be a number, not a string or another object: choose other "
        "columns, or convert this one to numbers",
    )


def _mixed_cells(columns: Subject, values: Values, options: OptionNames) -> Parts:
    texts: dict[str, int] = dict(values["texts"])
    more = f" and {values['distinct'] - len(texts)} more" if values["distinct"] > len(texts) else ""
    which = ", ".join(f"{shown(text)} in {counted(n, 'row')}" for text, n in texts.items())
    found = f"{_not_numeric(columns, values)} ({counted(values['rows'], 'cell')}: {which}{more})"
    known = [shown(text) for text in texts if text.lower() in OFFERED]
    if known:
        return found, f"to read such cells as missing, use {options.missing_cells(known)}"
    if more:
        return found, "correct these cells"
    option = options.missing_cells(list(map(shown, texts)))
    return found, f"correct these cells, or use {option} to read them as missing"


def _contradicting_notations(columns: Subject, values: Values, options: OptionNames) -> Parts:
    return (
        f"column {shown(columns[0])} holds numbers in contradicting notations: row {values['row']} "
        f"holds {shown(values['text'])}, but row {values['other_row']} holds "
        f"{shown(values['other_text'])}",
        "write all its numbers in one notation",
    )


def _formula_cells(columns: Subject, values: Values, options: OptionNames) -> Parts:
    return (
        f"column {shown(columns[0])} holds formulas whose values the workbook does not contain "
        f"({counted(values['rows'], 'cell')}, the first in row {values['row']})",
        "open it in a spreadsheet program and save it, or export the table as CSV",
    )


def _repeated_name(columns: Subject, values: Values, options: OptionNames) -> Parts:
    found = f"{values['times']} columns are named {shown(columns[0])}"
    return found, "rename all but one to use it"


def _left_out(columns: Subject, values: Values, options: OptionNames) -> Parts:
    """One text for all columns with the same code; `first` has the values of the first."""
    code, n = values["code"], len(columns)
    if code in ("text_column", "date_column"):
        found = "the column that holds" if n == 1 else f"{n} columns that hold"
        return f"left out {found} {HELD[code]}: {_named(columns)}", ""
    first, remedy = UNUSABLE[code].text(columns, values["first"], options)
    if n == 1:
        return f"left out: {first}", remedy
    why = f"hold {HELD[code]}" if code in HELD else "share their name with other columns"
    return f"left out {n} columns that {why}: {_named(columns)}; {first}", remedy


def _cells_read(columns: Subject, values: Values, options: OptionNames) -> Parts:
    forms = " and ".join(map(form_text, values["forms"]))
    example = ""
    if "value" in values:
        example = f", such as {shown(values['text'])} as {values['value']:.15g}"
    why = ", because three digits follow each such mark" if values.get("ambiguous") else ""
    return f"column{'s' * (len(columns) > 1)} {_named(columns)}: read {forms}{example}{why}", ""


def form_text(form: str) -> str:
    """A way of reading cells: one of `FORMS`, or a kind of sign and the sign.

    Examples
    --------
    >>> form_text("thousands ,"), form_text("currency $")
    ("',' as a thousands mark", "numbers with the currency sign '$'")
    """
    word, _, mark = form.partition(" ")
    if word in ("thousands", "decimal"):
        return f"{shown(mark)} as a {word} mark"
    if word in ("currency", "suffix"):
        return f"numbers with the {'currency sign' if word == 'currency' else word} {shown(mark)}"
    return FORMS[form]


def _lines_above(subject: Subject, values: Values, options: OptionNames) -> Parts:
    lines = values["lines"]
    found = f"skipped {counted(len(lines), 'line')} above the header, the first being"
    return f"{found} {shown(lines[0])}", ""


def _second_header(subject: Subject, values: Values, options: OptionNames) -> Parts:
    cells = listed([shown(cell) for cell in values["cells"]], TEXT.most_cells)
    return f"skipped the row below the header, which names units or columns: {cells}", ""


def _error_cells(columns: Subject, values: Values, options: OptionNames) -> Parts:
    first = f"{counted(values['rows'], 'cell')} with an error, such as {shown(values['text'])}"
    if len(columns) > 1:
        return f"columns {_named(columns)}: read cells with an error as missing", ""
    return f"column {_named(columns)}: read as missing {first} in row {values['row']}", ""


def _sheet_read(subject: Subject, values: Values, options: OptionNames) -> Parts:
    others = [f"{word}: {_named(values[word])}" for word in ("empty", "hidden") if values[word]]
    return (
        f"read sheet {shown(values['sheet'])}; other sheets are not read ({'; '.join(others)})",
        "",
    )


def _named(columns: Sequence[str]) -> str:
    return listed([shown(name) for name in columns], TEXT.most_columns)


UNUSABLE: Mapping[str, Kind] = {
    "text_column": Kind("error", _text_column),
    "date_column": Kind("error", _date_column),
    "leading_zeros": Kind("error", _leading_zeros),
    "mixed_cells": Kind("error", _mixed_cells),
    "contradicting_notations": Kind("error", _contradicting_notations),
    "repeated_name": Kind("error", _repeated_name),
    "cell_type": Kind("error", _cell_type),
    "formula_cells": Kind("error", _formula_cells),
}
"""Columns that are not read, or only if they are requested."""

READ: Mapping[str, Kind] = {
    "left_out": Kind("warning", _left_out, DataWarning),
    "cells_read": Kind("note", _cells_read, DataWarning),
    "lines_above": Kind("note", _lines_above, DataWarning),
    "second_header": Kind("note", _second_header, DataWarning),
    "error_cells": Kind("note", _error_cells, DataWarning),
    "sheet_read": Kind("note", _sheet_read, DataWarning),
    "guessed_encoding": Kind(
        "note",
        fixed(
            "read the file as {encoding}, judged by its letters",
            "if names look wrong, use {options.encoding}",
        ),
        DataWarning,
    ),
    "written_as_utf8": Kind(
        "note",
        fixed("{encoding} lacks a character of the table: the file is written in UTF-8"),
        DataWarning,
    ),
}
"""How a file was read and written."""
