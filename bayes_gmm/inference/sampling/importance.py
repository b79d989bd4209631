"""Importance sampling from the approximations at the modes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp

from bayes_gmm.data.rows import Floats, Integers
from bayes_gmm.diagnostics.diagnostic import Diagnostic, warn
from bayes_gmm.inference.optimize.hessian import pass_cost
from bayes_gmm.inference.sampling.draws import Draws
from bayes_gmm.inference.sampling.initial_points import relative_masses
from bayes_gmm.inference.sampling.peak import Peak
from bayes_gmm.inference.sampling.settings import ImportanceSettings
from bayes_gmm.jit.threads import one_blas_thread
from bayes_gmm.model.density import Density


def sample_laplace(
    density: Density,
    peaks: Sequence[Peak],
    *,
    draws: int = 1000,
    chains: int = 4,
    seed: int = 0,
    settings: ImportanceSettings = ImportanceSettings(),
) -> Draws:
    """Draws of theta by importance resampling from Laplace's approximation at the modes.

    Proposals theta_s come from q = sum_m a_m t_nu(theta_m, P_m P_m'), with a_m the masses of the
    modes, P_m P_m' the inverse curvature at mode m, and nu large enough that t is nearly normal.
    They are quasi-random (a scrambled Sobol' sequence), which nearly halves the error of intervals.
    Their weights p(theta_s, rows) / q(theta_s) are smoothed by a generalised Pareto distribution
    (Vehtari, Simpson, Gelman, Yao & Gabry 2024), whose shape k-hat shows whether the approximation
    is reliable (k-hat at most 0.7). If k-hat is above 0.3, a second round of as many proposals is
    drawn, with the weighted mean and covariance of the first ones if these are enough for an
    estimate, and q becomes the mean of the densities of all rounds. All rounds are kept: with only
    the best round, k-hat would be too optimistic and tails would be lost (adaptive multiple
    importance sampling: Cornuet, Marin, Mira & Robert 2012). Draws are proposals, resampled by
    weight and arranged as chains.

    Parameters
    ----------
    density : Density
    peaks : sequence of Peak
        Sorted by decreasing mass.
    draws, chains : int
    seed : int
    settings : ImportanceSettings

    Warns
    -----
    ConvergenceWarning
        If k-hat is above 0.7.
    """
    rng, least = np.random.default_rng(seed), settings.relevant_mass
    wanted = draws * chains
    n = n_proposals(density, wanted, settings)
    with one_blas_thread():
        rounds = [list(peaks)]
        drawn = _Proposals.about(density, peaks, n, rng, least)
        log_weights, khat = drawn.weighted(rounds, least)
        while khat > settings.doubtful_khat and len(rounds) <= settings.rounds:
            rounds.append(_adapted(peaks, drawn, log_weights, settings.firm))
            drawn = drawn.joined(_Proposals.about(density, rounds[-1], n, rng, least))
            log_weights, khat = drawn.weighted(rounds, least)
    theta, mode, log_p = drawn
    chosen = _resampled(np.exp(log_weights), wanted, rng).reshape(chains, draws)
    warn(high_khat(khat, settings), stacklevel=2)
    return Draws(
        theta[chosen], density.layout, mode[chosen],
        {"lp": log_p[chosen], "log_weight": log_weights[chosen], "proposal": chosen},
        method="laplace", sampler="laplace", seed=seed, khat=khat,
    )  # fmt: skip


def high_khat(
    khat: float | None, settings: ImportanceSettings = ImportanceSettings()
) -> list[Diagnostic]:
    """A diagnostic if k-hat is too high for Laplace's approximation."""
    if khat is None or khat <= settings.good_khat:
        return []
    return [Diagnostic("high_khat", values={"khat": khat, "max_khat": settings.good_khat})]


class _Proposals(NamedTuple):
    """Vectors of shape (n, p), the mode that each was drawn from, and log p at each."""

    theta: Floats
    mode: Integers
    log_p: Floats

    @classmethod
    def about(
        cls, density: Density, peaks: Sequence[Peak], n: int, rng: np.random.Generator, least: float
    ) -> _Proposals:
        theta, mode = _proposals(peaks, n, rng, least)
        log_p = density.log_posteriors(theta, jacobian=True)
        return cls(theta, mode, np.where(np.isnan(log_p), -np.inf, log_p))

    def joined(self, others: _Proposals) -> _Proposals:
        both = zip(self, others, strict=True)
        theta, mode, log_p = (np.concatenate(pair) for pair in both)
        return _Proposals(theta, mode, log_p)

    def weighted(self, rounds: Sequence[Sequence[Peak]], least: float) -> tuple[Floats, float]:
        """Smoothed log weights and k-hat; q is the mean of the mixtures of all rounds."""
        terms = [mixture_log_density(self.theta, peaks, least) for peaks in rounds]
        return smoothed(self.log_p - logsumexp(terms, axis=0))


def _adapted(
    peaks: Sequence[Peak], drawn: _Proposals, log_weights: Floats, firm: float
) -> list[Peak]:
    """Approximations with the weighted mean and covariance of enough proposals."""
    adapted = list(peaks)
    for m in np.unique(drawn.mode):
        theta, log_w = drawn.theta[drawn.mode == m], log_weights[drawn.mode == m]
        w = np.exp(log_w - logsumexp(log_w))
        if 1.0 / float(w @ w) >= firm * theta.shape[1]:
            about = Peak.of_draws(theta, w)
            adapted[m] = replace(peaks[m], theta=about.theta, factor=about.factor)
    return adapted


def n_proposals(
    density: Density, wanted: int, settings: ImportanceSettings = ImportanceSettings()
) -> int:
    """Proposals of a round: as many as draws, fewer for large tables, at least the minimum."""
    affordable = int(settings.hessian.affordable / pass_cost(density))
    return max(settings.fewest, min(wanted, affordable))


def _proposals(
    peaks: Sequence[Peak], n: int, rng: np.random.Generator, least: float
) -> tuple[Floats, Integers]:
    """Vectors from the mixture of t distributions, shape (n, p), and the mode of each."""
    parts = np.cumsum(counted_masses(peaks, least))
    mode = np.searchsorted(parts[:-1], (np.arange(n) + 0.5) / n, side="right")
    theta = np.empty((n, len(peaks[0].theta)))
    for m in np.unique(mode):
        theta[mode == m] = peaks[m].even_proposals(int((mode == m).sum()), rng)
    return theta, mode


def counted_masses(
    peaks: Sequence[Peak], least: float = ImportanceSettings.relevant_mass
) -> Floats:
    """Relative masses of the modes; those below a minimum are set to 0."""
    fractions = relative_masses(peaks)
    fractions = np.where(fractions >= least, fractions, 0.0)
    return np.asarray(fractions / fractions.sum())


def mixture_log_density(
    theta: Floats, peaks: Sequence[Peak], least: float = ImportanceSettings.relevant_mass
) -> Floats:
    """log sum_m a_m t_nu(theta; theta_m, P_m P_m') of vectors of shape (n, p)."""
    fractions = counted_masses(peaks, least)
    terms = [
        np.log(share) + peak.proposal_log_density(theta)
        for share, peak in zip(fractions, peaks, strict=True)
        if share > 0.0
    ]
    return np.asarray(logsumexp(terms, axis=0))


def smoothed(log_ratios: Floats) -> tuple[Floats, float]:
    """Logarithms of Pareto-smoothed weights that sum to 1, and k-hat.

    Examples
    --------
    >>> log_weights, khat = smoothed(np.random.default_rng(0).normal(size=2000) / 10)
    >>> round(float(np.exp(log_weights).sum()), 9), khat < 0.5
    (1.0, True)
    """
    from arviz_stats.base import array_stats  # type: ignore[attr-defined]

    # psislw expects log-likelihoods of leave-one-out, which are negative log ratios.
    log_weights, khat = array_stats.psislw(log_ratios.max() - log_ratios)
    return log_weights - logsumexp(log_weights), float(khat)


def _resampled(weights: Floats, n: int, rng: np.random.Generator) -> Integers:
    """Indices of n draws in random order.

    The number of copies of a draw is its weight times n, rounded down or up at random.
    """
    edges = np.cumsum(weights)
    at = (np.arange(n) + rng.random()) / n * edges[-1]
    return rng.permutation(np.searchsorted(edges, at, side="right").clip(max=len(weights) - 1))
