"""One thing that deserves a word before a table is fitted."""

from __future__ import annotations

from dataclasses import dataclass

KINDS = (
    "unusable", "missing", "constant", "few rows", "atom", "collinear", "outliers", "skewed",
    "coarse", "duplicates",
)  # fmt: skip
"""What a finding may be of, the gravest first."""


@dataclass(frozen=True)
class Finding:
    """What was found in a table, and what a fit makes of it.

    Attributes
    ----------
    columns : tuple of str
        The columns it is about; none where it is about rows.
    kind : str
        One of `KINDS`.
    number : float
        How much of it: the share of the rows, unless the sentence names another figure (a condition
        number, a skewness, a step in standard deviations, rows a parameter).
    sentence : str
        What was found and what the fit does with it, on one line.

    Examples
    --------
    >>> print(Finding(("Age",), "missing", 0.1, "column 'Age' is missing in 10 % of the rows"))
    column 'Age' is missing in 10 % of the rows
    """

    columns: tuple[str, ...]
    kind: str
    number: float
    sentence: str

    def __str__(self) -> str:
        return self.sentence


def percent(share: float) -> str:
    """A share as it stands in a sentence.

    Examples
    --------
    >>> percent(0.3225), percent(0.00004), percent(1.0)
    ('32.2 %', '0.004 %', '100 %')
    """
    hundredth = 100.0 * share
    return f"{hundredth:.3g} %" if hundredth < 99.95 or share == 1.0 else f"{hundredth:.5g} %"


def rows(count: float) -> str:
    """A number of rows as it stands in a sentence; weights make it any number.

    Examples
    --------
    >>> rows(1), rows(12345), rows(2.5)
    ('1 row', '12,345 rows', '2.5 rows')
    """
    text = f"{int(count):,}" if float(count).is_integer() else f"{count:,.4g}"
    return f"{text} row{'' if count == 1 else 's'}"
