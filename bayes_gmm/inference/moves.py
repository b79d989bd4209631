"""Split-and-merge moves: out of optima where one component covers two groups and two share one."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from bayes_gmm.data.memory import MemoryRows
from bayes_gmm.data.rows import Floats
from bayes_gmm.data.standardize import Standardizer
from bayes_gmm.inference.em import EMRun, run_em
from bayes_gmm.inference.ladder import responsibilities
from bayes_gmm.inference.starts import Moments, Sample
from bayes_gmm.model.density import Density
from bayes_gmm.model.parameters import Layout, Point
from bayes_gmm.model.prior import PriorConstants

TRIALS = 4
"""Moves that are tried at one optimum before it is taken as the best."""


def improve(density: Density, sample: Sample, run: EMRun, rng: np.random.Generator) -> EMRun:
    """Split one component, merge two others, for as long as that raises the log-posterior.

    Splits are ranked by what two components gain on the rows of one, merges by what the merged
    component loses (Ueda, Nakano, Ghahramani & Hinton 2000 rank by other measures).
    """
    K = density.layout.n_components
    for _ in range(3 * K if K > 2 else 0):
        better = _improve_once(density, sample, run)
        if better is None:
            break
        run = better
    return run


def _improve_once(density: Density, sample: Sample, run: EMRun) -> EMRun | None:
    point = density.layout.point(run.theta)
    n = np.exp(point.log_weights) * sample.rows.total_weight
    r = responsibilities(density, sample, point)
    splits = {k: best_split(density, sample, r[:, k], point, k) for k in range(len(n))}
    losses = _merge_losses(point, n)
    moves = [
        (splits[k][0] - losses[i, j], k, i, j)
        for k in splits
        for i, j in combinations(range(len(n)), 2)
        if k not in (i, j)
    ]
    for _, k, i, j in sorted(moves, reverse=True)[:TRIALS]:
        moments = _moved(point, n, splits[k][1], k, i, j)
        start = moments.theta(density.layout, density.prior)
        trial = run_em(density, start, max_iter=15, tolerance=0.02)
        if trial.log_posterior > run.log_posterior - 10.0:
            trial = run_em(density, trial.theta, max_iter=150, tolerance=1e-3)
        if trial.log_posterior > run.log_posterior + 0.05:
            return trial
    return None


def best_split(
    density: Density, sample: Sample, r: Floats, point: Point, k: int
) -> tuple[float, Moments]:
    """What two components gain over component k on its own rows, and those two."""
    mean, L = point.means[k], point.scale_trils[k]
    weights = sample.weights * np.where(r > 0.01, r, 0.0)
    d = len(mean)
    if weights.sum() < 2.0:
        return -np.inf, Moments(np.ones(2), np.stack([mean, mean]), np.stack([L @ L.T] * 2))
    rows = MemoryRows.from_matrix(sample.values, Standardizer.identity(d), weights, threads=1)
    local = Density(
        rows,
        Layout(2, d, density.layout.structure),
        with_components(density.prior, 2),
        density.rho2,
    )
    whole = Density(
        rows,
        Layout(1, d, density.layout.structure),
        with_components(density.prior, 1),
        density.rho2,
    )
    one = Moments(np.array([weights.sum()]), mean[None], (L @ L.T)[None])
    alone = run_em(whole, one.theta(whole.layout, whole.prior), max_iter=5, tolerance=0.01)
    runs = [
        run_em(local, guess.theta(local.layout, local.prior), max_iter=20, tolerance=0.02)
        for guess in _halves(weights.sum(), mean, L)
    ]
    best = max(runs, key=lambda run: run.log_posterior)
    two = local.layout.point(best.theta)
    moments = Moments(
        np.exp(two.log_weights) * weights.sum(), two.means, two.scale_trils @ two.scale_trils.mT
    )
    return best.log_posterior - alone.log_posterior, moments


def _halves(n: float, mean: Floats, L: Floats) -> list[Moments]:
    """Ways to cut a component in two: across its two longest axes, core and halo, crossed axes."""
    variances, axes = np.linalg.eigh(L @ L.T)
    counts = np.full(2, n / 2)
    long = [axes[:, -1 - a] * np.sqrt(variances[-1 - a]) for a in range(min(2, len(mean)))]
    Sigma = L @ L.T
    cuts = [
        Moments(
            counts,
            np.stack([mean - 0.8 * axis, mean + 0.8 * axis]),
            np.stack([Sigma - 0.6 * np.outer(axis, axis)] * 2),
        )
        for axis in long
    ]
    same = np.stack([mean, mean])
    nested = Moments(counts, same, np.stack([0.3 * Sigma, 1.7 * Sigma]))
    if len(long) == 1:
        return [*cuts, nested]
    tilt = 0.9 * (np.outer(long[0], long[1]) + np.outer(long[1], long[0]))
    crossed = Moments(counts, same, np.stack([Sigma + tilt, Sigma - tilt]))
    return [*cuts, nested, crossed]


def with_components(prior: PriorConstants, n_components: int) -> PriorConstants:
    """The same prior on another number of components."""
    return prior._replace(concentration=np.full(n_components, prior.concentration.mean()))


def _merge_losses(point: Point, n: Floats) -> Floats:
    """Log-likelihood lost when two components, rows and all, become one, shape (K, K)."""
    covariances = point.scale_trils @ point.scale_trils.mT
    log_det = 2.0 * np.log(np.diagonal(point.scale_trils, axis1=1, axis2=2)).sum(axis=1)
    total = n[:, None] + n[None, :]
    share = (n[:, None] / total)[..., None, None]
    gap = point.means[:, None] - point.means[None, :]
    merged = share * covariances[:, None] + (1.0 - share) * covariances[None, :]
    merged += share * (1.0 - share) * gap[..., :, None] * gap[..., None, :]
    entropy = n[:, None] * np.log(n[:, None] / total) + n[None, :] * np.log(n[None, :] / total)
    loss = total * np.linalg.slogdet(merged)[1]
    loss -= n[:, None] * log_det[:, None] + n[None, :] * log_det[None, :]
    return np.asarray(0.5 * loss + entropy)


def _moved(point: Point, n: Floats, halves: Moments, k: int, i: int, j: int) -> Moments:
    """The mixture with i and j merged into i, and k split into k and j."""
    counts, means = n.copy(), point.means.copy()
    covariances = point.scale_trils @ point.scale_trils.mT
    share = n[i] / (n[i] + n[j])
    gap = point.means[i] - point.means[j]
    counts[i] = n[i] + n[j]
    means[i] = share * point.means[i] + (1.0 - share) * point.means[j]
    covariances[i] = (
        share * covariances[i] + (1 - share) * covariances[j]
        + share * (1 - share) * np.outer(gap, gap)
    )  # fmt: skip
    for target, half in ((k, 0), (j, 1)):
        counts[target] = halves.n[half]
        means[target] = halves.means[half]
        covariances[target] = halves.covariances[half]
    return Moments(counts, means, covariances)
