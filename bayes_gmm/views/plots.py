"""Pictures of a fit, in the user's units.

Matplotlib is imported when a picture is drawn. A function that is given its axes touches nothing
else: no current figure, no backend, no style.
"""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_gmm.data.table import feature_matrix
from bayes_gmm.errors import DataError, listed, nearest
from bayes_gmm.model.mixture import Mixture, segment_labels
from bayes_gmm.views import densities, ellipses
from bayes_gmm.views.palette import (
    FIGURE_SIZE,
    LABEL_SIZE,
    TEXT_SIZE,
    TITLE_SIZE,
    marker,
    palette,
)
from bayes_gmm.views.points import draw_points, uncertain_handle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.layout_engine import LayoutEngine
    from numpy.typing import NDArray

    Features = Sequence[int | str] | int | str | None


def segments(model: Any, X: Any = None, features: Features = None, ax: Axes | None = None) -> Axes:
    """Draw segments: points by most probable segment, 50 % and 95 % ellipses, crosses at the means.

    A point's colour fades to grey where its membership is uncertain. The ellipses hold 50 % and
    95 % of a segment's probability mass. With one feature the picture is a histogram with the
    weighted density of each segment, shaded over its middle 50 % and 95 %.

    Parameters
    ----------
    model : BayesGMM, MapFit or Mixture
        A fit, or a mixture in the user's units.
    X : table or array, optional
        The rows to draw; columns of a table are found by name. NaN is a missing cell: a row that
        lacks one of the two features is a tick at the axis of the other. Of more than 20,000
        rows a random 20,000 are drawn.
    features : one or two of int or str, optional
        The features on the axes, by name or position; the first two when not given.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when not given.

    Returns
    -------
    matplotlib.axes.Axes
        The axes. Nothing is shown and nothing is saved.

    Raises
    ------
    DataError
        If the model has no such feature, or `X` does not have the model's columns.

    Examples
    --------
    >>> import numpy as np
    >>> from matplotlib.figure import Figure
    >>> from bayes_gmm.model.mixture import Mixture
    >>> mixture = Mixture([0.7, 0.3], [[0, 0], [5, 5]], [np.eye(2), np.eye(2)], features=("a", "b"))
    >>> axes = segments(mixture, X=[[0.1, 0.2], [5.0, 4.8]], ax=Figure().add_subplot())
    >>> axes.get_xlabel(), [text.get_text() for text in axes.get_legend().get_texts()][:2]
    ('a', ['Segment 1 (70 %)', 'Segment 2 (30 %)'])
    """
    mixture = _mixture_of(model)
    names = mixture.features
    values = None if X is None else feature_matrix(X, features=names).values
    shown = _positions(names, features)
    axes = _new_axes() if ax is None else ax
    if len(shown) == 2:
        notes = _draw_plane(axes, mixture, values, shown)
        axes.set_ylabel(_wrapped(names[shown[1]], 44), parse_math=False)
    else:
        notes = densities.draw_densities(axes, mixture, values, shown)
    axes.set_xlabel(_wrapped(names[shown[0]], 70), parse_math=False)
    _add_title(axes, mixture.n_components, None if values is None else len(values), notes)
    _add_legend(axes, mixture, len(shown), with_points=values is not None)
    _clean(axes)
    return axes


