"""Rows that hold the totals of other rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bayes_gmm.data.matrix import FeatureMatrix
from bayes_gmm.data.rows import Floats
from bayes_gmm.diagnostics.diagnostic import Diagnostic


@dataclass(frozen=True)
class TotalRowSettings:
    """Thresholds for a row of totals."""

    relative_error: float = 1e-6
    """Maximum relative difference of a cell from the sum of the others, because of rounding."""
    fewest_values: int = 5
    """Minimum number of different values other than 0 that are summed; the sum of fewer may be a
    coincidence."""
    largest: float = 0.9
    """Maximum fraction of the sum that one value may be; the rest of the sum is rounding error if
    one value is nearly all of it."""


SETTINGS = TotalRowSettings()


def total_row_findings(
    matrix: FeatureMatrix, settings: TotalRowSettings = SETTINGS
) -> Iterator[Diagnostic]:
    """A finding for the first or last row if it holds the sums of columns over all other rows.

    Empty rows at both ends are skipped.

    Parameters
    ----------
    matrix : FeatureMatrix
        All rows, in the user's order.
    settings : TotalRowSettings

    Examples
    --------
    >>> x = np.append(np.arange(1.0, 9.0), 36.0)
    >>> [finding] = total_row_findings(FeatureMatrix(x[:, None], ("Spend",)))
    >>> finding.subject, finding.values["row"]
    (('Spend',), 9)
    """
    with np.errstate(over="ignore"):
        sums = np.nansum(matrix.values, axis=0)
    for row in _ends(matrix.values):
        names = tuple(
            name
            for j, name in enumerate(matrix.features)
            if _is_total(matrix.values[:, j], row, float(sums[j]), settings)
        )
        if names:
            yield Diagnostic("total_row", names, {"row": row + 1})


def _ends(values: Floats) -> list[int]:
    """The last and the first row that are not empty."""
    rows = range(len(values))
    last, first = (
        next((row for row in order if not np.isnan(values[row]).all()), None)
        for order in (reversed(rows), rows)
    )
    return [] if last is None or first is None else list(dict.fromkeys((last, first)))


def _is_total(column: Floats, row: int, total: float, settings: TotalRowSettings) -> bool:
    """Whether a cell is the sum of the other cells; `total` is the sum of all.

    The error must also be smaller than every summand, because otherwise small values need not be
    in the sum.
    """
    cell = float(column[row])
    error = abs(total - 2.0 * cell)
    if not error < settings.relative_error * abs(cell):
        return False
    others = np.delete(column, row)
    values = np.unique(others[np.isfinite(others) & (others != 0.0)])
    sizes = np.abs(values)
    return (
        len(values) >= settings.fewest_values
        and error < float(sizes.min())
        and float(sizes.max()) <= settings.largest * abs(cell)
    )
