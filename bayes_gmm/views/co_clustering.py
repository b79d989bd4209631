"""Plot of the probability that two rows belong to the same segment, for each pair of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_gmm.results.posterior.membership import co_clustering_matrix, mean_responsibilities
from bayes_gmm.text import counted, shortened
from bayes_gmm.views.axes import add_title, new_axes, notes_of, posterior_of
from bayes_gmm.views.palette import palette
from bayes_gmm.views.points import thinned
from bayes_gmm.views.settings import PLOTS, STYLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from bayes_gmm.results.posterior.draws import PosteriorDraws

COLORS = "Greys"


def co_clustering(posterior: PosteriorDraws, X: Any = None, *, ax: Axes | None = None) -> Axes:
    """Plot the probability that two rows belong to the same segment, for each pair of rows.

    Rows are sorted by their most probable segment, and within a segment by falling probability.
    Read off whether segments are stable: a stable segment is a dark square with white beside it.
    Grey beside a square shows rows that two segments share; a pale square is a segment that the
    draws split. The probabilities do not depend on the labels of segments.

    Parameters
    ----------
    posterior : Posterior
    X : table or array, optional
        The rows, by default those of the fit. Of more than 1,000 a random sample of 1,000 is
        plotted.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; by default those of a new figure.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    DataError
        If there are no rows.

    Examples
    --------
    ``bg.plots.co_clustering(posterior, X).figure.savefig("co_clustering.png")``
    """
    from bayes_gmm.results.posterior.datatree import rows_of

    posterior = posterior_of(posterior, "co_clustering")
    values = posterior.mixture.columns_of(rows_of(posterior, X)).values
    rows, notes = thinned(len(values), PLOTS.max_co_clustering)
    matrix = posterior.mixture.matrix_of(values[rows])
    r = mean_responsibilities(posterior, matrix, None)
    top = r.argmax(axis=1)
    order = np.lexsort((-r.max(axis=1), top))
    together = co_clustering_matrix(posterior, matrix)[np.ix_(order, order)]
    axes = new_axes() if ax is None else ax
    n = len(order)
    image = axes.imshow(
        together, cmap=COLORS, vmin=0.0, vmax=1.0, extent=(0, n, n, 0), interpolation="nearest",
        aspect="auto",
    )  # fmt: skip
    _mark_segments(axes, np.bincount(top, minlength=r.shape[1]), posterior.names)
    bar = axes.figure.colorbar(image, ax=axes, pad=0.02, fraction=0.05)
    bar.set_label("probability of the same segment", fontsize=STYLE.text_size)
    bar.ax.tick_params(labelsize=STYLE.text_size)
    bar.outline.set_visible(False)
    title = f"Rows in the same segment: {counted(len(values), 'row')}"
    add_title(axes, title, [*notes, *notes_of(posterior)])
    return axes


def _mark_segments(ax: Axes, sizes: NDArray[np.int64], names: tuple[str, ...]) -> None:
    """A bar in the colour of each segment at the left and the lower side, and its name."""
    n = int(sizes.sum())
    width, ends = 0.02 * n, np.cumsum(sizes)
    for start, size, color in zip(ends - sizes, sizes, palette(len(sizes)), strict=True):
        ax.bar(start, width, size, bottom=n, align="edge", color=color, clip_on=False)
        ax.barh(start, width, size, left=-width, align="edge", color=color, clip_on=False)
        if 0 < start < n and size:
            ax.axhline(start, color="0.5", linewidth=0.5)
            ax.axvline(start, color="0.5", linewidth=0.5)
    ax.set_xlim(-width, n)
    ax.set_ylim(n + width, 0)
    least = 0.04 * n
    shown = [k for k, size in enumerate(sizes) if size >= least]
    middles = [float(ends[k] - sizes[k] / 2) for k in shown]
    labels = [shortened(names[k], STYLE.name_width) for k in shown]
    ax.set_yticks(middles, labels, fontsize=STYLE.text_size, parse_math=False)
    ax.set_xticks([])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
