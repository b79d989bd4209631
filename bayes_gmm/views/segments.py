"""Plot of segments: points, ellipses and means, or for one feature a histogram and densities."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_gmm.data.feature_matrix import feature_matrix
from bayes_gmm.errors import DataError
from bayes_gmm.results.checks import check_probability
from bayes_gmm.results.posterior.draws import PosteriorDraws
from bayes_gmm.text import counted
from bayes_gmm.views import bands, densities, ellipses
from bayes_gmm.views.axes import (
    add_title,
    as_written,
    clean,
    new_axes,
    notes_of,
    save_figure,
    scale_axes,
    wrapped,
)
from bayes_gmm.views.legend import legend_of, legend_size, segment_handles, segment_texts
from bayes_gmm.views.limits import limit_axes
from bayes_gmm.views.models import axes_shown, mixture_of, name_axes, probabilities
from bayes_gmm.views.numbers import number_segments
from bayes_gmm.views.palette import palette
from bayes_gmm.views.plane import Plane, discriminant_plane
from bayes_gmm.views.points import draw_points, thinned
from bayes_gmm.views.settings import PLOTS, STYLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from bayes_gmm.views.axes import Features


def segments(
    model: Any,
    X: Any = None,
    features: Features = None,
    *,
    ci_prob: float = PLOTS.ci_prob,
    membership: NDArray[np.float64] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Plot segments: coloured points, 50 % and 95 % ellipses, and crosses at the means.

    Read off where the segments lie, how wide they are, which of them overlap, and which rows are
    uncertain. The limits of the axes follow the rows, so that a wide ellipse may be cut off.

    Axes of features that are transformed by a logarithm are logarithmic; ellipses of transformed
    features are mapped to the user's units, with crosses at the medians.

    The colour of a point shows its most probable segment, and fades to grey if its membership is
    uncertain. The ellipses hold 50 % and 95 % of the probability mass of a segment. With one
    feature the plot is a histogram with the weighted density of each segment, shaded over its
    middle 50 % and 95 %.

    For a posterior the plot shows posterior means (`Posterior.mean_mixture`) with 94 % credible
    bands or, in two dimensions, the ellipses of a few dozen draws. Points are coloured by their
    membership averaged over the posterior, and the legend gives the interval of each share. The
    subtitle states whether the averages are over one segmentation or several.

    Parameters
    ----------
    model : BayesGMM, MapFit, Posterior or Mixture
        A fit, or a mixture in the user's units.
    X : table or array, optional
        The rows to plot; columns of a table are found by name. NaN is a missing cell: a row that
        lacks one of the two features is shown as a tick at the axis of the other. Of more than
        20,000 rows a random sample of 20,000 is plotted.
    features : one or two of int or str, optional
        The features on the axes, by name or position. By default both features of two, and for
        more the projection that separates the segments most (see `projection`).
    ci_prob : float
        Probability of credible bands and intervals.
    membership : ndarray, shape (n_rows, K), optional
        Probability of each segment for each row; computed from `X` by default.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; by default those of a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, neither shown nor saved.

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
    shown = axes_shown(mixture_of(model), features)
    return _draw(model, X, shown, ax, ci_prob, membership)


def _draw(
    model: Any,
    X: Any,
    shown: Plane | int,
    ax: Axes | None,
    ci_prob: float,
    membership: NDArray[np.float64] | None,
) -> Axes:
    """Draw the plane, or the densities of one feature, with title and legend."""
    check_probability(ci_prob)
    mixture = mixture_of(model)
    values = None if X is None else feature_matrix(X, features=mixture.features).values
    axes = new_axes() if ax is None else ax
    posterior = model if isinstance(model, PosteriorDraws) else None
    if isinstance(shown, Plane):
        notes = _draw_plane(axes, shown, model, values, membership, ci_prob)
    else:
        scale_axes(axes, mixture, [shown])
        notes = densities.draw_densities(axes, mixture, values, [shown], posterior, ci_prob)
        axes.set_xlabel(wrapped(mixture.features[shown], 52), parse_math=False)
    if posterior is not None:
        notes = notes + notes_of(posterior)
    of_rows = "" if values is None else f" in {counted(len(values), 'row')}"
    add_title(axes, counted(mixture.n_components, "segment") + of_rows, notes)
    n_axes = 1 + isinstance(shown, Plane)
    labels = segment_texts(model, ci_prob)
    _add_legend(axes, labels, n_axes, posterior, ci_prob, with_points=values is not None)
    clean(axes)
    if isinstance(shown, Plane):
        name_axes(axes, shown)
        number_segments(axes, shown.mixture.medians)
    return axes


def projection(
    model: Any,
    X: Any = None,
    *,
    ci_prob: float = PLOTS.ci_prob,
    membership: NDArray[np.float64] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Plot segments in the plane of the two directions that separate them most.

    Read off which segments are separated when all features are used together, and by which
    features: the label of an axis names those that correlate most with it. One unit is one standard
    deviation within segments. The subtitle states how much of the separation between the means the
    plane holds. It is the default of `segments` for more than two features.

    Parameters
    ----------
    model, X, ci_prob, membership, ax
        As in `segments`. Rows with missing cells are hollow points at their expected values.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    DataError
        If the model has only one feature.

    Examples
    --------
    ``bg.plots.projection(posterior, X).figure.savefig("projection.png")``
    """
    mixture = mixture_of(model)
    if mixture.n_features == 1:
        raise DataError("a projection needs at least two features, got 1; use segments instead")
    return _draw(model, X, discriminant_plane(mixture), ax, ci_prob, membership)


