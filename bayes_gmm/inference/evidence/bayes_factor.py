r"""The evidence of K components from that of K - 1, by bridge sampling.

If there are more components than groups, proposals cannot be fitted to the posterior: components
with few rows are almost unconstrained, and several components can share a group in many ways.
However, the posterior of K components without one of them is close to that of K - 1. Let
:math:`\theta_{-k}` be the mixture without component k, and :math:`e_k` the log odds of the weight
of component k and its other parameters. The density

.. math:: q(\theta) = \frac1{K - 1} \sum_k p(X, \theta_{-k}) \, g(e_k)

has the integral p(X | K - 1): it is the density of a draw of K - 1 components, with a component
from g inserted at any position. Bridge sampling between draws of K and such mixtures gives
p(X | K) / p(X | K - 1). The only assumption is that both posteriors are invariant to the numbering
(for empty components see Nobile 2004).
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
from bayes_gmm.inference.evidence.settings import EvidenceSettings
from bayes_gmm.inference.optimize.run import Run
from bayes_gmm.inference.sampling.draws import Draws
from bayes_gmm.inference.sampling.laplace_approximation import peak_of
from bayes_gmm.inference.sampling.nuts import sample_chains
from bayes_gmm.inference.sampling.peak import Peak
from bayes_gmm.jit.threads import one_blas_thread
from bayes_gmm.model.density import Density
from bayes_gmm.model.parameters import Layout
from bayes_gmm.model.points import renumbered


def without_one(density: Density) -> Density:
    """The density with one component fewer and the same parameters of the prior."""
    layout = density.layout
    fewer = Layout(layout.n_components - 1, layout.n_features, layout.structure)
    prior = density.prior.with_components(density.prior.concentration[1:], fewer.n_covariances)
    return replace(density, layout=fewer, prior=prior)


def log_bayes_factor(
    density: Density,
    draws: Draws,
    fewer: Density,
    draws_of_fewer: Draws,
    *,
    seed: int = 0,
    settings: EvidenceSettings = EvidenceSettings(),
) -> Mass:
    """log p(X | K) - log p(X | K - 1), its error, and its effective sample size.

    Parameters
    ----------
    density : Density
        Density of K > 1 components.
    draws : Draws
        Draws from it, with any numbering of components and the statistic "lp".
    fewer : Density
        Density of K - 1 components on the same rows; its priors may differ.
    draws_of_fewer : Draws
        Draws from `fewer`.
    seed : int
    settings : EvidenceSettings
    """
    rng = np.random.default_rng(seed)
    most = settings.bayes_factor.most_draws
    a, b = _thinned(draws, most), _thinned(draws_of_fewer, most)
    with one_blas_thread():
        removed = Removed.of(density, fewer, a.theta.reshape(-1, density.layout.size))
        return both_ways(*(
            _one_way(density, removed, a, b, fitted, rng, settings) for fitted in (0, 1)
        ))  # fmt: skip


def _thinned(draws: Draws, most: int) -> Draws:
    """Draws evenly spaced along the chains, an even number from each chain."""
    each = min(draws.n_draws, max(2, most // draws.n_chains)) // 2 * 2
    at = ((np.arange(each) + 0.5) * draws.n_draws / each).astype(np.int64)
    return replace(
        draws, theta=draws.theta[:, at], mode=draws.mode[:, at],
        stats={"lp": draws.stats["lp"][:, at]}, origin=None,
    )  # fmt: skip


class Removed(NamedTuple):
    """Mixtures of K components, and the K mixtures that result from removing one of them.

    Attributes
    ----------
    heights : ndarray, shape (n, K)
        log p(X, theta_-k).
    extras : ndarray, shape (n, K, e)
        e_k.
    fewer : Density
        Density of K - 1 components.
    """

    heights: Floats
    extras: Floats
    fewer: Density

    @classmethod
    def of(cls, density: Density, fewer: Density, theta: Floats) -> Removed:
        """Remove each component of vectors of shape (n, p)."""
        heights, extras = [], []
        for k in range(density.layout.n_components):
            rest, extra = removed(density.layout, theta, k)
            values = fewer.log_posteriors(rest, jacobian=True)
            heights.append(np.where(np.isnan(values), -np.inf, values))
            extras.append(extra)
        return cls(np.stack(heights, axis=1), np.stack(extras, axis=1), fewer)

    def at(self, which: Mask) -> Removed:
        """Select mixtures by a mask."""
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

    def fitted(self, rng: np.random.Generator, settings: EvidenceSettings) -> Proposals:
        """g, fitted to one component of each mixture, drawn in proportion to the terms of q."""
        n = len(self.heights)
        log_terms = self.heights
        for _ in range(settings.bayes_factor.rounds):
            k = np.argmax(log_terms + rng.gumbel(size=log_terms.shape), axis=1)
            g = Proposals.fitted(
                self.extras[np.arange(n), k], settings.bayes_factor.parts, rng,
                settings=settings.proposals,
            )  # fmt: skip
            log_terms = self.log_terms(g)
        return g


def _one_way(
    density: Density,
    removed: Removed,
    a: Draws,
    b: Draws,
    fitted: int,
    rng: np.random.Generator,
    settings: EvidenceSettings,
) -> Mass:
    """The bridge from one half of the draws of K to those of K - 1, with g from the other half."""
    bridge = settings.bridge
    of_a, of_b = (halves(np.ones(draws.mode.shape, bool), bridge.fewest) for draws in (a, b))
    kept = of_a[1 - fitted]
    g = removed.at(of_a[fitted].ravel()).fitted(rng, settings)
    base = b.theta[of_b[fitted]]
    theta = added(density.layout, base, rng.permutation(g.drawn(len(base), rng)))
    heights = density.log_posteriors(theta, jacobian=True)
    heights = np.where(np.isnan(heights), -np.inf, heights)
    log_q = Removed.of(density, removed.fewer, theta).log_q(g)
    log_p = np.asarray(a.stats["lp"], dtype=np.float64)[kept]
    of_draws = log_p - removed.at(kept.ravel()).log_q(g)
    span = bridge_span(of_draws, heights - log_q, bridge.tolerance)
    chains = by_chain(span.of_draws, kept), by_chain(span.of_proposals, of_b[fitted])
    return mass_of_span(span, *chains, settings=bridge)


def removed(layout: Layout, theta: Floats, k: int) -> tuple[Floats, Floats]:
    """Vectors (n, p) without component k, shape (n, p'), and its parameters, shape (n, e).

    The parameters of k are the log odds of its weight, its mean, and its scales and correlations
    unless they are shared.
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
    """The inverse of removal: add a component with parameters (n, e) to mixtures (n, p')."""
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
    density: Density,
    draws: Draws,
    *,
    seed: int = 0,
    settings: EvidenceSettings = EvidenceSettings(),
) -> tuple[Density, Peak, Draws]:
    """The posterior with one component fewer: its density, its mode, and draws.

    Chains start at draws of the larger posterior without one component, resampled to approximate
    draws of the smaller posterior.
    """
    rng, options = np.random.default_rng(seed), settings.bayes_factor
    fewer, few = without_one(density), _thinned(draws, options.most_draws)
    theta = few.theta.reshape(-1, density.layout.size)
    # Repeated draws of chains that do not move count once.
    moved = np.unique(theta[:, 0], return_index=True)[1]
    theta, log_p = theta[moved], np.ravel(few.stats["lp"])[moved]
    with one_blas_thread():
        without = Removed.of(density, fewer, theta)
        log_w = without.log_terms(without.fitted(rng, settings)) - log_p[:, None]
        pick = np.argsort(-(log_w + rng.gumbel(size=log_w.shape)), axis=None)
        n_starts = max(options.fewest_starts, options.starts_per_chain * draws.n_chains)
        draw, k = np.unravel_index(pick[:n_starts], log_w.shape)
        starts = np.concatenate([
            removed(density.layout, theta[i : i + 1], int(c))[0]
            for i, c in zip(draw, k, strict=True)
        ])  # fmt: skip
        best = starts[np.argmax(without.heights[draw, k])]
        peak = peak_of(fewer, Run(best, fewer.layout, fewer.log_posterior(best), log_evidence=0.0))
    narrow = np.diag(options.dispersion * starts.std(axis=0))
    about = [Peak(start, narrow) for start in starts[: draws.n_chains]]
    drawn = sample_chains(fewer, about, np.arange(len(about)), draws=draws.n_draws, seed=seed)
    return fewer, peak, replace(drawn, mode=np.zeros_like(drawn.mode))
