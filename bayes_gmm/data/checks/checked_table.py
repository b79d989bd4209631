"""`CheckedTable`: a table in memory, or a sample of a longer one, as the checks use it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from bayes_gmm.data.checks.profile import Profile
from bayes_gmm.data.matrix import FeatureMatrix
from bayes_gmm.data.rows import Floats
from bayes_gmm.diagnostics.diagnostic import Diagnostic


@dataclass(frozen=True, eq=False)
class CheckedTable:
    """A table in memory, or a sample of a longer one, with the size of the whole table.

    Attributes
    ----------
    matrix : FeatureMatrix
        The rows of positive weight, or a sample of them, in the user's units.
    profiles : tuple of Profile
        One for each column.
    n_rows : int
        Rows of the table.
    total, empty : float
        Total weight of the rows of the table, and of those in which all cells are missing.
    patterns : ndarray of bool, shape (n_patterns, d), optional
        Observed columns in each kind of row; by default those of `matrix`.
    """

    matrix: FeatureMatrix
    profiles: tuple[Profile, ...]
    n_rows: int
    total: float
    empty: float
    patterns: npt.NDArray[np.bool_] | None = None

    @classmethod
    def of(cls, matrix: FeatureMatrix, weights: Floats | None) -> CheckedTable:
        """A table in memory; rows of weight 0 are left out.

        Examples
        --------
        >>> rows = FeatureMatrix(np.array([[1.0], [np.nan], [2.0]]), ("Age",))
        >>> table = CheckedTable.of(rows, np.array([1.0, 2.0, 0.0]))
        >>> table.n_rows, table.total, table.empty
        (2, 3.0, 2.0)
        """
        if weights is not None and not weights.all():
            counted = weights > 0.0
            matrix, weights = matrix.only(counted), weights[counted]
        columns = zip(matrix.features, matrix.values.T, strict=True)
        profiles = tuple(Profile.of(name, column, weights) for name, column in columns)
        unmeasured = ~matrix.measured()
        empty = np.count_nonzero(unmeasured) if weights is None else weights[unmeasured].sum()
        total = matrix.n_rows if weights is None else weights.sum()
        return cls(matrix, profiles, matrix.n_rows, float(total), float(empty))

    @property
    def is_sample(self) -> bool:
        """Whether `matrix` has only some of the rows."""
        return self.matrix.n_rows < self.n_rows

    def observed(self, rows_at_once: int) -> Iterator[npt.NDArray[np.bool_]]:
        """Chunks of rows of the observed columns in each row, or in each kind of row."""
        if self.patterns is not None:
            yield self.patterns
            return
        values = self.matrix.values
        for start in range(0, len(values), rows_at_once):
            yield ~np.isnan(values[start : start + rows_at_once])


@runtime_checkable
class Checkable(Protocol):
    """A table that is not in memory and supplies what the checks use, such as a `Scan`."""

    def checked_table(self) -> CheckedTable:
        """The table, or a sample of it."""
        ...


def in_table(finding: Diagnostic, rows_each: float) -> Diagnostic:
    """A finding in a sample, with numbers of rows of the table.

    Parameters
    ----------
    finding : Diagnostic
    rows_each : float
        Rows of the table for each row of the sample.

    Examples
    --------
    >>> in_table(Diagnostic("atom", ("Age",), {"rows": 20.0, "fraction": 0.1}), 50.0).values
    {'rows': 1000.0, 'fraction': 0.1}
    """
    if rows_each == 1.0:
        return finding
    scaled = {
        name: finding.values[name] * rows_each
        for name in ("rows", "negative")
        if name in finding.values
    }
    return replace(finding, values={**finding.values, **scaled})
