"""Components that close on rows in a plane, or are left with none, where no prior forbids it.

A Gaussian mixture's density is unbounded (Day 1969): what a climb towards such a place has reached
when it is stopped is no optimum, however high.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from bayes_gmm.data.rows import Floats
from bayes_gmm.inference.optimize.em import SMALLEST_SHARE
from bayes_gmm.model.density import Density

CLOSED = 1e-4
"""Standardised standard deviation, across the others, of a component that has closed."""


class Climb(Protocol):
    """Anything that has come to a vector."""

    @property
    def theta(self) -> Floats:
        """Where it is."""
        ...


def is_sound(density: Density, theta: Floats) -> bool:
    """Whether every component holds rows, and holds them in all directions."""
    point = density.layout.point(theta)
    held = density.prior.concentration < 1.0  # those may be left empty
    held |= point.log_weights > np.log(2.0 * SMALLEST_SHARE)
    if not np.all(held):
        return False
    thinnest = np.diagonal(point.scale_trils, axis1=1, axis2=2).min()
    may_close = not density.has_maximum or density.prior.is_improper
    return bool(thinnest > CLOSED or not may_close)


def sound[Run: Climb](density: Density, runs: Sequence[Run]) -> list[Run]:
    """The runs that came to a mixture; all of them where none did."""
    kept = [run for run in runs if is_sound(density, run.theta)]
    return kept or list(runs)
