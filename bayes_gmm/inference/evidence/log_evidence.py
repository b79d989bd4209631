"""The log evidence (log marginal likelihood) of a mixture with K components."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.sparse.csgraph import connected_components
from scipy.special import logsumexp

from bayes_gmm.data.rows import Floats, Integers
from bayes_gmm.errors import FitError
from bayes_gmm.inference.evidence.bayes_factor import draws_without_one, log_bayes_factor
from bayes_gmm.inference.evidence.bridge import bridge_span
from bayes_gmm.inference.evidence.monte_carlo_error import (
    Mask,
    Mass,
    agreed,
    both_ways,
    by_chain,
    halves,
    mass_of_span,
)
from bayes_gmm.inference.evidence.proposals import Proposals
from bayes_gmm.inference.evidence.settings import BridgeSettings, EvidenceSettings
from bayes_gmm.inference.optimize.run import Run
from bayes_gmm.inference.sampling.draws import Draws
from bayes_gmm.inference.sampling.initial_points import chains_of_modes, relative_masses
from bayes_gmm.inference.sampling.mode_assignment import nearest_modes, numbered_like, visits_of
from bayes_gmm.inference.sampling.peak import Peak
from bayes_gmm.jit.threads import one_blas_thread
from bayes_gmm.model.density import Density
from bayes_gmm.model.prior.constants import PriorConstants


@dataclass(frozen=True)
class LogEvidence:
    """log p(rows | K, structure), in the density's units.

    Attributes
    ----------
    value : float
        Log evidence, summed over the modes and all K! labellings of components; NaN if the method
        does not apply.
    error : float
        Monte Carlo standard error of the value; NaN if unknown, infinite if the draws give no
        information.
    method : str
        "laplace" or "bridge".
    effective : float
        Effective sample size of the bridge: of draws or of proposals, whichever is smaller.
    """

    value: float
    error: float
    method: str
    effective: float = math.nan


def laplace_evidence(modes: Sequence[Run], n_components: int) -> LogEvidence:
    """log of K! times the sum of the modes' masses by Laplace's method.

    NaN if a mode has empty components, as with a concentration below 1, because the posterior is
    then far from normal.

    Parameters
    ----------
    modes : sequence of Run
    n_components : int
        K.

    Examples
    --------
    >>> from bayes_gmm.model.parameters import Layout
    >>> from bayes_gmm.model.structure import Structure
    >>> mode = Run(np.zeros(5), Layout(2, 1, Structure()), -10.0, log_evidence=-12.0)
    >>> round(laplace_evidence([mode], 2).value, 3)
    -11.307
    """
    if any(mode.layout.n_components < n_components for mode in modes):
        return LogEvidence(math.nan, math.nan, "laplace")
    masses = np.array([mode.log_evidence for mode in modes])
    known = masses[~np.isnan(masses)]
    value = float(logsumexp(known)) if len(known) else math.nan
    return LogEvidence(value + math.lgamma(n_components + 1), math.nan, "laplace")


class Neighbour(NamedTuple):
    """The evidence and draws for one component fewer, with the same rows and structure."""

    density: Density
    draws: Draws
    evidence: LogEvidence


def bridge_evidence(
    density: Density,
    peaks: Sequence[Peak],
    draws: Draws,
    *,
    below: Neighbour | None = None,
    seed: int = 0,
    settings: EvidenceSettings = EvidenceSettings(),
) -> LogEvidence:
    r"""log evidence by bridge sampling from draws (Meng & Wong 1996).

    The posterior p is the same under all K! numberings of components, so the evidence is K! times
    the integral over the vectors that are numbered like the mode they belong to,

    .. math:: p(X) = K! \sum_g \int_{A_g} p(X, \theta) \, d\theta,

    with g the groups of modes that chains cross between, and :math:`A_g` the vectors numbered like
    the mode of g that they belong to. Renumbered draws are draws from p in :math:`A_g`; proposals
    outside :math:`A_g` count 0, so components may overlap. Proposals are fitted to half of the
    chains and bridged to the other half, and vice versa (Overstall & Forster 2010; Wang, Jones &
    Meng 2022, who show the bias of proposals fitted to the same draws). The error is that of
    Frühwirth-Schnatter (2004), or half of the difference between the two estimates if that is
    larger. It is increased if effective sample sizes are small or the densities overlap little;
    if they hardly overlap, it is the distance to the farther of two bounds (see `mass_of_span`).

    With more components than groups, proposals overlap little with the posterior. The evidence is
    then also estimated from that of one component fewer (see `bayes_factor`), and the two estimates
    are averaged by their errors (see `agreed`).

    Parameters
    ----------
    density : Density
    peaks : sequence of Peak
    draws : Draws
        Draws of chains, with their modes and the statistic "lp".
    below : Neighbour, optional
        The posterior of K - 1 components; its priors may differ. If it is needed but not given, it
        is sampled here, which takes as long as sampling `draws`.
    seed : int
    settings : EvidenceSettings

    Raises
    ------
    FitError
        If the prior is improper or not exchangeable, or if the draws are not from chains.
    """
    said = without_evidence(density.prior, density.layout.n_correlations)
    if said is not None:
        raise FitError(said)
    if draws.method != "nuts":
        raise FitError(f'bridge sampling needs draws by method="nuts", got method="{draws.method}"')
    chains = draws.as_sampled
    rng = np.random.default_rng(seed)
    with one_blas_thread():
        region = _Regions(
            density, tuple(peaks), groups_of_modes(chains, len(peaks), settings.bridge)
        )
        numbered, _ = region.numbered(chains.theta.reshape(-1, density.layout.size))
        theta = numbered.reshape(chains.theta.shape)
        visited = np.isin(np.arange(len(peaks)), chains.mode)
        groups = np.unique(region.group[visited])
        found = [_mass_of_group(region, chains, theta, int(g), rng, settings) for g in groups]
    found += _masses_without_draws(peaks, chains, visited)
    direct = _summed(found, density.layout.n_components)
    if density.layout.n_components == 1:
        return direct
    options = settings.bayes_factor
    sure = options.error if below is None else options.error_with_neighbour
    if direct.effective >= settings.bridge.firm and direct.error <= sure:
        return direct
    below = below or _drawn_below(density, draws, seed, settings)
    by_removal = _from_below(density, draws, below, seed, settings)
    both = agreed(_mass(direct), _mass(by_removal))
    return LogEvidence(both.log_mass, both.error, "bridge", both.ess)


def _mass(evidence: LogEvidence) -> Mass:
    return Mass(evidence.value, evidence.error, evidence.effective)


def _drawn_below(
    density: Density, draws: Draws, seed: int, settings: EvidenceSettings
) -> Neighbour:
    fewer, peak, drawn = draws_without_one(density, draws, seed=seed, settings=settings)
    evidence = bridge_evidence(fewer, [peak], drawn, seed=seed, settings=settings)
    return Neighbour(fewer, drawn, evidence)


def _from_below(
    density: Density, draws: Draws, below: Neighbour, seed: int, settings: EvidenceSettings
) -> LogEvidence:
    step = log_bayes_factor(
        density, draws, below.density, below.draws, seed=seed, settings=settings
    )
    error = math.hypot(below.evidence.error, step.error)
    if not math.isfinite(error):
        return LogEvidence(math.nan, math.inf, "bridge", 0.0)
    ess = min(below.evidence.effective, step.ess)
    return LogEvidence(below.evidence.value + step.log_mass, error, "bridge", ess)


def without_evidence(prior: PriorConstants, n_correlations: int) -> str | None:
    """The reason why the evidence is undefined under a prior, or None.

    The evidence is undefined if means, scales or correlations have a flat prior, or if components
    have different concentrations.
    """
    if prior.is_improper:
        culprit = "means" if prior.precision == 0.0 else "scales"
        return (
            f"the evidence is undefined under an improper prior: that of the {culprit} is flat; "
            f"give it a finite scale"
        )
    if n_correlations and not prior.n_covariances and not np.any(prior.corr_exponents):
        return (
            "the evidence is undefined without a prior on correlations: eta is 0; "
            "give LKJ a positive eta"
        )
    if np.ptp(prior.concentration) > 0.0:
        return (
            "the evidence requires exchangeable components, but concentration has values from "
            f"{prior.concentration.min():g} to {prior.concentration.max():g}; give one number"
        )
    return None


def groups_of_modes(
    chains: Draws, n_modes: int, settings: BridgeSettings = BridgeSettings()
) -> Integers:
    """A group number for each mode, equal for modes that chains cross between, shape (n_modes,).

    A few crossings are enough, because a bridge does not depend strongly on their number. Modes
    with too few draws join the mode from which most of these draws came.
    """
    crossings = visits_of(chains.mode, n_modes).crossings
    crossings = crossings + crossings.T
    np.fill_diagonal(crossings, 0)
    group = np.asarray(
        connected_components(crossings >= settings.crossings, directed=False)[1], np.int64
    )
    n_draws = np.bincount(chains.mode.ravel(), minlength=n_modes)
    for m in np.argsort(n_draws, kind="stable"):
        here = group == group[m]
        if n_draws[here].sum() < 2 * settings.fewest and crossings[here][:, ~here].any():
            nearest = np.argmax(np.where(here, 0, crossings[here].sum(axis=0)))
            group[here] = group[nearest]
    return group


@dataclass(frozen=True)
class _Regions:
    """The regions of the space of theta that belong to each group of modes."""

    density: Density
    peaks: tuple[Peak, ...]
    group: Integers

    def numbered(self, theta: Floats) -> tuple[Floats, Integers]:
        """Vectors (n, p), numbered like the mode to which each belongs, and the mode's group."""
        layout = self.density.layout
        mode = nearest_modes(theta, layout, self.peaks)
        numbered = theta.copy()
        for m in np.unique(mode):
            here = mode == m
            numbered[here] = numbered_like(theta[here], layout, self.peaks[m].theta)
        return numbered, self.group[mode]

    def factor(self, g: int) -> Floats:
        """Factor P of the heaviest peak of a group."""
        return next(p.factor for p, group in zip(self.peaks, self.group, strict=True) if group == g)

    def heights(self, theta: Floats, g: int) -> Floats:
        """log p at vectors (n, p), -inf outside of A_g."""
        numbered, group = self.numbered(theta)
        values = self.density.log_posteriors(theta, jacobian=True)
        inside = np.all(numbered == theta, axis=1) & (group == g) & ~np.isnan(values)
        return np.where(inside, values, -np.inf)


