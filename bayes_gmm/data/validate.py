"""Validation of a table before a fit: weights, constant columns, number of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from bayes_gmm.data.rows import EPSILON, LARGEST_WHOLE, Floats
from bayes_gmm.data.subsample import hash_rows
from bayes_gmm.errors import DataError, one_line, shown

if TYPE_CHECKING:
    from bayes_gmm.data.matrix import FeatureMatrix

LARGEST_RANGE = 1e150
"""Largest range of a column, so that sums of squares do not overflow."""


def check_weights(
    sample_weight: Any, n_rows: int, name: str = "sample_weight", *, all_rows: bool = True
) -> Floats | None:
    """Row weights as floats, or None if all weights are 1.

    Parameters
    ----------
    sample_weight : array-like of shape (n_rows,), a number for all rows, or None
        Finite and non-negative, not all 0.
    n_rows : int
        Number of rows of the table.
    name : str
        Name of the weights in messages.
    all_rows : bool
        Whether these are all rows of the table, so that one weight must be positive.

    Raises
    ------
    DataError
        If a weight is invalid; the message names the first such row.

    Examples
    --------
    >>> check_weights([1, 0, 2], n_rows=3)
    array([1., 0., 2.])
    >>> check_weights([1, -0.5, 2], n_rows=3)
    Traceback (most recent call last):
    ...
    bayes_gmm.errors.DataError: sample_weight is -0.5 in row 2; weights must be at least 0
    """
    if sample_weight is None:
        return None
    weights = _as_floats(sample_weight, name)
    if weights.ndim == 0:
        weights = np.full(n_rows, weights)
    if weights.shape != (n_rows,):
        found = f"{len(weights)} values" if weights.ndim == 1 else f"shape {weights.shape}"
        raise DataError(
            f"{name} has {found} for {n_rows} rows; give one weight per row: "
            f"its shape must be ({n_rows},)"
        )
    _refuse_weights(name, weights, ~np.isfinite(weights), "weights must be finite numbers")
    _refuse_weights(name, weights, weights < 0.0, "weights must be at least 0")
    if all_rows and not np.any(weights):
        raise DataError(f"{name} is zero in all {n_rows} rows; one must be positive")
    with np.errstate(over="ignore"):
        total = float(np.sum(weights))
    if total > LARGEST_WHOLE:
        raise DataError(
            f"{name} sums to {total:.3g} rows, above the maximum of {LARGEST_WHOLE:.3g}; "
            "rescale the weights so that they sum to a number of rows"
        )
    return weights


def _as_floats(sample_weight: Any, name: str) -> Floats:
    if isinstance(sample_weight, np.ma.MaskedArray):
        masked: Any = sample_weight.astype(np.float64)
        sample_weight = masked.filled(np.nan)
    try:
        array = np.asarray(sample_weight)
    except ValueError as error:
        raise DataError(f"{name} holds lists; give one number per row") from error
    if array.dtype.kind not in "fiubO":
        raise DataError(f"{name} is not numeric: it holds {array.dtype} values")
    try:
        # A pandas column is read-only, and numba would compile every kernel again for it.
        return np.require(array, dtype=np.float64, requirements=["C", "A", "W"])
    except (TypeError, ValueError) as error:
        raise DataError(f"{name} is not numeric: {one_line(error)}") from error


def _refuse_weights(name: str, weights: Floats, refused: npt.NDArray[np.bool_], rule: str) -> None:
    if refused.any():
        row = int(refused.argmax())
        raise DataError(f"{name} is {weights[row]:g} in row {row + 1}; {rule}")


def check_fit(matrix: FeatureMatrix, weights: Floats | None, n_components: int) -> None:
    """Raise if a mixture of `n_components` cannot be fitted to a table.

    Rows of weight 0 and rows without observed cells are ignored.

    Parameters
    ----------
    matrix : FeatureMatrix
        The table.
    weights : ndarray, shape (n_rows,), or None
        Row weights from `check_weights`.
    n_components : int
        Number of components of the mixture.

    Raises
    ------
    DataError
        If a column is constant, never observed or has too large a range; if there are fewer rows,
        or fewer distinct rows, than components; if there are too many columns.

    Examples
    --------
    >>> from bayes_gmm.data.feature_matrix import feature_matrix
    >>> check_fit(feature_matrix([[1.0], [1.0], [2.0]]), None, n_components=3)
    Traceback (most recent call last):
    ...
    bayes_gmm.errors.DataError: the table has 2 distinct rows, fewer than n_components=3; \
