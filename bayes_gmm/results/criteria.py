"""Information criteria: how well a fit describes rows, less what its parameters cost."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from bayes_gmm.data.checks import check_weights
from bayes_gmm.data.rows import Floats


@dataclass(frozen=True)
class Criteria:
    """Criteria by which fits of the same rows are compared; lower is better.

    Parameters
    ----------
    log_likelihood : float
        log L of the rows.
    n_parameters : int
        p, free parameters of the mixture.
    total_weight : float
        N, the sum of the row weights: the number of rows where all are 1.

    Examples
    --------
    >>> Criteria(log_likelihood=-100.0, n_parameters=5, total_weight=math.e).bic
    205.0
    """

    log_likelihood: float
    n_parameters: int
    total_weight: float

    @property
    def bic(self) -> float:
        """Bayesian information criterion, -2 log L + p log N (Schwarz 1978)."""
        return self.n_parameters * math.log(self.total_weight) - 2.0 * self.log_likelihood

    @property
    def aic(self) -> float:
        """Akaike information criterion, -2 log L + 2 p (Akaike 1974)."""
        return 2.0 * self.n_parameters - 2.0 * self.log_likelihood

    def icl(self, log_certainty: float) -> float:
        """Integrated completed likelihood, BIC - 2 sum_i log max_k r_ik.

        Biernacki, Celeux & Govaert (2000). The sum is given.
        """
        return self.bic - 2.0 * log_certainty


def log_certainty(membership: Floats, sample_weight: Any) -> float:
    """sum_i log max_k r_ik of rows, each counted by its weight: what ICL charges for.

    Examples
    --------
    >>> import numpy as np
    >>> round(log_certainty(np.array([[0.5, 0.5], [0.0, 1.0]]), None), 3)
    -0.693
    """
    return over_rows(np.log(membership.max(axis=1)), sample_weight)[0]


def over_rows(values: Floats, sample_weight: Any) -> tuple[float, float]:
    """The sum of a number over rows, each counted by its weight, and the sum of the weights.

    Examples
    --------
    >>> import numpy as np
    >>> over_rows(np.array([1.0, 2.0]), None), over_rows(np.array([1.0, 2.0]), [1, 3])
    ((3.0, 2.0), (7.0, 4.0))
    """
    weights = check_weights(sample_weight, len(values))
    if weights is None:
        return float(values.sum()), float(len(values))
    return float(values @ weights), float(weights.sum())
