"""Matrix of plots of every pair of features, with the densities of each feature on the diagonal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_gmm.data.feature_matrix import feature_matrix
from bayes_gmm.errors import DataError
from bayes_gmm.results.checks import check_probability
from bayes_gmm.results.posterior.draws import PosteriorDraws
from bayes_gmm.text import counted
from bayes_gmm.views import densities, ellipses
from bayes_gmm.views.axes import (
    NOTE_COLOR,
    all_positions,
    as_written,
    clean,
    new_figure,
    notes_of,
    scale_axes,
    thin_log_ticks,
    wrapped,
)
from bayes_gmm.views.legend import legend_of, segment_texts
from bayes_gmm.views.limits import limit_axes
from bayes_gmm.views.models import mixture_of, probabilities
from bayes_gmm.views.palette import palette
from bayes_gmm.views.plane import plane_of_features
from bayes_gmm.views.points import draw_points, thinned
from bayes_gmm.views.settings import PLOTS, STYLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure
    from numpy.typing import NDArray

    from bayes_gmm.model.mixture import Mixture
    from bayes_gmm.views.axes import Features


def pairs(
    model: Any,
    X: Any = None,
    features: Features = None,
    *,
    ci_prob: float = PLOTS.ci_prob,
    membership: NDArray[np.float64] | None = None,
    figure: Figure | SubFigure | None = None,
) -> Figure | SubFigure:
    """Plot every pair of features: points and ellipses below the diagonal, densities on it.

    Read off which features separate which segments: the curves of a feature on the diagonal lie
    apart if it separates segments by itself, and the ellipses of a pair if the two together do.
    Colours, ellipses and curves are those of `segments`; for a posterior, curves have credible
    bands.

    Parameters
    ----------
    model, X, ci_prob, membership
        As in `segments`. Of more than 2,000 rows a random sample of 2,000 is plotted. Rows that
        lack a feature are omitted from its panels.
    features : sequence of int or str, optional
        Two to twelve features, by name or position; by default all, and the twelve that separate
        segments most if there are more.
    figure : matplotlib.figure.Figure or SubFigure, optional
        An empty figure to draw on; by default a new one.

    Returns
    -------
    matplotlib.figure.Figure or SubFigure
        The figure, neither shown nor saved; its `axes` are the panels on and below the
        diagonal, row by row.

    Raises
    ------
    DataError
        If there are fewer than two features or more than twelve.

    Examples
    --------
    >>> import numpy as np
    >>> from matplotlib.figure import Figure
    >>> from bayes_gmm.model.mixture import Mixture
    >>> mixture = Mixture([0.7, 0.3], [[0, 0], [5, 5]], [np.eye(2), np.eye(2)], features=("a", "b"))
    >>> figure = pairs(mixture, figure=Figure())
    >>> len(figure.axes), figure.axes[1].get_xlabel(), figure.axes[1].get_ylabel()
    (3, 'a', 'b')
    """
    check_probability(ci_prob)
    mixture = mixture_of(model)
    shown, notes = _chosen(mixture, features)
    values, r = None, None
    if X is not None:
        every = feature_matrix(X, features=mixture.features).values
        rows, left_out = thinned(len(every), PLOTS.max_pair_points)
        values, notes = every[rows], notes + left_out
        r = probabilities(model, values) if membership is None else membership[rows]
    posterior = model if isinstance(model, PosteriorDraws) else None
    figure = _new_figure(len(shown)) if figure is None else figure
    panels = _grid(figure, len(shown))
    size = PLOTS.pair_dot * min(1.0, 5.0 / len(shown))
    for row, i in enumerate(shown):
        scale_axes(panels[row, row], mixture, [i])
        densities.draw_densities(
            panels[row, row], mixture, values, [i], posterior, ci_prob, compact=True
        )
        for column, j in enumerate(shown[:row]):
            _draw_pair(panels[row, column], mixture, (j, i), values, r, size)
    _finish(panels, mixture, shown)
    if posterior is not None:
        notes += notes_of(posterior)
    _add_texts(figure, panels, model, values, notes, ci_prob)
    return figure


def _chosen(mixture: Mixture, features: Features) -> tuple[list[int], list[str]]:
    """Positions of the features to draw, and a note if some are left out."""
    most = PLOTS.max_pair_features
    shown = list(all_positions(mixture.features, features))
    if len(set(shown)) < 2 or len(set(shown)) < len(shown):
        raise DataError(f"pairs needs at least two different features, got {len(set(shown))}")
    if len(shown) <= most:
        return shown, []
    if features is not None:
        raise DataError(f"pairs shows at most {most} features, got {len(shown)}; choose fewer")
    mean, w = mixture.weights @ mixture.means, mixture.weights
    between = w @ (mixture.means - mean) ** 2 / (w @ mixture.standard_deviations**2)
    best = sorted(np.argsort(-between, kind="stable")[:most].tolist())
    return best, [f"the {most} of {len(shown)} features that separate segments most"]


def _new_figure(n: int) -> Figure:
    side = min(PLOTS.pair_size * n + 1.2, PLOTS.pair_figure)
    width = max(side, STYLE.figure_size[0])
    margins = {"w_pad": 0.04, "h_pad": 0.03} if n > 4 else {}
    return new_figure((width, max(side, STYLE.figure_size[1])), **margins)


def _grid(figure: Figure | SubFigure, n: int) -> NDArray[np.object_]:
    """Axes on and below the diagonal; those of a column share their horizontal axis."""
    grid = figure.add_gridspec(n, n)
    panels = np.full((n, n), None, dtype=object)
    for row in range(n):
        for column in range(row + 1):
            panels[row, column] = figure.add_subplot(grid[row, column])
    return panels


def _draw_pair(
    ax: Axes,
    mixture: Mixture,
    pair: tuple[int, int],
    values: NDArray[np.float64] | None,
    r: NDArray[np.float64] | None,
    size: float,
) -> None:
    """Draw the points and ellipses of one pair of features."""
    plane = plane_of_features(mixture, pair)
    scale_axes(ax, plane.mixture, (0, 1))
    points = None
    if values is not None and r is not None:
        points = values[:, list(pair)]
        draw_points(ax, r, points, size=size, ticks=False)
    for k, color in enumerate(palette(mixture.n_components)):
        ellipses.draw_component(ax, plane.mixture, k, (0, 1), color, width=0.6)
    limit_axes(ax, plane.mixture, points)


def _finish(panels: NDArray[np.object_], mixture: Mixture, shown: Sequence[int]) -> None:
    """Labels at the left and the lower side; equal horizontal limits in a column."""
    from matplotlib.ticker import MaxNLocator

    n = len(shown)
    small = STYLE.text_size - (1 if n > 4 else 0) - (2 if n > 8 else 0)
    width = 40 if n == 2 else 18
    for row, column in ((i, j) for i in range(n) for j in range(i + 1)):
        ax, on_diagonal = panels[row, column], row == column
        ax.set_xlabel("")
        ax.set_ylabel("")
        if row > column:
            ax.set_xlim(panels[column, column].get_xlim())
        clean(ax)
        ax.tick_params(labelsize=small - 1)
        for axis in (ax.xaxis, ax.yaxis):
            if axis.get_scale() == "linear":
                axis.set_major_locator(MaxNLocator(3))
            elif n > 2:
                thin_log_ticks(axis)
        if row < n - 1:
            ax.tick_params(labelbottom=False)
        else:
            ax.set_xlabel(wrapped(mixture.features[shown[column]], width), parse_math=False)
        if column == 0 and not on_diagonal:
            ax.set_ylabel(wrapped(mixture.features[shown[row]], width), parse_math=False)
        else:
            ax.tick_params(labelleft=False)
        if on_diagonal:
            ax.set_yticks([])
            ax.spines["left"].set_visible(False)
            if row < n - 1:
                _name_diagonal(ax, mixture.features[shown[row]], width, small)
        for axis in (ax.xaxis, ax.yaxis):
            axis.label.set_fontsize(small)


def _name_diagonal(ax: Axes, name: str, width: int, size: float) -> None:
    """Write the name of a feature to the right of its densities, where there is no panel."""
    text = ax.text(
        1.06, 0.5, wrapped(name, width), transform=ax.transAxes, va="center", fontsize=size,
        color="0.2", parse_math=False,
    )  # fmt: skip
    text.set_in_layout(False)


def _add_texts(
    figure: Figure | SubFigure,
    panels: NDArray[np.object_],
    model: Any,
    values: NDArray[np.float64] | None,
    notes: list[str],
    ci_prob: float,
) -> None:
    """Title, notes, and a legend in the empty upper triangle."""
    mixture = mixture_of(model)
    figure.suptitle(
        f"{counted(mixture.n_components, 'segment')}, "
        f"{counted(len(panels), 'feature')} in pairs",
        x=0.012, ha="left", fontsize=STYLE.title_size, fontweight="bold",
    )  # fmt: skip
    if notes:
        figure.supxlabel(
            wrapped("; ".join(notes), STYLE.note_width), x=0.012, ha="left",
            fontsize=STYLE.note_size, color=NOTE_COLOR,
        )  # fmt: skip
    handles = legend_of(segment_texts(model, ci_prob), with_points=values is not None)
    legend = figure.legend(
        handles=handles, loc="outside right upper" if len(panels) < 4 else "upper right",
        bbox_to_anchor=None if len(panels) < 4 else (0.985, 0.93), frameon=False,
        fontsize=STYLE.text_size if len(handles) < 12 else STYLE.text_size - 2,
    )  # fmt: skip
    as_written(legend.get_texts())
