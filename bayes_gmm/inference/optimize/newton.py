"""Convergence to a mode in whitened coordinates, to a gradient tolerance."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize

from bayes_gmm.data.rows import Floats
from bayes_gmm.inference.optimize.degeneracy import is_sound
from bayes_gmm.inference.optimize.hessian import AFFORDABLE, hessian, hessian_cost
from bayes_gmm.inference.optimize.optimum import Optimum
from bayes_gmm.inference.optimize.whitening import Whitening
from bayes_gmm.model.density import Density

GRADIENT_TOLERANCE = 1e-6
"""Largest slope at a mode, in nats for each expected posterior standard deviation."""
ACCEPTED_SLOPE = 1e-4
"""Slope tolerated at a mode if rounding stops the optimisation; the error is 5e-9 nats."""
NEWTON_SIZE, NEWTON_STEPS = 200, 60
"""Parameters up to which, and steps for which, Newton's method takes over where that fails."""
VALUE_NOISE = 1e-6
"""Tolerated decrease in nats of a Newton step that reduces the slope, due to rounding."""
CREEPING = 150
"""Number of quasi-Newton steps after which Newton's method is used if it is affordable."""
CLIMBS = 3
"""Maximum number of restarts, each in coordinates scaled at the last point."""
LONGEST_STEP = 10.0
"""Maximum Newton step along an axis, in expected standard deviations."""
CHEAP = 1e7
"""Operations of a Hessian up to which Newton's method is the faster one from the start."""


@dataclass(frozen=True)
class Polished(Optimum):
    """An optimum of the log-posterior.

    Attributes
    ----------
    theta : ndarray
    log_posterior : float
    slope : float
        Largest whitened gradient left.
    converged : bool
        Whether the slope is within tolerance, allowing for rounding.
    history : tuple of float
        Log-posteriors on the way.
    log_volume : float
        Approximate log volume of the posterior there (see `volume`); 0 if not computed.
    """

    theta: Floats
    log_posterior: float
    slope: float
    converged: bool
    history: tuple[float, ...]
    log_volume: float = 0.0


def polish(
    density: Density,
    theta: Floats,
    *,
    jacobian: bool = False,
    max_iter: int = 1000,
    tolerance: float = GRADIENT_TOLERANCE,
) -> Polished:
    """Converge to the mode with L-BFGS-B, or with Newton's method if Hessians are cheap.

    Newton's method is also used if L-BFGS-B stops before the mode.

    Parameters
    ----------
    density : Density
    theta : ndarray
        Near a mode.
    jacobian : bool
        Whether to maximise the density of theta, or that of (weights, means, scales, corr_chol).
    max_iter : int
        Maximum number of steps of a run; a run that reaches it is the last.
    tolerance : float
        Slope at which a run stops.
    """
    value = density.log_posterior(theta, jacobian=jacobian)
    tolerance = _tolerance(value, tolerance)
    newton_steps = _newton_steps(density)
    if hessian_cost(density) <= CHEAP:
        few = min(max_iter, newton_steps)
        climbed = _newton(density, theta, value, tolerance, few, jacobian)
        # Newton's method may fail far from a mode, where L-BFGS-B does not.
        if climbed.converged or few == max_iter or not is_sound(density, climbed.theta):
            return climbed
    steps = min(max_iter, CREEPING) if newton_steps else max_iter
    climbed, cut_short = _quasi_newton(density, theta, tolerance, steps, jacobian)
    if climbed.converged or (cut_short and steps == max_iter):
        return climbed
    further = _newton(
        density, climbed.theta, climbed.log_posterior, tolerance, newton_steps, jacobian
    )
    return replace(further, history=(*climbed.history, *further.history))


def _quasi_newton(
    density: Density, theta: Floats, tolerance: float, steps: int, jacobian: bool
) -> tuple[Polished, bool]:
    """Up to `CLIMBS` runs, each in new coordinates, and whether the last reached its limit."""
    history: list[float] = []
    accepted = max(tolerance, ACCEPTED_SLOPE)
    for _ in range(CLIMBS):
        whitening = Whitening(density, theta)

        def objective(xi: Floats, whitening: Whitening = whitening) -> tuple[float, Floats]:
            value, gradient = density.value_and_gradient(whitening.theta(xi), jacobian=jacobian)
            if not np.isfinite(value):
                return np.inf, np.zeros_like(xi)
            return -value, -whitening.pull_back(xi, gradient)

        result = minimize(
            objective, np.zeros(len(theta)), jac=True, method="L-BFGS-B",
            callback=lambda intermediate_result: history.append(-intermediate_result.fun),
            options={"maxiter": steps, "maxfun": 2 * steps, "maxcor": 20,
                     "ftol": 0.0, "gtol": tolerance},
        )  # fmt: skip
        theta = whitening.theta(result.x)
        slope = float(np.abs(result.jac).max(initial=0.0))
        cut_short = result.status == 1
        if slope <= accepted or cut_short:
            break
    climbed = Polished(theta, -float(result.fun), slope, slope <= accepted, tuple(history))
    return climbed, cut_short


def _newton(
    density: Density,
    theta: Floats,
    value: float,
    tolerance: float,
    max_iter: int,
    jacobian: bool,
) -> Polished:
    """Newton's method with the exact Hessian, which also converges along ridges."""
    slope, history = np.inf, [value]
    for _ in range(max_iter):
        whitening = Whitening(density, theta)
        gradient = density.value_and_gradient(theta, jacobian=jacobian)[1]
        gradient = whitening.pull_back(np.zeros_like(theta), gradient)
        slope = float(np.abs(gradient).max())
        if slope <= tolerance or not is_sound(density, theta):
            break
        H = hessian(density, theta, whitening, jacobian=jacobian)
        if not np.all(np.isfinite(H)):
            break
        curvature, axes = np.linalg.eigh(H)
        along = axes.T @ gradient / np.maximum(np.abs(curvature), 1e-10)
        step = axes @ np.clip(along, -LONGEST_STEP, LONGEST_STEP)
        for shrink in 0.5 ** np.arange(12):
            trial = whitening.theta(shrink * step)
            height, ahead = density.value_and_gradient(trial, jacobian=jacobian)
            left = float(np.abs(whitening.pull_back(shrink * step, ahead)).max())
            if height > value or (height > value - VALUE_NOISE and left < slope):
                theta, value, slope = trial, height, left
                history.append(value)
                break
        else:
            break
    accepted = max(tolerance, ACCEPTED_SLOPE)
    return Polished(theta, value, slope, slope <= accepted, tuple(history))


def _newton_steps(density: Density) -> int:
    """Affordable number of Newton steps."""
    if density.layout.size > NEWTON_SIZE:
        return 0
    return min(NEWTON_STEPS, int(AFFORDABLE / hessian_cost(density)))


def _tolerance(log_posterior: float, tolerance: float) -> float:
    """The gradient tolerance, or what rounding leaves of a sum as large as the log-posterior.

    A slope s is worth about s^2 / 2 nats, and the sum is known to a few times its last digit.
    """
    rounding = np.finfo(np.float64).eps * abs(log_posterior)
    return float(max(tolerance, np.sqrt(2.0 * rounding)))
