"""The rows and row weights that a posterior was fitted to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bayes_gmm.data.matrix import ModelMatrix
from bayes_gmm.data.rows import Floats, Integers
from bayes_gmm.data.validate import check_weights
from bayes_gmm.diagnostics.diagnostic import Diagnostic
from bayes_gmm.errors import DataError
from bayes_gmm.results.fit.information_criteria import counts_of

if TYPE_CHECKING:
    from bayes_gmm.results.fit.map_fit import MapFit
    from bayes_gmm.results.posterior.draws import PosteriorDraws


@dataclass(frozen=True)
class SameRowsSettings:
    """When rows are those that were fitted."""

    tolerance: float = 1e-6
    """Difference of log-likelihoods of the same rows, relative to the sum of 1 + |log density|."""


SETTINGS = SameRowsSettings()


class Observed(NamedTuple):
    """The fitted rows, without rows of weight 0 and rows without observed cells.

    Attributes
    ----------
    matrix : ModelMatrix
        On the scale of the model.
    weights : ndarray, shape (n,)
        Positive.
    """

    matrix: ModelMatrix
    weights: Floats

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return self.matrix.n_rows

    def only(self, chosen: Integers) -> Observed:
        """The selected rows."""
        return Observed(self.matrix.only(chosen), self.weights[chosen])


def observed(posterior: PosteriorDraws, X: Any, sample_weight: Any) -> Observed:
    """The given or stored rows, with their weights.

    Raises
    ------
    DataError
        If there are no rows, the stored rows were modified after the fit, or the given rows are not
        those of the fit, judged by their log-likelihood at the MAP.
    """
    if X is None:
        if posterior.table is None:
            raise DataError(
                "this posterior does not contain the rows of the table; pass the rows that it was "
                "fitted to as X, and their weights as sample_weight"
            )
        if sample_weight is not None:
            raise DataError("sample_weight needs X; the stored rows have their own weights")
        table = posterior.mixture.matrix_of(posterior.table.as_fitted())
        return _counted(table, posterior.row_weights)
    matrix = posterior.mixture.matrix_of(X)
    found = _counted(matrix, check_weights(sample_weight, matrix.n_rows))
    _refuse_others(posterior.fit, found)
    return found


def other_rows(fit: MapFit, matrix: ModelMatrix, weights: Floats | None) -> tuple[Diagnostic, ...]:
    """A diagnostic if rows, or only their weights, are not those of the fit, or none.

    They are compared by their number, their total weight and their log-likelihood at the MAP, which
    every fit has, also one that was loaded from a file.

    Parameters
    ----------
    fit : MapFit
    matrix : ModelMatrix
        On the scale of the model.
    weights : ndarray, shape (n,), or None

    Examples
    --------
    >>> import bayes_gmm as bg
    >>> X = np.random.default_rng(0).normal(size=(100, 2))
    >>> fit = bg.BayesGMM(1, n_init=1).fit(X).map_fit_
    >>> other_rows(fit, fit.mixture.matrix_of(X), None)
    ()
    >>> [found] = other_rows(fit, fit.mixture.matrix_of(X + 0.1), None)
    >>> found.code, found.values["rows"], found.values["fitted"]
    ('other_rows', 100, 100)
    """
    rows = _counted(matrix, weights)
    n_rows = matrix.n_rows if weights is None else int(np.count_nonzero(weights))
    values = {
        "rows": n_rows, "fitted": fit.n_rows,
        "weight": float(rows.weights.sum()), "fitted_weight": fit.measured_weight,
        "difference": _difference(fit, rows),
    }  # fmt: skip
    if n_rows == fit.n_rows and not _same_weight(fit, rows):
        return (Diagnostic("other_weights", (), values),)
    if n_rows != fit.n_rows or values["difference"] > SETTINGS.tolerance:
        return (Diagnostic("other_rows", (), values),)
    return ()


def _counted(matrix: ModelMatrix, weights: Floats | None) -> Observed:
    counts = counts_of(matrix, weights)
    whole = Observed(matrix, counts)
    return whole if counts.all() else whole.only(np.flatnonzero(counts))


def _refuse_others(fit: MapFit, rows: Observed) -> None:
    """Raise for rows that the model was not fitted to."""
    if not _same_weight(fit, rows):
        raise DataError(
            f"the model was fitted to rows of total weight {fit.measured_weight:g}, but X has "
            f"{rows.n_rows:,} rows of total weight {rows.weights.sum():g}; pass the rows that it "
            "was fitted to, and their weights as sample_weight"
        )
    apart = _difference(fit, rows)
    if apart > SETTINGS.tolerance:
        raise DataError(
            "X is not the table that the model was fitted to: its log-likelihood differs, by "
            f"{apart:.3g} of its scale; pass the rows that it was fitted to, and their weights as "
            "sample_weight"
        )


def _same_weight(fit: MapFit, rows: Observed) -> bool:
    return bool(np.isclose(rows.weights.sum(), fit.measured_weight, rtol=1e-9))


def _difference(fit: MapFit, rows: Observed) -> float:
    """Difference of log-likelihoods at the MAP, relative to the sum of 1 + |log density|."""
    log_prob = fit.mixture.log_prob(rows.matrix)
    apart = abs(float(rows.weights @ log_prob) - fit.log_likelihood)
    return apart / (float(rows.weights @ (1.0 + np.abs(log_prob))) or 1.0)
