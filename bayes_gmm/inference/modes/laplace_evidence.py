"""The mass of a mode by Laplace's method."""

from __future__ import annotations

import math

import numpy as np

from bayes_gmm.data.rows import Floats
from bayes_gmm.inference.modes.settings import LaplaceSettings
from bayes_gmm.inference.optimize.hessian import hessian, hessian_cost
from bayes_gmm.inference.optimize.newton import polish
from bayes_gmm.inference.optimize.settings import HessianSettings
from bayes_gmm.inference.optimize.whitening import Whitening
from bayes_gmm.model.density import Density


def laplace_log_evidence(
    density: Density, theta: Floats, settings: LaplaceSettings = LaplaceSettings()
) -> float:
    """log of the posterior mass, times p(rows), in the basin of one labelling of a mode.

    Laplace's approximation of the integral of exp(log-posterior of theta) at the mode of that
    density (Tierney & Kadane 1986): log p + (p / 2) log 2 pi - log|H| / 2. If that mode lies in
    another basin than the MAP, the approximation is made at the MAP instead, in the coordinates
    (weights, means, scales, corr_chol). If the Hessian costs more than
    `HessianSettings.affordable`, it is made at the MAP with the expected information of complete
    data for H, which is too large if components overlap.

    Parameters
    ----------
    density : Density
    theta : ndarray
        The MAP of the mode.
    settings : LaplaceSettings

    Returns
    -------
    float
        NaN if the prior is improper, or if the Hessian is not that of a maximum.
    """
    if density.prior.is_improper:
        return math.nan
    if hessian_cost(density, settings.hessian) > settings.hessian.affordable:
        log_volume = Whitening(density, theta).log_det
        return _laplace(density, density.log_posterior(theta, jacobian=True), log_volume)
    peak = polish(density, theta, jacobian=True, settings=settings.at_peak)
    if _same_basin(density, theta, peak.theta, settings):
        log_volume = _log_volume(density, peak.theta, True, settings.hessian)
        return _laplace(density, peak.log_posterior, log_volume)
    value = density.log_posterior(theta, jacobian=True)
    return _laplace(density, value, _log_volume(density, theta, False, settings.hessian))


def _laplace(density: Density, value: float, log_volume: float) -> float:
    return value + 0.5 * density.layout.size * math.log(2.0 * math.pi) + log_volume


def _log_volume(
    density: Density, theta: Floats, jacobian: bool, settings: HessianSettings
) -> float:
    """-log|H| / 2 in theta."""
    whitening = Whitening(density, theta)
    H = hessian(density, theta, whitening, jacobian=jacobian, settings=settings)
    if not np.all(np.isfinite(H)):
        return math.nan
    sign, curvature = np.linalg.slogdet(H)
    return whitening.log_det - 0.5 * float(curvature) if sign > 0 else math.nan


def _same_basin(density: Density, theta: Floats, peak: Floats, settings: LaplaceSettings) -> bool:
    """Whether optimisation from the peak converges to the original MAP."""
    back = polish(density, peak, settings=settings.on_return)
    return abs(back.log_posterior - density.log_posterior(theta)) < settings.same_height
