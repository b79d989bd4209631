"""Masses of modes by tempering, if Laplace's approximation is too inaccurate to compare them.

Particles start as proposals around the modes and move to the posterior in small steps (annealed
importance sampling with resampling: Neal 2001; Del Moral, Doucet & Jasra 2006). The fraction of the
particles that end in a mode estimates its relative mass.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.special import logsumexp

from bayes_gmm.data.rows import Floats, Integers
from bayes_gmm.inference.modes.masses import ModeMasses
from bayes_gmm.inference.optimize.hessian import pass_cost
from bayes_gmm.inference.optimize.run import Run
from bayes_gmm.inference.optimize.settings import HessianSettings
from bayes_gmm.inference.sampling.initial_points import relative_masses
from bayes_gmm.inference.sampling.laplace_approximation import peaks_of
from bayes_gmm.inference.sampling.mode_assignment import nearest_modes
from bayes_gmm.inference.sampling.peak import Peak
from bayes_gmm.jit.threads import one_blas_thread
from bayes_gmm.model.density import Density


@dataclass(frozen=True)
class TemperingSettings:
    """Settings of the estimation of masses by tempering.

    Attributes
    ----------
    comparable : float
        Maximum difference between the log masses of the two heaviest modes by Laplace's
        approximation, in nats, at which they are compared by tempering.
    counted : float
        Maximum difference to the log mass of the heaviest mode, in nats, for a comparison.
    islands : int
        Number of independent groups of particles; their variance gives the error.
    particles : int
        Number of particles of each group.
    effective : float
        Effective sample size (Kish) after a temperature step, as a fraction of the particles.
    leapfrogs : int
        Number of leapfrog steps of a move by Hamiltonian Monte Carlo.
    first_step : float
        Initial length of a leapfrog step, times p^(1/4), in standard deviations.
    acceptance : float
        Target acceptance rate, to which the length of a leapfrog step is adapted.
    operations : float
        Maximum cost of the estimate in floating-point operations: about half a second. It is only
        exceeded with so many rows that the posterior about each mode is nearly normal.
    cost_without_rows : float
        See `HessianSettings`.
    """

    comparable: float = 4.0
    counted: float = 6.0
    islands: int = 8
    particles: int = 32
    effective: float = 0.5
    leapfrogs: int = 6
    first_step: float = 0.9
    acceptance: float = 0.75
    operations: float = 5e10
    cost_without_rows: float = HessianSettings.cost_without_rows

    def affords(self, density: Density) -> bool:
        """Whether five steps of the temperature cost no more than `operations`."""
        gradients = 5 * self.leapfrogs * self.islands * self.particles
        return gradients * (pass_cost(density) + self.cost_without_rows) <= self.operations


def mode_masses(
    density: Density, modes: Sequence[Run], settings: TemperingSettings = TemperingSettings()
) -> ModeMasses:
    """Relative masses: by tempering if two modes have comparable masses, else by Laplace.

    Results are reproducible, because the particles have a fixed seed.

    Parameters
    ----------
    density : Density
    modes : sequence of Run
        Sorted by decreasing mass.
    settings : TemperingSettings
    """
    if len(modes) == 1 and not density.prior.is_improper:
        return ModeMasses(np.ones(1), np.array([np.nan]))
    by_laplace = ModeMasses.by_laplace([mode.log_evidence for mode in modes])
    complete = all(mode.layout == density.layout for mode in modes)
    if not complete or density.prior.is_improper or not settings.affords(density):
        return by_laplace
    second = np.sort(by_laplace.fractions)[-2]
    if not second > math.exp(-settings.comparable) * by_laplace.fractions.max():
        return by_laplace
    peaks = peaks_of(density, modes)
    rough = relative_masses(peaks)
    counted = np.flatnonzero(rough > math.exp(-settings.counted) * rough.max())
    if len(counted) < 2:
        return ModeMasses(rough, by_laplace.errors)
    fractions, errors = tempered_fractions(density, [peaks[m] for m in counted], settings)
    return _completed(rough, counted, fractions, errors)


def _completed(rough: Floats, counted: Integers, fractions: Floats, errors: Floats) -> ModeMasses:
    """Relative masses of all modes; modes without particles keep Laplace's approximation."""
    rest = float(rough.sum() - rough[counted].sum())
    completed = ModeMasses(rough.copy(), np.full(len(rough), np.nan))
    completed.fractions[counted] = (1.0 - rest) * fractions
    completed.errors[counted] = errors
    return completed


