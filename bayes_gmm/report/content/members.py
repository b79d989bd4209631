"""Rows on the page: typical members of segments, and rows whose segment is uncertain."""

from __future__ import annotations

import numpy as np

from bayes_gmm.data.rows import Floats, Integers
from bayes_gmm.model.mixture import Mixture
from bayes_gmm.report.content.records import Border, Certainty, Member
from bayes_gmm.report.settings import LIMITS, PICTURES, WORDING
from bayes_gmm.report.source import Rows, Source
from bayes_gmm.report.words import (
    Estimate,
    Number,
    Segment,
    count,
    probability,
)
from bayes_gmm.text import cell, percent


def member(source: Source, rows: Rows, i: int) -> Member:
    """Row i of the rows that count."""
    order = np.argsort(-rows.membership[i], kind="stable")
    first = int(order[0])
    bounds = None if rows.lower is None or rows.upper is None else (rows.lower[i], rows.upper[i])
    key = f"membership/{rows.labels[i]}"
    second, second_probability = None, None
    if len(order) > 1:
        l = int(order[1])
        second = Segment(l, source.names[l])
        second_probability = probability(f"{key}/second", rows.membership[i, l])
    return Member(
        rows.labels[i],
        tuple(
            _cell(f"cell/{rows.labels[i]}/{j}", rows.values[i, j]) for j in listed_features(source)
        ),
        Segment(first, source.names[first]),
        _probability(key, rows.probability[i], bounds),
        second,
        second_probability,
    )


def _probability(key: str, value: float, bounds: tuple[float, float] | None) -> Estimate:
    """A membership probability with its interval, each written by itself: bounds reach 0 and 1."""
    middle = probability(key, value)
    if bounds is None:
        return Estimate(middle)
    ends = zip(("lower", "upper"), bounds, strict=True)
    return Estimate(middle, *(Number(f"{key}/{e}", float(x), percent(float(x))) for e, x in ends))


def _cell(key: str, value: float) -> Number | None:
    return None if np.isnan(value) else Number(key, float(value), cell(float(value)))


def listed_features(source: Source) -> tuple[int, ...]:
    """Positions of the features in lists of rows."""
    n = len(source.features)
    if n <= LIMITS.member_columns:
        return tuple(range(n))
    return tuple(sorted(source.pictured[: LIMITS.member_columns]))


def typical_members(source: Source, k: int) -> tuple[Member, ...]:
    """The rows of segment k where its density is highest, among complete rows if there are any."""
    rows = source.rows
    if rows is None:
        return ()
    mine = np.flatnonzero(rows.segment == k)
    whole = mine[~np.isnan(rows.values[mine]).any(axis=1)]
    mine = whole if len(whole) else mine
    if not len(mine):
        return ()
    density = _density(source.mixture, k, rows.scaled[mine])
    best = mine[np.argsort(-density, kind="stable")[: LIMITS.typical]]
    return tuple(member(source, rows, int(i)) for i in best)


def _density(mixture: Mixture, k: int, scaled: Floats) -> Floats:
    """Log density of segment k on the scale of the model."""
    alone = Mixture(np.ones(1), mixture.means[[k]], mixture.covariances[[k]], mixture.resolution)
    return alone.log_prob(scaled)


def certainty(source: Source) -> Certainty | None:
    """Memberships of all rows; None without rows."""
    rows = source.rows
    if rows is None:
        return None
    p, w = rows.probability, rows.weights
    total, clear = float(w.sum()), float(w[p >= WORDING.clear].sum())
    doubtful = float(w[p < WORDING.doubtful].sum())
    order = np.argsort(p, kind="stable")
    least = order[p[order] < WORDING.clear][: LIMITS.uncertain]
    return Certainty(
        count("rows", total), count("rows/clear", clear),
        count("rows/middle", round(total - clear - doubtful, 9)), count("rows/doubtful", doubtful),
        probability("rows/clear/share", clear / total), _bins(p, w),
        _borders(source, rows), tuple(member(source, rows, int(i)) for i in least),
    )  # fmt: skip


def _bins(p: Floats, weights: Floats) -> tuple[tuple[float, float, Number], ...]:
    edges = np.linspace(0.0, 1.0, PICTURES.certainty_bins + 1)
    which: Integers = np.minimum(np.digitize(p, edges) - 1, PICTURES.certainty_bins - 1)
    heights = np.bincount(which, weights, PICTURES.certainty_bins)
    first = int(np.flatnonzero(heights)[0])
    return tuple(
        (float(edges[b]), float(edges[b + 1]), count(f"certainty/{b}", heights[b]))
        for b in range(first, PICTURES.certainty_bins)
    )


def _borders(source: Source, rows: Rows) -> tuple[Border, ...]:
    """Pairs of segments with the rows whose two most probable segments they are."""
    K = source.n_components
    between = np.flatnonzero(rows.probability < WORDING.clear)
    if K < 2 or not len(between):
        return ()
    pair = np.sort(np.argsort(-rows.membership[between], axis=1, kind="stable")[:, :2], axis=1)
    weight = np.bincount(pair[:, 0] * K + pair[:, 1], rows.weights[between], K * K)
    found = np.argsort(-weight, kind="stable")[: LIMITS.pairs]
    return tuple(
        Border(Segment(int(code) // K, source.names[int(code) // K]),
               Segment(int(code) % K, source.names[int(code) % K]),
               count(f"border/{code // K}/{code % K}", weight[code]))
        for code in found
        if weight[code] > 0.0
    )  # fmt: skip
