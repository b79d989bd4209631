"""Transformations that each column of a table may have, and the columns after each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bayes_gmm.data.resolution import Recording, recording_variances
from bayes_gmm.data.rows import Floats, Integers
from bayes_gmm.data.standardize import Standardizer
from bayes_gmm.data.transform import Transform


@dataclass(frozen=True, eq=False)
class ColumnOptions:
    """All columns after each of their options, side by side.

    Attributes
    ----------
    values : ndarray, shape (n_rows, n_options)
        Transformed columns, standardised. The options of a column are adjacent; the first one is
        the identity.
    column : ndarray of int, shape (n_options,)
        The column of each option.
    log_jacobian : ndarray, shape (n_options,)
        Weighted sum over rows of the log derivative, standardisation included.
    rho2 : ndarray, shape (n_options,)
        Variances of the recording error of `values`.
    cost : ndarray, shape (n_options,)
        What an option adds to the BIC.
    weights : ndarray, shape (n_rows,)

    Examples
    --------
    >>> from bayes_gmm.data.transform import Identity, Log
    >>> x = np.exp(np.random.default_rng(0).normal(size=(50, 1)))
    >>> options = ColumnOptions.of(x, [[Identity(), Log()]], np.zeros(1), np.ones(50), [[0.0, 5.0]])
    >>> options.values.shape, options.n_columns, options.free
    ((50, 2), 1, [0])
    """

    values: Floats
    column: Integers
    log_jacobian: Floats
    rho2: Floats
    cost: Floats
    weights: Floats

    @classmethod
    def of(
        cls,
        values: Floats,
        transforms: Sequence[Sequence[Transform]],
        steps: Floats,
        weights: Floats,
        costs: Sequence[Sequence[float]],
    ) -> ColumnOptions:
        """Options of the columns of a table without missing cells.

        Parameters
        ----------
        values : ndarray, shape (n_rows, n_columns)
            In the user's units.
        transforms : sequence of sequence of Transform
            Those that each column may have.
        steps : ndarray, shape (n_columns,)
            To which the columns are rounded; 0 if none is known.
        weights : ndarray, shape (n_rows,)
        costs : sequence of sequence of float
        """
        column = np.repeat(np.arange(len(transforms)), [len(each) for each in transforms])
        y, log_slope = np.empty((2, len(values), len(column)))
        for i, transform in enumerate(t for each in transforms for t in each):
            y[:, i] = transform.forward(values[:, column[i]])
            log_slope[:, i] = transform.log_derivative(values[:, column[i]])
        units, total = Standardizer.fit(y, weights), weights.sum()
        log_slope -= np.log(units.scale)
        with np.errstate(divide="ignore"):
            squared = weights @ np.exp(2.0 * (log_slope + np.log(steps[column]))) / total
        recording = Recording(np.sqrt(squared), np.zeros(len(column)))
        rho2 = recording_variances(recording, np.full(len(column), total))
        return cls(
            units.apply(y), column, weights @ log_slope, rho2,
            np.concatenate([np.asarray(cost, dtype=np.float64) for cost in costs]), weights,
        )  # fmt: skip

    @property
    def n_columns(self) -> int:
        """Columns of the table."""
        return int(self.column[-1]) + 1

    @property
    def first(self) -> Integers:
        """Position of the identity of each column."""
        return np.searchsorted(self.column, np.arange(self.n_columns))

    @property
    def free(self) -> list[int]:
        """Columns with several options."""
        return np.flatnonzero(np.bincount(self.column) > 1).tolist()
