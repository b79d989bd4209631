"""What must hold before a fit: usable weights, columns that vary, rows enough."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from bayes_gmm.data.rows import Floats
from bayes_gmm.errors import DataError, one_line, shown

if TYPE_CHECKING:
    from bayes_gmm.data.matrix import FeatureMatrix

LARGEST_RANGE = 1e150
"""A column's squares must fit in floating point, with room for sums of them."""

LARGEST_COVARIANCES = 10**7
"""Numbers in the covariances of all segments; a fit holds some dozen times as many."""

MOST_ROWS = 2.0**53
"""Beyond this many a row more or less is lost in the last digit of a float."""

ROUNDING = 4 * np.finfo(np.float64).eps
"""Values this near to each other, relative to their size, are the same number computed twice."""


LARGEST_CHUNK = 65_536
"""Rows looked at together for distinct ones: small beside the table."""


def check_weights(sample_weight: Any, n_rows: int) -> Floats | None:
    """Row weights as floats, or None when every row counts once.

    Parameters
    ----------
    sample_weight : array-like of shape (n_rows,), a number for all rows, or None
        Finite and non-negative, not all 0.
    n_rows : int
        Rows of the table that the weights belong to.

    Raises
    ------
    DataError
        With the row of the first weight that cannot be used.

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
    weights = _as_floats(sample_weight)
    if weights.ndim == 0:
        weights = np.full(n_rows, weights)
    if weights.shape != (n_rows,):
        found = f"{len(weights)} values" if weights.ndim == 1 else f"shape {weights.shape}"
        raise DataError(
            f"sample_weight has {found} for {n_rows} rows; give one weight a row: "
            f"its shape must be ({n_rows},)"
        )
    _refuse_weights(weights, ~np.isfinite(weights), "weights must be finite numbers")
    _refuse_weights(weights, weights < 0.0, "weights must be at least 0")
    if not np.any(weights):
        raise DataError(f"sample_weight is zero in all {n_rows} rows; at least one must count")
    with np.errstate(over="ignore"):
        total = float(np.sum(weights))
    if total > MOST_ROWS:
        raise DataError(
            f"sample_weight sums to {total:.3g} rows, and a float counts up to {MOST_ROWS:.3g}; "
            "divide the weights by what makes their sum a number of rows"
        )
    return weights


def _as_floats(sample_weight: Any) -> Floats:
    if isinstance(sample_weight, np.ma.MaskedArray):
        masked: Any = sample_weight.astype(np.float64)
        sample_weight = masked.filled(np.nan)
    try:
        array = np.asarray(sample_weight)
    except ValueError as error:
        raise DataError("sample_weight holds lists; give one number a row") from error
    if array.dtype.kind not in "fiubO":
        raise DataError(f"sample_weight is not numeric: it holds {array.dtype} values")
    try:
        # A column of pandas is read-only, for which numba would compile every kernel once more.
        return np.require(array, dtype=np.float64, requirements=["C", "A", "W"])
    except (TypeError, ValueError) as error:
        raise DataError(f"sample_weight is not numeric: {one_line(error)}") from error


def _refuse_weights(weights: Floats, refused: npt.NDArray[np.bool_], rule: str) -> None:
    if refused.any():
        row = int(refused.argmax())
        raise DataError(f"sample_weight is {weights[row]:g} in row {row + 1}; {rule}")


def check_fit(matrix: FeatureMatrix, weights: Floats | None, n_components: int) -> None:
    """Refuse a table that a mixture of `n_components` cannot be fitted to.

    Rows of weight 0, and rows with nothing observed, do not count.

    Parameters
    ----------
    matrix : FeatureMatrix
        The table.
    weights : ndarray, shape (n_rows,), or None
        Row weights as `check_weights` returns them.
    n_components : int
        Components of the mixture.

    Raises
    ------
    DataError
        For a column that is constant, never observed or too large to square; for fewer rows, or
        fewer distinct rows, than components; for more columns than covariances are computed of.

    Examples
    --------
    >>> from bayes_gmm.data.table import feature_matrix
    >>> check_fit(feature_matrix([[1.0], [1.0], [2.0]]), None, n_components=3)
    Traceback (most recent call last):
    ...
    bayes_gmm.errors.DataError: the table has 2 distinct rows, fewer than n_components=3; \
ask for at most 2
    """
    if n_components < 1:
        raise DataError(f"n_components is {n_components}; ask for at least 1")
    if n_components <= matrix.n_rows:  # otherwise it is the rows that are too few
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
            f"n_components={n_components}; ask for at most {n_rows}"
        )
    distinct = count_distinct(matrix.values, observed, enough=n_components)
    if distinct < n_components:
        raise DataError(
            f"the table has {distinct} distinct rows, fewer than "
            f"n_components={n_components}; ask for at most {distinct}"
        )


def _refuse_too_wide(d: int, n_components: int) -> None:
    most = int((LARGEST_COVARIANCES / n_components) ** 0.5)
    if d > most >= 1:
        raise DataError(
            f"the table has {d} columns, and n_components={n_components} covariances of so many "
            f"do not fit; choose at most {most} columns"
        )


def check_column(name: str, column: Floats, n_rows: float, n_observed: float) -> None:
    """Refuse a column by its observed values, or its distinct ones.

    Raises
    ------
    DataError
        For one that is never observed, constant or too large to square.
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
            f"column {shown(name)} runs from {low:g} to {high:g}, whose squares are beyond "
            "floating point; give it in another unit"
        )


def is_constant(column: Floats) -> bool:
    """Whether observed values differ by rounding only.

    Examples
    --------
    >>> is_constant(np.array([0.3, 0.1 + 0.2])), is_constant(np.array([0.3, 0.31]))
    (True, False)
    """
    low, high = float(column.min()), float(column.max())
    return bool(high / 2 - low / 2 <= ROUNDING / 2 * max(high, -low))


def count_distinct(values: Floats, counted: npt.NDArray[np.bool_], enough: int) -> int:
    """Distinct rows among those counted, at most `enough`: no more are looked for.

    Examples
    --------
    >>> X = np.array([[1.0, np.nan], [1.0, np.nan], [2.0, 3.0]])
    >>> count_distinct(X, np.ones(3, dtype=bool), enough=10)
    2
    """
    seen: set[bytes] = set()
    start, size = 0, max(256, 2 * enough)
    while start < len(values) and len(seen) < enough:
        rows = np.array(values[start : start + size][counted[start : start + size]], order="C")
        rows[np.isnan(rows)] = np.nan
        rows += 0.0  # -0.0 and 0.0 are one number of two bit patterns
        keys = rows.view(np.dtype((np.void, rows.itemsize * rows.shape[1]))).ravel()
        seen.update(key.tobytes() for key in np.unique(keys))
        start, size = start + size, min(2 * size, LARGEST_CHUNK)
    return min(len(seen), enough)
