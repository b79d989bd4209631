"""A table's numbers with the names of its columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bayes_gmm.data.rows import Floats


@dataclass(frozen=True, eq=False)
class FeatureMatrix:
    """A table's numbers with the names of its columns.

    Attributes
    ----------
    values : ndarray of float64, shape (n_rows, n_features)
        C- or F-ordered; NaN is a missing cell, no cell is infinite. It may be a view of the user's
        own data, and so is never written to.
    features : tuple of str
        Names of the columns.
    """

    values: Floats
    features: tuple[str, ...]

    @property
    def n_rows(self) -> int:
        """Rows of the table."""
        return int(self.values.shape[0])

    @property
    def n_features(self) -> int:
        """Columns of the table."""
        return int(self.values.shape[1])

    def measured(self) -> npt.NDArray[np.bool_]:
        """Whether something is observed in each row, shape (n_rows,)."""
        found = ~np.isnan(self.values[:, 0])
        for column in self.values.T[1:]:
            if found.all():
                break
            found |= ~np.isnan(column)
        return found

    def only(self, chosen: Any) -> FeatureMatrix:
        """The selected rows."""
        return FeatureMatrix(self.values[chosen], self.features)


@dataclass(frozen=True, eq=False)
class ModelMatrix(FeatureMatrix):
    """Rows on the scale on which segments are Gaussian (see `Transforms`).

    Attributes
    ----------
    log_jacobian : ndarray, shape (n_rows,)
        Sum over the observed cells of log t_j'(x_ij), 0 without transformations.
    """

    log_jacobian: Floats

    @classmethod
    def plain(cls, values: Floats, features: tuple[str, ...]) -> ModelMatrix:
        """Rows that are not transformed."""
        return cls(values, features, np.broadcast_to(0.0, len(values)))

    def only(self, chosen: Any) -> ModelMatrix:
        """The selected rows."""
        return ModelMatrix(self.values[chosen], self.features, self.log_jacobian[chosen])

    def log_units(self, scale: Floats) -> Floats:
        """Log density of each row in units of `scale`, minus that in the user's units."""
        return np.asarray(np.isfinite(self.values) @ np.log(scale) - self.log_jacobian)
