"""Priors on weights, means, scales and correlations, in standardised units."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from scipy.special import gammaln

from bayes_gmm.data.rows import Floats
from bayes_gmm.errors import shown
from bayes_gmm.model.checks import array_of_numbers, number, positive

LOG_NORMAL, HALF_NORMAL, INVERSE_GAMMA = 0, 1, 2


@dataclass(frozen=True)
class Normal:
    """Normal prior on each coordinate of each mean; an infinite `scale` is flat.

    Parameters
    ----------
    location : float
        In standardised units, so 0 is the column's mean.
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
class LogNormal:
    """Log-normal prior on scales: log sigma ~ Normal(log median, spread).

    It falls faster than any power as sigma tends to 0, so no component gains by shrinking onto a
    single row.

    Parameters
    ----------
    median : float, optional
        In standardised units; None means K^(-1/d).
    spread : float
        Standard deviation of log sigma.
    """

    median: float | None = None
    spread: float = 0.75

    def __post_init__(self) -> None:
        object.__setattr__(self, "spread", positive("the spread of LogNormal", self.spread))
        if self.median is not None:
            object.__setattr__(self, "median", positive("the median of LogNormal", self.median))


@dataclass(frozen=True)
class HalfNormal:
    """Half-normal prior on scales; an infinite `scale` is flat.

    It leaves the density unbounded where ``resolution=None``.

    Parameters
    ----------
    scale : float
        In standardised units.
    """

    scale: float = 1.0

    def __post_init__(self) -> None:
        scale = positive("the scale of HalfNormal", self.scale, finite=False)
        object.__setattr__(self, "scale", scale)


@dataclass(frozen=True)
class InverseGamma:
    """Inverse-gamma prior on variances, sigma^2 ~ InverseGamma(shape, scale).

    Parameters
    ----------
    shape : float
    scale : float
        In squared standardised units.
    """

    shape: float = 3.0
    scale: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", positive("the shape of InverseGamma", self.shape))
        object.__setattr__(self, "scale", positive("the scale of InverseGamma", self.scale))


ScalePrior = LogNormal | HalfNormal | InverseGamma


class PriorConstants(NamedTuple):
    """A prior with its defaults settled for K components and d features, as kernels take it.

    Attributes
    ----------
    concentration : ndarray, shape (K,)
    location, precision : float
        Of the means; a precision of 0 is flat.
    family : int
        Of the scales: `LOG_NORMAL`, `HALF_NORMAL` or `INVERSE_GAMMA`.
    first, second : float
        Its two numbers: log median and precision of log sigma, precision and 0, shape and scale.
    corr_exponents : ndarray, shape (d,)
        Powers of the diagonal of the Cholesky factor: 2 eta - 2 + d - j for j = 1 ... d.
    weights_constant, mean_constant, scale_constant, corr_constant : float
        Logarithms of the normalising constants: of the Dirichlet, of one mean coordinate, of one
        scale, of one correlation matrix. A flat prior has constant 0.
    """

    concentration: Floats
    location: float
    precision: float
    family: int
    first: float
    second: float
    corr_exponents: Floats
    weights_constant: float
    mean_constant: float
    scale_constant: float
    corr_constant: float


