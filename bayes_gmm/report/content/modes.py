"""Other segmentations of the same rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bayes_gmm.report.settings import LIMITS
from bayes_gmm.report.source import Source
from bayes_gmm.report.words import Number, Quoted, Segment, Words, probability
from bayes_gmm.results.posterior.segment_changes import changes_of_mixtures
from bayes_gmm.results.posterior.segmentation import (
    OtherSegmentation,
    Segmentation,
    SegmentChange,
)
from bayes_gmm.results.posterior.segmentations import masses
from bayes_gmm.text import counted


@dataclass(frozen=True)
class OtherMode:
    """Another segmentation, and its largest differences."""

    mass: Number | None
    changes: tuple[Words, ...]
    more: int


@dataclass(frozen=True)
class Modes:
    """Segmentations of the same rows.

    Attributes
    ----------
    said : Words
        What the numbers of the report refer to.
    mass : Number or None
        Probability of the reported segmentation; None if unknown or if several are averaged.
    others : tuple of OtherMode
    more : int
        Further segmentations that are not listed.
    """

    said: Words
    mass: Number | None
    others: tuple[OtherMode, ...]
    more: int = 0


def modes(source: Source) -> Modes:
    """The reported segmentation and the others."""
    found = _segmentation(source)
    others = tuple(_other(source, other) for other in found.others[: LIMITS.modes])
    more = len(found.others) - len(others)
    mass = None if math.isnan(found.mass) else probability("mode/mass", found.mass)
    averaged = source.posterior is not None and source.posterior.segmentation is None
    if not others:
        return Modes(
            (f"Given {counted(source.n_components, 'segment')}, only one division of the rows has "
             "a probability that matters. This does not say whether the number of segments is "
             "right.",), mass, ()
        )  # fmt: skip
    if averaged:
        said: Words = (
            "The numbers of this report are averages over several segmentations. The most "
            "probable one has the probability ", mass or "unknown",
            "; others differ from it as follows.",
        )  # fmt: skip
    elif mass is None:
        said = (
            "There are other segmentations of these rows, whose probabilities were not computed.",
        )
    else:
        said = (
            "The numbers of this report describe the segmentation that has the probability ", mass,
            ". Other segmentations of the same rows differ from it as follows.",
        )  # fmt: skip
    return Modes(said, None if averaged else mass, others, more)


def _segmentation(source: Source) -> Segmentation:
    posterior, fit = source.posterior, source.fit
    if posterior is not None and posterior.segmentation is not None:
        return posterior.segmentation
    if posterior is None:
        held = {m: mode.probability for m, mode in enumerate(fit.modes)}
        main = 0
    else:
        held = masses(posterior)
        main = next(iter(held), 0)
    others = tuple(
        OtherSegmentation(
            m, mass, changes_of_mixtures(fit.modes[main].mixture, fit.modes[m].mixture)
        )
        for m, mass in held.items()
        if m != main and not mass < LIMITS.least_mass  # NaN: not computed
    )
    return Segmentation(main, held.get(main, math.nan), others)


def _other(source: Source, other: OtherSegmentation) -> OtherMode:
    mass = None if math.isnan(other.mass) else probability(f"mode/{other.mode}/mass", other.mass)
    shown = other.changes[: LIMITS.changes]
    said = tuple(
        change_words(source, change, f"mode/{other.mode}/{i}") for i, change in enumerate(shown)
    )
    return OtherMode(mass, said, len(other.changes) - len(shown))


def change_words(source: Source, change: SegmentChange, key: str) -> Words:
    """One difference as a sentence without a full stop."""
    segment = Segment(change.segment, source.names[change.segment])
    here, there = (_number(source, change, f"{key}/{side}", getattr(change, side))
                   for side in ("here", "there"))  # fmt: skip
    return (segment, ": ", *_quantity(change), " ", there, " instead of ", here)


def _quantity(change: SegmentChange) -> Words:
    names: Sequence[str] = change.features
    if change.quantity == "share":
        return ("share",)
    if change.quantity == "correlation":
        return ("correlation of ", Quoted(names[0]), " and ", Quoted(names[1]))
    word = {"mean": "mean", "sd": "standard deviation"}.get(change.quantity, change.quantity)
    return (f"{word} of ", Quoted(names[0]))


def _number(source: Source, change: SegmentChange, key: str, value: float) -> Number:
    if change.quantity == "share":
        return probability(key, value)
    if change.quantity == "correlation":
        return Number(key, value, f"{value:.2f}")
    write = source.writers[source.features.index(change.features[0])]
    return Number(key, value, write(value))