def save_segments(
    model: Any,
    path: str | Path,
    X: Any = None,
    features: Features = None,
    *,
    ci_prob: float = PLOTS.ci_prob,
    membership: NDArray[np.float64] | None = None,
    dpi: int = 200,
) -> Path:
    """Write the plot of `segments` to an image file, without a display and without pyplot.

    Parameters
    ----------
    model, X, features, ci_prob, membership
        As in `segments`.
    path : str or Path
        The file to write; its suffix determines the format (.png, .svg, .pdf).
    dpi : int
        Dots per inch; the figure has 9.6 x 5.4 inches.

    Returns
    -------
    Path
        The path of the file.
    """

    def draw(figure: Figure) -> None:
        ax = figure.add_subplot()
        segments(model, X, features, ci_prob=ci_prob, membership=membership, ax=ax)

    return save_figure(draw, path, STYLE.figure_size, dpi)


def _draw_plane(
    ax: Axes,
    plane: Plane,
    model: Any,
    values: NDArray[np.float64] | None,
    membership: NDArray[np.float64] | None,
    ci_prob: float,
) -> list[str]:
    """Draw rows, bands and ellipses; return notes for the subtitle."""
    mixture = plane.mixture
    scale_axes(ax, mixture, (0, 1))
    notes, points = list(plane.notes), None
    if values is not None:
        rows, left_out = thinned(len(values))
        points, expected = plane.points(values[rows])
        r = probabilities(model, values[rows]) if membership is None else membership[rows]
        notes += left_out + draw_points(ax, r, points, expected)
    if isinstance(model, PosteriorDraws):
        means, factors = plane.ellipses(model, PLOTS.draws_counted)
        bands.draw_bands(ax, means, factors, mixture.transforms, ci_prob)
    for k, color in enumerate(palette(mixture.n_components)):
        ellipses.draw_component(ax, mixture, k, (0, 1), color)
    limit_axes(ax, mixture, points)
    return notes


def _add_legend(
    ax: Axes,
    labels: list[str],
    n_axes: int,
    posterior: PosteriorDraws | None,
    ci_prob: float,
    *,
    with_points: bool,
) -> None:
    """Place the legend to the right of the axes, where it hides no data."""
    if n_axes == 2:
        handles = legend_of(labels, with_points=with_points)
    else:
        handles = [
            *segment_handles(labels),
            *(densities.legend_handles() if posterior is None else []),
        ]
    if posterior is not None:
        handles += bands.legend_handles(n_axes, ci_prob)
    n_columns = 1 + (len(labels) > 14)
    legend = ax.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(1.02, 1.0), borderaxespad=0.0,
        frameon=False, fontsize=legend_size(ax, handles, n_columns), labelspacing=0.6,
        ncols=n_columns,
    )  # fmt: skip
    as_written(legend.get_texts())
