"""Log-posterior and log-likelihood by which starts of all packages are judged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import logsumexp

import bayes_gmm as bg
from bayes_gmm.data.feature_matrix import feature_matrix
from bayes_gmm.data.standardize import Standardizer
from bayes_gmm.inference.optimize.em import run_em
from bayes_gmm.inference.optimize.newton import polish
from bayes_gmm.model.density import Density
from bayes_gmm.model.table_density import density_of_table

CLIMB = 200
"""EM iterations of a climb, before Newton's method."""
NEAR = 30.0
"""Nats below the target from which Newton's method follows EM."""


@dataclass(frozen=True)
class Judge:
    """The default log-posterior of a table, and its likelihood."""

    X: np.ndarray
    density: Density
    units: Standardizer

    @classmethod
    def of(cls, X: np.ndarray, K: int) -> Judge:
        return cls(
            X,
            *density_of_table(
                feature_matrix(X), K, structure=bg.Structure(), prior=bg.Prior(), resolution="auto"
            ),
        )

    def climbed(
        self, weights: np.ndarray, means: np.ndarray, covariances: np.ndarray, target: float
    ) -> float:
        """Log-posterior of the optimum that our EM and Newton's method reach from parameters."""
        layout, unit = self.density.layout, self.units.scale
        S = covariances / np.outer(unit, unit) - np.diag(self.density.rho2)
        variances, axes = np.linalg.eigh(S)
        S = (axes * np.maximum(variances, 1e-7)[:, None, :]) @ axes.mT
        scales = np.sqrt(np.diagonal(S, axis1=1, axis2=2))
        correlations = S / scales[:, :, None] / scales[:, None, :]
        theta = layout.pack(
            np.maximum(weights, 1e-9) / np.maximum(weights, 1e-9).sum(),
            self.units.apply(means),
            scales,
            np.linalg.cholesky(correlations + 1e-10 * np.eye(S.shape[1])),
        )
        run = run_em(self.density, theta, max_iter=CLIMB, tolerance=1e-4)
        if target - NEAR < run.log_posterior < target - 0.5:
            run = polish(self.density, run.theta)
        return run.log_posterior


def log_likelihood(
    X: np.ndarray, weights: np.ndarray, means: np.ndarray, covariances: np.ndarray
) -> float:
    """sum_i log sum_k w_k N(x_i | mu_k, Sigma_k); -inf where a covariance is not one."""
    log_p = np.empty((len(weights), len(X)))
    try:
        factors = np.linalg.cholesky(covariances)
    except np.linalg.LinAlgError:
        return -np.inf
    for k, (w, mu, M) in enumerate(zip(weights, means, factors, strict=True)):
        y = solve_triangular(M, (X - mu).T, lower=True)
        log_p[k] = np.log(w) - np.log(np.diag(M)).sum() - 0.5 * (y * y).sum(axis=0)
    constant = -0.5 * X.shape[1] * np.log(2.0 * np.pi)
    return float(logsumexp(log_p, axis=0).sum() + constant * len(X))
