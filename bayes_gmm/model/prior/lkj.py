"""The separation strategy: LKJ correlations and independent scales."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from scipy.special import gammaln

from bayes_gmm.data.rows import Floats
from bayes_gmm.errors import shown
from bayes_gmm.model.checks import number
from bayes_gmm.model.prior.scales import HalfNormal, InverseGamma, LogNormal, ScalePrior


@dataclass(frozen=True)
class LKJ:
    """Independent priors on correlations and scales (Barnard, McCulloch & Meng 2000).

    Sigma_k = diag(sigma_k) R_k diag(sigma_k) with R_k ~ LKJ(eta), density proportional to
    det(R)^(eta - 1) (Lewandowski, Kurowicka & Joe 2009), and each sigma from `scales`. One
    correlation of d features has the marginal distribution (1 + r) / 2 ~ Beta(a, a) with
    a = eta + d / 2 - 1. It is uniform for LKJ(1) and two features, and concentrates at 0 as d
    increases. This prior is the default for one feature, and for structures in which components
    share some but not all entries of the covariances, or have no correlations ("diag", "spherical",
    shared correlations with different scales, and so on).

    Parameters
    ----------
    eta : float
        0 means a flat prior on the Cholesky factor, as in maximum likelihood.
    scales : LogNormal, HalfNormal or InverseGamma
        Prior on each standard deviation, in standardised units.

    Examples
    --------
    >>> LKJ(2.0)
    LKJ(eta=2.0, scales=LogNormal(median=None, spread=0.75))
    """

    eta: float = 1.0
    scales: ScalePrior = field(default_factory=LogNormal)

    def __post_init__(self) -> None:
        if not isinstance(self.scales, LogNormal | HalfNormal | InverseGamma):
            raise ValueError(
                f"scales must be a LogNormal, HalfNormal or InverseGamma, got {shown(self.scales)}"
            )
        eta = number("eta", self.eta)
        object.__setattr__(self, "eta", eta)
        if not 0.0 <= eta < math.inf:
            raise ValueError(f"eta must be 0 or positive, got {eta:g}")

    def corr_exponents(self, n_features: int) -> Floats:
        """Powers of C_jj in the density of a Cholesky factor C of R: 2 eta - 2 + d - j, from j = 1.

        The density of C is that of R times ``|dR / dC| = prod_j C_jj^(d - j)``.
        """
        if self.eta == 0.0:
            return np.zeros(n_features)
        return 2 * self.eta - 2 + n_features - np.arange(1.0, n_features + 1)

    def log_constant(self, n_features: int) -> float:
        """Logarithm of the normalising constant of one correlation matrix; 0 if it is flat."""
        return lkj_log_constant(self.eta, n_features) if self.eta > 0.0 else 0.0


def lkj_log_constant(eta: float, d: int) -> float:
    """log of the normalising constant of the LKJ density of a d x d correlation matrix.

    In a vine, the k-th tree (k = 1 ... d - 1) has d - k partial correlations with the distribution
    2 Beta(a_k, a_k) - 1, a_k = eta + (d - 1 - k) / 2 (Lewandowski, Kurowicka & Joe 2009, eq. 16).

    Examples
    --------
    >>> round(lkj_log_constant(1.0, 2), 12) == round(-math.log(2.0), 12)
    True
    """
    k = np.arange(1, d)
    a = eta + (d - 1 - k) / 2
    log_beta = 2 * gammaln(a) - gammaln(2 * a)
    return float(-np.sum((2 * eta - 2 + d - k) * (d - k) * math.log(2.0) + (d - k) * log_beta))
