"""Masses of modes by bridge sampling, for chains that stay in separate modes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, logsumexp

from bayes_gmm.data.rows import Floats
from bayes_gmm.inference.evidence.settings import BridgeSettings
from bayes_gmm.inference.sampling.draws import Draws
from bayes_gmm.inference.sampling.mode_assignment import nearest_modes, numbered_like
from bayes_gmm.inference.sampling.peak import Peak
from bayes_gmm.jit.threads import one_blas_thread
from bayes_gmm.model.density import Density


def settled_by_bridges(
    density: Density,
    draws: Draws,
    peaks: Sequence[Peak],
    *,
    seed: int = 0,
    settings: BridgeSettings = BridgeSettings(),
) -> tuple[Peak, ...]:
    """The approximations at the modes, with masses estimated from draws.

    For mode m, let q_m be its proposals (a t distribution at the mode, or fitted to the draws if
    these lie elsewhere) and p the posterior where m is the nearest mode, both numbered like the
    mode. The mass is E_q[p h] / E_p[q h] with the optimal h of Meng & Wong (1996, eq. 4.1).

    Parameters
    ----------
    density : Density
    draws : Draws
        Draws with their modes and the statistic "lp".
    peaks : sequence of Peak
    seed : int
    settings : BridgeSettings
    """
    rng = np.random.default_rng(seed)
    mode = draws.mode.ravel()
    theta, log_p = draws.theta.reshape(mode.size, -1), np.ravel(draws.stats["lp"])
    with one_blas_thread():
        return tuple(
            peak
            if np.count_nonzero(mode == m) < settings.fewest
            else replace(
                peak,
                log_evidence=_log_mass(
                    density, peaks, m, theta[mode == m], log_p[mode == m], rng, settings
                ),
            )
            for m, peak in enumerate(peaks)
        )


def _log_mass(
    density: Density,
    peaks: Sequence[Peak],
    m: int,
    theta: Floats,
    log_p: Floats,
    rng: np.random.Generator,
    settings: BridgeSettings,
) -> float:
    """log of the mass of mode m; Laplace's approximation if the bridge is unreliable.

    Draws may lie far from the mode if a component is nearly empty, and overlap little with the
    proposals. Other proposals are then fitted to the first half of the draws, and bridged to the
    second half.
    """
    peak = peaks[m]
    drawn = numbered_like(theta, density.layout, peak.theta)
    best = _bridge(density, peaks, m, peak, drawn, log_p, rng, settings)
    half = len(drawn) // 2
    if best.ess < settings.firm and len(np.unique(drawn[:half, 0])) > drawn.shape[1] + 1:
        about = Peak.of_draws(drawn[:half])
        other = _bridge(density, peaks, m, about, drawn[half:], log_p[half:], rng, settings)
        best = max(best, other, key=lambda found: found.ess)
    return best.log_mass if best.ess >= settings.shaky else peak.log_evidence


def _bridge(
    density: Density,
    peaks: Sequence[Peak],
    m: int,
    about: Peak,
    drawn: Floats,
    log_p: Floats,
    rng: np.random.Generator,
    settings: BridgeSettings,
) -> Span:
    """The bridge from draws of mode m, numbered like the mode, to proposals."""
    layout, reference = density.layout, peaks[m].theta
    proposed = about.proposals(settings.proposals_per_mode, rng)
    heights = density.log_posteriors(proposed, jacobian=True)
    same_number = np.all(numbered_like(proposed, layout, reference) == proposed, axis=1)
    inside = same_number & (nearest_modes(proposed, layout, peaks) == m) & ~np.isnan(heights)
    heights = np.where(inside, heights, -np.inf)
    return bridge_span(
        log_p - about.proposal_log_density(drawn),
        heights - about.proposal_log_density(proposed),
        settings.tolerance,
    )


class Span(NamedTuple):
    """An estimate of a mass as a ratio of two means, and the logarithms of the averaged values."""

    log_mass: float
    of_proposals: Floats
    """log p h."""
    of_draws: Floats
    """log q h."""
    overlap: float
    """Integral of p q / (s_p p + s_q q), with s_p and s_q the fractions of draws and proposals:
    1 if both densities are equal, 0 if they do not overlap."""
    lower: float
    """log of the mean of p / q over proposals: a stochastic lower bound of the log mass."""
    upper: float
    """-log of the mean of q / p over draws: a stochastic upper bound of the log mass."""

    @property
    def ess(self) -> float:
        """The smallest of the effective numbers of draws, of proposals, and of those that overlap.

        The first two alone do not reveal densities without overlap: the values of draws and those
        of proposals may then each vary little, but differ from each other by hundreds of nats.
        """
        shared = self.overlap * min(len(self.of_draws), len(self.of_proposals))
        return round(min(effective(self.of_proposals), effective(self.of_draws), shared), 6)

    @property
    def from_bounds(self) -> float:
        """Bound of the error of log_mass, from both bounds (Grosse, Ghahramani & Adams 2015).

        They are valid without overlap: each is exceeded by b nats with probability exp(-b).
        """
        return max(self.upper - self.log_mass, self.log_mass - self.lower, 0.0)

    @property
    def least_variance(self) -> float:
        """Variance of log_mass for independent draws: (1 / overlap - 1) / (n s_p s_q).

        See Meng & Wong (1996, sec. 4). The empirical variance has the same expectation, but is too
        small if no draw or proposal lies where the densities overlap.
        """
        n_p, n_q = len(self.of_draws), len(self.of_proposals)
        return (1.0 / self.overlap - 1.0) * (1.0 / n_p + 1.0 / n_q) if self.overlap else np.inf


def bridge_span(
    of_draws: Floats, of_proposals: Floats, tolerance: float = BridgeSettings.tolerance
) -> Span:
    """The bridge estimate from log p - log q at draws from p and from q.

    At its mass c, the expected number of proposals classified as draws equals that of draws
    classified as proposals, with the odds n_p p / (n_q c q) of logistic regression (Geyer 1994).
    Both numbers are monotone in c, so the solution is unique.

    Examples
    --------
    >>> span = bridge_span(np.full(10, 2.5), np.full(20, 2.5))
    >>> round(span.log_mass, 6), span.ess
    (2.5, 10.0)
    """
    log_odds = np.log(len(of_draws)) - np.log(len(of_proposals))
    finite = of_proposals[np.isfinite(of_proposals)]
    if len(finite) == 0 or not np.all(np.isfinite(of_draws)):
        nothing = np.full(len(of_proposals), -np.inf)
        return Span(-np.inf, nothing, np.zeros(len(of_draws)), 0.0, -np.inf, np.inf)

    def mistaken(log_mass: float) -> float:
        draws = expit(log_mass - log_odds - of_draws).sum()
        return float(draws - expit(log_odds + of_proposals - log_mass).sum())

    lowest = min(of_draws.min(), finite.min()) - np.log(len(of_proposals)) - 1.0
    highest = max(of_draws.max(), finite.max()) + 1.0
    log_mass = float(brentq(mistaken, lowest, highest, xtol=tolerance))
    log_share, log_rest = np.log(expit(log_odds)), np.log(expit(-log_odds))
    top = of_proposals - np.logaddexp(log_share + of_proposals, log_rest + log_mass)
    bottom = -np.logaddexp(log_share + of_draws, log_rest + log_mass)
    shared = float(expit(log_mass - log_odds - of_draws).sum())
    overlap = min(1.0, shared * (1.0 / len(of_draws) + 1.0 / len(of_proposals)))
    lower = float(logsumexp(of_proposals) - np.log(len(of_proposals)))
    upper = float(np.log(len(of_draws)) - logsumexp(-of_draws))
    return Span(log_mass, top, bottom, overlap, lower, upper)


def effective(log_weights: Floats) -> float:
    """Effective sample size (sum w)^2 / sum w^2 (Kish 1965); 0 if all weights vanish."""
    highest = log_weights.max()
    if not np.isfinite(highest):
        return 0.0
    w = np.exp(log_weights - highest)
    return round(float(w.sum() ** 2 / (w @ w)), 6)
