"""A prior with its defaults settled, as compiled code takes it."""

from __future__ import annotations

from typing import NamedTuple

from scipy.special import gammaln

from bayes_gmm.data.rows import Floats
from bayes_gmm.model.prior.hierarchical_wishart import log_constant
from bayes_gmm.model.prior.scales import HALF_NORMAL


class PriorConstants(NamedTuple):
    """A prior with its defaults settled for K components and d features, as kernels take it.

    Attributes
    ----------
    concentration : ndarray, shape (K,)
    location, precision : float
        Of the means; a precision of 0 is flat.
    n_covariances : int
        Covariance matrices under a hierarchical Wishart prior: K, or 1 that all components share.
        0: scales and correlations have independent priors (LKJ), and the fields `c0`, `g0`, `G0`
        and `wishart_constant` are not used; otherwise those from `family` to `corr_constant`.
    family : int
        Of the scales: `LOG_NORMAL`, `HALF_NORMAL` or `INVERSE_GAMMA`.
    first, second : float
        Its two numbers: log median and precision of log sigma, precision and 0, shape and scale.
    corr_exponents : ndarray, shape (d,)
        Powers of the diagonal of the Cholesky factor: 2 eta - 2 + d - j for j = 1 ... d.
    weights_constant, mean_constant, scale_constant, corr_constant : float
        Logarithms of the normalising constants: of the Dirichlet, of one mean coordinate, of one
        scale, of one correlation matrix. A flat prior has constant 0.
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
        """Whether means or scales have a flat prior: no mode then has a mass, only a height."""
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

        A prior under which scales and correlations are independent stays as it is. A hierarchical
        Wishart prior on 0 matrices becomes such a prior, with the default parameters.
        """
        n = n_covariances if self.n_covariances else 0
        constant = log_constant(self.c0, self.g0, self.G0, n) if n else 0.0
        return self._replace(n_covariances=n, wishart_constant=constant)

    def given_others(self, precisions: Floats) -> PriorConstants:
        """The prior of one covariance given the others of a hierarchical Wishart prior.

        p(P_k | P_l, l != k) is the prior of a single matrix with g_0 + m c_0 and G_0 + sum_l P_l,
        m the number of other matrices. Any other prior has independent components and stays as it
        is.

        Parameters
        ----------
        precisions : ndarray, shape (m, d, d)
            Of the other components.
        """
        if not self.n_covariances:
            return self
        g0, G0 = self.g0 + len(precisions) * self.c0, self.G0 + precisions.sum(axis=0)
        return self._replace(g0=g0, G0=G0, wishart_constant=log_constant(self.c0, g0, G0, 1))
