"""Whether chains have mixed: the parameters with the worst R-hat and effective sample size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bayes_gmm.data.rows import Floats
from bayes_gmm.results.option_names import PYTHON, OptionNames
from bayes_gmm.results.posterior.convergence import Chains, doubts
from bayes_gmm.results.posterior.draws import PosteriorDraws
from bayes_gmm.results.posterior.parameters import SegmentDraws
from bayes_gmm.text import percent

MOST_R_HAT = 1000
"""Largest R-hat that is written as a number."""
MOST_DIVERGED = 0.01
"""Fraction of divergent draws allowed without a warning."""


class Parameter(NamedTuple):
    """One scalar parameter of one segment."""

    label: str
    draws: Floats
    segment: int | None
    """None for parameters that all segments share."""


def parameters_of(posterior: PosteriorDraws, of: SegmentDraws) -> Iterator[Parameter]:
    """All free parameters, with their names in ArviZ."""
    structure = posterior.fit.structure
    names, features = posterior.names, posterior.features
    d = len(features)
    for k, segment in enumerate(names):
        yield Parameter(f"weights[{segment}]", of.weights[..., k], k)
    for k, segment in enumerate(names):
        for j, feature in enumerate(features):
            yield Parameter(f"means[{segment}, {feature}]", of.means[..., k, j], k)
    by_segment = structure.scales.startswith("component")
    for k, segment in enumerate(names if by_segment else ["all"]):
        for j, feature in enumerate(features):
            label = f"scales[{segment}, {feature}]"
            yield Parameter(label, of.scales[..., k, j], k if by_segment else None)
    if structure.correlations == "none":
        return
    by_segment = structure.correlations == "component"
    for k, segment in enumerate(names if by_segment else ["all"]):
        for i in range(d):
            for j in range(i + 1, d):
                label = f"correlations[{segment}, {features[i]}, {features[j]}]"
                yield Parameter(label, of.correlations[..., k, i, j], k if by_segment else None)


def unmixed_chains(posterior: PosteriorDraws) -> UnmixedChains | None:
    """Evidence that the chains have not mixed, or None.

    Segments with ambiguous labels are left out, since their parameters are swapped between draws.
    Divergent draws have the same cause and remedy there, and are left out too, unless the swapped
    segments are empty. The log density does not depend on labels and is always checked.
    """
    draws = posterior.draws
    if draws.method == "laplace":
        return None
    doubtful = {k for pair in posterior.labels.ambiguous_pairs() for k in pair}
    told = [
        row
        for row in parameters_of(posterior, posterior.parameters_as_sampled)
        if row.segment not in doubtful
    ]
    if "lp" in draws.as_sampled.stats:
        lp = np.asarray(draws.as_sampled.stats["lp"], float)
        told.append(Parameter("the log density", lp, None))
    r_hat, ess, least = None, None, 0.0
    if told:
        chains = Chains(np.stack([row.draws for row in told]), draws)
        least = chains.least_effective
        r_hat, ess = (
            doubt and (told[doubt.quantity].label, doubt.value) for doubt in doubts(chains)
        )
    passed_over = bool(posterior.labels.ambiguous_pairs(posterior.empty))
    diverging = np.asarray(draws.as_sampled.stats.get("diverging", False), float).mean()
    diverged = 0.0 if passed_over or diverging <= MOST_DIVERGED else float(diverging)
    if r_hat is None and ess is None and not diverged:
        return None
    return UnmixedChains(r_hat, ess, least, diverged)


@dataclass(frozen=True)
class UnmixedChains:
    """Evidence that chains have not mixed.

    Attributes
    ----------
    r_hat : tuple of str and float, optional
        The parameter with the highest R-hat, if it is too high.
    ess : tuple of str and float, optional
        The parameter with the smallest effective sample size, if it is too small.
    least_ess : float
        Effective sample size that intervals need.
    diverged : float
        Fraction of the draws that diverged, if it is too large; else 0.
    """

    r_hat: tuple[str, float] | None = None
    ess: tuple[str, float] | None = None
    least_ess: float = 0.0
    diverged: float = 0.0

    def text(self, options: OptionNames = PYTHON) -> str:
        """Warning text, with advice.

        Examples
        --------
        >>> UnmixedChains(diverged=0.03).text().split("; ")[0]
        'the chains have not mixed: 3 % of the draws diverged'
        >>> UnmixedChains(ess=("weights[A]", 120.4), least_ess=400.0).text().split("; ")
        ['the chains have not mixed: effective sample size 120 for weights[A], below 400',
        'increase draws and tune, or use fewer components or stronger priors']
        """
        said, more = [], ""
        if self.r_hat is not None:
            said.append(f"R-hat is {written_r_hat(self.r_hat[1])} for {self.r_hat[0]}")
        if self.ess is not None:
            name, ess = self.ess
            said.append(f"effective sample size {ess:,.0f} for {name}, below {self.least_ess:,.0f}")
        if said:
            more = f"increase {options.draws} and {options.tune}, or "
        if self.diverged > 0.0:
            said.append(f"{percent(self.diverged)} of the draws diverged")
        return f"the chains have not mixed: {', '.join(said)}; {more}{options.simplify}"


def written_r_hat(r_hat: float, decimals: int = 2) -> str:
    """R-hat as text; the huge values of constant chains are truncated.

    Examples
    --------
    >>> written_r_hat(1.0234), written_r_hat(5969253037225964.0)
    ('1.02', 'above 1,000')
    """
    return f"above {MOST_R_HAT:,}" if r_hat > MOST_R_HAT else f"{r_hat:.{decimals}f}"
