"""The covariance half of an M-step: scales and correlations from the scatter of each component.

Under a hierarchical Wishart prior it has a closed form given the scale matrix (see
`wishart_m_step`). LKJ and log-normal priors are not conjugate, and there are twelve ways to share
scales and correlations, so these cases are optimised numerically; the cost depends on K and d, not
on the number of rows.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from bayes_gmm.data.rows import Floats
from bayes_gmm.inference.optimize.settings import EM
from bayes_gmm.jit.addresses import address_of
from bayes_gmm.jit.compiled import compiled
from bayes_gmm.model.kernel.kernel import divide_from_left
from bayes_gmm.model.parameters import (
    SMALLEST_LOG_SCALE,
    Indices,
    Layout,
    Point,
    log_prior,
    pull_back,
    unpack,
)
from bayes_gmm.model.prior.constants import (
    HALF_NORMAL,
    LOG_NORMAL,
    PriorConstants,
    constants_of_one,
)
from bayes_gmm.model.prior.wishart_density import invert_triangle, root_of_sum
from bayes_gmm.model.structure import Structure


class CovarianceStep(NamedTuple):
    """The covariance half of an M-step, as `climb` calls it.

    Attributes
    ----------
    address : int
        Of the machine code of `wishart_m_step` or `raise_covariances`.
    steps : int
        Last argument of the function.
    """

    address: int
    steps: int


def covariance_step(prior: PriorConstants) -> CovarianceStep:
    """The function for a prior; only that which is used is compiled."""
    if prior.n_covariances > 0:
        return CovarianceStep(covariance_step_address(wishart_m_step), EM.scale_matrix_steps)
    return CovarianceStep(covariance_step_address(raise_covariances), EM.gradient_steps)


@cache
def covariance_step_address(function: Any) -> int:
    """Address of the machine code of `wishart_m_step` or `raise_covariances`."""
    layout = Layout(1, 1, Structure())
    theta = np.zeros(layout.size)
    scatter, prior = np.zeros((1, 1, 1)), constants_of_one()
    return address_of(
        function, theta, theta, scatter, layout.indices, layout.point(theta), prior, 0
    )


def compile_m_step() -> None:
    """Compile the M-step under priors of scales and correlations, which takes longest."""
    covariance_step_address(raise_covariances)


@compiled()
def raise_covariances(theta, n, scatter, indices, point, prior, steps):
    """Update scales and correlations; the expected log-posterior does not fall.

    The first step is towards the moments of the scatter, shrunk towards the prior. Steps along the
    gradient follow, with coordinates scaled by their expected curvature. A step that does not raise
    the expected log-posterior is shortened, then rejected. `point` is overwritten by the new
    parameters.

    Parameters
    ----------
    theta : ndarray
        Its scales and correlations are overwritten.
    n : ndarray, shape (K,)
        Expected number of rows of each component.
    scatter : ndarray, shape (K, d, d)
        Scatter of each component about its mean in theta.
    steps : int
        Number of gradient steps.
    """
    p = len(theta)
    first = p - n_covariance_parameters(point)
    gradient, slope, curvature = np.zeros(p), np.empty(p), np.empty(p)
    trial, direction = theta.copy(), np.zeros(p)
    value = -np.inf
    for i in range(2 + steps):  # the first step has length 0: it only computes the gradient
        rise, raised = 0.0, False
        for t in range(first, p):
            rise += gradient[t] * direction[t]
        step = 1.0 if i == 0 or rise > EM.smallest_gain else 0.0
        while step > EM.shortest_step and not raised:
            for t in range(first, p):
                trial[t] = theta[t] + step * direction[t]
            height = expected_log_posterior(trial, n, scatter, indices, point, prior, slope)
            raised = height > value
            step *= 0.3
        if raised:
            value = height
            for t in range(first, p):
                theta[t], gradient[t] = trial[t], slope[t]
        else:
            unpack(theta, indices, point)
        if i > steps or (i > 1 and not raised):
            break
        if i == 0:
            _moments(n, scatter, indices, point, prior, trial)
            for t in range(first, p):
                direction[t] = trial[t] - theta[t]
        else:
            expected_curvature(n, indices, point, prior, curvature)
            for t in range(first, p):
                reach = 1.0 + abs(theta[t])
                direction[t] = min(max(gradient[t] / curvature[t], -reach), reach)


@compiled()
def wishart_m_step(theta, n, scatter, indices, point, prior, steps):
    """Update covariances under a hierarchical Wishart prior; the log-posterior does not fall.

    The scale matrix is latent, with E[C_0 | P] = (g_0 + m c_0) (G_0 + sum_c P_c)^-1, and given that

        Sigma_c = (T_c + 2 E[C_0]) / (n_c + 2 c_0 - d - 1)

    for each of the m free matrices (Fruehwirth-Schnatter 2006, sec. 6.3.2). Both are repeated
    `steps` times, which needs no pass over the rows; each repetition is a step of EM. `point` is
    overwritten by the new parameters.
    """
    m, d = prior.n_covariances, scatter.shape[1]
    total = prior.g0 + m * prior.c0
    rows, S = np.zeros(m), np.zeros((m, d, d))
    for k in range(len(n)):
        c = k if m > 1 else 0
        rows[c] += max(n[k], 0.0)
        for i in range(d):
            for j in range(d):
                S[c, i, j] += scatter[k, i, j]
    R, inverse, C0 = np.empty((d, d)), np.empty((d, d)), np.empty((d, d))
    for _ in range(steps):
        R = root_of_sum(point.scale_trils, prior)
        invert_triangle(R.T, inverse)  # R^-T, so that C_0 / total = inverse' inverse
        for i in range(d):
            for j in range(d):
                s = 0.0
                for l in range(max(i, j), d):
                    s += inverse[l, i] * inverse[l, j]
                C0[i, j] = total * s
        for c in range(m):
            _set_factor(S[c], C0, rows[c] + 2.0 * prior.c0 - d - 1.0, point.scale_trils[c])
    pack_factors(point.scale_trils, m, theta, len(theta) - n_covariance_parameters(point))
    unpack(theta, indices, point)


@compiled(from_python=False)
def _set_factor(S, C0, divisor, L):
    """Write the Cholesky factor of (S + 2 C0) / divisor to L."""
    d = len(S)
    for j in range(d):
        for i in range(j, d):
            s = (0.5 * (S[i, j] + S[j, i]) + 2.0 * C0[i, j]) / divisor
            for l in range(j):
                s -= L[i, l] * L[j, l]
            L[i, j] = np.sqrt(max(s, 1e-300)) if i == j else s / L[j, j]


@compiled(from_python=False)
def pack_factors(scale_trils, m, theta, first):
    """Write log scales and z_jl = L_jl / L_jj of the first m factors to theta[first:]."""
    d = scale_trils.shape[1]
    t = first + m * d
    for c in range(m):
        L = scale_trils[c]
        for j in range(d):
            square = 0.0
            for l in range(j + 1):
                square += L[j, l] ** 2
            theta[first + c * d + j] = 0.5 * np.log(square)
            for l in range(j):
                theta[t] = L[j, l] / L[j, j]
                t += 1


@compiled(from_python=False)
def n_covariance_parameters(point):
    """Number of scales and correlations, at the end of the unconstrained vector."""
    d = point.means.shape[1]
    return len(point.scales) + len(point.corr_chol) * (d * (d - 1) // 2)


@compiled()
def expected_log_posterior(theta, n, scatter, indices, point, prior, gradient):
    """sum_k -n_k log|L_k| - tr(L_k^-1 T_k L_k^-T) / 2 + log prior, and its gradient.

    The gradient is valid for scales and correlations, with fixed weights and means.
    """
    K, d = scatter.shape[0], scatter.shape[1]
    unpack(theta, indices, point)
    stats = np.zeros(1 + K * (1 + d + d * d))
    Y, B = np.empty((d, d)), np.empty((d, d))
    value = 0.0
    for k in range(K):
        L = point.scale_trils[k]
        for i in range(d):
            for j in range(d):
                Y[i, j] = scatter[k, i, j]
        _solve_and_transpose(L, Y, B)
        _solve_and_transpose(L, B, Y)
        for j in range(d):
            value -= n[k] * np.log(L[j, j]) + 0.5 * Y[j, j]
            Y[j, j] -= n[k]
        divide_from_left(L, Y, d)
        for i in range(d):
            for j in range(d):
                B[i, j] = Y[j, i]
        divide_from_left(L, B, d)
        start = 1 + K * (1 + d) + k * d * d
        for i in range(d):
            for j in range(d):
                stats[start + i * d + j] = 0.25 * (B[i, j] + B[j, i])
    pull_back(stats, indices, point, prior, 0.0, gradient)
    return value + log_prior(point, prior, 0.0)


@compiled(from_python=False)
def _solve_and_transpose(L, Y, B):
    """Y <- L^-1 Y, and B <- its transpose."""
    d = len(L)
    for i in range(d):
        for l in range(i):
            for j in range(d):
                Y[i, j] -= L[i, l] * Y[l, j]
        for j in range(d):
            Y[i, j] /= L[i, i]
            B[j, i] = Y[i, j]


def moment_covariances(
    n: Floats, scatter: Floats, indices: Indices, point: Point, prior: PriorConstants, theta: Floats
) -> None:
    """Write log scales and correlations from the moments of the scatter, shrunk towards the prior.

    `point` is only used as a workspace.
    """
    if prior.n_covariances == 0:
        _moments(n, scatter, indices, point, prior, theta)
        return
    point.scale_trils[: prior.n_covariances] = np.eye(scatter.shape[1])
    steps = EM.scale_matrix_steps_at_start
    wishart_m_step(theta, n, scatter, indices, point, prior, steps)


@compiled()
def _moments(n, scatter, indices, point, prior, theta):
    """`moment_covariances` under priors of scales and correlations."""
    K, d = scatter.shape[0], scatter.shape[1]
    start = K - 1 + K * d
    n_scales = len(point.scales)
    count = np.zeros(n_scales)
    square = np.zeros(n_scales)
    for k in range(K):
        for j in range(d):
            count[indices.scale[k, j]] += n[k]
            square[indices.scale[k, j]] += max(scatter[k, j, j], 0.0)
    for s in range(n_scales):
        theta[start + s] = _log_scale_mode(count[s], square[s], theta[start + s], prior)
    t = start + n_scales
    for c in range(len(point.corr_chol)):
        R = _pooled_correlation(c, n, scatter, indices, prior)
        for j in range(1, d):
            for l in range(j):
                theta[t] = R[j, l] / R[j, j]
                t += 1


@compiled(from_python=False)
def _log_scale_mode(count, square, log_scale, prior):
    """argmax_u -count u - square e^(-2u) / 2 + log prior(e^u), by Newton with bounded steps.

    Newton's method starts at the moments, or at `log_scale` if there are no rows. Without rows and
    without a prior the result is `log_scale`.
    """
    u = log_scale
    if count > 0.0:
        u = 0.5 * np.log(max(square, 1e-200) / count)
    u = min(max(u, SMALLEST_LOG_SCALE), -SMALLEST_LOG_SCALE)
    for _ in range(100):
        fit = square * np.exp(-2.0 * u)
        slope, curve = fit - count, -2.0 * fit
        if prior.family == LOG_NORMAL:
            slope -= prior.second * (u - prior.first) + 1.0
            curve -= prior.second
        elif prior.family == HALF_NORMAL:
            pull = prior.first * np.exp(2.0 * u)
            slope -= pull
            curve -= 2.0 * pull
        else:
            pull = 2.0 * prior.second * np.exp(-2.0 * u)
            slope += pull - (2.0 * prior.first + 1.0)
            curve -= 2.0 * pull
        if curve == 0.0:
            break
        step = min(max(-slope / curve, -1.0), 1.0)
        u += step
        if abs(step) < 1e-10:
            break
    return max(u, SMALLEST_LOG_SCALE)


@compiled(from_python=False)
def _pooled_correlation(c, n, scatter, indices, prior):
    """Cholesky factor of the correlation matrix c, pooled over the components that share it."""
    K, d = scatter.shape[0], scatter.shape[1]
    W, R = np.zeros((d, d)), np.zeros((d, d))
    rows = 0.0
    for k in range(K):
        if indices.corr[k] == c and n[k] > 0.0:
            rows += n[k]
            for i in range(d):
                for j in range(d):
                    product = scatter[k, i, i] * scatter[k, j, j]
                    if product > 0.0:
                        W[i, j] += n[k] * scatter[k, i, j] / np.sqrt(product)
    shrink = rows / (rows + prior.corr_exponents[d - 1]) if rows > 0.0 else 0.0
    for _ in range(30):
        for i in range(d):
            for j in range(i):
                s = shrink * W[i, j] / max(rows, 1e-300)
                for l in range(j):
                    s -= R[i, l] * R[j, l]
                R[i, j] = s / R[j, j]
            s = 1.0
            for l in range(i):
                s -= R[i, l] ** 2
            R[i, i] = np.sqrt(s) if s > 1e-12 else np.nan
        if np.isfinite(R[d - 1, d - 1]):
            break
        shrink *= 0.9 if shrink < 0.999 else 0.999
    return R


@compiled()
def expected_curvature(n, indices, point, prior, curvature):
    """Diagonal of the expected information of complete data, plus the prior's, in theta.

    With v_j = (R^-1)_jj: n (1 + v_j) for a log scale, n v_j C_jj^2 for a z_jl,
    n v_j / sigma_j^2 for a mean, n_k for a weight.
    """
    K, d = point.means.shape
    t = K - 1
    last = n[K - 1] + prior.concentration[K - 1]
    for k in range(K - 1):
        curvature[k] = n[k] + prior.concentration[k] + last
    inflation = np.ones((len(point.corr_chol) + 1, d))
    inverse, room = np.empty((d, d)), np.empty((d, d))
    for c in range(len(point.corr_chol)):
        _variance_inflation(point.corr_chol[c], inverse, room, inflation[c])
    scales = t + K * d
    for s in range(len(point.scales)):
        curvature[scales + s] = 1.0 + _scale_information(point.scales[s], prior)
    for k in range(K):
        for j in range(d):
            v = inflation[indices.corr[k], j]
            sigma = point.scales[indices.scale[k, j]]
            curvature[t] = n[k] * v / sigma**2 + prior.precision + 1e-12
            curvature[scales + indices.scale[k, j]] += n[k] * (1.0 + v)
            t += 1
    t += len(point.scales)
    for c in range(len(point.corr_chol)):
        rows = 0.0
        for k in range(K):
            if indices.corr[k] == c:
                rows += n[k]
        for j in range(1, d):
            own = 2.0 * prior.c0 if prior.n_covariances > 0 else prior.corr_exponents[j]
            weight = rows * inflation[c, j] + own + 1e-3
            for _l in range(j):
                curvature[t] = weight * point.corr_chol[c, j, j] ** 2
                t += 1


@compiled(from_python=False)
def _scale_information(sigma, prior):
    """Negative second derivative of the log prior of a scale with respect to its logarithm.

    Under a hierarchical Wishart prior it is 2 c_0, the information of c_0 rows.
    """
    if prior.n_covariances > 0:
        return 2.0 * prior.c0
    if prior.family == LOG_NORMAL:
        return prior.second
    if prior.family == HALF_NORMAL:
        return 2.0 * prior.first * sigma**2
    return 4.0 * prior.second / sigma**2


@compiled(from_python=False)
def _variance_inflation(C, inverse, room, inflation):
    """Diagonal of (C C')^-1: the squared norms of the columns of C^-1."""
    d = len(C)
    for i in range(d):
        for j in range(d):
            inverse[i, j] = 1.0 if i == j else 0.0
    _solve_and_transpose(C, inverse, room)
    for j in range(d):
        inflation[j] = 0.0
        for i in range(j, d):
            inflation[j] += inverse[i, j] ** 2
