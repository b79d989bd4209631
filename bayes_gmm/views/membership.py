"""Plot of the membership probability of each row, in the plane of two features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_gmm.errors import DataError
from bayes_gmm.results.posterior.membership import membership_table
from bayes_gmm.text import counted, percent
from bayes_gmm.views import ellipses
from bayes_gmm.views.axes import (
    add_title,
    clean,
    new_axes,
    notes_of,
    posterior_of,
    scale_axes,
)
from bayes_gmm.views.limits import limit_axes
from bayes_gmm.views.models import axes_shown, name_axes
from bayes_gmm.views.numbers import number_segments
from bayes_gmm.views.plane import Plane
from bayes_gmm.views.points import thinned
from bayes_gmm.views.settings import PLOTS, STYLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D
    from numpy.typing import NDArray

    from bayes_gmm.results.posterior.draws import PosteriorDraws
    from bayes_gmm.views.axes import Features

COLORS = "plasma_r"


def membership(
    posterior: PosteriorDraws,
    X: Any,
    features: Features = None,
    *,
    ci_prob: float = 0.94,
    ax: Axes | None = None,
) -> Axes:
    """Plot the membership probability of each row and its uncertainty.

    Read off which rows have a clear segment, and where those lie that do not.

    The colour of a point is the probability that the row belongs to its most probable segment,
    averaged over the posterior; its size increases with the width of the credible interval of this
    probability. Lines are the 95 % ellipses of the MAP. The subtitle states if the averages are
    over several segmentations.

    Parameters
    ----------
    posterior : Posterior
    X : table or array
        The rows. Of more than 20,000 a random sample of 20,000 is plotted; rows that lack one of
        the two features are omitted.
    features : two of int or str, optional
        The features on the axes, by name or position; by default as in `segments`.
    ci_prob : float
        Probability of the interval shown by the size of a point.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; by default those of a new figure.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    DataError
        If the model has only one feature, or `X` lacks a feature of the model.

    Examples
    --------
    ``membership(posterior, X).figure.savefig("membership.png")``
    """
    posterior = posterior_of(posterior, "membership")
    plane = axes_shown(posterior.mean_mixture, features)
    if not isinstance(plane, Plane):
        raise DataError("membership needs two features, got 1; use segments instead")
    values = posterior.mixture.columns_of(X).values
    rows, notes = thinned(len(values))
    values = values[rows]
    axes = new_axes() if ax is None else ax
    scale_axes(axes, plane.mixture, (0, 1))
    table = membership_table(posterior, values, ci_prob, None)
    width = (table["upper"] - table["lower"]).to_numpy()
    probability = table["probability"].to_numpy()
    places, expected = plane.points(values)
    whole = ~np.isnan(places).any(axis=1)
    order = np.flatnonzero(whole)[np.argsort(width[whole], kind="stable")]
    x, y = places[order].T
    points = axes.scatter(
        x, y, c=probability[order], s=_area(width[order]), cmap=COLORS,
        vmin=min(0.5, np.floor(10.0 * probability.min()) / 10.0), vmax=1.0,
        linewidths=0.3, edgecolors="white", zorder=2,
    )  # fmt: skip
    for k in range(posterior.n_components):
        ellipses.draw_ellipse(axes, plane.mixture, k, 0.95, (0, 1), "0.35", linewidth=1.2)
    limit_axes(axes, plane.mixture, places)
    bar = axes.figure.colorbar(points, ax=axes, pad=0.02, fraction=0.05)
    bar.set_label("probability of the row's segment", fontsize=STYLE.label_size)
    bar.ax.tick_params(labelsize=STYLE.text_size)
    bar.outline.set_visible(False)
    n_lacking = int(len(whole) - whole.sum())
    if n_lacking:
        notes.append(f"{counted(n_lacking, 'row')} with a missing cell: not drawn")
    if expected is not None and expected[whole].any():
        n_expected = int(expected[whole].sum())
        notes.append(f"{counted(n_expected, 'row')} with missing cells: at expected values")
    notes = [*plane.notes, *notes, *notes_of(posterior)]
    _finish(axes, plane, probability, notes, ci_prob)
    number_segments(axes, plane.mixture.medians, "black")
    return axes


def _area(width: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(12.0 + 140.0 * width)


def _finish(
    ax: Axes, plane: Plane, probability: NDArray[np.float64],
    notes: list[str], ci_prob: float,
) -> None:  # fmt: skip
    name_axes(ax, plane)
    below = ax.get_xlabel().count("\n")
    unsure = float(np.mean(probability < 0.9))
    title = f"{percent(unsure)} of the rows have a membership probability below 90 %"
    add_title(ax, title, notes)
    ax.legend(
        handles=_size_handles(), title=f"width of its {100 * ci_prob:g} % interval",
        loc="upper center", bbox_to_anchor=(0.5, -0.14 - PLOTS.legend_line * below),
        ncols=len(PLOTS.interval_widths), frameon=False,
        fontsize=STYLE.text_size, title_fontsize=STYLE.text_size,
    )  # fmt: skip
    clean(ax)
    name_axes(ax, plane)


def _size_handles() -> list[Line2D]:
    from matplotlib.lines import Line2D

    return [
        Line2D([], [], linestyle="none", marker="o", color="0.5", label=f"{100 * width:.0f} %",
               markersize=float(np.sqrt(_area(np.array(width)))))
        for width in PLOTS.interval_widths
    ]  # fmt: skip
