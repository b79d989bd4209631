"""The rows of a table as points in the plane of two features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bayes_gmm.text import counted
from bayes_gmm.views import palette
from bayes_gmm.views.settings import PLOTS, STYLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

Array = NDArray[np.float64]


def draw_points(ax: Axes, membership: Array, values: Array, shown: Sequence[int]) -> list[str]:
    """Draw each row as a point, or as a tick at the axis where one of the two cells is missing.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    membership : ndarray, shape (n_rows, K)
        Probability of each segment for each row.
    values : ndarray, shape (n_rows, n_features)
        The rows; NaN is a missing cell.
    shown : pair of int
        The features on the horizontal and the vertical axis.

    Returns
    -------
    list of str
        Notes for the subtitle: rows that are drawn as ticks or omitted.
    """
    n_components = membership.shape[1]
    colors = palette.faded(palette.palette(n_components), membership)
    points = values[:, list(shown)]
    whole = ~np.isnan(points).any(axis=1)
    top = membership.argmax(axis=1)
    for k in range(0, n_components, len(palette.COLORS)):
        rows = whole & (top >= k) & (top < k + len(palette.COLORS))
        ax.scatter(
            points[rows, 0], points[rows, 1], s=_size(len(points)), c=colors[rows],
            marker=palette.marker(k), linewidths=0, zorder=STYLE.point_order,
        )  # fmt: skip
    return _draw_ticks(ax, points, colors)


def uncertain_handle() -> Line2D:
    """Legend entry of points with uncertain membership.

    Examples
    --------
    >>> uncertain_handle().get_label()
    'pale: uncertain'
    """
    from matplotlib.lines import Line2D

    pale = palette.faded(["black", "black"], np.array([[0.5, 0.5]]))[0]
    return Line2D(
        [], [], linestyle="none", marker="o", markersize=9, markeredgewidth=0, color=tuple(pale),
        label="pale: uncertain",
    )  # fmt: skip


def thinned(n_rows: int) -> tuple[slice | NDArray[np.int64], list[str]]:
    """Positions of at most 20,000 rows, in their order, and a note if rows are left out."""
    if n_rows <= PLOTS.max_points:
        return slice(None), []
    keep = np.random.default_rng(0).choice(n_rows, PLOTS.max_points, replace=False)
    return np.sort(keep), [f"{PLOTS.max_points:,} of {n_rows:,} rows drawn"]


def _size(n_points: int) -> float:
    """Area of a point; it decreases with the number of points."""
    return float(np.clip(900 / np.sqrt(max(n_points, 1)), 5, 40))


def _draw_ticks(ax: Axes, points: Array, colors: Array) -> list[str]:
    """Draw a row with one missing cell as a tick at the axis of its observed feature."""
    lacks = np.isnan(points)
    only_x, only_y = lacks[:, 1] & ~lacks[:, 0], lacks[:, 0] & ~lacks[:, 1]
    look: dict[str, Any] = {"s": 110, "linewidths": 1.8, "zorder": 4, "clip_on": False}
    if only_x.any():
        inside = np.full(only_x.sum(), 0.017)
        look.update(transform=ax.get_xaxis_transform(), marker="|", c=colors[only_x])
        ax.scatter(points[only_x, 0], inside, **look)
    if only_y.any():
        inside = np.full(only_y.sum(), 0.01)
        look.update(transform=ax.get_yaxis_transform(), marker="_", c=colors[only_y])
        ax.scatter(inside, points[only_y, 1], **look)
    return _missing_notes(int((only_x | only_y).sum()), int(lacks.all(axis=1).sum()))


def _missing_notes(n_ticks: int, n_absent: int) -> list[str]:
    notes = []
    if n_ticks:
        notes.append(f"{counted(n_ticks, 'row')} with one cell missing: ticks at the axes")
    if n_absent:
        notes.append(f"{counted(n_absent, 'row')} with both cells missing: not drawn")
    return notes
