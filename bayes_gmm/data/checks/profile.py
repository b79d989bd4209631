"""A column as its distinct values and the number of rows with each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from bayes_gmm.data.resolution import distinct_values, step_of
from bayes_gmm.data.rows import Floats

NORMAL_QUARTILES = 1.3489795
"""Distance of the quartiles of a normal distribution, in standard deviations."""


@dataclass(frozen=True, eq=False)
class Profile:
    """A column's distinct values.

    Attributes
    ----------
    name : str
    values : ndarray, shape (n_distinct,)
        Sorted, without missing values.
    counts : ndarray, shape (n_distinct,)
        Total weight of the rows with each value.
    n_rows : float
        Total weight of all rows, including those in which the column is missing.
    n_entries : int
        Number of rows in which the column is observed, regardless of weight.
    rows_each : float
        Rows of the table for each row that is counted here; more than 1 for a sample of the rows.
    numbers : Profile, optional
        Of a sample: some of the distinct values, with the number of rows of each in the table.
    distinct : float, optional
        Number of distinct values in the table, if `values` are only some of them.
    """

    name: str
    values: Floats
    counts: Floats
    n_rows: float
    n_entries: int
    rows_each: float = 1.0
    numbers: Profile | None = None
    distinct: float | None = None

    @classmethod
    def of(cls, name: str, column: Floats, weights: Floats | None = None) -> Profile:
        """The profile of a column; the weights are positive.

        Examples
        --------
        >>> profile = Profile.of("Age", np.array([3.0, 1.0, np.nan, 3.0]))
        >>> profile.values.tolist(), profile.counts.tolist(), profile.n_rows, profile.n_observed
        ([1.0, 3.0], [1.0, 2.0], 4.0, 3.0)
        """
        values, counts = distinct_values(column, weights)
        counts = np.asarray(counts, dtype=np.float64)
        if weights is None:
            return cls(name, values, counts, float(len(column)), int(counts.sum()))
        n_entries = len(column) - int(np.count_nonzero(np.isnan(column)))
        return cls(name, values, counts, float(weights.sum()), n_entries)

    def without(self, values: Sequence[float]) -> Profile:
        """The profile of the rows with other values than these."""
        return self.of_values(~np.isin(self.values, values)) if len(values) else self

    def of_values(self, kept: npt.NDArray[np.bool_]) -> Profile:
        """The profile of the rows with the values kept; `n_entries` is not updated."""
        return replace(self, values=self.values[kept], counts=self.counts[kept])

    @cached_property
    def n_observed(self) -> float:
        """Total weight of the rows in which the column is observed."""
        return float(self.counts.sum())

    @property
    def n_distinct(self) -> float:
        """Number of distinct values in the table."""
        return len(self.values) if self.distinct is None else self.distinct

    @property
    def span(self) -> float:
        """Distance of the largest value from the smallest."""
        return float(self.values[-1] - self.values[0]) if len(self.values) else 0.0

    @cached_property
    def quartiles(self) -> Floats:
        """Values that a quarter, a half and three quarters of the rows do not exceed."""
        return self.quantiles(np.array([0.25, 0.5, 0.75]))

    def quantiles(self, shares: Floats) -> Floats:
        """The smallest values that at least these shares of the rows do not exceed."""
        reached = np.cumsum(self.counts)
        places = np.searchsorted(reached, shares * reached[-1])
        quantiles: Floats = self.values[np.minimum(places, len(self.values) - 1)]
        return quantiles

    @property
    def median(self) -> float:
        """Median."""
        return float(self.quartiles[1])

    @cached_property
    def robust_sd(self) -> float:
        """Standard deviation that the quartiles would have if the column were normal."""
        return float(self.quartiles[2] - self.quartiles[0]) / NORMAL_QUARTILES

    @cached_property
    def sd(self) -> float:
        """Standard deviation."""
        return float(np.sqrt(self._scaled_moments[0])) * self.span

    @cached_property
    def skewness(self) -> float:
        r""":math:`m_3 / m_2^{3/2}`, of central moments."""
        m2, m3 = self._scaled_moments
        return m3 / m2**1.5 if m2 > 0.0 else 0.0

    @cached_property
    def log(self) -> Profile:
        """The profile of the logarithm, or of the logarithm of 1 + x if there are zeros."""
        logs = np.log(self.values) if self.values[0] > 0.0 else np.log1p(self.values)
        return replace(self, values=logs)

    @cached_property
    def log_skewness(self) -> float:
        """Skewness of `log`."""
        m2, m3 = self._moments(self.log.values)
        return m3 / m2**1.5 if m2 > 0.0 else 0.0

    @cached_property
    def step(self) -> float:
        """Step to which the values were rounded, 0 if none is found."""
        return step_of(self.values, self.counts)

    @cached_property
    def _scaled_moments(self) -> tuple[float, float]:
        """Moments of the values from 0 to 1, so that no power of them overflows."""
        return self._moments((self.values - self.values[0]) / self.span)

    def score(self, values: Floats) -> Floats:
        """Distances of values from the median in robust standard deviations."""
        return (values - self.median) / self.robust_sd

    def _moments(self, values: Floats) -> tuple[float, float]:
        """Second and third central moment."""
        shares = self.counts / self.n_observed
        centred = values - shares @ values
        squares = centred * centred
        return float(shares @ squares), float(shares @ (squares * centred))
