"""Which optima are one and the same, whatever the numbering of their components."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from scipy.optimize import linear_sum_assignment

from bayes_gmm.data.rows import Floats
from bayes_gmm.model.parameters import Layout
from bayes_gmm.model.points import Points


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
        At which no component of one may lie from its like in the other (`component_distances`).
    height : float
        Nats by which two runs that came to one place differ at most.
    """
    kept: list[Run] = []
    for run in sorted(runs, key=lambda run: -run.log_posterior):
        near = [place.theta for place in kept if place.log_posterior - run.log_posterior <= height]
        if not _is_among(layout, run.theta, near, distance):
            kept.append(run)
    return kept


def _is_among(layout: Layout, theta: Floats, others: list[Floats], distance: float) -> bool:
    """Whether the components of any of the others are all near to those here, each to its own."""
    if not others:
        return False
    costs = component_distances(layout, np.array(others), theta)
    # The assignment is dear: only where each component has a like at all is it looked for.
    possible = costs.min(axis=1).max(axis=1) < distance
    possible &= costs.min(axis=2).max(axis=1) < distance
    return any(
        cost[linear_sum_assignment(cost)].max() < distance
        for cost in costs[np.flatnonzero(possible)]
    )


def component_distances(layout: Layout, thetas: Floats, reference: Floats) -> Floats:
    """Distance of component k of the reference and l of each vector (n, p), shape (n, K, K).

    That of their means, in standard deviations of both, plus those of their log weights and log
    standard deviations.
    """
    drawn, own = Points.of(layout, thetas), Points.of(layout, reference)
    log_sd, own_log_sd = np.log(drawn.scales), np.log(own.scales)
    gap = drawn.means[:, None, :] - own.means[:, None]
    middle = np.exp(0.5 * (log_sd[:, None, :] + own_log_sd[:, None]))
    cost = np.abs(gap / middle).sum(axis=3)
    cost += np.abs(log_sd[:, None, :] - own_log_sd[:, None]).sum(axis=3)
    return np.asarray(cost + np.abs(drawn.log_weights[:, None, :] - own.log_weights[:, None]))
