"""Detection of degenerate components: those that collapse onto a plane or have no rows.

The density of a Gaussian mixture is unbounded (Day 1969), so the end of an optimisation towards
such a point is not an optimum, however high its density.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bayes_gmm.data.rows import Floats
from bayes_gmm.inference.optimize.em import SMALLEST_SHARE
from bayes_gmm.inference.optimize.optimum import Optimum
from bayes_gmm.model.density import Density

CLOSED = 1e-4
"""Conditional standard deviation below which a component is degenerate, in standardised units."""


def is_sound(density: Density, theta: Floats) -> bool:
    """Whether no component is empty or degenerate."""
    point = density.layout.point(theta)
    held = density.prior.concentration < 1.0  # those may be left empty
    held |= point.log_weights > np.log(2.0 * SMALLEST_SHARE)
    if not np.all(held):
        return False
    thinnest = np.diagonal(point.scale_trils, axis1=1, axis2=2).min()
    may_close = not density.has_maximum or density.prior.is_improper
    return bool(thinnest > CLOSED or not may_close)


def sound[Run: Optimum](density: Density, runs: Sequence[Run]) -> list[Run]:
    """The runs without degenerate components; all runs if there are none."""
    kept = [run for run in runs if is_sound(density, run.theta)]
    return kept or list(runs)
