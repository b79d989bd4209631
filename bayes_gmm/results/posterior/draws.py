"""`PosteriorDraws`: draws, their labels, and the fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

import numpy as np

from bayes_gmm.data.rows import Floats
from bayes_gmm.data.snapshot import KeptMatrix
from bayes_gmm.inference.sampling.draws import Draws
from bayes_gmm.inference.sampling.relabel import Relabelling
from bayes_gmm.inference.sampling.settings import SamplerSettings
from bayes_gmm.model.mixture import Mixture
from bayes_gmm.model.parameters import Layout
from bayes_gmm.results.fit.map_fit import MapFit
from bayes_gmm.results.fit.prior_influence import PriorInfluence
from bayes_gmm.results.posterior.parameters import SegmentDraws
from bayes_gmm.results.posterior.segmentation import Segmentation
from bayes_gmm.results.thresholds import THRESHOLDS


@dataclass(frozen=True, eq=False)
class PosteriorDraws:
    """Posterior draws of a mixture, with segments numbered like those of the MAP.

    Attributes
    ----------
    fit : MapFit
        The fit, with modes numbered like the draws.
    draws : Draws
        Relabelled draws in unconstrained coordinates.
    labels : Relabelling
        Relabelling of the draws, and its uncertainty.
    names : tuple of str
        Names of the segments: "Segment 1", ..., or those set by `rename`.
    provenance : mapping
        Versions, seed, sampler, prior and a fingerprint of the data.
    table : KeptMatrix or None
        The rows, if available; files do not contain them. They are not copied; methods that need
        them raise an error if they were modified.
    row_weights : ndarray, shape (n_rows,), or None
        Row weights of the fit; None if all are 1 or there is no table.
    segmentation : Segmentation or None
        After `of_mode`: the mode of the draws, its mass, and the differences from other modes.
    prior_influence : PriorInfluence or None
        Influence of the prior on scales and correlations of each segment, in posterior standard
        deviations; None for draws from only a mode other than the first.
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

    def computed[T](self, function: Callable[[Self], T]) -> T:
        """The value of a function of this record, computed once."""
        if function not in self._computed:
            self._computed[function] = function(self)
        return self._computed[function]

    @property
    def mixture(self) -> Mixture:
        """Optimum of the mode with the most mass, or that of `of_mode`, numbered like the draws."""
        alone = self.segmentation
        return self.fit.mixture if alone is None else self.fit.modes[alone.mode].mixture

    @cached_property
    def mean_mixture(self) -> Mixture:
        """Posterior means of shares, means, standard deviations and correlations, as a mixture.

        These are the values that `segments` reports and that plots show. For draws from several
        modes they are averages over segmentations, and may resemble none of them.
        """
        return self.parameters.average(
            self.mixture.resolution, self.features, self.mixture.transforms
        )

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
        return self._parameters_of(self.draws.layout, self.draws.theta)

    @cached_property
    def parameters_as_sampled(self) -> SegmentDraws:
        """Parameters in the draws of the chains as sampled, before any resampling."""
        if self.draws.origin is None:
            return self.parameters
        origin = self.draws.origin
        return self._parameters_of(origin.layout, origin.theta)

    def _parameters_of(self, layout: Layout, theta: Floats) -> SegmentDraws:
        return SegmentDraws.of(layout, theta, self.fit.standardizer, self.fit.beyond_rounding)

    @cached_property
    def empty(self) -> tuple[bool, ...]:
        """Segments with less than one expected row in most draws, as under sparse priors."""
        share = np.median(self.parameters.weights, axis=(0, 1))
        return tuple((share * self.fit.total_weight < 1.0).tolist())

    @property
    def mode_fractions(self) -> dict[int, float]:
        """Fraction of the draws in each visited mode of the fit."""
        modes, counts = np.unique(self.draws.mode, return_counts=True)
        return {int(m): float(n / counts.sum()) for m, n in zip(modes, counts, strict=True)}

    @property
    def modes_missed(self) -> dict[int, float]:
        """Mass of each mode of the fit without draws, if these modes have 5 % or more in total.

        Empty after `of_mode`.
        """
        if self.segmentation is not None:
            return {}
        masses = {
            m: mode.probability
            for m, mode in enumerate(self.fit.modes)
            if mode.probability >= SamplerSettings.relevant_mass and m not in self.mode_fractions
        }
        is_chain, missed = self.draws.method != "laplace", sum(masses.values())
        return masses if is_chain and missed >= THRESHOLDS.max_missed_mass else {}
