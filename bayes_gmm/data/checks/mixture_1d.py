r"""Univariate Gaussian mixtures of many columns at once, for checks.

Each column is represented by quantiles, which makes the cost independent of its length; the BIC
counts `n_rows` rows:

.. math:: BIC_K = -2 n \bar\ell_K + (3 K - 1) \log n

These fits screen a table. They are not the fits that the package reports: no prior, no recording
error, two starts.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bayes_gmm.data.checks.settings import SkewSettings
from bayes_gmm.data.rows import Floats

LOG_2PI = float(np.log(2.0 * np.pi))


class Mixture1D(NamedTuple):
    """A univariate mixture and its BIC."""

    bic: float
    weights: Floats
    means: Floats
    sds: Floats


class _Fits(NamedTuple):
    """Mixtures of C columns: mean log-likelihood (C,), parameters (C, K)."""

    log_likelihood: Floats
    weights: Floats
    means: Floats
    sds: Floats


def best_mixtures(points: Floats, n_rows: float, settings: SkewSettings) -> list[Mixture1D]:
    """The mixture of lowest BIC of each column.

    Parameters
    ----------
    points : ndarray, shape (C, n)
        Quantiles of each column, sorted.
    n_rows : float
        Rows that the BIC counts.
    settings : SkewSettings

    Examples
    --------
    >>> x = np.sort(np.random.default_rng(0).normal([[0.0], [6.0]], 1.0, (2, 128)).ravel())
    >>> best_mixtures(x[None], 256.0, SkewSettings())[0].means.round(0)
    array([0., 6.])
    """
    centre, scale = points.mean(axis=1), points.std(axis=1)
    u = (points - centre[:, None]) / scale[:, None]
    best: list[Mixture1D | None] = [None] * len(u)
    for K in range(1, settings.most_components + 1):
        # Stop if two more components have not lowered the BIC of any column.
        if all(b is not None and len(b.weights) + 2 < K for b in best):
            break
        fits = _fits(u, K, settings)
        bic = -2.0 * n_rows * (fits.log_likelihood - np.log(scale))
        bic += (3 * K - 1) * np.log(n_rows)
        for c, so_far in enumerate(best):
            if so_far is None or bic[c] < so_far.bic:
                means = centre[c] + scale[c] * fits.means[c]
                best[c] = Mixture1D(float(bic[c]), fits.weights[c], means, scale[c] * fits.sds[c])
    return [mixture for mixture in best if mixture is not None]


def memberships(x: Floats, mixture: Mixture1D) -> Floats:
    """Probability of each component for each value, shape (K, n)."""
    z = (x - mixture.means[:, None]) / mixture.sds[:, None]
    log_p = np.log(mixture.weights / mixture.sds)[:, None] - 0.5 * np.square(z)
    p = np.exp(log_p - log_p.max(axis=0))
    r: Floats = p / p.sum(axis=0)
    return r


def _fits(u: Floats, K: int, settings: SkewSettings) -> _Fits:
    """The better of two starts for each column: parts of equal mass, and of equal length."""
    C, n = u.shape
    by_mass = np.broadcast_to(np.arange(n) * K // n, u.shape)
    if K == 1:
        return _em(u, by_mass, K, settings)
    low, high = u[:, :1], u[:, -1:]
    by_length = np.minimum(((u - low) / (high - low) * K).astype(np.int64), K - 1)
    both = _em(np.concatenate([u, u]), np.concatenate([by_mass, by_length]), K, settings)
    chosen = np.arange(C) + C * (both.log_likelihood[C:] > both.log_likelihood[:C])
    return _Fits(*(values[chosen] for values in both))


def _em(u: Floats, parts: npt.NDArray[np.int64], K: int, settings: SkewSettings) -> _Fits:
    """EM from a hard partition; arrays have shape (C, K, n)."""
    n = u.shape[1]
    r = (parts[:, None, :] == np.arange(K)[None, :, None]) + 1e-3
    r /= r.sum(axis=1, keepdims=True)
    u2 = u * u
    for _ in range(settings.iterations if K > 1 else 1):
        n_k = r.sum(axis=2) + 1e-9
        mu = (r @ u[:, :, None])[:, :, 0] / n_k
        var = (r @ u2[:, :, None])[:, :, 0] / n_k - mu * mu
        var = np.maximum(var, settings.narrowest**2)
        constant = np.log(n_k / n) - 0.5 * (LOG_2PI + np.log(var))
        log_p = u[:, None, :] - mu[:, :, None]
        np.square(log_p, out=log_p)
        log_p *= (-0.5 / var)[:, :, None]
        log_p += constant[:, :, None]
        top = log_p.max(axis=1, keepdims=True)
        r = np.exp(log_p - top)
        total = r.sum(axis=1, keepdims=True)
        r /= total
        log_density = (top + np.log(total))[:, 0]
    return _Fits(log_density.mean(axis=1), n_k / n, mu, np.sqrt(var))
