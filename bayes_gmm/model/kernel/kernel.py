"""One pass over rows: the log-likelihood of a Gaussian mixture, its gradient, and EM's statistics.

With M_k the Cholesky factor of V_k = L_k L_k' + diag(rho^2) and y_ik = M_k^-1 (x_i - mu_k),

    log p_ik = log w_k - sum_j log M_kjj - |y_ik|^2 / 2 - (d / 2) log 2 pi
    loglik   = sum_i omega_i logsumexp_k log p_ik            r_ik = softmax_k log p_ik
    n_k      = sum_i omega_i r_ik                            = d loglik / d log w_k
    a_k      = sum_i omega_i r_ik y_ik                       M_k^-T a_k = d loglik / d mu_k
    B_k      = sum_i omega_i r_ik y_ik y_ik'                 M_k^-T (B_k - n_k I) M_k^-1 / 2 = G_k

where G_k is the derivative with respect to the symmetric matrix V_k (Fisher's identity). Rows with
missing cells contribute the same sums in the features they observe.

Rows are stored in tiles; the loops over the rows of a tile are in `whiten`, `loops` and `sums`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np

from bayes_gmm.data.rows import TILE, Block, Floats
from bayes_gmm.jit.addresses import address_of
from bayes_gmm.jit.compiled import compiled, inlined
from bayes_gmm.model.kernel.loops import (
    S2,
    S3,
    S,
    U,
    exponentiate,
    normalise,
    raise_to,
    vectorised,
)
from bayes_gmm.model.kernel.sums import drop_negligible, responsible, scatter, scatter_pair
from bayes_gmm.model.kernel.whiten import whiten

LOG_2PI = math.log(2.0 * math.pi)
FEW_FEATURES = 8
"""Minimum number of features at which it is faster to skip rows of negligible weight."""


@inlined
def _cholesky(V, d):
    """Overwrite V by its lower Cholesky factor; NaN on the diagonal if V is not definite."""
    for j in range(d):
        for i in range(j, d):
            s = V[i, j]
            for l in range(j):
                s -= V[i, l] * V[j, l]
            V[i, j] = math.sqrt(s) if i == j else s / V[j, j]


@inlined
def _observed_features(observed, features):
    """Write the observed features of a pattern, in ascending order; return their number."""
    d = np.int64(0)
    for j in range(len(observed)):
        features[d] = j
        d += observed[j]
    return d


@inlined
def _prepare(features, d, log_weights, means, scale_trils, rho2, mu, M, inverse, constant):
    """Write means, Cholesky factors M and constants of all components for observed features."""
    plain = d == means.shape[1]
    for j in range(d):
        plain = plain and rho2[j] == 0.0
    for k in range(means.shape[0]):
        L = scale_trils[k]
        for a in range(d):
            i = features[a]
            mu[k, a] = means[k, i]
            for b in range(a + 1):
                j = features[b]
                M[k, a, b] = L[i, j] if plain else _covariance(L, rho2, i, j)
        if not plain:
            _cholesky(M[k], d)
        c = log_weights[k] - 0.5 * d * LOG_2PI
        for a in range(d):
            c -= math.log(M[k, a, a])
            inverse[k, a] = 1.0 / M[k, a, a]
        constant[k] = c


@inlined
def _covariance(L, rho2, i, j):
    """Element i >= j of L L' + diag(rho^2)."""
    s = rho2[i] if i == j else 0.0
    for l in range(j + 1):
        s += L[i, l] * L[j, l]
    return s


@inlined
def _clear(n_k, a, B):
    for k in range(len(n_k)):
        n_k[k] = 0.0
        for i in range(a.shape[1]):
            a[k, i] = 0.0
            for j in range(a.shape[1]):
                B[k, i, j] = 0.0


@vectorised
def divide_from_left(M, B, d):
    """B <- M^-T B."""
    for i in range(d - 1, -1, -1):
        for l in range(i + 1, d):
            m = M[l, i]
            for j in range(d):
                B[i, j] -= m * B[l, j]
        for j in range(d):
            B[i, j] /= M[i, i]


