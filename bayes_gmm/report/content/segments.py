"""One card per segment: its share, its place on each feature, and its typical members."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bayes_gmm.data.transform import CENTRAL_68
from bayes_gmm.report.content.records import Apart, Card, Member, Place
from bayes_gmm.report.settings import WORDING
from bayes_gmm.report.source import Source
from bayes_gmm.report.words import (
    Number,
    Quoted,
    Segment,
    Words,
    about,
    count,
    estimate,
    joined,
    probability,
    share,
)
from bayes_gmm.text import minus

Counts = tuple[Number | None, Number | None, Number | None, Number | None]


def cards(
    source: Source, apart: Sequence[tuple[Apart, ...]], typical: Sequence[tuple[Member, ...]]
) -> tuple[Card, ...]:
    """All segments, in their order, with what sets each apart and its typical members."""
    found = []
    for k, name in enumerate(source.names):
        places = tuple(place(source, k, j) for j in range(len(source.features)))
        found.append(
            Card(
                Segment(k, name),
                description(places, apart[k]),
                share(f"share/{k}", *source.quantity("share", k)),
                *_counts(source, k),
                places,
                apart[k],
                typical[k],
            )
        )
    return tuple(found)


def _counts(source: Source, k: int) -> Counts:
    """Expected size, assigned rows, clear rows, and the share of clear rows."""
    rows = source.rows
    if rows is None:
        return None, None, None, None
    mine = rows.segment == k
    clear = mine & (rows.probability >= WORDING.clear)
    n_mine, n_clear = float(rows.weights[mine].sum()), float(rows.weights[clear].sum())
    return (
        about(f"size/{k}", float(rows.weights @ rows.membership[:, k])),
        count(f"assigned/{k}", n_mine),
        count(f"clear/{k}", n_clear),
        probability(f"clear/{k}/share", n_clear / n_mine) if n_mine else None,
    )


def place(source: Source, k: int, j: int) -> Place:
    """The place of segment k on feature j."""
    feature, write = source.features[j], source.writers[j]
    what = "median" if j in source.mixture.transforms.changed else "mean"
    value, bounds = source.quantity(f"{feature} ({what})", k)
    if what == "mean":
        sd = source.quantity(f"{feature} (sd)", k)[0]
        low, high = value - CENTRAL_68 * sd, value + CENTRAL_68 * sd
    else:
        low, high = (source.quantity(f"{feature} ({q})", k)[0] for q in ("16 %", "84 %"))
    z = float(source.standing[k, j])
    return Place(
        feature, j, estimate(f"{what}/{k}/{j}", write, value, bounds),
        Number(f"low/{k}/{j}", float(low), write(float(low))),
        Number(f"high/{k}/{j}", float(high), write(float(high))),
        Number(f"standing/{k}/{j}", z, minus(f"{z:+.1f}")), level(z),
    )  # fmt: skip


def level(standing: float) -> str:
    """A distance from the average in words.

    Examples
    --------
    >>> level(-1.5), level(-0.7), level(0.1), level(0.8)
    ('very low', 'low', 'average', 'high')
    """
    if abs(standing) < WORDING.apart:
        return "average"
    word = "high" if standing > 0.0 else "low"
    return f"very {word}" if abs(standing) >= WORDING.far else word


def description(places: Sequence[Place], apart: Sequence[Apart] = ()) -> Words:
    """The features in which a segment differs most from the average, in words.

    If its middle is average everywhere, the features whose spread sets it apart, or else the
    feature that distinguishes it most from the rest.
    """
    order = np.argsort([-abs(place.standing.value) for place in places], kind="stable")
    named = [places[j] for j in order if places[j].word != "average"][: WORDING.most_named]
    if not named:
        return ("close to the average in every feature", *(_spread(apart) or _direction(apart)))
    return joined([(f"{place.word} ", Quoted(place.feature)) for place in named])


def _spread(apart: Sequence[Apart]) -> Words:
    by_spread = [a for a in apart if a.spread][: WORDING.most_named]
    if not by_spread:
        return ()
    way = by_spread[0].spread
    named = joined([(Quoted(a.feature),) for a in by_spread if a.spread == way])
    return ("; its values of ", *named, f" {way} than in the rest")


def _direction(apart: Sequence[Apart]) -> Words:
    """The first feature that differs from the rest, though its distance is small."""
    for a in apart:
        if a.direction in ("higher", "lower"):
            return ("; ", Quoted(a.feature), f" is slightly {a.direction} than in the rest")
    return ()
