"""The unconstrained vector of a mixture, and its parameters.

theta = [weights, means, log scales, correlations]:

* weights: K - 1 numbers, w = softmax(y_1, ..., y_{K-1}, -sum y), as PyMC's simplex transform;
* means: K d numbers;
* scales: their logarithms, as many as the structure has;
* correlations: for row j of a Cholesky factor the j - 1 numbers z_jl = C_jl / C_jj, so that
  C_j = (z_j, 1) / sqrt(1 + |z_j|^2), row by row. PyMC's transform of Cholesky factors has the same
  numbers, in another order for three or more features.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from bayes_gmm.data.rows import Floats, Integers
from bayes_gmm.jit.compiled import compiled
from bayes_gmm.model.prior.constants import HALF_NORMAL, LOG_NORMAL
from bayes_gmm.model.prior.wishart_density import add_wishart_pull, log_wishart, root_of_sum
from bayes_gmm.model.structure import Structure

SMALLEST_LOG_SCALE = -40.0
"""Lower bound of log scales, so that squares of scales do not underflow."""


class Point(NamedTuple):
    """A mixture's parameters in standardised units.

    Attributes
    ----------
    log_weights : ndarray, shape (K,)
    means : ndarray, shape (K, d)
    scales : ndarray, shape (n_scales,)
        The structure's scale parameters, flat.
    corr_chol : ndarray, shape (n_correlations, d, d)
        Cholesky factors of the structure's correlation matrices.
    scale_trils : ndarray, shape (K, d, d)
        L_k = diag(sigma_k) C_k.
    """

    log_weights: Floats
    means: Floats
    scales: Floats
    corr_chol: Floats
    scale_trils: Floats


class Indices(NamedTuple):
    """Numbers of the scales and the correlation matrix of each component, for compiled code."""

    scale: Integers
    corr: Integers


@dataclass(frozen=True)
class Layout:
    """Positions of the parameters of K components in d features in the unconstrained vector.

    Examples
    --------
    >>> Layout(3, 2, Structure.parse("full")).size
    17
    """

    n_components: int
    n_features: int
    structure: Structure

    @property
    def sizes(self) -> tuple[int, int]:
        """K and d."""
        return self.n_components, self.n_features

    @cached_property
    def indices(self) -> Indices:
        """Scale (K, d) and correlation (K,) numbers of every component."""
        K, d = self.n_components, self.n_features
        return Indices(self.structure.scale_index(K, d), self.structure.corr_index(K, d))

    @cached_property
    def n_scales(self) -> int:
        """Number of free scales."""
        return int(np.prod(self.structure.scale_shape(self.n_components, self.n_features)))

    @cached_property
    def n_correlations(self) -> int:
        """Number of free correlation matrices."""
        return self.structure.n_correlations(self.n_components, self.n_features)

    @cached_property
    def n_covariances(self) -> int:
        """Number of covariance matrices in which all elements are free."""
        return self.structure.n_covariances(self.n_components, self.n_features)

    @cached_property
    def means(self) -> slice:
        """Positions of the means."""
        start = self.n_components - 1
        return slice(start, start + self.n_components * self.n_features)

    @cached_property
    def scales(self) -> slice:
        """Positions of the log scales."""
        return slice(self.means.stop, self.means.stop + self.n_scales)

    @cached_property
    def correlations(self) -> slice:
        """Positions of the correlations."""
        pairs = self.n_features * (self.n_features - 1) // 2
        return slice(self.scales.stop, self.scales.stop + self.n_correlations * pairs)

    @cached_property
    def size(self) -> int:
        """Length of the vector: the number of free parameters."""
        return int(self.correlations.stop)

    def point(self, theta: Floats) -> Point:
        """The parameters of an unconstrained vector."""
        K, d = self.n_components, self.n_features
        point = Point(
            np.empty(K), np.empty((K, d)), np.empty(self.n_scales),
            np.zeros((self.n_correlations, d, d)), np.zeros((K, d, d)),
        )  # fmt: skip
        unpack(theta, self.indices, point)
        return point

    def pack(self, weights: Floats, means: Floats, scales: Floats, corr_chol: Floats) -> Floats:
        """Unconstrained vector of positive weights, means, scales and Cholesky factors.

        Examples
        --------
        >>> layout = Layout(2, 1, Structure())
        >>> theta = layout.pack(np.array([0.25, 0.75]), np.zeros((2, 1)), np.ones(2), np.empty(0))
        >>> np.exp(layout.point(theta).log_weights)
        array([0.25, 0.75])
        """
        log_weights = np.log(weights)
        theta = np.empty(self.size)
        theta[: self.n_components - 1] = (log_weights - log_weights.mean())[:-1]
        theta[self.means] = np.ravel(means)
        theta[self.scales] = np.log(np.ravel(scales))
        rows, columns = np.tril_indices(self.n_features, -1)
        C = np.reshape(corr_chol, (self.n_correlations, self.n_features, self.n_features))
        theta[self.correlations] = (C[:, rows, columns] / C[:, rows, rows]).ravel()
        return theta

    def selected(self, theta: Floats, order: Integers) -> Floats:
        """The vector with component ``order[k]`` as the k-th: a permutation or a subset."""
        point = self.point(theta)
        chosen = Layout(len(order), self.n_features, self.structure)
        scales, corr_chol = point.scales, point.corr_chol
        if self.structure.scales.startswith("component"):
            scales = scales.reshape(self.n_components, -1)[order]
        if self.n_correlations == self.n_components:
            corr_chol = corr_chol[order]
        weights = np.exp(point.log_weights[order])
        return chosen.pack(weights / weights.sum(), point.means[order], scales, corr_chol)


@compiled()
def unpack(theta, indices, point):
    """Write the parameters of an unconstrained vector to a point."""
    K, d = point.means.shape
    _unpack_weights(theta, point.log_weights)
    t = K - 1
    for k in range(K):
        for j in range(d):
            point.means[k, j] = theta[t]
            t += 1
    for s in range(len(point.scales)):
        point.scales[s] = np.exp(max(theta[t], SMALLEST_LOG_SCALE))
        t += 1
    for c in range(len(point.corr_chol)):
        C = point.corr_chol[c]
        for j in range(d):
            norm2 = 1.0
            for l in range(j):
                norm2 += theta[t + l] ** 2
            diagonal = 1.0 / np.sqrt(norm2)
            for l in range(j):
                C[j, l] = theta[t + l] * diagonal
            C[j, j] = diagonal
            t += j
    for k in range(K):
        c = indices.corr[k]
        for j in range(d):
            sigma = point.scales[indices.scale[k, j]]
            if c < 0:
                point.scale_trils[k, j, j] = sigma
            else:
                for l in range(j + 1):
                    point.scale_trils[k, j, l] = sigma * point.corr_chol[c, j, l]


@compiled(from_python=False)
def _unpack_weights(theta, log_weights):
    K = len(log_weights)
    last = 0.0
    for k in range(K - 1):
        log_weights[k] = theta[k]
        last -= theta[k]
    log_weights[K - 1] = last
    largest = log_weights[0]
    for k in range(1, K):
        largest = max(largest, log_weights[k])
    total = 0.0
    for k in range(K):
        total += np.exp(log_weights[k] - largest)
    for k in range(K):
        log_weights[k] -= largest + np.log(total)


@compiled()
def log_prior(point, prior, jacobian):
    """Log prior density of a point, or with ``jacobian=1.0`` of the unconstrained vector.

    The first is the density of (weights, means, scales, Cholesky factors of correlations), or under
    a hierarchical Wishart prior of (weights, means, precision matrices). The second adds
    log K + sum_k log w_k and sum log sigma + sum_j (j + 1) log C_jj (j = 2 ... d), or the terms
    given in `wishart_density`.
    """
    K, d = point.means.shape
    value = prior.weights_constant + jacobian * np.log(K)
    for k in range(K):
        value += (prior.concentration[k] - 1.0 + jacobian) * point.log_weights[k]
        for j in range(d):
            value -= 0.5 * prior.precision * (point.means[k, j] - prior.location) ** 2
    value += K * d * prior.mean_constant
    if prior.n_covariances > 0:
        return value + log_wishart(point.scale_trils, prior, jacobian)
    for s in range(len(point.scales)):
        sigma = point.scales[s]
        u = np.log(sigma)
        value += prior.scale_constant + jacobian * u
        if prior.family == LOG_NORMAL:
            value -= 0.5 * prior.second * (u - prior.first) ** 2 + u
        elif prior.family == HALF_NORMAL:
            value -= 0.5 * prior.first * sigma**2
        else:
            value -= (2.0 * prior.first + 1.0) * u + prior.second / sigma**2
    for c in range(len(point.corr_chol)):
        value += prior.corr_constant
        for j in range(1, d):
            exponent = prior.corr_exponents[j] + jacobian * (j + 2.0)
            value += exponent * np.log(point.corr_chol[c, j, j])
    return value


@compiled()
def pull_back(stats, indices, point, prior, jacobian, gradient):
    """Gradient in theta of the log prior plus the log-likelihood, from the statistics `stats`.

    `stats` holds [loglik, d/d log w (K), d/d mu (K d), G = d/d Sigma (K d d, symmetric)]. With
    d/dL = 2 tril(G L): log sigma_j gets sum_l dL_jl L_jl, and row j of C gets dL_j sigma_j, from
    which z_j gets C_jj (dC_j - C_j <dC_j, C_j>).
    """
    K, d = point.means.shape
    total = 0.0
    for k in range(K):
        total += stats[1 + k] + prior.concentration[k] - 1.0 + jacobian
    last = 0.0
    for k in range(K - 1, -1, -1):
        share = stats[1 + k] + prior.concentration[k] - 1.0 + jacobian
        share -= np.exp(point.log_weights[k]) * total
        if k == K - 1:
            last = share
        else:
            gradient[k] = share - last
    t = K - 1
    for k in range(K):
        for j in range(d):
            pull = prior.precision * (point.means[k, j] - prior.location)
            gradient[t] = stats[1 + K + k * d + j] - pull
            t += 1
    separate = prior.n_covariances == 0
    for s in range(len(point.scales)):
        gradient[t + s] = jacobian + _scale_pull(point.scales[s], prior) if separate else 0.0
    dC = np.zeros((len(point.corr_chol), d, d))
    _pull_back_covariances(stats, indices, point, prior, jacobian, gradient, t, dC)
    t += len(point.scales)
    for c in range(len(dC)):
        C = point.corr_chol[c]
        for j in range(1, d):
            if separate:
                dC[c, j, j] += (prior.corr_exponents[j] + jacobian * (j + 2.0)) / C[j, j]
            inner = 0.0
            for l in range(j + 1):
                inner += dC[c, j, l] * C[j, l]
            for l in range(j):
                gradient[t] = C[j, j] * (dC[c, j, l] - C[j, l] * inner)
                t += 1


@compiled(from_python=False)
def _scale_pull(sigma, prior):
    """Derivative of the log prior of a scale with respect to its logarithm."""
    if prior.family == LOG_NORMAL:
        return -prior.second * (np.log(sigma) - prior.first) - 1.0
    if prior.family == HALF_NORMAL:
        return -prior.first * sigma**2
    return -(2.0 * prior.first + 1.0) + 2.0 * prior.second / sigma**2


@compiled(from_python=False)
def _pull_back_covariances(stats, indices, point, prior, jacobian, gradient, scales, dC):
    """Add the terms of the factors L_k to the gradients of log scales and Cholesky factors.

    These are the terms of the likelihood and of a hierarchical Wishart prior. The log scales begin
    at `scales` in the gradient.
    """
    K, d = point.means.shape
    dL = np.empty((d, d))
    # The root of the sum of precisions is computed only if it is needed.
    R = root_of_sum(point.scale_trils, prior) if prior.n_covariances > 0 else dL
    for k in range(K):
        L = point.scale_trils[k]
        G = 1 + K * (1 + d) + k * d * d
        for j in range(d):
            for l in range(j + 1):
                pull = 0.0
                for m in range(l, d):
                    pull += stats[G + j * d + m] * L[m, l]
                dL[j, l] = 2.0 * pull
        if k < prior.n_covariances:
            add_wishart_pull(L, R, prior, jacobian, dL)
        c = indices.corr[k]
        for j in range(d):
            s = indices.scale[k, j]
            for l in range(j + 1):
                gradient[scales + s] += dL[j, l] * L[j, l]
                if c >= 0:
                    dC[c, j, l] += dL[j, l] * point.scales[s]
