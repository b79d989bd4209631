r"""How well chains have mixed, told from the draws as they were sampled.

Where chains stay in modes that never meet, the tree holds a resample of them by the modes' masses,
whose order is no chain's: its R-hat would be 1 and its effective size that of independent draws.
So R-hat and effective sizes are of the chains themselves. The resample estimates a mean by
:math:`\sum_g M_g \bar x_g`, g counting the regions that chains do not leave, M_g their masses and
:math:`\bar x_g` the mean of the chains there, worth n_g independent draws. Its variance is that of

.. math:: n = 1 / \sum_g (M_g^2 / n_g)

independent draws, if draws vary as much in each region (Kish 1965, section 11.7: n of a weighted
sample). By Cauchy's inequality n never exceeds the sum of all n_g. Chains that go between modes
freely share one region, and where there is but one, n is ArviZ's.
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
from bayes_gmm.inference.chains import visits_of
from bayes_gmm.inference.draws import Draws, longest_length

Booleans = npt.NDArray[np.bool_]

TAILS = (0.05, 0.95)
"""Quantiles whose effective sample size is the tail's (Vehtari et al. 2021)."""
HIGH_R_HAT = 1.01
"""R-hat from which on chains are in doubt, unless it is chance."""
RARE = 1e-3
"""Share of the runs of well mixed chains in which that is said all the same."""
FEWEST_EFFECTIVE, LONG = 100, 1000
"""Effective draws of a chain at least, if it has as many draws as this."""
LITTLE = 0.05
"""Mass of a mode below which it does not matter how well chains mix there."""
BATCHES = 20
"""Parts of a chain whose means tell how much its draws are worth."""
FEWEST_DRAWS = 8
"""Draws of a mode in a chain below which they say nothing of convergence.

Nor does less than a tenth of a chain.
"""


class Region(NamedTuple):
    """Where chains move freely."""

    members: Booleans
    """Which draws are of it, shape (chain, draw)."""
    mass: float
    """Its share of the draws that the tree holds."""


class Chains:
    """Chains as they were sampled, with what of each region the posterior is made of.

    Parameters
    ----------
    values : ndarray, shape (p, chain, draw)
        Of p quantities.
    draws : Draws
        Of the tree; their origin, if they have one, is what `values` are of.
    step : int
        `values` are of every so manieth draw of each chain.
    """

    def __init__(self, values: Floats, draws: Draws, step: int = 1) -> None:
        self.values, self.draws, self.step = values, draws, step

    @cached_property
    def regions(self) -> list[Region]:
        """What chains do not leave, by the number of the first mode in it."""
        sampled, kept = self.draws.as_sampled.mode, self.draws.mode
        group = visits_of(sampled, int(max(sampled.max(), kept.max())) + 1).group
        return [
            Region(group[sampled[:, :: self.step]] == g, float(np.mean(group[kept] == g)))
            for g in np.unique(group[sampled])
        ]

    def ess(self, values: Floats | None = None, **method: Any) -> Floats:
        """Effective sizes of the tree's draws, shape (p,); `method` is ArviZ's."""
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
        """The largest R-hat of the draws of one mode, over modes that hold `LITTLE` or more.

        NaN where none of these has enough draws.
        """
        from arviz_stats.base.array import array_stats

        worst = np.full(len(self.values), np.nan)
        for part in self.of_modes():
            worst = np.fmax(worst, array_stats.rhat(part))
        return worst

    def of_modes(self) -> Iterator[Floats]:
        """The draws of each mode that counts and has enough, as two chains or more of one length.

        Chains are cut and left out so that most draws remain. A mode that one chain alone visits
        has the two halves of its draws for chains.
        """
        mode = self.draws.as_sampled.mode
        for m in np.unique(mode):
            part = _part(self.values, mode == m)
            n = part.shape[2]
            mass = float(np.mean(self.draws.mode == m))
            if n < max(FEWEST_DRAWS, mode.shape[1] / 10) or mass < LITTLE:
                continue
            yield part if part.shape[1] > 1 else _halves(part)


class Doubt(NamedTuple):
    """A quantity whose draws say that chains have not mixed."""

    quantity: int
    value: float


