"""One cell of text as a number with the marks that it uses."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

MISSING = (
    "", "NA", "N/A", "n/a", "na", "#N/A", "#N/A N/A", "#NA", "<NA>", "NaN", "nan", "NAN", "-NaN",
    "-nan", "NULL", "null", "None", "none", "-1.#IND", "1.#IND", "-1.#QNAN", "1.#QNAN",
)  # fmt: skip
"""Cells that are read as missing values."""

SPACES = str.maketrans({"\xa0": " ", "\u202f": " ", "\u2009": " ", "’": "'", "−": "-"})
CURRENCY = (
    r"US\$|R\$|A\$|C\$|[$€£¥₹₽₩₺₴₫₱฿₪]|zł|Kč|kr\.?|Fr\.|Rs\.?|"
    r"(?:USD|EUR|GBP|CHF|JPY|CNY|INR|PLN|CZK|SEK|NOK|DKK|HUF|BRL|AUD|CAD)"
)
SUFFIXES = {"k": 1e3, "K": 1e3, "M": 1e6, "Mio": 1e6, "bn": 1e9, "B": 1e9}
PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(inf|infinity)", re.IGNORECASE)
CELL = re.compile(
    rf"(?P<open>\()?\s*(?P<sign>[+-]?)\s*(?P<before>{CURRENCY})?\s*(?P<inner>[+-]?)"
    r"(?P<body>\d[\d.,' ]*\d|\d|[.,]\d+|\d+[.,])(?P<exponent>[eE][+-]?\d+)?"
    rf"(?:\s?(?P<suffix>k|K|M|Mio|bn|B))?\s*(?P<percent>%)?\s*(?P<after>{CURRENCY})?"
    r"\s*(?P<trailing>-)?\s*(?P<close>\))?"
)
MARKED = re.compile(r"[.,' ]")
THOUSANDS = re.compile(r"[1-9]\d{0,2}([.,' ]\d{3})+|[1-9]\d?(,\d\d)+,\d{3}")
"""Groups of three digits or, as in India, groups of two and a last group of three."""
SPREADSHEET_TEXT = re.compile(r'="(.*)"', re.DOTALL)
"""A cell that spreadsheets must keep as text."""


class Forms(NamedTuple):
    """Marks of a cell besides digits, a sign and a decimal mark.

    Attributes
    ----------
    currency, suffix : str
        As written; empty if there is none.
    percent, brackets, trailing, text : bool
        A percent sign; accounting brackets; a minus behind the number; ``="..."`` around it.
    zeros : bool
        Leading zeros of a whole number.
    """

    currency: str = ""
    suffix: str = ""
    percent: bool = False
    brackets: bool = False
    trailing: bool = False
    text: bool = False
    zeros: bool = False


@dataclass(frozen=True)
class NumberText:
    """A number as it is written in a cell.

    Attributes
    ----------
    body, exponent : str
        The digits with their marks, and the exponent.
    scale : float
        Sign and suffix as a factor.
    decimal, thousands, either : str
        The mark that must be a decimal mark, one that must separate thousands, and one that may be
        either; empty if there is none.
    forms : Forms
    """

    body: str
    exponent: str
    scale: float
    decimal: str
    thousands: str
    either: str
    forms: Forms

    def value(self, decimal: str) -> float:
        """The number, if `decimal` is the decimal mark and other marks separate thousands."""
        body = "".join("." if c == decimal else c for c in self.body if c.isdigit() or c == decimal)
        return self.scale * float(body + self.exponent)


def number_text(text: str) -> NumberText | None:
    """The number that a cell holds, or None.

    Examples
    --------
    >>> [number_text(t).value(".") for t in ("$1,512.57", "(120.50)", "120.50-", "1.5k", "12.3%")]
    [1512.57, -120.5, -120.5, 1500.0, 12.3]
    >>> number_text("5,200").either, number_text("5,2").decimal, number_text("1.234.567").thousands
    (',', ',', '.')
    >>> number_text("1.2.3") is number_text("12 34") is number_text("C536") is None
    True
    """
    text = text.strip()
    wrapped = SPREADSHEET_TEXT.fullmatch(text)
    if wrapped:
        text = wrapped[1].strip()
    match = CELL.fullmatch(text.translate(SPACES))
    if match is None:
        return None
    forms, scale = _forms(match, bool(wrapped))
    marks = _marks(match["body"])
    if forms is None or marks is None:
        return None
    return NumberText(match["body"], match["exponent"] or "", scale, *marks, forms)


def _forms(match: re.Match[str], wrapped: bool) -> tuple[Forms | None, float]:
    """The forms and the factor; None if the parts of the cell contradict each other."""
    signs = [s for s in (match["sign"], match["inner"], match["trailing"]) if s]
    brackets = match["open"] is not None
    if brackets != (match["close"] is not None) or len(signs) + brackets > 1:
        return None, 0.0
    if match["before"] and match["after"]:
        return None, 0.0
    negative = brackets or "-" in signs
    suffix = match["suffix"] or ""
    zeros = re.fullmatch(r"0\d+", match["body"]) is not None
    forms = Forms(
        match["before"] or match["after"] or "", suffix, match["percent"] is not None,
        brackets, match["trailing"] is not None, wrapped, zeros,
    )  # fmt: skip
    return forms, (-1.0 if negative else 1.0) * SUFFIXES.get(suffix, 1.0)


def _marks(body: str) -> tuple[str, str, str] | None:
    """The decimal mark, the thousands mark and the ambiguous mark of digits with marks.

    None if they do not fit together.
    """
    marks = MARKED.findall(body)
    kinds = list(dict.fromkeys(marks))
    if not marks:
        return "", "", ""
    if len(kinds) == 1:
        if len(marks) == 1 and kinds[0] in ".,":
            return ("", "", kinds[0]) if THOUSANDS.fullmatch(body) else (kinds[0], "", "")
        return ("", kinds[0], "") if THOUSANDS.fullmatch(body) else None
    whole, _, _ = body.rpartition(kinds[-1])
    once = len(kinds) == 2 and marks.count(kinds[1]) == 1
    return (kinds[1], kinds[0], "") if once and THOUSANDS.fullmatch(whole) else None
