"""Proposals fitted to draws: a mixture of t distributions, for non-normal posteriors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.cluster.vq import kmeans2
from scipy.linalg import solve_triangular
from scipy.special import logsumexp

from bayes_gmm.data.rows import Floats
from bayes_gmm.inference.evidence.settings import ProposalSettings
from bayes_gmm.inference.sampling.peak import Peak


@dataclass(frozen=True)
class Proposals:
    """sum_j a_j t_nu(theta; m_j, P_j P_j').

    Attributes
    ----------
    parts : tuple of Peak
        Components; the `log_evidence` of part j is log a_j.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> two_heaps = rng.normal(size=(400, 3)) + 9.0 * rng.integers(0, 2, size=(400, 1))
    >>> proposals = Proposals.fitted(two_heaps, 2, rng)
    >>> [round(math.exp(part.log_evidence), 1) for part in proposals.parts]
    [0.5, 0.5]
    """

    parts: tuple[Peak, ...]

    @classmethod
    def fitted(
        cls,
        theta: Floats,
        n_parts: int,
        rng: np.random.Generator,
        *,
        factors: Sequence[Floats] = (),
        settings: ProposalSettings = ProposalSettings(),
    ) -> Proposals:
        """Fit by a few steps of EM from k-means; correlations are shrunk.

        Repeated vectors count once, so that chains with rejected moves do not bias covariances.

        Parameters
        ----------
        theta : ndarray, shape (n, p)
        n_parts : int
            Maximum number of components; those with too few vectors are dropped.
        rng : Generator
        factors : sequence of ndarray, shape (p, p)
            Factors P of candidate covariances P P' of the draws, such as that of a mode. Shrinkage
            is tried in their coordinates too (see `shrinkage_factor`).
        settings : ProposalSettings
        """
        theta = theta[np.sort(np.unique(theta[:, 0], return_index=True)[1])]
        n, p = theta.shape
        n_parts = max(1, min(n_parts, int(n / (settings.fewest + p / 2))))
        factor = shrinkage_factor(theta, factors, settings)
        r = np.ones((n, 1))
        if n_parts > 1:
            # Whitened, so that directions common to all draws do not dominate the distances.
            label = kmeans2(_whitened(theta, factor), n_parts, minit="++", rng=rng)[1]
            r = np.eye(n_parts)[label]
        for _ in range(settings.steps if n_parts > 1 else 1):
            kept = np.argsort(-r.sum(axis=0))
            enough = r.sum(axis=0)[kept] >= settings.fewest + p / 2
            kept = kept[enough] if len(kept) > 1 else kept
            kept = kept if len(kept) else np.argsort(-r.sum(axis=0))[:1]
            parts = [_part(theta, r[:, j], factor) for j in kept]
            log_r = np.transpose([_log_normal(theta, part) for part in parts])
            r = np.exp(log_r - logsumexp(log_r, axis=1, keepdims=True))
        log_total = logsumexp([part.log_evidence for part in parts])
        return cls(
            tuple(replace(part, log_evidence=part.log_evidence - log_total) for part in parts)
        )

    def drawn(self, n: int, rng: np.random.Generator) -> Floats:
        """n vectors, shape (n, p)."""
        fractions = np.exp([part.log_evidence for part in self.parts])
        counts = rng.multinomial(n, fractions / fractions.sum())
        of_parts = [
            part.proposals(int(count), rng) for part, count in zip(self.parts, counts, strict=True)
        ]
        return np.concatenate(of_parts)

    def log_density(self, theta: Floats) -> Floats:
        """Log density at vectors of shape (n, p)."""
        terms = [part.log_evidence + part.proposal_log_density(theta) for part in self.parts]
        return np.asarray(logsumexp(terms, axis=0))


def shrinkage_factor(
    theta: Floats, factors: Sequence[Floats] = (), settings: ProposalSettings = ProposalSettings()
) -> Floats | None:
    """Factor of the coordinates in which correlations are shrunk; None for the original ones.

    If a correlation of 0.9998 is shrunk by 1 %, proposals are 7 times as wide as the posterior in
    that direction, and few of them are effective. In coordinates in which the vectors are nearly
    uncorrelated, shrinkage does not have this effect. Candidates are the coordinates of the
    covariance of the vectors and those of `factors`. The choice is the one in which a normal
    distribution fitted to either half of the vectors has the highest density at the other half.

    Parameters
    ----------
    theta : ndarray, shape (n, p)
    factors : sequence of ndarray, shape (p, p)
        Lower triangular P, for the coordinates P^-1 theta.
    settings : ProposalSettings
    """
    middle = len(theta) // 2
    if middle < settings.fewest:
        return None
    halves = theta[:middle], theta[middle:]
    own = [_sample_factor(vectors, settings.vectors_per_parameter) for vectors in (*halves, theta)]
    # Each candidate is a triple of factors: from one half, from the other, and from all vectors.
    candidates: list[list[Floats | None]] = [[factor] * 3 for factor in (None, *factors)]
    if all(factor is not None for factor in own):
        candidates.append(own)

    def fit_of_other_half(candidate: list[Floats | None]) -> float:
        one, other = (
            _part(half, np.ones(len(half)), factor)
            for half, factor in zip(halves, candidate[:2], strict=True)
        )
        log_densities = one.proposal_log_density(halves[1]), other.proposal_log_density(halves[0])
        return float(np.concatenate(log_densities).mean())

    return max(candidates, key=fit_of_other_half)[2]


def _sample_factor(theta: Floats, vectors_per_parameter: float) -> Floats | None:
    """Cholesky factor of the covariance of the vectors, or None if they are too few."""
    n, p = theta.shape
    if n < vectors_per_parameter * p:
        return None
    try:
        return np.linalg.cholesky(np.cov(theta.T).reshape(p, p))
    except np.linalg.LinAlgError:
        return None


def _whitened(theta: Floats, factor: Floats | None) -> Floats:
    centred = theta - theta.mean(axis=0)
    covariance = shrunk_covariance(centred, np.ones(len(theta)), factor)
    return np.asarray(solve_triangular(np.linalg.cholesky(covariance), centred.T, lower=True).T)


def _part(theta: Floats, weights: Floats, factor: Floats | None) -> Peak:
    """Mean and covariance of weighted vectors, and the log of their fraction of all vectors."""
    total = weights.sum()
    mean = weights @ theta / total
    root = np.linalg.cholesky(shrunk_covariance(theta - mean, weights, factor))
    return Peak(mean, root, log_evidence=math.log(total / len(theta)))


def _log_normal(theta: Floats, part: Peak) -> Floats:
    xi = part.coordinates(theta)
    return np.asarray(part.log_evidence - part.log_det - 0.5 * (xi * xi).sum(axis=1))


def shrunk_covariance(centred: Floats, weights: Floats, factor: Floats | None = None) -> Floats:
    """Covariance of weighted vectors with shrunk correlations.

    By Schäfer & Strimmer (2005): correlations r_ab become (1 - l) r_ab with
    l = sum var(r_ab) / sum r_ab^2, at most 1, over a != b.

    Parameters
    ----------
    centred : ndarray, shape (n, p)
    weights : ndarray, shape (n,)
    factor : ndarray, shape (p, p), optional
        Lower triangular P: correlations are shrunk in the coordinates P^-1 x.
    """
    if factor is not None:
        z = solve_triangular(factor, centred.T, lower=True).T
        return np.asarray(factor @ shrunk_covariance(z, weights) @ factor.T)
    total = weights.sum()
    sd = np.sqrt(np.maximum(weights @ centred**2 / total, 1e-300))
    z = centred / sd
    R = (weights[:, None] * z).T @ z / total
    z2 = z * z
    noise = (weights[:, None] * z2).T @ z2 / total - R * R
    off = ~np.eye(len(sd), dtype=bool)
    effective = total**2 / float(weights @ weights)
    signal = float((R[off] ** 2).sum())
    shrinkage = min(1.0, float(noise[off].sum()) / effective / signal) if signal > 0.0 else 0.0
    R[off] *= 1.0 - shrinkage
    return np.asarray(R * np.outer(sd, sd))
