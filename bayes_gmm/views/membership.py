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
    positions,
    posterior_of,
    scale_axes,
    wrapped,
)
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
    posterior: PosteriorDraws, X: Any, features: Features = None, ax: Axes | None = None,
    *, ci_prob: float = 0.94,
) -> Axes:  # fmt: skip
    """Plot the membership probability of each row and its uncertainty.

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
    features, ax
        As in `segments`, but always two features.
    ci_prob : float
        Probability of the interval shown by the size of a point.

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
    names = posterior.features
    shown = positions(names, features)
    if len(shown) != 2:
        raise DataError(f"membership needs two features, got {len(shown)}; use segments instead")
    values = posterior.mixture.columns_of(X).values
    rows, notes = thinned(len(values))
    values = values[rows]
    axes = new_axes() if ax is None else ax
    scale_axes(axes, posterior.mixture, shown)
    table = membership_table(posterior, values, ci_prob, None)
    width = (table["upper"] - table["lower"]).to_numpy()
    probability = table["probability"].to_numpy()
    whole = ~np.isnan(values[:, list(shown)]).any(axis=1)
    order = np.flatnonzero(whole)[np.argsort(width[whole], kind="stable")]
    x, y = values[order][:, list(shown)].T
    points = axes.scatter(
        x, y, c=probability[order], s=_area(width[order]), cmap=COLORS,
        vmin=min(0.5, np.floor(10.0 * probability.min()) / 10.0), vmax=1.0,
        linewidths=0.3, edgecolors="white", zorder=2,
    )  # fmt: skip
    _draw_outlines(axes, posterior, shown)
    bar = axes.figure.colorbar(points, ax=axes, pad=0.02, fraction=0.05)
    bar.set_label("probability of the row's segment", fontsize=STYLE.label_size)
    bar.ax.tick_params(labelsize=STYLE.text_size)
    bar.outline.set_visible(False)
    n_lacking = int(len(whole) - whole.sum())
    if n_lacking:
        notes.append(f"{counted(n_lacking, 'row')} with a missing cell: not drawn")
    _finish(axes, names, shown, probability, notes + notes_of(posterior), ci_prob)
    return axes


def _area(width: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(12.0 + 140.0 * width)


def _draw_outlines(ax: Axes, posterior: PosteriorDraws, shown: tuple[int, ...]) -> None:
    from matplotlib.patheffects import withStroke

    halo = [withStroke(linewidth=3, foreground="white")]
    for k in range(posterior.n_components):
        ellipses.draw_ellipse(ax, posterior.mean_mixture, k, 0.95, shown, "0.35", linewidth=1.2)
        x, y = posterior.mean_mixture.medians[k, list(shown)].tolist()
        ax.annotate(
            str(k + 1), (x, y), ha="center", va="center", fontsize=STYLE.label_size + 2,
            fontweight="bold", path_effects=halo, zorder=6,
        )  # fmt: skip
    ax.autoscale_view()


def _finish(
    ax: Axes, names: tuple[str, ...], shown: tuple[int, ...], probability: NDArray[np.float64],
    notes: list[str], ci_prob: float,
) -> None:  # fmt: skip
    label = wrapped(names[shown[0]], 60)
    below = label.count("\n")
    ax.set_xlabel(label, parse_math=False)
    ax.set_ylabel(wrapped(names[shown[1]], 36), parse_math=False)
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


def _size_handles() -> list[Line2D]:
    from matplotlib.lines import Line2D

    return [
        Line2D([], [], linestyle="none", marker="o", color="0.5", label=f"{100 * width:.0f} %",
               markersize=float(np.sqrt(_area(np.array(width)))))
        for width in PLOTS.interval_widths
    ]  # fmt: skip
