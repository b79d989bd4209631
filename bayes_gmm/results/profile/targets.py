"""Columns as targets of a regression: their places, masks and units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bayes_gmm.data.rows import Floats
from bayes_gmm.results.profile.outside import OutsideColumn

if TYPE_CHECKING:
    import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class ProfiledRows:
    """Rows with the columns to profile.

    Attributes
    ----------
    values : ndarray, shape (n, d)
        Features on the scale of the model; NaN is a missing cell.
    regressors : ndarray, shape (n, 1 + d)
        1 and the standardised features, missing cells replaced by their conditional means.
    targets : ndarray, shape (n, C)
        Columns to average, 0 where missing.
    masks : ndarray, shape (n, G)
        1 where columns are observed and 0 where missing; columns share masks.
    weights : ndarray, shape (n,)
        Row weights.
    """

    values: Floats
    regressors: Floats
    targets: Floats
    masks: Floats
    weights: Floats


@dataclass(frozen=True, eq=False)
class Targets:
    """Rows with the columns to profile, and where each column is.

    Attributes
    ----------
    rows : ProfiledRows
    places : tuple of slice
        Of each column among the targets.
    masks : tuple of int
        Mask of each column.
    shift, scale : ndarray
        Units of each column: numeric columns are standardised.
    """

    rows: ProfiledRows
    places: tuple[slice, ...]
    masks: tuple[int, ...]
    shift: Floats
    scale: Floats


def targets_of(
    values: Floats, regressors: Floats, columns: Sequence[OutsideColumn], weights: Floats
) -> Targets:
    """Standardise numeric columns, and find the columns that are observed in the same rows."""
    patterns: dict[bytes, int] = {}
    masks: list[npt.NDArray[np.bool_]] = []
    targets, of_column, places, shifts, scales = [], [], [], [], []
    start = 0
    for column in columns:
        key = np.packbits(column.observed).tobytes()
        if key not in patterns:
            patterns[key] = len(masks)
            masks.append(column.observed)
        shift, scale = _units(column, weights)
        of_column.append(patterns[key])
        targets.append((column.values - shift) * column.observed[:, None] / scale)
        places.append(slice(start, start + column.values.shape[1]))
        start += column.values.shape[1]
        shifts.append(shift)
        scales.append(scale)
    rows = ProfiledRows(
        values, regressors, np.concatenate(targets, axis=1),
        np.stack(masks, axis=1).astype(float), weights,
    )  # fmt: skip
    return Targets(rows, tuple(places), tuple(of_column), np.array(shifts), np.array(scales))


def _units(column: OutsideColumn, weights: Floats) -> tuple[float, float]:
    """Mean and sd of a numeric column, to standardise it; shares keep their units."""
    if not column.is_numeric or not column.observed.any():
        return 0.0, 1.0
    x, w = column.values[column.observed, 0], weights[column.observed]
    mean = float(np.average(x, weights=w))
    sd = float(np.sqrt(np.average((x - mean) ** 2, weights=w)))
    return mean, sd if sd > 0.0 else 1.0
