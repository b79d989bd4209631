"""The hierarchical Wishart density of Cholesky factors of covariances, and its gradient.

With P_c = (L_c L_c')^-1 and W = G_0 + sum_c P_c over the m free matrices, the log density of the
precision matrices is, up to its constant,

    (c_0 - (d + 1) / 2) sum_c log|P_c| - (g_0 + m c_0) log|W|.

In theta (log scales, and z_jl = C_jl / C_jj) the volume changes by |dP / dtheta| =
2^d |P|^((d + 1) / 2), so the first term becomes sum_c c_0 log|P_c|.

W is never formed. Its upper triangular root R, W = R'R, comes from orthogonal transformations of
the stacked roots of G_0 and all P_c, which loses half as many digits if components are narrow.
"""

from __future__ import annotations

import numpy as np

from bayes_gmm.jit.compiled import compiled


@compiled(from_python=False)
def log_wishart(scale_trils, prior, jacobian):
    """Log density of the precision matrices (`jacobian` 0.0), or of theta (`jacobian` 1.0)."""
    m, d = prior.n_covariances, scale_trils.shape[1]
    value = prior.wishart_constant + jacobian * m * d * np.log(2.0)
    power = prior.c0 - (1.0 - jacobian) * 0.5 * (d + 1.0)
    for c in range(m):
        for j in range(d):
            value -= 2.0 * power * np.log(scale_trils[c, j, j])
    R = root_of_sum(scale_trils, prior)
    for j in range(d):
        value -= 2.0 * (prior.g0 + m * prior.c0) * np.log(abs(R[j, j]))
    return value


@compiled(from_python=False)
def add_wishart_pull(L, R, prior, jacobian, dL):
    """Add the gradient in the lower triangle of one factor L to dL.

    d log p / d Sigma = L^-T A L^-1 with A = (g_0 + m c_0) (L' W L)^-1 - power I, so that
    d log p / d L = 2 tril(L^-T A). With Y = R^-T L^-T, (L' W L)^-1 = Y'Y.
    """
    d = len(L)
    power = prior.c0 - (1.0 - jacobian) * 0.5 * (d + 1.0)
    total = prior.g0 + prior.n_covariances * prior.c0
    inverse, Y, A = np.zeros((d, d)), np.zeros((d, d)), np.zeros((d, d))
    invert_triangle(L, inverse)
    for i in range(d):  # R'Y = L^-T by forward substitution
        for j in range(d):
            s = inverse[j, i] if i <= j else 0.0
            for l in range(i):
                s -= R[l, i] * Y[l, j]
            Y[i, j] = s / R[i, i]
    for i in range(d):
        for j in range(d):
            for l in range(d):
                A[i, j] += total * Y[l, i] * Y[l, j]
        A[i, i] -= power
    for i in range(d):
        for j in range(i + 1):
            s = 0.0
            for l in range(i, d):
                s += inverse[l, i] * A[l, j]
            dL[i, j] += 2.0 * s


@compiled(from_python=False)
def root_of_sum(scale_trils, prior):
    """Upper triangular R with R'R = G_0 + sum_c P_c; its diagonal may be negative."""
    d = scale_trils.shape[1]
    R, rows = np.zeros((d, d)), np.zeros((d, d))
    for j in range(d):  # Cholesky factor of G_0
        for i in range(j, d):
            s = prior.G0[i, j]
            for l in range(j):
                s -= R[l, i] * R[l, j]
            R[j, i] = np.sqrt(s) if i == j else s / R[j, j]
    for c in range(prior.n_covariances):
        invert_triangle(scale_trils[c], rows)
        _append_rows(R, rows)
    return R


@compiled(from_python=False)
def invert_triangle(L, inverse):
    """Fill in the inverse of a lower triangular matrix; zeros above the diagonal."""
    d = len(L)
    for j in range(d):
        for i in range(j):
            inverse[i, j] = 0.0
        inverse[j, j] = 1.0 / L[j, j]
        for i in range(j + 1, d):
            s = 0.0
            for l in range(j, i):
                s -= L[i, l] * inverse[l, j]
            inverse[i, j] = s / L[i, i]


@compiled(from_python=False)
def _append_rows(R, rows):
    """R becomes the root of R'R + rows'rows, by a Householder reflection for each column.

    `rows` (d, d) is overwritten.
    """
    d = len(R)
    for j in range(d):
        below = 0.0
        for i in range(d):
            below += rows[i, j] ** 2
        if below == 0.0:
            continue
        pivot = R[j, j]
        norm = np.sqrt(pivot * pivot + below)
        if pivot > 0.0:
            norm = -norm
        first = pivot - norm  # the reflection vector consists of `first` and the column of `rows`
        factor = 2.0 / (first * first + below)
        R[j, j] = norm
        for l in range(j + 1, d):
            s = first * R[j, l]
            for i in range(d):
                s += rows[i, j] * rows[i, l]
            s *= factor
            R[j, l] -= s * first
            for i in range(d):
                rows[i, l] -= s * rows[i, j]
