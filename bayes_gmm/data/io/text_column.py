"""A column of text read as numbers, if its cells are numbers in one notation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import nan
from typing import Any

import numpy as np
import numpy.typing as npt

from bayes_gmm.data.number_text import MISSING, PLAIN, Forms, NumberText, number_text
from bayes_gmm.data.rows import Floats
from bayes_gmm.diagnostics.diagnostic import Diagnostic

TRUTH = {"true": 1.0, "false": 0.0}


@dataclass(frozen=True)
class TextColumnSettings:
    """Thresholds for columns of text."""

    tried: int = 200
    """Number of distinct texts tried first; if none is a number, the column is text."""
    fewest_marked: int = 5
    """Minimum number of cells such as 5,200 for the decimal mark to separate thousands."""
    most_named: int = 3
    """Maximum number of texts that a finding about non-numeric cells quotes."""


@dataclass(frozen=True)
class Notation:
    """How numbers are written in a file.

    Attributes
    ----------
    decimal : str
        The decimal mark of the file.
    firm : bool
        Whether a number in the file shows it to be the decimal mark.
    missing : tuple of str
        Texts that stand for missing values.
    padded : bool
        Whether whole numbers with leading zeros are read as numbers, not as codes.
    """

    decimal: str = "."
    firm: bool = False
    missing: tuple[str, ...] = MISSING
    padded: bool = False
    settings: TextColumnSettings = field(default_factory=TextColumnSettings)


@dataclass(frozen=True, eq=False)
class TextColumn:
    """The distinct texts of a column.

    Attributes
    ----------
    name : str
    texts : sequence of str
        Distinct, in the order of their first rows.
    codes : ndarray of int, shape (n_rows,)
        Position in `texts` of each row's text, -1 if it is missing.
    """

    name: str
    texts: Sequence[str]
    codes: npt.NDArray[np.int64]

    @classmethod
    def of_arrow(cls, name: str, column: Any) -> TextColumn:
        """The column of an arrow array of text."""
        encoded = column.dictionary_encode()
        if hasattr(encoded, "chunks"):
            encoded = encoded.unify_dictionaries().combine_chunks()
        if hasattr(encoded, "chunks"):  # no chunk, or several
            encoded = encoded.chunk(0)
        codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        return cls(name, encoded.dictionary.to_pylist(), codes)

    @property
    def counts(self) -> npt.NDArray[np.int64]:
        """Rows of each text."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.texts))

    def first_row(self, position: int) -> int:
        """Row that has a text first, counted from 1."""
        return int(np.argmax(self.codes == position)) + 1

    def spread(self, values: Sequence[float]) -> Floats:
        """Values of the texts as values of the rows."""
        return np.array([*values, nan])[self.codes]

    def finding(self, code: str, positions: Sequence[int], **values: Any) -> Diagnostic:
        """A finding about the rows that have the texts at these positions."""
        rows = int(self.counts[list(positions)].sum())
        first = min(positions)
        found = {"rows": rows, "row": self.first_row(first), "text": self.texts[first], **values}
        return Diagnostic(code, (self.name,), found)


@dataclass(frozen=True, eq=False)
class ColumnReading:
    """A column as numbers, or why it cannot be read as numbers.

    Attributes
    ----------
    values : ndarray of float64, shape (n_rows,), or None
        None if the column is not usable.
    finding : Diagnostic or None
        Why it is not usable, or how its cells were read if they are not plain numbers.
    """

    values: Floats | None
    finding: Diagnostic | None


