r"""The evidence of K components from that of K - 1, by bridge sampling.

If there are more components than groups, proposals cannot be fitted to the posterior: components
with few rows are almost unconstrained, and several components can share a group in many ways. But
without one component it is close to the posterior of K - 1. With :math:`\theta_{-k}` the mixture
without component k
and :math:`e_k` the log odds of its weight and its own parameters, the density

.. math:: q(\theta) = \frac1{K - 1} \sum_k p(X, \theta_{-k}) \, g(e_k)

has the integral p(X | K - 1): it is that of a draw from K - 1 components to which one from g is
added, under any number. Bridging from draws of K to such gives p(X | K) / p(X | K - 1). Only that
both posteriors are the same under all numberings is used (for components left empty see Nobile
2004).
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp

from bayes_gmm.data.rows import Floats
from bayes_gmm.inference.evidence.bridge import bridge_span
from bayes_gmm.inference.evidence.monte_carlo_error import (
    Mask,
    Mass,
    both_ways,
    by_chain,
    halves,
    mass_of_span,
)
from bayes_gmm.inference.evidence.proposals import Proposals
from bayes_gmm.inference.modes.mode import FoundMode
from bayes_gmm.inference.sampling.draws import Draws
from bayes_gmm.inference.sampling.laplace_approximation import peaks_of
from bayes_gmm.inference.sampling.nuts import sample_nuts
from bayes_gmm.inference.sampling.peak import Peak
from bayes_gmm.jit.threads import one_blas_thread
from bayes_gmm.model.density import Density
from bayes_gmm.model.parameters import Layout
from bayes_gmm.model.points import renumbered

MOST_DRAWS = 2000
"""Maximum number of draws from each posterior for a bridge, over both halves."""
PARTS = 4
"""Maximum number of parts of g."""
ROUNDS = 3
"""Iterations to estimate g and the probability that each component is the additional one."""


def without_one(density: Density) -> Density:
    """The same with one component fewer; the parameters of the prior stay what they are."""
    layout = density.layout
    fewer = Layout(layout.n_components - 1, layout.n_features, layout.structure)
    prior = density.prior.with_components(density.prior.concentration[1:], fewer.n_covariances)
    return replace(density, layout=fewer, prior=prior)


def log_bayes_factor(
    density: Density, draws: Draws, fewer: Density, draws_of_fewer: Draws, *, seed: int = 0
) -> Mass:
    """log p(X | K) - log p(X | K - 1), its error, and its effective sample size.

    Parameters
    ----------
    density : Density
        Of K > 1 components.
    draws : Draws
        From it, numbered anyhow, with the statistic "lp".
    fewer : Density
        Of K - 1 components, on the same rows; its priors may differ.
    draws_of_fewer : Draws
        From that.
    seed : int
    """
    rng = np.random.default_rng(seed)
    a, b = _thinned(draws), _thinned(draws_of_fewer)
    with one_blas_thread():
        removed = Removed.of(density, fewer, a.theta.reshape(-1, density.layout.size))
        return both_ways(*(
            _one_way(density, removed, a, b, fitted, rng) for fitted in (0, 1)
        ))  # fmt: skip


def _thinned(draws: Draws) -> Draws:
    """Draws evenly spaced along the chains, an even number from each chain."""
    each = min(draws.n_draws, max(2, MOST_DRAWS // draws.n_chains)) // 2 * 2
    at = ((np.arange(each) + 0.5) * draws.n_draws / each).astype(np.int64)
    return replace(
        draws, theta=draws.theta[:, at], mode=draws.mode[:, at],
        stats={"lp": draws.stats["lp"][:, at]}, origin=None,
    )  # fmt: skip


class Removed(NamedTuple):
    """Mixtures of K components without each of these in turn.

    Attributes
    ----------
    heights : ndarray, shape (n, K)
        log p(X, theta_-k).
    extras : ndarray, shape (n, K, e)
        e_k.
    fewer : Density
        Of K - 1 components.
    """

    heights: Floats
    extras: Floats
    fewer: Density

    @classmethod
    def of(cls, density: Density, fewer: Density, theta: Floats) -> Removed:
        """At vectors of shape (n, p)."""
        heights, extras = [], []
        for k in range(density.layout.n_components):
            rest, extra = removed(density.layout, theta, k)
            values = fewer.log_posteriors(rest, jacobian=True)
            heights.append(np.where(np.isnan(values), -np.inf, values))
            extras.append(extra)
        return cls(np.stack(heights, axis=1), np.stack(extras, axis=1), fewer)

    def at(self, which: Mask) -> Removed:
        """Of some of the mixtures."""
        return self._replace(heights=self.heights[which], extras=self.extras[which])

    def log_terms(self, g: Proposals) -> Floats:
        """log of the terms of q, shape (n, K)."""
        n, K, e = self.extras.shape
        return np.asarray(self.heights + g.log_density(self.extras.reshape(-1, e)).reshape(n, K))

    def log_q(self, g: Proposals) -> Floats:
        """log q, shape (n,)."""
        return np.asarray(
            logsumexp(self.log_terms(g), axis=1) - math.log(self.heights.shape[1] - 1)
        )

    def fitted(self, rng: np.random.Generator) -> Proposals:
        """g of what seems one too many: each time one is drawn by what g said of it before."""
        n = len(self.heights)
        log_terms = self.heights
        for _ in range(ROUNDS):
            k = np.argmax(log_terms + rng.gumbel(size=log_terms.shape), axis=1)
            g = Proposals.fitted(self.extras[np.arange(n), k], PARTS, rng)
            log_terms = self.log_terms(g)
        return g


def _one_way(
    density: Density, removed: Removed, a: Draws, b: Draws, fitted: int, rng: np.random.Generator
) -> Mass:
    """With g fitted to one half of the draws of K, from the other to those of K - 1."""
    of_a, of_b = (halves(np.ones(draws.mode.shape, bool)) for draws in (a, b))
    kept = of_a[1 - fitted]
    g = removed.at(of_a[fitted].ravel()).fitted(rng)
    base = b.theta[of_b[fitted]]
    theta = added(density.layout, base, rng.permutation(g.drawn(len(base), rng)))
    heights = density.log_posteriors(theta, jacobian=True)
    heights = np.where(np.isnan(heights), -np.inf, heights)
    log_q = Removed.of(density, removed.fewer, theta).log_q(g)
    log_p = np.asarray(a.stats["lp"], dtype=np.float64)[kept]
    span = bridge_span(log_p - removed.at(kept.ravel()).log_q(g), heights - log_q)
    return mass_of_span(
        span, by_chain(span.of_draws, kept), by_chain(span.of_proposals, of_b[fitted])
    )


def removed(layout: Layout, theta: Floats, k: int) -> tuple[Floats, Floats]:
    """Vectors (n, p) without component k, shape (n, p'), and what it was like, shape (n, e).

    That is the log odds of its weight, its mean, and the scales and correlations of its own.
    """
    K = layout.n_components
    last = np.r_[np.delete(np.arange(K), k), k]
    theta = renumbered(layout, theta, last)
    y = np.column_stack([theta[:, : K - 1], -theta[:, : K - 1].sum(axis=1)])
    rest = y[:, :-1] - y[:, :-1].mean(axis=1, keepdims=True)
    log_odds = y[:, -1] * K / (K - 1) - logsumexp(rest, axis=1)
    stay, go = [rest[:, :-1]], [log_odds[:, None]]
    for part, own in _parts(layout):
        n_own = (part.stop - part.start) // K if own else 0
        stay.append(theta[:, part.start : part.stop - n_own])
        go.append(theta[:, part.stop - n_own : part.stop])
    return np.concatenate(stay, axis=1), np.concatenate(go, axis=1)


def added(layout: Layout, rest: Floats, extra: Floats) -> Floats:
    """The inverse: mixtures (n, p') with a last component of what `extra` (n, e) says."""
    K = layout.n_components
    y = np.column_stack([rest[:, : K - 2], -rest[:, : K - 2].sum(axis=1)])
    gap = extra[:, :1] + logsumexp(y, axis=1, keepdims=True)
    theta = [y - gap / K]
    at, of_extra = K - 2, 1
    for part, own in _parts(layout):
        size = part.stop - part.start
        n_own = size // K if own else 0
        theta += [rest[:, at : at + size - n_own], extra[:, of_extra : of_extra + n_own]]
        at, of_extra = at + size - n_own, of_extra + n_own
    return np.concatenate(theta, axis=1)


def _parts(layout: Layout) -> list[tuple[slice, bool]]:
    """Means, scales and correlations in a vector, and whether each component has its own."""
    structure = layout.structure
    return [
        (layout.means, True),
        (layout.scales, structure.scales.startswith("component")),
        (layout.correlations, structure.correlations == "component"),
    ]


def draws_without_one(
    density: Density, draws: Draws, *, seed: int = 0
) -> tuple[Density, tuple[Peak, ...], Draws]:
    """The posterior with one component fewer: its density, its peak, and draws.

    Chains start at draws of the larger posterior without one component, resampled to approximate
    draws of the smaller posterior.
    """
    rng = np.random.default_rng(seed)
    fewer, few = without_one(density), _thinned(draws)
    theta = few.theta.reshape(-1, density.layout.size)
    # Chains that stand still would send all new ones to where they stand.
    moved = np.unique(theta[:, 0], return_index=True)[1]
    theta, log_p = theta[moved], np.ravel(few.stats["lp"])[moved]
    with one_blas_thread():
        without = Removed.of(density, fewer, theta)
        log_w = without.log_terms(without.fitted(rng)) - log_p[:, None]
        pick = np.argsort(-(log_w + rng.gumbel(size=log_w.shape)), axis=None)
        draw, k = np.unravel_index(pick[: max(100, 4 * draws.n_chains)], log_w.shape)
        starts = np.concatenate([
            removed(density.layout, theta[i : i + 1], int(c))[0]
            for i, c in zip(draw, k, strict=True)
        ])  # fmt: skip
        best = starts[np.argmax(without.heights[draw, k])]
        height = fewer.log_posterior(best, jacobian=True)
        peaks = peaks_of(fewer, [FoundMode(best, fewer.layout, height, 0.0, True, ())])
    narrow = np.diag(0.5 * starts.std(axis=0))
    about = [Peak(start, narrow, height, 0.0) for start in starts[: draws.n_chains]]
    drawn = sample_nuts(fewer, about, draws=draws.n_draws, chains=draws.n_chains, seed=seed)
    return fewer, peaks, replace(drawn, mode=np.zeros_like(drawn.mode))
