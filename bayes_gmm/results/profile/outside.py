"""Columns outside the model, as numbers to average."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_gmm.data.columns import choose_columns, refuse_infinite
from bayes_gmm.data.frames import column_values
from bayes_gmm.data.rows import Floats
from bayes_gmm.errors import DataError, shown
from bayes_gmm.results.profile.columns import Kind, OutsideColumn
from bayes_gmm.results.profile.settings import PROFILE, ProfileSettings

if TYPE_CHECKING:
    import narwhals as nw

OTHER = "other"
ISO_DATE = re.compile(r"\s*\d{4}-(0[1-9]|1[0-2])-([0-2]\d|3[01])([ T]|\s*$)")
"""Text that begins with a date of ISO 8601."""


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
    texts = series.dt.to_string("%Y-%m").to_list()
    months = [None if gone else text for gone, text in zip(series.is_null(), texts, strict=True)]
    return _months(series.name, months, settings)


def _months(name: str, months: Sequence[str | None], settings: ProfileSettings) -> OutsideColumn:
    if len(set(months) - {None}) > settings.most_months:
        years = [month and month[:4] for month in months]
        return _levels(name, "year", years, settings.most_levels)
    return _levels(name, "month", months, settings.most_months)


def _of_cells(series: nw.Series[Any], settings: ProfileSettings) -> OutsideColumn:
    """Text, also of dates, or Python objects that are numbers, truth values or text."""
    cells = [None if _is_missing(cell) else cell for cell in series.to_list()]
    kinds = {type(cell) for cell in cells if cell is not None}
    if kinds and kinds <= {bool, np.bool_}:
        return _boolean(series.name, _floats(cells))
    if kinds and all(issubclass(k, int | float | np.number) for k in kinds):
        return _numeric(series.name, _floats(cells))
    texts = [None if cell is None else str(cell) for cell in cells]
    if all(text is None or ISO_DATE.match(text) for text in texts) and any(texts):
        return _months(series.name, [text and text.strip()[:7] for text in texts], settings)
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
