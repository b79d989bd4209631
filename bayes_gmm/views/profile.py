"""Plot of a profile: means and shares of other columns by segment."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bayes_gmm.errors import DataError, listed, shown
from bayes_gmm.results.profile.record import Profile
from bayes_gmm.views.axes import clean, new_figure, save_figure, wrapped
from bayes_gmm.views.palette import palette
from bayes_gmm.views.settings import PLOTS, STYLE

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure


def profile(
    profile: Profile,
    columns: Sequence[str] | str | None = None,
    *,
    figure: Figure | SubFigure | None = None,
) -> Figure | SubFigure:
    """Plot the mean or the shares of each column by segment, with credible intervals.

    Read off which segments differ from the average, and in which columns: the grey line is the
    whole table, and a segment whose interval does not cross it differs.

    A panel of a numeric column has one dot per segment, at its mean; a panel of a categorical
    column has one group of dots per level, at the shares of the level. Lines are credible
    intervals. Segments have the same colours as in the other plots.

    Parameters
    ----------
    profile : Profile
        The result of `Posterior.profile`; that of a MAP fit has dots without intervals.
    columns : str or sequence of str, optional
        Profiled columns; by default all.
    figure : matplotlib.figure.Figure or SubFigure, optional
        An empty figure to draw on; by default a new one.

    Returns
    -------
    matplotlib.figure.Figure or SubFigure
        The figure, neither shown nor saved; its `axes` are one panel for each column,
        those with fewer levels first.

    Examples
    --------
    ``bg.plots.profile(posterior.profile(customers)).savefig("profile.png")``
    """
    tables = _tables(profile, columns)
    figure = new_figure(_size(tables)) if figure is None else figure
    lines, n_columns = _grid(tables)
    heights = {"height_ratios": [n + 2 for n in lines]}
    panels = figure.subplots(len(lines), n_columns, squeeze=False, gridspec_kw=heights).ravel()
    for panel, table in zip(panels, tables, strict=False):
        _draw_panel(panel, table, profile.names)
    for panel in panels[len(tables) :]:
        panel.remove()
    _add_title_and_legend(figure, profile)
    return figure


def save_profile(profile_: Profile, path: str | Path, *, dpi: int = 200) -> Path:
    """Write the plot of `profile` to an image file and return its path."""
    size = _size(_tables(profile_, None))
    return save_figure(lambda f: profile(profile_, figure=f), path, size, dpi)


def _grid(tables: Sequence[pd.DataFrame]) -> tuple[list[int], int]:
    """Lines of the highest panel in each row of panels, and the number of columns."""
    n_columns = min(len(tables), PLOTS.profile_columns)
    heights = [len(table) for table in tables]
    return [max(heights[i : i + n_columns]) for i in range(0, len(tables), n_columns)], n_columns


def _size(tables: Sequence[pd.DataFrame]) -> tuple[float, float]:
    """Width and height of the figure in inches."""
    lines, n_columns = _grid(tables)
    width, line = PLOTS.profile_panel
    return max(width * n_columns, 6.0), line * sum(lines) + 0.9 * len(lines) + 1.0


def _tables(found: Profile, columns: Sequence[str] | str | None) -> list[pd.DataFrame]:
    """The rows of each column of the profile, columns with fewer levels first."""
    if not isinstance(found, Profile):
        raise DataError(
            f"profile needs a Profile, got a {type(found).__name__}; pass the result of "
            "posterior.profile(table)"
        )
    known = list(found.columns["column"])
    chosen = known if columns is None else [columns] if isinstance(columns, str) else list(columns)
    for name in chosen:
        if name not in known:
            raise DataError(f"no profiled column {shown(name)}. There are: {listed(known)}")
    tables = (found.table[found.table["column"] == name] for name in chosen)
    return sorted(tables, key=len)


def _draw_panel(ax: Axes, table: pd.DataFrame, names: Sequence[str]) -> None:
    """Draw one column, the first level and segment on top."""
    K, colors = len(names), palette(len(names))
    is_share = table["quantity"].iloc[0] == "share"
    factor = 100.0 if is_share else 1.0
    n_levels = len(table) // K
    place = np.arange(len(table)) + np.repeat(np.arange(n_levels), K)
    for row, y, k in zip(
        table.to_dict("records"), place.tolist(), np.tile(range(K), n_levels), strict=True
    ):
        if "lower" in row:
            bounds = [factor * row["lower"], factor * row["upper"]]
            ax.plot(bounds, [y, y], color=colors[k], linewidth=2.5, solid_capstyle="butt")
        look: dict[str, Any] = {"marker": "o", "ms": 5.0, "markerfacecolor": "white"}
        ax.plot(factor * row["estimate"], y, color=colors[k], markeredgewidth=1.5, **look)
    for level in range(n_levels):
        whole = factor * table["whole table"].iloc[level * K]
        ends = [place[level * K] - 0.6, place[level * K] + K - 0.4]
        ax.plot([whole, whole], ends, color="0.55", linewidth=1.5, zorder=1)
    _label_levels(ax, table, names, place)
    ax.set_ylim(place[-1] + 0.9, -0.9)
    unit = "share (%)" if is_share else "mean"
    ax.set_xlabel(f"{wrapped(str(table['column'].iloc[0]), 30)}: {unit}", parse_math=False)
    ax.grid(axis="x", color="0.92", zorder=0)
    ax.set_axisbelow(True)
    clean(ax)
    ax.tick_params(axis="y", length=0)
    ax.locator_params(axis="x", nbins=5)
    ax.spines["left"].set_visible(False)


def _label_levels(
    ax: Axes, table: pd.DataFrame, names: Sequence[str], place: NDArray[np.int64]
) -> None:
    """Label segments of a panel with one dot for each, else the levels."""
    K = len(names)
    if len(table) == K:
        labels, ticks = list(names), place.tolist()
    else:
        labels = [str(level) for level in table["level"].iloc[::K]]
        ticks = (place[::K] + (K - 1) / 2.0).tolist()
    ax.set_yticks(ticks, [wrapped(label, 22) for label in labels], parse_math=False)


def _add_title_and_legend(figure: Figure | SubFigure, found: Profile) -> None:
    from matplotlib.lines import Line2D

    intervals = "" if found.ci_prob is None else f", {100 * found.ci_prob:g} % intervals"
    figure.suptitle(
        f"Profile of the segments{intervals}",
        x=0.012, ha="left", fontsize=STYLE.title_size, fontweight="bold",
    )  # fmt: skip
    handles = [
        Line2D([], [], color=color, marker="o", markerfacecolor="white", linewidth=2.5,
               label=wrapped(name, 30))
        for name, color in zip(found.names, palette(len(found.names)), strict=True)
    ]  # fmt: skip
    handles.append(Line2D([], [], color="0.55", linewidth=1.5, label="whole table"))
    legend = figure.legend(
        handles=handles, loc="outside lower left", frameon=False, fontsize=STYLE.text_size,
        ncols=PLOTS.legend_columns,
    )  # fmt: skip
    for text in legend.get_texts():
        text.set_parse_math(False)
