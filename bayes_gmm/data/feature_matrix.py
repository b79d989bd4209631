"""Conversion of tables to a matrix of floats with named columns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bayes_gmm.data.columns import (
    choose_columns,
    numbers,
    refuse_infinite,
    refuse_repeated,
    refuse_unwritable,
)
from bayes_gmm.data.frames import as_frame, frame_values
from bayes_gmm.data.matrix import FeatureMatrix
from bayes_gmm.data.rows import Floats
from bayes_gmm.errors import DataError, listed, shown


def feature_matrix(X: Any, features: Sequence[str] | None = None) -> FeatureMatrix:
    """Convert any supported table to a matrix.

    Parameters
    ----------
    X : data frame or array-like of shape (n_rows, n_features)
        A pandas, polars or pyarrow frame, an array, or a list of rows. Columns of an array are
        named x1, x2, ...; an array of float64 is not copied.
    features : sequence of str, optional
        Names of the columns: columns of a frame are selected in this order; for an array only
        their number is checked.

    Returns
    -------
    FeatureMatrix

    Raises
    ------
    DataError
        If X is not a table of real numbers; the message names the column and row.

    Examples
    --------
    >>> feature_matrix([[1, 2.5], [3, None]])
    FeatureMatrix(values=array([[1. , 2.5],
           [3. , nan]]), features=('x1', 'x2'))
    """
    if isinstance(X, FeatureMatrix):
        return _select(X, features)
    frame = as_frame(X)
    if frame is None:
        values = _array_values(X)
        names = _array_names(values.shape[1], features)
    else:
        names = choose_columns(frame.columns, features)
        values = frame_values(frame, names)
    refuse_unwritable(names)
    check_shape(values.shape)
    refuse_infinite(values, names)
    return FeatureMatrix(values, names)


def _select(matrix: FeatureMatrix, features: Sequence[str] | None) -> FeatureMatrix:
    names = choose_columns(matrix.features, features)
    if names == matrix.features:
        return matrix
    return FeatureMatrix(matrix.values[:, [matrix.features.index(name) for name in names]], names)


def _array_names(n_features: int, features: Sequence[str] | None) -> tuple[str, ...]:
    if features is None:
        return tuple(f"x{j + 1}" for j in range(n_features))
    names = tuple(str(name) for name in features)
    refuse_repeated(names, "features names {} times the column {}; name it once")
    if len(names) != n_features:
        raise DataError(
            f"X has {n_features} features, but bayes_gmm is expecting {len(names)} features as "
            f"input: {listed(names)}"
        )
    return names


def check_shape(shape: tuple[int, ...]) -> None:
    """Raise for a table without columns or rows."""
    if shape[1] == 0:
        raise DataError(f"X has 0 feature(s) (shape={shape}) while a minimum of 1 is required.")
    if shape[0] == 0:
        raise DataError(f"X has 0 rows (0 sample(s), shape={shape}); at least 1 is needed")


def _array_values(X: Any) -> Floats:
    """An array-like as floats in C or F order, without a copy if possible."""
    array = _as_array(X)
    if array.ndim != 2:
        raise DataError(_wrong_dimension(array))
    kind = array.dtype.kind
    if kind == "c":
        raise DataError(f"Complex data not supported: X is {array.dtype}; pass real numbers")
    if kind not in "fiub":
        columns = [numbers(cells.tolist(), f"x{j + 1}") for j, cells in enumerate(array.T)]
        return np.array(columns, dtype=np.float64).reshape(array.shape[::-1]).T
    with np.errstate(over="ignore"):
        values = np.require(array, dtype=np.float64, requirements="A")
    ordered = values.flags.c_contiguous or values.flags.f_contiguous
    return values if ordered else np.ascontiguousarray(values)


def _as_array(X: Any) -> np.ndarray[Any, Any]:
    if isinstance(X, str | bytes | Path):
        raise DataError(f"X is the text {shown(str(X))}; use read_table to read a file")
    if type(X).__name__ == "Scan":
        raise DataError(
            "X is a scan, whose rows are not in memory; use write_assignments for all rows, or "
            "scan.sample with the weights scan.sample_weights"
        )
    if hasattr(X, "toarray"):
        raise DataError(f"X is a sparse matrix ({type(X).__name__}); pass X.toarray()")
    if isinstance(X, np.ma.MaskedArray):
        cells = X.data.astype(object)
        cells[np.ma.getmaskarray(X)] = None
        X = cells
    try:
        array = np.asarray(X)
        if array.dtype.kind in "US":
            # NumPy has converted a list of numbers and text to text.
            array = np.asarray(X, dtype=object)
    except ValueError as error:
        raise DataError(_ragged(X)) from error
    return array


def _ragged(X: Any) -> str:
    lengths = [len(row) if hasattr(row, "__len__") else 1 for row in X]
    row = next((row for row, length in enumerate(lengths) if length != lengths[0]), None)
    if row is None:
        return f"X is a {type(X).__name__} whose cells are not numbers; pass rows of numbers"
    return f"row {row + 1} of X has {lengths[row]} values, but row 1 has {lengths[0]}"


def _wrong_dimension(array: np.ndarray[Any, Any]) -> str:
    if array.dtype.names:
        return f"X is a structured array of {listed(array.dtype.names)}; pass a data frame"
    if array.ndim == 0:
        return f"X is {shown(array.item())}; pass a table: a data frame or a 2-D array"
    if array.ndim == 1:
        return (
            f"X has one dimension with {len(array)} values. Reshape your data: use "
            "X.reshape(-1, 1) for one column, or X.reshape(1, -1) for one row"
        )
    return f"X has {array.ndim} dimensions, shape {array.shape}; a table has two dimensions"
