"""Transformations of one column: increasing functions from an interval onto the real line."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from scipy.special import boxcox1p, expit, inv_boxcox1p, logit, ndtri

from bayes_gmm.data.rows import Floats

Spec = str | tuple[str, float] | None
"""A transformation as users write it: "log", or ("yeo-johnson", 0.5); None is the identity."""


@dataclass(frozen=True)
class QuadratureSettings:
    """Gauss-Hermite quadrature of moments in the user's units."""

    nodes: int = 40
    """Relative error of a log-normal sd below 1e-12 up to sigma = 3, and 1e-6 at 4."""


QUADRATURE = QuadratureSettings()
CENTRAL_68 = float(ndtri(0.84))
"""Half the width of the central 68 % of a Gaussian, in standard deviations."""


class Transform(ABC):
    """An increasing, differentiable function t of a column."""

    name: ClassVar[str]
    """As users write it."""
    needs: ClassVar[str] = "finite values"
    """The values that it is defined for."""
    instead: ClassVar[str] = ""
    """Advice for other values."""

    @abstractmethod
    def forward(self, x: Floats) -> Floats:
        """t(x); NaN stays NaN."""

    @abstractmethod
    def inverse(self, y: Floats) -> Floats:
        """t^-1(y)."""

    @abstractmethod
    def log_derivative(self, x: Floats) -> Floats:
        """log t'(x)."""

    def moments(self, mean: Floats, sd: Floats) -> tuple[Floats, Floats]:
        """Mean and standard deviation of t^-1(Y) for Gaussian Y, by Gauss-Hermite quadrature.

        Examples
        --------
        >>> mean, sd = Log().moments(np.array(0.0), np.array(1.0))
        >>> bool(np.isclose(mean, np.exp(0.5)))
        True
        """
        z, w = np.polynomial.hermite_e.hermegauss(QUADRATURE.nodes)
        w /= w.sum()
        first = second = np.zeros(np.broadcast_shapes(mean.shape, sd.shape))
        middle = self.inverse(mean)
        for node, weight in zip(z.tolist(), w.tolist(), strict=True):
            away = self.inverse(mean + node * sd) - middle
            first = first + weight * away
            second = second + weight * away**2
        return middle + first, np.sqrt(np.maximum(second - first**2, 0.0))

    def described(self, mean: Floats, sd: Floats) -> dict[str, Floats]:
        """Location and spread in the user's units of t^-1(Y) for Gaussian Y, by name.

        These are the median, the mean and the bounds of the central 68 %: the quantiles at 16 %
        and 84 %.

        Examples
        --------
        >>> found = Log().described(np.array(0.0), np.array(1.0))
        >>> {name: round(float(value), 2) for name, value in found.items()}
        {'median': 1.0, 'mean': 1.65, '16 %': 0.37, '84 %': 2.7}
        """
        return {
            "median": self.inverse(mean),
            "mean": self.moments(mean, sd)[0],
            "16 %": self.inverse(mean - CENTRAL_68 * sd),
            "84 %": self.inverse(mean + CENTRAL_68 * sd),
        }

    def allows(self, x: Floats) -> npt.NDArray[np.bool_]:
        """Whether t and its derivative are finite at each value."""
        return np.isfinite(x)

    @property
    def spec(self) -> Spec:
        """The transformation as users write it."""
        return self.name


@dataclass(frozen=True)
class Identity(Transform):
    """t(x) = x."""

    name = "identity"

    def forward(self, x: Floats) -> Floats:
        """x."""
        return x

    def inverse(self, y: Floats) -> Floats:
        """y."""
        return y

    def log_derivative(self, x: Floats) -> Floats:
        """0."""
        return np.zeros_like(x)

    def described(self, mean: Floats, sd: Floats) -> dict[str, Floats]:
        """Mean and standard deviation."""
        return {"mean": mean, "sd": sd}

    @property
    def spec(self) -> Spec:
        """None."""
        return None


@dataclass(frozen=True)
class Log(Transform):
    """t(x) = log x."""

    name = "log"
    needs = "positive values"
    instead = "use 'log1p' if zeros were measured"

    def forward(self, x: Floats) -> Floats:
        """Log x."""
        return np.log(x)

    def inverse(self, y: Floats) -> Floats:
        """Exp y."""
        with np.errstate(over="ignore"):
            return np.exp(y)

    def log_derivative(self, x: Floats) -> Floats:
        """-log x."""
        return -np.log(x)

    def allows(self, x: Floats) -> npt.NDArray[np.bool_]:
        """Positive values."""
        return np.asarray(x > 0.0)


