"""Colours of the segments on light and dark backgrounds."""

from __future__ import annotations

from bayes_gmm.report.settings import PICTURES
from bayes_gmm.views.palette import palette


def light_and_dark(n: int) -> list[tuple[str, str]]:
    """For each segment its colour in all pictures, and a lighter one for dark backgrounds.

    Examples
    --------
    >>> light_and_dark(2)
    [('#0072b2', '#3690c2'), ('#d55e00', '#d7660d')]
    """
    return [(color, lightened(color)) for color in palette(n)]


def lightened(color: str) -> str:
    """The colour mixed with white until its relative luminance is sufficient (WCAG 2).

    Examples
    --------
    >>> lightened("#56b4e9"), lightened("#000000")
    ('#56b4e9', '#878787')
    """
    rgb = [int(color[i : i + 2], 16) / 255.0 for i in (1, 3, 5)]
    steps = (t / 100.0 for t in range(101))
    mixed = ([c + t * (1.0 - c) for c in rgb] for t in steps)
    found = next(each for each in mixed if luminance(each) >= PICTURES.dark_luminance)
    return "#" + "".join(f"{round(255 * c):02x}" for c in found)


def luminance(rgb: list[float]) -> float:
    """Relative luminance of a colour in sRGB, from 0 to 1 (WCAG 2)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
