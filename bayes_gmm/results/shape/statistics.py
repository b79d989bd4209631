"""Skewness and kurtosis of the rows of a segment, along directions and over all directions.

Rows are standardised by their own weighted mean and covariance, so that no statistic depends on
the parameters of the segment. If the rows are Gaussian, features and principal directions are
functions of that mean and covariance, and independent of the standardised rows (Basu 1955). The
rows are then a univariate Gaussian sample along each of them. This is not the case for the
directions of the largest skewness and kurtosis. These are therefore found in one half of the rows
and measured in the other half, and vice versa.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bayes_gmm.data.rows import Floats
from bayes_gmm.results.shape.normality import FEWEST, kurtosis_score, skewness_score

SOUGHT = 3
"""Number of directions found in each half: the most skewed, flattest and heaviest-tailed."""
ROUNDING = 1e-9
"""Fraction of the variance below which a principal direction only has rounding errors."""


@dataclass(frozen=True, eq=False)
class ShapeStatistics:
    """Statistics of the rows of one segment; NaN if there are too few rows for a statistic.

    Attributes
    ----------
    directions : ndarray, shape (D, d)
        Coefficients of features with sd 1: d features, d principal directions, and 2 * `SOUGHT`
        directions of large skewness or kurtosis. With one feature there is one direction.
    sd : ndarray, shape (d,)
        Standard deviations of the features; infinite for a constant feature.
    skewness, kurtosis : ndarray, shape (D,)
        Values along each direction; 0 and 3 for a Gaussian.
    n_rows : ndarray, shape (D,)
        Effective number of rows for each value.
    radial : float
        3 / (d (d + 2)) times the mean of |y|^4 of whitened rows y; 3 for a Gaussian.
    n_radial : float
        Effective number of rows for the radial kurtosis.
    n_effective : float
        Effective number of rows of the segment.
    """

    directions: Floats
    sd: Floats
    skewness: Floats
    kurtosis: Floats
    n_rows: Floats
    radial: float
    n_radial: float
    n_effective: float

    @property
    def scores(self) -> Floats:
        """Standard normal scores: D of skewness, D of kurtosis, one of the radial kurtosis."""
        d = self.directions.shape[1]
        return np.concatenate([
            skewness_score(self.skewness, self.n_rows),
            kurtosis_score(self.kurtosis, self.n_rows),
            kurtosis_score(np.array([self.radial]), np.array([self.n_radial]), d),
        ])  # fmt: skip

    @property
    def values(self) -> Floats:
        """The statistics in the order of `scores`."""
        return np.concatenate([self.skewness, self.kurtosis, [self.radial]])

    @property
    def rows_behind(self) -> Floats:
        """Effective numbers of rows in the order of `scores`."""
        return np.concatenate([self.n_rows, self.n_rows, [self.n_radial]])


def n_directions(d: int) -> int:
    """Number of directions along which rows with d features are projected."""
    return 1 if d == 1 else 2 * d + 2 * SOUGHT


def effective_rows(weights: Floats) -> float:
    """(sum w)^2 / sum w^2 (Kish 1965), at most the sum of the weights.

    Examples
    --------
    >>> effective_rows(np.ones(50)), effective_rows(np.full(50, 0.5)), effective_rows(np.ones(0))
    (50.0, 25.0, 0.0)
    """
    largest = float(weights.max(initial=0.0))
    if largest == 0.0:
        return 0.0
    shares = weights / largest  # scaled so that squares neither under- nor overflow
    return min(float(weights.sum()), float(shares.sum() ** 2 / (shares @ shares)))


def shape_statistics(x: Floats, weights: Floats, half: npt.NDArray[np.bool_]) -> ShapeStatistics:
    """Statistics of the rows of one segment.

    Parameters
    ----------
    x : ndarray, shape (n, d)
        Rows without missing cells, in units in which features are of order one.
    weights : ndarray, shape (n,)
    half : ndarray of bool, shape (n,)
        A random half of the rows.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = np.column_stack([rng.normal(size=400), rng.exponential(size=400)])
    >>> found = shape_statistics(x, np.ones(400), rng.random(400) < 0.5)
    >>> found.skewness[:2].round(1)
    array([-0. ,  2.4])
    """
    n, d = effective_rows(weights), x.shape[1]
    D = n_directions(d)
    if n < FEWEST:
        nothing = np.full(D, np.nan)
        return ShapeStatistics(
            np.zeros((D, d)), np.ones(d), nothing, nothing, nothing, np.nan, np.nan, n
        )
    y, sd, share = _standardised(x, weights)
    along = [np.eye(d)]
    moments = [_moments(y, share)]
    counts = [np.full(d, n)]
    radial = np.nan
    if d > 1:
        principal = _principal(y, share)
        along.append(principal)
        moments.append(_moments(y @ principal.T, share))
        counts.append(np.full(d, n))
        for part in (half, ~half):
            u, found, n_part = _sought(y, weights, part)
            along.append(u)
            moments.append(found)
            counts.append(np.full(SOUGHT, n_part))
        if n >= 3 * d:
            radial = _radial(y, share)
    skewness, kurtosis = np.concatenate(moments, axis=1)
    return ShapeStatistics(
        np.concatenate(along), sd, skewness, kurtosis, np.concatenate(counts), radial,
        n if np.isfinite(radial) else np.nan, n,
    )  # fmt: skip


def _standardised(x: Floats, weights: Floats) -> tuple[Floats, Floats, Floats]:
    """Rows with mean 0 and sd 1 in each feature, the sds, and weights that sum to 1."""
    share = weights / weights.sum()
    y = x - share @ x
    sd = np.sqrt(share @ (y * y))
    sd = np.where(sd > ROUNDING, sd, np.inf)  # a constant feature has no shape: y is 0
    return y / sd, sd, share


def _moments(p: Floats, share: Floats) -> Floats:
    """Skewness and kurtosis of each column, shape (2, columns); NaN for a constant one."""
    p = p - share @ p
    square = p * p
    m2 = share @ square
    m2 = np.where(m2 > ROUNDING, m2, np.nan)
    return np.stack([share @ (square * p) / m2**1.5, share @ (square * square) / m2**2])


def _principal(y: Floats, share: Floats) -> Floats:
    """Eigenvectors of the correlation matrix as rows, the widest first."""
    vectors = np.linalg.eigh((y * share[:, None]).T @ y)[1][:, ::-1]
    largest = np.abs(vectors).argmax(axis=0)
    return np.asarray((vectors * np.sign(vectors[largest, np.arange(len(largest))])).T)


def _sought(
    y: Floats, weights: Floats, half: npt.NDArray[np.bool_]
) -> tuple[Floats, Floats, float]:
    """Directions (3, d) from one half of the rows; their moments in the other half; its size."""
    d = y.shape[1]
    n_here, n_there = effective_rows(weights[half]), effective_rows(weights[~half])
    unknown = np.full((SOUGHT, d), np.nan), np.full((2, SOUGHT), np.nan), np.nan
    if min(n_here, n_there) < max(FEWEST, 4 * d):
        return unknown
    try:
        u = _extreme_directions(y[half], weights[half] / weights[half].sum())
    except np.linalg.LinAlgError:
        return unknown
    found = _moments(y[~half] @ u.T, weights[~half] / weights[~half].sum())
    return u, found, n_there


def _extreme_directions(y: Floats, share: Floats) -> Floats:
    """Most skewed, flattest and heaviest-tailed direction, by moments of whitened rows.

    With z the whitened rows, they are E[|z|^2 z] (Móri, Rohatgi & Székely 1993) and the
    eigenvectors of E[|z|^2 z z'] with the smallest and largest eigenvalue (Tyler et al. 2009).
    """
    y = y - share @ y
    L = np.linalg.cholesky((y * share[:, None]).T @ y)
    z = np.linalg.solve(L, y.T).T
    radius = share * (z * z).sum(axis=1)
    vectors = np.linalg.eigh((z * radius[:, None]).T @ z)[1]
    u = np.linalg.solve(L.T, np.column_stack([radius @ z, vectors[:, 0], vectors[:, -1]])).T
    return np.asarray(u / np.linalg.norm(u, axis=1, keepdims=True))


def _radial(y: Floats, share: Floats) -> float:
    """3 / (d (d + 2)) E |z|^4 of whitened rows z; NaN if their covariance is singular."""
    d = y.shape[1]
    S = (y * share[:, None]).T @ y
    try:
        z = np.linalg.solve(np.linalg.cholesky(S), y.T)
    except np.linalg.LinAlgError:
        return float("nan")
    return float(3.0 / (d * (d + 2.0)) * (share @ (z * z).sum(axis=0) ** 2))
