"""Optimisation to a mode in whitened coordinates, until the gradient vanishes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.optimize import minimize

from bayes_gmm.data.rows import Floats
from bayes_gmm.inference.optimize.degeneracy import is_sound
from bayes_gmm.inference.optimize.hessian import hessian, hessian_cost
from bayes_gmm.inference.optimize.run import Run
from bayes_gmm.inference.optimize.settings import OptimizerSettings
from bayes_gmm.inference.optimize.whitening import Whitening
from bayes_gmm.model.density import Density


def polish(
    density: Density,
    theta: Floats,
    *,
    jacobian: bool = False,
    settings: OptimizerSettings = OptimizerSettings(),
) -> Run:
    """Converge to the mode with L-BFGS-B, or with Newton's method if Hessians are cheap.

    Newton's method is also used if L-BFGS-B stops before the mode.

    Parameters
    ----------
    density : Density
    theta : ndarray
        Vector near a mode.
    jacobian : bool
        True maximises the density of theta, False that of (weights, means, scales, corr_chol).
    settings : OptimizerSettings
    """
    value = density.log_posterior(theta, jacobian=jacobian)
    settings = replace(settings, tolerance=_tolerance(value, settings.tolerance))
    newton_steps = _newton_steps(density, settings)
    if hessian_cost(density, settings.hessian) <= settings.newton_first:
        few = min(settings.max_iter, newton_steps)
        run = _newton(density, theta, value, few, jacobian, settings)
        # Newton's method may fail far from a mode, where L-BFGS-B does not.
        if run.converged or few == settings.max_iter or not is_sound(density, run.theta):
            return run
    steps = settings.max_iter
    steps = min(steps, settings.quasi_newton_steps) if newton_steps else steps
    run, cut_short = _quasi_newton(density, theta, steps, jacobian, settings)
    if run.converged or (cut_short and steps == settings.max_iter):
        return run
    further = _newton(density, run.theta, run.log_posterior, newton_steps, jacobian, settings)
    return replace(further, history=(*run.history, *further.history))


def _quasi_newton(
    density: Density, theta: Floats, steps: int, jacobian: bool, settings: OptimizerSettings
) -> tuple[Run, bool]:
    """Result of a few runs in new coordinates each, and whether the last hit its step limit."""
    history: list[float] = []
    accepted = max(settings.tolerance, settings.accepted_slope)
    for _ in range(settings.restarts):
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
                     "ftol": 0.0, "gtol": settings.tolerance},
        )  # fmt: skip
        theta = whitening.theta(result.x)
        slope = float(np.abs(result.jac).max(initial=0.0))
        cut_short = result.status == 1
        if slope <= accepted or cut_short:
            break
    value = -float(result.fun)
    return Run(theta, density.layout, value, tuple(history), slope <= accepted, slope), cut_short


def _newton(
    density: Density,
    theta: Floats,
    value: float,
    steps: int,
    jacobian: bool,
    settings: OptimizerSettings,
) -> Run:
    """Newton's method with the exact Hessian, which also converges along ridges."""
    slope, history = np.inf, [value]
    longest = settings.longest_step
    for _ in range(steps):
        whitening = Whitening(density, theta)
        gradient = density.value_and_gradient(theta, jacobian=jacobian)[1]
        gradient = whitening.pull_back(np.zeros_like(theta), gradient)
        slope = float(np.abs(gradient).max())
        if slope <= settings.tolerance or not is_sound(density, theta):
            break
        H = hessian(density, theta, whitening, jacobian=jacobian, settings=settings.hessian)
        if not np.all(np.isfinite(H)):
            break
        curvature, axes = np.linalg.eigh(H)
        along = axes.T @ gradient / np.maximum(np.abs(curvature), 1e-10)
        step = axes @ np.clip(along, -longest, longest)
        for shrink in 0.5 ** np.arange(12):
            trial = whitening.theta(shrink * step)
            height, ahead = density.value_and_gradient(trial, jacobian=jacobian)
            left = float(np.abs(whitening.pull_back(shrink * step, ahead)).max())
            if height > value or (height > value - settings.value_noise and left < slope):
                theta, value, slope = trial, height, left
                history.append(value)
                break
        else:
            break
    converged = slope <= max(settings.tolerance, settings.accepted_slope)
    return Run(theta, density.layout, value, tuple(history), converged, slope)


def _newton_steps(density: Density, settings: OptimizerSettings) -> int:
    """Affordable number of Newton steps."""
    if density.layout.size > settings.newton_size:
        return 0
    affordable = settings.hessian.affordable / hessian_cost(density, settings.hessian)
    return min(settings.newton_steps, int(affordable))


def _tolerance(log_posterior: float, tolerance: float) -> float:
    """The gradient tolerance, or the rounding error of a sum as large as the log-posterior.

    At a slope s the log-posterior is about s^2 / 2 nats below its maximum, and the sum has an error
    of a few units in its last digit.
    """
    rounding = np.finfo(np.float64).eps * abs(log_posterior)
    return float(max(tolerance, np.sqrt(2.0 * rounding)))
