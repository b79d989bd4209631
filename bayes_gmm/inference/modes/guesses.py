"""Starting values for EM: many cheap and diverse guesses on a sample of the rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
import numpy.typing as npt

from bayes_gmm.data.rows import Floats, Integers
from bayes_gmm.inference.modes.row_sample import Sample
from bayes_gmm.inference.modes.settings import StartSettings
from bayes_gmm.inference.optimize.m_step import moment_covariances
from bayes_gmm.model.parameters import Layout, Point
from bayes_gmm.model.prior.constants import PriorConstants
from bayes_gmm.model.structure import Structure


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
        """Unconstrained vector of these moments.

        If each component has its own covariance, the covariances are used unchanged. If components
        share scales or correlations, the covariances are pooled and shrunk towards the prior.
        """
        log_share = np.log(self.n + 1.0)
        theta = np.zeros(layout.size)
        theta[: layout.n_components - 1] = (log_share - log_share.mean())[:-1]
        theta[layout.means] = self.means.ravel()
        if layout.structure == Structure():
            _set_covariances(theta, layout, self.covariances)
            return theta
        scatter = self.covariances * self.n[:, None, None]
        moment_covariances(self.n, scatter, layout.indices, layout.point(theta), prior, theta)
        return theta

    @classmethod
    def of_point(cls, point: Point, total_weight: float) -> Moments:
        """Moments of a mixture, given the total weight of the rows that it was fitted to."""
        covariances = point.scale_trils @ point.scale_trils.mT
        return cls(np.exp(point.log_weights) * total_weight, point.means, covariances)

    @classmethod
    def of_labels(cls, sample: Sample, labels: Integers, n_components: int) -> Moments:
        """Moments of labelled rows; rows of negative label are left out."""
        return cls.of_responsibilities(sample, labels[:, None] == np.arange(n_components))

    @classmethod
    def of_responsibilities(cls, sample: Sample, r: Floats | npt.NDArray[np.bool_]) -> Moments:
        """Moments of rows with responsibilities r, shape (m, K).

        The scatter of a component of at most d + 1 rows is increased by that of one row with the
        variance of a K-th part of the sample; nothing is added for 2 (d + 1) rows or more.
        Variances are at least the square of `StartSettings.thinnest`.
        """
        d, K = sample.filled.shape[1], r.shape[1]
        n = np.empty(K)
        means = np.empty((K, d))
        covariances = np.empty((K, d, d))
        for k in range(K):
            weights = sample.weights * r[:, k]
            total = weights.sum()
            pad = min(max(2.0 - total / (d + 1.0), 0.0), 1.0)
            n[k] = total + pad
            means[k] = weights @ sample.filled / n[k]
            offsets = sample.filled - means[k]
            scatter = (offsets.T * weights) @ offsets + pad * K ** (-2.0 / d) * np.eye(d)
            covariances[k] = scatter / n[k] + StartSettings.thinnest**2 * np.eye(d)
        return cls(n, means, covariances)


def _set_covariances(theta: Floats, layout: Layout, covariances: Floats) -> None:
    """Scales and correlations of covariances, in theta, if components share none of them."""
    sd = np.sqrt(np.diagonal(covariances, axis1=1, axis2=2))
    R = covariances / (sd[:, :, None] * sd[:, None, :])
    C = np.linalg.cholesky(R + StartSettings.ridge * np.eye(layout.n_features))
    theta[layout.scales] = np.log(sd).ravel()
    rows, columns = _below_diagonal(layout.n_features)
    if layout.n_correlations:
        theta[layout.correlations] = (C[:, rows, columns] / C[:, rows, rows]).ravel()


@cache
def _below_diagonal(d: int) -> tuple[Integers, Integers]:
    return np.tril_indices(d, -1)


Guess = Callable[[Sample, int, np.random.Generator], Moments]


def guesses(n_init: int) -> Iterator[Guess]:
    """`n_init` kinds of guesses, taken in turn from a fixed list of diverse kinds."""
    kinds = (
        partial(_k_means, metric=_as_it_is),
        partial(_k_means, metric=_across),
        _lines,
        partial(_k_means, metric=_sphered),
        partial(_k_means, metric=_stretched),
        _quantiles,
        partial(_k_means, metric=_across),
        _lines,
        partial(_k_means, metric=_stretched),
        partial(_k_means, metric=_along_one),
        _shells,
        partial(_k_means, metric=_across_two),
    )
    for i in range(n_init):
        yield kinds[i % len(kinds)]


def careful_guess(sample: Sample, n_components: int, rng: np.random.Generator) -> Moments:
    """Greedy k-means++, then k-means: the most reliable guess if it is the only one."""
    return _k_means(
        sample, n_components, rng, metric=_as_it_is,
        candidates=2 + int(math.log(n_components)), rounds=10,
    )  # fmt: skip


def _k_means(
    sample: Sample,
    n_components: int,
    rng: np.random.Generator,
    *,
    metric: Callable[[Sample, np.random.Generator], Floats],
    candidates: int = 1,
    rounds: int = 5,
) -> Moments:
    """k-means++ and a few rounds of k-means, in a given metric (Arthur & Vassilvitskii 2007)."""
    rows = metric(sample, rng)
    centers = _spread(rows, sample.weights, n_components, rng, candidates)
    labels = np.full(len(rows), -1)
    for _ in range(rounds):
        distance = (centers**2).sum(axis=1) - 2.0 * rows @ centers.T  # without |row|^2
        before, labels = labels, np.argmin(distance, axis=1)
        if np.array_equal(before, labels):
            break
        weights = (labels[:, None] == np.arange(n_components)) * sample.weights[:, None]
        held = weights.sum(axis=0)
        centers = np.where(
            held[:, None] > 0.0, weights.T @ rows / np.maximum(held, 1e-300)[:, None], centers
        )
    return Moments.of_labels(sample, labels, n_components)


def _spread(
    rows: Floats, weights: Floats, n_components: int, rng: np.random.Generator, candidates: int
) -> Floats:
    """Distant rows, drawn with probabilities from weight and squared distance (k-means++).

    Each is the candidate that leaves the smallest sum of squared distances.
    """

    def squared_distances(row: int) -> Floats:
        return np.asarray(((rows - rows[row]) ** 2).sum(axis=1))

    chosen = [_drawn(weights, rng)]
    nearest = squared_distances(chosen[0])
    for _ in range(n_components - 1):
        odds = weights * nearest
        odds = odds if odds.sum() > 0.0 else weights
        drawn = [_drawn(odds, rng) for _ in range(candidates)]
        left = [np.minimum(nearest, squared_distances(row)) for row in drawn]
        best = 0 if candidates == 1 else int(np.argmin([weights @ far for far in left]))
        chosen.append(drawn[best])
        nearest = left[best]
    return np.asarray(rows[chosen])


def _drawn(weights: Floats, rng: np.random.Generator) -> int:
    """A row drawn by weight; with copies instead of weights, the same values are drawn."""
    total = np.cumsum(weights)
    return min(int(np.searchsorted(total, rng.random() * total[-1], side="right")), len(total) - 1)


def _as_it_is(sample: Sample, rng: np.random.Generator) -> Floats:
    return sample.filled


def _sphered(sample: Sample, rng: np.random.Generator) -> Floats:
    """Rows in their principal axes, scaled to unit variance: all directions count equally."""
    return sample.sphered


def _across(sample: Sample, rng: np.random.Generator) -> Floats:
    """The invariant coordinate of the lowest kurtosis, or a random one, to separate thin groups."""
    d = sample.invariant.shape[1]
    chosen = 0 if rng.random() < 0.5 else int(rng.integers(d))
    return sample.invariant[:, [chosen]]


def _along_one(sample: Sample, rng: np.random.Generator) -> Floats:
    """One of the three columns or principal axes of the lowest kurtosis."""
    chosen = min(int(rng.geometric(0.6)), 3, sample.bimodal.shape[1]) - 1
    return sample.bimodal[:, [chosen]]


def _across_two(sample: Sample, rng: np.random.Generator) -> Floats:
    """The two coordinates of the lowest kurtosis."""
    return sample.invariant[:, :2]


def _stretched(sample: Sample, rng: np.random.Generator) -> Floats:
    """Sphered rows stretched along random directions, for elongated clusters."""
    sphered = _sphered(sample, rng)
    axes, _ = np.linalg.qr(rng.standard_normal((sphered.shape[1], sphered.shape[1])))
    return np.asarray(sphered @ (axes * np.exp(rng.normal(0.0, 1.0, sphered.shape[1]))))


def _lines(sample: Sample, n_components: int, rng: np.random.Generator) -> Moments:
    """Assign rows to the nearest of K lines through pairs of rows, for crossing clusters."""
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
    """Shells of equal size around a random row or the centre, for nested clusters."""
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
