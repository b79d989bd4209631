"""Whether ranks are uniform, and whether intervals cover as often as they say."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from arviz_stats.ecdf_utils import ecdf_pit

BAND_SIMULATIONS = 4000
INTERVALS = (0.5, 0.8, 0.95)


class Coverage(NamedTuple):
    """How often intervals of the posterior hold the truth, and the Monte-Carlo error of that."""

    interval: float
    share: float
    error: float

    @property
    def z(self) -> float:
        """Errors by which the share is off."""
        return (self.share - self.interval) / self.error


def excess(ranks: Sequence[float], confidence: float = 0.99) -> float:
    """How far the ECDF of ranks leaves ArviZ's simultaneous bands; 0 where it stays inside."""
    points, lower, upper = _bands(len(ranks), confidence)
    ecdf = np.searchsorted(np.sort(ranks), points, side="right") / len(ranks)
    return float(np.maximum(lower - ecdf, ecdf - upper).max(initial=0.0))


@cache
def _bands(n: int, confidence: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where the ECDF of n uniform numbers stays with this probability (Sailynoja et al. 2022)."""
    rng = np.random.default_rng(0)
    points, _, lower, upper = ecdf_pit(np.arange(n) / n, confidence, BAND_SIMULATIONS, rng=rng)
    return points, lower, upper


def coverage(below: Sequence[np.ndarray], interval: float) -> Coverage:
    """Of equal-tailed intervals, from the shares of draws below the truth.

    Parameters
    ----------
    below : sequence of ndarray, shape (quantities,)
        Of each table. Its quantities count as one observation, as they depend on each other; they
        vary no less than they would if they did not.
    interval : float
    """
    held = np.array([(np.abs(2.0 * of_table - 1.0) <= interval).mean() for of_table in below])
    per_quantity = np.mean([1.0 / len(of_table) for of_table in below])
    independent = np.sqrt(interval * (1.0 - interval) * per_quantity)
    spread = max(held.std(ddof=1), independent)
    return Coverage(interval, float(held.mean()), float(spread / np.sqrt(len(held))))
