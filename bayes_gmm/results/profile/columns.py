"""Records of columns outside the model, and of draws of their means or shares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from bayes_gmm.data.rows import Floats

Kind = Literal["numeric", "boolean", "categorical", "month", "year"]


@dataclass(frozen=True, eq=False)
class OutsideColumn:
    """A column to profile.

    Attributes
    ----------
    name : str
    kind : {"numeric", "boolean", "categorical", "month", "year"}
        Numeric columns have a mean; the others have the share of each level.
    levels : tuple of str
        Names of the shares; empty for a numeric column. A boolean column has the level "True".
    values : ndarray, shape (n, max(1, number of levels))
        The numbers of a numeric column, else 1 where the row has the level; 0 where missing.
    observed : ndarray of bool, shape (n,)
    n_pooled : int
        Number of levels that are pooled into the last one, "other".
    is_transformed : bool
        Whether it is a feature that the model transforms: a function of the features, but not a
        linear one.
    """

    name: str
    kind: Kind
    levels: tuple[str, ...]
    values: Floats
    observed: npt.NDArray[np.bool_]
    n_pooled: int = 0
    is_transformed: bool = False

    @property
    def is_numeric(self) -> bool:
        """Whether it has a mean, not shares."""
        return self.kind == "numeric"

    @property
    def n_distinct(self) -> int:
        """Number of levels before pooling."""
        return len(self.levels) - (self.n_pooled > 0) + self.n_pooled

    @property
    def n_levels(self) -> int:
        """Levels whose shares sum to 1, for the prior; a boolean column has two."""
        return max(len(self.levels), 2)

    @property
    def is_constant(self) -> bool:
        """Whether all observed rows, of two or more, have the same value."""
        observed = self.values[self.observed]
        return len(observed) > 1 and bool((observed == observed[0]).all())

    def n_codes(self, most: int) -> int:
        """Number of values if these are at most `most` whole numbers, as codes are; 0 otherwise.

        Columns of 0 and 1 are no codes: their mean is the share of 1.

        Examples
        --------
        >>> regions = np.array([[1.0], [3.0], [2.0], [3.0]])
        >>> OutsideColumn("Region", "numeric", (), regions, np.ones(4, bool)).n_codes(5)
        3
        """
        if not self.is_numeric:
            return 0
        found = np.unique(self.values[self.observed, 0])
        is_code = 1 < len(found) <= most and (found == np.rint(found)).all()
        return len(found) if is_code and found.tolist() != [0.0, 1.0] else 0


@dataclass(frozen=True, eq=False)
class ColumnDraws:
    """Draws of the means or shares of a column.

    Attributes
    ----------
    column : OutsideColumn
    segments : ndarray, shape (S, K, C)
        Mean of each segment, or share of each level; NaN for segments with too few rows.
    whole : ndarray, shape (S, C)
        The same for the whole table.
    n_rows : ndarray, shape (K,)
        Expected number of observed rows of each segment.
    weights : ndarray, shape (S, K)
        Weights of the segments in the mixture.
    """

    column: OutsideColumn
    segments: Floats
    whole: Floats
    n_rows: Floats
    weights: Floats

    @property
    def is_nonnegative(self) -> bool:
        """Whether no row is below 0, as amounts and counts are."""
        return bool((self.column.values >= 0.0).all())
