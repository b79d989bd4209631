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
    """What components are compared by: shapes (K,), (K, d) and (K, d).

    And, as `sorted`, all but the means, each column by size: where components are each near to
    one of the other's, these are too, whatever the numbering.
    """

    log_weights: Floats
    means: Floats
    log_sd: Floats
    sorted: Floats


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
    return [group[0] for group in grouped(layout, runs, distance=distance, height=height)]


def grouped[Run: Climb](
    layout: Layout, runs: Sequence[Run], *, distance: float, height: float = math.inf
) -> list[list[Run]]:
    """The same with those that came to the place of each, that first: best first in all."""
    groups: list[list[Run]] = []
    outlines: list[_Outline] = []
    for run in sorted(runs, key=lambda run: -run.log_posterior):
        outline = _outline(layout, run.theta)
        # The best come first, so the groups that are not too high for this one are the last.
        first = next(
            (i for i, group in enumerate(groups)
             if group[0].log_posterior - run.log_posterior <= height),
            len(groups),
        )  # fmt: skip
        like = _first_like(outline, outlines[first:], distance)
        if like is None:
            groups.append([run])
            outlines.append(outline)
        else:
            groups[first + like].append(run)
    return groups


def _first_like(outline: _Outline, others: list[_Outline], distance: float) -> int | None:
    """The first of the others whose components are all near to those here, each to its own."""
    if not others:
        return None
    gaps = np.abs(np.array([other.sorted for other in others]) - outline.sorted)
    near = np.flatnonzero(gaps.max(axis=1) < distance)
    for i, cost in zip(near, _costs(outline, [others[i] for i in near]), strict=True):
        # The assignment is dear: only where each component has a like at all is it looked for.
        if max(cost.min(axis=0).max(), cost.min(axis=1).max()) >= distance:
            continue
        if cost[linear_sum_assignment(cost)].max() < distance:
            return int(i)
    return None


def _outline(layout: Layout, theta: Floats) -> _Outline:
    point = layout.point(theta)
    log_sd = 0.5 * np.log((point.scale_trils**2).sum(axis=2))
    by_size = np.sort(np.column_stack([point.log_weights, log_sd]), axis=0).ravel()
    return _Outline(point.log_weights, point.means, log_sd, by_size)


def _costs(outline: _Outline, others: list[_Outline]) -> Floats:
    """Distances of components, shape (number of others, K of the other, K)."""
    if not others:
        return np.empty((0, 0, 0))
    log_weights, means, log_sd = (
        np.array([part[i] for part in others])[:, :, None] for i in range(3)
    )
    middle = np.exp(-0.5 * (outline.log_sd + log_sd))
    cost = np.abs((outline.means - means) * middle).sum(axis=3)
    cost += np.abs(outline.log_sd - log_sd).sum(axis=3)
    return np.asarray(cost + np.abs(outline.log_weights - log_weights))
