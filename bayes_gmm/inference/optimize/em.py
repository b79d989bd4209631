"""Generalised EM for any prior, structure and missing cells; the log-posterior never falls.

The latent data are the component of each row, its missing cells and the values before rounding.
Their expected moments come from the gradient of the log-likelihood alone: with g_k = d/d mu_k,
G_k = d/d Sigma_k, the latent mean is mu_k + Sigma_k g_k / n_k and the latent scatter about mu_k is
T_k = n_k Sigma_k + 2 Sigma_k G_k Sigma_k. The M-step uses n_k, g_k and T_k only.

EM alone needs hundreds of steps along a ridge of the posterior. Every second step is therefore
extrapolated by SQUAREM (Varadhan & Roland 2008, scheme S3): with M the EM map, r = M(theta) - theta
and v = M(M(theta)) - M(theta) - r,

    theta' = theta - 2 a r + a^2 v,    a = -|r| / |v|, at least -longest_jump (see `EMSettings`).

If theta' is lower than M(theta), it is replaced by M(M(theta)), so the log-posterior never falls.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from bayes_gmm.data.memory import MemoryRows
from bayes_gmm.data.rows import Floats
from bayes_gmm.data.standardize import Standardizer
from bayes_gmm.inference.optimize.m_step import (
    covariance_step,
    covariance_step_address,
    raise_covariances,
    wishart_m_step,
)
from bayes_gmm.inference.optimize.run import Run
from bayes_gmm.inference.optimize.settings import EM
from bayes_gmm.inference.optimize.volume import log_volume
from bayes_gmm.jit.addresses import address_of, call, compile_for
from bayes_gmm.jit.compiled import compiled
from bayes_gmm.model.density import Density
from bayes_gmm.model.kernel.kernel import kernel_address
from bayes_gmm.model.parameters import Indices, Layout, Point, log_prior, unpack
from bayes_gmm.model.prior.constants import PriorConstants, constants_of_one
from bayes_gmm.model.structure import Structure


def run_em(density: Density, theta: Floats, *, max_iter: int, tolerance: float) -> Run:
    """Iterate until the log-posterior is predicted to gain less than `tolerance` nats in total.

    Each step of EM gains f^2 times as much as the one before, with the rate of convergence
    f = |r + v| / |r|. After a gain of g, about g |a| / 2 nats remain, a = -1 / (1 - f).

    Parameters
    ----------
    density : Density
    theta : ndarray
        Initial vector.
    max_iter : int
        Maximum number of E-steps.
    tolerance : float
        In nats. A small predicted gain does not prove convergence; `newton` checks the gradient.
    """
    rows, point = density.rows, density.layout.point(theta)
    if (piece := rows.piece) is not None:
        history = np.empty(max_iter)
        theta, n, expected = _climb(
            kernel_address(), means_step_address(), *covariance_step(density.prior), piece, theta,
            density.layout.indices, point, density.prior, density.rho2, tolerance, history,
        )  # fmt: skip
        heights = tuple(history[:n].tolist())
    else:
        theta, heights, expected = _climb_by_parts(density, theta, point, max_iter, tolerance)
    value = heights[-1] if heights else -np.inf
    return Run(
        theta, density.layout, value, heights,
        expected_gain=expected, log_volume=log_volume(density, theta),
    )  # fmt: skip


def _climb_by_parts(
    density: Density, theta: Floats, point: Point, max_iter: int, tolerance: float
) -> tuple[Floats, tuple[float, ...], float]:
    """EM on rows that are summed by several threads or are not in memory."""
    indices, prior = density.layout.indices, density.prior
    history: list[float] = []
    best = base = first = second = theta
    jumped, halfway, expected = False, False, 0.0
    for _ in range(max_iter):
        stats = density.statistics(point)
        value = float(stats[0] + log_prior(point, prior, 0.0))
        if jumped and not value >= history[-1]:
            theta, jumped = second, False
            unpack(theta, indices, point)
            continue
        if not np.isfinite(value) or (history and value < history[-1]):
            break
        best = theta
        history.append(value)
        moved = m_step(theta, stats, indices, point, prior)
        if not halfway:
            base, first, theta, jumped = theta, moved, moved, False
        else:
            second, theta = moved, np.empty_like(moved)
            length = extrapolate(base, first, second, theta)
            expected = 0.5 * length * (history[-1] - history[-2])
            if expected < tolerance:
                break
            jumped = True
            unpack(theta, indices, point)
        halfway = not halfway
    return best, tuple(history), expected


def m_step(
    theta: Floats, stats: Floats, indices: Indices, point: Point, prior: PriorConstants
) -> Floats:
    """Parameters that do not lower the expected complete-data log-posterior.

    Weights in closed form (Figueiredo & Jain 2002, eq. 17); means given the covariances by a d x d
    solve; covariances given the means by `wishart_m_step` or `raise_covariances`. `point` is
    overwritten by the new parameters.
    """
    moved, scatter = np.empty_like(theta), np.empty_like(point.scale_trils)
    _move_means(theta, stats, point, prior, moved, scatter)
    n = stats[1 : 1 + len(scatter)]
    if prior.n_covariances > 0:
        wishart_m_step(moved, n, scatter, indices, point, prior, EM.scale_matrix_steps)
    else:
        raise_covariances(moved, n, scatter, indices, point, prior, EM.gradient_steps)
    return moved


@compiled()
def _climb(
    kernel, means_step, covariance_step, steps,
    block, theta, indices, point, prior, rho2, tolerance, history,
):  # fmt: skip
    """EM on one block of rows; returns theta, the length of `history` and the expected gain.

    The first arguments are addresses of compiled functions (see `CovarianceStep`).
    """
    K, d = point.means.shape
    scatter = np.empty((K, d, d))
    stats, not_kept = np.empty(1 + K * (1 + d + d * d)), np.empty((0, 0))
    rows = (block.values, block.tiles, block.observed, block.weights, block.order)
    mixture = (point.log_weights, point.means, point.scale_trils)
    best, base, first, second = theta, theta, theta, theta
    jumped, halfway, expected = False, False, 0.0
    n = 0
    for _step in range(len(history)):
        for t in range(len(stats)):
            stats[t] = 0.0
        call(kernel, (*rows, *mixture, rho2, stats, not_kept))
        value = stats[0] + log_prior(point, prior, 0.0)
        if jumped and not value >= history[n - 1]:
            theta, jumped = second, False
            unpack(theta, indices, point)
            continue
        if not np.isfinite(value) or (n > 0 and value < history[n - 1]):
            break
        best = theta
        history[n] = value
        n += 1
        moved = np.empty_like(best)
        call(means_step, (best, stats, point, prior, moved, scatter))
        n_k = stats[1 : 1 + K]
        call(covariance_step, (moved, n_k, scatter, indices, point, prior, steps))
        if not halfway:
            base, first, theta, jumped = best, moved, moved, False
        else:
            second, theta = moved, np.empty_like(best)
            length = extrapolate(base, first, second, theta)
            expected = 0.5 * length * (history[n - 1] - history[n - 2])
            if expected < tolerance:
                break
            jumped = True
            unpack(theta, indices, point)
        halfway = not halfway
    return best, n, expected


@compiled()
def extrapolate(base, first, second, jump):
    """Write the SQUAREM extrapolation of three vectors of EM to `jump`; return its length |a|.

    With length 1 the extrapolation equals `second`.
    """
    r2 = v2 = 0.0
    for t in range(len(base)):
        r, v = first[t] - base[t], second[t] - 2.0 * first[t] + base[t]
        r2 += r * r
        v2 += v * v
    length = EM.longest_jump
    if r2 < EM.longest_jump**2 * v2:
        length = max(np.sqrt(r2 / v2), 1.0)
    for t in range(len(base)):
        r, v = first[t] - base[t], second[t] - 2.0 * first[t] + base[t]
        jump[t] = base[t] + 2.0 * length * r + length**2 * v
    return length


@cache
def means_step_address() -> int:
    """Address of the machine code of `_move_means`."""
    layout = Layout(1, 1, Structure())
    theta, scatter, prior = np.zeros(layout.size), np.zeros((1, 1, 1)), constants_of_one()
    return address_of(_move_means, theta, theta, layout.point(theta), prior, theta, scatter)


def compile_climb() -> None:
    """Compile EM on one block of rows, without running it.

    The M-step under priors of scales and correlations is not included (see `compile_m_step`).
    """
    covariance_step_address(wishart_m_step)
    means_step_address()
    layout, prior = Layout(1, 1, Structure()), constants_of_one()
    theta, point = np.zeros(layout.size), layout.point(np.zeros(layout.size))
    block = MemoryRows.from_matrix(np.zeros((1, 1)), Standardizer.identity(1)).gathered()
    compile_for(_climb, 0, 0, 0, 0, block, theta, layout.indices, point, prior, theta, 0.0, theta)


@compiled()
def _move_means(theta, stats, point, prior, moved, scatter):
    """Update weights and means in `moved`, and write the latent scatter about the new means."""
    K, d = point.means.shape
    for t in range(len(theta)):
        moved[t] = theta[t]
    _update_weights(stats, prior, moved)
    Sigma, SG, half = np.empty((d, d)), np.empty((d, d)), np.empty((d, d))
    pull, step = np.empty(d), np.empty(d)
    for k in range(K):
        n_k = stats[1 + k]
        g = stats[1 + K + k * d : 1 + K + (k + 1) * d]
        G = stats[1 + K * (1 + d) + k * d * d : 1 + K * (1 + d) + (k + 1) * d * d].reshape((d, d))
        _multiply(point.scale_trils[k], point.scale_trils[k], True, Sigma)
        _multiply(Sigma, G, False, SG)
        _multiply(SG, Sigma, False, half)
        _mean_step(Sigma, n_k, g, point.means[k], prior, SG, pull, step)
        for i in range(d):
            moved[K - 1 + k * d + i] += step[i]
            for j in range(d):
                scatter[k, i, j] = n_k * (Sigma[i, j] + step[i] * step[j]) + 2.0 * half[i, j]
                scatter[k, i, j] -= pull[i] * step[j] + step[i] * pull[j]


@compiled(from_python=False)
def _multiply(A, B, transposed, product):
    """product <- A B, or A B' where `transposed`."""
    d = len(A)
    for i in range(d):
        for j in range(d):
            s = 0.0
            for l in range(d):
                s += A[i, l] * (B[j, l] if transposed else B[l, j])
            product[i, j] = s


