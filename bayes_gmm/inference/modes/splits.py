"""Mixtures with one component more or fewer, by splitting a component or merging two."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import combinations, count
from typing import Any

import numpy as np
from scipy.linalg import solve_triangular

from bayes_gmm.data.memory import MemoryRows
from bayes_gmm.data.rows import Floats
from bayes_gmm.data.standardize import Standardizer
from bayes_gmm.inference.modes.guesses import Moments
from bayes_gmm.inference.modes.row_sample import Sample, kurtosis_axes, responsibilities
from bayes_gmm.inference.modes.settings import StartSettings
from bayes_gmm.inference.optimize.em import run_em
from bayes_gmm.inference.optimize.run import Run
from bayes_gmm.model.density import Density
from bayes_gmm.model.parameters import Layout, Point
from bayes_gmm.model.prior.constants import PriorConstants

type Split = tuple[float, Moments]
"""The gain of a split, and the two components."""
type Halves = list[list[Split]]
"""For each component its splits, the best first."""


def halves_of(
    density: Density,
    sample: Sample,
    run: Run,
    known: dict[Run, Halves],
    each: Callable[..., Iterable[Any]] = map,
) -> Halves:
    """The splits of each component, from `known` or computed and added to it.

    Parameters
    ----------
    density : Density
    sample : Sample
    run : Run
    known : dict
    each : callable
        Like `map`, possibly on several cores.
    """
    if run not in known:
        point = density.layout.point(run.theta)
        by_component = responsibilities(density, sample, point).T
        known[run] = list(
            each(lambda r, k: best_splits(density, sample, r, point, k), by_component, count())
        )
    return known[run]


def splits(
    density: Density,
    sample: Sample,
    run: Run,
    known: dict[Run, Halves],
    each: Callable[..., Iterable[Any]] = map,
) -> list[Moments]:
    """Mixtures with one component more: the best split of each component, then the second-best.

    Components whose split gains most come first.
    """
    point = density.layout.point(run.theta)
    n = np.exp(point.log_weights) * sample.rows.total_weight
    ranked = [
        (rank, -gain, k, two)
        for k, by_gain in enumerate(halves_of(density, sample, run, known, each))
        for rank, (gain, two) in enumerate(by_gain)
    ]
    ranked.sort(key=lambda split: split[:3])
    return [_split(point, n, two, k) for _, _, k, two in ranked]


def merges(density: Density, sample: Sample, run: Run, most: int | None = None) -> list[Moments]:
    """Mixtures with one component fewer, by increasing loss of the merge; at most `most`."""
    point = density.layout.point(run.theta)
    n = np.exp(point.log_weights) * sample.rows.total_weight
    losses = _merge_losses(point, n)
    pairs = sorted(combinations(range(len(n)), 2), key=lambda pair: losses[pair])
    return [_merge(point, n, i, j) for i, j in pairs[:most]]


def best_splits(density: Density, sample: Sample, r: Floats, point: Point, k: int) -> list[Split]:
    """Splits of component k with their gains on the rows of k, best first."""
    mean, L = point.means[k], point.scale_trils[k]
    weights = sample.weights * np.where(r > 0.01, r, 0.0)
    d = len(mean)
    if weights.sum() < 2.0:
        return [(-np.inf, Moments(np.ones(2), np.stack([mean, mean]), np.stack([L @ L.T] * 2)))]
    held = np.flatnonzero(weights)
    every = max(1, len(held) // StartSettings.rows_of_split)
    rows = MemoryRows.from_matrix(
        sample.values[held[::every]], Standardizer.identity(d), weights[held[::every]] * every,
        threads=1,
    )  # fmt: skip
    prior, alpha = _given_others(density, point, k), density.prior.concentration.mean()
    whole, local = (
        Density(
            rows, layout, prior.with_components(np.full(size, alpha), layout.n_covariances),
            density.rho2,
        )
        for size in (1, 2)
        for layout in [Layout(size, d, density.layout.structure)]
    )  # fmt: skip
    one = Moments(np.array([weights.sum()]), mean[None], (L @ L.T)[None])
    alone = run_em(whole, one.theta(whole.layout, whole.prior), max_iter=5, tolerance=0.01)
    runs = [
        run_em(local, guess.theta(local.layout, local.prior), max_iter=15, tolerance=0.02)
        for guess in [
            *_halves(weights.sum(), mean, L),
            *_cut_across(sample.filled[held[::every]], weights[held[::every]] * every, mean, L),
        ]
    ]
    best: list[Run] = []
    for run in sorted(runs, key=lambda run: -run.rough_log_mass):
        if not best or run.rough_log_mass < best[-1].rough_log_mass - StartSettings.same_gain:
            best.append(run)
    total = weights.sum()
    return [(run.rough_log_mass - alone.rough_log_mass, _two(local, run, total)) for run in best]


def _two(density: Density, run: Run, n: float) -> Moments:
    return Moments.of_point(density.layout.point(run.theta), n)


def _given_others(density: Density, point: Point, k: int) -> PriorConstants:
    """The prior of component k, given the covariances of the others."""
    if density.prior.n_covariances < 2:
        return density.prior
    inverse = np.linalg.inv(np.delete(point.scale_trils, k, axis=0))
    return density.prior.given_others(inverse.mT @ inverse)


def _halves(n: float, mean: Floats, L: Floats) -> list[Moments]:
    """Splits of a component: across its two longest axes, core and halo, and crossed axes."""
    Sigma = L @ L.T
    variances, axes = np.linalg.eigh(Sigma)
    counts = np.full(2, n / 2)
    long = [axes[:, -1 - a] * np.sqrt(variances[-1 - a]) for a in range(min(2, len(mean)))]
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


def _cut_across(rows: Floats, weights: Floats, mean: Floats, L: Floats) -> list[Moments]:
    """Two groups of rows side by side, along the axis of the component's lowest kurtosis."""
    y = solve_triangular(L, (rows - mean).T, lower=True).T
    t = y @ kurtosis_axes(y, weights)[:, 0]
    high = t > np.average(t, weights=weights)
    for _ in range(5):
        if not 0.0 < weights[high].sum() < weights.sum():
            return []
        means = [np.average(t[side], weights=weights[side]) for side in (~high, high)]
        high = t > 0.5 * (means[0] + means[1])
    sides = [(rows[side], weights[side]) for side in (~high, high)]
    if min(w.sum() for _, w in sides) < len(mean) + 1:
        return []
    floor = StartSettings.thinnest**2 * np.eye(len(mean))
    means = [np.average(x, axis=0, weights=w) for x, w in sides]
    return [
        Moments(
            np.array([w.sum() for _, w in sides]),
            np.stack(means),
            np.stack([
                ((x - m).T * w) @ (x - m) / w.sum() + floor
                for (x, w), m in zip(sides, means, strict=True)
            ]),
        )
    ]  # fmt: skip


