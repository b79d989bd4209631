"""Information criteria: BIC, AIC and ICL."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from bayes_gmm.data.matrix import FeatureMatrix
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
        N, the total weight of the rows with observed cells.

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

        See Biernacki, Celeux & Govaert (2000). `log_certainty` is the sum.
        """
        return self.bic - 2.0 * log_certainty


def log_certainty(membership: Floats, counts: Floats) -> float:
    """Weighted sum_i log max_k r_ik of rows, the penalty of ICL.

    Examples
    --------
    >>> round(log_certainty(np.array([[0.5, 0.5], [0.0, 1.0]]), np.ones(2)), 3)
    -0.693
    """
    return float(np.log(membership.max(axis=1)) @ counts)


def counts_of(matrix: FeatureMatrix, weights: Floats | None) -> Floats:
    """Weight of each row; 0 for rows without observed cells.

    Parameters
    ----------
    matrix : FeatureMatrix
    weights : ndarray, shape (n_rows,), or None
        As `check_weights` returns them.

    Examples
    --------
    >>> matrix = FeatureMatrix(np.array([[1.0], [np.nan], [3.0]]), ("Age",))
    >>> counts_of(matrix, None).tolist(), counts_of(matrix, np.array([2.0, 2.0, 0.5])).tolist()
    ([1.0, 0.0, 1.0], [2.0, 0.0, 0.5])
    """
    measured = matrix.measured()
    return measured.astype(np.float64) if weights is None else np.where(measured, weights, 0.0)
