r"""Transformations of columns, after which segments are Gaussian.

The density of a row in the user's units is that on the transformed scale times the Jacobian,

.. math:: p(x) = p_y(t(x)) \prod_j |t_j'(x_j)|

Each transformation is an increasing function from an interval onto the real line.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from scipy.special import boxcox1p, expit, inv_boxcox1p, logit, ndtri

from bayes_gmm.data.matrix import FeatureMatrix, ModelMatrix
from bayes_gmm.data.rows import Floats
from bayes_gmm.errors import DataError, FitError, listed, nearest, shown

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


PLAIN: Mapping[str, Transform] = {t.name: t for t in (Identity(), Log(), Log1p(), Sqrt(), Logit())}
"""Transformations that need no parameter."""
EXAMPLES = (*PLAIN, "yeo-johnson")


def parse_transform(spec: Any, column: str = "") -> Transform:
    """A transformation from what a user wrote.

    Raises
    ------
    FitError
        If there is no such transformation, or its parameter is out of range.

    Examples
    --------
    >>> parse_transform("log"), parse_transform(("yeo-johnson", 0.5)), parse_transform(None)
    (Log(), YeoJohnson(lmbda=0.5), Identity())
    """
    if isinstance(spec, Transform):
        return spec
    if spec is None:
        return Identity()
    name, *given = (spec,) if isinstance(spec, str) else tuple(spec) if np.iterable(spec) else ("",)
    where = f" for column {shown(column)}" if column else ""
    if not given and isinstance(name, str) and name in PLAIN:
        return PLAIN[name]
    number = given[0] if len(given) == 1 else None
    value = float(number) if isinstance(number, int | float | np.number) else math.nan
    if name == "yeo-johnson" and 0.0 <= value <= 2.0:
        return YeoJohnson(value)
    if name == "log1p" and 0.0 < value < math.inf:
        return Log1p(value)
    if name == "yeo-johnson":
        raise FitError(
            f"transformation {shown(spec)}{where}: give ('yeo-johnson', lambda) with a "
            "number lambda from 0 to 2"
        )
    raise FitError(f"unknown transformation {shown(spec)}{where}; choose from {listed(EXAMPLES)}")


@dataclass(frozen=True)
class Transforms:
    """One transformation for each column.

    Examples
    --------
    >>> from bayes_gmm.data.table import feature_matrix
    >>> transforms = Transforms.of({"x2": "log"}, ("x1", "x2"))
    >>> rows = transforms.apply(feature_matrix([[3.0, 1.0], [4.0, np.e]]))
    >>> rows.values.tolist(), rows.log_jacobian.tolist()
    ([[3.0, 0.0], [4.0, 1.0]], [0.0, -1.0])
    >>> transforms.inverse(rows.values).round(3).tolist()
    [[3.0, 1.0], [4.0, 2.718]]
    """

    entries: tuple[Transform, ...]

    @classmethod
    def identity(cls, n_features: int) -> Transforms:
        """No transformation."""
        return cls((Identity(),) * n_features)

    @classmethod
    def of(cls, given: Any, features: Sequence[str]) -> Transforms:
        """Transformations by the names of columns; other columns are not transformed.

        Raises
        ------
        DataError
            If there is no such column.
        FitError
            If there is no such transformation.
        """
        if given is None:
            return cls.identity(len(features))
        if isinstance(given, Transforms):
            return given
        if not isinstance(given, Mapping):
            raise FitError(
                f"transforms is {shown(given)}; give a dict such as {{{features[0]!r}: 'log'}}, "
                "'auto' or None"
            )
        for name in given:
            if name not in features:
                near = nearest(name, features) if isinstance(name, str) else None
                hint = f"; did you mean {shown(near)}?" if near is not None else ""
                raise DataError(
                    f"transforms: no column {shown(name)}{hint}. There are: {listed(features)}"
                )
        return cls(tuple(parse_transform(given.get(name), name) for name in features))

    @property
    def is_identity(self) -> bool:
        """Whether no column is transformed."""
        return all(isinstance(t, Identity) for t in self.entries)

    @property
    def changed(self) -> tuple[int, ...]:
        """Positions of the transformed columns."""
        return tuple(j for j, t in enumerate(self.entries) if not isinstance(t, Identity))

    def only(self, positions: Sequence[int]) -> Transforms:
        """Those of some of the columns."""
        return Transforms(tuple(self.entries[j] for j in positions))

    def specs(self, features: Sequence[str]) -> dict[str, Spec]:
        """The transformed columns by name, as users write them.

        Examples
        --------
        >>> Transforms((Identity(), Log())).specs(("Age", "Spend"))
        {'Spend': 'log'}
        """
        return {features[j]: self.entries[j].spec for j in self.changed}

    def apply(self, matrix: FeatureMatrix) -> ModelMatrix:
        """Rows on the scale of the model, with their Jacobian; missing cells stay missing.

        Raises
        ------
        DataError
            If a transformation does not allow a value; the message names column and row.
        """
        if isinstance(matrix, ModelMatrix):
            return matrix
        if self.is_identity:
            return ModelMatrix.plain(matrix.values, matrix.features)
        values, log_jacobian = np.array(matrix.values), np.zeros(matrix.n_rows)
        for j in self.changed:
            column = matrix.values[:, j]
            refuse_values(self.entries[j], column, matrix.features[j])
            values[:, j] = self.entries[j].forward(column)
            log_jacobian += np.nan_to_num(self.entries[j].log_derivative(column), nan=0.0)
        return ModelMatrix(values, matrix.features, log_jacobian)

    def inverse(self, values: Floats) -> Floats:
        """Values (..., n_features) of the model's scale in the user's units."""
        if self.is_identity:
            return values
        found = np.array(values)
        for j in self.changed:
            found[..., j] = self.entries[j].inverse(values[..., j])
        return found

    def steps(self, delta: Floats, values: Floats, weights: Floats | None) -> Floats:
        r"""Recording steps on the scale of the model.

        .. math:: \tilde\delta_j^2 = \sum_i \omega_i (\delta_j t_j'(x_{ij}))^2 / \sum_i \omega_i

        Parameters
        ----------
        delta : ndarray, shape (n_features,)
            Steps in the user's units.
        values : ndarray, shape (n_rows, n_features)
            In the user's units; missing cells are left out.
        weights : ndarray, shape (n_rows,), optional
        """
        found = np.array(delta)
        for j in self.changed:
            if delta[j] > 0.0:
                seen = ~np.isnan(values[:, j])
                slope = np.exp(self.entries[j].log_derivative(values[seen, j]))
                w = None if weights is None else weights[seen]
                found[j] = delta[j] * np.sqrt(np.average(slope**2, weights=w))
        return found


def refuse_values(transform: Transform, column: Floats, name: str) -> None:
    """Raise a DataError for a value that a transformation does not allow."""
    with np.errstate(invalid="ignore"):
        refused = ~(transform.allows(column) | np.isnan(column))
    if refused.any():
        row = int(refused.argmax())
        raise DataError(
            f"column {shown(name)} is {column[row]:g} in row {row + 1}, but transformation "
            f"{transform.name!r} needs {transform.needs}; {transform.instead}, or set the cell to "
            "missing (NaN)"
        )
