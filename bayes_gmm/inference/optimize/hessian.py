"""The Hessian of the log-posterior: by differences of gradients, or in one pass over the rows.

Differences take 2 p passes. One pass is enough if no cell is missing (Louis 1982): with fixed
responsibilities, the gradient depends on the rows through the sums n_k, g_k, G_k alone, so that its
derivative needs no rows. The missing information is the covariance, over the components of each
row, of the contribution of that row to the sums.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np

from bayes_gmm.data.rows import Block, Floats
from bayes_gmm.inference.optimize.settings import HessianSettings
from bayes_gmm.inference.optimize.whitening import Whitening
from bayes_gmm.model.density import Density
from bayes_gmm.model.parameters import Point
from bayes_gmm.model.points import Points


def hessian(
    density: Density,
    theta: Floats,
    whitening: Whitening,
    *,
    jacobian: bool,
    settings: HessianSettings = HessianSettings(),
) -> Floats:
    """Negative Hessian of the log-posterior in whitened coordinates, shape (p, p).

    It is computed by central differences, either of gradients of the log-posterior, or of gradients
    with fixed responsibilities. In the second case the missing information is subtracted, which is
    due to the unknown components of rows.
    """
    steps = settings.width * np.eye(len(theta))
    one_pass = _is_in_one_pass(density, settings)
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
    H = (slopes[1] - slopes[0]) / (2.0 * settings.width)
    if one_pass:
        H -= _hidden(density, point, whitening, settings)
    return np.asarray(0.5 * (H + H.T))


def pass_cost(density: Density) -> float:
    """Floating-point operations of a gradient."""
    layout = density.layout
    return 3.0 * density.rows.n_rows * layout.n_components * (layout.n_features + 2) ** 2


def hessian_cost(density: Density, settings: HessianSettings = HessianSettings()) -> float:
    """Approximate number of floating-point operations of a Hessian."""
    layout = density.layout
    if _is_in_one_pass(density, settings):
        width = float(_n_sums(layout.n_features))
        return 2.0 * layout.size * settings.cost_without_rows + 8.0 * density.rows.n_rows * width**2
    return 2.0 * layout.size * pass_cost(density)


def _is_in_one_pass(density: Density, settings: HessianSettings) -> bool:
    """Whether one pass is possible (complete rows) and cheaper than two for each parameter."""
    return density.rows.is_complete and pass_cost(density) > settings.cost_without_rows


def _n_sums(d: int) -> int:
    """Number of sums of a component: the count, g and the lower triangle of G."""
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


def _hidden(
    density: Density, point: Point, whitening: Whitening, settings: HessianSettings
) -> Floats:
    """Missing information due to unknown components, in whitened coordinates, shape (p, p)."""
    V = _covariances(point.scale_trils, density.rho2)
    precisions = np.linalg.inv(V)
    constants = point.log_weights - 0.5 * np.linalg.slogdet(V)[1]
    covariance = density.rows.sum_blocks(
        _CovarianceOfSums(constants, point.means, precisions, settings)
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


@dataclass(frozen=True, eq=False)
class _CovarianceOfSums:
    """`_covariance_of_sums` of a block, as a record that other processes can read."""

    constants: Floats
    means: Floats
    precisions: Floats
    settings: HessianSettings

    def __call__(self, block: Block) -> Floats:
        return _covariance_of_sums(
            block, self.constants, self.means, self.precisions, self.settings
        )


def _covariance_of_sums(
    block: Block, constants: Floats, means: Floats, precisions: Floats, settings: HessianSettings
) -> Floats:
    """Sum over rows of the covariance, over components, of the contribution of a row to the sums.

    With u_k the contribution of a row of component k: r_k (1 - r_k) u_k u_k' for each component,
    and -r_k r_l u_k u_l' for each pair. Few rows have two relevant components.
    """
    K, d = means.shape
    q, least = _n_sums(d), settings.negligible
    total = np.zeros((K, q, K, q))
    for x, weights in _chunks(block, settings.tiles):
        r, pulls = _responsibilities(x, constants, means, precisions)
        shared = (r > least) & (r.max(axis=0) < 1.0 - least)
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


def _chunks(block: Block, tiles: int) -> Iterator[tuple[Floats, Floats]]:
    """Yield rows, shape (d, m), and their weights, for a few tiles of equal size at a time."""
    d = block.observed.shape[1]
    sizes = block.tiles[:, 1]
    changes = 1 + np.flatnonzero(np.diff(sizes))
    edges = np.unique(np.concatenate([changes, np.arange(0, len(sizes), tiles), [len(sizes)]]))
    for begin, end in pairwise(edges):
        start, n, _, first = block.tiles[begin]
        cells = block.values[start : start + (end - begin) * n * d]
        x = cells.reshape(end - begin, d, n).transpose(1, 0, 2).reshape(d, -1)
        m = x.shape[1]
        yield x, block.weights[first : first + m] if len(block.weights) else np.ones(m)


def _responsibilities(
    x: Floats, constants: Floats, means: Floats, precisions: Floats
) -> tuple[Floats, list[Floats]]:
    """Responsibilities of rows, shape (K, m), and V^-1 (x - mu) by component, shapes (d, m)."""
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
