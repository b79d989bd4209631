"""How certain the assignment of rows to segments is: classification table and relative entropy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import entr

from bayes_gmm.data.rows import Floats

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Classification:
    r"""Expected errors of assigning each row to its most probable segment.

    Attributes
    ----------
    table : DataFrame
        Expected share of the rows by assigned segment (rows) and true segment (columns); it sums
        to 1.
    relative_entropy : float
        :math:`1 - \sum_i \omega_i H_i / (\log K \sum_i \omega_i)` with H the entropy of the
        membership probabilities of a row (Ramaswamy et al. 1993): 1 if all memberships are certain,
        0 if none is known. NaN for one segment.

    Examples
    --------
    >>> found = Classification.of(np.array([[1.0, 0.0], [0.25, 0.75]]), ["A", "B"])
    >>> found.table
    segment       A      B
    assigned
    A         0.500  0.000
    B         0.125  0.375
    >>> found.error, round(found.relative_entropy, 3)
    (0.125, 0.594)
    """

    table: pd.DataFrame
    relative_entropy: float

    @classmethod
    def of(
        cls, probabilities: Floats, names: Sequence[str], weights: Floats | None = None
    ) -> Classification:
        """From membership probabilities (N, K) and row weights."""
        import pandas as pd

        n, K = probabilities.shape
        w = np.full(n, 1.0 / n) if weights is None else weights / weights.sum()
        assigned = np.eye(K)[probabilities.argmax(axis=1)]
        table = (assigned * w[:, None]).T @ probabilities
        entropy = float(w @ entr(probabilities).sum(axis=1))
        return cls(
            pd.DataFrame(
                table,
                index=pd.Index(names, name="assigned"),
                columns=pd.Index(names, name="segment"),
            ),
            1.0 - entropy / math.log(K) if K > 1 else math.nan,
        )

    @property
    def error(self) -> float:
        """Expected share of rows that are assigned to a wrong segment."""
        return float(1.0 - np.trace(self.table.to_numpy()))

    @property
    def correct(self) -> pd.Series:
        """Expected share of correct assignments among the rows assigned to each segment."""
        import pandas as pd

        counts = self.table.to_numpy()
        with np.errstate(invalid="ignore"):
            shares = np.diag(counts) / counts.sum(axis=1)
        return pd.Series(shares, index=self.table.index, name="correct")

    def __repr__(self) -> str:
        return (
            f"Classification({len(self.table)} segments, expected error {100 * self.error:.1f} %, "
            f"relative entropy {self.relative_entropy:.3f})"
        )
