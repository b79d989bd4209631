"""A prior as numbers for compiled code, without open defaults."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import gammaln, multigammaln

from bayes_gmm.data.rows import Floats

LOG_NORMAL, HALF_NORMAL, INVERSE_GAMMA = 0, 1, 2
"""Families of the prior of scales."""


class PriorConstants(NamedTuple):
    """A prior for K components and d features, as numbers for compiled code.

    Attributes
    ----------
    concentration : ndarray, shape (K,)
    location, precision : float
        Location and precision of the prior of the means; precision 0 means a flat prior.
    n_covariances : int
        Number of covariance matrices under a hierarchical Wishart prior: K, or 1 if all components
        share it. The fields from `family` to `corr_constant` are then not used. 0 means that scales
        and correlations have independent priors (LKJ); then `c0`, `g0`, `G0` and
        `wishart_constant` are not used.
    family : int
        Family of the prior of scales: `LOG_NORMAL`, `HALF_NORMAL` or `INVERSE_GAMMA`.
    first, second : float
        Parameters of the family. Log-normal: log median, and precision of log sigma; half-normal:
        precision, and 0; inverse-gamma: shape and scale.
    corr_exponents : ndarray, shape (d,)
        Powers of the diagonal of the Cholesky factor: 2 eta - 2 + d - j for j = 1 ... d.
    weights_constant, mean_constant, scale_constant, corr_constant : float
        Logarithms of the normalising constants of the Dirichlet prior, and of the priors of one
        coordinate of a mean, one scale and one correlation matrix; 0 if the prior is flat.
    c0, g0 : float
        Degrees of freedom of the precision matrices and of their scale matrix.
    G0 : ndarray, shape (d, d)
    wishart_constant : float
        Logarithm of the normalising constant of all precision matrices together.
    """

    concentration: Floats
    location: float
    precision: float
    n_covariances: int
    family: int
    first: float
    second: float
    corr_exponents: Floats
    weights_constant: float
    mean_constant: float
    scale_constant: float
    corr_constant: float
    c0: float
    g0: float
    G0: Floats
    wishart_constant: float

    @property
    def is_improper(self) -> bool:
        """Whether means or scales have a flat prior, so that masses of modes are undefined."""
        flat_scales = self.family == HALF_NORMAL and self.first == 0.0
        return self.precision == 0.0 or (flat_scales and not self.n_covariances)

    def with_components(self, concentration: Floats, n_covariances: int) -> PriorConstants:
        """The same prior on another number of components.

        Parameters
        ----------
        concentration : ndarray, shape (K,)
        n_covariances : int
            Free covariance matrices of K components (see `Structure.n_covariances`).
        """
        alpha = concentration
        return self.with_covariances(n_covariances)._replace(
            concentration=alpha,
            weights_constant=float(gammaln(alpha.sum()) - gammaln(alpha).sum()),
        )

    def with_covariances(self, n_covariances: int) -> PriorConstants:
        """The same prior on another number of free covariance matrices.

        A prior with independent scales and correlations is unchanged. With 0 matrices, a
        hierarchical Wishart prior becomes such a prior with default parameters.
        """
        n = n_covariances if self.n_covariances else 0
        constant = wishart_log_constant(self.c0, self.g0, self.G0, n) if n else 0.0
        return self._replace(n_covariances=n, wishart_constant=constant)

    def given_others(self, precisions: Floats) -> PriorConstants:
        """The prior of one covariance given the others, under a hierarchical Wishart prior.

        p(P_k | P_l, l != k) is the prior of a single matrix with g_0 + m c_0 and G_0 + sum_l P_l,
        where m is the number of other matrices. Other priors have independent components and are
        unchanged.

        Parameters
        ----------
        precisions : ndarray, shape (m, d, d)
            Precision matrices of the other components.
        """
        if not self.n_covariances:
            return self
        g0, G0 = self.g0 + len(precisions) * self.c0, self.G0 + precisions.sum(axis=0)
        return self._replace(
            g0=g0, G0=G0, wishart_constant=wishart_log_constant(self.c0, g0, G0, 1)
        )


def wishart_log_constant(c0: float, g0: float, G0: Floats, n_covariances: int) -> float:
    """log Z = g_0 log|G_0| + log Gamma_d(g_0 + K c_0) - log Gamma_d(g_0) - K log Gamma_d(c_0).

    Examples
    --------
    For one feature and one component P / (G_0 + P) ~ Beta(c_0, g_0):

    >>> from scipy.stats import betaprime
    >>> density = np.exp(wishart_log_constant(2.0, 1.5, np.eye(1), 1)) * 0.7**1.0 * 1.7**-3.5
    >>> bool(np.isclose(density, betaprime(2.0, 1.5).pdf(0.7)))
    True
    """
    d, K = len(G0), n_covariances
    return float(
        g0 * np.linalg.slogdet(G0)[1]
        + multigammaln(g0 + K * c0, d)
        - multigammaln(g0, d)
        - K * multigammaln(c0, d)
    )


def constants_of_one() -> PriorConstants:
    """Constants of one component and one feature, as an example of their types."""
    one = np.ones(1)
    return PriorConstants(
        one, 0.0, 1.0, 0, LOG_NORMAL, 0.0, 1.0, one, 0.0, 0.0, 0.0, 0.0, 1.5, 0.5, np.eye(1), 0.0
    )
