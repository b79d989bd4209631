r"""Convergence diagnostics, computed from the draws as sampled.

If chains stay in separate modes, the tree holds draws that were resampled in proportion to the
masses of the modes. They are not a Markov chain: their R-hat would be 1, and their effective sample
size that of independent draws. Diagnostics are therefore computed from the original chains. The
resampled draws estimate a mean by :math:`\sum_g M_g \bar x_g`, with g the regions that chains do
not leave, M_g their masses, and :math:`\bar x_g` the mean of the chains in region g, which have an
effective sample size of n_g. The variance of this estimate is that of

.. math:: n = 1 / \sum_g (M_g^2 / n_g)

independent draws, if the variance is the same in each region (Kish 1965, section 11.7, on weighted
samples). By Cauchy's inequality n never exceeds the sum of all n_g. Modes between which chains move
freely form one region; with a single region n is that of ArviZ.

The summary, the command line and the warnings all report this effective sample size n. R-hat is
computed within each region, because chains in different regions never agree.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import fdtri

from bayes_gmm.data.rows import Floats
from bayes_gmm.inference.sampling.draws import Draws, longest_length
from bayes_gmm.inference.sampling.mode_assignment import visits_of
from bayes_gmm.results.thresholds import THRESHOLDS

Booleans = npt.NDArray[np.bool_]


class Region(NamedTuple):
    """A region in which chains move freely."""

    members: Booleans
    """Whether each draw is in the region, shape (chain, draw)."""
    mass: float
    """Fraction of the draws of the tree in the region."""


class Chains:
    """Chains as they were sampled, and the mass of each region in the posterior.

    Parameters
    ----------
    values : ndarray, shape (p, chain, draw)
        Values of p quantities in the chains as sampled.
    draws : Draws
        Draws of the tree; `values` belong to the chains that they were resampled from, if any.
    step : int
        Thinning interval of `values`.
    """

    def __init__(self, values: Floats, draws: Draws, step: int = 1) -> None:
        self.values, self.draws, self.step = values, draws, step

    @cached_property
    def regions(self) -> list[Region]:
        """Regions that chains do not leave, ordered by their first mode."""
        sampled, kept = self.draws.as_sampled.mode, self.draws.mode
        group = visits_of(sampled, int(max(sampled.max(), kept.max())) + 1).group
        return [
            Region(group[sampled[:, :: self.step]] == g, float(np.mean(group[kept] == g)))
            for g in np.unique(group[sampled])
        ]

    def ess(self, values: Floats | None = None, **method: Any) -> Floats:
        """Effective sample sizes of the draws of the tree, shape (p,); `method` as in ArviZ."""
        from arviz_stats.base.array import array_stats

        values = self.values if values is None else values
        if len(self.regions) == 1:
            return np.asarray(array_stats.ess(values, **method))
        inverse = np.zeros(len(values))
        for region in self.regions:
            part = _part(values, region.members)
            inverse += region.mass**2 / np.fmax(array_stats.ess(part, **method), 1.0)
        return 1.0 / inverse

    def r_hat(self) -> Floats:
        """R-hat of all chains, whatever modes they are in; NaN for one chain."""
        from arviz_stats.base.array import array_stats

        if self.values.shape[1] == 1:
            return np.full(len(self.values), np.nan)
        return np.asarray(array_stats.rhat(self.values))

    def r_hat_within_modes(self) -> Floats:
        """The largest R-hat within a region that holds 5 % of the mass or more, shape (p,).

        Modes between which chains move freely form one region. NaN if no region has enough draws.
        """
        from arviz_stats.base.array import array_stats

        worst = np.full(len(self.values), np.nan)
        for part in self.of_regions():
            worst = np.fmax(worst, array_stats.rhat(part))
        return worst

    def of_regions(self) -> Iterator[Floats]:
        """Draws of each region with enough mass and draws, as two or more chains of equal length.

        Chains are truncated or dropped so that most draws remain. If only one chain visits a
        region, its halves are used as two chains.
        """
        of_chain = THRESHOLDS.min_region_part * self.values.shape[2]
        least = max(THRESHOLDS.min_region_draws, of_chain)
        for region in self.regions:
            part = _part(self.values, region.members)
            n = part.shape[2]
            if n < least or region.mass < THRESHOLDS.min_region_mass:
                continue
            yield part if part.shape[1] > 1 else halves(part)

    @property
    def least_effective(self) -> float:
        """Effective sample size that intervals need (see the function `least_effective`)."""
        return least_effective(self.draws.as_sampled.n_chains, self.draws.as_sampled.n_draws)


def least_effective(n_chains: int, n_draws: int) -> float:
    """Required effective sample size: 100 per chain, or a twentieth of shorter chains' draws.

    Examples
    --------
    >>> least_effective(4, 1000), least_effective(2, 100)
    (400, 10.0)
    """
    is_long = n_draws >= THRESHOLDS.long_chain
    of_chain = THRESHOLDS.ess_per_chain if is_long else THRESHOLDS.short_chain_ess * n_draws
    return n_chains * of_chain


class Doubt(NamedTuple):
    """A quantity whose chains have not mixed."""

    quantity: int
    value: float


class Doubts(NamedTuple):
    """The worst quantity by each criterion; None if all satisfy it."""

    r_hat: Doubt | None
    ess: Doubt | None
    """By effective sample size (see `Chains.ess`)."""


def doubts(chains: Chains) -> Doubts:
    r"""Evidence that chains have not mixed.

    One criterion is R-hat in a region. Its bound is 1.01 (Vehtari et al. 2021), or higher if well
    mixed chains may exceed 1.01 by chance: with M half chains of n effective draws each, :math:`n
    (\hat R^2 - 1)` has approximately an F distribution with M - 1 and M (n - 1) degrees of freedom.
    The bound is then the value that any of all quantities, in location or in spread, exceeds in one
    of a thousand runs. It stays 1.01 in regions with an effective sample size below
    `least_effective`, for which the bound by chance would be too high to detect anything. The other
    criterion is the bulk effective sample size of all regions together, which must be at least
    `least_effective`.
    """
    least = chains.least_effective
    few = []
    for i in np.flatnonzero(_effective_at_a_glance(chains) < 2.0 * least):
        ess = float(chains.ess(chains.values[i : i + 1], method="bulk")[0])
        if ess < least:
            few.append(Doubt(int(i), ess))
    r_hats = []
    for part in chains.of_regions():
        for i in np.flatnonzero(_apart(part)):
            r_hat, bound = _r_hat_and_bound(part[i], len(part))
            if r_hat > bound:
                r_hats.append(Doubt(int(i), r_hat))
    return Doubts(
        max(r_hats, key=lambda doubt: doubt.value, default=None),
        min(few, key=lambda doubt: doubt.value, default=None),
    )


def _effective_at_a_glance(chains: Chains) -> Floats:
    """Fast approximation of `Chains.ess` without ranks and autocorrelations, shape (p,).

    It is based on the variance of batch means (Flegal & Jones 2010), which also increases if chains
    disagree. NaN for constant quantities. If chains are too short for batches, the value is below
    any bound, so that `Chains.ess` is computed.
    """
    inverse = np.zeros(len(chains.values))
    for region in chains.regions:
        part = _part(chains.values, region.members)
        inverse += region.mass**2 / np.fmax(_worth_of_batches(part), 1.0)
    constant = np.ptp(chains.values, axis=(1, 2)) == 0.0
    return np.where(constant, np.nan, 1.0 / inverse)


def _worth_of_batches(part: Floats) -> Floats:
    """Effective sample size of the draws of one region, shape (p,); 0 if unknown."""
    n_batches = min(THRESHOLDS.max_batches, part.shape[2] // THRESHOLDS.min_batch_draws)
    if n_batches < THRESHOLDS.min_batches:
        return np.zeros(len(part))
    size = part.shape[2] // n_batches
    batches = part[:, :, : size * n_batches].reshape(len(part), -1, size).mean(axis=2)
    with np.errstate(divide="ignore", invalid="ignore"):
        worth = part.var(axis=(1, 2)) / (size * batches.var(axis=1, ddof=1))
    return np.asarray(np.nan_to_num(worth, nan=0.0, posinf=1.0) * part[0].size)


def _apart(part: Floats) -> Booleans:
    """Whether each quantity's R-hat without ranks, of draws or their spread, is above the bound."""
    folded = np.abs(part - np.median(part, axis=(1, 2), keepdims=True))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = [
            x.mean(axis=2).var(axis=1, ddof=1) / x.var(axis=2).mean(axis=1)
            for x in (halves(part), halves(folded))
        ]
        return np.asarray(np.max(ratios, axis=0) > THRESHOLDS.max_r_hat**2 - 1.0)


