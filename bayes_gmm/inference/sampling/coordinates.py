"""Coordinates and step-size targets of chains that start at a mode."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from bayes_gmm.data.rows import Floats
from bayes_gmm.inference.sampling.laplace_approximation import departure_from_normal
from bayes_gmm.inference.sampling.peak import Peak
from bayes_gmm.model.density import Density

NORMAL_ENOUGH = 0.35
"""Departure from a normal posterior up to which its curvature is much the same everywhere."""
DEFAULT_TUNE, SPARSE_TUNE = 300, 800
"""Warm-up draws: few, because scales and correlations are known from the mode.

More are needed if components may be empty, because the mode is then not informative.
"""
TARGET_ACCEPT, CAREFUL, SPARSE = 0.8, 0.9, 0.95
"""Of the step size: the usual, that for posteriors with narrow places to diverge in, and that where
such places open as components take up rows and close as they lose them."""


class Frame(NamedTuple):
    """Coordinates for `FusedDensity`, and options of the sampler."""

    factor: Floats
    bend: float | None
    target_accept: float
    tune: int


def frame_of(density: Density, peak: Peak, rng: np.random.Generator) -> Frame:
    """How chains about a peak are to move.

    Where the posterior bends, the mode's correlations turn its narrow directions elsewhere into
    the wide ones of the coordinates, and chains stay there: such a mode lends its scales alone.

    Where a concentration a is below 1, the log weight of a component that holds no row has the
    density exp(a log w): a tail 1 / a nats long, while that of one with n rows is known to
    1 / sqrt(n). No scale suits a component that goes from one to the other, and logs less their
    mean over components, as PyMC has them, all move with each empty one. So the weights'
    coordinates are bent where a component has the weight of less than one row (see
    `weight_transform`).
    """
    scales = np.diag(np.sqrt((peak.factor**2).sum(axis=1)))
    if may_empty(density, peak):
        return Frame(scales, -math.log(density.rows.total_weight), SPARSE, SPARSE_TUNE)
    if departure_from_normal(density, peak, rng) <= NORMAL_ENOUGH:
        return Frame(peak.factor, None, TARGET_ACCEPT, DEFAULT_TUNE)
    return Frame(scales, None, CAREFUL, DEFAULT_TUNE)


def may_empty(density: Density, peak: Peak) -> bool:
    """Whether some component may lose all of its rows, and its weight then all bounds.

    That is where its concentration is below 1 and its weight is known to a factor of e at best.
    """
    K = density.layout.n_components
    few = density.prior.concentration < 1.0
    if K == 1 or not np.any(few):
        return False
    free = peak.factor[: K - 1]
    log_weights = np.concatenate([free, -free.sum(axis=0)[None]])
    largest = int(density.layout.point(peak.theta).log_weights.argmax())
    spread = ((log_weights - log_weights[largest]) ** 2).sum(axis=1)
    return bool(np.any(few & (spread > 1.0)))
