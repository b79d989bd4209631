"""One pass over rows: the log-likelihood of a Gaussian mixture, its gradient, and EM's statistics.

With M_k the Cholesky factor of V_k = L_k L_k' + diag(rho^2) and y_ik = M_k^-1 (x_i - mu_k),

    log p_ik = log w_k - sum_j log M_kjj - |y_ik|^2 / 2 - (d / 2) log 2 pi
    loglik   = sum_i omega_i logsumexp_k log p_ik            r_ik = softmax_k log p_ik
    n_k      = sum_i omega_i r_ik                            = d loglik / d log w_k
    a_k      = sum_i omega_i r_ik y_ik                       M_k^-T a_k = d loglik / d mu_k
    B_k      = sum_i omega_i r_ik y_ik y_ik'                 M_k^-T (B_k - n_k I) M_k^-1 / 2 = G_k

where G_k is the derivative with respect to the symmetric matrix V_k (Fisher's identity). Rows with
missing cells contribute the same sums in the features they observe.

Rows come in tiles; `tile_loops` holds what is done to one of them.
"""

from __future__ import annotations

import math

import numpy as np

from bayes_gmm.data.rows import TILE, Block, Floats
from bayes_gmm.model.tile_loops import (
    S,
    U,
    composed,
    drop_negligible,
    entry,
    exponentiate,
    gather,
    normalise,
    raise_to,
    responsible,
    scatter,
    survivors,
    whiten,
)

LOG_2PI = math.log(2.0 * math.pi)
FEW_FEATURES = 16
"""Below this many it does not pay to look whether a row is out of a component's reach."""
FIRST_LOOK = 6
"""Features after which a row may be found out of a component's reach."""


@composed
def _cholesky(V, M):
    """Lower Cholesky factor of V into M; NaN on the diagonal where V is not positive definite."""
    for j in range(V.shape[0]):
        for i in range(j, V.shape[0]):
            s = V[i, j]
            for l in range(j):
                s -= M[i, l] * M[j, l]
            M[i, j] = math.sqrt(s) if i == j else s / M[j, j]


@composed
def _prepare(features, d, log_weights, means, scale_trils, rho2, mu, M, inverse, constant):
    """Means, Cholesky factors M and constants of every component in the observed features."""
    plain = d == means.shape[1]
    for j in range(d):
        plain = plain and rho2[j] == 0.0
    V = np.empty((d, d))
    for k in range(means.shape[0]):
        c = log_weights[k] - 0.5 * d * LOG_2PI
        for a in range(d):
            i = features[a]
            mu[k, a] = means[k, i]
            for b in range(a + 1):
                j = features[b]
                s = rho2[i] if i == j else 0.0
                for l in range(j + 1):
                    s += scale_trils[k, i, l] * scale_trils[k, j, l]
                V[a, b] = s
                M[k, a, b] = scale_trils[k, i, j]
        if not plain:
            _cholesky(V, M[k])
        for a in range(d):
            c -= math.log(M[k, a, a])
            inverse[k, a] = 1.0 / M[k, a, a]
        _pad(d, mu[k], M[k], inverse[k])
        constant[k] = c


@composed
def _pad(d, mu, M, inverse):
    """An odd number of features gets a partner that is always 0."""
    if d % 2:
        mu[d] = 0.0
        inverse[d] = 0.0
        for j in range(d + 1):
            M[d, j] = 0.0


@composed
def _clear(n_k, a, B):
    for k in range(len(n_k)):
        n_k[k] = 0.0
        for i in range(a.shape[1]):
            a[k, i] = 0.0
            for j in range(a.shape[1]):
                B[k, i, j] = 0.0


@composed
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
            for j in range(d):
                B[i, j] -= M[l, i] * B[l, j]
        a[i] /= M[i, i]
        for j in range(d):
            B[i, j] /= M[i, i]
    for i in range(d):
        for j in range(d - 1, -1, -1):
            for l in range(j + 1, d):
                B[i, j] -= B[i, l] * M[l, j]
            B[i, j] /= M[j, j]
    for i in range(d):
        stats[mean_part + features[i]] += a[i]
        for j in range(d):
            half = 0.25 * (B[i, j] + B[j, i])
            stats[matrix_part + features[i] * n_features + features[j]] += half


@composed
def _log_joint(
    x, start, d, n_padded, mu, M, inverse, constant, n, y, lp, best, chosen, kept, xs, lps
):  # fmt: skip
    """log p_ik of a tile into `lp`, its maximum over k into `best`, whitened rows into y.

    From sixteen features on, rows that the first few features already put out of a component's
    reach are left out of the rest of its substitution; `kept[k]` rows remain, `chosen[k]`.
    """
    first_look = n_padded if n_padded < FEW_FEATURES else FIRST_LOOK
    for i in range(n):
        best[i] = -1e300
    for k in range(mu.shape[0]):
        q = U(k) * S
        y0 = U(k * n_padded) * S
        for i in range(n):
            lp[q + i] = constant[k]
        source, source_start, target, target_start, m = x, start, lp, q, n
        j_from, j_to = 0, first_look
        while j_from < j_to:
            whiten(
                source, source_start, d, j_from, j_to, mu[k], M[k], inverse[k],
                m, y, y0, target, target_start,
            )  # fmt: skip
            j_from, j_to = j_to, n_padded
            if j_from < n_padded:
                alive = survivors(lp, q, best, n, chosen[k])
                if 4 * alive < 3 * n:
                    m = alive
                    gather(x, start, n, d, j_from, y, y0, lp, q, chosen[k], m, xs, lps)
                    source, source_start, target, target_start = xs, U(0), lps, U(0)
        kept[k] = m
        if m < n:
            for t in range(m):
                lp[q + chosen[k, t]] = lps[t]
        raise_to(best, lp, q, n)