@dataclass(frozen=True)
class Log1p(Transform):
    """t(x) = log(1 + x / scale).

    Parameters
    ----------
    scale : float
        In the units of the column; t is nearly linear below it and logarithmic above it.
    """

    scale: float = 1.0
    name = "log1p"
    needs = "values of at least 0"
    instead = "use 'yeo-johnson' for a column with negative values"

    def forward(self, x: Floats) -> Floats:
        """log(1 + x / scale)."""
        return np.log1p(x / self.scale)

    def inverse(self, y: Floats) -> Floats:
        """Scale (exp y - 1)."""
        with np.errstate(over="ignore"):
            return self.scale * np.expm1(y)

    def log_derivative(self, x: Floats) -> Floats:
        """-log(scale + x)."""
        return -np.log(self.scale + x)

    def allows(self, x: Floats) -> npt.NDArray[np.bool_]:
        """Values of at least 0."""
        return np.asarray(x >= 0.0)

    @property
    def spec(self) -> Spec:
        """The name, with the scale unless that is 1."""
        return self.name if self.scale == 1.0 else (self.name, self.scale)


@dataclass(frozen=True)
class Sqrt(Transform):
    """t(x) = sign(x) sqrt(|x|), for positive data.

    The derivative is infinite at 0, so that zeros are not allowed. Values below 0 have a density,
    as the Gaussian on the transformed scale is unbounded.
    """

    name = "sqrt"
    needs = "positive values"
    instead = "use 'log1p' if zeros were measured"

    def forward(self, x: Floats) -> Floats:
        """Signed square root."""
        return np.asarray(np.sign(x) * np.sqrt(np.abs(x)))

    def inverse(self, y: Floats) -> Floats:
        """Signed square."""
        return y * np.abs(y)

    def log_derivative(self, x: Floats) -> Floats:
        """-log(2 sqrt(|x|))."""
        return -0.5 * np.log(4.0 * np.abs(x))

    def allows(self, x: Floats) -> npt.NDArray[np.bool_]:
        """Positive values."""
        return np.asarray(x > 0.0)


@dataclass(frozen=True)
class Logit(Transform):
    """t(x) = log(x / (1 - x))."""

    name = "logit"
    needs = "values between 0 and 1, both excluded"
    instead = "divide percentages by 100"

    def forward(self, x: Floats) -> Floats:
        """Logit of x."""
        return np.asarray(logit(x))

    def inverse(self, y: Floats) -> Floats:
        """1 / (1 + exp -y)."""
        return np.asarray(expit(y))

    def log_derivative(self, x: Floats) -> Floats:
        """-log(x (1 - x))."""
        return -np.log(x) - np.log1p(-x)

    def allows(self, x: Floats) -> npt.NDArray[np.bool_]:
        """Values between 0 and 1."""
        return np.asarray((x > 0.0) & (x < 1.0))


@dataclass(frozen=True)
class YeoJohnson(Transform):
    r"""The transformation of Yeo & Johnson (2000).

    With the Box-Cox function :math:`b_\lambda(u) = ((1 + u)^\lambda - 1) / \lambda`, it is
    :math:`b_\lambda(x)` for :math:`x \ge 0`, and :math:`-b_{2 - \lambda}(-x)` below.

    Parameters
    ----------
    lmbda : float
        From 0, the logarithm of 1 + x for positive values, to 2; 1 is the identity. Beyond these
        the transformed values would be bounded.
    """

    lmbda: float
    name = "yeo-johnson"

    def forward(self, x: Floats) -> Floats:
        """t(x)."""
        up, down = (
            boxcox1p(np.maximum(x, 0.0), self.lmbda),
            boxcox1p(np.maximum(-x, 0.0), 2.0 - self.lmbda),
        )
        return np.asarray(up - down)

    def inverse(self, y: Floats) -> Floats:
        """t^-1(y)."""
        up = inv_boxcox1p(np.maximum(y, 0.0), self.lmbda)
        return np.asarray(up - inv_boxcox1p(np.maximum(-y, 0.0), 2.0 - self.lmbda))

    def log_derivative(self, x: Floats) -> Floats:
        """(lambda - 1) sign(x) log(1 + |x|)."""
        return np.asarray((self.lmbda - 1.0) * np.sign(x) * np.log1p(np.abs(x)))

    @property
    def spec(self) -> Spec:
        """Name and lambda."""
        return (self.name, self.lmbda)