@compiled(from_python=False)
def _update_weights(stats, prior, new):
    K = len(prior.concentration)
    total = 0.0
    for k in range(K):
        total += max(stats[1 + k] + prior.concentration[k] - 1.0, 0.0)
    largest = -1  # if all weights vanish, the largest component keeps weight 1
    if total <= 0.0:
        total = 1.0
        largest = int(np.argmax(stats[1 : 1 + K]))
    mean = 0.0
    last = 0.0
    for k in range(K):
        share = max(stats[1 + k] + prior.concentration[k] - 1.0, 0.0) / total
        if k == largest:
            share = 1.0
        last = np.log(max(share, EM.smallest_weight))
        mean += last / K
        if k < K - 1:
            new[k] = last
    for k in range(K - 1):
        new[k] -= mean


@compiled(from_python=False)
def _mean_step(Sigma, n_k, g, mean, prior, A, pull, step):
    """Change of a mean to its conditional mode: Sigma (n I + tau Sigma)^-1 (g + tau (m - mu)).

    Sigma g is written to `pull`; A is a workspace.
    """
    d, tau = len(mean), prior.precision
    for i in range(d):
        pull[i] = 0.0
        for j in range(d):
            pull[i] += Sigma[i, j] * g[j]
            A[i, j] = tau * Sigma[i, j]
        A[i, i] += max(n_k, 1e-300)
    right = np.empty(d)
    for i in range(d):
        right[i] = g[i] + tau * (prior.location - mean[i])
    for j in range(d):
        for i in range(j, d):
            s = A[i, j]
            for l in range(j):
                s -= A[i, l] * A[j, l]
            A[i, j] = np.sqrt(s) if i == j else s / A[j, j]
        for l in range(j):
            right[j] -= A[j, l] * right[l]
        right[j] /= A[j, j]
    for i in range(d - 1, -1, -1):
        for l in range(i + 1, d):
            right[i] -= A[l, i] * right[l]
        right[i] /= A[i, i]
    for i in range(d):
        step[i] = 0.0
        for j in range(d):
            step[i] += Sigma[i, j] * right[j]
