"""From near a mode to the mode: quasi-Newton in whitened coordinates, to a gradient tolerance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import block_diag
from scipy.optimize import minimize

from bayes_gmm.data.rows import Floats
from bayes_gmm.inference.covariances import expected_curvature
from bayes_gmm.model.density import Density

GRADIENT_TOLERANCE = 1e-6
"""Largest slope at a mode, in nats for each expected posterior standard deviation."""


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


class Whitening:
    """Coordinates xi about theta0 whose expected information of complete data is the identity.

    theta = theta0 + P xi, with P diagonal but for the means, where it is L_k / sqrt(n_k).
    """

    def __init__(self, density: Density, theta: Floats) -> None:
        layout = density.layout
        point = layout.point(theta)
        n_k = np.exp(point.log_weights) * density.rows.total_weight
        curvature = np.empty(layout.size)
        expected_curvature(n_k, layout.indices, point, density.prior, curvature)
        self.theta0 = theta
        self.diagonal = 1.0 / np.sqrt(curvature)
        self.means = layout.means
        tau = density.prior.precision
        precision = np.maximum(n_k, 1e-3)[:, None, None] * np.eye(layout.n_features)
        inverse = np.linalg.inv(precision + tau * point.scale_trils.mT @ point.scale_trils)
        self.blocks = point.scale_trils @ np.linalg.cholesky(inverse)

    def theta(self, xi: Floats) -> Floats:
        """The unconstrained vector at xi."""
        return self.theta0 + self.forward(xi)

    def forward(self, xi: Floats) -> Floats:
        """P xi."""
        step = self.diagonal * xi
        step[self.means] = np.einsum("kij,kj->ki", self.blocks, self._by_component(xi)).ravel()
        return step

    def backward(self, gradient: Floats) -> Floats:
        """P' g: the gradient in xi."""
        pulled = self.diagonal * gradient
        by_component = self._by_component(gradient)
        pulled[self.means] = np.einsum("kji,kj->ki", self.blocks, by_component).ravel()
        return pulled

    @property
    def log_det(self) -> float:
        """log |det P|."""
        diagonal = np.log(self.diagonal)
        diagonal[self.means] = np.log(np.diagonal(self.blocks, axis1=1, axis2=2)).ravel()
        return float(diagonal.sum())

    @property
    def matrix(self) -> Floats:
        """P as a dense matrix."""
        P = np.diag(self.diagonal)
        P[self.means, self.means] = block_diag(*self.blocks)
        return P

    def _by_component(self, vector: Floats) -> Floats:
        return vector[self.means].reshape(self.blocks.shape[:2])


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
    slope = np.inf
    for _ in range(3):
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
                     "ftol": 0.0, "gtol": GRADIENT_TOLERANCE},
        )  # fmt: skip
        theta = whitening.theta(result.x)
        slope = float(np.abs(result.jac).max(initial=0.0))
        if slope <= GRADIENT_TOLERANCE:
            break
    value = -float(result.fun)
    tolerance = max(GRADIENT_TOLERANCE, 1e-7 * np.sqrt(abs(value)))
    return Polished(theta, value, slope, slope <= tolerance, tuple(history))


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
