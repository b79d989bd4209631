"""Detection of degenerate components: those that collapse onto a plane or have no rows.

The density of a Gaussian mixture is unbounded (Day 1969). An optimisation towards such a point does
not end at an optimum, even if the density there is high.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bayes_gmm.data.rows import Floats
from bayes_gmm.inference.optimize.run import Run
from bayes_gmm.inference.optimize.settings import EM
from bayes_gmm.model.density import Density


def is_sound(density: Density, theta: Floats) -> bool:
    """Whether no component is empty or degenerate."""
    point = density.layout.point(theta)
    held = density.prior.concentration < 1.0  # such components may be empty
    held |= point.log_weights > np.log(2.0 * EM.smallest_weight)
    if not np.all(held):
        return False
    thinnest = np.diagonal(point.scale_trils, axis1=1, axis2=2).min()
    may_close = not density.has_maximum or density.prior.is_improper
    return bool(thinnest > EM.degenerate_sd or not may_close)


def sound(density: Density, runs: Sequence[Run]) -> list[Run]:
    """The runs without degenerate components; all runs if there are none."""
    kept = [run for run in runs if is_sound(density, run.theta)]
    return kept or list(runs)
