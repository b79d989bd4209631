"""Influence of the prior on scales and correlations, relative to a fit without prior."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import minimize

from bayes_gmm.data.rows import Floats, Integers
from bayes_gmm.diagnostics.diagnostic import Diagnostic, plain
from bayes_gmm.inference.optimize.m_step import expected_log_posterior, moment_covariances
from bayes_gmm.model.density import Density
from bayes_gmm.model.parameters import Layout, Point
from bayes_gmm.model.points import Points
from bayes_gmm.model.prior.prior import Prior

if TYPE_CHECKING:
    from bayes_gmm.data.standardize import Standardizer
    from bayes_gmm.inference.sampling.draws import Draws
    from bayes_gmm.model.mixture import Mixture


@dataclass(frozen=True)
class InfluenceSettings:
    """Thresholds of the diagnostic."""

    largest: float = 1.0
    """Posterior standard deviations by which the prior may move a parameter without a warning."""
    fewest_draws: int = 50
    """Draws of the heaviest mode below which their standard deviations are too uncertain."""
    largest_correlation: float = 1.0 - 1e-9
    """Bound on correlations before their inverse hyperbolic tangent is taken."""


DEFAULTS = InfluenceSettings()


@dataclass(frozen=True, eq=False)
class LikelihoodEstimate:
    """Scales and correlations that maximise the likelihood, given the responsibilities.

    Attributes
    ----------
    n : ndarray, shape (K,)
        Expected number of rows of each component.
    log_scales : ndarray, shape (K, d)
        In standardised units.
    fisher_z : ndarray, shape (K, d, d)
        Inverse hyperbolic tangent of each correlation; 0 on the diagonal.
    """

    n: Floats
    log_scales: Floats
    fisher_z: Floats


@dataclass(frozen=True, eq=False)
class PriorInfluence:
    """Largest shift of a parameter of each component, in posterior standard deviations.

    NaN where the component holds too few rows for an estimate without the prior.

    Attributes
    ----------
    scales, correlations : ndarray, shape (K,)
    """

    scales: Floats
    correlations: Floats

    @property
    def largest(self) -> Floats:
        """The larger of both shifts, shape (K,); NaN where neither is known."""
        both = np.stack([self.scales, self.correlations])
        known = np.where(np.isnan(both), -np.inf, both).max(axis=0)
        return np.where(np.isinf(known), np.nan, known)

    def warned(self, settings: InfluenceSettings = DEFAULTS) -> list[int]:
        """Components that the prior moves by more than the threshold."""
        return [int(k) for k in np.flatnonzero(self.largest > settings.largest)]

    def numbered(self, order: Integers) -> PriorInfluence:
        """The record with renumbered components: ``order[k]`` becomes the k-th."""
        return PriorInfluence(self.scales[order], self.correlations[order])

    def to_dict(self) -> dict[str, list[float | None]]:
        """JSON-compatible record; NaN becomes None."""
        return {name: plain(getattr(self, name).tolist()) for name in ("scales", "correlations")}

    @classmethod
    def from_dict(cls, found: dict[str, Any]) -> PriorInfluence:
        """The inverse of `to_dict`."""
        of = {name: np.array([np.nan if x is None else x for x in found[name]]) for name in found}
        return cls(of["scales"], of["correlations"])

    def diagnostics(
        self, names: Sequence[str], settings: InfluenceSettings = DEFAULTS
    ) -> list[Diagnostic]:
        """One diagnostic if segments are moved by more than the threshold, else none.

        Examples
        --------
        >>> influence = PriorInfluence(np.array([0.2, 2.34]), np.array([0.1, 0.4]))
        >>> [found] = influence.diagnostics(["Segment 1", "Segment 2"])
        >>> found.subject, found.values
        (('Segment 2',), {'shifts': [2.34], 'threshold': 1.0})
        """
        moved = self.warned(settings)
        if not moved:
            return []
        shifts = [float(self.largest[k]) for k in moved]
        values = {"shifts": shifts, "threshold": settings.largest}
        return [Diagnostic("prior_influence", tuple(names[k] for k in moved), values)]


def likelihood_estimate(density: Density, point: Point) -> LikelihoodEstimate:
    """One M-step without a prior, at the responsibilities of a point.

    With g_k, G_k the derivatives of the log-likelihood in mu_k and Sigma_k, the scatter of the rows
    of component k about their own mean is n_k Sigma_k + 2 Sigma_k G_k Sigma_k - (Sigma_k g_k)
    (Sigma_k g_k)' / n_k. Scales and correlations that components share are pooled.
    """
    layout = density.layout
    K, d = layout.n_components, layout.n_features
    stats = density.statistics(point)
    n = np.maximum(stats[1 : 1 + K], 1e-300)
    Sigma = point.scale_trils @ point.scale_trils.mT
    G = stats[1 + K * (1 + d) :].reshape(K, d, d)
    pull = (Sigma @ stats[1 + K : 1 + K * (1 + d)].reshape(K, d, 1))[..., 0]
    scatter = n[:, None, None] * Sigma + 2.0 * Sigma @ G @ Sigma
    scatter -= pull[:, :, None] * pull[:, None, :] / n[:, None, None]
    return _pooled(layout, n, scatter)


def _pooled(layout: Layout, n: Floats, scatter: Floats) -> LikelihoodEstimate:
    K, d = layout.n_components, layout.n_features
    index = layout.indices.scale.ravel()
    squares = np.diagonal(scatter, axis1=1, axis2=2)
    variances = np.bincount(index, squares.ravel()) / np.bincount(index, np.repeat(n, d))
    log_scales = 0.5 * np.log(np.maximum(variances, 1e-300))[layout.indices.scale]
    if not layout.n_correlations:
        return LikelihoodEstimate(n, log_scales, np.zeros((K, d, d)))
    if not layout.n_covariances:
        return _of_tied_entries(layout, n, scatter)
    own = np.arange(K) if layout.n_covariances > 1 else np.zeros(K, dtype=np.int64)
    V = np.zeros((layout.n_covariances, d, d))
    np.add.at(V, own, scatter)
    sd = np.sqrt(np.maximum(np.diagonal(V, axis1=1, axis2=2), 1e-300))
    return LikelihoodEstimate(n, log_scales, fisher_z(V / sd[:, :, None] / sd[:, None, :])[own])


def _of_tied_entries(layout: Layout, n: Floats, scatter: Floats) -> LikelihoodEstimate:
    """The estimate if only scales or only correlations are shared, by numerical optimisation."""
    flat = Prior.flat().constants(layout.n_components, layout.n_features, layout.structure)
    start = np.zeros(layout.size)
    point = layout.point(start)
    moment_covariances(n, scatter, layout.indices, point, flat, start)
    first = layout.scales.start

    def objective(covariances: Floats) -> tuple[float, Floats]:
        theta = np.r_[start[:first], covariances]
        slope = np.empty(layout.size)
        value = expected_log_posterior(theta, n, scatter, layout.indices, point, flat, slope)
        return -value / n.sum(), -slope[first:] / n.sum()

    found = minimize(objective, start[first:], jac=True, method="L-BFGS-B", options={"gtol": 1e-7})
    points = Points.of(layout, np.r_[start[:first], found.x])
    R = points.corr_chol @ points.corr_chol.mT
    return LikelihoodEstimate(n, np.log(points.scales), fisher_z(R))


def fisher_z(correlations: Floats, settings: InfluenceSettings = DEFAULTS) -> Floats:
    """atanh of correlations (..., d, d), with zeros on the diagonal."""
    bound = settings.largest_correlation
    z = np.arctanh(np.clip(correlations, -bound, bound))
    d = correlations.shape[-1]
    z[..., np.arange(d), np.arange(d)] = 0.0
    return z


def influence_at_mode(
    density: Density, mixture: Mixture, units: Standardizer
) -> PriorInfluence | None:
    """At a MAP: posterior standard deviations are taken as 1 / sqrt(2 n) and 1 / sqrt(n).

    These are the asymptotic ones of log sigma and of atanh r for the n rows that determine the
    parameter (Fisher 1921). None where a covariance is singular.
    """
    point = point_of(density, mixture, units)
    if point is None:
        return None
    estimate = likelihood_estimate(density, point)
    sd = np.linalg.norm(point.scale_trils, axis=2)
    R = point.scale_trils @ point.scale_trils.mT / sd[:, :, None] / sd[:, None, :]
    of_scales, of_correlations = _rows_behind(density.layout, estimate.n)
    return _influence(
        estimate, np.log(sd), 1.0 / np.sqrt(2.0 * of_scales),
        fisher_z(R), 1.0 / np.sqrt(of_correlations[:, None, None]),
    )  # fmt: skip


def point_of(density: Density, mixture: Mixture, units: Standardizer) -> Point | None:
    """A mixture in the user's units as a point of the density; None if a covariance is singular."""
    reported = units.standard_covariances(mixture.covariances)
    covariances = reported - np.diag(density.beyond_rounding)
    try:
        scale_trils = np.linalg.cholesky(covariances)
    except np.linalg.LinAlgError:
        return None
    with np.errstate(divide="ignore"):
        log_weights = np.log(mixture.weights)
    return Point(
        log_weights,
        units.standard_means(mixture.means),
        np.sqrt(np.diagonal(covariances, axis1=1, axis2=2)).ravel(),
        np.empty((0, *covariances.shape[1:])),
        scale_trils,
    )


