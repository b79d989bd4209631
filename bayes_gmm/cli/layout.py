"""Tables of text for a terminal."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from bayes_gmm.cli.settings import REPORT
from bayes_gmm.errors import one_line
from bayes_gmm.text import four_digits_suffice

Columns = tuple[list[str], list[str]]  # two lines of heading, one line per segment


def beside(left: Columns, *right: Columns) -> Columns:
    """Put columns next to each other, three spaces apart."""
    heads, rows = left
    heads = [heads[0].ljust(len(heads[1])), heads[1]]
    for more_heads, more_rows in right:
        heads = [f"{a}   {b}" for a, b in zip(heads, more_heads, strict=True)]
        rows = [f"{a}   {b}" for a, b in zip(rows, more_rows, strict=True)]
    return heads, rows


def column(name: str, cells: list[str]) -> Columns:
    """A right-aligned column with its name as heading."""
    width = max(len(name), *(len(cell) for cell in cells))
    return [" " * width, name.rjust(width)], [cell.rjust(width) for cell in cells]


def in_blocks(labels: Columns, first: Columns, groups: Iterable[Columns]) -> list[str]:
    """Tables of as many groups as fit on a line; each begins with the labels.

    Examples
    --------
    >>> labels, shares = label_column(["A", "B"]), column("share", ["40 %", "60 %"])
    >>> print(in_blocks(labels, beside(labels, shares), [column("mean", ["1", "2"])])[0])
    <BLANKLINE>
        share   mean
    A    40 %      1
    B    60 %      2
    """
    block, blocks, has_group = first, [], False
    for group in groups:
        wider = beside(block, group)
        if has_group and len(wider[0][1]) > REPORT.width:
            blocks.append(block)
            wider = beside(labels, group)
        block, has_group = wider, True
    return ["\n".join(line.rstrip() for line in head + body) for head, body in [*blocks, block]]


def in_lines(parts: Iterable[str]) -> str:
    """Join parts with three spaces, in as few lines as possible.

    Examples
    --------
    >>> in_lines(["a" * 60, "b" * 30, "c" * 10]).splitlines()[1:]
    ['cccccccccc']
    """
    lines: list[str] = []
    for part in parts:
        if lines and len(lines[-1]) + 3 + len(part) <= REPORT.width:
            lines[-1] += f"   {part}"
        else:
            lines.append(part)
    return "\n".join(lines)


def label_column(labels: list[str]) -> Columns:
    """A left-aligned column of labels without a heading."""
    width = max(map(len, labels))
    return ["", " " * width], [f"{label:<{width}}" for label in labels]


def under(name: str, columns: Columns) -> Columns:
    """Columns under a common heading."""
    heads, rows = columns
    name = shortened(name)
    width = max(len(name), len(heads[1]))
    return [name.rjust(width), heads[1].rjust(width)], [row.rjust(width) for row in rows]


def fill(text: str, first: str = "", rest: str = "") -> str:
    """Text in lines of at most `width` characters; a number and its percent sign stay together.

    Examples
    --------
    >>> fill("word " * 19 + "a 12 %").splitlines()[-1]
    '12 %'
    """
    joined = text.replace(" %", "\u00a0%")
    lines = textwrap.fill(joined, REPORT.width, initial_indent=first, subsequent_indent=rest)
    return lines.replace("\u00a0%", " %")


def writer(means: NDArray[np.float64], sds: NDArray[np.float64]) -> Callable[[float], str]:
    """A number format whose decimals show the smallest sd to about three digits.

    Examples
    --------
    >>> writer(np.array([1e12 + 20.3]), np.array([2.5]))(1e12 + 20.3)
    '1,000,000,000,020.30'
    >>> writer(np.array([3.21e12]), np.array([2e11]))(3.21e12)
    '3.21e+12'
    """
    smallest, largest = float(sds.min()), float(np.abs(means).max())
    decimals = 2 - math.floor(math.log10(smallest))
    if (decimals > 6 or largest >= 1e9) and four_digits_suffice(smallest, largest):
        return lambda x: f"{x:.4g}"
    return lambda x: f"{x:,.{max(decimals, 0)}f}"


def mean_and_range(
    write: Callable[[float], str], means: Iterable[float], low: Iterable[float],
    high: Iterable[float],
) -> tuple[Columns, Columns]:  # fmt: skip
    """The mean and the central 68 % of a transformed feature."""
    bounds = [f"{write(a)} to {write(b)}" for a, b in zip(low, high, strict=True)]
    return column("mean", [write(m) for m in means]), column("central 68 %", bounds)


def shortened(name: str) -> str:
    """A name on one line, truncated if it is long."""
    name = one_line(name, len(name) + REPORT.name_width)
    return name if len(name) <= REPORT.name_width else name[: REPORT.name_width - 1] + "…"
