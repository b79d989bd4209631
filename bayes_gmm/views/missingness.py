"""Plot of the patterns of missing cells, with the segments of the rows of each pattern."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_gmm.data.feature_matrix import feature_matrix
from bayes_gmm.text import counted, percent, shortened
from bayes_gmm.views.axes import NOTE_COLOR, as_written, new_figure, wrapped
from bayes_gmm.views.legend import segment_handles, segment_texts
from bayes_gmm.views.models import mixture_of, probabilities
from bayes_gmm.views.palette import palette
from bayes_gmm.views.settings import PLOTS, STYLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Patterns:
    """Patterns of missing cells, the most frequent first after the complete rows.

    Attributes
    ----------
    missing : ndarray of bool, shape (P, d)
    counts : ndarray of int, shape (P,)
    shares : ndarray, shape (P, K)
        Mean membership probabilities of the rows of each pattern.
    n_others, others : int
        Number of other patterns and of their rows.
    """

    missing: NDArray[np.bool_]
    counts: NDArray[np.int64]
    shares: NDArray[np.float64]
    n_others: int
    others: int


def missingness(
    model: Any,
    X: Any,
    *,
    membership: NDArray[np.float64] | None = None,
    figure: Figure | SubFigure | None = None,
) -> Figure | SubFigure:
    """Plot which cells are missing together, and in which segments.

    Each line is a pattern: the features that are missing in the same rows, and the number of these
    rows. The bars show the membership of the rows of a pattern, averaged over rows. Read off
    whether cells are missing mostly in some segments: the bar of such a pattern differs from that
    of the complete rows at the top. The fit uses the observed cells of all rows, which is valid if
    cells are missing at random given the observed cells of the row.

    Parameters
    ----------
    model : BayesGMM, MapFit, Posterior or Mixture
    X : table or array
        The rows; NaN is a missing cell.
    membership : ndarray, shape (n_rows, K), optional
        Probability of each segment for each row; computed from `X` by default.
    figure : matplotlib.figure.Figure or SubFigure, optional
        An empty figure to draw on; by default a new one.

    Returns
    -------
    matplotlib.figure.Figure or SubFigure
        The figure, neither shown nor saved; its `axes` are the panel of patterns and that
        of segments.

    Examples
    --------
    >>> import numpy as np
    >>> from matplotlib.figure import Figure
    >>> from bayes_gmm.model.mixture import Mixture
    >>> mixture = Mixture([0.7, 0.3], [[0, 0], [5, 5]], [np.eye(2), np.eye(2)], features=("a", "b"))
    >>> X = [[0.0, 0.1], [np.nan, 5.0], [np.nan, 4.0]]
    >>> patterns, shares = missingness(mixture, X, figure=Figure()).axes
    >>> [text.get_text() for text in patterns.get_yticklabels()]
    ['complete: 1 row', '2 rows']
    """
    mixture = mixture_of(model)
    values = feature_matrix(X, features=mixture.features).values
    r = probabilities(model, values) if membership is None else membership
    found = patterns_of(np.isnan(values), r)
    figure = _new_figure(found) if figure is None else figure
    left, right = figure.subplots(
        1, 2, sharey=True, gridspec_kw={"width_ratios": _widths(mixture.n_features)}
    )
    _draw_patterns(left, found, mixture.features, np.isnan(values).mean(axis=0))
    _draw_shares(right, found)
    handles = segment_handles(segment_texts(model))
    legend = figure.legend(
        handles=handles, loc="outside right upper", frameon=False,
        fontsize=STYLE.text_size - 2 * (len(handles) > 8),
    )  # fmt: skip
    as_written(legend.get_texts())
    _add_texts(figure, found, int(np.isnan(values).any(axis=1).sum()), len(values))
    return figure


def patterns_of(missing: NDArray[np.bool_], r: NDArray[np.float64]) -> Patterns:
    """Count the patterns of missing cells, and average the membership of their rows."""
    every, of_row, counts = np.unique(missing, axis=0, return_inverse=True, return_counts=True)
    of_row = of_row.ravel()
    order = np.lexsort((-counts, every.any(axis=1)))
    shown = order[: PLOTS.max_patterns]
    shares = np.array([r[of_row == p].mean(axis=0) for p in shown])
    others = order[PLOTS.max_patterns :]
    return Patterns(every[shown], counts[shown], shares, len(others), int(counts[others].sum()))


def _new_figure(found: Patterns) -> Figure:
    height = max(1.9 + 0.34 * len(found.counts), 3.6)
    return new_figure((STYLE.figure_size[0], height))


def _widths(n_features: int) -> list[float]:
    return [float(np.clip(n_features / 6, 0.5, 2.0)), 1.0]


def _draw_patterns(
    ax: Axes, found: Patterns, features: tuple[str, ...], fractions: NDArray[np.float64]
) -> None:
    """Dark squares for missing cells, light ones for observed cells."""
    from matplotlib.colors import ListedColormap

    n_patterns, d = found.missing.shape
    ax.pcolormesh(
        np.arange(d + 1) - 0.5, np.arange(n_patterns + 1) - 0.5, found.missing,
        cmap=ListedColormap(["0.92", "0.25"]), vmin=0, vmax=1, edgecolors="white", linewidth=2,
    )  # fmt: skip
    ax.set_ylim(n_patterns - 0.5, -0.5)
    names = [f"{shortened(f, 25)} ({percent(p)})" for f, p in zip(features, fractions, strict=True)]
    ax.set_xticks(
        range(d), names, rotation=40, ha="right", rotation_mode="anchor",
        fontsize=STYLE.note_size, parse_math=False,
    )  # fmt: skip
    texts = [
        f"{'' if lacks.any() else 'complete: '}{counted(int(n), 'row')}"
        for n, lacks in zip(found.counts, found.missing, strict=True)
    ]
    ax.set_yticks(range(n_patterns), texts, fontsize=STYLE.text_size)
    ax.set_title("missing cells (dark)", loc="left", fontsize=STYLE.text_size)
    _bare(ax)


def _draw_shares(ax: Axes, found: Patterns) -> None:
    """Stacked bars of the mean membership of each pattern."""
    left = np.zeros(len(found.counts))
    for share, color in zip(100.0 * found.shares.T, palette(found.shares.shape[1]), strict=True):
        ax.barh(np.arange(len(left)), share, 0.72, left=left, color=color, edgecolor="white")
        left += share
    ax.set_xlim(0, 100)
    ax.set_title("segments of these rows, %", loc="left", fontsize=STYLE.text_size)
    ax.tick_params(labelleft=False, labelsize=STYLE.text_size)
    _bare(ax)


def _bare(ax: Axes) -> None:
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)


def _add_texts(figure: Figure | SubFigure, found: Patterns, n_lacking: int, n_rows: int) -> None:
    title = f"{counted(n_lacking, 'row')} of {n_rows:,} with missing cells"
    figure.suptitle(
        title if n_lacking else "No cell is missing", x=0.012, ha="left",
        fontsize=STYLE.title_size, fontweight="bold",
    )  # fmt: skip
    if found.n_others:
        text = (
            f"{counted(found.n_others, 'other pattern')} of {counted(found.others, 'row')}: not "
            "drawn"
        )
        figure.supxlabel(
            wrapped(text, STYLE.note_width), x=0.012, ha="left", fontsize=STYLE.note_size,
            color=NOTE_COLOR,
        )  # fmt: skip
