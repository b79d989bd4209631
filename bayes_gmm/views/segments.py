"""Plot of segments: points, ellipses and means, or for one feature a histogram and densities."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_gmm.data.feature_matrix import feature_matrix
from bayes_gmm.errors import DataError
from bayes_gmm.model.mixture import Mixture, segment_labels
from bayes_gmm.results.checks import check_probability
from bayes_gmm.results.posterior.draws import PosteriorDraws
from bayes_gmm.results.posterior.parameters import central_interval
from bayes_gmm.text import counted, percent, share_interval
from bayes_gmm.views import bands, densities, ellipses
from bayes_gmm.views.axes import (
    add_title,
    as_written,
    clean,
    new_axes,
    notes_of,
    positions,
    save_figure,
    scale_axes,
    wrapped,
)
from bayes_gmm.views.palette import marker, palette
from bayes_gmm.views.points import draw_points, thinned, uncertain_handle
from bayes_gmm.views.settings import PLOTS, STYLE

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from bayes_gmm.views.axes import Features


def segments(
    model: Any,
    X: Any = None,
    features: Features = None,
    ax: Axes | None = None,
    *,
    ci_prob: float = PLOTS.ci_prob,
    membership: NDArray[np.float64] | None = None,
) -> Axes:
    """Plot segments: coloured points, 50 % and 95 % ellipses, and crosses at the means.

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
        The features on the axes, by name or position; by default the first two.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; by default those of a new figure.
    ci_prob : float
        Probability of credible bands and intervals.
    membership : ndarray, shape (n_rows, K), optional
        Probability of each segment for each row; computed from `X` by default.

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
    check_probability(ci_prob)
    mixture = _mixture_of(model)
    names = mixture.features
    values = None if X is None else feature_matrix(X, features=names).values
    shown = positions(names, features)
    axes = new_axes() if ax is None else ax
    scale_axes(axes, mixture, shown)
    posterior = model if isinstance(model, PosteriorDraws) else None
    if len(shown) == 2:
        notes = [] if values is None else _draw_rows(axes, model, values, shown, membership)
        _draw_segments(axes, mixture, shown, posterior, ci_prob)
        axes.set_ylabel(wrapped(names[shown[1]], 36), parse_math=False)
    else:
        notes = densities.draw_densities(axes, mixture, values, shown, posterior, ci_prob)
    axes.set_xlabel(wrapped(names[shown[0]], 52), parse_math=False)
    if posterior is not None:
        notes = notes + notes_of(posterior)
    of_rows = "" if values is None else f" in {counted(len(values), 'row')}"
    add_title(axes, counted(mixture.n_components, "segment") + of_rows, notes)
    labels = _labels(mixture) if posterior is None else _labels_with_intervals(posterior, ci_prob)
    _add_legend(axes, labels, len(shown), posterior, ci_prob, with_points=values is not None)
    clean(axes)
    return axes


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
        axes = figure.add_subplot()
        segments(model, X, features, axes, ci_prob=ci_prob, membership=membership)

    return save_figure(draw, path, STYLE.figure_size, dpi)


def _mixture_of(model: Any) -> Mixture:
    if isinstance(model, PosteriorDraws):
        return model.mean_mixture
    for candidate in (model, getattr(model, "mixture_", None), getattr(model, "mixture", None)):
        if isinstance(candidate, Mixture):
            return candidate
    kind = type(model).__name__
    raise DataError(
        f"cannot draw a {kind}: give a fitted BayesGMM, a MapFit, a Posterior or a Mixture"
    )


def _draw_rows(
    ax: Axes,
    model: Any,
    values: NDArray[np.float64],
    shown: tuple[int, ...],
    membership: NDArray[np.float64] | None,
) -> list[str]:
    """Draw the rows as points; return notes for the subtitle."""
    rows, notes = thinned(len(values))
    if membership is None:
        is_posterior = isinstance(model, PosteriorDraws)
        of_rows = model.predict_proba if is_posterior else _mixture_of(model).responsibilities
        probabilities = of_rows(values[rows])
    else:
        probabilities = membership[rows]
    return notes + draw_points(ax, probabilities, values[rows], shown)


def _draw_segments(
    ax: Axes,
    mixture: Mixture,
    shown: tuple[int, ...],
    posterior: PosteriorDraws | None,
    ci_prob: float,
) -> None:
    """Draw ellipses and numbered crosses."""
    from matplotlib.patheffects import withStroke

    if posterior is not None:
        bands.draw_bands(ax, posterior, shown, ci_prob)
    halo = [withStroke(linewidth=3, foreground="white")]
    for k, color in enumerate(palette(mixture.n_components)):
        ellipses.draw_component(ax, mixture, k, shown, color)
        x, y = mixture.medians[k, list(shown)].tolist()
        ax.plot(x, y, "X", markersize=10, color="black", markeredgecolor="white", zorder=5)
        ax.annotate(
            str(k + 1), (x, y), xytext=(6, 5), textcoords="offset points",
            fontsize=STYLE.label_size, fontweight="bold", path_effects=halo, zorder=6,
        )  # fmt: skip
    ax.autoscale_view()


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
    from matplotlib.lines import Line2D

    handles: list[Artist] = [
        Line2D([], [], linestyle="none", marker=marker(k), markersize=9, color=color, label=label)
        for k, (label, color) in enumerate(zip(labels, palette(len(labels)), strict=True))
    ]
    if n_axes == 1:
        handles += densities.legend_handles() if posterior is None else []
    else:
        handles += [uncertain_handle()] * with_points + ellipses.legend_handles()
    if posterior is not None:
        handles += bands.legend_handles(n_axes, ci_prob)
    legend = ax.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(1.02, 1.0), borderaxespad=0.0,
        frameon=False, fontsize=STYLE.text_size, labelspacing=0.6,
        ncols=1 + (len(labels) > 14),
    )  # fmt: skip
    as_written(legend.get_texts())


def _labels(mixture: Mixture) -> list[str]:
    labels = segment_labels(mixture.n_components)
    return [f"{label} ({percent(w)})" for label, w in zip(labels, mixture.weights, strict=True)]


def _labels_with_intervals(posterior: PosteriorDraws, ci_prob: float) -> list[str]:
    """Names, with the posterior mean and the interval of each share."""
    w = posterior.parameters.weights
    low, high = central_interval(w, ci_prob, axis=(0, 1))
    numbers = zip(w.mean(axis=(0, 1)).tolist(), low.tolist(), high.tolist(), strict=True)
    labels = []
    for name, interval in zip(posterior.names, numbers, strict=True):
        share, a, b = share_interval(*interval)
        labels.append(f"{wrapped(name, 28)} ({share} %: {a} to {b} %)")
    return labels
