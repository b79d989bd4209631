"""Priors on weights, means and covariances, in standardised units."""

from __future__ import annotations

import math
from dataclasses import InitVar, dataclass, field
from typing import Any

import numpy as np
from scipy.special import gammaln

from bayes_gmm.data.rows import Floats
from bayes_gmm.errors import shown
from bayes_gmm.model.checks import array_of_numbers, number, positive
from bayes_gmm.model.prior.constants import PriorConstants, wishart_log_constant
from bayes_gmm.model.prior.hierarchical_wishart import HierarchicalWishart
from bayes_gmm.model.prior.lkj import LKJ
from bayes_gmm.model.prior.scales import HALF_LOG_2PI, HalfNormal, scale_constants
from bayes_gmm.model.structure import Structure

CovariancePrior = LKJ | HierarchicalWishart


@dataclass(frozen=True)
class Normal:
    """Normal prior on each coordinate of each mean; an infinite `scale` is flat.

    Parameters
    ----------
    location : float
        Mean in standardised units; 0 is the mean of the column.
    scale : float
        Standard deviation, in standard deviations of the column.
    """

    location: float = 0.0
    scale: float = 3.0

    def __post_init__(self) -> None:
        location = number("the location of Normal", self.location)
        object.__setattr__(self, "location", location)
        object.__setattr__(self, "scale", positive("the scale of Normal", self.scale, finite=False))
        if not math.isfinite(location):
            raise ValueError(f"the location of Normal must be finite, got {location:g}")


@dataclass(frozen=True)
class Prior:
    """Prior on weights, means and covariances, in standardised units.

    Parameters
    ----------
    concentration : float or sequence of K floats
        Concentration of the Dirichlet prior on weights. Below 1, components may be empty.
    means : Normal
        Prior on each coordinate of each mean.
    covariances : LKJ or HierarchicalWishart, optional
        Prior on the covariance matrices. None means `HierarchicalWishart` for two or more features
        if each component has its own covariance ("full") or all share one ("tied"), and `LKJ`
        otherwise.
    eta, scales
        Parameters of `LKJ`, which raise a TypeError if given here.

    Notes
    -----
    Under LKJ the density is that of the Cholesky factor C of a correlation matrix, as in PyMC, not
    that of the matrix CC': the two differ by a Jacobian that depends on the order of the columns.
    Therefore the mode depends slightly on this order: weights change by about 1e-4 with a few
    hundred rows, and by less with more rows. The posterior distribution does not depend on it.
    Under a hierarchical Wishart prior the density is that of the precision matrices, and its mode
    does not depend on the order.

    Examples
    --------
    >>> Prior(concentration=1.0, covariances=LKJ(scales=HalfNormal(2.0))).covariances
    LKJ(eta=1.0, scales=HalfNormal(scale=2.0))
    >>> Prior().covariance_prior(Structure.parse("full"), n_features=4)
    HierarchicalWishart(c0=None, g0=None, G0=None)
    """

    concentration: float | tuple[float, ...] = 2.0
    means: Normal = field(default_factory=Normal)
    covariances: CovariancePrior | None = None
    eta: InitVar[Any] = field(default=None, kw_only=True)
    scales: InitVar[Any] = field(default=None, kw_only=True)

    def __post_init__(self, eta: Any, scales: Any) -> None:
        for name, given in (("eta", eta), ("scales", scales)):
            if given is not None:
                raise TypeError(
                    f"Prior has no argument {name!r}; "
                    f"use Prior(covariances=bg.LKJ({name}={shown(given)}))"
                )
        object.__setattr__(self, "concentration", _concentration(self.concentration))
        if not isinstance(self.means, Normal):
            raise ValueError(f"means must be a Normal, got {shown(self.means)}")
        if not isinstance(self.covariances, LKJ | HierarchicalWishart | None):
            raise ValueError(
                "covariances must be an LKJ or a HierarchicalWishart, "
                f"got {shown(self.covariances)}"
            )

    @classmethod
    def flat(cls) -> Prior:
        """Flat prior, under which the mode is the maximum-likelihood estimate.

        Examples
        --------
        >>> Prior.flat().constants(3, 2).precision
        0.0
        """
        flat = LKJ(eta=0.0, scales=HalfNormal(math.inf))
        return cls(1.0, Normal(0.0, math.inf), flat)

    def covariance_prior(self, structure: Structure, n_features: int) -> CovariancePrior:
        """The prior on covariances, with the default resolved.

        Raises
        ------
        ValueError
            If `HierarchicalWishart` is given for a structure that ties entries of covariances.
        """
        free = structure.n_covariances(2, n_features) > 0
        if self.covariances is None:
            return HierarchicalWishart() if free and n_features > 1 else LKJ()
        if isinstance(self.covariances, HierarchicalWishart) and not free:
            raise ValueError(
                "HierarchicalWishart needs structure 'full' or 'tied', "
                f"got {structure.name!r}; use bg.LKJ, or leave covariances out"
            )
        return self.covariances

    def constants(
        self,
        n_components: int,
        n_features: int,
        structure: Structure = Structure(),  # noqa: B008  (frozen)
    ) -> PriorConstants:
        """Resolve the defaults that depend on K, d and the structure.

        Parameters
        ----------
        n_components, n_features : int
        structure : Structure

        Raises
        ------
        ValueError
            If there is a concentration per component and their number is not K, or the prior on
            covariances does not suit the structure or the number of features.
        """
        K, d = n_components, n_features
        alpha = _one_each(self.concentration, K)
        covariances = self.covariance_prior(structure, d)
        separate = covariances if isinstance(covariances, LKJ) else LKJ()
        family, first, second, scale_constant = scale_constants(separate.scales, K ** (-1.0 / d))
        wishart = HierarchicalWishart() if isinstance(covariances, LKJ) else covariances
        n = 0 if isinstance(covariances, LKJ) else structure.n_covariances(K, d)
        c0, g0, G0 = wishart.settled(d, n or 1)
        sd = self.means.scale
        return PriorConstants(
            concentration=alpha,
            location=self.means.location,
            precision=sd**-2.0,
            n_covariances=n,
            family=family,
            first=first,
            second=second,
            corr_exponents=separate.corr_exponents(d),
            weights_constant=float(gammaln(alpha.sum()) - gammaln(alpha).sum()),
            mean_constant=-math.log(sd) - HALF_LOG_2PI if math.isfinite(sd) else 0.0,
            scale_constant=scale_constant,
            corr_constant=separate.log_constant(d),
            c0=c0,
            g0=g0,
            G0=G0,
            wishart_constant=wishart_log_constant(c0, g0, G0, n) if n else 0.0,
        )


def _one_each(concentration: float | tuple[float, ...], n_components: int) -> Floats:
    alpha = np.asarray(concentration, dtype=float)
    if alpha.ndim and len(alpha) != n_components:
        raise ValueError(
            f"concentration has {len(alpha)} values for {n_components} components; "
            "give one number, or one for each component"
        )
    return np.broadcast_to(alpha, (n_components,)).copy()


def _concentration(given: Any) -> float | tuple[float, ...]:
    values = array_of_numbers("concentration", given)
    usable = np.all((values > 0.0) & np.isfinite(values))
    if values.ndim > 1 or not values.size or not usable:
        raise ValueError(f"concentration must be positive, got {shown(given)}")
    return float(values) if values.ndim == 0 else tuple(values.tolist())