def _merge_losses(point: Point, n: Floats) -> Floats:
    """Log-likelihood lost by merging each pair of components with their rows, shape (K, K)."""
    covariances = point.scale_trils @ point.scale_trils.mT
    log_det = 2.0 * np.log(np.diagonal(point.scale_trils, axis1=1, axis2=2)).sum(axis=1)
    total = n[:, None] + n[None, :]
    gap = point.means[:, None] - point.means[None, :]
    merged = _merged(n[:, None] / total, covariances[:, None], covariances[None, :], gap)
    entropy = n[:, None] * np.log(n[:, None] / total) + n[None, :] * np.log(n[None, :] / total)
    loss = total * np.linalg.slogdet(merged)[1]
    loss -= n[:, None] * log_det[:, None] + n[None, :] * log_det[None, :]
    return np.asarray(0.5 * loss + entropy)


def _merged(share: Floats, one: Floats, other: Floats, gap: Floats) -> Floats:
    """Covariance of two merged components, with `gap` between their means."""
    share = np.asarray(share)[..., None, None]
    across = gap[..., :, None] * gap[..., None, :]
    return np.asarray(share * one + (1.0 - share) * other + share * (1.0 - share) * across)


def _split(point: Point, n: Floats, halves: Moments, k: int) -> Moments:
    """The mixture with component k split in two; the second half is the last component."""
    covariances = point.scale_trils @ point.scale_trils.mT
    counts, means = np.append(n, halves.n[1]), np.append(point.means, halves.means[1:], axis=0)
    covariances = np.append(covariances, halves.covariances[1:], axis=0)
    counts[k], means[k], covariances[k] = halves.n[0], halves.means[0], halves.covariances[0]
    return Moments(counts, means, covariances)


def _merge(point: Point, n: Floats, i: int, j: int) -> Moments:
    """The mixture with component j merged into component i."""
    covariances = point.scale_trils @ point.scale_trils.mT
    counts, means = n.copy(), point.means.copy()
    share = n[i] / (n[i] + n[j])
    counts[i] = n[i] + n[j]
    means[i] = share * point.means[i] + (1.0 - share) * point.means[j]
    gap = point.means[i] - point.means[j]
    covariances[i] = _merged(share, covariances[i], covariances[j], gap)
    kept = np.delete(np.arange(len(n)), j)
    return Moments(counts[kept], means[kept], covariances[kept])