@entry
def accumulate(block, log_weights, means, scale_trils, rho2, stats, log_joint):
    """Add a block's log-likelihood, n_k, d/d mu and d/d V to `stats`; optionally keep log p_ik.

    `log_joint` is (n_rows, K), filled in the table's own order, or empty. A long function: it is
    the loop over tiles, and what it allocates is allocated once.
    """
    n_components, n_features = means.shape
    width = n_features + n_features % 2
    mu = np.empty((n_components, width))
    M = np.empty((n_components, width, width))
    inverse = np.empty((n_components, width))
    constant = np.empty(n_components)
    a = np.empty((n_components, width))
    B = np.empty((n_components, width, width))
    n_k = np.empty(n_components)
    y = np.empty(n_components * width * TILE)
    lp = np.empty(n_components * TILE)
    best, total, r, lps = np.empty(TILE), np.empty(TILE), np.empty(TILE), np.empty(TILE)
    ry, xs = np.empty(2 * TILE), np.empty(width * TILE)
    chosen = np.empty((n_components, TILE), np.uintp)
    kept = np.empty(n_components, np.uintp)
    features = np.empty(n_features, np.int64)
    d = n_padded = 0
    for t in range(len(block.offset)):
        if t == 0 or block.pattern[t] != block.pattern[t - 1]:
            d = 0
            for j in range(n_features):
                features[d] = j
                d += block.observed[block.pattern[t], j]
            n_padded = d + d % 2
            _prepare(features, d, log_weights, means, scale_trils, rho2, mu, M, inverse, constant)
            _clear(n_k, a, B)
        n = U(block.n_rows[t])
        _log_joint(
            block.values, U(block.offset[t]), d, n_padded, mu, M, inverse, constant,
            n, y, lp, best, chosen, kept, xs, lps,
        )  # fmt: skip
        if len(log_joint):
            for i in range(n):
                row = block.first[t] + np.int64(i)
                if len(block.order):
                    row = block.order[row]
                for k in range(n_components):
                    log_joint[row, k] = lp[U(k) * S + i]
        exponentiate(lp, best, n, n_components, total)
        stats[0] += normalise(best, total, block.weights, U(block.first[t]), n)
        for k in range(n_components):
            q = U(k) * S
            y0 = U(k * n_padded) * S
            n_k[k] += responsible(lp, q, total, n, r)
            m = n
            if n_padded >= 8:
                m = drop_negligible(y, y0, n_padded, r, chosen[k], kept[k], n)
            scatter(y, y0, r, ry, m, n_padded, a[k], B[k])
        if t + 1 == len(block.offset) or block.pattern[t + 1] != block.pattern[t]:
            for k in range(n_components):
                stats[1 + k] += n_k[k]
                _give_back(
                    features, d, n_k[k], a[k], B[k], M[k], n_features, k, stats, n_components
                )


def expectations(
    block: Block, log_weights: Floats, means: Floats, scale_trils: Floats, rho2: Floats
) -> Floats:
    """Sums of one block: [loglik, n_k (K), d/d mu (K d), d/d V (K d d)], flat.

    Parameters
    ----------
    block : Block
        Rows, standardised as the parameters are.
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
    accumulate(block, log_weights, means, scale_trils, rho2, stats, _NOT_KEPT)
    return stats


def log_joint(
    blocks: tuple[Block, ...],
    log_weights: Floats,
    means: Floats,
    scale_trils: Floats,
    rho2: Floats,
    n_rows: int,
) -> Floats:
    """log w_k + log p(x_i | k) of every row of a table, in its order, shape (n_rows, K).

    From `FEW_FEATURES` features on, -1e300 stands for what lies more than `FAR` nats behind another
    component. Rows of weight 0, which no block holds, get NaN.

    Parameters
    ----------
    blocks : tuple of Block
        That together hold every row once.
    log_weights, means, scale_trils, rho2 : ndarray
        As in `expectations`.
    n_rows : int
        Rows of the table, those of weight 0 included.
    """
    n_components, d = means.shape
    joint = np.full((n_rows, n_components), np.nan)
    stats = np.empty(1 + n_components * (1 + d + d * d))
    for block in blocks:
        accumulate(block, log_weights, means, scale_trils, rho2, stats, joint)
    return joint


_NOT_KEPT = np.empty((0, 0))
