"""Laplace's approximation: the mode of the density of theta, and the curvature there.

Samplers use coordinates xi, theta = theta0 + P xi, in which the curvature of the posterior at the
mode is about the identity, so that they need little warm-up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bayes_gmm.data.rows import Floats
from bayes_gmm.inference.modes.deduplicate import distinct
from bayes_gmm.inference.optimize.hessian import hessian, hessian_cost
from bayes_gmm.inference.optimize.newton import polish
from bayes_gmm.inference.optimize.run import Run
from bayes_gmm.inference.optimize.whitening import Whitening
from bayes_gmm.inference.sampling.peak import Peak
from bayes_gmm.inference.sampling.settings import ApproximationSettings
from bayes_gmm.jit.threads import one_blas_thread
from bayes_gmm.model.density import Density


def peaks_of(
    density: Density,
    modes: Sequence[Run],
    settings: ApproximationSettings = ApproximationSettings(),
) -> tuple[Peak, ...]:
    """The approximation at each mode.

    Two modes of the density of (weights, means, scales, corr_chol) may lead to one mode of the
    density of theta. Then the first of them is given its mass, and the others the mass NaN.

    Parameters
    ----------
    density : Density
    modes : sequence of Run
        Sorted by decreasing mass.
    settings : ApproximationSettings
    """
    with one_blas_thread():
        peaks = [peak_of(density, mode, settings) for mode in modes]
    own: list[Peak] = []
    for peak in peaks:
        if len(distinct(density.layout, [*own, peak], distance=settings.distance)) > len(own):
            own.append(peak)
    return tuple(
        peak if any(peak is one for one in own) else replace(peak, log_evidence=math.nan)
        for peak in peaks
    )


def peak_of(
    density: Density, mode: Run, settings: ApproximationSettings = ApproximationSettings()
) -> Peak:
    """The approximation at the mode of the density of theta to which a mode leads.

    If components are empty, it is made at the mode itself: the mode of the density of theta would
    assign rows to these components, far from most of the mass.
    """
    theta = _full_vector(density, mode, settings)
    if mode.layout == density.layout:
        peak = polish(density, theta, jacobian=True, settings=settings.optimizer)
        if np.all(np.isfinite(peak.theta)):
            theta = peak.theta
    factor = inverse_factor(density, theta, settings)
    theta, factor = _rounded(theta, factor, settings.grid)
    value = density.log_posterior(theta, jacobian=True)
    nu = density.rows.total_weight / (settings.rows_per_nu * density.layout.n_components)
    return Peak(theta, factor, value, mode.log_evidence, max(nu, settings.least_nu))


def _full_vector(density: Density, mode: Run, settings: ApproximationSettings) -> Floats:
    """The vector of the mode, including empty components."""
    layout = density.layout
    if mode.layout == layout:
        return mode.theta
    point = mode.point(density)
    weights = np.maximum(np.exp(point.log_weights), settings.empty_weight)
    sd = np.sqrt((point.scale_trils**2).sum(axis=2))
    # Shared parameters are those of the first component that uses them, which is not empty.
    scales = sd.ravel()[np.unique(layout.indices.scale, return_index=True)[1]]
    users = np.unique(layout.indices.corr, return_index=True)[1][: layout.n_correlations]
    corr_chol = (point.scale_trils / sd[:, :, None])[users]
    return layout.pack(weights / weights.sum(), point.means, scales, corr_chol)


def inverse_factor(
    density: Density, theta: Floats, settings: ApproximationSettings = ApproximationSettings()
) -> Floats:
    """Lower triangular P with P P' the inverse of the negative Hessian of the density of theta.

    The expected information of complete data is used if the Hessian costs too much.
    """
    options = settings.optimizer.hessian
    whitening = Whitening(density, theta)
    W = whitening.forward(np.eye(len(theta))).T
    if hessian_cost(density, options) <= options.affordable:
        H = hessian(density, theta, whitening, jacobian=True, settings=options)
        if np.all(np.isfinite(H)):
            curvature, axes = np.linalg.eigh(H)
            W = W @ (axes / np.sqrt(np.maximum(curvature, settings.least_curvature)))
    R = np.linalg.qr(W.T, mode="r")
    return R.T * np.sign(np.diagonal(R))


def _rounded(theta: Floats, factor: Floats, grid: float) -> tuple[Floats, Floats]:
    sd = np.sqrt((factor**2).sum(axis=1))
    unit = grid * 2.0 ** np.round(np.log2(sd))
    return np.round(theta / unit) * unit, np.round(factor / unit[:, None]) * unit[:, None]
