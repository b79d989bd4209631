"""Selection of the draws of one segmentation (mode), and its differences from the others.

Averages over draws from several modes mix segmentations, and the interval of a segment that has
different locations in them spans the gap between these. The draws of one mode are draws of the
posterior given that mode. Those draws of a chain that are in the mode, in their order, are again a
Markov chain, whose stationary distribution is the posterior restricted to the mode (the watched
chain: Kemeny, Snell & Knapp 1976). Therefore R-hat and effective sample sizes are valid for them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from bayes_gmm.data.rows import Integers
from bayes_gmm.errors import DataError, shown
from bayes_gmm.inference.sampling.draws import Draws, longest_length
from bayes_gmm.inference.sampling.relabel import Relabelling, relabel
from bayes_gmm.model.mixture import Mixture
from bayes_gmm.results.posterior.segment_changes import SegmentMeans, changes
from bayes_gmm.results.posterior.segmentation import (
    OtherSegmentation,
    Segmentation,
    relevant_modes,
)
from bayes_gmm.text import in_words

if TYPE_CHECKING:
    from bayes_gmm.results.fit.map_fit import MapFit
    from bayes_gmm.results.posterior.draws import PosteriorDraws


@dataclass(frozen=True)
class SegmentationSettings:
    """Threshold for reporting one segmentation.

    Attributes
    ----------
    main_mass : float
        Minimum mass of a segmentation that is reported by default instead of averages over all.
    """

    main_mass: float = 0.8


SETTINGS = SegmentationSettings()


def masses(posterior: PosteriorDraws) -> dict[int, float]:
    """Mass of each mode that holds 1 % or more, in decreasing order.

    These are the fractions of the draws or, for modes without draws, the estimates of the fit.
    """
    if posterior.segmentation is not None:
        alone = posterior.segmentation
        return {alone.mode: alone.mass, **{other.mode: other.mass for other in alone.others}}
    missed = posterior.modes_missed
    seen = 1.0 - sum(missed.values())
    found = {m: seen * share for m, share in posterior.mode_fractions.items()} | missed
    return dict(sorted(relevant_modes(found).items(), key=lambda item: -item[1]))


def _mass(posterior: PosteriorDraws, mode: int) -> float:
    """Mass of a visited mode, reduced by the estimated masses of modes without draws.

    Draws by Laplace's approximation are taken from all modes by their masses.
    """
    share = posterior.mode_fractions.get(mode, 0.0)
    mass = masses(posterior).get(mode, share)
    if posterior.draws.method == "laplace" or posterior.modes_missed:
        return mass
    unvisited = (
        each.probability
        for m, each in enumerate(posterior.fit.modes)
        if each.probability > 0.0 and m not in posterior.mode_fractions
    )
    return mass * (1.0 - sum(unvisited))


def main_segmentation(
    posterior: PosteriorDraws, settings: SegmentationSettings = SETTINGS
) -> int | None:
    """The mode to report: one of several that holds 80 % or more; else None."""
    found = masses(posterior)
    if posterior.segmentation is not None or len(found) < 2:
        return None
    mode, mass = next(iter(found.items()))
    return mode if mass >= settings.main_mass and mode in posterior.mode_fractions else None


def heaviest(posterior: PosteriorDraws) -> int:
    """The mode with the most draws."""
    visited = posterior.mode_fractions
    return max(visited, key=lambda m: visited[m])


def of_mode[P: PosteriorDraws](posterior: P, i: Any) -> P:
    """See `Posterior.of_mode`."""
    mode = _mode_number(posterior, i)
    if posterior.segmentation is not None:
        return posterior
    draws, order = _draws_of(posterior, mode)
    fit = posterior.fit
    references = [reference_of(each.mixture, fit) for each in fit.modes]
    _, done = relabel(draws, references, posterior.fit.rho2)
    alone = Segmentation(mode, _mass(posterior, mode))
    about = {"mode": mode, "mode_mass": alone.mass}
    found = replace(
        posterior,
        draws=draws,
        labels=Relabelling(done.order if order is None else order, done.confusion),
        provenance={**posterior.provenance, **about},
        segmentation=alone,
        prior_influence=posterior.prior_influence if mode == 0 else None,
    )
    return replace(found, segmentation=replace(alone, others=_others(posterior, mode)))


def reference_of(mixture: Mixture, fit: MapFit) -> Mixture:
    """A mixture of the fit in standardised units, as the reference of relabelling."""
    units = fit.standardizer
    return Mixture(
        mixture.weights,
        units.standard_means(mixture.means),
        units.standard_covariances(mixture.covariances),
        mixture.resolution / units.scale,
    )


def _mode_number(posterior: PosteriorDraws, i: Any) -> int:
    n = len(posterior.fit.modes)
    if isinstance(i, bool) or not isinstance(i, int | np.integer) or not 0 <= i < n:
        raise DataError(f"i must be the position of a mode, from 0 to {n - 1}, got {shown(i)}")
    visited = np.unique(posterior.draws.as_sampled.mode).tolist()
    if int(i) in visited:
        return int(i)
    drawn = in_words([str(m) for m in visited], "and")
    if posterior.segmentation is not None:
        raise DataError(f"these draws are only from mode {drawn}; select mode {i} from all draws")
    raise DataError(f"no draws from mode {i}; the draws are from modes {drawn}, counted from 0")


def _draws_of(posterior: PosteriorDraws, mode: int) -> tuple[Draws, Integers | None]:
    """The draws of one mode as chains of equal length, and their relabelling, if known."""
    whole = posterior.draws.as_sampled
    members = whole.mode == mode
    take = _even_parts(members) if whole.method == "laplace" else _watched(members)
    draws = replace(
        whole,
        theta=take(whole.theta),
        mode=take(whole.mode),
        stats={name: take(values) for name, values in whole.stats.items()},
    )
    return draws, take(posterior.labels.order) if posterior.draws.origin is None else None


class _Taking:
    """Positions (chain, draw) of the draws to take."""

    def __init__(self, chain: Integers, draw: Integers) -> None:
        self.chain, self.draw = chain, draw

    def __call__(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return values[self.chain, self.draw]


def _watched(members: npt.NDArray[np.bool_]) -> _Taking:
    """The draws of the mode in each chain, truncated to a common length that keeps most draws.

    Shorter chains are dropped. If only one of several chains remains, its halves are used as two
    chains.
    """
    counts = members.sum(axis=1)
    n = longest_length(counts)
    kept = np.flatnonzero(counts >= n)
    draw = np.stack([np.flatnonzero(members[c])[:n] for c in kept])
    chain = np.broadcast_to(kept[:, None], draw.shape)
    if len(kept) == 1 < len(members) and n > 1:
        draw, chain = (x[:, : n // 2 * 2].reshape(2, n // 2) for x in (draw, chain))
    return _Taking(chain, draw)


def _even_parts(members: npt.NDArray[np.bool_]) -> _Taking:
    """Independent draws, divided into as many parts as there were chains."""
    chain, draw = np.nonzero(members)
    n = max(len(chain) // len(members), 1)
    parts = min(len(members), len(chain))
    return _Taking(*(x[: parts * n].reshape(parts, n) for x in (chain, draw)))


def _others(posterior: PosteriorDraws, mode: int) -> tuple[OtherSegmentation, ...]:
    here, transforms = _means_of_mode(posterior, mode), posterior.mixture.transforms
    features = posterior.features
    return tuple(
        OtherSegmentation(
            m, mass, changes(here, _means_of_mode(posterior, m), features, transforms)
        )
        for m, mass in masses(posterior).items()
        if m != mode
    )


def _means_of_mode(posterior: PosteriorDraws, mode: int) -> SegmentMeans:
    """Averages over the draws of one mode; the values at its optimum if it has no draws."""
    members = posterior.draws.as_sampled.mode == mode
    if members.any():
        return SegmentMeans.of_draws(posterior.parameters_as_sampled, members)
    return SegmentMeans.of_mixture(posterior.fit.modes[mode].mixture)
