"""Names and numbers as pictures write them."""

from __future__ import annotations


def shortened(name: str, width: int) -> str:
    """Shorten a long name in the middle, because the end may distinguish it from others.

    Examples
    --------
    >>> shortened("Careful high earners of the northern region, 2024", 24)
    'Careful high…region, 2024'
    """
    text, half = " ".join(name.split()), width // 2
    return text if len(text) <= width else f"{text[:half].rstrip()}…{text[-half:].lstrip()}"


def minus(text: str) -> str:
    """Write signs of numbers as minus signs, as Matplotlib's tick labels do.

    Examples
    --------
    >>> minus("-12")
    '−12'
    """
    return text.replace("-", "\N{MINUS SIGN}")
