"""Masses of modes by bridge sampling, where chains stay apart and Laplace's estimate decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.special import logsumexp

from bayes_gmm.data.rows import Floats
from bayes_gmm.inference.chains import nearest_modes, numbered_like
from bayes_gmm.inference.draws import Draws
from bayes_gmm.inference.modes import one_blas_thread
from bayes_gmm.inference.peaks import Peak
from bayes_gmm.model.density import Density

PROPOSALS = 1000
"""Evaluations of the log-posterior for each mode."""
FEWEST = 100
"""Draws of a mode from which on its mass can be told better than by Laplace's method."""
STEPS, TOLERANCE = 200, 1e-8


def settled_by_bridges(
    density: Density, draws: Draws, peaks: Sequence[Peak], *, seed: int = 0
) -> tuple[Peak, ...]:
    """The same peaks, with the masses that draws of their modes give them.

    For mode m, with q_m its proposals (a t about the peak) and p the posterior where m is the
    nearest mode, both numbered like the peak, the mass is E_q[p h] / E_p[q h] with the h that
    Meng & Wong (1996, eq. 4.1) show to be best.

    Parameters
    ----------
    density : Density
    draws : Draws
        Marked with their modes, with the statistic "lp".
    peaks : sequence of Peak
    seed : int
    """
    rng = np.random.default_rng(seed)
    mode = draws.mode.ravel()
    theta, log_p = draws.theta.reshape(mode.size, -1), np.ravel(draws.stats["lp"])
    with one_blas_thread():
        return tuple(
            peak
            if np.count_nonzero(mode == m) < FEWEST
            else replace(
                peak,
                log_evidence=_log_mass(density, peaks, m, theta[mode == m], log_p[mode == m], rng),
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
) -> float:
    peak, layout = peaks[m], density.layout
    drawn = numbered_like(theta, layout, peak.theta)
    proposed = peak.proposals(PROPOSALS, rng)
    heights = np.array([density.log_posterior(vector, jacobian=True) for vector in proposed])
    same_number = np.all(numbered_like(proposed, layout, peak.theta) == proposed, axis=1)
    inside = same_number & (nearest_modes(proposed, layout, peaks) == m) & ~np.isnan(heights)
    heights = np.where(inside, heights, -np.inf)
    return bridge(
        log_p - peak.proposal_log_density(drawn), heights - peak.proposal_log_density(proposed)
    )


def bridge(of_draws: Floats, of_proposals: Floats) -> float:
    """log of the mass of p, from log p - log q at draws from p and from q (Meng & Wong 1996).

    Examples
    --------
    >>> round(bridge(np.full(10, 2.5), np.full(20, 2.5)), 6)
    2.5
    """
    share = len(of_draws) / (len(of_draws) + len(of_proposals))
    log_share, log_rest = np.log(share), np.log1p(-share)
    log_mass = float(np.median(of_draws))
    for _ in range(STEPS):
        top = of_proposals - np.logaddexp(log_share + of_proposals, log_rest + log_mass)
        bottom = -np.logaddexp(log_share + of_draws, log_rest + log_mass)
        before, log_mass = (
            log_mass,
            float(logsumexp(top) - np.log(len(top)) - logsumexp(bottom) + np.log(len(bottom))),
        )
        if abs(log_mass - before) < TOLERANCE:
            break
    return log_mass
