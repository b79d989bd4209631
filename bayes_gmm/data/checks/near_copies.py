"""Rows that are exact or near copies of each other, more often than by chance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import lgamma, log
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from bayes_gmm.data.checks.profile import Profile
from bayes_gmm.data.checks.settings import CopySettings
from bayes_gmm.data.rows import Floats, Integers
from bayes_gmm.data.subsample import hash_rows
from bayes_gmm.diagnostics.diagnostic import Diagnostic

if TYPE_CHECKING:
    from scipy.spatial import cKDTree


def copy_findings(
    values: Floats,
    profiles: Sequence[Profile],
    settings: CopySettings | None = None,
    *,
    is_sample: bool = False,
) -> Iterator[Diagnostic]:
    """Findings about exact copies and near-copies; `values` has no empty rows.

    With `is_sample`, the numbers of near-copies are described as those of a sample.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(300, 2))
    >>> X[:8] = X[8] + 1e-4 * X[:8]
    >>> profiles = [Profile.of("a", X[:, 0]), Profile.of("b", X[:, 1])]
    >>> [(finding.code, finding.values["rows"]) for finding in copy_findings(X, profiles)]
    [('near_copies', 9.0)]
    """
    settings = settings or CopySettings()
    if values.shape[1] < 2:
        return
    n_repeated = len(values) - len(np.unique(hash_rows(values)))
    if n_repeated >= settings.fewest_repeats and _beyond_rounding(values, profiles, settings):
        figures = {"rows": float(n_repeated), "fraction": n_repeated / len(values)}
        yield Diagnostic("duplicates", (), figures)
    if values.shape[1] <= settings.most_columns:
        for finding in _near_copies(values, profiles, settings):
            sampled = is_sample or finding.values["sampled"]
            yield replace(finding, values={**finding.values, "sampled": sampled})


def _beyond_rounding(values: Floats, profiles: Sequence[Profile], settings: CopySettings) -> bool:
    """Whether pairs of equal rows are more frequent than pairs a few steps apart in one column.

    Rounding makes similar rows equal. If n_i rows of a smooth table are rounded to cell i, about
    sum n_i^2 / 2 pairs are equal, and sum n_i^2 pairs are m steps apart for each small m. Pairs
    that are 1 to s steps apart are therefore 2 s times as many as equal pairs. Columns of
    categories have no such pairs, so the column with the most of them is used.
    """
    steps = [profile.step / profile.sd for profile in profiles if profile.sd > 0.0]
    if min(steps, default=np.inf) > settings.finest:
        return False
    order = sorted(range(len(profiles)), key=lambda j: -len(profiles[j].values))
    asked = [j for j in order if len(profiles[j].values) > 1][: settings.columns_stepped]
    for j in asked:
        profile = profiles[j]
        step = profile.step if profile.step > 0.0 else 1e-3 * profile.sd
        equal, near = _pairs(values, j, 1.001 * settings.neighbour_steps * step, settings)
        if equal * 2 * settings.neighbour_steps < settings.beyond_chance * near:
            return False
    return True


def _pairs(values: Floats, j: int, width: float, settings: CopySettings) -> tuple[float, float]:
    """Pairs of rows that agree in all columns but j: equal in j, and at most `width` apart in j.

    A long table is thinned by the hash of the other columns, which keeps such rows together.
    """
    keys = hash_rows(np.delete(values, j, axis=1))
    rows = np.flatnonzero(keys % np.uint64(-(-len(keys) // settings.compared)) == 0)
    keys, x = keys[rows], values[rows, j]
    order = np.lexsort((x, keys))
    keys, x = keys[order], x[order]
    is_new = (keys[1:] != keys[:-1]) | (x[1:] != x[:-1])
    first = np.flatnonzero(np.append(True, is_new))
    n = np.diff(first, append=len(x)).astype(np.float64)
    keys, x = keys[first], x[first]
    near = 0.0
    for lag in range(1, settings.neighbour_steps + 1):
        within = (keys[lag:] == keys[:-lag]) & (x[lag:] - x[:-lag] <= width)
        near += float((n[lag:] * n[:-lag])[within].sum())
    return float((n * (n - 1.0)).sum()) / 2.0, near


def _near_copies(
    values: Floats, profiles: Sequence[Profile], settings: CopySettings
) -> Iterator[Diagnostic]:
    from scipy.spatial import cKDTree

    chosen = [profile for profile in profiles if 0.0 < profile.span < np.inf]
    columns = [j for j, profile in enumerate(profiles) if 0.0 < profile.span < np.inf]
    every = -(-len(values) // settings.most_rows)
    some = values[::every, columns] / np.array([profile.sd for profile in chosen])
    some = some[~(np.isnan(some).any(axis=1) | _on_atoms(some, chosen, settings))]
    if len(some) < settings.fewest_rows:
        return
    some = np.unique(some, axis=0)
    steps = np.array([profile.step / profile.sd for profile in chosen])
    tree = cKDTree(some)
    nearness = _nearness(tree, some, steps, settings)
    if nearness is None:
        return
    groups = _groups(tree, some, nearness, settings)
    n_copies = float(sum(map(len, groups)))
    if not n_copies:
        return
    figures = {
        "rows": n_copies, "fraction": n_copies / len(some),
        "groups": len(groups), "largest": max(map(len, groups)),
        "within": max(float(np.ptp(some[group], axis=0).max()) for group in groups),
        "sample": float(len(some)), "sampled": every > 1,
    }  # fmt: skip
    yield Diagnostic("near_copies", (), figures)


def _on_atoms(
    scaled: Floats, profiles: Sequence[Profile], settings: CopySettings
) -> npt.NDArray[np.bool_]:
    """Whether each row has a frequent value of a fine column, so that its neighbours are nearer."""
    found = np.zeros(len(scaled), dtype=bool)
    for x, profile in zip(scaled.T, profiles, strict=True):
        frequent = profile.counts > settings.frequent * profile.n_observed
        if frequent.any() and profile.step <= settings.within * profile.sd:
            found |= np.isin(x, profile.values[frequent] / profile.sd)
    return found


class _Nearness(NamedTuple):
    """Rows with `k` others within `radius` (in standard deviations) are near-copies.

    The number of neighbours of a typical row grows with the distance to the power `dimension`.
    """

    radius: float
    k: int
    dimension: float


def _nearness(
    tree: cKDTree, some: Floats, steps: Floats, settings: CopySettings
) -> _Nearness | None:
    """A distance within which a row of a smooth table practically never has k neighbours.

    Locally, rows of a smooth table are a Poisson process. The ball around the median row that
    reaches to its k-th neighbour has an expected number of k - 1/3 rows. A ball of `closer` times
    this radius holds k rows with probability lambda^k / k!, lambda = (k - 1/3) closer^d. The
    dimension d is that of the rows or, if smaller, the number of columns whose steps are far below
    the distance, because rows that agree in a coarse column agree exactly.
    """
    most = min(settings.most_neighbours, len(some) - 1)
    typical = some[:: -(-len(some) // settings.typical_rows)]
    distances = np.median(tree.query(typical, k=most + 1, p=np.inf)[0], axis=0)
    radii = np.minimum(settings.closer * distances, settings.within)
    if not distances[2] > 0.0:
        return None
    growth = log((most - 1 / 3) / (2 - 1 / 3)) / max(log(distances[-1] / distances[2]), 1e-9)
    d = min(growth, float(np.count_nonzero(steps <= settings.fine * radii[2])))
    if d < 0.5:
        return None
    for k in range(2, most + 1):
        rate = log(k - 1.0 / 3.0) + d * log(settings.closer)
        if log(len(some)) + k * rate - lgamma(k + 1.0) <= log(settings.chance):
            return _Nearness(float(radii[k]), k, d)
    return None


def _groups(
    tree: cKDTree, some: Floats, nearness: _Nearness, settings: CopySettings
) -> list[Integers]:
    """Groups of near-copies: more than k rows each, or pairs where many rows have a near-copy."""
    radius, k, d = nearness
    distances, _ = tree.query(some, k=k + 1, p=np.inf, distance_upper_bound=radius)
    paired = np.flatnonzero(np.isfinite(distances[:, 1]))
    crowded = np.flatnonzero(np.isfinite(distances[:, -1]))
    many = settings.pairs * len(some)
    chosen = paired if d >= settings.pair_dimension and len(paired) >= many else crowded
    if not len(chosen):
        return []
    groups = _components(tree, some, chosen, radius)
    return [group for group in groups if _is_isolated(tree, some, group, settings)]


def _components(tree: cKDTree, some: Floats, chosen: Integers, radius: float) -> list[Integers]:
    """Rows linked by distances up to the radius, one array of rows for each group."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    linked = tree.query_ball_point(some[chosen], radius, p=np.inf)
    start = np.repeat(chosen, [len(found) for found in linked])
    end = np.concatenate([np.asarray(found, dtype=np.int64) for found in linked])
    graph = coo_matrix((np.ones(len(start)), (start, end)), shape=(len(some), len(some)))
    _, labels = connected_components(graph, directed=False)
    members = np.unique(end)
    order = members[np.argsort(labels[members], kind="stable")]
    cuts = np.flatnonzero(np.diff(labels[order])) + 1
    return [np.asarray(group, dtype=np.int64) for group in np.split(order, cuts)]


def _is_isolated(tree: cKDTree, some: Floats, group: Integers, settings: CopySettings) -> bool:
    """Whether a group is far from other rows, unlike a dense part of a segment."""
    low, high = some[group].min(axis=0), some[group].max(axis=0)
    centre, diameter = (low + high) / 2.0, float((high - low).max())
    reach = (0.5 + settings.isolated) * diameter
    around = tree.query_ball_point(centre, reach, p=np.inf, return_length=True)
    return bool(around == len(group))
