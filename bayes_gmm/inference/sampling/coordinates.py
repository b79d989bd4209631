"""Coordinates and step-size targets of chains that start at a mode."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from bayes_gmm.data.rows import Floats
from bayes_gmm.inference.sampling.peak import Peak
from bayes_gmm.inference.sampling.settings import SamplerSettings
from bayes_gmm.model.density import Density


class Frame(NamedTuple):
    """Coordinates for `FusedDensity`, and options of the sampler."""

    factor: Floats
    bend: float | None
    target_accept: float
    tune: int


def frame_of(
    density: Density,
    peak: Peak,
    rng: np.random.Generator,
    settings: SamplerSettings = SamplerSettings(),
) -> Frame:
    """Coordinates and options of chains that start at a mode.

    If the posterior is far from normal, its narrow directions elsewhere differ from those at the
    mode. Coordinates with the correlations of the mode then trap chains, so only its standard
    deviations are used.

    If a concentration a is below 1, the log weight of an empty component has the density
    exp(a log w), with a tail 1 / a nats long; the log weight of a component with n rows has a
    standard deviation of about 1 / sqrt(n). No single scale fits both, and the centred log weights
    of PyMC all change with each empty component. Therefore the coordinates of weights are
    transformed below the weight of one row (see `weight_transform`).
    """
    scales = np.diag(np.sqrt((peak.factor**2).sum(axis=1)))
    if may_empty(density, peak):
        bend = -math.log(density.rows.total_weight)
        return Frame(scales, bend, settings.target_accept_sparse, settings.tune_sparse)
    if departure_from_normal(density, peak, rng, settings.points) <= settings.nearly_normal:
        return Frame(peak.factor, None, settings.target_accept, settings.tune)
    return Frame(scales, None, settings.target_accept_bent, settings.tune)


def may_empty(density: Density, peak: Peak) -> bool:
    """Whether some component may become empty, so that its log weight is unbounded.

    That is the case if its concentration is below 1 and the standard deviation of its log weight
    exceeds 1.
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


def departure_from_normal(
    density: Density, peak: Peak, rng: np.random.Generator, points: int = 50
) -> float:
    """Departure of the log-posterior at a mode from a parabola, per direction.

    Standard deviation of log p(theta0 + P xi) + |xi|^2 / 2 over xi ~ Normal(0, I), divided by
    sqrt(p): 0 for a normal posterior, about 1 where third derivatives are as large as second.
    """
    xi = rng.normal(size=(points, len(peak.theta)))
    heights = density.log_posteriors(peak.at(xi), jacobian=True)
    departures = heights + 0.5 * (xi**2).sum(axis=1)
    if not np.all(np.isfinite(departures)):
        return math.inf
    return float(departures.std() / math.sqrt(len(peak.theta)))
