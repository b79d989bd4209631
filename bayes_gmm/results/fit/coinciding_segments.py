"""Segments of a fit that have the same location and shape.

Two segments coincide if their Bhattacharyya coefficient, the integral of the root of the product of
their densities, is nearly 1. It does not depend on their weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse.csgraph import connected_components

from bayes_gmm.diagnostics.diagnostic import Diagnostic
from bayes_gmm.results.fit.small_segments import are_left_empty
from bayes_gmm.results.shape.pieces import bhattacharyya_distances

if TYPE_CHECKING:
    from bayes_gmm.results.fit.map_fit import MapFit


@dataclass(frozen=True)
class CoincidingSettings:
    """When two segments coincide."""

    min_coefficient: float = 0.95
    """Minimum Bhattacharyya coefficient. Equal Gaussians exceed it if their means are less than
    0.64 standard deviations apart; univariate Gaussians of equal mean exceed it if the ratio of
    their standard deviations is below 1.38. Distinct segments of an overfitted table reach .92
    (measured)."""


def coinciding_segments(
    fit: MapFit, settings: CoincidingSettings = CoincidingSettings()
) -> list[Diagnostic]:
    """One diagnostic if segments of a fit have the same location and shape as others, else none.

    With a concentration below 1, empty segments are expected and are not compared.

    Examples
    --------
    >>> import warnings
    >>> import bayes_gmm as bg
    >>> X = np.random.default_rng(0).normal(size=(40, 2))
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     fit = bg.BayesGMM(12, random_state=0).fit(X).map_fit_
    >>> coinciding_segments(fit)[0].values["n_distinct"] < 12
    True
    """
    held = np.flatnonzero(~are_left_empty(fit))
    coefficients = np.exp(-bhattacharyya_distances(fit.mixture)[np.ix_(held, held)])
    near = coefficients >= settings.min_coefficient
    number = connected_components(near, directed=False)[1]
    labels = fit.names
    members = [held[number == g] for g in np.unique(number)]
    groups = [[labels[k] for k in group] for group in members if len(group) > 1]
    if not groups:
        return []
    values = {
        "groups": groups, "coefficient": float(coefficients[near].min()),
        "n_components": len(labels),
        "n_distinct": len(labels) - sum(len(group) - 1 for group in groups),
    }  # fmt: skip
    return [Diagnostic("coinciding_segments", tuple(chain.from_iterable(groups)), values)]
