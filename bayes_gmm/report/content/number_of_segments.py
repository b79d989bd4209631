"""The number of segments, if several numbers were compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bayes_gmm.report.source import Source
from bayes_gmm.report.words import Estimate, Number, probability
from bayes_gmm.results.comparison.comparison import Comparison
from bayes_gmm.results.comparison.phrases import NAMES
from bayes_gmm.text import first_upper


@dataclass(frozen=True)
class Tried:
    """A number of segments with its probability and the values of the criteria.

    Attributes
    ----------
    n_components : int
    structure : str
        Empty if only one structure was compared.
    probability : Estimate or None
    values : tuple of Number or None
        By criterion; None if unknown.
    note : str
    is_reported : bool
        Whether the report describes this number.
    """

    n_components: int
    structure: str
    probability: Estimate | None
    values: tuple[Number | None, ...]
    note: str
    is_reported: bool


@dataclass(frozen=True)
class NumberOfSegments:
    """Result of a comparison of numbers of segments.

    Attributes
    ----------
    headline : str
    recommendation : str
    number : int or None
        The recommended number.
    differs : bool
        Whether the report describes another number.
    criteria : tuple of str
        Names of the criteria.
    verdicts : tuple of str
    tried : tuple of Tried
    by_number : tuple of (int, Estimate)
        P(K), for the numbers with a known probability.
    """

    headline: str
    recommendation: str
    number: int | None
    differs: bool
    criteria: tuple[str, ...]
    verdicts: tuple[str, ...]
    tried: tuple[Tried, ...]
    by_number: tuple[tuple[int, Estimate], ...]


def number_of_segments(source: Source, found: Comparison) -> NumberOfSegments:
    """The result of a comparison."""
    recommended = found.recommendation_in(source.options)
    verdicts = found.verdicts_in(source.options)
    criteria = [(c, found.column_of(c)) for c in found.criteria]
    return NumberOfSegments(
        f"{first_upper(found.headline)}.",
        str(recommended),
        recommended.n_components,
        recommended.n_components not in (None, source.n_components),
        tuple(NAMES[c] for c, _ in criteria),
        tuple(str(v) for v in verdicts.values()),
        tuple(_tried(source, found, [column for _, column in criteria])),
        tuple(_by_number(found)),
    )


def _tried(source: Source, comparison: Comparison, columns: list[str]) -> Iterator[Tried]:
    several = len(comparison.structures) > 1
    table = comparison.table
    for i, candidate in enumerate(comparison.candidates):
        K, structure = candidate.n_components, candidate.structure
        key = f"compared/{K}/{structure}"
        values = [float(table[column].iloc[i]) for column in columns]
        p = None
        if comparison.has_evidence and np.isfinite(table["probability"].iloc[i]):
            bounds = table[["probability_lower", "probability_upper"]].iloc[i].tolist()
            p = _probability(f"{key}/probability", float(table["probability"].iloc[i]), *bounds)
        yield Tried(
            K, structure if several else "", p,
            tuple(
                Number(f"{key}/{column}", x, f"{x:,.1f}") if np.isfinite(x) else None
                for column, x in zip(columns, values, strict=True)
            ),
            candidate.note_in(source.options), source.n_components == K,
        )  # fmt: skip


def _by_number(comparison: Comparison) -> Iterator[tuple[int, Estimate]]:
    if not comparison.has_evidence:
        return
    bounds = comparison.probability_intervals
    for K, p in comparison.probabilities.items():
        if np.isfinite(p):
            low, high = bounds.loc[K, ["lower", "upper"]]
            yield int(K), _probability(f"P(K)/{K}", float(p), float(low), float(high))


def _probability(key: str, value: float, lower: float, upper: float) -> Estimate:
    middle = probability(key, value)
    if not np.isfinite([lower, upper]).all():
        return Estimate(middle)
    return Estimate(middle, probability(f"{key}/lower", lower), probability(f"{key}/upper", upper))
