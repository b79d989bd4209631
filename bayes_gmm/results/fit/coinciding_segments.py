"""Segments of a fit that have the same location and shape.

Two segments coincide if their Bhattacharyya coefficient, the integral of the root of the product of
their densities, is nearly 1. It does not depend on their weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse.csgraph import connected_components

from bayes_gmm.data.findings.finding_text import figure
from bayes_gmm.errors import listed
from bayes_gmm.model.mixture import segment_labels
from bayes_gmm.results.fit.small_segments import are_left_empty
from bayes_gmm.results.shape.pieces import bhattacharyya_distances

if TYPE_CHECKING:
    from bayes_gmm.results.fit.map_fit import MapFit


@dataclass(frozen=True)
class CoincidingSettings:
    """When two segments coincide."""

    min_coefficient: float = 0.95
    """Bhattacharyya coefficient from which on they do: equal Gaussians whose means are less than
    0.64 standard deviations apart, or equal means and, in one dimension, a ratio of the standard
    deviations below 1.38. Distinct segments of an overfitted table reach .92 (measured)."""


@dataclass(frozen=True)
class CoincidingSegments:
    """Groups of coinciding segments of a fit.

    Attributes
    ----------
    groups : tuple of tuple of str
        Names of the segments that coincide, for each place where several do.
    coefficient : float
        Least Bhattacharyya coefficient of a pair that counts.
    n_components : int
        Segments of the fit.
    """

    groups: tuple[tuple[str, ...], ...]
    coefficient: float
    n_components: int

    @property
    def n_distinct(self) -> int:
        """Segments that differ in location or shape."""
        return self.n_components - sum(len(group) - 1 for group in self.groups)

    def __str__(self) -> str:
        """Warning text.

        Examples
        --------
        >>> print(CoincidingSegments((("Segment 2", "Segment 4"),), 0.991, 4))
        2 of 4 segments coincide (Segment 2, Segment 4): they have the same location and shape \
(Bhattacharyya coefficient at least 0.99), so only 3 segments are distinct; use fewer segments
        """
        n = sum(map(len, self.groups))
        named = "; ".join(listed(group, most=5) for group in self.groups[:3])
        more = len(self.groups) - 3
        also = f"; and {more} more group{'s' * (more > 1)}" if more > 0 else ""
        are = "segment is" if self.n_distinct == 1 else "segments are"
        return (
            f"{n} of {self.n_components} segments coincide ({named}{also}): they have the same "
            f"location and shape (Bhattacharyya coefficient at least "
            f"{figure(self.coefficient, 2)}), so only {self.n_distinct} {are} distinct; "
            "use fewer segments"
        )

    def json(self) -> dict[str, Any]:
        """The record as JSON can hold it."""
        return {
            "groups": [list(group) for group in self.groups],
            "coefficient": self.coefficient,
            "n_distinct": self.n_distinct,
        }


def coinciding_segments(
    fit: MapFit, settings: CoincidingSettings = CoincidingSettings()
) -> CoincidingSegments | None:
    """The segments of a fit that have the same location and shape as others, or None.

    A concentration below 1 asks for segments without rows, which are not compared then.

    Examples
    --------
    >>> import warnings
    >>> import bayes_gmm as bg
    >>> X = np.random.default_rng(0).normal(size=(40, 2))
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     fit = bg.BayesGMM(12, random_state=0).fit(X).map_fit_
    >>> coinciding_segments(fit).n_distinct < 12
    True
    """
    held = np.flatnonzero(~are_left_empty(fit))
    coefficients = np.exp(-bhattacharyya_distances(fit.mixture)[np.ix_(held, held)])
    near = coefficients >= settings.min_coefficient
    number = connected_components(near, directed=False)[1]
    labels = segment_labels(fit.mixture.n_components)
    members = [held[number == g] for g in np.unique(number)]
    groups = tuple(tuple(labels[k] for k in group) for group in members if len(group) > 1)
    if not groups:
        return None
    return CoincidingSegments(groups, float(coefficients[near].min()), len(labels))