def influence_of_draws(
    density: Density,
    mixture: Mixture,
    units: Standardizer,
    draws: Draws,
    settings: InfluenceSettings = DEFAULTS,
) -> PriorInfluence | None:
    """Influence from posterior means and standard deviations of log sigma and atanh r.

    They are computed from the draws of the heaviest mode. Return None if these are too few, or if
    a covariance is singular.

    Parameters
    ----------
    density : Density
        The sampled density.
    mixture : Mixture
        The optimum of the first mode, numbered like the draws.
    units : Standardizer
    draws : Draws
        Relabelled draws.
    """
    layout, theta = draws.layout, draws.theta[draws.mode == 0]
    point = point_of(density, mixture, units)
    if point is None or len(theta) < settings.fewest_draws:
        return None
    estimate, points = likelihood_estimate(density, point), Points.of(layout, theta)
    log_scales, z = np.log(points.scales), fisher_z(points.corr_chol @ points.corr_chol.mT)
    return _influence(
        estimate, log_scales.mean(axis=0), log_scales.std(axis=0), z.mean(axis=0), z.std(axis=0)
    )


def _rows_behind(layout: Layout, n: Floats) -> tuple[Floats, Floats]:
    """Rows that determine each scale, shape (K, d), and the correlations, shape (K,)."""
    index, corr = layout.indices.scale, layout.indices.corr
    of_scales = np.bincount(index.ravel(), np.repeat(n, layout.n_features))[index]
    if not layout.n_correlations:
        return of_scales, n
    return of_scales, np.bincount(corr, n)[corr]


def _influence(
    estimate: LikelihoodEstimate, log_scales: Floats, sd: Floats, z: Floats, z_sd: Floats
) -> PriorInfluence:
    d = log_scales.shape[1]
    known = estimate.n > d
    shift = np.abs(log_scales - estimate.log_scales) / np.maximum(sd, 1e-12)
    shift_z = np.abs(z - estimate.fisher_z) / np.maximum(z_sd, 1e-12)
    return PriorInfluence(
        np.where(known, shift.max(axis=1), np.nan),
        np.where(known & (d > 1), shift_z.max(axis=(1, 2)), np.nan),
    )
