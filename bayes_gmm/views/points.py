"""The rows of a table as points in the plane of two features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bayes_gmm.text import counted
from bayes_gmm.views import palette
from bayes_gmm.views.settings import PLOTS, STYLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

Array = NDArray[np.float64]


def draw_points(
    ax: Axes,
    membership: Array,
    points: Array,
    expected: NDArray[np.bool_] | None = None,
    *,
    size: float = 1.0,
    ticks: bool = True,
) -> list[str]:
    """Draw each row as a point, or as a tick at the axis where one of the two cells is missing.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    membership : ndarray, shape (n_rows, K)
        Probability of each segment for each row.
    points : ndarray, shape (n_rows, 2)
        Their coordinates; NaN is missing.
    expected : ndarray of bool, shape (n_rows,), optional
        For a projection: rows whose coordinates are expected values; their points are hollow.
    size : float
        Area of the points, relative to the default.
    ticks : bool
        Whether to draw rows that lack one coordinate.

    Returns
    -------
    list of str
        Notes for the subtitle: rows that are drawn as ticks or omitted.
    """
    n_components = membership.shape[1]
    colors = palette.faded(palette.palette(n_components), membership)
    whole = ~np.isnan(points).any(axis=1)
    projected = expected is not None
    expected = np.zeros(len(points), bool) if expected is None else expected
    top = membership.argmax(axis=1)
    look: dict[str, Any] = {
        "s": size * _size(len(points)),
        "zorder": STYLE.point_order,
        "rasterized": True,
    }
    for k in range(0, n_components, STYLE.per_marker):
        of_shape = whole & (top >= k) & (top < k + STYLE.per_marker)
        look["marker"] = palette.marker(k)
        full, hollow = of_shape & ~expected, of_shape & expected
        ax.scatter(points[full, 0], points[full, 1], color=colors[full], linewidths=0, **look)
        if hollow.any():
            x, y = points[hollow].T
            ax.scatter(x, y, facecolors="none", edgecolors=colors[hollow], **look)
    if projected:
        return _expected_notes(whole, expected)
    return _draw_ticks(ax, points, colors) if ticks else []


def _expected_notes(whole: NDArray[np.bool_], expected: NDArray[np.bool_]) -> list[str]:
    """Notes on projected rows with missing cells."""
    n_hollow, n_absent, notes = int((whole & expected).sum()), int((~whole).sum()), []
    if n_hollow:
        notes.append(f"{counted(n_hollow, 'row')} with missing cells: hollow, at expected values")
    if n_absent:
        notes.append(f"{counted(n_absent, 'row')} with no observed cell: not drawn")
    return notes


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


def thinned(n_rows: int, most: int | None = None) -> tuple[slice | NDArray[np.int64], list[str]]:
    """Positions of at most 20,000 or `most` rows, in order, and a note if rows are left out."""
    most = PLOTS.max_points if most is None else most
    if n_rows <= most:
        return slice(None), []
    keep = np.random.default_rng(0).choice(n_rows, most, replace=False)
    return np.sort(keep), [f"{most:,} of {n_rows:,} rows drawn"]


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
