"""Priors on weights, means and covariances of a mixture, in standardised units."""

from bayes_gmm.model.prior.constants import (
    HALF_NORMAL,
    INVERSE_GAMMA,
    LOG_NORMAL,
    PriorConstants,
)
from bayes_gmm.model.prior.hierarchical_wishart import HierarchicalWishart
from bayes_gmm.model.prior.lkj import LKJ, lkj_log_constant
from bayes_gmm.model.prior.prior import CovariancePrior, Normal, Prior
from bayes_gmm.model.prior.scales import (
    HalfNormal,
    InverseGamma,
    LogNormal,
)

__all__ = [
    "HALF_NORMAL",
    "INVERSE_GAMMA",
    "LKJ",
    "LOG_NORMAL",
    "CovariancePrior",
    "HalfNormal",
    "HierarchicalWishart",
    "InverseGamma",
    "LogNormal",
    "Normal",
    "Prior",
    "PriorConstants",
    "lkj_log_constant",
]
