"""Parts of a sentence: text, numbers that can be read back from the page, and names."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from bayes_gmm.data.rows import Floats
from bayes_gmm.text import four_digits_suffice, percent, share_interval


@dataclass(frozen=True)
class Number:
    """A number on the page.

    Attributes
    ----------
    key : str
        Where it comes from, such as "share/0/lower"; the page repeats it beside the number.
    value : float
        The value with all its digits.
    text : str
        The rounded value, as it is printed.
    """

    key: str
    value: float
    text: str


@dataclass(frozen=True)
class Segment:
    """A segment by its position from 0, with its name."""

    position: int
    name: str


@dataclass(frozen=True)
class Quoted:
    """A name or value of the user's table."""

    text: str


Words = tuple[str | Number | Segment | Quoted, ...]
Write = Callable[[float], str]


@dataclass(frozen=True)
class Estimate:
    """A number with the bounds of its credible interval, if there are draws."""

    value: Number
    lower: Number | None = None
    upper: Number | None = None


def estimate(
    key: str, write: Write, value: float, bounds: tuple[float, float] | None = None
) -> Estimate:
    """An estimate whose three numbers are written alike.

    Examples
    --------
    >>> estimate("mean/0", "{:.1f}".format, 1.25, (1.0, 2.0)).upper
    Number(key='mean/0/upper', value=2.0, text='2.0')
    """
    middle = Number(key, float(value), write(value))
    if bounds is None:
        return Estimate(middle)
    ends = zip(("lower", "upper"), bounds, strict=True)
    return Estimate(middle, *(Number(f"{key}/{end}", float(x), write(x)) for end, x in ends))


def share(key: str, value: float, bounds: tuple[float, float] | None = None) -> Estimate:
    """A share in percent, with as many decimals as its interval deserves.

    Examples
    --------
    >>> share("share/0", 0.392, (0.313, 0.463)).value.text, share("share/0", 0.342).value.text
    ('39 %', '34 %')
    """
    if bounds is None:
        return Estimate(Number(key, float(value), percent(value)))
    texts = share_interval(value, *bounds)
    ends = zip(("", "/lower", "/upper"), (value, *bounds), texts, strict=True)
    return Estimate(*(Number(f"{key}{end}", float(x), f"{text} %") for end, x, text in ends))


def probability(key: str, value: float) -> Number:
    """A probability in percent."""
    return Number(key, float(value), percent(value))


def frequency(key: str, value: float) -> Number:
    """A share of draws: if all or none, a probability near 1 or 0.

    Examples
    --------
    >>> frequency("p", 1.0).text, frequency("p", 0.0).text
    ('> 99.9 %', '< 0.1 %')
    """
    bound = {0.0: 1e-9, 1.0: 1.0 - 1e-9}.get(float(value), float(value))
    return Number(key, float(value), percent(bound))


def count(key: str, value: float) -> Number:
    """A number of rows; sums of weights are rounded to four digits.

    Examples
    --------
    >>> count("rows", 1234.0).text, count("rows", 12.345678).text
    ('1,234', '12.35')
    """
    whole = float(value).is_integer()
    return Number(key, float(value), f"{int(value):,}" if whole else f"{value:,.4g}")


def about(key: str, value: float) -> Number:
    """An expected number of rows, with a decimal below 10."""
    return Number(key, float(value), f"{value:.1f}" if value < 9.95 else f"{value:,.0f}")


def writer(sds: Floats, values: Floats) -> Write:
    """Write values of a feature so that its smallest standard deviation has two digits.

    Examples
    --------
    >>> write = writer(np.array([7.3, 12.0]), np.array([56.0, 80.0]))
    >>> write(56.338), writer(np.array([2e3]), np.array([5e4]))(51234.5)
    ('56.3', '51,234')
    >>> writer(np.array([2.0]), np.array([1e12]))(1e12 + 20.34)
    '1,000,000,000,020.3'
    """
    smallest = float(np.min(sds[sds > 0.0], initial=np.inf))
    largest = float(np.max(np.abs(values), initial=0.0))
    if not math.isfinite(smallest):
        return lambda x: f"{x:.4g}"
    if (largest >= 1e9 or smallest < 1e-5) and four_digits_suffice(smallest, largest):
        return lambda x: f"{x:.4g}"
    decimals = max(1 - math.floor(math.log10(smallest)), 0)
    return lambda x: f"{x:,.{decimals}f}" if math.isfinite(x) else "–"


def joined(parts: Sequence[Words], word: str = "and") -> Words:
    """A list of parts, with a word before the last.

    Examples
    --------
    >>> joined([("a",), ("b",), ("c",)])
    ('a', ', ', 'b', ' and ', 'c')
    """
    found: list[str | Number | Segment | Quoted] = []
    for i, part in enumerate(parts):
        if i:
            found.append(f" {word} " if i == len(parts) - 1 else ", ")
        found.extend(part)
    return tuple(found)


def plain_text(words: Iterable[str | Number | Segment | Quoted]) -> str:
    """A sentence as plain text."""
    return "".join(
        part if isinstance(part, str) else part.name if isinstance(part, Segment) else part.text
        for part in words
    )