@dataclass(frozen=True)
class Prior:
    """What is believed about segments before the table is seen, in standardised units.

    Parameters
    ----------
    concentration : float or sequence of K floats
        Of the Dirichlet on weights. Below 1, components may be left empty.
    means : Normal
        On each coordinate of each mean.
    scales : LogNormal, HalfNormal or InverseGamma
        On each standard deviation.
    eta : float, optional
        Of the LKJ distribution of the correlation matrices (Lewandowski, Kurowicka & Joe 2009);
        None means (d + 3) / 2, the least that keeps d rows in a subspace from winning; 0 leaves the
        prior out (flat on the Cholesky factor), for parity with maximum likelihood.

    Notes
    -----
    With correlations the density is that of their Cholesky factor C, as PyMC has it, not of the
    matrix CC': the two differ by a Jacobian that depends on the order of the columns. So does,
    slightly, the mode: weights move by about 1e-4 when columns change places on a few hundred rows,
    and by less the more rows there are. The posterior distribution itself does not depend on it.

    Examples
    --------
    >>> Prior(concentration=1.0, scales=HalfNormal(2.0)).scales
    HalfNormal(scale=2.0)
    """

    concentration: float | tuple[float, ...] = 2.0
    means: Normal = field(default_factory=Normal)
    scales: ScalePrior = field(default_factory=LogNormal)
    eta: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "concentration", _concentration(self.concentration))
        if not isinstance(self.means, Normal):
            raise ValueError(f"means must be a Normal, got {shown(self.means)}")
        if not isinstance(self.scales, LogNormal | HalfNormal | InverseGamma):
            raise ValueError(
                f"scales must be a LogNormal, HalfNormal or InverseGamma, got {shown(self.scales)}"
            )
        if self.eta is not None:
            eta = number("eta", self.eta)
            object.__setattr__(self, "eta", eta)
            if not 0.0 <= eta < math.inf:
                raise ValueError(f"eta must be 0 or positive, got {eta:g}")

    @classmethod
    def flat(cls) -> Prior:
        """No prior at all: the mode is then the maximum-likelihood estimate.

        Examples
        --------
        >>> Prior.flat().constants(3, 2).precision
        0.0
        """
        return cls(1.0, Normal(0.0, math.inf), HalfNormal(math.inf), eta=0.0)

    def constants(self, n_components: int, n_features: int) -> PriorConstants:
        """Settle the defaults that depend on K and d.

        Raises
        ------
        ValueError
            If there is a concentration per component and their number is not K.
        """
        alpha = np.asarray(self.concentration, dtype=float)
        if alpha.ndim and len(alpha) != n_components:
            raise ValueError(
                f"concentration has {len(alpha)} values for {n_components} components; "
                "give one number, or one for each component"
            )
        alpha = np.broadcast_to(alpha, (n_components,)).copy()
        eta = (n_features + 3) / 2 if self.eta is None else self.eta
        sd = self.means.scale
        family, first, second, scale_constant = _scale_constants(
            self.scales, n_components ** (-1.0 / n_features)
        )
        return PriorConstants(
            concentration=alpha,
            location=self.means.location,
            precision=sd**-2.0,
            family=family,
            first=first,
            second=second,
            corr_exponents=(
                2 * eta - 2 + n_features - np.arange(1.0, n_features + 1)
                if eta > 0.0
                else np.zeros(n_features)
            ),
            weights_constant=float(gammaln(alpha.sum()) - gammaln(alpha).sum()),
            mean_constant=-math.log(sd) - 0.5 * math.log(2 * math.pi) if math.isfinite(sd) else 0.0,
            scale_constant=scale_constant,
            corr_constant=lkj_log_constant(eta, n_features) if eta > 0.0 else 0.0,
        )


def _concentration(given: Any) -> float | tuple[float, ...]:
    values = array_of_numbers("concentration", given)
    usable = np.all((values > 0.0) & np.isfinite(values))
    if values.ndim > 1 or not values.size or not usable:
        raise ValueError(f"concentration must be positive, got {shown(given)}")
    return float(values) if values.ndim == 0 else tuple(values.tolist())


def _scale_constants(prior: ScalePrior, median: float) -> tuple[int, float, float, float]:
    half_log_2pi = 0.5 * math.log(2 * math.pi)
    match prior:
        case LogNormal(given, spread):
            constant = -math.log(spread) - half_log_2pi
            return LOG_NORMAL, math.log(given or median), spread**-2.0, constant
        case HalfNormal(scale):
            flat = math.isinf(scale)
            constant = 0.0 if flat else math.log(2.0) - half_log_2pi - math.log(scale)
            return HALF_NORMAL, scale**-2.0, 0.0, constant
        case InverseGamma(shape, scale):
            constant = math.log(2.0) + shape * math.log(scale) - math.lgamma(shape)
            return INVERSE_GAMMA, shape, scale, constant
    raise TypeError(f"no scale prior: {prior!r}")


def lkj_log_constant(eta: float, d: int) -> float:
    """log of the normalising constant of the LKJ density of a d x d correlation matrix.

    With the vine's k-th tree, k = 1 ... d - 1, contributing (d - k) partial correlations
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
