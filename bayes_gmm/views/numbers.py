"""Crosses at the means of segments, with their numbers beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bayes_gmm.views.palette import palette
from bayes_gmm.views.settings import STYLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]


def number_segments(ax: Axes, places: Array, color: str | None = None) -> None:
    """Draw a cross at each place and its number nearby, where it covers no other.

    A thin line leads from a number to its cross if the number had to move away.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Axes with final limits.
    places : ndarray, shape (K, 2)
        Places of the segments, in data coordinates.
    color : matplotlib color, optional
        Colour of all numbers; by default those of the segments.
    """
    from matplotlib.patheffects import withStroke

    halo = [withStroke(linewidth=3.5, foreground="white")]
    offsets = _offsets(_in_points(ax, places), STYLE.label_size)
    for k, own in enumerate(palette(len(places))):
        x, y = places[k].tolist()
        dark = _dark(color or own)
        ax.plot(x, y, "X", ms=8, color=dark, mec="white", mew=0.9, zorder=5)
        line: dict[str, Any] = {"arrowstyle": "-", "color": dark, "linewidth": 0.9, "shrinkB": 3}
        far = np.hypot(*offsets[k]) > 1.6 * STYLE.label_size
        ax.annotate(
            str(k + 1), (x, y), xytext=tuple(offsets[k]), textcoords="offset points",
            ha="center", va="center", fontsize=STYLE.label_size, fontweight="bold", color=dark,
            path_effects=halo, zorder=6, arrowprops=line if far else None, annotation_clip=True,
        )  # fmt: skip


def _dark(color: str) -> tuple[float, ...]:
    """A colour that is darkened enough to be read on white."""
    from matplotlib.colors import to_rgb

    rgb = np.array(to_rgb(color))
    brightness = float(rgb @ (0.299, 0.587, 0.114))
    return tuple((rgb * min(1.0, STYLE.text_brightness / max(brightness, 1e-9))).tolist())


def _in_points(ax: Axes, places: Array) -> Array:
    """Places in points of the final layout."""
    figure = ax.get_figure(root=True)
    if figure is not None and figure.get_layout_engine() is not None:
        figure.draw_without_rendering()
    return np.asarray(ax.transData.transform(places)) * 72.0 / ax.figure.dpi


def _offsets(places: Array, size: float) -> Array:
    """Offsets of numbers from their crosses, in points: the nearest that cover nothing.

    Numbers are placed one after the other, each at the nearest free place of a few rings around its
    cross; the places beyond the last ring are taken to be free.

    Examples
    --------
    >>> _offsets(np.array([[0.0, 0.0], [100.0, 0.0]]), 10.0).round(1).tolist()
    [[7.8, 7.8], [7.8, 7.8]]
    """
    angles = np.pi * (0.25 + np.arange(12) / 6.0)
    circle = size * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    candidates = np.concatenate([(1.1 + 0.8 * ring) * circle for ring in range(5)])
    taken, offsets = list(places), []
    for place in places:
        gaps = np.array([_nearest(place + c, taken) for c in candidates])
        free = gaps >= 0.95 * size
        best = candidates[free.argmax() if free.any() else gaps.argmax()]
        offsets.append(best)
        taken.append(place + best)
    return np.array(offsets)


def _nearest(place: Array, others: list[Array]) -> float:
    return float(np.hypot(*(np.array(others) - place).T).min())
