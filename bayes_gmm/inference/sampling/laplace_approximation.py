"""Laplace's approximation: the mode of the density of theta, and the curvature there.

Samplers move in coordinates xi, theta = theta0 + P xi, in which the posterior about the mode has
about unit curvature, so that they have little left to learn.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bayes_gmm.data.rows import Floats
from bayes_gmm.inference.modes.deduplicate import distinct
from bayes_gmm.inference.modes.mode import FoundMode
from bayes_gmm.inference.optimize.hessian import AFFORDABLE, hessian, hessian_cost
from bayes_gmm.inference.optimize.newton import polish
from bayes_gmm.inference.optimize.whitening import Whitening
from bayes_gmm.inference.sampling.peak import LEAST_NU, Peak
from bayes_gmm.jit.threads import one_blas_thread
from bayes_gmm.model.density import Density

LEAST_CURVATURE = 1e-2
"""Of a direction, in units of its curvature if all labels were known; below, it is taken for this.

Without this limit, the normal approximation would be unbounded if labels are not informative.
"""
ROWS_A_NU = 20
"""Rows of a component for each degree of freedom beyond these.

A component that shares no row with others is nearly t in as many as it has rows; the more the
components overlap, the fewer rows tell.
"""
LOOKS = 50
"""Number of points at which a posterior is compared with its normal approximation."""
SMALLEST_WEIGHT = 1e-3
"""A component that the mode leaves empty starts with this weight."""
SAME = 0.05
"""Distance (see `distinct`) of two vectors that are one peak."""
GRID = 2.0**-10
"""To which coordinates are rounded, in standard deviations.

Samplers need them roughly; and what differs in the last digit from one number of cores to another
is then the same.
"""


def peaks_of(density: Density, modes: Sequence[FoundMode]) -> tuple[Peak, ...]:
    """The peak of each mode.

    Modes that are two by the density of (weights, means, scales, corr_chol) may share one peak of
    theta's own: the peak then has the first one's mass, and that of the others is unknown.

    Parameters
    ----------
    density : Density
    modes : sequence of FoundMode
        By falling mass.
    """
    with one_blas_thread():
        peaks = [_peak(density, mode) for mode in modes]
    own: list[Peak] = []
    for peak in peaks:
        if len(distinct(density.layout, [*own, peak], distance=SAME)) > len(own):
            own.append(peak)
    return tuple(
        peak if any(peak is one for one in own) else replace(peak, log_evidence=math.nan)
        for peak in peaks
    )


def _peak(density: Density, mode: FoundMode) -> Peak:
    """The vector of a mode with empty components, instead of the mode in theta.

    The mode in theta would assign rows to the empty components, far from most of the mass.
    """
    theta = _full_vector(density, mode)
    if mode.layout == density.layout:
        peak = polish(density, theta, jacobian=True, max_iter=200)
        if np.all(np.isfinite(peak.theta)):
            theta = peak.theta
    factor = inverse_factor(density, theta)
    theta, factor = _rounded(theta, factor)
    value = density.log_posterior(theta, jacobian=True)
    nu = density.rows.total_weight / (ROWS_A_NU * density.layout.n_components)
    return Peak(theta, factor, value, mode.log_evidence, max(nu, LEAST_NU))


def _full_vector(density: Density, mode: FoundMode) -> Floats:
    """The mode's vector, with the components that it leaves empty."""
    layout = density.layout
    if mode.layout == layout:
        return mode.theta
    point = mode.point(density)
    weights = np.maximum(np.exp(point.log_weights), SMALLEST_WEIGHT)
    sd = np.sqrt((point.scale_trils**2).sum(axis=2))
    # What components share is that of the first one to use it, which is not an empty one.
    scales = sd.ravel()[np.unique(layout.indices.scale, return_index=True)[1]]
    users = np.unique(layout.indices.corr, return_index=True)[1][: layout.n_correlations]
    corr_chol = (point.scale_trils / sd[:, :, None])[users]
    return layout.pack(weights / weights.sum(), point.means, scales, corr_chol)


def inverse_factor(density: Density, theta: Floats) -> Floats:
    """Lower triangular P with P P' the inverse of the negative Hessian of theta's density.

    Where the Hessian costs too much, of the expected information of complete data.
    """
    whitening = Whitening(density, theta)
    W = whitening.forward(np.eye(len(theta))).T
    if hessian_cost(density) <= AFFORDABLE:
        H = hessian(density, theta, whitening, jacobian=True)
        if np.all(np.isfinite(H)):
            curvature, axes = np.linalg.eigh(H)
            W = W @ (axes / np.sqrt(np.maximum(curvature, LEAST_CURVATURE)))
    R = np.linalg.qr(W.T, mode="r")
    return R.T * np.sign(np.diagonal(R))


def _rounded(theta: Floats, factor: Floats) -> tuple[Floats, Floats]:
    sd = np.sqrt((factor**2).sum(axis=1))
    unit = GRID * 2.0 ** np.round(np.log2(sd))
    return np.round(theta / unit) * unit, np.round(factor / unit[:, None]) * unit[:, None]


def departure_from_normal(density: Density, peak: Peak, rng: np.random.Generator) -> float:
    """How far the log-posterior about a peak is from a parabola, for each direction.

    Standard deviation of log p(theta0 + P xi) + |xi|^2 / 2 over xi ~ Normal(0, I), divided by
    sqrt(p): 0 for a normal posterior, about 1 where third derivatives are as large as second.
    """
    xi = rng.normal(size=(LOOKS, len(peak.theta)))
    heights = density.log_posteriors(peak.at(xi), jacobian=True)
    departures = heights + 0.5 * (xi**2).sum(axis=1)
    if not np.all(np.isfinite(departures)):
        return math.inf
    return float(departures.std() / math.sqrt(len(peak.theta)))
