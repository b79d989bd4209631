"""Rows and quantiles of each segment, for the plot of the shape check."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import betaincinv

from bayes_gmm.data.matrix import ModelMatrix
from bayes_gmm.data.rows import Floats
from bayes_gmm.data.standardize import Standardizer
from bayes_gmm.model.mixture import Mixture
from bayes_gmm.results.shape.check import completed, mixture_draw
from bayes_gmm.results.shape.record import ShapeCheck, ShapeStatistic
from bayes_gmm.results.shape.statistics import effective_rows


@dataclass(frozen=True, eq=False)
class SegmentRows:
    """Rows of a segment, without missing cells, at the MAP.

    Attributes
    ----------
    statistic : ShapeStatistic or None
        The statistic along whose direction the rows are projected; None with too few rows.
    projection : ndarray, shape (n,)
        Projections of the rows, in standard deviations from the mean.
    weights : ndarray, shape (n,)
        Row weights, scaled to sum to 1.
    means, sds : ndarray, shape (d,)
        Of the rows, on the scale of the model; empty with too few rows.
    distance, expected, lower, upper : ndarray, shape (q,)
        Quantiles of the Mahalanobis distances of the rows and of a Gaussian segment, and bounds
        that hold 94 % of replicated segments.
    """

    statistic: ShapeStatistic | None
    projection: Floats
    weights: Floats
    means: Floats
    sds: Floats
    distance: Floats
    expected: Floats
    lower: Floats
    upper: Floats


def segment_rows(
    mixture: Mixture,
    units: Standardizer,
    check: ShapeCheck,
    matrix: ModelMatrix,
    weights: Floats | None,
) -> tuple[SegmentRows, ...]:
    """Rows of each segment, assigned and completed as in the check of the MAP."""
    rows, x, draw = mixture_draw(mixture, units, matrix, weights, check.settings)
    segments, complete = completed(draw, x, np.random.default_rng(check.settings.seed))
    return tuple(
        _rows_of(complete[segments == k], rows.weights[segments == k], shown_statistic(check, k),
                 units)
        for k in range(len(check.names))
    )  # fmt: skip


def shown_statistic(check: ShapeCheck, k: int) -> ShapeStatistic | None:
    """The statistic with the largest departure of segment k along a direction; None if unknown."""
    along = [s for s in check.departures(k) if s.direction]
    if along:
        return along[0]
    others = [s for s in check.statistics if s.segment == k and s.direction]
    return min(others, key=lambda s: s.p_value, default=None)


def _rows_of(
    x: Floats, weights: Floats, statistic: ShapeStatistic | None, units: Standardizer
) -> SegmentRows:
    nothing = np.empty(0)
    if statistic is None:
        return SegmentRows(None, *[nothing] * 8)
    share = weights / weights.sum()
    y = x - share @ x
    projection = y @ (np.array(statistic.direction) * units.scale)
    projection /= np.sqrt(share @ projection**2)
    means, sds = units.means(share @ x), units.scale * np.sqrt(share @ y**2)
    along = SegmentRows(statistic, projection, share, means, sds, *[nothing] * 4)
    n, d = effective_rows(weights), x.shape[1]
    try:
        L = np.linalg.cholesky((y * share[:, None]).T @ y)
    except np.linalg.LinAlgError:
        return along
    distances = np.sqrt((np.linalg.solve(L, y.T) ** 2).sum(axis=0))
    rank = _ranks(n)
    at = np.interp(rank, np.cumsum(share[np.argsort(distances)]) - share.min() / 2.0,
                   np.sort(distances))  # fmt: skip
    bounds = [_distance(betaincinv(rank * n, n + 1.0 - rank * n, p), n, d) for p in (0.03, 0.97)]
    lower, upper = bounds
    return replace(along, distance=at, expected=_distance(rank, n, d), lower=lower, upper=upper)


def _ranks(n: float, most: int = 200) -> Floats:
    """Probabilities of at most `most` quantiles; they are denser at the ends."""
    q = min(most, max(int(n), 2))
    even = (np.arange(q) + 0.5) / q
    return np.asarray(np.clip(0.5 - 0.5 * np.cos(np.pi * even), 0.5 / n, 1.0 - 0.5 / n))


def _distance(prob: Floats, n: float, d: int) -> Floats:
    """Quantiles of the Mahalanobis distance of one of n Gaussian rows by the sample covariance.

    With the denominator n, the squared distance is n - 1 times a beta variable with
    parameters d / 2 and (n - d - 1) / 2 (Gnanadesikan & Kettenring 1972).
    """
    square = (n - 1.0) * betaincinv(d / 2.0, max(n - d - 1.0, 1.0) / 2.0, prob)
    return np.sqrt(square)
