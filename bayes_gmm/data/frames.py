"""Access to data frames of any library, through narwhals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_gmm.data.columns import (
    choose_columns,
    first_not_numeric,
    not_numeric,
    number_in,
    numbers,
)
from bayes_gmm.data.rows import Floats
from bayes_gmm.errors import DataError, shown

if TYPE_CHECKING:
    import narwhals as nw


def as_frame(X: Any) -> nw.DataFrame[Any] | None:
    """Convert a data frame or series that narwhals supports, with text as names; else None.

    Examples
    --------
    >>> import pandas as pd
    >>> as_frame(pd.DataFrame([[1, 2]])).columns
    ['0', '1']
    >>> as_frame([[1, 2]])
    """
    if isinstance(X, np.ndarray | list | tuple):
        return None
    import narwhals as nw

    if nw.dependencies.is_into_dataframe(X):
        X = _with_text_names(X)
    elif type(X).__name__ == "LazyFrame" or nw.dependencies.is_dask_dataframe(X):
        raise DataError(f"X is a lazy {type(X).__name__}; collect or compute it first")
    frame = nw.from_native(X, eager_only=True, allow_series=True, pass_through=True)
    if isinstance(frame, nw.Series):
        return frame.alias("x1" if frame.name in (None, "") else str(frame.name)).to_frame()
    return frame if isinstance(frame, nw.DataFrame) else None


def _with_text_names(X: Any) -> Any:
    """The frame with text as names; names in pandas may be numbers or tuples."""
    import narwhals as nw

    if isinstance(X, nw.DataFrame):
        return X
    names = X.column_names if nw.dependencies.is_pyarrow_table(X) else X.columns
    text = [str(name) for name in names]
    choose_columns(text, None)
    if nw.dependencies.is_pandas_like_dataframe(X) and text != list(names):
        return X.set_axis(text, axis=1)
    return X


def frame_values(frame: nw.DataFrame[Any], names: Sequence[str]) -> Floats:
    """Columns of a frame as a matrix; a view if the frame stores them as one block.

    Raises
    ------
    DataError
        With the first value that is not a number, its column and row.
    """
    import narwhals as nw

    native = frame.to_native()
    if nw.dependencies.is_pandas_dataframe(native) and _is_plain(native, names):
        chosen = native if list(names) == frame.columns else native[list(names)]
        values: Floats = chosen.to_numpy(dtype=np.float64)
        return values
    columns = np.empty((len(names), len(frame)))
    for row, series in zip(columns, frame.select(names).iter_columns(), strict=True):
        row[:] = column_values(series)
    return columns.T


def _is_plain(native: Any, names: Sequence[str]) -> bool:
    kinds = native.dtypes if len(names) == native.shape[1] else native.dtypes[list(names)]
    return all(isinstance(kind, np.dtype) and kind.kind in "fiub" for kind in kinds)


def column_values(series: nw.Series[Any]) -> Floats:
    """Values of a data frame's column as floats, missing ones as NaN.

    Raises
    ------
    DataError
        With the first value that is not a number, and its row.

    Examples
    --------
    >>> import narwhals as nw, pandas as pd
    >>> column = pd.Series([1, None, 3], dtype="Int64", name="Age")
    >>> column_values(nw.from_native(column, series_only=True))
    array([ 1., nan,  3.])
    """
    import narwhals as nw

    kind = series.dtype
    if kind == nw.Float64:
        return np.asarray(series.to_numpy(), dtype=np.float64)
    if kind.is_numeric() or kind == nw.Boolean:
        return np.asarray(series.cast(nw.Float64()).to_numpy(), dtype=np.float64)
    if kind == nw.Unknown:
        return _values_of_unknown(series)
    if kind == nw.Object:
        return numbers(series.to_list(), series.name)
    missing = series.is_null().to_numpy()
    if missing.all():
        return np.full(len(series), np.nan)
    if kind == nw.String:
        raise first_not_numeric(series.name, series.to_list())
    row = int(np.argmin(missing))
    looks_numeric = number_in(series[row]) is not None
    raise not_numeric(series.name, row, series[row], f"{kind}" if looks_numeric else "")


def _values_of_unknown(series: nw.Series[Any]) -> Floats:
    """Values of a column whose type narwhals does not know: sparse, complex or all null."""
    values = np.asarray(series.to_numpy())
    if values.dtype.kind == "c":
        raise DataError(
            f"column {shown(series.name)} is {values.dtype}: Complex data not supported"
        )
    if values.dtype.kind in "fiub":
        return values.astype(np.float64)
    return numbers(values.tolist(), series.name)
