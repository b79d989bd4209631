r"""Multivariate Gaussian mixtures whose columns choose among transformations.

For a fixed number of components, steps of EM alternate with steps that choose, for one column after
the other, the option of the largest expected log-likelihood, Jacobian included (ECM; Lo, Brinkman &
Gottardo 2008, Cytometry A 73:321). Responsibilities are fixed in such a step, and the covariances
are at their optimum, so that the option of a column j counts through its variance given the others:

.. math:: -\tfrac12 \sum_k n_k \log \Sigma_{k, j \mid \text{others}} + \sum_i \log t_j'(x_{ij})

Covariances are shrunk as under the default prior of the model, where the scale matrix is learned,
and include the recording error, so that no component collapses onto a value.

These fits screen a table. They are not the fits that the package reports.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bayes_gmm.data.checks.column_options import ColumnOptions
from bayes_gmm.data.checks.mixture_1d import LOG_2PI
from bayes_gmm.data.checks.settings import JointSettings
from bayes_gmm.data.rows import Floats, Integers


@dataclass(frozen=True, eq=False)
class JointFit:
    """A mixture of a table whose columns have certain options.

    Attributes
    ----------
    chosen : ndarray of int, shape (d,)
        Positions of the options in `ColumnOptions`.
    responsibilities : ndarray, shape (n, K)
    bic : float
        In the user's units, the costs of the options included.
    scale_matrix : ndarray, shape (d, d), optional
        Expected scale matrix C_0 of the prior of covariances.
    """

    chosen: Integers
    responsibilities: Floats
    bic: float = np.inf
    scale_matrix: Floats | None = None


def best_joint_fit(
    options: ColumnOptions, starts: Sequence[Integers], settings: JointSettings
) -> JointFit:
    """The fit of lowest BIC over numbers of components, from several choices of options.

    Parameters
    ----------
    options : ColumnOptions
    starts : sequence of ndarray of int, shape (d,)
        Options of all columns from which to start.
    settings : JointSettings

    Examples
    --------
    >>> from bayes_gmm.data.transform import Identity, Log
    >>> x = np.exp(np.random.default_rng(0).normal(size=(200, 2)))
    >>> options = ColumnOptions.of(
    ...     x, [[Identity(), Log()]] * 2, np.zeros(2), np.ones(200), [[0.0, 10.0]] * 2
    ... )
    >>> found = best_joint_fit(options, [np.array([0, 2])], JointSettings())
    >>> found.chosen.tolist(), found.responsibilities.shape[1]
    ([1, 3], 1)
    """
    found: list[JointFit] = []
    for start in starts:
        bics: list[float] = []
        below = JointFit(start, np.ones((len(options.values), 1)))
        for K in range(1, settings.most_components + 1):
            below = _fit_from(options, below, K, settings)
            found.append(_with_options(options, below, settings))
            bics.append(found[-1].bic)
            # Stop if two more components have not lowered the BIC.
            if len(bics) > 2 and min(bics[:-2]) <= min(bics[-2:]):
                break
    return min(found, key=lambda fit: fit.bic)


def refitted(
    options: ColumnOptions, fit: JointFit, chosen: Integers, settings: JointSettings
) -> JointFit:
    """The fit with other options, from the responsibilities of a fit."""
    return _em(options, replace(fit, chosen=chosen), settings.long_steps, settings.long_gain)


def _fit_from(options: ColumnOptions, below: JointFit, K: int, settings: JointSettings) -> JointFit:
    """Fit K components with the options of a fit with one component fewer."""
    Y = options.values[:, below.chosen]
    if K == 1:
        return _em(options, below, 1, 0.0)
    parts = [*_slices(Y, options.weights, K), *_halves(Y, options.weights, below.responsibilities)]
    short = [
        _em(options, JointFit(below.chosen, r), settings.short_steps, settings.short_gain)
        for r in parts
    ]
    best = min(short, key=lambda fit: fit.bic)
    return _em(options, best, settings.long_steps, settings.long_gain)


def _with_options(options: ColumnOptions, fit: JointFit, settings: JointSettings) -> JointFit:
    """Choose options and continue EM in turn, while that lowers the BIC."""
    for _ in range(settings.rounds):
        chosen = _chosen_given(options, fit)
        if np.array_equal(chosen, fit.chosen):
            break
        moved = refitted(options, fit, chosen, settings)
        if not moved.bic < fit.bic - settings.long_gain:
            break
        fit = moved
    return fit


def _em(options: ColumnOptions, fit: JointFit, steps: int, gain: float) -> JointFit:
    """Steps of EM from responsibilities, until one gains little."""
    chosen, w = fit.chosen, options.weights
    Y, rho2 = options.values[:, chosen], np.diag(options.rho2[chosen])
    d, K = Y.shape[1], fit.responsibilities.shape[1]
    G0 = _prior_of_scale_matrix(Y)
    r, C0, old = fit.responsibilities, fit.scale_matrix, -np.inf
    for _ in range(steps):
        n_k, mu, S = _moments(Y, r * w[:, None])
        Sigma, C0 = _covariances(n_k, S, G0, C0)
        r, log_likelihood = _e_step(Y, w, n_k, mu, Sigma + rho2)
        if log_likelihood - old < gain:
            break
        old = log_likelihood
    log_likelihood += options.log_jacobian[chosen].sum()
    n_parameters = K - 1 + K * d + K * d * (d + 1) // 2
    bic = n_parameters * np.log(w.sum()) - 2.0 * log_likelihood + options.cost[chosen].sum()
    return JointFit(chosen, r, float(bic), C0)


def _chosen_given(options: ColumnOptions, fit: JointFit) -> Integers:
    """The best option of one column after the other, given responsibilities."""
    assert fit.scale_matrix is not None
    chosen, d = fit.chosen.copy(), options.n_columns
    n_k, _, S = _moments(options.values, fit.responsibilities * options.weights[:, None])
    rows = (n_k + 3.0)[:, None, None]
    S *= n_k[:, None, None] / rows
    diagonal = np.arange(len(options.column))
    S[:, diagonal, diagonal] += options.rho2
    C = 2.0 * fit.scale_matrix / rows
    for j in options.free:
        own, others = np.flatnonzero(options.column == j), np.delete(np.arange(d), j)
        rest = chosen[others]
        variance = S[:, own, own] + C[:, j, j][:, None]
        if d > 1:
            A = S[:, rest[:, None], rest] + C[:, others[:, None], others]
            B = S[:, rest[:, None], own] + C[:, others, j][:, :, None]
            variance = variance - np.einsum("kij,kij->kj", B, np.linalg.solve(A, B))
        gains = options.log_jacobian[own] - 0.5 * (options.cost[own] + n_k @ np.log(variance))
        if gains.max() > gains[chosen[j] - own[0]]:
            chosen[j] = own[gains.argmax()]
    return chosen


def _prior_of_scale_matrix(Y: Floats) -> Floats:
    """G_0 = (g_0 / c_0) diag(4 / range)^2, as in the default prior of covariances."""
    c0, g0 = _shapes(Y.shape[1])
    return np.asarray(g0 / c0 * np.diag(16.0 / np.ptp(Y, axis=0) ** 2))


def _shapes(d: int) -> tuple[float, float]:
    """c_0 and g_0 of the hierarchical Wishart prior."""
    return 2.5 + 0.5 * (d - 1), 0.5 + 0.5 * (d - 1)


def _moments(Y: Floats, r: Floats) -> tuple[Floats, Floats, Floats]:
    """Weights (K,), means (K, d) and covariances (K, d, d) of rows with responsibilities (n, K)."""
    n_k = r.sum(axis=0) + 1e-9
    mu = r.T @ Y / n_k[:, None]
    S = np.array([(Y.T * r_k) @ Y for r_k in r.T]) / n_k[:, None, None]
    return n_k, mu, S - mu[:, :, None] * mu[:, None, :]


def _covariances(n_k: Floats, S: Floats, G0: Floats, C0: Floats | None) -> tuple[Floats, Floats]:
    """Sigma_k = (n_k S_k + 2 C_0) / (n_k + 3), and C_0 = (g_0 + K c_0)(G_0 + sum_k P_k)^-1."""
    K, d = len(n_k), len(G0)
    c0, g0 = _shapes(d)
    C0 = K ** (-2.0 / d) * np.eye(d) if C0 is None else C0
    for _ in range(2):
        Sigma = (n_k[:, None, None] * S + 2.0 * C0) / (n_k + 3.0)[:, None, None]
        C0 = (g0 + K * c0) * np.linalg.inv(G0 + np.linalg.inv(Sigma).sum(axis=0))
    return Sigma, C0


def _e_step(Y: Floats, w: Floats, n_k: Floats, mu: Floats, Sigma: Floats) -> tuple[Floats, float]:
    """Responsibilities (n, K) and the log-likelihood."""
    L = np.linalg.cholesky(Sigma)
    inverse = np.linalg.inv(L)
    log_p = np.empty((len(n_k), len(Y)))
    for k in range(len(n_k)):
        u = Y @ inverse[k].T - inverse[k] @ mu[k]
        log_p[k] = -0.5 * np.einsum("ij,ij->i", u, u)
    log_p += np.log(n_k / w.sum())[:, None] - 0.5 * Y.shape[1] * LOG_2PI
    log_p -= np.log(np.diagonal(L, axis1=1, axis2=2)).sum(axis=1)[:, None]
    top = log_p.max(axis=0)
    p = np.exp(log_p - top)
    total = p.sum(axis=0)
    return (p / total).T, float(w @ (top + np.log(total)))


def _slices(Y: Floats, w: Floats, K: int) -> list[Floats]:
    """Slices of equal weight along three principal axes, shells, and slices of lowest kurtosis."""
    total = w.sum()
    centred = Y - w @ Y / total
    variances, axes = np.linalg.eigh((centred.T * w) @ centred / total)
    u = centred @ axes / np.sqrt(np.maximum(variances, 1e-9))
    distance = np.square(u).sum(axis=1)
    kurtosis_axis = np.linalg.eigh((u.T * (w * distance)) @ u)[1][:, 0]
    parts = []
    for score in (*u.T[:-4:-1], distance, u @ kurtosis_axis):
        order = np.argsort(score, kind="stable")
        below = np.empty(len(Y))
        below[order] = np.cumsum(w[order]) - 0.5 * w[order]
        parts.append((below * K / total).astype(int)[:, None] == np.arange(K))
    return [np.asarray(part, dtype=np.float64) for part in parts]


def _halves(Y: Floats, w: Floats, r: Floats) -> list[Floats]:
    """Responsibilities with one component divided across its longest axis, for each component."""
    _, mu, S = _moments(Y, r * w[:, None])
    parts = []
    for k in range(r.shape[1]):
        above = (Y - mu[k]) @ np.linalg.eigh(S[k])[1][:, -1] > 0.0
        parts.append(np.column_stack([np.delete(r, k, 1), r[:, k] * above, r[:, k] * ~above]))
    return parts
