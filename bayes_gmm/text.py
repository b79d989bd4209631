"""Numbers as people write them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from html import escape


def counted(n: float, noun: str) -> str:
    """Write a number and what it counts; with row weights it need not be whole.

    Examples
    --------
    >>> counted(1, "row"), counted(20_000, "row"), counted(2.5, "row")
    ('1 row', '20,000 rows', '2.5 rows')
    """
    text = f"{int(n):,}" if float(n).is_integer() else f"{n:,.4g}"
    return f"{text} {noun}" + "s" * (n != 1)


def is_or_are(n: float) -> str:
    """The verb after a count.

    Examples
    --------
    >>> is_or_are(1), is_or_are(2)
    ('is', 'are')
    """
    return "is" if n == 1 else "are"


def listed_numbers(numbers: Sequence[int], word: str) -> str:
    """Write increasing whole numbers: as a range if more than two are consecutive, else a list.

    Examples
    --------
    >>> listed_numbers([2, 3], "or"), listed_numbers([1, 2, 3, 4], "or"), listed_numbers([4], "or")
    ('2 or 3', '1 to 4', '4')
    """
    if len(numbers) > 2 and numbers[-1] - numbers[0] == len(numbers) - 1:
        return f"{numbers[0]} to {numbers[-1]}"
    return in_words([str(number) for number in numbers], word)


def in_words(items: Sequence[str], word: str) -> str:
    """Write a list, with a word before its last item.

    Examples
    --------
    >>> in_words(["3"], "or"), in_words(["3", "4"], "or"), in_words(["2", "3", "4"], "and")
    ('3', '3 or 4', '2, 3 and 4')
    """
    if not items:
        return ""
    *some, last = items
    return f"{', '.join(some)} {word} {last}" if some else last


def percent(share: float) -> str:
    """Write a fraction as a percentage, with a decimal if it is near 0 or 1.

    Examples
    --------
    >>> percent(0.342), percent(0.004), percent(0.0001), percent(0.997)
    ('34 %', '0.4 %', '< 0.1 %', '99.7 %')
    """
    if share in (0.0, 1.0) or 0.0095 <= share < 0.995:
        return f"{100 * share:.0f} %"
    if share < 0.0005:
        return "< 0.1 %"
    return "> 99.9 %" if share >= 0.9995 else f"{100 * share:.1f} %"


def share_interval(mean: float, lower: float, upper: float) -> tuple[str, str, str]:
    """Write a weight and the bounds of its interval in percent, with enough decimals.

    The decimals show half the interval's width to a digit.

    Examples
    --------
    >>> share_interval(0.392, 0.313, 0.463), share_interval(0.50020, 0.49926, 0.50114)
    (('39', '31', '46'), ('50.02', '49.93', '50.11'))
    """
    half = 50.0 * (upper - lower)
    decimals = max(-math.floor(math.log10(half)), 0) if half > 0.0 else 0
    m, a, b = (f"{100 * x:.{min(decimals, 4)}f}" for x in (mean, lower, upper))
    return m, a, b


def first_upper(text: str) -> str:
    """The text with a capital first letter."""
    return text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    """The text with a capital first letter and a full stop."""
    return f"{first_upper(text)}."


def figure(x: float, digits: int = 3) -> str:
    """A computed number, with thousands separators and, unless it is extreme, without an exponent.

    Examples
    --------
    >>> figure(0.12345), figure(2798.3), figure(9.04e8), figure(-1.2345e-6)
    ('0.123', '2,800', '904,000,000', '-0.00000123')
    """
    rounded = float(f"{x:.{digits}g}")
    if rounded.is_integer() and abs(rounded) < 1e15:
        return f"{int(rounded):,}"
    return _positional(rounded)


def duration(seconds: float) -> str:
    """A time with two significant digits, in the largest unit of which it has one or more.

    Examples
    --------
    >>> [duration(t) for t in (0.00012, 0.2, 30.4, 61.0, 2400.0, 5400.0, 4e5)]
    ['0.12 ms', '200 ms', '30 s', '1 minute', '40 minutes', '1.5 hours', '110 hours']
    """
    for size, unit in ((3600.0, "hour"), (60.0, "minute")):
        if seconds >= size:
            n = float(f"{seconds / size:.2g}")
            return f"{figure(n)} {unit}{'' if n == 1.0 else 's'}"
    return f"{figure(seconds, 2)} s" if seconds >= 1.0 else f"{figure(1e3 * seconds, 2)} ms"


def cell(x: float) -> str:
    """The value of a cell: whole numbers in full, fractions to four digits.

    Examples
    --------
    >>> cell(-999.0), cell(666666.0), cell(0.25), cell(1 / 3), cell(12345.678), cell(1e-7)
    ('-999', '666666', '0.25', '0.3333', '12346', '0.0000001')
    """
    if 1e3 <= abs(x) < 1e15 or (float(x).is_integer() and abs(x) < 1e15):
        return f"{x:.0f}"
    return _positional(float(f"{x:.4g}"))


def _positional(x: float) -> str:
    """All digits of a number, with an exponent only if there were more than fifteen zeros."""
    return format(Decimal(repr(x)), "f") if 1e-15 < abs(x) < 1e15 else f"{x:g}"


def html_block(title: str, table: str, notes: Sequence[str] = ()) -> str:
    """A title, a table that is HTML already, and notes, for notebooks.

    Examples
    --------
    >>> html_block("2 < 3", "<table></table>", ["a & b"])
    '<div><p><strong>2 &lt; 3</strong></p><table></table><p>a &amp; b</p></div>'
    """
    below = "".join(f"<p>{escape(note)}</p>" for note in notes)
    return f"<div><p><strong>{escape(title)}</strong></p>{table}{below}</div>"


def four_digits_suffice(smallest: float, largest: float) -> bool:
    """Whether four digits show differences of size `smallest` among numbers up to `largest`.

    Also if no number of digits that floats have shows them.

    Examples
    --------
    >>> four_digits_suffice(2e11, 3e12), four_digits_suffice(2.5, 1e12)
    (True, False)
    """
    return largest <= 1e3 * smallest or largest > 1e14 * smallest


def shortened(name: str, width: int) -> str:
    """Shorten a long name in the middle, because the end may distinguish it from others.

    Examples
    --------
    >>> shortened("Careful high earners of the northern region, 2024", 25)
    'Careful high…region, 2024'
    """
    text, half = " ".join(name.split()), (width - 1) // 2
    return text if len(text) <= width else f"{text[:half].rstrip()}…{text[-half:].lstrip()}"


def minus(text: str) -> str:
    """Write signs of numbers as minus signs, as Matplotlib's tick labels do.

    Examples
    --------
    >>> minus("-12")
    '−12'
    """
    return text.replace("-", "\N{MINUS SIGN}")
