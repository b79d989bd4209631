"""Diagnostics of a fit about its optimisation and its segments."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from bayes_gmm.diagnostics.diagnostic import Diagnostic
from bayes_gmm.results.fit.coinciding_segments import coinciding_segments
from bayes_gmm.results.fit.map_fit import MapFit, unfinished
from bayes_gmm.results.fit.narrow_segments import narrow_segments
from bayes_gmm.results.fit.small_segments import small_segments

OF_SEGMENTS = {
    "small_segments": small_segments,
    "coinciding_segments": coinciding_segments,
    "narrow_segments": narrow_segments,
}
"""Functions that find diagnostics with names of segments, by code."""


def doubts(fit: MapFit) -> list[Diagnostic]:
    """Diagnostics of the optimisation, and of small, coinciding and narrow segments."""
    return [*unfinished(fit), *chain.from_iterable(of(fit) for of in OF_SEGMENTS.values())]


def with_names_of(fit: MapFit, found: Sequence[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Diagnostics of a fit with the names that its segments have now."""
    now = (OF_SEGMENTS[each.code](fit) if each.code in OF_SEGMENTS else [each] for each in found)
    return tuple(dict.fromkeys(chain.from_iterable(now)))
