"""Where EM starts from: many, cheap and diverse guesses on a sample of the rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import numpy.typing as npt

from bayes_gmm.data.memory import MemoryRows
from bayes_gmm.data.rows import Floats, Integers
from bayes_gmm.data.standardize import Standardizer
from bayes_gmm.inference.covariances import moment_covariances
from bayes_gmm.model.parameters import Layout, Point
from bayes_gmm.model.prior import PriorConstants


@dataclass(frozen=True)
class Sample:
    """Some rows of the table, as guesses need them.

    Attributes
    ----------
    values : ndarray, shape (m, d)
        Standardised; NaN is missing.
    filled : ndarray, shape (m, d)
        The same with missing cells at 0, the columns' mean.
    weights : ndarray, shape (m,)
    rows : MemoryRows
        The same rows, for the kernel, in one piece: there is a start for each core.
    """

    values: Floats
    filled: Floats
    weights: Floats
    rows: MemoryRows

    @classmethod
    def of(cls, values: Floats, weights: Floats | None = None) -> Sample:
        """Sample of standardised rows, sorted by their values so that their order cannot matter."""
        weights = np.ones(len(values)) if weights is None else weights
        values, weights = values[weights > 0.0], weights[weights > 0.0]
        filled = np.where(np.isfinite(values), values, 0.0)
        order = np.lexsort(filled.T)
        values, weights = values[order], weights[order]
        rows = MemoryRows.from_matrix(
            values, Standardizer.identity(values.shape[1]), weights, threads=1
        )
        return cls(values, filled[order], weights, rows)

    @cached_property
    def sphered(self) -> Floats:
        """Rows in their principal axes, each at unit variance; axes without any are left out."""
        covariance = np.atleast_2d(np.cov(self.filled.T, aweights=self.weights))
        variances, axes = np.linalg.eigh(covariance)
        kept = variances > max(1e-10 * variances[-1], 1e-12)
        if not kept.any():
            return self.filled
        return np.asarray(self.filled @ (axes[:, kept] / np.sqrt(variances[kept])))


@dataclass(frozen=True)
class Moments:
    """A rough mixture: rows, means and covariances of components, in standardised units.

    Attributes
    ----------
    n : ndarray, shape (K,)
    means : ndarray, shape (K, d)
    covariances : ndarray, shape (K, d, d)
    """

    n: Floats
    means: Floats
    covariances: Floats

    def theta(self, layout: Layout, prior: PriorConstants) -> Floats:
        """Unconstrained vector of these moments, pulled towards the prior."""
        log_share = np.log(self.n + 1.0)
        theta = np.zeros(layout.size)
        theta[: layout.n_components - 1] = (log_share - log_share.mean())[:-1]
        theta[layout.means] = self.means.ravel()
        scatter = self.covariances * self.n[:, None, None]
        moment_covariances(self.n, scatter, layout.indices, layout.point(theta), prior, theta)
        return theta

    @classmethod
    def of_point(cls, point: Point, total_weight: float) -> Moments:
        """Those of a mixture that rows of some weight in all were fitted by."""
        covariances = point.scale_trils @ point.scale_trils.mT
        return cls(np.exp(point.log_weights) * total_weight, point.means, covariances)

    @classmethod
    def of_labels(cls, sample: Sample, labels: Integers, n_components: int) -> Moments:
        """Moments of labelled rows; rows of negative label are left out."""
        return cls.of_responsibilities(sample, labels[:, None] == np.arange(n_components))

    @classmethod
    def of_responsibilities(cls, sample: Sample, r: Floats | npt.NDArray[np.bool_]) -> Moments:
        """Moments of rows shared out by r, shape (m, K); each is padded with a row of the whole."""
        d, K = sample.filled.shape[1], r.shape[1]
        n = np.empty(K)
        means = np.empty((K, d))
        covariances = np.empty((K, d, d))
        pad = K ** (-2.0 / d) * np.eye(d)
        for k in range(K):
            weights = sample.weights * r[:, k]
            n[k] = weights.sum() + 1.0
            means[k] = weights @ sample.filled / n[k]
            offsets = sample.filled - means[k]
            covariances[k] = ((offsets.T * weights) @ offsets + pad) / n[k]
        return cls(n, means, covariances)


Guess = Callable[[Sample, int, np.random.Generator], Moments]


def guesses(n_init: int) -> Iterator[Guess]:
    """`n_init` ways to guess, the most different first."""
    kinds = (
        partial(_k_means, metric=_as_it_is),
        _lines,
        partial(_k_means, metric=_sphered),
        partial(_k_means, metric=_stretched),
        _quantiles,
        _lines,
        partial(_k_means, metric=_stretched),
        _shells,
    )
    for i in range(n_init):
        yield kinds[i % len(kinds)]


def _k_means(
    sample: Sample,
    n_components: int,
    rng: np.random.Generator,
    *,
    metric: Callable[[Sample, np.random.Generator], Floats],
) -> Moments:
    """k-means++ and a few rounds of k-means, in some metric (Arthur & Vassilvitskii 2007)."""
    rows = metric(sample, rng)
    centers = _spread(rows, sample.weights, n_components, rng)
    for _ in range(5):
        distance = (rows**2).sum(axis=1)[:, None] - 2.0 * rows @ centers.T
        labels = np.argmin(distance + (centers**2).sum(axis=1), axis=1)
        weights = (labels[:, None] == np.arange(n_components)) * sample.weights[:, None]
        held = weights.sum(axis=0)
        centers = np.where(
            held[:, None] > 0.0, weights.T @ rows / np.maximum(held, 1e-300)[:, None], centers
        )
    return Moments.of_labels(sample, labels, n_components)


def _spread(rows: Floats, weights: Floats, n_components: int, rng: np.random.Generator) -> Floats:
    """Rows far from each other, drawn by weight and squared distance (k-means++)."""
    chosen = [_drawn(weights, rng)]
    nearest = np.full(len(rows), np.inf)
    for _ in range(n_components - 1):
        nearest = np.minimum(nearest, ((rows - rows[chosen[-1]]) ** 2).sum(axis=1))
        odds = weights * nearest
        chosen.append(_drawn(odds if odds.sum() > 0.0 else weights, rng))
    return np.asarray(rows[chosen])


def _drawn(weights: Floats, rng: np.random.Generator) -> int:
    """A row in proportion to its weight: the same value as of copies, from the same generator."""
    total = np.cumsum(weights)
    return min(int(np.searchsorted(total, rng.random() * total[-1], side="right")), len(total) - 1)


def _as_it_is(sample: Sample, rng: np.random.Generator) -> Floats:
    return sample.filled


def _sphered(sample: Sample, rng: np.random.Generator) -> Floats:
    """Rows in their principal axes, each at unit variance: thin directions count like long ones."""
    return sample.sphered


def _stretched(sample: Sample, rng: np.random.Generator) -> Floats:
    """Sphered rows stretched along random directions: elongated clusters come within reach."""
    sphered = _sphered(sample, rng)
    axes, _ = np.linalg.qr(rng.standard_normal((sphered.shape[1], sphered.shape[1])))
    return np.asarray(sphered @ (axes * np.exp(rng.normal(0.0, 1.0, sphered.shape[1]))))


def _lines(sample: Sample, n_components: int, rng: np.random.Generator) -> Moments:
    """Each row goes to the nearest of K lines through pairs of rows: finds what crosses."""
    rows = _sphered(sample, rng) if rng.random() < 0.5 else sample.filled
    one, other = ([_drawn(sample.weights, rng) for _ in range(n_components)] for _ in range(2))
    origin, direction = rows[one], rows[other] - rows[one]
    direction = direction + 1e-9 * rng.standard_normal(direction.shape)
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    distance = np.empty((n_components, len(rows)))
    for k in range(n_components):
        offsets = rows - origin[k]
        distance[k] = (offsets**2).sum(axis=1) - (offsets @ direction[k]) ** 2
    return Moments.of_labels(sample, distance.argmin(axis=0), n_components)


def _quantiles(sample: Sample, n_components: int, rng: np.random.Generator) -> Moments:
    """Slices of equal size across a random direction of the sphered rows."""
    sphered = _sphered(sample, rng)
    return _sliced(sample, sphered @ rng.standard_normal(sphered.shape[1]), n_components)


def _shells(sample: Sample, n_components: int, rng: np.random.Generator) -> Moments:
    """Shells of equal size around a random row or the middle: finds what is nested."""
    sphered = _sphered(sample, rng)
    if rng.random() < 0.5:
        sphered = sphered - sphered[_drawn(sample.weights, rng)]
    return _sliced(sample, (sphered**2).sum(axis=1), n_components)


def _sliced(sample: Sample, score: Floats, n_components: int) -> Moments:
    """Slices of equal weight."""
    order = np.argsort(score, kind="stable")
    below = np.empty(len(score))
    below[order] = np.cumsum(sample.weights[order]) - 0.5 * sample.weights[order]
    slices = (below * n_components / sample.weights.sum()).astype(np.int64)
    return Moments.of_labels(sample, np.minimum(slices, n_components - 1), n_components)
