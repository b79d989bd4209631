"""Transform skewness and kurtosis of Gaussian samples to standard normal scores, and back.

For n rows of a d-dimensional Gaussian, standardised by their own mean and covariance, the
skewness sqrt(b1) of one direction follows Johnson's S_U distribution closely (D'Agostino 1970),
and a kurtosis b2 becomes normal by a cube root (Anscombe & Glynn 1983). The latter holds for the
kurtosis of d features together,

    b2 = mean_i |y_i|^4,    E b2 = d (d + 2) (n - 1) / (n + 1),
    Var b2 = 8 d (d + 2) (n - 3) (n - d - 1) (n - d + 1) / ((n + 1)^2 (n + 3) (n + 5)),

(Mardia 1974), whose skewness is that of the mean of L(|y|^2), L(u) = u^2 - 2 (d + 2) u + d (d + 2).
That statistic is multiplied by 3 / (d (d + 2)) here, so that a Gaussian has 3 for every d.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from bayes_gmm.data.rows import Floats

FEWEST = 20
"""Minimum number of rows at which both approximations are close (Anscombe & Glynn 1983, sec. 3)."""


def skewness_score(skewness: Floats, n: Floats) -> Floats:
    """Standard normal score of the skewness of n Gaussian rows.

    Examples
    --------
    >>> skewness_score(np.array([0.0, 0.5]), np.array([100.0, 100.0])).round(2)
    array([0.  , 2.08])
    """
    scale, delta = _johnson(n)
    return np.asarray(delta * np.arcsinh(skewness / scale))


def skewness_quantile(score: float, n: Floats) -> Floats:
    """The skewness that has this score; the inverse of `skewness_score`."""
    scale, delta = _johnson(n)
    return np.asarray(scale * np.sinh(score / delta))


def kurtosis_score(kurtosis: Floats, n: Floats, d: int = 1) -> Floats:
    """Standard normal score of the kurtosis of n Gaussian rows in d features.

    Examples
    --------
    >>> kurtosis_score(np.array([2.0, 3.0, 5.0]), np.array([100.0, 100.0, 100.0])).round(1)
    array([-3.7,  0.3,  2.8])
    """
    mean, sd, A = _cube_root(n, d)
    ratio = (1.0 - 2.0 / A) / np.maximum(
        1.0 + (kurtosis - mean) / sd * np.sqrt(2.0 / (A - 4.0)), np.finfo(np.float64).tiny
    )
    return np.asarray((1.0 - 2.0 / (9.0 * A) - np.cbrt(ratio)) / np.sqrt(2.0 / (9.0 * A)))


def kurtosis_quantile(score: float, n: Floats, d: int = 1) -> Floats:
    """The kurtosis that has this score; the inverse of `kurtosis_score`.

    Scores above the largest that the approximation knows give infinity.
    """
    mean, sd, A = _cube_root(n, d)
    root = 1.0 - 2.0 / (9.0 * A) - score * np.sqrt(2.0 / (9.0 * A))
    with np.errstate(divide="ignore"):
        ratio = (1.0 - 2.0 / A) / np.maximum(root, 0.0) ** 3
    return np.asarray(mean + sd * (ratio - 1.0) / np.sqrt(2.0 / (A - 4.0)))


def _johnson(n: Floats) -> tuple[Floats, Floats]:
    """Scale and shape of the skewness of n rows (D'Agostino 1970)."""
    b2 = 3.0 * (n * n + 27.0 * n - 70.0) * (n + 1.0) * (n + 3.0)
    b2 = b2 / ((n - 2.0) * (n + 5.0) * (n + 7.0) * (n + 9.0))
    W2 = np.sqrt(2.0 * (b2 - 1.0)) - 1.0
    sd = np.sqrt(6.0 * (n - 2.0) / ((n + 1.0) * (n + 3.0)))
    return sd * np.sqrt(2.0 / (W2 - 1.0)), 1.0 / np.sqrt(0.5 * np.log(W2))


def _cube_root(n: Floats, d: int) -> tuple[Floats, Floats, Floats]:
    """Mean, sd and the degrees of freedom A of the kurtosis of n rows in d features."""
    unit = d * (d + 2.0)
    mean = 3.0 * (n - 1.0) / (n + 1.0)
    variance = 8.0 * (n - 3.0) * (n - d - 1.0) * (n - d + 1.0)
    variance = 9.0 / unit * variance / ((n + 1.0) ** 2 * (n + 3.0) * (n + 5.0))
    skewness = 6.0 * (n * n - 5.0 * n + 2.0) / ((n + 7.0) * (n + 9.0))
    skewness = skewness * np.sqrt(6.0 * (n + 3.0) * (n + 5.0) / (n * (n - 2.0) * (n - 3.0)))
    skewness = skewness * _skewness_ratio(d)
    A = 6.0 + 8.0 / skewness * (2.0 / skewness + np.sqrt(1.0 + 4.0 / skewness**2))
    return mean, np.sqrt(variance), A


@cache
def _skewness_ratio(d: int) -> float:
    """Ratio of the skewness of L(|y|^2) in d features to that in one feature."""
    return _laguerre_skewness(d) / _laguerre_skewness(1)


def _laguerre_skewness(d: int) -> float:
    """Skewness of L(u) if u has a chi-square distribution with d degrees of freedom."""
    cube = np.polynomial.Polynomial([d * (d + 2.0), -2.0 * (d + 2.0), 1.0]) ** 3
    moments = np.cumprod([1.0, *(d + 2.0 * np.arange(len(cube.coef) - 1))])
    return float(cube.coef @ moments) / (8.0 * d * (d + 2.0)) ** 1.5
