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

from collections.abc import Iterator
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from bayes_gmm.data.rows import Floats, Integers
from bayes_gmm.inference.chains import visits_of
from bayes_gmm.inference.draws import Draws, longest_length

TAILS = (0.05, 0.95)
"""Quantiles whose effective sample size is the tail's (Vehtari et al. 2021)."""
FEWEST_DRAWS = 8
"""Draws of a mode in a chain below which they say nothing of convergence; nor does less than a
tenth of a chain."""


class Region(NamedTuple):
    """Where chains move freely."""

    members: Any
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
    """

    def __init__(self, values: Floats, draws: Draws) -> None:
        self.values, self.draws = values, draws

    @cached_property
    def regions(self) -> list[Region]:
        """What chains do not leave, by the number of the first mode in it."""
        sampled, kept = self.draws.as_sampled.mode, self.draws.mode
        group = visits_of(sampled, int(max(sampled.max(), kept.max())) + 1).group
        return [
            Region(group[sampled] == g, float(np.mean(group[kept] == g)))
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
        """The largest R-hat of the draws of one mode, over modes: NaN where no mode has enough."""
        from arviz_stats.base.array import array_stats

        worst = np.full(len(self.values), np.nan)
        for part in self.of_modes():
            worst = np.fmax(worst, array_stats.rhat(part))
        return worst

    def of_modes(self) -> Iterator[Floats]:
        """The draws of each mode that has enough, as chains of one length of at least two.

        Chains are cut and left out so that most draws remain. A mode that one chain alone visits
        has the two halves of its draws for chains.
        """
        mode = self.draws.as_sampled.mode
        for m in np.unique(mode):
            part = _part(self.values, mode == m)
            n = part.shape[2]
            if n < max(FEWEST_DRAWS, mode.shape[1] / 10):
                continue
            yield part if part.shape[1] > 1 else _halves(part)


def _part(values: Floats, members: Integers) -> Floats:
    """Some draws of each chain, the chains cut to one length, shape (p, chain, draw)."""
    counts = members.sum(axis=1)
    n = longest_length(counts)
    return np.stack([values[:, c, members[c]][:, :n] for c in np.flatnonzero(counts >= n)], axis=1)


def _halves(chains: Floats) -> Floats:
    p, c, n = chains.shape
    return chains[:, :, : n // 2 * 2].reshape(p, 2 * c, n // 2)
