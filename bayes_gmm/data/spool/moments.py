"""Weighted means and variances of columns, batch by batch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bayes_gmm.data.rows import Floats
from bayes_gmm.data.standardize import Standardizer


@dataclass(frozen=True, eq=False)
class Moments:
    """Moments of the observed cells of each column so far.

    Attributes
    ----------
    weight : ndarray, shape (d,)
        Total weight of the observed cells.
    mean : ndarray, shape (d,)
    scatter : ndarray, shape (d,)
        Weighted sum of squared deviations from the mean.
    """

    weight: Floats
    mean: Floats
    scatter: Floats

    @classmethod
    def empty(cls, n_features: int) -> Moments:
        """Moments of no rows."""
        zeros = np.zeros(n_features)
        return cls(zeros, zeros, zeros)

    @classmethod
    def of(cls, values: Floats, weights: Floats | None) -> Moments:
        """Moments of the rows of a matrix (n, d); NaN is a missing cell."""
        columns = [_column(column, weights) for column in values.T]
        return cls(*np.array(columns, dtype=np.float64).reshape(-1, 3).T)

    def merged(self, other: Moments) -> Moments:
        """Moments of the rows of both (Chan, Golub & LeVeque 1983, eq. 2.1).

        Examples
        --------
        >>> parts = (Moments.of(np.array(x)[:, None], None) for x in ([1.0, 3.0], [8.0]))
        >>> both = Moments.empty(1).merged(next(parts)).merged(next(parts))
        >>> both.mean.tolist(), both.scatter.tolist()
        ([4.0], [26.0])
        """
        weight = self.weight + other.weight
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.where(weight > 0.0, other.weight / weight, 0.0)
        gap = other.mean - self.mean
        return Moments(
            weight, self.mean + share * gap,
            self.scatter + other.scatter + self.weight * share * gap**2,
        )  # fmt: skip

    @property
    def standardizer(self) -> Standardizer:
        """Mean and standard deviation; the scale of a constant or unobserved column is 1."""
        with np.errstate(invalid="ignore", divide="ignore"):
            scale = np.sqrt(self.scatter / self.weight)
        return Standardizer(self.mean, np.where(scale > 0.0, scale, 1.0))


def _column(column: Floats, weights: Floats | None) -> tuple[float, float, float]:
    seen = ~np.isnan(column)
    if not seen.all():
        column, weights = column[seen], None if weights is None else weights[seen]
    if not len(column):
        return 0.0, 0.0, 0.0
    total = float(len(column)) if weights is None else float(weights.sum())
    mean = column.mean() if weights is None else weights @ column / total
    gap = column - mean
    scatter = gap @ gap if weights is None else weights @ gap**2
    return total, float(mean), float(scatter)
