"""Text of findings, made from their kind, columns and values.

Computed numbers, and fractional values of cells, have at most four significant digits; whole
numbers in cells are written in full.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from bayes_gmm.data.findings.reading_text import reading_text, unusable_text
from bayes_gmm.errors import listed, shown

Values = Mapping[str, Any]

FEW_VALUES = 5
"""Number of values up to which a column is called a category."""

MOST_CONDITION = 1_000_000
"""Condition number up to which its value is stated."""
Columns = Sequence[str]


def sentence_of(kind: str, columns: Columns, number: float, values: Values) -> str:
    """Text of a finding.

    Examples
    --------
    >>> sentence_of("unusable", ("City",), 1.0, {"message": "column 'City' is not numeric"})
    "column 'City' is not numeric"
    """
    return SENTENCES[kind](columns, number, values)


def warning_text(columns: Sequence[str], first: str) -> str:
    """One warning for several findings of a kind: the first text, and the other columns.

    Parameters
    ----------
    columns : sequence of str
        The column of each finding.
    first : str
        Text of the first finding.

    Examples
    --------
    >>> warning_text(["a", "b"], "column 'a' is a running number: leave it out")
    "column 'a' is a running number: leave it out; check_table reports the same kind of finding \
for 'b'"
    """
    others = list(dict.fromkeys(columns[1:]))
    if not others:
        return first
    return f"{first}; check_table reports the same kind of finding for {named(others)}"


def percent(share: float) -> str:
    """A fraction as a percentage.

    Examples
    --------
    >>> percent(0.3225), percent(0.00004), percent(1.0)
    ('32.2 %', '0.004 %', '100 %')
    """
    hundredth = 100.0 * share
    return f"{hundredth:.3g} %" if hundredth < 99.95 or share == 1.0 else f"{hundredth:.5g} %"


def rows(count: float) -> str:
    """A number of rows; with row weights it need not be whole.

    Examples
    --------
    >>> rows(1), rows(12345), rows(2.5)
    ('1 row', '12,345 rows', '2.5 rows')
    """
    text = f"{int(count):,}" if float(count).is_integer() else f"{count:,.4g}"
    return f"{text} row{'' if count == 1 else 's'}"


def figure(x: float, digits: int = 3) -> str:
    """A computed number, with thousands separators and without an exponent.

    Examples
    --------
    >>> figure(0.12345), figure(2798.3), figure(9.04e8), figure(-1.2345e-6)
    ('0.123', '2,800', '904,000,000', '-0.00000123')
    """
    rounded = float(f"{x:.{digits}g}")
    if rounded.is_integer():
        return f"{int(rounded):,}"
    return np.format_float_positional(rounded, trim="-")


def cell(x: float) -> str:
    """The value of a cell: whole numbers in full, fractions to four digits.

    Examples
    --------
    >>> cell(-999.0), cell(666666.0), cell(0.25), cell(1 / 3), cell(12345.678), cell(1e-7)
    ('-999', '666666', '0.25', '0.3333', '12346', '0.0000001')
    """
    if float(x).is_integer() and abs(x) < 1e15:
        return f"{int(x)}"
    if 1e3 <= abs(x) < 1e15:
        return f"{x:.0f}"
    return np.format_float_positional(float(f"{x:.4g}"), trim="-")


def column(columns: Columns) -> str:
    """The first column, by name."""
    return f"column {shown(columns[0])}"


def named(columns: Columns) -> str:
    """Several columns, by name."""
    return listed([shown(name) for name in columns])


def _message(columns: Columns, number: float, values: Values) -> str:
    return str(values["message"])


def _missing(columns: Columns, number: float, values: Values) -> str:
    if len(columns) > 1:
        more = f" (and {values['more']} more such pairs)" if values["more"] else ""
        return (
            f"columns {shown(columns[0])} and {shown(columns[1])} are never observed in the same "
            f"row{more}: the table holds no information on their correlation within a segment, so "
            "the prior determines it; leave one out unless you need both"
        )
    if not columns:
        return (
            f"{rows(values['rows'])} ({percent(number)}) have every column missing: they do not "
            "affect the fit, and their memberships equal the shares of the segments; leave them out"
        )
    if number == 1.0:
        return f"{column(columns)} is missing in all rows, so `fit` raises an error: leave it out"
    return (
        f"{column(columns)} is missing in {rows(values['rows'])} ({percent(number)}): the fit "
        "keeps these rows and integrates the missing cells out, assuming that they are missing at "
        "random"
    )


def _constant(columns: Columns, number: float, values: Values) -> str:
    if "message" in values:
        return str(values["message"])
    return (
        f"{column(columns)} is nearly constant, {cell(values['value'])} in {percent(number)} of "
        "the rows: it only separates the other rows from these; leave it out unless you want to "
        "find the other rows"
    )


def _few_rows(columns: Columns, number: float, values: Values) -> str:
    if values["weighted"]:
        return (
            f"the weights sum to {figure(values['total'], 4)}, so the {rows(values['rows'])} count "
            f"as only {figure(values['total'], 4)} observations in BIC, evidence and intervals; "
            "divide the weights by their mean if each row is one observation"
        )
    return (
        f"{rows(values['total'])} are few for {values['columns']} columns: one segment with a full "
        f"covariance has {values['parameters']:,} parameters, so the prior has much influence on "
        f"it; use structure='diag' ({values['diagonal']:,} parameters) or fewer columns"
    )


def _identifier(columns: Columns, number: float, values: Values) -> str:
    first, last, n = cell(values["first"]), cell(values["last"]), int(values["distinct"])
    if values["pattern"] == "running":
        found = (
            f"is a running number: it has {n:,} whole numbers from {first} to {last}, each in "
            f"{rows(values['times'])}, which is too regular for a measurement"
        )
    else:
        found = (
            f"has the name of an identifier and a different whole number in each of its {n:,} rows"
        )
    return f"{column(columns)} {found}; it would split the rows by their numbers: leave it out"


def _missing_code(columns: Columns, number: float, values: Values) -> str:
    if values["sds"] is None:
        distance = "far more often than any other value"
    else:
        side = "below" if values["value"] < values["nearest"] else "above"
        distance = (
            f"{figure(values['sds'])} robust standard deviations {side} the nearest other value, "
            f"{cell(values['nearest'])}"
        )
    return (
        f"{column(columns)} is {cell(values['value'])} in {rows(values['rows'])} "
        f"({percent(number)}), {distance}: this is probably a code for missing values; replace it "
        "by NaN unless the value was measured"
    )


def _atom(columns: Columns, number: float, values: Values) -> str:
    return (
        f"{column(columns)} is {cell(values['value'])} in {percent(number)} of the rows, far more "
        "often than any other value: a segment may collapse onto this value, with almost no "
        "variance; fit these rows separately, or interpret such a segment as the rows with this "
        "value"
    )


def _collinear(columns: Columns, number: float, values: Values) -> str:
    nearly = "" if values["exact"] else "nearly "
    condition = figure(number) if number < MOST_CONDITION else f"above {MOST_CONDITION:,}"
    return (
        f"{column(columns)} is {nearly}a linear function of {named(columns[1:])} (condition number "
        f"{condition}): the columns repeat the same information, and BIC counts it more than "
        "once; leave one of them out"
    )


def _nearly_collinear(columns: Columns, number: float, values: Values) -> str:
    return (
        f"columns {named(columns)} are nearly collinear (correlations up to "
        f"{values['correlation']:.4g}, condition number {figure(number)}): the other columns "
        f"explain {100.0 * (1.0 - values['own']):.4g} % of the variance of "
        f"{shown(values['column'])}; one of them adds little information: leave one out, or use "
        "differences or ratios of them"
    )


def _near_copies(columns: Columns, number: float, values: Values) -> str:
    n, groups, largest = values["rows"], int(values["groups"]), int(values["largest"])
    where = f" of a sample of {rows(values['sample'])}" if values["sampled"] else ""
    in_groups = "1 group" if groups == 1 else f"{groups:,} groups of 2 to {largest:,}"
    if groups > 1 and largest == n / groups:
        in_groups = f"{groups:,} groups of {largest:,}"
    return (
        f"{rows(n)}{where} ({percent(number)}) are near-copies of each other, in {in_groups}: "
        f"every column agrees to within {percent(values['within'])} of its standard deviation, far "
        "closer than other rows; a segment may collapse onto such a group: keep one row of each "
        "group if the copies are errors"
    )


def _outliers(columns: Columns, number: float, values: Values) -> str:
    scale = " on the log scale" if values["scale"] == "log" else ""
    return (
        f"{column(columns)} has {rows(values['rows'])} far from the others, the furthest at "
        f"{cell(values['furthest'])}, {figure(values['sds'])} robust standard deviations from the "
        f"median{scale}: such rows distort a segment or form a separate one; correct them, set "
        "them to missing, or leave them out"
    )


def _skewed(columns: Columns, number: float, values: Values) -> str:
    logarithm = "logarithm of 1 + x" if values["zeros"] else "logarithm"
    without = [cell(x) for x in values["without"]]
    rest = f" in the rows where it is not {listed(without)}" if without else ""
    there = " there" if without else ""
    negative = ""
    if values["negative"]:
        many = "is" if values["negative"] == 1 else "are"
        negative = f"; {rows(values['negative'])} {many} negative: correct them or set them to"
        negative += " missing first"
    return (
        f"{column(columns)} has a long tail{rest} (skewness {figure(number, 2)}; after the "
        f"{logarithm} {figure(values['log_skewness'], 1)}): the fit needs several Gaussian "
        f"segments to describe one skewed segment; fit its {logarithm}{there}{negative}"
    )


def _skewed_segments(columns: Columns, number: float, values: Values) -> str:
    def segments(n: int) -> str:
        return f"{n} Gaussian segment{'s' * (n > 1)}"

    return (
        f"{column(columns)} is described better by {segments(values['log_segments'])} on the log "
        f"scale than by {segments(values['own_segments'])} on its own scale (BIC lower by "
        f"{figure(number)}): its segments are probably skewed, and the fit would split them into "
        "several segments; fit its logarithm, and compare"
    )


def _coarse(columns: Columns, number: float, values: Values) -> str:
    if values["distinct"] <= FEW_VALUES:
        return (
            f"{column(columns)} takes only {values['distinct']} values: treat it as a category, "
            "and leave it out of the fit unless its steps are those of a measurement"
        )
    return (
        f"{column(columns)} is recorded in steps of {figure(values['step'], 4)}, "
        f"{figure(number)} of its standard deviation ({values['distinct']:,} values): the fit "
        "treats the step as rounding error, and segments closer than one step are hard to "
        "distinguish"
    )


def _duplicates(columns: Columns, number: float, values: Values) -> str:
    return (
        f"{rows(values['rows'])} ({percent(number)}) repeat another row in every column, more than "
        "rounding explains: each counts as one observation; drop them if the copies are errors"
    )


def _unusable(columns: Columns, number: float, values: Values) -> str:
    return str(values["message"]) if "message" in values else unusable_text(columns, values)


def _reading(columns: Columns, number: float, values: Values) -> str:
    return reading_text(columns, values)


SENTENCES: dict[str, Callable[[Columns, float, Values], str]] = {
    "unusable": _unusable,
    "missing": _missing,
    "constant": _constant,
    "few rows": _few_rows,
    "identifier": _identifier,
    "missing code": _missing_code,
    "atom": _atom,
    "collinear": _collinear,
    "nearly collinear": _nearly_collinear,
    "near copies": _near_copies,
    "outliers": _outliers,
    "skewed": _skewed,
    "skewed segments": _skewed_segments,
    "coarse": _coarse,
    "duplicates": _duplicates,
    "reading": _reading,
}
"""Text by kind, the most severe kind first."""

KINDS = tuple(SENTENCES)
"""Kinds of findings, the most severe first."""