@inlined
def _give_back(features, d, n_k, a, B, M, n_features, k, stats, n_components):
    """Add component k's d loglik / d mu and d loglik / d V of one pattern to the statistics."""
    mean_part = 1 + n_components + k * n_features
    matrix_part = 1 + n_components * (1 + n_features) + k * n_features * n_features
    for i in range(d):
        B[i, i] -= n_k
        for j in range(i):
            B[j, i] = B[i, j]
    for i in range(d - 1, -1, -1):
        for l in range(i + 1, d):
            a[i] -= M[l, i] * a[l]
        a[i] /= M[i, i]
    divide_from_left(M, B, d)
    for i in range(d):
        for j in range(i):
            B[i, j], B[j, i] = B[j, i], B[i, j]
    divide_from_left(M, B, d)
    for i in range(d):
        stats[mean_part + features[i]] += a[i]
        for j in range(d):
            half = 0.25 * (B[i, j] + B[j, i])
            stats[matrix_part + features[i] * n_features + features[j]] += half


@inlined
def _log_joint(x, x0, d, mu, M, inverse, constant, n, w, y, lp, best):
    """Write log p_ik of a tile to `lp`, its maximum over k to `best`, and whitened rows to y."""
    for i in range(n):
        w[best + i] = -1e300
    for k in range(mu.shape[0]):
        lp_k = lp + U(k) * S
        y_k = y + U(k * d) * S
        if d > 0:
            whiten(x, x0, n, d, mu[k], M[k], inverse[k], constant[k], n, w, y_k, lp_k)
        else:
            for i in range(n):
                w[lp_k + i] = constant[k]
        raise_to(w, best, lp_k, n)


@inlined
def _room(K, d):
    """Workspaces in one array, because allocation takes long relative to a pass over few rows.

    The workspace for rows comes first, so that it is aligned.
    """
    vectors, matrices = K * d, K * d * d
    a = (vectors + K + 5) * TILE
    b = a + 3 * vectors
    c = b + 2 * matrices
    room = np.empty(c + 2 * K)
    return (
        room[:a],
        room[a : a + vectors].reshape(K, d),
        room[a + vectors : a + 2 * vectors].reshape(K, d),
        room[a + 2 * vectors : b].reshape(K, d),
        room[b : b + matrices].reshape(K, d, d),
        room[b + matrices : c].reshape(K, d, d),
        room[c : c + K],
        room[c + K :],
    )


@compiled()
def accumulate(
    values, tiles, observed, weights, order,
    log_weights, means, scale_trils, rho2, stats, log_joint,
):  # fmt: skip
    """Add a block's log-likelihood, n_k, d/d mu and d/d V to `stats`; optionally keep log p_ik.

    The first five arguments are the fields of a `Block`. If `stats` has length 1, only the
    log-likelihood is computed. `log_joint` has shape (n_rows, K), in the order of the table, or is
    empty. The function is long because it is the loop over tiles.
    """
    K, width = means.shape
    w, mu, inverse, a, M, B, constant, n_k = _room(K, width)
    integers = np.empty(width + (TILE if width >= FEW_FEATURES else 0), np.uintp)
    features, chosen = integers[:width], integers[width:]
    y, lp = U(0), U(K * width) * S
    best = lp + U(K) * S
    total, r, ry = best + S, best + S2, best + S3
    d = np.int64(0)  # typed, because numba would compile a second version for the literal 0
    for t in range(len(tiles)):
        pattern, first = tiles[t, 2], tiles[t, 3]
        if t == 0 or pattern != tiles[t - 1, 2]:
            d = _observed_features(observed[pattern], features)
            _prepare(features, d, log_weights, means, scale_trils, rho2, mu, M, inverse, constant)
            _clear(n_k, a, B)
        n = U(tiles[t, 1])
        _log_joint(values, U(tiles[t, 0]), d, mu, M, inverse, constant, n, w, y, lp, best)
        if len(log_joint):
            for i in range(n):
                row = order[first + np.int64(i)] if len(order) else first + np.int64(i)
                for k in range(K):
                    log_joint[row, k] = w[lp + U(k) * S + i]
        exponentiate(w, lp, best, total, n, K)
        stats[0] += normalise(w, best, total, weights, U(first), n)
        if len(stats) == 1:
            continue
        for k in range(K):
            y_k = y + U(k * d) * S
            if d == 2:
                n_k[k] += scatter_pair(w, lp + U(k) * S, total, y_k, n, a[k], B[k])
                continue
            n_k[k] += responsible(w, lp + U(k) * S, total, r, n)
            m = drop_negligible(w, y_k, d, r, chosen, n) if d >= FEW_FEATURES else n
            scatter(w, y_k, r, ry, m, d, a[k], B[k])
        if t + 1 == len(tiles) or tiles[t + 1, 2] != pattern:
            for k in range(K):
                stats[1 + k] += n_k[k]
                _give_back(features, d, n_k[k], a[k], B[k], M[k], width, k, stats, K)


