"""Deduplication of optima, invariant to the labels of components."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from bayes_gmm.data.rows import Floats, Integers
from bayes_gmm.model.parameters import Layout
from bayes_gmm.model.points import Points


class Optimum(Protocol):
    """A vector, its log-posterior and its approximate mass."""

    @property
    def theta(self) -> Floats:
        """The vector."""
        ...

    @property
    def log_posterior(self) -> float:
        """Its log-posterior."""
        ...

    @property
    def rough_log_mass(self) -> float:
        """Rough log mass; optima are ranked by it."""
        ...


def distinct[Run: Optimum](
    layout: Layout, runs: Sequence[Run], *, distance: float, height: float = math.inf
) -> list[Run]:
    """Distinct results, best first; equal optima with different labels count once.

    Parameters
    ----------
    layout : Layout
        Layout of the vectors.
    runs : sequence
    distance : float
        Distance below which all corresponding components of equal optima lie (see
        `component_distances`).
    height : float
        Maximum difference of the log-posteriors of equal optima, in nats.
    """
    return [group[0] for group in grouped(layout, runs, distance=distance, height=height)]


def grouped[Run: Optimum](
    layout: Layout, runs: Sequence[Run], *, distance: float, height: float = math.inf
) -> list[list[Run]]:
    """Results grouped by optimum; groups, and the results in each, are sorted best first."""
    if not runs:
        return []
    runs = sorted(runs, key=lambda run: -run.rough_log_mass)
    heights = np.array([run.log_posterior for run in runs])
    outlines = _Outlines.of(layout, np.array([run.theta for run in runs]).reshape(len(runs), -1))
    groups: list[list[Run]] = []
    best: list[int] = []
    for i, run in enumerate(runs):
        others = np.array(best, dtype=np.int64)
        near = np.arange(len(others))
        if math.isfinite(height):
            near = near[_within(heights[others], heights[i], height)]
        like = outlines.first_like(i, others[near], distance)
        if like is None:
            groups.append([run])
            best.append(i)
        else:
            groups[near[like]].append(run)
    return groups


def _within(a: Floats, b: float, height: float) -> npt.NDArray[np.bool_]:
    """Whether values differ by at most `height`; the values may be infinite."""
    return (a <= b + height) & (b <= a + height)


@dataclass(frozen=True)
class _Outlines:
    """Quantities by which components are compared: shapes (n, K), (n, K, d) and (n, K, d).

    `by_size`, shape (n, K (1 + d)), holds sorted log weights and log standard deviations. They do
    not depend on the numbering, and are close if the components of two mixtures are.
    """

    log_weights: Floats
    means: Floats
    log_sd: Floats
    by_size: Floats

    @classmethod
    def of(cls, layout: Layout, thetas: Floats) -> _Outlines:
        points = Points.of(layout, thetas)
        log_sd = np.log(points.scales)
        by_size = np.sort(np.concatenate([points.log_weights[..., None], log_sd], axis=-1), axis=-2)
        return cls(points.log_weights, points.means, log_sd, by_size.reshape(len(thetas), -1))

    def first_like(self, i: int, others: Integers, distance: float) -> int | None:
        """The first of `others` in which each component of i has a counterpart, or None."""
        gaps = np.abs(self.by_size[others] - self.by_size[i]).max(axis=1)
        near = np.flatnonzero(gaps < distance)
        if len(near) == 0:
            return None
        for n, cost in zip(near, self.distances(others[near], self, i), strict=True):
            # The assignment is expensive, so it is skipped if a component has no counterpart.
            if max(cost.min(axis=0).max(), cost.min(axis=1).max()) >= distance:
                continue
            if cost[linear_sum_assignment(cost)].max() < distance:
                return int(n)
        return None

    def distances(self, which: Integers | slice, reference: _Outlines, i: int) -> Floats:
        """Distances of component k of reference i to component l of each mixture, (n, K, K)."""
        log_sd, own_log_sd = self.log_sd[which], reference.log_sd[i][:, None]
        middle = np.exp(-0.5 * (log_sd[:, None] + own_log_sd))
        cost = np.abs((self.means[which][:, None] - reference.means[i][:, None]) * middle).sum(
            axis=3
        )
        cost += np.abs(log_sd[:, None] - own_log_sd).sum(axis=3)
        log_weights = self.log_weights[which][:, None]
        return np.asarray(cost + np.abs(log_weights - reference.log_weights[i][:, None]))


def component_distances(layout: Layout, thetas: Floats, reference: Floats) -> Floats:
    """Distances between component k of the reference and l of each vector (n, p), shape (n, K, K).

    The distance is the sum of the distances of means (in standard deviations), of log standard
    deviations and of log weights.
    """
    one = _Outlines.of(layout, reference[None])
    return _Outlines.of(layout, thetas).distances(slice(None), one, 0)
