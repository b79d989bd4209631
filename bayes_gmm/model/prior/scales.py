"""Priors on the standard deviations of components, in standardised units."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bayes_gmm.model.checks import positive
from bayes_gmm.model.prior.constants import HALF_NORMAL, INVERSE_GAMMA, LOG_NORMAL

HALF_LOG_2PI = 0.5 * math.log(2.0 * math.pi)


@dataclass(frozen=True)
class LogNormal:
    """Log-normal prior on scales: log sigma ~ Normal(log median, spread).

    It decreases faster than any power as sigma tends to 0, so components cannot collapse onto a
    single row.

    Parameters
    ----------
    median : float, optional
        Median of sigma in standardised units; None means K^(-1/d).
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

    The density is unbounded under this prior if ``resolution=None``.

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


def scale_constants(prior: ScalePrior, median: float) -> tuple[int, float, float, float]:
    """Family code, its two numbers and the logarithm of the normalising constant.

    Parameters
    ----------
    prior : LogNormal, HalfNormal or InverseGamma
    median : float
        Median of a LogNormal whose `median` is None.
    """
    match prior:
        case LogNormal(given, spread):
            constant = -math.log(spread) - HALF_LOG_2PI
            return LOG_NORMAL, math.log(given or median), spread**-2.0, constant
        case HalfNormal(scale):
            flat = math.isinf(scale)
            constant = 0.0 if flat else math.log(2.0) - HALF_LOG_2PI - math.log(scale)
            return HALF_NORMAL, scale**-2.0, 0.0, constant
        case InverseGamma(shape, scale):
            constant = math.log(2.0) + shape * math.log(scale) - math.lgamma(shape)
            return INVERSE_GAMMA, shape, scale, constant
    raise TypeError(f"no scale prior: {prior!r}")
