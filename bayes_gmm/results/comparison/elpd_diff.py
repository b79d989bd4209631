r"""Differences in elpd between posteriors, with standard errors.

Rows that are hard to predict for one model are so for the other, so the difference has a far
smaller standard error than either elpd:

.. math:: \mathrm{se}^2 = \frac W {W - 1} \frac n m \sum_i \omega_i (d_i - \bar d)^2, \quad
    d_i = \mathrm{elpd}_i^a - \mathrm{elpd}_i^b,

over a sample of m of the n rows, W the sum of all weights (Vehtari, Gelman & Gabry 2017, eq. 24).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from bayes_gmm.results.posterior.loo_result import Loo


@dataclass(frozen=True)
class DifferenceSettings:
    """When a difference in elpd is clear."""

    standard_errors: float = 2.0
    """Standard errors that it must exceed."""
    smallest: float = 4.0
    """Smaller ones have unreliable standard errors (Sivula, Magnusson & Vehtari 2020)."""


SETTINGS = DifferenceSettings()


class Difference(NamedTuple):
    """elpd of one posterior less that of another, and its standard error.

    Examples
    --------
    >>> Difference(12.0, 5.0).is_clear, Difference(9.0, 5.0).is_clear, Difference(3.9, 0.1).is_clear
    (True, False, False)
    """

    elpd: float
    se: float

    @property
    def is_clear(self) -> bool:
        """Whether it is more than two standard errors, and not small."""
        return abs(self.elpd) > max(SETTINGS.standard_errors * self.se, SETTINGS.smallest)


def elpd_difference(a: Loo, b: Loo) -> Difference:
    """See the formula above; a sample of the rows adds its own error.

    Parameters
    ----------
    a, b : Loo
        Of the same rows.

    Examples
    --------
    >>> from types import SimpleNamespace as Named
    >>> same = {"rows": np.arange(3), "row_weights": np.ones(3), "subsample_se": 0}
    >>> a = Named(elpd=-6.0, elpd_i=np.array([-1.0, -2.0, -3.0]), **same)
    >>> b = Named(elpd=-9.0, elpd_i=a.elpd_i - 1.0, **same)
    >>> elpd_difference(a, b)
    Difference(elpd=3.0, se=0.0)
    """
    difference = a.elpd - b.elpd
    w, total = a.row_weights[a.rows], float(a.row_weights.sum())
    if not np.array_equal(a.rows, b.rows) or total <= 1.0:
        return Difference(difference, math.nan)
    d = a.elpd_i - b.elpd_i
    squares = float(w @ (d - np.average(d, weights=w)) ** 2) * len(a.row_weights) / len(w)
    of_rows = math.sqrt(total / (total - 1.0) * squares)
    return Difference(difference, math.hypot(of_rows, a.subsample_se, b.subsample_se))