class Doubts(NamedTuple):
    """The worst of each kind, where there is any."""

    r_hat: Doubt | None
    ess: Doubt | None
    """Effective draws of a chain."""


def doubts(chains: Chains) -> Doubts:
    r"""What stands against taking chains for draws of the posterior, mode by mode.

    R-hat above 1.01 (Vehtari et al. 2021), and above what chance lets it be: with M half chains of
    n effective draws each, :math:`n (\hat R^2 - 1)` has about the distribution F with M - 1 and
    M (n - 1) degrees of freedom; the bound is what one of all quantities passes, in its middle or
    in its spread, in one of a thousand runs. And a bulk of fewer than 100 effective
    draws a chain, or than a twentieth of the draws of a chain that is shorter than 1,000, of which
    less is known. A quantity of so few is in doubt anyway: its R-hat is told from 1.01 on, as so
    little could excuse any by chance.
    """
    from arviz_stats.base.array import array_stats

    r_hats, few = [], []
    for part in chains.of_modes():
        n_chains, n = part.shape[1:]
        least = FEWEST_EFFECTIVE if n >= LONG else n / 20
        for i in np.flatnonzero(_doubtful(part, least)):
            r_hat, bound = _r_hat_and_bound(part[i], len(part))
            ess = float(array_stats.ess(part[i], method="bulk")) / n_chains
            if ess < least:
                few.append(Doubt(int(i), ess))
            if r_hat > (HIGH_R_HAT if ess < least else bound):
                r_hats.append(Doubt(int(i), r_hat))
    return Doubts(
        max(r_hats, key=lambda doubt: doubt.value, default=None),
        min(few, key=lambda doubt: doubt.value, default=None),
    )


def _doubtful(part: Floats, least: float) -> Booleans:
    """Whether each quantity is worth the time that ranks and autocorrelations take.

    R-hat of the draws and of their distances from the middle without ranks, and effective draws
    from the spread of batch means (Flegal & Jones 2010), which counts chains that disagree too.
    """
    folded = np.abs(part - np.median(part, axis=(1, 2), keepdims=True))
    halves = [_halves(values) for values in (part, folded)]
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = [x.mean(axis=2).var(axis=1, ddof=1) / x.var(axis=2).mean(axis=1) for x in halves]
        doubtful = np.max(apart, axis=0) > HIGH_R_HAT**2 - 1.0
        size = part.shape[2] // BATCHES
        if size < 2:
            return np.asarray(part.var(axis=(1, 2)) > 0.0)
        batches = part[:, :, : size * BATCHES].reshape(len(part), -1, size).mean(axis=2)
        worth = part.var(axis=(1, 2)) / (size * batches.var(axis=1, ddof=1))
    return np.asarray(doubtful | (worth * part.shape[2] < 2.0 * least))


def _r_hat_and_bound(draws: Floats, n_quantities: int) -> tuple[float, float]:
    """R-hat of one quantity, and the R-hat that well mixed chains pass once in a thousand runs.

    The effective draws that chance depends on are those of each chain for itself: chains that
    disagree have few together. R-hat is of the draws or of their distances from the middle.
    """
    from arviz_stats.base.array import array_stats

    folded = np.abs(draws - np.median(draws))
    ess = min(
        float(np.sum(array_stats.ess(values[:, None, :], method="bulk")))
        for values in (draws, folded)
    )
    n_halves = 2 * len(draws)
    ratio = fdtri(n_halves - 1, max(ess - n_halves, 1.0), 1.0 - RARE / (2 * n_quantities))
    bound = max(HIGH_R_HAT, math.sqrt(1.0 + n_halves * ratio / ess))
    with np.errstate(divide="ignore", invalid="ignore"):  # of chains that stand still
        return float(array_stats.rhat(draws)), bound


def _part(values: Floats, members: Booleans) -> Floats:
    """Some draws of each chain, the chains cut to one length, shape (p, chain, draw)."""
    counts = members.sum(axis=1)
    n = longest_length(counts)
    return np.stack([values[:, c, members[c]][:, :n] for c in np.flatnonzero(counts >= n)], axis=1)


def _halves(chains: Floats) -> Floats:
    p, c, n = chains.shape
    return chains[:, :, : n // 2 * 2].reshape(p, 2 * c, n // 2)
