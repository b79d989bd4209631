"""A fitted table that is kept without a copy, with a check for modifications."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Self

import numpy as np

from bayes_gmm.data.matrix import FeatureMatrix
from bayes_gmm.data.rows import Floats
from bayes_gmm.errors import DataError


@dataclass(frozen=True, eq=False)
class KeptMatrix(FeatureMatrix):
    """A table's numbers, which may be a view of the user's own data, and their checksum.

    Attributes
    ----------
    checksum : int
        Checksum of the numbers at the time of the fit.
    """

    checksum: int

    @classmethod
    def of(cls, matrix: FeatureMatrix) -> Self:
        """Record the current state of a matrix; a recorded matrix is returned unchanged."""
        if isinstance(matrix, cls):
            return matrix
        return cls(matrix.values, matrix.features, checksum(matrix.values))

    def as_fitted(self) -> Self:
        """The matrix, if it was not modified.

        Raises
        ------
        DataError
            If the numbers were modified.

        Examples
        --------
        >>> X = np.array([[1.0], [2.0]])
        >>> kept = KeptMatrix.of(FeatureMatrix(X, ("x1",)))
        >>> kept.as_fitted().n_rows
        2
        >>> X[0] = 5.0
        >>> kept.as_fitted()
        Traceback (most recent call last):
        ...
        bayes_gmm.errors.DataError: the table of 2 rows was modified after its fit, which ...
        """
        if checksum(self.values) != self.checksum:
            raise DataError(
                f"the table of {self.n_rows:,} rows was modified after its fit, which keeps no "
                "copy, so its rows no longer match the posterior; fit a copy, or save and load the "
                "posterior, which then contains no rows"
            )
        return self


def checksum(values: Floats) -> int:
    """CRC-32 of a matrix: some ten milliseconds for a million rows of four columns."""
    ordered = values if values.flags.c_contiguous else np.ascontiguousarray(values.T)
    return zlib.crc32(ordered)