def read_text(column: TextColumn, notation: Notation) -> ColumnReading:
    """Read a column of text as numbers.

    A column is read if all its cells are missing or numbers in one notation, and the notation is
    unambiguous for the column as a whole.

    Examples
    --------
    >>> column = TextColumn("Income", ["$1,512.57", "NA"], np.array([0, 1, 0]))
    >>> read_text(column, Notation()).values
    array([1512.57,     nan, 1512.57])
    >>> column = TextColumn("Age", ["31", "?"], np.array([0, 0, 0, 1]))
    >>> read_text(column, Notation()).finding.values["texts"]
    {'?': 1}
    """
    stripped = [text.strip() for text in column.texts]
    absent = set(notation.missing)
    present = [p for p, text in enumerate(stripped) if text not in absent]
    if not present:
        return ColumnReading(np.full(len(column.codes), nan), None)
    if all(stripped[p].lower() in TRUTH for p in present):
        values = [TRUTH.get(text.lower(), nan) for text in stripped]
        return ColumnReading(
            column.spread(values), column.finding("cells_read", present, forms=["truth"])
        )
    tried = [stripped[p] for p in present[: notation.settings.tried]]
    if not any(number_text(text) or PLAIN.fullmatch(text) for text in tried):
        return ColumnReading(None, column.finding("text_column", present, distinct=len(present)))
    return _read_numbers(column, stripped, present, notation)


def _read_numbers(
    column: TextColumn, stripped: Sequence[str], present: Sequence[int], notation: Notation
) -> ColumnReading:
    parsed = {p: number_text(stripped[p]) for p in present}
    special = {p for p in present if parsed[p] is None and PLAIN.fullmatch(stripped[p])}
    bad = [p for p in present if parsed[p] is None and p not in special]
    if bad:
        return ColumnReading(None, _mixed(column, present, bad, notation.settings))
    numbers = {p: number for p, number in parsed.items() if number is not None}
    refused = _contradiction(column, numbers) or _unclear(column, numbers, notation)
    if refused is not None:
        return ColumnReading(None, refused)
    if not notation.padded and any(number.forms.zeros for number in numbers.values()):
        zeros = [p for p, number in numbers.items() if number.forms.zeros]
        return ColumnReading(None, column.finding("leading_zeros", zeros))
    decimal, ambiguous = _decimal(column, numbers, notation)
    values = [nan] * len(column.texts)
    for p, number in numbers.items():
        values[p] = number.value(decimal)
    for p in special:
        values[p] = float(stripped[p])
    return ColumnReading(column.spread(values), _how(column, numbers, decimal, ambiguous, notation))


def _mixed(
    column: TextColumn, present: Sequence[int], bad: Sequence[int], settings: TextColumnSettings
) -> Diagnostic:
    """A column of text, or of numbers and other cells."""
    counts = column.counts
    n_bad, n_present = int(counts[bad].sum()), int(counts[list(present)].sum())
    if 2 * n_bad >= n_present:
        return column.finding("text_column", bad, distinct=len(present))
    often = sorted(bad, key=lambda p: -counts[p])[: settings.most_named]
    texts = {column.texts[p].strip(): int(counts[p]) for p in often}
    return column.finding("mixed_cells", bad, texts=texts, distinct=len(bad))


def _contradiction(column: TextColumn, numbers: Mapping[int, NumberText]) -> Diagnostic | None:
    """A finding if two cells are not written in the same notation."""
    groups = _groups(numbers)
    for a, b in (
        ("decimal .", "decimal ,"), ("decimal .", "thousands ."), ("decimal ,", "thousands ,"),
        ("thousands .", "thousands ,"), ("percent", "no percent"),
    ):  # fmt: skip
        if a in groups and b in groups:
            return _contradicting(column, groups[a], groups[b])
    marked = any(name.startswith(("decimal", "thousands")) for name in groups)
    if not marked and "either ." in groups and "either ," in groups:
        return _contradicting(column, groups["either ."], groups["either ,"])
    signs = [name for name in groups if name.startswith("currency")]
    if len(signs) > 1:
        return _contradicting(column, groups[signs[0]], groups[signs[1]])
    return None


