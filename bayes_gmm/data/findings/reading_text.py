"""Text about columns that are not numbers, and about how cells were read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bayes_gmm.errors import listed, shown

Values = Mapping[str, Any]

OFFERED = frozenset(
    {"?", "-", "--", "---", ".", "..", "...", "*", "–", "—", "unknown", "n.a.", "n/d", "nd", "n.d.",
     "missing", "not available", "not applicable", "no data", "k.a.", "k. a.", "s/d", "x", "xx",
     "(blank)", "blank", "(null)", "#div/0!", "#value!", "#ref!", "#name?", "#num!", "#null!",
     "#wert!", "#bezug!", "#nv", "undefined", "unbekannt", "inconnu", "desconocido", "tbd", "void"}
)  # fmt: skip
"""Texts that often stand for missing values, in lower case."""

ADVICE = {
    "text": "choose numeric columns, or encode it as numbers",
    "date": "choose other columns, or convert the dates to numbers of days",
    "code": "numbers drop these zeros: name the column in `features` to read it as a number",
    "repeated": "rename all but one to use it",
    "type": "each cell of the argument must be a number, not a string or another object: choose "
    "other columns, or convert this one to numbers",
}
WHY = {
    "text": "hold text",
    "date": "hold dates or times",
    "code": "hold codes with leading zeros",
    "mixed": "hold cells that are not numbers",
    "ambiguous": "hold numbers in contradicting notations",
    "repeated": "share their name with other columns",
    "type": "hold values that are not numbers",
}
FORM = {
    "truth": "true and false as 1 and 0",
    "percent": "percentages without the percent sign (12 % as 12)",
    "brackets": "accounting brackets as negative numbers",
    "trailing": "numbers with a minus sign behind them as negative",
    "text": "text of spreadsheets as numbers",
    "zeros": "numbers without their leading zeros",
}


def unusable_text(columns: Sequence[str], values: Values) -> str:
    """Why a column is not numeric, with advice."""
    name, reason = shown(columns[0]), values["reason"]
    if reason == "repeated":
        return f"{values['times']} columns are named {name}; {ADVICE[reason]}"
    start = f"column {name} is not numeric: "
    if reason == "ambiguous":
        return (
            f"column {name} holds numbers in contradicting notations: row {values['row']} holds "
            f"{shown(values['text'])}, but row {values['other_row']} holds "
            f"{shown(values['other_text'])}; write all its numbers in one notation"
        )
    if reason == "mixed":
        return f"{start}row {values['row']} holds {_mixed(values)}"
    kind = f" of type {values['type']}" if reason == "type" else ""
    zeros = ", with leading zeros" if reason == "code" else ""
    return (
        f"{start}row {values['row']} holds {shown(values['text'])}{kind}{zeros}; {ADVICE[reason]}"
    )


def _mixed(values: Values) -> str:
    """The cells that are not numbers, and how to read them as missing."""
    texts: dict[str, int] = dict(values["texts"])
    known = [text for text in texts if text.lower() in OFFERED]
    cells = "cell" if values["rows"] == 1 else "cells"
    more = f" and {values['distinct'] - len(texts)} more" if values["distinct"] > len(texts) else ""
    which = ", ".join(f"{shown(text)} in {_rows(n)}" for text, n in texts.items())
    found = f"{shown(values['text'])} ({values['rows']:,} {cells}: {which}{more})"
    if known:
        texts_given = ", ".join(shown(text) for text in known)
        options = " ".join(f"--missing {shown(text)}" for text in known)
        return f"{found}; to read them as missing, use missing=({texts_given},) or {options}"
    return f"{found}; correct these cells, or name them in missing= or --missing"


def _rows(n: int) -> str:
    return f"{n:,} row{'' if n == 1 else 's'}"


def left_out_text(names: Sequence[str], values: Values) -> str:
    """One line for columns that were left out for the same reason; the values of the first."""
    why = WHY[values["reason"]]
    if values["reason"] in ("text", "date"):
        n = len(names)
        columns = "the column that holds" if n == 1 else f"{n} columns that hold"
        return f"left out {columns}{why.removeprefix('hold')}: {_named(names)}"
    if len(names) == 1:
        return f"left out: {unusable_text(names, values)}"
    first = unusable_text(names, values)
    return f"left out {len(names)} columns that {why}: {_named(names)}; {first}"


def form_text(form: str) -> str:
    """A way of reading cells."""
    word, _, mark = form.partition(" ")
    if word in ("thousands", "decimal"):
        return f"{shown(mark)} as a {word} mark"
    if word in ("currency", "suffix"):
        return f"numbers with the {'currency sign' if word == 'currency' else word} {shown(mark)}"
    return FORM[form]


def reading_text(names: Sequence[str], values: Values) -> str:
    """One line for columns whose cells were read in the same way, or about lines of a file."""
    forms = values["forms"]
    if forms == ["above"]:
        first = shown(values["lines"][0])
        n = len(values["lines"])
        said = f"skipped {n} line{'s' * (n > 1)} above the header"
        return f"{said}, the first being {first}"
    if forms == ["second header"]:
        cells = listed([shown(cell) for cell in values["cells"]], 4)
        return f"skipped the row below the header, which names units or columns: {cells}"
    if forms == ["encoding"]:
        return (
            f"read the file as {values['encoding']}, judged by its letters; if names look wrong, "
            "name the encoding with encoding= or --encoding"
        )
    columns = f"column{'s' * (len(names) > 1)} {_named(names)}"
    said = " and ".join(form_text(form) for form in forms)
    example = (
        f", such as {shown(values['text'])} as {values['value']:.15g}" if "value" in values else ""
    )
    why = ""
    if values.get("ambiguous"):
        why = ", because three digits follow each such mark"
    return f"{columns}: read {said}{example}{why}"


def _named(names: Sequence[str]) -> str:
    return listed([shown(name) for name in names], 6)