def _r_hat_and_bound(draws: Floats, n_quantities: int) -> tuple[float, float]:
    """R-hat of one quantity, and the R-hat that well mixed chains exceed once in a thousand runs.

    The bound depends on the sum of the effective sample sizes of the single chains, because chains
    that disagree have a small effective sample size together. R-hat is the larger of those of the
    draws and of their distances from the median.
    """
    from arviz_stats.base.array import array_stats

    folded = np.abs(draws - np.median(draws))
    ess = min(
        float(np.sum(array_stats.ess(values[:, None, :], method="bulk")))
        for values in (draws, folded)
    )
    bound = THRESHOLDS.max_r_hat
    if float(array_stats.ess(draws, method="bulk")) >= least_effective(*draws.shape):
        n_halves = 2 * len(draws)
        by_chance = THRESHOLDS.false_alarm / (2 * n_quantities)
        ratio = fdtri(n_halves - 1, max(ess - n_halves, 1.0), 1.0 - by_chance)
        bound = max(THRESHOLDS.max_r_hat, math.sqrt(1.0 + n_halves * ratio / ess))
    with np.errstate(divide="ignore", invalid="ignore"):  # for chains that do not move
        return float(array_stats.rhat(draws)), bound


def _part(values: Floats, members: Booleans) -> Floats:
    """The selected draws, with chains truncated to equal length, shape (p, chain, draw)."""
    counts = members.sum(axis=1)
    n = longest_length(counts)
    return np.stack([values[:, c, members[c]][:, :n] for c in np.flatnonzero(counts >= n)], axis=1)


def halves(chains: Floats) -> Floats:
    """Halves of all chains as separate chains, shape (p, 2 chains, draws / 2)."""
    p, c, n = chains.shape
    return chains[:, :, : n // 2 * 2].reshape(p, 2 * c, n // 2)