def _unclear(
    column: TextColumn, numbers: Mapping[int, NumberText], notation: Notation
) -> Diagnostic | None:
    """A finding if 1,200 may be 1.2 or 1200, since numbers without marks reach 1000."""
    marked = [p for p, n in numbers.items() if n.either and n.either != notation.decimal]
    shown = notation.firm or any(n.decimal or n.thousands for n in numbers.values())
    if not marked or shown:
        return None
    large = [p for p, n in numbers.items() if not n.either and abs(n.value(".")) >= 1000.0]
    return _contradicting(column, marked, large) if large else None


def _groups(numbers: Mapping[int, NumberText]) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = {}
    for p, number in numbers.items():
        names = [
            number.decimal and f"decimal {number.decimal}",
            number.thousands and f"thousands {number.thousands}",
            number.either and f"either {number.either}",
            number.forms.currency and f"currency {number.forms.currency}",
            "percent" if number.forms.percent else "no percent" if number.value(".") else "",
        ]
        for name in filter(None, names):
            groups.setdefault(name, []).append(p)
    return groups


def _contradicting(column: TextColumn, first: Sequence[int], second: Sequence[int]) -> Diagnostic:
    q = max(min(first), min(second))
    return column.finding(
        "contradicting_notations", [*first, *second], other_row=column.first_row(q),
        other_text=column.texts[q],
    )  # fmt: skip


def _decimal(
    column: TextColumn, numbers: Mapping[int, NumberText], notation: Notation
) -> tuple[str, bool]:
    """The decimal mark of the column, and whether numbers such as 5,200 had to be interpreted."""
    firm = {number.decimal for number in numbers.values()} - {""}
    thousands = {number.thousands for number in numbers.values()} & {".", ","}
    either = {number.either for number in numbers.values()} - {""}
    if firm:
        return firm.pop(), False
    if thousands:
        return ("," if "." in thousands else "."), False
    if not either:
        return notation.decimal, False
    mark = either.pop()
    if notation.firm:
        return notation.decimal, False
    other = "," if mark == "." else "."
    return (other if _are_thousands(numbers, mark, notation) else mark), True


def _are_thousands(numbers: Mapping[int, NumberText], mark: str, notation: Notation) -> bool:
    """Whether the mark before three digits separates thousands, if nothing else shows it.

    If there are numbers without the mark, it does if they are below 1000. Otherwise it does unless
    it is the usual decimal mark of the file.
    """
    unmarked = [n.value(mark) for n in numbers.values() if not n.either]
    n_marked = len(numbers) - len(unmarked)
    others = [abs(x) for x in unmarked if x != 0.0]
    if others:
        enough = n_marked >= notation.settings.fewest_marked or mark != notation.decimal
        return enough and max(others) < 1000.0
    return mark != notation.decimal


def _how(
    column: TextColumn,
    numbers: Mapping[int, NumberText],
    decimal: str,
    ambiguous: bool,
    notation: Notation,
) -> Diagnostic | None:
    """How the cells were read, if they are not plain numbers with the file's decimal mark."""
    forms: dict[str, list[int]] = {}
    for p, number in numbers.items():
        for form in _forms_of(number, decimal, notation):
            forms.setdefault(form, []).append(p)
    if not forms:
        return None
    positions = list(dict.fromkeys(p for of_form in forms.values() for p in of_form))
    value = numbers[min(positions)].value(decimal)
    return column.finding(
        "cells_read", positions, forms=sorted(forms), value=value, ambiguous=ambiguous
    )


def _forms_of(number: NumberText, decimal: str, notation: Notation) -> Iterable[str]:
    forms: Forms = number.forms
    thousands = number.thousands or (number.either if number.either != decimal else "")
    if thousands:
        yield f"thousands {thousands}"
    if decimal in number.body and decimal != notation.decimal:
        yield f"decimal {decimal}"
    if forms.currency:
        yield f"currency {forms.currency}"
    if forms.suffix:
        yield f"suffix {forms.suffix}"
    for name in ("percent", "brackets", "trailing", "text", "zeros"):
        if getattr(forms, name):
            yield name
