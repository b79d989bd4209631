"""The curvature of the log-posterior: by differences of gradients, or in one pass over the rows.

Differences take 2 p passes. Where no cell is missing, one pass is enough (Louis 1982): with the
responsibilities held fixed, the gradient depends on the rows through the sums n_k, g_k, G_k alone,
so that its derivative sees no row; what the responsibilities hide is the covariance, over the
components of each row, of that row's part in the sums.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, pairwise

import numpy as np

from bayes_gmm.data.rows import Block, Floats
from bayes_gmm.inference.optimize.whitening import Whitening
from bayes_gmm.model.density import Density
from bayes_gmm.model.parameters import Point
from bayes_gmm.model.points import Points

HESSIAN_WIDTH = 1e-4
"""Of the differences, in expected standard deviations: curvature changes fast across a ridge."""
AFFORDABLE = 2e10
"""Floating-point operations that the curvature of a mode may cost."""
DATA_FREE = 1.5e6
"""As many as one gradient without a pass over the rows takes as long as."""
NEGLIGIBLE = 1e-8
"""Membership probability below which a row is ignored for a component."""
CHUNK = 32
"""Number of tiles processed together."""


def hessian(density: Density, theta: Floats, whitening: Whitening, *, jacobian: bool) -> Floats:
    """Negative Hessian of the log-posterior in whitened coordinates, shape (p, p).

    Central differences of gradients, `HESSIAN_WIDTH` expected standard deviations wide: of the
    log-posterior's, or of those with fixed responsibilities and then less what these hide.
    """
    steps = HESSIAN_WIDTH * np.eye(len(theta))
    one_pass = _is_in_one_pass(density)
    point = density.layout.point(theta)
    stats = density.statistics(point) if one_pass else np.empty(0)
    slopes = []
    for xi in (steps, -steps):
        ahead = whitening.theta(xi)
        if one_pass:
            gradients = _gradients_of_complete_data(density, point, stats, ahead, jacobian)
        else:
            gradients = density.values_and_gradients(ahead, jacobian=jacobian)[1]
        slopes.append(whitening.pull_back(xi, gradients))
    H = (slopes[1] - slopes[0]) / (2.0 * HESSIAN_WIDTH)
    if one_pass:
        H -= _hidden(density, point, whitening)
    return np.asarray(0.5 * (H + H.T))


def pass_cost(density: Density) -> float:
    """Floating-point operations of a gradient."""
    layout = density.layout
    return 3.0 * density.rows.n_rows * layout.n_components * (layout.n_features + 2) ** 2


def hessian_cost(density: Density) -> float:
    """Floating-point operations of a Hessian, about."""
    layout = density.layout
    if _is_in_one_pass(density):
        width = float(_n_sums(layout.n_features))
        return 2.0 * layout.size * DATA_FREE + 8.0 * density.rows.n_rows * width**2
    return 2.0 * layout.size * pass_cost(density)


def _is_in_one_pass(density: Density) -> bool:
    """Whether the rows are complete, and so many that two passes for each parameter cost more."""
    return density.rows.is_complete and pass_cost(density) > DATA_FREE


def _n_sums(d: int) -> int:
    """1, g and the lower triangle of G: what a row adds to the sums of a component."""
    return 1 + d + d * (d + 1) // 2


def _gradients_of_complete_data(
    density: Density, point: Point, stats: Floats, thetas: Floats, jacobian: bool
) -> Floats:
    """Gradients at every theta with the responsibilities of `point`, shape (n, p).

    With b = n (xbar - mu) and T the scatter about mu at the point, delta = mu - mu' and P' the
    inverse of V' = L' L'' + diag(rho^2): g' = P' (b + n delta), the scatter about mu' is
    T + b delta' + delta b' + n delta delta', and G' = (P' (that) P' - n P') / 2.
    """
    layout, K, d = density.layout, density.layout.n_components, density.layout.n_features
    n = stats[1 : 1 + K, None]
    V = _covariances(point.scale_trils, density.rho2)
    b = np.einsum("kij,kj->ki", V, stats[1 + K : 1 + K * (1 + d)].reshape(K, d))
    T = n[:, :, None] * V + 2.0 * V @ stats[1 + K * (1 + d) :].reshape(K, d, d) @ V
    ahead = Points.of(layout, thetas)
    delta = point.means - ahead.means
    P = np.linalg.inv(_covariances(ahead.scale_trils, density.rho2))
    cross = (b + 0.5 * n * delta)[..., None] * delta[..., None, :]
    own = np.empty((len(thetas), len(stats)))
    own[:, : 1 + K] = stats[: 1 + K]
    pulls = P @ (b + n * delta)[..., None]
    own[:, 1 + K : 1 + K * (1 + d)] = pulls.reshape(len(thetas), -1)
    G = 0.5 * (P @ (T + cross + cross.mT) @ P - n[:, :, None] * P)
    own[:, 1 + K * (1 + d) :] = G.reshape(len(thetas), -1)
    gradients = np.empty(thetas.shape)
    for i, theta in enumerate(thetas):
        moved = layout.point(theta)
        gradients[i] = density.from_statistics(moved, own[i], jacobian=jacobian)[1]
    return gradients


def _covariances(scale_trils: Floats, rho2: Floats) -> Floats:
    return np.asarray(scale_trils @ scale_trils.mT + np.diag(rho2))


def _hidden(density: Density, point: Point, whitening: Whitening) -> Floats:
    """Information that not knowing the components hides, in whitened coordinates, shape (p, p)."""
    V = _covariances(point.scale_trils, density.rho2)
    precisions = np.linalg.inv(V)
    constants = point.log_weights - 0.5 * np.linalg.slogdet(V)[1]
    covariance = density.rows.sum_blocks(
        lambda block: _covariance_of_sums(block, constants, point.means, precisions)
    )
    pulled = _pulled_sums(density, point)
    to_theta = whitening.pull_back(np.zeros_like(pulled), pulled)
    return np.asarray(to_theta.T @ covariance @ to_theta)


def _pulled_sums(density: Density, point: Point) -> Floats:
    """Gradient in theta of each sum of each component, shape (K n_sums, p)."""
    K, d = density.layout.n_components, density.layout.n_features
    pairs = np.tril_indices(d)
    stats = np.zeros(1 + K * (1 + d + d * d))
    nothing = density.from_statistics(point, stats)[1]
    pulled = np.empty((K, _n_sums(d), density.layout.size))
    for k in range(K):
        G = 1 + K * (1 + d) + k * d * d
        of_means = [[1 + K + k * d + j] for j in range(d)]
        of_pairs = [[G + int(i * d + j), G + int(j * d + i)] for i, j in zip(*pairs, strict=True)]
        places = [[1 + k], *of_means, *of_pairs]
        for u, place in enumerate(places):
            stats[place] = 1.0
            pulled[k, u] = density.from_statistics(point, stats)[1] - nothing
            stats[place] = 0.0
    return pulled.reshape(-1, density.layout.size)


def _covariance_of_sums(
    block: Block, constants: Floats, means: Floats, precisions: Floats
) -> Floats:
    """Sum over rows of the covariance, over components, of what a row adds to the sums.

    With u_k what it adds where k is its component: r_k (1 - r_k) u_k u_k' for each component, and
    -r_k r_l u_k u_l' for each pair. Few rows are in doubt between any two.
    """
    K, d = means.shape
    q = _n_sums(d)
    total = np.zeros((K, q, K, q))
    for x, weights in _chunks(block):
        r, pulls = _responsibilities(x, constants, means, precisions)
        shared = (r > NEGLIGIBLE) & (r.max(axis=0) < 1.0 - NEGLIGIBLE)
        rows = [np.flatnonzero(mask) for mask in shared]
        sums = [
            _sums_of_rows(pulls[k][:, rows[k]], precisions[k]) * r[k, rows[k]] for k in range(K)
        ]
        for k in range(K):
            w = weights[rows[k]] / r[k, rows[k]] * (1.0 - r[k, rows[k]])
            total[k, :, k] += (sums[k] * w) @ sums[k].T
        for k, l in combinations(range(K), 2):
            both = shared[k] & shared[l]
            if both.any():
                here, there = both[rows[k]], both[rows[l]]
                cross = (sums[k][:, here] * weights[both]) @ sums[l][:, there].T
                total[k, :, l] -= cross
                total[l, :, k] -= cross.T
    return total.reshape(K * q, K * q)


def _chunks(block: Block) -> Iterator[tuple[Floats, Floats]]:
    """Rows, shape (d, m), and their weights, some tiles of one size at a time."""
    d = block.observed.shape[1]
    sizes = block.tiles[:, 1]
    changes = 1 + np.flatnonzero(np.diff(sizes))
    edges = np.unique(np.concatenate([changes, np.arange(0, len(sizes), CHUNK), [len(sizes)]]))
    for begin, end in pairwise(edges):
        start, n, _, first = block.tiles[begin]
        cells = block.values[start : start + (end - begin) * n * d]
        x = cells.reshape(end - begin, d, n).transpose(1, 0, 2).reshape(d, -1)
        m = x.shape[1]
        yield x, block.weights[first : first + m] if len(block.weights) else np.ones(m)


def _responsibilities(
    x: Floats, constants: Floats, means: Floats, precisions: Floats
) -> tuple[Floats, list[Floats]]:
    """Of rows, shape (K, m); and their pulls on each mean, V^-1 (x - mu), shapes (d, m)."""
    r = np.empty((len(means), x.shape[1]))
    pulls = []
    for k in range(len(means)):
        offsets = x - means[k][:, None]
        pulls.append(precisions[k] @ offsets)
        r[k] = constants[k] - 0.5 * (offsets * pulls[k]).sum(axis=0)
    r -= r.max(axis=0)
    np.exp(r, out=r)
    r /= r.sum(axis=0)
    return r, pulls


def _sums_of_rows(g: Floats, precision: Floats) -> Floats:
    """1, g and the lower triangle of G = (g g' - V^-1) / 2 of each row, shape (n_sums, m)."""
    d = len(g)
    sums = np.empty((_n_sums(d), g.shape[1]))
    sums[0] = 1.0
    sums[1 : 1 + d] = g
    for u, (i, j) in enumerate(zip(*np.tril_indices(d), strict=True), start=1 + d):
        sums[u] = 0.5 * (g[i] * g[j] - precision[i, j])
    return sums
