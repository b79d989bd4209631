"""Limits of axes: they follow the rows, and wide ellipses of small segments are cut off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_gmm.views.settings import PLOTS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bayes_gmm.model.mixture import Mixture

Array = NDArray[np.float64]


def limit_axes(ax: Axes, mixture: Mixture, points: Array | None) -> None:
    """Set the limits of the axes, one for each feature of the mixture.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Axes whose scale is set.
    mixture : Mixture
        The mixture of the one or two features at the axes.
    points : ndarray, shape (n_rows, 1 or 2), or None
        The rows; NaN is a missing cell.
    """
    reach = np.sqrt(-2.0 * np.log1p(-PLOTS.ellipse_prob)) * mixture.standard_deviations
    heavy = mixture.weights >= min(PLOTS.least_share, mixture.weights.max())
    ends = [
        mixture.transforms.inverse(mixture.means[heavy] + side * reach[heavy]) for side in (-1, 1)
    ]
    for j, axis in enumerate((ax.xaxis, ax.yaxis)[: mixture.n_features]):
        scale = axis.get_transform()
        seen = np.array([]) if points is None else points[~np.isnan(points[:, j]), j]
        rows = np.array([seen.min(), seen.max()]) if len(seen) else seen
        low, high, middles, rows = (
            np.asarray(scale.transform(x))
            for x in (*(end[:, j] for end in ends), mixture.medians[heavy, j], rows)
        )
        low, high = (np.where(np.isfinite(end), end, middles) for end in (low, high))
        least = 0.0 if axis.get_scale() == "linear" and len(seen) and seen.min() >= 0 else -np.inf
        start, stop = scale.inverted().transform(np.array(_limits(low, high, middles, rows, least)))
        (ax.set_xlim, ax.set_ylim)[j](start, stop)


def _limits(
    low: Array, high: Array, middles: Array, rows: Array, least: float = -np.inf
) -> tuple[float, float]:
    """Limits on the scale of the axis; ellipses extend the axis to `least`, and not further.

    Examples
    --------
    >>> low, high = np.array([-1.0, -50.0]), np.array([1.0, 60.0])
    >>> _limits(low, high, np.array([0.0, 5.0]), np.array([0.0, 10.0]))
    (-1.696, 11.696)
    """
    if not len(rows):
        ends = float(low.min()), float(high.max())
    else:
        start, stop = float(min(rows[0], middles.min())), float(max(rows[1], middles.max()))
        over = PLOTS.overhang * (stop - start)
        ends = (
            max(start - over, min(low.min(), start), min(start, least)),
            min(stop + over, max(high.max(), stop)),
        )
    margin = PLOTS.margin * (ends[1] - ends[0]) or 1.0
    return round(float(ends[0] - margin), 12), round(float(ends[1] + margin), 12)
