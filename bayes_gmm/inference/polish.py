"""From near a mode to the mode: quasi-Newton in whitened coordinates, to a gradient tolerance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from bayes_gmm.data.rows import Floats
from bayes_gmm.inference.whitening import Whitening
from bayes_gmm.model.density import Density

GRADIENT_TOLERANCE = 1e-6
"""Largest slope at a mode, in nats for each expected posterior standard deviation."""
ACCEPTED_SLOPE = 1e-4
"""Slope that still counts as a mode's, where rounding stops the climb: 5e-9 nats are left."""
NEWTON_SIZE, NEWTON_STEPS = 200, 20
"""Parameters up to which, and steps for which, Newton's method takes over where that fails."""
RESTARTS = 3
"""Times the coordinates are renewed, where the climb has left those it began with behind."""


@dataclass(frozen=True)
class Polished:
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
    """

    theta: Floats
    log_posterior: float
    slope: float
    converged: bool
    history: tuple[float, ...]


def polish(
    density: Density, theta: Floats, *, jacobian: bool = False, max_iter: int = 1000
) -> Polished:
    """Climb to the mode with L-BFGS-B, restarted once in fresh coordinates where it has moved far.

    Parameters
    ----------
    density : Density
    theta : ndarray
        Near a mode.
    jacobian : bool
        Whether theta's own density is climbed, or that of (weights, means, scales, corr_chol).
    max_iter : int
        Quasi-Newton steps at most.
    """
    history: list[float] = []
    tolerance = _tolerance(density.log_posterior(theta, jacobian=jacobian))
    for _ in range(RESTARTS):
        whitening = Whitening(density, theta)

        def objective(xi: Floats, whitening: Whitening = whitening) -> tuple[float, Floats]:
            value, gradient = density.value_and_gradient(whitening.theta(xi), jacobian=jacobian)
            if not np.isfinite(value):
                return np.inf, np.zeros_like(xi)
            return -value, -whitening.backward(gradient)

        result = minimize(
            objective, np.zeros(len(theta)), jac=True, method="L-BFGS-B",
            callback=lambda intermediate_result: history.append(-intermediate_result.fun),
            options={"maxiter": max_iter, "maxfun": 2 * max_iter, "maxcor": 20,
                     "ftol": 0.0, "gtol": tolerance},
        )  # fmt: skip
        theta = whitening.theta(result.x)
        slope = float(np.abs(result.jac).max(initial=0.0))
        if slope <= max(tolerance, ACCEPTED_SLOPE):
            break
    value = -float(result.fun)
    cut_short = result.status == 1
    if slope > max(tolerance, ACCEPTED_SLOPE) and len(theta) <= NEWTON_SIZE and not cut_short:
        theta, value, slope = _newton(density, theta, value, jacobian)
        history.append(value)
    converged = bool(slope <= max(tolerance, ACCEPTED_SLOPE))
    return Polished(theta, value, slope, converged, tuple(history))


def _newton(
    density: Density, theta: Floats, value: float, jacobian: bool
) -> tuple[Floats, float, float]:
    """Along a ridge that quasi-Newton steps creep on: full steps by the curvature itself."""
    for _ in range(NEWTON_STEPS):
        whitening = Whitening(density, theta)
        gradient = whitening.backward(density.value_and_gradient(theta, jacobian=jacobian)[1])
        slope = float(np.abs(gradient).max())
        if slope <= GRADIENT_TOLERANCE:
            break
        H = hessian(density, theta, whitening, jacobian=jacobian)
        if not np.all(np.isfinite(H)):
            break
        curvature, axes = np.linalg.eigh(H)
        step = axes @ (axes.T @ gradient / np.maximum(np.abs(curvature), 1e-10))
        for shrink in 0.5 ** np.arange(12):
            trial = whitening.theta(shrink * step)
            raised = density.log_posterior(trial, jacobian=jacobian)
            if raised > value:
                theta, value = trial, raised
                break
        else:
            break
    return theta, value, slope


def _tolerance(log_posterior: float) -> float:
    """The gradient tolerance, or what rounding leaves of a sum as large as the log-posterior.

    A slope s is worth about s^2 / 2 nats, and the sum is known to a few times its last digit.
    """
    rounding = np.finfo(np.float64).eps * abs(log_posterior)
    return float(max(GRADIENT_TOLERANCE, np.sqrt(2.0 * rounding)))


def hessian(density: Density, theta: Floats, whitening: Whitening, *, jacobian: bool) -> Floats:
    """Negative Hessian of the log-posterior in whitened coordinates, shape (p, p).

    Central differences of the exact gradient, a hundredth of an expected standard deviation wide.
    """
    p = len(theta)
    rows = np.empty((p, p))
    width = 1e-2
    for i in range(p):
        step = np.zeros(p)
        step[i] = width
        move = whitening.forward(step)
        ahead = density.value_and_gradient(theta + move, jacobian=jacobian)[1]
        behind = density.value_and_gradient(theta - move, jacobian=jacobian)[1]
        rows[i] = whitening.backward(behind - ahead) / (2 * width)
    return 0.5 * (rows + rows.T)
