"""Forest plot: shares and means of the segments with credible intervals, one panel each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_gmm.data.transform import Identity, Transform
from bayes_gmm.results.checks import check_probability
from bayes_gmm.results.draw_statistics import central_interval
from bayes_gmm.views.axes import (
    NOTE_COLOR,
    all_positions,
    clean,
    few_log_ticks,
    new_figure,
    notes_of,
    posterior_of,
    save_figure,
    scale_axis,
    wrapped,
)
from bayes_gmm.views.palette import palette
from bayes_gmm.views.settings import PLOTS, STYLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure
    from numpy.typing import NDArray

    from bayes_gmm.results.posterior.draws import PosteriorDraws
    from bayes_gmm.views.axes import Features


def forest(
    posterior: PosteriorDraws,
    features: Features = None,
    *,
    ci_prob: float = 0.94,
    figure: Figure | SubFigure | None = None,
) -> Figure | SubFigure:
    """Plot the share of each segment and its mean of each feature, with credible intervals.

    Read off how certain each share and mean is, and in which features segments differ: intervals
    that do not overlap differ clearly.

    The dot is the posterior mean, the thin bar is the interval with probability `ci_prob`, and the
    thick bar is the interval with probability one half; all are in the user's units. Transformed
    features have medians instead of means. A line under the panels states whether the averages are
    over one segmentation or several.

    Parameters
    ----------
    posterior : Posterior
    features : int, str or sequence of them, optional
        Features by name or position; by default all.
    ci_prob : float
    figure : matplotlib.figure.Figure or SubFigure, optional
        An empty figure to draw on; by default a new one.

    Returns
    -------
    matplotlib.figure.Figure or SubFigure
        The figure, neither shown nor saved; its `axes` are the panels: the shares, unless
        there is only one segment, then the features.

    Examples
    --------
    ``bg.plots.forest(posterior, "Annual income (k$)").savefig("intervals.png")``
    """
    posterior = posterior_of(posterior, "forest")
    check_probability(ci_prob)
    quantities = list(_quantities(posterior, all_positions(posterior.features, features)))
    n_panels = len(quantities)
    if figure is None:
        figure = new_figure(_size(n_panels, posterior.n_components))
    panels = figure.subplots(*_grid(n_panels), squeeze=False, sharey=True).ravel()
    for panel, (label, draws, transform) in zip(panels, quantities, strict=False):
        scale_axis(panel.xaxis, transform)
        _draw_panel(panel, draws, posterior.names, label, ci_prob)
    for panel in panels[n_panels:]:
        panel.remove()
    figure.suptitle(
        f"Segments: posterior mean, {100 * PLOTS.inner_prob:g} % and {100 * ci_prob:g} % intervals",
        x=0.012, ha="left", fontsize=STYLE.title_size, fontweight="bold",
    )  # fmt: skip
    notes = notes_of(posterior)
    if any(_hidden(panel) for panel in panels[:n_panels]):
        notes = [*notes, "if no bar is visible, the interval is narrower than the dot"]
    if notes:
        text = "; ".join(notes)
        figure.supxlabel(text, x=0.012, ha="left", fontsize=STYLE.note_size, color=NOTE_COLOR)
    return figure


def save_forest(
    posterior: PosteriorDraws,
    path: str | Path,
    features: Features = None,
    *,
    ci_prob: float = 0.94,
    dpi: int = 200,
) -> Path:
    """Write the plot of `forest` to an image file and return its path."""
    posterior = posterior_of(posterior, "save_forest")
    n_panels = len(all_positions(posterior.features, features)) + (posterior.n_components > 1)
    size = _size(n_panels, posterior.n_components)
    return save_figure(
        lambda f: forest(posterior, features, ci_prob=ci_prob, figure=f), path, size, dpi
    )


def _grid(n_panels: int) -> tuple[int, int]:
    """Rows and columns of panels."""
    most = PLOTS.forest_columns
    columns = n_panels if n_panels <= most else min(-(-n_panels // 2), most)
    return -(-n_panels // columns), columns


def _size(n_panels: int, n_components: int) -> tuple[float, float]:
    """Width and height of the figure in inches."""
    rows, columns = _grid(n_panels)
    height = rows * (1.3 + 0.42 * n_components) + 0.5
    return PLOTS.forest_width * max(columns, 2) + 0.6, max(height, 2.8)


def _quantities(
    posterior: PosteriorDraws, chosen: tuple[int, ...]
) -> Iterator[tuple[str, NDArray[np.float64], Transform]]:
    """Quantities to plot, with draws (chain, draw, K) and the transformation of the feature."""
    of = posterior.parameters
    if posterior.n_components > 1:
        yield "share (%)", 100.0 * of.weights, Identity()
    for j in chosen:
        transform = posterior.mixture.transforms.entries[j]
        changed = j in posterior.mixture.transforms.changed
        label = f"{posterior.features[j]}{' (median)' if changed else ''}"
        yield label, transform.inverse(of.means[..., j]), transform


def _hidden(ax: Axes) -> bool:
    """Whether the dot of a segment hides the wider of its two bars."""
    scale = ax.xaxis.get_transform()
    low, high = scale.transform(np.array(ax.get_xlim()))
    ends = [scale.transform(np.asarray(line.get_xdata(), float)) for line in ax.lines]
    bars = [float(np.ptp(x)) for x in ends if len(x) == 2][::2]
    points = 0.9 * 72.0 * PLOTS.forest_width / (high - low)
    return any(0.0 < points * bar < PLOTS.forest_dot for bar in bars)


def _draw_panel(
    ax: Axes, draws: NDArray[np.float64], names: tuple[str, ...], label: str, ci_prob: float
) -> None:
    """Draw the intervals of draws (chain, draw, K), the first segment on top."""
    flat = draws.reshape(-1, draws.shape[-1])
    for k, color in enumerate(palette(len(names))):
        for prob, width in ((ci_prob, 2.0), (PLOTS.inner_prob, 8.0)):
            low, high = central_interval(flat[:, k], prob)
            ax.plot(
                [low, high], [k, k], color=color, linewidth=width, solid_capstyle="butt", zorder=2
            )
        look: dict[str, Any] = {
            "marker": "o", "ms": 5.5, "markerfacecolor": "white", "color": color,
            "markeredgewidth": 1.5,
        }  # fmt: skip
        if np.ptp(flat[:, k]) == 0.0:  # a bar of width 0 is invisible
            look = {"marker": "D", "color": color, "ms": 8}
        ax.plot(flat[:, k].mean(), k, linestyle="none", zorder=3, **look)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set_yticks(range(len(names)), [wrapped(name, 22) for name in names], parse_math=False)
    ax.set_xlabel(wrapped(label, 32), parse_math=False)
    ax.grid(axis="x", color="0.92", zorder=0)
    ax.set_axisbelow(True)
    clean(ax)
    ax.tick_params(axis="y", length=0, labelsize=STYLE.label_size, labelcolor="0.1")
    ax.tick_params(axis="x", labelsize=STYLE.text_size)
    if ax.get_xscale() == "linear":
        ax.locator_params(axis="x", nbins=5)
    else:
        few_log_ticks(ax.xaxis)
    ax.spines["left"].set_visible(False)
