"""Columns outside the model, as numbers to average."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from bayes_gmm.data.columns import choose_columns, refuse_infinite
from bayes_gmm.data.frames import column_values
from bayes_gmm.data.rows import Floats
from bayes_gmm.errors import DataError, shown
from bayes_gmm.results.profile.settings import PROFILE, ProfileSettings

if TYPE_CHECKING:
    import narwhals as nw

Kind = Literal["numeric", "boolean", "categorical", "month", "year"]
OTHER = "other"


@dataclass(frozen=True, eq=False)
class OutsideColumn:
    """A column to profile.

    Attributes
    ----------
    name : str
    kind : {"numeric", "boolean", "categorical", "month", "year"}
        Numeric columns have a mean; the others have the share of each level.
    levels : tuple of str
        Names of the shares; empty for a numeric column. A boolean column has the level "True".
    values : ndarray, shape (n, max(1, number of levels))
        The numbers of a numeric column, else 1 where the row has the level; 0 where missing.
    observed : ndarray of bool, shape (n,)
    n_pooled : int
        Number of levels that are pooled into the last one, "other".
    """

    name: str
    kind: Kind
    levels: tuple[str, ...]
    values: Floats
    observed: npt.NDArray[np.bool_]
    n_pooled: int = 0

    @property
    def is_numeric(self) -> bool:
        """Whether it has a mean, not shares."""
        return self.kind == "numeric"

    @property
    def n_levels(self) -> int:
        """Levels whose shares sum to 1, for the prior; a boolean column has two."""
        return max(len(self.levels), 2)


@dataclass(frozen=True, eq=False)
class ColumnDraws:
    """Draws of the means or shares of a column.

    Attributes
    ----------
    column : OutsideColumn
    segments : ndarray, shape (S, K, C)
        Mean of each segment, or share of each level; NaN for segments with too few rows.
    whole : ndarray, shape (S, C)
        The same for the whole table.
    n_rows : ndarray, shape (K,)
        Expected number of observed rows of each segment.
    """

    column: OutsideColumn
    segments: Floats
    whole: Floats
    n_rows: Floats


def outside_column(
    series: nw.Series[Any], settings: ProfileSettings = PROFILE
) -> OutsideColumn | None:
    """A column of a data frame, or None if its type has neither a mean nor shares.

    Examples
    --------
    >>> import narwhals as nw, pandas as pd
    >>> column = pd.Series(["Pisa", None, "Rome", "Pisa"], name="City")
    >>> found = outside_column(nw.from_native(column, series_only=True))
    >>> found.kind, found.levels, found.values[:, 0].tolist()
    ('categorical', ('Pisa', 'Rome'), [1.0, 0.0, 0.0, 1.0])
    """
    import narwhals as nw

    kind = series.dtype
    if kind == nw.Boolean:
        numbers = np.asarray(series.cast(nw.Float64()).to_numpy(), dtype=float)
        return _boolean(series.name, numbers)
    if kind.is_numeric():
        return _numeric(series.name, column_values(series))
    if isinstance(kind, nw.Date | nw.Datetime):
        return _dates(series, settings)
    if isinstance(kind, nw.String | nw.Categorical | nw.Enum | nw.Object | nw.Unknown):
        return _of_cells(series, settings)
    return None


def _numeric(name: str, numbers: Floats) -> OutsideColumn:
    refuse_infinite(numbers[:, None], (name,))
    seen = ~np.isnan(numbers)
    return OutsideColumn(name, "numeric", (), np.where(seen, numbers, 0.0)[:, None], seen)


def _boolean(name: str, numbers: Floats) -> OutsideColumn:
    found = _numeric(name, numbers)
    return OutsideColumn(name, "boolean", ("True",), found.values, found.observed)


def _dates(series: nw.Series[Any], settings: ProfileSettings) -> OutsideColumn:
    """Months of dates, or years of dates that span many months."""
    months = series.dt.to_string("%Y-%m").to_list()
    if len({month for month in months if month is not None}) > settings.most_months:
        years = [month and month[:4] for month in months]
        return _levels(series.name, "year", years, settings.most_levels)
    return _levels(series.name, "month", months, settings.most_months)


def _of_cells(series: nw.Series[Any], settings: ProfileSettings) -> OutsideColumn:
    """Text, or Python objects that are numbers, truth values or text."""
    cells = [None if _is_missing(cell) else cell for cell in series.to_list()]
    kinds = {type(cell) for cell in cells if cell is not None}
    if kinds and kinds <= {bool, np.bool_}:
        return _boolean(series.name, _floats(cells))
    if kinds and all(issubclass(k, int | float | np.number) for k in kinds):
        return _numeric(series.name, _floats(cells))
    texts = [None if cell is None else str(cell) for cell in cells]
    return _levels(series.name, "categorical", texts, settings.most_levels)


def _floats(cells: Sequence[Any]) -> Floats:
    return np.array([np.nan if cell is None else float(cell) for cell in cells])


def _is_missing(cell: Any) -> bool:
    return cell is None or cell != cell or (isinstance(cell, str) and not cell.strip())


def _levels(name: str, kind: Kind, cells: Sequence[str | None], most: int) -> OutsideColumn:
    """Shares of the levels: dates in order, others by falling frequency; the rarest are pooled."""
    seen = np.array([cell is not None for cell in cells], dtype=bool)
    found, codes, counts = np.unique(
        np.array([cell for cell in cells if cell is not None], dtype=object).astype(str),
        return_inverse=True, return_counts=True,
    )  # fmt: skip
    order = np.argsort(-counts, kind="stable")
    kept = order if len(order) <= most else order[: most - 1]
    if kind != "categorical":
        kept = np.sort(kept)
    n_pooled = len(order) - len(kept)
    place = np.full(len(found), len(kept), dtype=np.int64)
    place[kept] = np.arange(len(kept))
    levels = [str(level) for level in found[kept]]
    if n_pooled:
        levels.append(OTHER if OTHER not in levels else f"{OTHER} levels")
    values = np.zeros((len(cells), max(len(levels), 1)))
    values[np.flatnonzero(seen), place[codes]] = 1.0
    return OutsideColumn(name, kind, tuple(levels), values, seen, n_pooled)


def chosen_columns(
    frame: nw.DataFrame[Any], columns: Sequence[str] | str | None, features: Sequence[str]
) -> list[str]:
    """Names of the columns to profile; by default all that are not features of the model.

    Raises
    ------
    DataError
        If there is no such column, or none is left.
    """
    if columns is not None:
        given = [columns] if isinstance(columns, str) else list(columns)
        return list(choose_columns(frame.columns, given, "the table"))
    names = [name for name in frame.columns if name not in features]
    if not names:
        raise DataError(
            "the table has no column besides the features of the model; name features in `columns` "
            "to profile them"
        )
    return names


def refused_type(name: str, kind: Any) -> DataError:
    """Error for a requested column that has neither a mean nor shares."""
    return DataError(
        f"column {shown(name)} is {kind}; a profile needs numbers, text, dates or truth values"
    )