def save_segments(
    model: Any, path: str | Path, X: Any = None, features: Features = None, *, dpi: int = 200
) -> Path:
    """Draw `segments` into an image file, with no display and without touching pyplot.

    Parameters
    ----------
    model, X, features
        As in `segments`.
    path : str or Path
        The file to write; its ending names the format (.png, .svg, .pdf).
    dpi : int
        Dots per inch of the 9.6 x 5.4 inches.

    Returns
    -------
    Path
        The file that was written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=FIGURE_SIZE, layout=_with_margins())
    FigureCanvasAgg(figure)
    segments(model, X, features, ax=figure.add_subplot())
    figure.savefig(path, dpi=dpi, facecolor="white")
    return Path(path)


def _mixture_of(model: Any) -> Mixture:
    for candidate in (model, getattr(model, "mixture_", None), getattr(model, "mixture", None)):
        if isinstance(candidate, Mixture):
            return candidate
    kind = type(model).__name__
    raise DataError(f"cannot draw a {kind}: give a fitted BayesGMM, a MapFit or a Mixture")


def _positions(names: tuple[str, ...], features: Features) -> tuple[int, ...]:
    """Return the positions of the features to draw: one or two."""
    if features is None:
        return tuple(range(min(len(names), 2)))
    chosen = np.atleast_1d(np.array(features, dtype=object)).tolist()
    if len(chosen) not in (1, 2):
        raise DataError(f"features names {len(chosen)} columns; a picture has room for one or two")
    return tuple(_position(names, feature) for feature in chosen)


def _position(names: tuple[str, ...], feature: int | str) -> int:
    if isinstance(feature, str) and feature in names:
        return names.index(feature)
    if isinstance(feature, int | np.integer) and 0 <= feature < len(names):
        return int(feature)
    near = nearest(str(feature), names)
    hint = "." if near is None else f"; did you mean {near!r}?"
    raise DataError(f"no feature {feature!r}{hint} The model has: {listed(names)}")


def _new_axes() -> Axes:
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=FIGURE_SIZE, layout=_with_margins())[1]


def _with_margins() -> LayoutEngine:
    """Make room for titles and legends, and leave a margin of a tenth of an inch or so."""
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    return ConstrainedLayoutEngine(w_pad=0.13, h_pad=0.11)


def _draw_plane(
    ax: Axes, mixture: Mixture, values: NDArray[np.float64] | None, shown: tuple[int, ...]
) -> list[str]:
    """Draw points, ellipses and numbered crosses; returns what the reader must be told."""
    from matplotlib.patheffects import withStroke

    notes = [] if values is None else draw_points(ax, mixture, values, shown)
    halo = [withStroke(linewidth=3, foreground="white")]
    for k, color in enumerate(palette(mixture.n_components)):
        ellipses.draw_component(ax, mixture, k, shown, color)
        x, y = mixture.means[k, list(shown)].tolist()
        ax.plot(x, y, "X", markersize=10, color="black", markeredgecolor="white", zorder=5)
        ax.annotate(
            str(k + 1), (x, y), xytext=(6, 5), textcoords="offset points", fontsize=LABEL_SIZE,
            fontweight="bold", path_effects=halo, zorder=6,
        )  # fmt: skip
    ax.autoscale_view()
    return notes


def _add_title(ax: Axes, n_components: int, n_rows: int | None, notes: list[str]) -> None:
    title = f"{n_components} segment" + "s" * (n_components != 1)
    if n_rows is not None:
        title += f" in {n_rows:,} row" + "s" * (n_rows != 1)
    pad = 26 if notes else 12
    ax.set_title(title, loc="left", fontsize=TITLE_SIZE, fontweight="bold", pad=pad)
    if notes:
        ax.annotate(
            "; ".join(notes), (0, 1), xytext=(0, 8), xycoords="axes fraction",
            textcoords="offset points", fontsize=TEXT_SIZE - 1, color="0.35",
        )  # fmt: skip


def _add_legend(ax: Axes, mixture: Mixture, n_axes: int, *, with_points: bool) -> None:
    """Put the legend outside on the right, where it hides no data however many segments."""
    from matplotlib.lines import Line2D

    labels = segment_labels(mixture.n_components)
    handles: list[Artist] = [
        Line2D([], [], linestyle="none", marker=marker(k), markersize=9, color=color,
               label=f"{label} ({percent(mixture.weights[k])})")
        for k, (label, color) in enumerate(zip(labels, palette(len(labels)), strict=True))
    ]  # fmt: skip
    if n_axes == 1:
        handles += densities.legend_handles()
    else:
        handles += [uncertain_handle()] * with_points + ellipses.legend_handles()
    ax.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(1.02, 1.0), borderaxespad=0.0,
        frameon=False, fontsize=TEXT_SIZE, labelspacing=0.6,
        ncols=1 + (mixture.n_components > 14),
    )  # fmt: skip


def percent(share: float) -> str:
    """Write a share as a percentage, with a decimal where it is near none or all.

    Examples
    --------
    >>> percent(0.342), percent(0.004), percent(0.0001), percent(0.997)
    ('34 %', '0.4 %', '< 0.1 %', '99.7 %')
    """
    if share in (0.0, 1.0) or 0.0095 <= share < 0.995:
        return f"{100 * share:.0f} %"
    if share < 0.0005:
        return "< 0.1 %"
    return "> 99.9 %" if share >= 0.9995 else f"{100 * share:.1f} %"


def _wrapped(name: str, width: int) -> str:
    return "\n".join(textwrap.wrap(name, width)) or name


def _clean(ax: Axes) -> None:
    """Leave two thin spines and text that can be read from the back of the room."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color("0.6")
    ax.tick_params(labelsize=TEXT_SIZE, color="0.6", labelcolor="0.2")
    for axis in (ax.xaxis, ax.yaxis):
        axis.label.set(fontsize=LABEL_SIZE)
        low, high = axis.get_view_interval()
        if 1e4 <= max(abs(low), abs(high)) < 1e6 and high - low > 10:
            axis.set_major_formatter("{x:,.0f}")
    # A factor such as 1e9 stands clear of the axis label and of the note under the title.
    ax.xaxis.get_offset_text().set(x=1.01, horizontalalignment="left", fontsize=TEXT_SIZE)
    ax.yaxis.get_offset_text().set(x=-0.01, horizontalalignment="right", fontsize=TEXT_SIZE)
