"""Numbers as people write them."""

from __future__ import annotations


def counted(n: int, noun: str) -> str:
    """Write a number and what it counts.

    Examples
    --------
    >>> counted(1, "row"), counted(20_000, "row")
    ('1 row', '20,000 rows')
    """
    return f"{n:,} {noun}" + "s" * (n != 1)


def percent(share: float) -> str:
    """Write a share as a percentage, with a decimal where it is near none or all.

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