use at most 2
    """
    if n_components < 1:
        raise DataError(f"n_components is {n_components}; it must be at least 1")
    if n_components <= matrix.n_rows:  # otherwise the error is about too few rows
        _refuse_too_wide(matrix.n_features, n_components)
    counted = np.ones(matrix.n_rows, dtype=bool) if weights is None else weights > 0.0
    observed = np.zeros(matrix.n_rows, dtype=bool)
    for name, column in zip(matrix.features, matrix.values.T, strict=True):
        present = counted & ~np.isnan(column)
        check_column(name, column[present], int(counted.sum()), int(present.sum()))
        observed |= present
    n_rows = int(observed.sum())
    if n_rows < n_components:
        raise DataError(
            f"the table has n_samples={n_rows} usable rows, fewer than "
            f"n_components={n_components}; use at most {n_rows}"
        )
    distinct = count_distinct(matrix.values, observed, enough=n_components)
    if distinct < n_components:
        raise DataError(
            f"the table has {distinct} distinct rows, fewer than "
            f"n_components={n_components}; use at most {distinct}"
        )


def _refuse_too_wide(d: int, n_components: int, largest: int = 10**7) -> None:
    """Raise if the covariances of all components have more than `largest` elements."""
    most = int((largest / n_components) ** 0.5)
    if d > most >= 1:
        raise DataError(
            f"the table has {d} columns, which is too many for the covariances of "
            f"n_components={n_components}; choose at most {most} columns"
        )


def check_column(name: str, column: Floats, n_rows: float, n_observed: float) -> None:
    """Raise if a column, given by its observed or distinct values, cannot be used.

    Raises
    ------
    DataError
        If the column is never observed, is constant or has too large a range.
    """
    if not len(column):
        where = f"all {n_rows:.10g} rows" if n_rows != 1 else "the only row"
        raise DataError(f"column {shown(name)} is missing in {where}; leave it out")
    low, high = float(column.min()) + 0.0, float(column.max()) + 0.0
    if n_rows == 1:
        raise DataError(
            f"the table has 1 usable row (n_samples=1), in which column {shown(name)} cannot vary"
        )
    if is_constant(column):
        rows = f"all {n_rows:.10g} rows"
        if n_observed < n_rows:
            rows = f"{n_observed:.10g} of {n_rows:.10g} rows and missing in the rest"
        raise DataError(f"column {shown(name)} is constant: it is {low:g} in {rows}; leave it out")
    if not 1.0 / LARGEST_RANGE < high / 2 - low / 2 < LARGEST_RANGE:
        raise DataError(
            f"column {shown(name)} runs from {low:g} to {high:g}, whose squares overflow or "
            "underflow; use another unit"
        )


def is_constant(column: Floats, rounding: float = 4 * EPSILON) -> bool:
    """Whether observed values differ by at most a relative rounding error of `rounding`.

    Examples
    --------
    >>> is_constant(np.array([0.3, 0.1 + 0.2])), is_constant(np.array([0.3, 0.31]))
    (True, False)
    """
    low, high = float(column.min()), float(column.max())
    return bool(high / 2 - low / 2 <= rounding / 2 * max(high, -low))


def count_distinct(
    values: Floats, counted: npt.NDArray[np.bool_], enough: int, largest_chunk: int = 65_536
) -> int:
    """Number of distinct rows among those counted; the count stops at `enough`.

    Rows are compared in chunks of at most `largest_chunk`.

    Examples
    --------
    >>> X = np.array([[1.0, np.nan], [1.0, np.nan], [2.0, 3.0]])
    >>> count_distinct(X, np.ones(3, dtype=bool), enough=10)
    2
    """
    seen = np.empty(0, dtype=np.uint64)
    start, size = 0, max(256, 2 * enough)
    while start < len(values) and len(seen) < enough:
        rows = values[start : start + size][counted[start : start + size]]
        seen = np.union1d(seen, hash_rows(rows))
        start, size = start + size, min(2 * size, largest_chunk)
    return min(len(seen), enough)