@cache
def kernel_address() -> int:
    """Address of the machine code of `accumulate`."""
    vector, matrix, matrices = np.empty(0), np.empty((0, 0)), np.empty((0, 0, 0))
    order, tiles, observed = (
        np.empty(0, np.int64),
        np.empty((0, 4), np.int64),
        np.empty((0, 0), bool),
    )
    return address_of(
        accumulate, vector, tiles, observed, vector, order,
        vector, matrix, matrices, vector, vector, matrix,
    )  # fmt: skip


def expectations(
    block: Block, log_weights: Floats, means: Floats, scale_trils: Floats, rho2: Floats
) -> Floats:
    """Sums of one block: [loglik, n_k (K), d/d mu (K d), d/d V (K d d)], flat.

    Parameters
    ----------
    block : Block
        Rows in the standardised units of the parameters.
    log_weights : ndarray, shape (K,)
    means : ndarray, shape (K, d)
    scale_trils : ndarray, shape (K, d, d)
        Cholesky factors L_k of the segments' covariances.
    rho2 : ndarray, shape (d,)
        Variance of the recording error of each feature.

    Returns
    -------
    ndarray, shape (1 + K (1 + d + d^2),)
    """
    n_components, d = means.shape
    stats = np.zeros(1 + n_components * (1 + d + d * d))
    accumulate(*block, log_weights, means, scale_trils, rho2, stats, _NOT_KEPT)
    return stats


def log_likelihood(
    block: Block, log_weights: Floats, means: Floats, scale_trils: Floats, rho2: Floats
) -> Floats:
    """Only the log-likelihood, shape (1,); the arguments are those of `expectations`."""
    stats = np.zeros(1)
    accumulate(*block, log_weights, means, scale_trils, rho2, stats, _NOT_KEPT)
    return stats


@dataclass(frozen=True, eq=False)
class Expectations:
    """`expectations` of a block at one point, as a record that other processes can read."""

    log_weights: Floats
    means: Floats
    scale_trils: Floats
    rho2: Floats

    def __call__(self, block: Block) -> Floats:
        """Sums of the block."""
        return expectations(block, self.log_weights, self.means, self.scale_trils, self.rho2)


@dataclass(frozen=True, eq=False)
class LogLikelihoods:
    """Log-likelihoods of a block at several points, as a record that other processes can read."""

    points: tuple[Expectations, ...]

    def __call__(self, block: Block) -> Floats:
        """One log-likelihood for each point."""
        return np.concatenate([
            log_likelihood(block, p.log_weights, p.means, p.scale_trils, p.rho2)
            for p in self.points
        ])  # fmt: skip


def log_joint(
    blocks: tuple[Block, ...],
    log_weights: Floats,
    means: Floats,
    scale_trils: Floats,
    rho2: Floats,
    n_rows: int,
) -> Floats:
    """log w_k + log p(x_i | k) of every row of a table, in its order, shape (n_rows, K).

    Rows of weight 0, which are in no block, are NaN.

    Parameters
    ----------
    blocks : tuple of Block
        Blocks that together contain each row once.
    log_weights, means, scale_trils, rho2 : ndarray
        As in `expectations`.
    n_rows : int
        Number of rows of the table, including those of weight 0.
    """
    joint = np.full((n_rows, len(means)), np.nan)
    stats = np.empty(1)
    for block in blocks:
        accumulate(*block, log_weights, means, scale_trils, rho2, stats, joint)
    return joint


_NOT_KEPT = np.empty((0, 0))
