"""One column as its distinct values and how many rows have each: all that findings ask of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

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
        Sorted, without what is missing.
    counts : ndarray, shape (n_distinct,)
        Rows that have each, counted by weight.
    n_rows : float
        Rows of the table, counted by weight; those in which the column is missing too.
    """

    name: str
    values: Floats
    counts: Floats
    n_rows: float

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
        n_rows = float(len(column) if weights is None else weights.sum())
        return cls(name, values, np.asarray(counts, dtype=np.float64), n_rows)

    def without(self, values: Floats) -> Profile:
        """The profile of the rows that have none of these values."""
        kept = ~np.isin(self.values, values)
        return Profile(self.name, self.values[kept], self.counts[kept], self.n_rows)

    @cached_property
    def n_observed(self) -> float:
        """Rows in which the column is not missing."""
        return float(self.counts.sum())

    @property
    def span(self) -> float:
        """Distance of the largest value from the smallest."""
        return float(self.values[-1] - self.values[0]) if len(self.values) else 0.0

    @cached_property
    def quartiles(self) -> Floats:
        """Values that a quarter, a half and three quarters of the rows do not exceed."""
        reached = np.cumsum(self.counts)
        places = np.searchsorted(reached, np.array([0.25, 0.5, 0.75]) * reached[-1])
        quartiles: Floats = self.values[np.minimum(places, len(self.values) - 1)]
        return quartiles

    @property
    def median(self) -> float:
        """The value in the middle."""
        return float(self.quartiles[1])

    @property
    def robust_sd(self) -> float:
        """Standard deviation that the quartiles would have if the column were normal."""
        return float(self.quartiles[2] - self.quartiles[0]) / NORMAL_QUARTILES

    @cached_property
    def sd(self) -> float:
        """Standard deviation."""
        return float(np.sqrt(self._moments(self._scaled)[0])) * self.span

    @cached_property
    def skewness(self) -> float:
        r""":math:`m_3 / m_2^{3/2}`, of central moments."""
        m2, m3 = self._moments(self._scaled)
        return m3 / m2**1.5 if m2 > 0.0 else 0.0

    @cached_property
    def log_skewness(self) -> float:
        """Skewness of the logarithm, or where there are zeros, of the logarithm of 1 + x."""
        logs = np.log(self.values) if self.values[0] > 0.0 else np.log1p(self.values)
        m2, m3 = self._moments(logs)
        return m3 / m2**1.5 if m2 > 0.0 else 0.0

    @cached_property
    def step(self) -> float:
        """Step to which the values were rounded, 0 where none is found."""
        return step_of(self.values, self.counts)

    @property
    def _scaled(self) -> Floats:
        """The values from 0 to 1, so that no power of them overflows."""
        scaled: Floats = (self.values - self.values[0]) / self.span
        return scaled

    def _moments(self, values: Floats) -> tuple[float, float]:
        """Second and third central moment."""
        shares = self.counts / self.n_observed
        centred = values - shares @ values
        squares = centred * centred
        return float(shares @ squares), float(shares @ (squares * centred))
