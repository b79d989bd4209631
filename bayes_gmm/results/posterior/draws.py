"""The record that all functions of a posterior take: draws, their labels, and the fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self, TypeVar

import numpy as np

from bayes_gmm.data.rows import Floats
from bayes_gmm.data.snapshot import KeptMatrix
from bayes_gmm.inference.sampling.draws import Draws
from bayes_gmm.inference.sampling.initial_points import WORTH_A_CHAIN
from bayes_gmm.inference.sampling.relabel import Relabelling
from bayes_gmm.model.mixture import Mixture
from bayes_gmm.results.fit.map_fit import MapFit
from bayes_gmm.results.fit.prior_influence import PriorInfluence
from bayes_gmm.results.posterior.parameters import SegmentDraws
from bayes_gmm.results.posterior.segmentation import Segmentation

MOST_MISSED = 0.05
"""Mass of modes that draws may leave out without a warning."""

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class PosteriorDraws:
    """Draws of a mixture's posterior, all numbered like the MAP.

    Attributes
    ----------
    fit : MapFit
        The modes, numbered as the draws are.
    draws : Draws
        In unconstrained coordinates, renumbered.
    labels : Relabelling
        How the draws were renumbered, and how sure that is.
    names : tuple of str
        Of the segments: "Segment 1", ..., or as `rename` has it.
    provenance : mapping
        Versions, seed, sampler, prior and a fingerprint of the data.
    table : KeptMatrix or None
        The rows, where they are at hand; a file does not keep them. They are not copied: once
        they have been written to they are refused.
    row_weights : ndarray, shape (n_rows,), or None
        Of the table's rows in the fit; None where all are 1, or there is no table.
    segmentation : Segmentation or None
        The one mode that the draws are of, its mass, and how others differ: after `of_mode`.
    prior_influence : PriorInfluence or None
        How far the prior moves scales and correlations of each segment, in posterior standard
        deviations; None for draws of a lighter mode alone.
    """

    fit: MapFit
    draws: Draws
    labels: Relabelling
    names: tuple[str, ...]
    provenance: Mapping[str, str | int | float]
    table: KeptMatrix | None = None
    row_weights: Floats | None = None
    segmentation: Segmentation | None = None
    prior_influence: PriorInfluence | None = None
    _computed: dict[Any, Any] = field(default_factory=dict, init=False, repr=False)

    def computed(self, function: Callable[[Self], T]) -> T:
        """The value of a function of this record, computed once."""
        if function not in self._computed:
            self._computed[function] = function(self)
        return self._computed[function]

    @property
    def mixture(self) -> Mixture:
        """The optimum of the heaviest mode, or of that of `of_mode`, numbered as the draws are."""
        alone = self.segmentation
        return self.fit.mixture if alone is None else self.fit.modes[alone.mode].mixture

    @cached_property
    def mean_mixture(self) -> Mixture:
        """Posterior means of shares, means, standard deviations and correlations, as a density.

        The numbers that `segments` reports, as pictures draw them. Of draws of several modes it is
        an average over segmentations, which may look like none of them.
        """
        return self.parameters.average(self.mixture.resolution, self.features)

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the features."""
        return self.fit.features

    @property
    def n_components(self) -> int:
        """Number of segments K."""
        return len(self.names)

    @cached_property
    def parameters(self) -> SegmentDraws:
        """Draws of weights, means, scales and correlations, in the user's units."""
        return SegmentDraws.of(self.draws.layout, self.draws.theta, self.fit.standardizer)

    @cached_property
    def parameters_as_sampled(self) -> SegmentDraws:
        """The same of the chains as they were sampled, which `draws` may be a resample of."""
        if self.draws.origin is None:
            return self.parameters
        origin = self.draws.origin
        return SegmentDraws.of(origin.layout, origin.theta, self.fit.standardizer)

    @cached_property
    def empty(self) -> tuple[bool, ...]:
        """Which segments have less than one row's share in most draws, as sparse priors allow."""
        share = np.median(self.parameters.weights, axis=(0, 1))
        return tuple((share * self.fit.total_weight < 1.0).tolist())

    @property
    def mode_fractions(self) -> dict[int, float]:
        """Share of the draws that belong to each mode of the fit that they visit at all."""
        modes, counts = np.unique(self.draws.mode, return_counts=True)
        return {int(m): float(n / counts.sum()) for m, n in zip(modes, counts, strict=True)}

    @property
    def modes_missed(self) -> dict[int, float]:
        """Mass of each mode of the fit that no draw is of, where all of these have 5 % or more.

        None of the draws of `of_mode`, which leave the others out.
        """
        if self.segmentation is not None:
            return {}
        masses = {
            m: mode.probability
            for m, mode in enumerate(self.fit.modes)
            if mode.probability >= WORTH_A_CHAIN and m not in self.mode_fractions
        }
        counted = self.draws.method != "laplace" and sum(masses.values()) >= MOST_MISSED
        return masses if counted else {}