def tempered_fractions(
    density: Density, peaks: Sequence[Peak], settings: TemperingSettings, *, seed: int = 0
) -> tuple[Floats, Floats]:
    """Fractions of the mass that are nearest to each peak, and their standard errors.

    The intermediate densities are q^(1 - b) p^b, with q the mixture of t distributions at the modes
    and p the posterior. Each increase of b is chosen by the effective sample size of the weights
    (p / q)^(increase of b). The particles of a group are then resampled, and moved by one step of
    Hamiltonian Monte Carlo in the coordinates of the mode where each started. A group is weighted
    by its estimate of the total mass. Errors are computed by the jackknife over groups.

    Parameters
    ----------
    density : Density
    peaks : sequence of Peak
        Approximations at modes of known mass.
    settings : TemperingSettings
    seed : int

    Returns
    -------
    fractions, errors : ndarray, shape (len(peaks),)
    """
    with one_blas_thread():
        return _tempered_fractions(density, tuple(peaks), settings, np.random.default_rng(seed))


def _tempered_fractions(
    density: Density, peaks: tuple[Peak, ...], settings: TemperingSettings, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    targets = _Targets(density, peaks, np.sqrt(relative_masses(peaks)))
    swarm = targets.proposed(settings.islands, settings.particles, rng)
    step = settings.first_step * density.layout.size**-0.25
    log_totals, b = np.zeros(settings.islands), 0.0
    while b < 1.0:
        rise = _rise(swarm.log_p - swarm.log_q, 1.0 - b, settings.effective)
        b = min(1.0, b + rise)
        log_weights = (rise * (swarm.log_p - swarm.log_q)).reshape(settings.islands, -1)
        log_totals += logsumexp(log_weights, axis=1)
        swarm = swarm.taken(_resampled(log_weights, rng))
        swarm, accepted = targets.moved(swarm, b, step, settings.leapfrogs, rng)
        step *= math.exp(accepted - settings.acceptance)
    mode = nearest_modes(swarm.theta, density.layout, peaks).reshape(settings.islands, -1)
    parts = (mode[:, :, None] == np.arange(len(peaks))).mean(axis=1)
    return _jackknife(parts, np.exp(log_totals - log_totals.max()))


def _rise(log_ratios: Floats, left: float, effective: float) -> float:
    """The increase of b at which the effective sample size reaches its target."""

    def surplus(rise: float) -> float:
        w = np.exp(rise * (log_ratios - log_ratios.max()))
        return float(w.sum() ** 2 / (w @ w)) / len(w) - effective

    return left if surplus(left) >= 0.0 else float(brentq(surplus, 0.0, left, rtol=1e-3))


def _resampled(log_weights: Floats, rng: np.random.Generator) -> Integers:
    """Indices of particles, resampled within each row of log weights (islands, particles)."""
    islands, n = log_weights.shape
    weights = np.exp(log_weights - logsumexp(log_weights, axis=1)[:, None])
    places = (np.arange(n) + rng.random((islands, 1))) / n
    chosen = [
        i * n + np.searchsorted(np.cumsum(w), at).clip(max=n - 1)
        for i, (w, at) in enumerate(zip(weights, places, strict=True))
    ]
    return np.concatenate(chosen)


def _jackknife(parts: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Weighted mean of fractions (islands, M), and its standard error."""
    held = weights[:, None] * parts
    fractions = held.sum(axis=0) / weights.sum()
    without = (held.sum(axis=0) - held) / (weights.sum() - weights)[:, None]
    n = len(weights)
    return fractions, np.sqrt((n - 1) * without.var(axis=0))


class _Swarm(NamedTuple):
    """Particles (n, p), log p and log q with their gradients, and the initial mode of each."""

    theta: Floats
    log_p: Floats
    slope_p: Floats
    log_q: Floats
    slope_q: Floats
    mode: Integers

    def taken(self, chosen: Integers) -> _Swarm:
        return _Swarm._make(values[chosen] for values in self)

    def where(self, kept: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], other: _Swarm) -> _Swarm:
        """These particles where `kept` is true, the others elsewhere."""
        chosen = np.where(kept, np.arange(len(kept)), len(kept) + np.arange(len(kept)))
        both = zip(self, other, strict=True)
        return _Swarm._make(np.concatenate(pair)[chosen] for pair in both)

    def height(self, b: float) -> Floats:
        return b * self.log_p + (1.0 - b) * self.log_q

    def slope(self, b: float) -> Floats:
        return b * self.slope_p + (1.0 - b) * self.slope_q


@dataclass(frozen=True)
class _Targets:
    """The posterior p, and the mixture q of t distributions about the peaks."""

    density: Density
    peaks: tuple[Peak, ...]
    parts: Floats

    def proposed(self, islands: int, particles: int, rng: np.random.Generator) -> _Swarm:
        """Draws from q; in each group, the draws of a mode are in proportion to its mass."""
        places = (np.arange(particles) + rng.random((islands, 1))) / particles
        edges = np.cumsum(self._masses)[:-1]
        mode = np.searchsorted(edges, places.ravel(), side="right")
        theta = np.empty((len(mode), self.density.layout.size))
        for m in np.unique(mode):
            theta[mode == m] = self.peaks[m].proposals(int((mode == m).sum()), rng)
        return self._at(theta, mode)

    @property
    def _masses(self) -> Floats:
        return np.asarray(self.parts / self.parts.sum())

    def _at(self, theta: Floats, mode: Integers) -> _Swarm:
        log_p, slope_p = self.density.values_and_gradients(theta, jacobian=True)
        fine = np.isfinite(log_p) & np.all(np.isfinite(slope_p), axis=1)
        log_p, slope_p = np.where(fine, log_p, -np.inf), np.where(fine[:, None], slope_p, 0.0)
        return _Swarm(theta, log_p, slope_p, *self._proposal_density(theta), mode)

    def _proposal_density(self, theta: Floats) -> tuple[Floats, Floats]:
        """log q and its gradient."""
        log_parts = np.log(self._masses)
        terms, slopes = [], []
        for peak, log_part in zip(self.peaks, log_parts, strict=True):
            log_density, slope = peak.proposal_density_and_slope(theta)
            terms.append(log_part + log_density)
            slopes.append(slope)
        log_q = logsumexp(terms, axis=0)
        fractions = np.exp(np.array(terms) - log_q)
        return np.asarray(log_q), np.einsum("mn,mnp->np", fractions, np.array(slopes))

    def moved(
        self, swarm: _Swarm, b: float, step: float, leapfrogs: int, rng: np.random.Generator
    ) -> tuple[_Swarm, float]:
        """The particles after a step of Hamiltonian Monte Carlo, and the mean acceptance."""
        steps = step * rng.uniform(0.7, 1.3, size=(len(swarm.theta), 1))
        momentum = rng.normal(size=swarm.theta.shape)
        energy = swarm.height(b) - 0.5 * (momentum**2).sum(axis=1)
        there, momentum = swarm, momentum + 0.5 * steps * self._pulled(swarm, b)
        for i in range(leapfrogs):
            ahead = there.theta + self._by_mode(swarm.mode, steps * momentum, transposed=True)
            there = self._at(ahead, swarm.mode)
            last = i == leapfrogs - 1
            momentum = momentum + (0.5 if last else 1.0) * steps * self._pulled(there, b)
        gain = there.height(b) - 0.5 * (momentum**2).sum(axis=1) - energy
        gain = np.where(np.isnan(gain), -np.inf, gain)
        accepted = rng.random(len(gain)) < np.exp(np.minimum(gain, 0.0))
        return there.where(accepted, swarm), float(np.exp(np.minimum(gain, 0.0)).mean())

    def _pulled(self, swarm: _Swarm, b: float) -> Floats:
        """Gradients in the coordinates of the mode where each particle started."""
        return self._by_mode(swarm.mode, swarm.slope(b), transposed=False)

    def _by_mode(self, mode: Integers, vectors: Floats, *, transposed: bool) -> Floats:
        """Each vector multiplied by the factor P of its mode."""
        result = np.empty_like(vectors)
        for m in np.unique(mode):
            factor = self.peaks[m].factor
            result[mode == m] = vectors[mode == m] @ (factor.T if transposed else factor)
        return result
