r"""Transformations of the columns of a table, after which segments are Gaussian.

The density of a row in the user's units is that on the transformed scale times the Jacobian,

.. math:: p(x) = p_y(t(x)) \prod_j |t_j'(x_j)|
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bayes_gmm.data.matrix import FeatureMatrix, ModelMatrix
from bayes_gmm.data.rows import Floats
from bayes_gmm.data.transform import (
    Identity,
    Log,
    Log1p,
    Logit,
    Spec,
    Sqrt,
    Transform,
    YeoJohnson,
)
from bayes_gmm.errors import DataError, FitError, listed, nearest, shown

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
    >>> from bayes_gmm.data.feature_matrix import feature_matrix
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
