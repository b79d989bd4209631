"""Which optima are one and the same, whatever the numbering of their components."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from scipy.optimize import linear_sum_assignment

from bayes_gmm.data.rows import Floats
from bayes_gmm.model.parameters import Layout


class Climb(Protocol):
    """Anything that has come to a vector of some height."""

    @property
    def theta(self) -> Floats:
        """Where it is."""
        ...

    @property
    def log_posterior(self) -> float:
        """How high that is."""
        ...


class _Outline(NamedTuple):
    """What components are compared by: shapes (K,), (K, d) and (K, d)."""

    log_weights: Floats
    means: Floats
    log_sd: Floats


def distinct[Run: Climb](
    layout: Layout, runs: Sequence[Run], *, distance: float, height: float = math.inf
) -> list[Run]:
    """Best first, without those that came to the same place, numbered otherwise perhaps.

    Parameters
    ----------
    layout : Layout
        Of their vectors.
    runs : sequence
    distance : float
        At which no component of one may lie from its like in the other: that of their means, in
        standard deviations of both, plus those of their log weights and log standard deviations.
    height : float
        Nats by which two runs that came to one place differ at most.
    """
    kept: list[Run] = []
    outlines: list[_Outline] = []
    for run in sorted(runs, key=lambda run: -run.log_posterior):
        outline = _outline(layout, run.theta)
        near = [
            other
            for other, place in zip(outlines, kept, strict=True)
            if place.log_posterior - run.log_posterior <= height
        ]
        if not _is_among(outline, near, distance):
            kept.append(run)
            outlines.append(outline)
    return kept


def _is_among(outline: _Outline, others: list[_Outline], distance: float) -> bool:
    """Whether the components of any of the others are all near to those here, each to its own."""
    if not others:
        return False
    costs = _costs(outline, others)
    # The assignment is dear: only where each component has a like at all is it looked for.
    possible = costs.min(axis=1).max(axis=1) < distance
    possible &= costs.min(axis=2).max(axis=1) < distance
    return any(
        cost[linear_sum_assignment(cost)].max() < distance
        for cost in costs[np.flatnonzero(possible)]
    )


def _outline(layout: Layout, theta: Floats) -> _Outline:
    point = layout.point(theta)
    log_sd = 0.5 * np.log((point.scale_trils**2).sum(axis=2))
    return _Outline(point.log_weights, point.means, log_sd)


def _costs(outline: _Outline, others: list[_Outline]) -> Floats:
    """Distances of components, shape (number of others, K of the other, K)."""
    log_weights, means, log_sd = (np.array(part)[:, :, None] for part in zip(*others, strict=True))
    middle = np.exp(-0.5 * (outline.log_sd + log_sd))
    cost = np.abs((outline.means - means) * middle).sum(axis=3)
    cost += np.abs(outline.log_sd - log_sd).sum(axis=3)
    return np.asarray(cost + np.abs(outline.log_weights - log_weights))
