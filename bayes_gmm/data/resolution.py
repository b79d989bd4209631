r"""Recording resolution: the step :math:`\delta_j` to which the values of a column were rounded.

The values of a rounded column lie on a grid. The resolution is estimated from the distinct values,
so that it does not depend on how often rows are repeated.

Rounding adds a variance of :math:`\delta_j^2 / 12` to a column (Sheppard 1898). The density of the
rows needs more: a normal density of standard deviation rho around each of the grid's values has at
these values, by Poisson's summation formula, a density of nearly
:math:`1 + 2 \exp(-2 \pi^2 \rho^2 / \delta^2)` times that of a smooth distribution. With
:math:`\rho^2 = \delta^2 / 12` this is 1.38, and a mixture with one segment for each value would
gain .32 nats for each row. `recording_variances` makes rho so large that the gain stays below 5
nats for the whole table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite
from numbers import Real
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from bayes_gmm.data.rounding_step import GridSettings, find_grid
from bayes_gmm.data.rows import Floats
from bayes_gmm.data.transforms import Transforms
from bayes_gmm.errors import DataError, shown

Resolution = Literal["auto"] | float | Sequence[float | None] | Floats | None
"""Valid values of the argument `resolution`."""


@dataclass(frozen=True)
class ResolutionSettings:
    """Settings of the recording resolution."""

    slack: float = 1e-6
    """Relative tolerance of a given resolution."""
    floor: float = 1e-3
    """Smallest resolution, in standard deviations of the column."""
    tied: float = 0.95
    """Fraction of rows with tied values at which the grid of the tied values is also estimated."""
    most_gain: float = 5.0
    """Most log-likelihood that one segment for each value of a column may gain, in nats."""
    grid: GridSettings = field(default_factory=GridSettings)


DEFAULTS = ResolutionSettings()


def detect_resolution(
    values: Floats, weights: Floats | None = None, settings: ResolutionSettings = DEFAULTS
) -> Floats:
    """Step of the grid of the distinct values of each column; 0 if there is no grid.

    Parameters
    ----------
    values : ndarray, shape (n_rows, n_features)
        NaN is a missing cell.
    weights : ndarray, shape (n_rows,), optional
        A weight of 2 is two copies of the row, 0 its absence.
    settings : ResolutionSettings

    Returns
    -------
    ndarray, shape (n_features,)
        In the user's units.

    Examples
    --------
    >>> import numpy as np
    >>> draws = np.random.default_rng(0).normal(50.0, 20.0, size=200)
    >>> detect_resolution(np.column_stack([draws, draws.round(), (draws / 5).round() * 5])).round(9)
    array([0., 1., 5.])
    """
    if weights is not None:
        counted = weights > 0.0
        if not counted.all():
            values, weights = values[counted], weights[counted]
    steps = [step_of(*distinct_values(column, weights, settings), settings) for column in values.T]
    return np.array(steps, dtype=np.float64)


class Recording(NamedTuple):
    """How exactly the columns of a table were recorded.

    Attributes
    ----------
    steps : ndarray, shape (n_features,)
        Steps to which values were rounded; 0 if none.
    floor : ndarray, shape (n_features,)
        Smallest step of the density, where a recording error was not excluded; else 0.
    """

    steps: Floats
    floor: Floats

    @property
    def resolution(self) -> Floats:
        """Steps that the density assumes."""
        return np.maximum(self.steps, self.floor)


def recording_variances(
    recording: Recording, cell_weights: Floats, settings: ResolutionSettings = DEFAULTS
) -> Floats:
    r"""Variance of the recording error of each column in the density of the rows.

    .. math::
        \rho_j^2 = \delta_j^2 \max\left(
            \frac{1}{12}, \frac{1}{2 \pi^2} \log \frac{2 W_j}{5}\right)

    With W rows on a grid, one segment for each value gains at most
    :math:`2 W \exp(-2 \pi^2 \rho^2 / \delta^2)` nats over a smooth distribution; this is 5 nats.

    Parameters
    ----------
    recording : Recording
    cell_weights : ndarray, shape (n_features,)
        Total weight W of the rows that observe each column.
    settings : ResolutionSettings

    Returns
    -------
    ndarray, shape (n_features,)
        In squared units of the steps.

    Examples
    --------
    >>> whole_numbers = Recording(steps=np.ones(3), floor=np.zeros(3))
    >>> recording_variances(whole_numbers, np.array([10.0, 1e3, 1e6])).round(3)
    array([0.083, 0.304, 0.653])
    """
    gain = np.maximum(2.0 * cell_weights / settings.most_gain, 1.0)
    factor = np.maximum(np.log(gain) / (2.0 * np.pi**2), 1.0 / 12.0)
    return np.maximum(recording.steps**2 * factor, recording.floor**2 / 12.0)


def recording_of(
    resolution: Resolution,
    values: Floats,
    scale: Floats,
    weights: Floats | None = None,
    features: Sequence[str] | None = None,
    settings: ResolutionSettings = DEFAULTS,
    transforms: Transforms | None = None,
) -> Recording:
    r"""The steps of the columns, given or estimated, and the smallest steps that are assumed.

    Parameters
    ----------
    resolution : "auto", None, a number, or one entry per column
        The :math:`\delta_j` in the user's units; "auto" estimates them from `values`. None or 0
        means no rounding.
    values : ndarray, shape (n_rows, n_features)
        The table, used for "auto".
    scale : ndarray, shape (n_features,)
        Standard deviations of the columns, on the scale of the model.
    weights : ndarray, shape (n_rows,), optional
        A weight of 2 is two copies of the row, 0 its absence.
    features : sequence of str, optional
        Names of the columns, for messages.
    settings : ResolutionSettings
    transforms : Transforms, optional
        The step of a transformed column is that of `Transforms.steps`.

    Returns
    -------
    Recording
        In the user's units, or on the transformed scale.

    Raises
    ------
    DataError
        If a resolution is negative, not finite or larger than the range of the column, or if the
        number of entries is not the number of columns.

    Examples
    --------
    >>> import numpy as np
    >>> recording_of([2.0, None], np.zeros((3, 2)), scale=np.ones(2)).resolution.tolist()
    [2.0, 0.0]
    """
    entries = _entries(resolution, n_features=values.shape[1])
    found = [j for j, entry in enumerate(entries) if entry == "auto"]
    delta = np.array([0.0 if entry == "auto" else entry for entry in entries], dtype=np.float64)
    for j in np.flatnonzero(delta).tolist():
        name = f"x{j + 1}" if features is None else features[j]
        _refuse_too_coarse(delta[j], values[:, j], weights, name, settings.slack)
    if found:
        columns = values if len(found) == len(entries) else values[:, found]
        delta[found] = detect_resolution(columns, weights, settings)
    if transforms is not None:
        delta = transforms.steps(delta, values, weights)
    floored = delta > 0.0
    floored[found] = True
    return Recording(delta, np.where(floored, settings.floor * np.asarray(scale), 0.0))


def _entries(resolution: Any, n_features: int) -> list[float | Literal["auto"]]:
    """One checked entry per column."""
    if resolution is None or isinstance(resolution, str | Real) or np.ndim(resolution) == 0:
        return [_entry(resolution)] * n_features
    entries = [_entry(entry, j + 1) for j, entry in enumerate(resolution)]
    if len(entries) != n_features:
        raise DataError(
            f"resolution has {len(entries)} entries for {n_features} columns; "
            "give one per column, one number for all, 'auto' or None"
        )
    return entries


def _entry(entry: object, position: int | None = None) -> float | Literal["auto"]:
    if entry is None:
        return 0.0
    if isinstance(entry, str) and entry == "auto":
        return "auto"
    if not isinstance(entry, bool) and isinstance(entry, Real):
        value = float(entry)
        if isfinite(value) and value >= 0.0:
            return value
    where = "" if position is None else f" for column {position}"
    raise DataError(
        f"resolution is {shown(entry)}{where}; give 'auto', None, or a number of at least 0"
    )


def _refuse_too_coarse(
    delta: float, column: Floats, weights: Floats | None, name: str, slack: float
) -> None:
    """Raise if different values of a column are less than delta apart."""
    seen = column[~np.isnan(column) if weights is None else (weights > 0.0) & ~np.isnan(column)]
    span = float(np.ptp(seen)) if len(seen) else 0.0
    if 0.0 < span * (1.0 + slack) < delta:
        raise DataError(
            f"resolution is {delta:g} for column {shown(name)}, whose values lie within {span:g} "
            "of each other; give its smallest step, one per column where they differ, or 'auto'"
        )


def step_of(distinct: Floats, counts: Floats, settings: ResolutionSettings = DEFAULTS) -> float:
    """Step of a column with these distinct values and numbers of rows; 0 if there is none.

    If nearly all rows have tied values, the tied values are tested separately, because a few stray
    rows may add more distinct values than a coarse grid has.
    """
    grid = find_grid(distinct, settings.grid)
    tied = counts > 1
    if tied.sum() < len(tied) and counts[tied].sum() >= settings.tied * counts.sum():
        grid = min(grid, find_grid(distinct[tied], settings.grid))
    return grid.step


def distinct_values(
    column: Floats, weights: Floats | None, settings: ResolutionSettings = DEFAULTS
) -> tuple[Floats, Floats]:
    """Sorted distinct observed values, and the total weight of the rows with each."""
    if weights is None:
        ordered = np.sort(column)
    else:
        order = np.argsort(column)
        ordered, weights = column[order], weights[order]
        del order
    n = len(ordered) - np.count_nonzero(np.isnan(ordered))
    starts = _starts(ordered[:n], settings.grid.rounding)
    distinct = ordered[starts]
    # Columns may be long, so copies are deleted early.
    del ordered
    if weights is None:
        return distinct, np.diff(starts, append=n)
    return distinct, np.add.reduceat(weights[:n], starts) if n else distinct


def _starts(ordered: Floats, rounding: float) -> npt.NDArray[np.int64]:
    """Where each run of equal values starts; values within rounding of each other are equal."""
    if not len(ordered):
        return np.empty(0, dtype=np.int64)
    nearest = rounding * max(ordered[-1], -ordered[0])
    is_new = np.ones(len(ordered), dtype=bool)
    with np.errstate(over="ignore"):  # the sum may exceed the largest float
        np.greater(ordered[1:], ordered[:-1] + nearest, out=is_new[1:])
    return np.flatnonzero(is_new)
