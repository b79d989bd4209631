"""A Student-t approximation of the posterior at a mode, and the coordinates of samplers.

The coordinates are xi in theta = theta0 + P xi; in xi, the curvature of the posterior at the mode
is about the identity.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import gammaincinv, gammaln, ndtri

from bayes_gmm.data.rows import Floats
from bayes_gmm.inference.sampling.settings import ApproximationSettings


@dataclass(frozen=True)
class Peak:
    """A Student-t approximation of the posterior, and coordinates theta = theta0 + P xi.

    Attributes
    ----------
    theta : ndarray, shape (p,)
        theta0, the mode of the density of theta (including the Jacobian).
    factor : ndarray, shape (p, p)
        Lower triangular P with P P' the inverse of the curvature.
    log_posterior : float
        Log density of theta at the mode; NaN if unknown.
    log_evidence : float
        Log of the mass of the mode, for one labelling; NaN if unknown.
    nu : float
        Degrees of freedom of proposals; at least the number of parameters is used.
    """

    theta: Floats
    factor: Floats
    log_posterior: float = math.nan
    log_evidence: float = math.nan
    nu: float = ApproximationSettings.least_nu

    @property
    def rough_log_mass(self) -> float:
        """The log-posterior: theta is unconstrained, so heights of peaks are comparable."""
        return self.log_posterior

    @property
    def log_det(self) -> float:
        """log |det P|."""
        return float(np.log(np.diagonal(self.factor)).sum())

    def coordinates(self, theta: Floats) -> Floats:
        """xi of vectors of shape (n, p), theta = theta0 + P xi."""
        xi = solve_triangular(self.factor, (theta - self.theta).T, lower=True, check_finite=False)
        return np.asarray(xi.T)

    @classmethod
    def of_draws(cls, theta: Floats, weights: Floats | None = None) -> Peak:
        """Coordinates in which draws (n, p) have mean 0 and covariance I."""
        factor = np.linalg.cholesky(np.atleast_2d(np.cov(theta.T, aweights=weights)))
        return cls(np.average(theta, axis=0, weights=weights), factor)

    def at(self, xi: Floats) -> Floats:
        """Vectors theta0 + P xi for coordinates of shape (n, p)."""
        return np.asarray(self.theta + xi @ self.factor.T)

    @property
    def _nu(self) -> float:
        return max(self.nu, len(self.theta))

    def proposals(self, n: int, rng: np.random.Generator) -> Floats:
        """n vectors from t_nu(theta0, P P'), which has heavier tails than a normal."""
        p, nu = len(self.theta), self._nu
        xi = rng.normal(size=(n, p)) / np.sqrt(rng.chisquare(nu, size=(n, 1)) / nu)
        return self.at(xi)

    def even_proposals(self, n: int, rng: np.random.Generator) -> Floats:
        """n quasi-random vectors from t_nu(theta0, P P').

        They are quantiles at the points of a scrambled Sobol' sequence (Owen 1998), or independent
        if no Sobol' sequence is known for that many parameters.
        """
        from scipy.stats.qmc import Sobol

        p, nu = len(self.theta), self._nu
        if p >= Sobol.MAXDIM:
            return self.proposals(n, rng)
        # The sequence is balanced after powers of 2, and warns of other lengths. Its numbers have
        # 30 bits; adding half a step excludes 0.
        u = Sobol(p + 1, rng=rng).random_base2(math.ceil(math.log2(max(n, 1))))[:n] + 2.0**-31
        chi2 = 2.0 * gammaincinv(nu / 2.0, u[:, p:])
        return self.at(ndtri(u[:, :p]) / np.sqrt(chi2 / nu))

    def proposal_log_density(self, theta: Floats) -> Floats:
        """Logarithm of the density of `proposals` at vectors of shape (n, p)."""
        return self._log_density_of(self.coordinates(theta))

    def proposal_density_and_slope(self, theta: Floats) -> tuple[Floats, Floats]:
        """`proposal_log_density`, and its gradient of shape (n, p)."""
        p, nu = len(self.theta), self._nu
        xi = self.coordinates(theta)
        pull = -(nu + p) / (nu + (xi**2).sum(axis=1))
        slope = solve_triangular(self.factor, (pull[:, None] * xi).T, trans="T", lower=True)
        return self._log_density_of(xi), np.asarray(slope.T)

    def _log_density_of(self, xi: Floats) -> Floats:
        p, nu = len(self.theta), self._nu
        constant = gammaln((nu + p) / 2) - gammaln(nu / 2) - 0.5 * p * math.log(nu * math.pi)
        tails = 0.5 * (nu + p) * np.log1p((xi**2).sum(axis=1) / nu)
        return np.asarray(constant - self.log_det - tails)