def _mass_of_group(
    region: _Regions,
    chains: Draws,
    theta: Floats,
    g: int,
    rng: np.random.Generator,
    settings: EvidenceSettings,
) -> Mass:
    """log of the integral over A_g, by bridges from each half of the draws to proposals.

    The proposals are fitted to the other half.
    """
    here = region.group[chains.mode] == g
    log_p = np.asarray(chains.stats["lp"], dtype=np.float64)
    one, other = halves(here, settings.bridge.fewest)
    ways = [
        _one_way(region, g, theta[fitted], theta, log_p, kept, rng, settings)
        for fitted, kept in ((one, other), (other, one))
    ]
    mass = both_ways(*ways)
    if all(math.isfinite(way.error) for way in ways):
        return mass
    # A single estimate may be far off; Laplace's masses serve as a check.
    own = [peak for peak, group in zip(region.peaks, region.group, strict=True) if group == g]
    known = [peak.log_evidence for peak in own if not math.isnan(peak.log_evidence)]
    if not known:
        return mass
    apart = abs(mass.log_mass - float(logsumexp(known)))
    return mass._replace(error=max(mass.error, apart / 2))


def _one_way(
    region: _Regions,
    g: int,
    fitted: Floats,
    theta: Floats,
    log_p: Floats,
    kept: Mask,
    rng: np.random.Generator,
    settings: EvidenceSettings,
) -> Mass:
    """The bridge from proposals fitted to draws (n, p) to the selected draws (chains, draws, p)."""
    bridge = settings.bridge
    best = Mass(math.nan, math.inf, 0.0)
    if min(len(np.unique(fitted[:, 0])), int(kept.sum())) < bridge.fewest // 2:
        return best
    for n_parts in bridge.parts:
        proposals = Proposals.fitted(
            fitted, n_parts, rng, factors=(region.factor(g),), settings=settings.proposals
        )
        proposed = proposals.drawn(bridge.proposals, rng)
        span = bridge_span(
            log_p[kept] - proposals.log_density(theta[kept]),
            region.heights(proposed, g) - proposals.log_density(proposed),
            bridge.tolerance,
        )
        mass = mass_of_span(span, by_chain(span.of_draws, kept), settings=bridge)
        best = mass if mass.ess > best.ess else best
        if best.ess >= bridge.good * bridge.proposals:
            break
    return best


def _masses_without_draws(
    peaks: Sequence[Peak],
    chains: Draws,
    visited: Mask,
) -> list[Mass]:
    """Masses of modes without chains, by Laplace, with errors equal to the masses."""
    sent = np.isin(np.arange(len(peaks)), chains_of_modes(peaks, chains.n_chains))
    fractions = relative_masses(peaks)
    return [
        Mass(peak.log_evidence, 1.0, math.inf)
        for m, peak in enumerate(peaks)
        if fractions[m] > 0.0 and not sent[m] and not visited[m]
    ]


def _summed(found: Sequence[Mass], n_components: int) -> LogEvidence:
    ess = min(mass.ess for mass in found)
    if not all(math.isfinite(mass.error) for mass in found):
        return LogEvidence(math.nan, math.inf, "bridge", ess)
    logs = np.array([mass.log_mass for mass in found])
    log_total = float(logsumexp(logs))
    errors = np.exp(logs - log_total) * [mass.error for mass in found]
    value = log_total + math.lgamma(n_components + 1)
    return LogEvidence(value, float(np.linalg.norm(errors)), "bridge", ess)
