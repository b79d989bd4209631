"""Detection of rounding grids: the largest step whose multiples fit better than by chance.

Estimating a step of unknown size and origin from a few values is the quantum problem (Broadbent
1955; Kendall 1974, "Hunting quanta").
"""

from __future__ import annotations

from dataclasses import dataclass
from math import lgamma, log
from typing import Any, NamedTuple

import numpy as np

from bayes_gmm.data.rows import EPSILON, Floats


@dataclass(frozen=True)
class GridSettings:
    """Settings of the detection of rounding grids."""

    rounding: float = 8 * EPSILON
    """Relative difference below which two values are considered equal up to rounding."""
    most_values: int = 4096
    """Maximum number of distinct values to use; with more, the step is negligible."""
    most_multiple: int = 10
    """Maximum ratio of a typical gap between neighbouring values to the step."""
    loosest: float = 0.1
    """Maximum distance of values from the grid, in steps; minutes as hours to 2 decimals fit."""
    chance: float = 1e-6
    """Significance level of a grid."""


class Grid(NamedTuple):
    """A step, and the log p-value of the distances of the values from its multiples."""

    log_chance: float
    step: float


NO_GRID = Grid(0.0, 0.0)


def find_grid(values: Floats, settings: GridSettings = GridSettings()) -> Grid:
    """Grid with the largest step that fits the values.

    Up to one value in twenty may be off the grid, or one in ten (and at least one) if this gives a
    smaller p-value. For two values, the step is their distance.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Sorted and distinct.
    settings : GridSettings

    Examples
    --------
    >>> import numpy as np
    >>> round(find_grid(np.array([-1.0, 0.5, 2.75, 3.25, 9.5])).step, 9)
    0.25
    >>> find_grid(np.sqrt([2.0, 3.0, 5.0, 7.0, 11.0])).step
    0.0
    """
    if not len(values):
        return NO_GRID
    # Divided by a power of two, which is exact, values are below 1 and nothing overflows.
    _, exponent = np.frexp(max(values[-1], -values[0]))
    m = min(len(values), settings.most_values)
    first = (len(values) - m) // 2
    log_chance, step = _find(np.ldexp(values[first : first + m], -exponent), settings)
    with np.errstate(over="ignore"):  # a range may exceed the largest number
        step = min(float(np.ldexp(step, exponent)), float(np.finfo(np.float64).max))
    return Grid(log_chance, step)


def _find(u: Floats, settings: GridSettings) -> Grid:
    """Grid of sorted distinct values, which are at most 1 in size."""
    m = len(u)
    if m < 3:
        return Grid(0.0, float(u[-1] - u[0]))
    allowed = {max(m // 20, int(m >= 10)), max(m // 10, int(m >= 5))}
    found: dict[int, Grid] = {}
    strays = max(allowed)
    for candidate in _candidates(u, strays, settings):
        refined = _refine(u, candidate, strays)
        if refined is None:
            continue
        step, offsets = _fit_grid(u, refined, settings.rounding)
        for n_strays in allowed - found.keys():
            log_chance = _log_chance(u, step, offsets, n_strays, settings)
            if log_chance < log(settings.chance):
                found[n_strays] = Grid(log_chance, step)
        if len(found) == len(allowed):
            break
    return min(found.values(), default=NO_GRID)


def _candidates(u: Floats, strays: int, settings: GridSettings) -> list[float]:
    """Steps to try, largest first: typical gaps between neighbours, and fractions of them.

    Most gaps must be near multiples of the step, which excludes most candidates early if there is
    no grid.
    """
    gaps = np.diff(u)
    typical = np.quantile(gaps, [0.05, 0.1, 0.2, 0.5], method="lower")
    steps = np.unique(np.divide.outer(typical, np.arange(1, settings.most_multiple + 1)))[::-1]
    steps = steps[steps > settings.rounding / settings.loosest]
    return [float(step) for step in steps if _is_likely(gaps / step, strays, settings)]


def _is_likely(ratios: Floats, strays: int, settings: GridSettings) -> bool:
    """Whether most small ratios of gap to step are near whole numbers."""
    multiples = np.rint(ratios)
    small = multiples <= settings.most_multiple
    near = small & (multiples > 0) & (np.abs(ratios - multiples) < 0.25)
    return bool(near.sum() >= _fewest_near(small.sum(), strays))


def _fewest_near(n: Any, strays: int) -> Any:
    """Required number of n spans that are near multiples; one stray value affects two spans."""
    return 0.9 * n - np.minimum(2 * strays, 0.2 * n + 1)


def _refine(u: Floats, step: float, strays: int) -> float | None:
    """Least squares slope of value on multiple, over spans twice as long each time.

    With a relative error of 1 / n, the step determines the multiple of spans of up to n / 4 steps.
    Such spans reduce its error, and so on up to the whole range. Return None if too few spans are
    near multiples.
    """
    median_gap = float(np.median(np.diff(u)))
    reach = 3.0
    while True:
        lag = int(min(max(reach * step / median_gap, 1), len(u) // 2))
        spans = u[lag:] - u[:-lag]
        multiples = np.rint(spans / step)
        within = multiples <= reach
        good = within & (multiples > 0) & (np.abs(spans / step - multiples) < 0.25)
        if good.sum() < _fewest_near(within.sum(), strays):
            return None
        if good.any():
            step = float(spans[good] @ multiples[good] / np.square(multiples[good]).sum())
        if reach * step >= u[-1] - u[0]:
            return step
        reach *= 2.0


def _fit_grid(u: Floats, step: float, rounding: float) -> tuple[float, Floats]:
    """Step fitted to the nearer values, and the sorted distances of all from it, in steps."""
    middle = u[len(u) // 2]
    phases = (u - middle) / step
    origin = np.angle(np.mean(np.exp(2j * np.pi * phases))) / (2.0 * np.pi)
    for _ in range(3):
        multiples = np.rint(phases - origin)
        offsets = phases - origin - multiples
        offsets -= np.median(offsets)
        near = np.abs(offsets) <= 2.0 * np.median(np.abs(offsets)) + rounding / step
        centred = multiples[near] - multiples[near].mean()
        spread = np.square(centred).sum()
        if spread == 0.0:
            break
        step = float(centred @ u[near] / spread)
        origin = float(np.mean((u[near] - middle) / step - multiples[near]))
        phases = (u - middle) / step
    offsets = phases - origin
    return step, np.sort(np.abs(offsets - np.rint(offsets)))


def _log_chance(
    u: Floats, step: float, offsets: Floats, strays: int, settings: GridSettings
) -> float:
    """Log of the expected number of steps at which random values lie as near to a grid.

    All but `strays` of m values lie within a fraction 2 r of the circle; two of them determine step
    and origin; the number of distinguishable steps is the range in steps.
    """
    m = len(u)
    r = max(float(offsets[m - strays - 1]), settings.rounding / step)
    if r > settings.loosest:
        return 0.0
    ways = lgamma(m + 1) - lgamma(strays + 1) - lgamma(m - strays + 1)
    return ways + (m - strays - 2) * log(2.0 * r) + log((u[-1] - u[0]) / step)
