"""Starts from small tight groups: few rows in a ball, on a line or in a hyperplane.

A mixture with a component on ten near-copies may have more posterior mass than every optimum that
k-means starts lead to. Therefore flats through rows are scored: balls about one row, lines through
two rows, hyperplanes through d rows. For sphered rows and a flat of dimension s, let q be the sum
of squared distances of the nearest rows, W the sum of their weights, and c = d - s. The score of
the flat is the maximum over W of

    W log(W / N) - (W c / 2) log(2 pi t^2) - q / (2 t^2) - (W s / 2) (log(2 pi v) + 1) - B,

It is the log-likelihood of these rows as a component of thickness t, with
t^2 = q / (c (W - s - 1)) + rho^2, and of variance v along the flat, minus their log-likelihood B
under a mixture of K - 1 components. The best flats are refitted to their rows (Chum, Matas &
Kittler 2003). The groups of the highest log-posterior, with K - 1 components for the other rows,
are starts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
from scipy.special import logsumexp

from bayes_gmm.data.rows import Floats, Integers
from bayes_gmm.inference.modes.flat_scores import score_flat, score_flats
from bayes_gmm.inference.modes.guesses import Moments
from bayes_gmm.inference.modes.row_sample import Sample, joint_log_density
from bayes_gmm.inference.modes.settings import StartSettings
from bayes_gmm.inference.optimize.run import Run
from bayes_gmm.inference.optimize.volume import log_volume
from bayes_gmm.model.density import Density


@dataclass(frozen=True)
class ScanSettings:
    """Settings of the scan.

    Attributes
    ----------
    work : float
        Maximum cost of the flats of one dimension, in rows times features: about 10 ms. A dimension
        is skipped if this cost allows too few flats to expect one through s + 1 rows of a group of
        `largest_group` rows.
    hits, smallest_group : float, int
        Flats are drawn until `hits` of them are expected to pass through s + 1 rows of a group of
        `smallest_group` rows.
    largest_group : int
        Maximum number of distinct rows of a group; larger groups are found by other starts.
    spare : float
        Minimum weight of a group in addition to the s + 1 rows that define its flat.
    along : float
        Assumed variance along a flat, in units of the variance of all rows.
    reach : float
        Distance from the flat within which a row may belong to the group, in standard deviations of
        all rows. A distance ten times smaller adds 2.3 nats for each row and direction.
    refined : int
        Number of flats of each dimension that are refitted to their rows.
    overlap : float
        Fraction of common rows, relative to the smaller group, at which two groups count as one.
    starts : int
        Number of groups from which EM starts.
    """

    work: float = 6e6
    hits: float = 6.0
    smallest_group: int = 7
    largest_group: int = 25
    spare: float = 2.0
    along: float = 0.5
    reach: float = 0.1
    refined: int = 12
    overlap: float = 0.5
    starts: int = 6


@dataclass(frozen=True, eq=False)
class _Table:
    """Distinct sphered rows without missing cells, as columns, for the scan.

    Attributes
    ----------
    rows : ndarray, shape (d, n)
    weights : ndarray, shape (n,)
        Sum of the weights of all copies of each row.
    background : ndarray, shape (n,)
        Log density of each row under K - 1 components, in sphered coordinates.
    total : float
        Sum of the weights of the whole sample.
    rho2 : float
        Variance of the recording error in sphered units: the geometric mean over axes.
    kind : ndarray, shape (m,)
        Index of the distinct row that equals each row of the sample; -1 if it has missing cells.
    """

    rows: Floats
    weights: Floats
    background: Floats
    total: float
    rho2: float
    kind: Integers


@dataclass(frozen=True)
class _Group:
    """Rows near a flat of some dimension, which may form a component."""

    dimension: int
    rows: frozenset[int]
    score: float


def group_starts(
    density: Density,
    sample: Sample,
    fewer: Density,
    run: Run,
    rng: np.random.Generator,
    settings: ScanSettings = ScanSettings(),
) -> list[Moments]:
    """Starts in which the last component is a small tight group, the most promising first.

    The list is empty if a group cannot be a component: with a single component, with scales that
    all components share, and if neither the prior nor a recording error bounds the density when a
    component collapses onto a row.

    Parameters
    ----------
    density : Density
        Density on the rows of the sample.
    sample : Sample
    fewer : Density
        The same density with one component fewer.
    run : Run
        An optimum of `fewer`, which describes the other rows.
    rng : Generator
    settings : ScanSettings
    """
    K, d = density.layout.n_components, density.layout.n_features
    structure = density.layout.structure
    if K == 1 or not structure.scales.startswith("component"):
        return []
    if not density.has_maximum or density.prior.is_improper:
        return []
    r, log_density = _background(fewer, sample, run)
    table = _table(density, sample, log_density)
    if table.rows.shape[1] < d + 2:
        return []
    dimensions = {0, 1, d - 1} if structure.correlations == "component" else {0}
    groups = [
        group
        for s in sorted(dimensions - {d})
        for group in _scanned(table, s, rng, settings)
    ]  # fmt: skip
    starts = {
        replace(group, score=0.0): _start(density, sample, r, np.isin(table.kind, list(group.rows)))
        for group in groups
    }
    ranked = [replace(group, score=_log_mass(density, start)) for group, start in starts.items()]
    ranked.sort(key=lambda group: -group.score)
    best = _apart(ranked, settings)[: settings.starts]
    return [starts[replace(group, score=0.0)] for group in best]


def _log_mass(density: Density, start: Moments) -> float:
    """Rough log mass at a start."""
    theta = start.theta(density.layout, density.prior)
    value = density.log_posterior(theta) + log_volume(density, theta)
    return value if np.isfinite(value) else -np.inf


def _background(fewer: Density, sample: Sample, run: Run) -> tuple[Floats, Floats]:
    """Responsibilities (m, K - 1) and log density (m,) of rows."""
    joint = joint_log_density(fewer, sample, fewer.layout.point(run.theta))
    log_density = logsumexp(joint, axis=1)
    return np.exp(joint - log_density[:, None]), log_density


def _table(density: Density, sample: Sample, log_density: Floats) -> _Table:
    complete = np.isfinite(sample.values).all(axis=1)
    distinct, first, kind = np.unique(
        sample.values[complete], axis=0, return_index=True, return_inverse=True
    )
    kinds = np.full(len(sample.values), -1, dtype=np.int64)
    kinds[complete] = np.ravel(kind)
    weights = np.bincount(np.ravel(kind), sample.weights[complete], minlength=len(distinct))
    floor = float(density.rho2.mean()) + StartSettings.thinnest**2
    variances, axes = np.linalg.eigh(
        np.atleast_2d(np.cov(sample.filled.T, aweights=sample.weights))
    )
    scales = np.sqrt(np.maximum(variances, floor))
    rho2 = (axes**2 * density.rho2[:, None]).sum(axis=0) / scales**2 + StartSettings.thinnest**2
    return _Table(
        rows=np.ascontiguousarray((distinct @ (axes / scales)).T),
        weights=weights,
        background=log_density[complete][first] + np.log(scales).sum(),
        total=float(sample.weights.sum()),
        rho2=float(np.exp(np.log(rho2).mean())),
        kind=kinds,
    )


def _scanned(
    table: _Table, s: int, rng: np.random.Generator, settings: ScanSettings
) -> list[_Group]:
    """The best groups about flats of dimension s, with the flats refitted to their groups."""
    d, n = table.rows.shape
    size = min(settings.largest_group, n - 1)
    wanted = settings.hits * (n / settings.smallest_group) ** (s + 1)
    most = int(min(settings.work / (n * d), wanted)) if s > 0 else int(settings.work / (n * d))
    if most * (size / n) ** (s + 1) < 1.0:
        return []
    through = _flats(n, s, most, rng)
    scores, sizes = np.empty(len(through)), np.empty(len(through), dtype=np.int64)
    nearest = np.empty((len(through), size), dtype=np.int64)
    score_flats(
        table.rows, table.weights, table.background, through, table.total, table.rho2,
        settings.spare, settings.along, settings.reach, scores, sizes, nearest,
    )  # fmt: skip
    found = (
        _Group(s, frozenset(nearest[i, : sizes[i]].tolist()), float(scores[i]))
        for i in np.argsort(-scores, kind="stable")
        if np.isfinite(scores[i])
    )
    best = _apart(islice(found, 10 * settings.refined), settings)[: settings.refined]
    return [_refined(table, group, settings) for group in best]


def _flats(n: int, s: int, most: int, rng: np.random.Generator) -> Integers:
    """Indices of the s + 1 rows that define each flat: all combinations, or a random sample."""
    if s == 0:
        chosen = np.arange(n) if n <= most else np.sort(rng.choice(n, most, replace=False))
        return chosen[:, None]
    if s == 1 and n * (n - 1) // 2 <= most:
        return np.column_stack(np.triu_indices(n, 1))
    return rng.integers(n, size=(most, s + 1))


def _refined(table: _Table, group: _Group, settings: ScanSettings) -> _Group:
    """Refit the flat to the principal axes of its group until the score stops increasing."""
    s, size = group.dimension, min(settings.largest_group, table.rows.shape[1] - 1)
    for _ in range(3):
        members = sorted(group.rows)
        x, w = table.rows[:, members].T, table.weights[members]
        origin = np.average(x, axis=0, weights=w)
        axes = np.linalg.svd((x - origin) * np.sqrt(w)[:, None], full_matrices=True)[2]
        nearest = np.empty(size, dtype=np.int64)
        score, n = score_flat(
            table.rows, table.weights, table.background, origin, axes[:s], axes[s:], table.total,
            table.rho2, settings.spare, settings.along, settings.reach, nearest,
        )  # fmt: skip
        if not score > group.score:
            break
        group = _Group(s, frozenset(nearest[:n].tolist()), float(score))
    return group


def _apart(groups: Iterable[_Group], settings: ScanSettings) -> list[_Group]:
    """Groups that have few rows in common with earlier groups of the same dimension."""
    kept: list[_Group] = []
    for group in groups:
        if not any(_overlap(group, other, settings) for other in kept):
            kept.append(group)
    return kept


def _overlap(group: _Group, other: _Group, settings: ScanSettings) -> bool:
    fewer = min(len(group.rows), len(other.rows))
    same = group.dimension == other.dimension
    return same and len(group.rows & other.rows) >= settings.overlap * fewer


def _start(density: Density, sample: Sample, r: Floats, group: np.ndarray) -> Moments:
    """Moments of the background for the other rows, and of the group without recording error."""
    rest = Moments.of_responsibilities(sample, r * ~group[:, None])
    x, w = sample.values[group], sample.weights[group]
    mean = np.average(x, axis=0, weights=w)
    S = ((x - mean).T * w) @ (x - mean) / w.sum()
    S += np.diag(0.1 * density.rho2) + 1e-9 * np.eye(len(mean))
    return Moments(
        np.append(rest.n, w.sum()),
        np.append(rest.means, mean[None], axis=0),
        np.append(rest.covariances, S[None], axis=0),
    )
