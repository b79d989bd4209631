"""Plot of a comparison: each criterion over K, and the probability of each K."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_gmm.errors import DataError, listed
from bayes_gmm.results.comparison.phrases import ends_tried, title_of
from bayes_gmm.text import in_words, minus, percent
from bayes_gmm.views.axes import NOTE_COLOR, clean, new_figure, save_figure
from bayes_gmm.views.palette import palette
from bayes_gmm.views.settings import PLOTS, STYLE

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure
    from numpy.typing import NDArray

    from bayes_gmm.results.comparison.comparison import Candidate, Comparison
    from bayes_gmm.results.comparison.verdict import Verdict


def comparison(
    comparison: Comparison,
    criteria: Sequence[str] | None = None,
    *,
    figure: Figure | SubFigure | None = None,
) -> Figure | SubFigure:
    """Plot criteria over the number of segments, with one line per structure, and P(K) as bars.

    Read off which numbers of segments each criterion supports, and by how much.

    A panel shows the difference between each candidate and the best one, which is marked by a ring;
    the scale is logarithmic beyond 10. Error bars are one Monte Carlo standard error of the log
    evidence, and one standard error of the difference in elpd from the best. Error bars of P(K) are
    94 % Monte Carlo intervals; if the evidence does not determine K, the bars are hatched and the
    panel states this.

    Parameters
    ----------
    comparison : Comparison
    criteria : sequence of str, optional
        Criteria of the comparison to plot; by default all.
    figure : matplotlib.figure.Figure or SubFigure, optional
        An empty figure to draw on; by default a new one.

    Returns
    -------
    matplotlib.figure.Figure or SubFigure
        The figure, neither shown nor saved; its `axes` are one panel for each criterion,
        then P(K) if the evidence is known.

    Raises
    ------
    DataError
        If the comparison lacks one of the criteria, or no number could be fitted.

    Examples
    --------
    ``bg.plots.comparison(bg.compare(X)).savefig("comparison.png")``
    """
    chosen = _chosen(comparison, criteria)
    if figure is None:
        figure = new_figure(_size(_n_panels(comparison, chosen)))
    draw_comparison(figure, comparison, chosen)
    return figure


def save_comparison(comparison: Comparison, path: str | Path, *, dpi: int = 200) -> Path:
    """Write the plot of `comparison` to an image file and return its path."""
    chosen = _chosen(comparison, None)
    size = _size(_n_panels(comparison, chosen))
    return save_figure(lambda f: draw_comparison(f, comparison, chosen), path, size, dpi)


def draw_comparison(
    figure: Figure | SubFigure, comparison: Comparison, criteria: Sequence[str]
) -> None:
    """Draw into an empty figure."""
    n_panels = _n_panels(comparison, criteria)
    n_columns = {1: 1, 2: 2, 4: 2}.get(n_panels, 3)
    grid = figure.subplots(-(-n_panels // n_columns), n_columns, squeeze=False)
    panels = grid.ravel()
    for panel in panels[n_panels:]:
        panel.remove()
    for panel, criterion in zip(panels, criteria, strict=False):
        _draw_criterion(panel, comparison, criterion)
    if len(criteria) < n_panels:
        _draw_probabilities(panels[n_panels - 1], comparison)
    for panel in panels[:n_panels]:
        _finish(panel, comparison)
    _add_legend(figure, comparison)
    if notes := _notes(comparison, criteria):
        several = len(comparison.structures) > 1
        rows = -(-len(comparison.structures) // PLOTS.legend_columns) if several else 0
        text = (
            textwrap.fill("; ".join(notes), STYLE.note_width) + 2 * rows * "\n"
        )  # over the legend
        figure.supxlabel(text, x=0.012, ha="left", fontsize=STYLE.note_size, color=NOTE_COLOR)
    figure.suptitle(
        textwrap.fill(comparison.headline, STYLE.title_width),
        x=0.012,
        ha="left",
        fontsize=STYLE.title_size,
        fontweight="bold",
    )


def _notes(comparison: Comparison, criteria: Sequence[str]) -> list[str]:
    """Notes on an approximate evidence, and on a range of K that may be too narrow."""
    notes = []
    if comparison.evidence_criterion == "laplace":
        notes.append("evidence and probabilities are approximate (Laplace's approximation)")
    ends: dict[tuple[str, ...], list[str]] = {}
    for criterion in criteria:
        if edges := comparison.verdicts[criterion].edges:
            ends.setdefault(edges, []).append(title_of(criterion, comparison.column_of(criterion)))
    for edges, names in ends.items():
        notes.append(f"{in_words(names, 'and')}: {ends_tried(edges, comparison)} tried")
    return notes


def _chosen(comparison: Comparison, criteria: Sequence[str] | None) -> list[str]:
    if not comparison.best:
        note = next((c.note for c in comparison.candidates if c.note), "none was fitted")
        found = "no criterion could be computed" if comparison.has_fits else "no fit succeeded"
        raise DataError(f"the comparison cannot be drawn, because {found} ({note})")
    if criteria is None:
        return [c for c in comparison.criteria if c in comparison.best]
    chosen = [criteria] if isinstance(criteria, str) else list(criteria)
    for criterion in chosen:
        if criterion not in comparison.best:
            known = listed(list(comparison.best))
            raise DataError(f"the comparison has no criterion {criterion!r}; it has: {known}")
    return chosen


def _n_panels(comparison: Comparison, criteria: Sequence[str]) -> int:
    known = comparison.has_evidence and comparison.probabilities.notna().any()
    return len(criteria) + bool(known)


def _size(n_panels: int) -> tuple[float, float]:
    """Size of the figure in inches; 16:9 if there is more than one row of panels."""
    if n_panels == 1:
        return 8.0, 4.5
    return (10.6, 4.4) if n_panels <= 3 else (10.6, 5.96)


def _draw_criterion(ax: Axes, comparison: Comparison, criterion: str) -> None:
    """Draw a line over K for each structure: the differences from the best candidate."""
    best, column = comparison.best[criterion], comparison.column_of(criterion)
    places = _places(comparison)
    colors = palette(len(comparison.structures))
    farthest = over = 0.0
    sign = 1.0 if comparison.is_lower_better(criterion) else -1.0
    for structure, color in zip(comparison.structures, colors, strict=True):
        of_it = [c for c in comparison.candidates if c.structure == structure]
        at = [places[c.n_components] for c in of_it]
        gaps = np.array([c.values.get(column, np.nan) for c in of_it]) - best.values[column]
        errors = np.array([_error(c, comparison, criterion) for c in of_it])
        ax.errorbar(
            at, gaps, np.where(np.isfinite(errors), errors, 0.0), color=color, marker="o",
            markersize=6, linewidth=1.8, elinewidth=1.5, capsize=3, zorder=3,
        )  # fmt: skip
        farthest = max(farthest, np.nanmax(np.abs(gaps), initial=0.0))
        reach = np.where(np.isfinite(errors), errors - sign * gaps, 0.0)
        over = max(over, np.nanmax(reach, initial=0.0))
    ax.plot(
        places[best.n_components], 0.0, "o", markersize=15, markerfacecolor="none",
        markeredgecolor="0.15", markeredgewidth=1.6, zorder=4, clip_on=False,
    )  # fmt: skip
    lower = comparison.is_lower_better(criterion)
    _title(ax, title_of(criterion, column), f"{'lower' if lower else 'higher'} is better")
    ax.set_ylabel(f"{'above' if lower else 'below'} {minus(f'{best.values[column]:,.1f}')}")
    _scale(ax, farthest, over, sign)


def _error(candidate: Candidate, comparison: Comparison, criterion: str) -> float:
    """Standard error of the difference from the best candidate; NaN if unknown."""
    if criterion == "loo":
        behind = comparison.elpd_diff.get(candidate)
        return math.nan if behind is None else behind.se
    named = "log_evidence_se" if criterion == "evidence" else ""
    return candidate.values.get(named, math.nan)


def _title(ax: Axes, name: str, note: str) -> None:
    """Write the title of a panel on the left and a note on the right."""
    ax.set_title(name, loc="left", fontsize=STYLE.label_size)
    ax.set_title(note, loc="right", fontsize=STYLE.text_size - 2, color="0.35")


def _scale(ax: Axes, farthest: float, over: float, sign: float) -> None:
    """Make the scale linear near the best value and logarithmic far from it.

    Error bars extend by `over` beyond the best value.
    """
    from matplotlib.ticker import FixedLocator, NullLocator

    def written(gap: float, _: float) -> str:
        """Error bars may reach beyond the best, where there is no value."""
        return "" if sign * gap < 0.0 else f"{abs(gap):,.3g}"

    if farthest <= 4 * PLOTS.near:
        ax.margins(y=0.12)
        if farthest == 0.0:
            ax.set_yticks([0.0])
        ax.yaxis.set_major_formatter(written)
        return
    ax.set_yscale("symlog", linthresh=PLOTS.near, linscale=1.0)
    ax.set_ylim(*sorted((-sign * max(1.7, 1.2 * over), 1.6 * sign * farthest)))
    ax.yaxis.set_major_locator(FixedLocator([sign * t for t in PLOTS.ticks if t <= 1.6 * farthest]))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(lambda gap, _: f"{abs(gap):,.0f}")


def _draw_probabilities(ax: Axes, comparison: Comparison) -> None:
    """Draw P(K) as bars, stacked by structure, with Monte Carlo intervals."""
    p, bounds = comparison.probabilities, comparison.probability_intervals
    verdict = comparison.verdicts[str(comparison.evidence_criterion)]
    determined = verdict.code != "not_determined"
    by_structure = comparison.table.pivot(
        index="n_components", columns="structure", values="probability"
    ).fillna(0.0)
    bottom, places = np.zeros(len(p)), _places(comparison)
    at = np.array([places[K] for K in p.index])
    style: dict[str, Any] = {}
    if not determined:
        style = {"hatch": "////", "edgecolor": "white", "alpha": 0.45}
    for structure, color in zip(
        comparison.structures, palette(len(comparison.structures)), strict=True
    ):
        heights = 100.0 * by_structure[structure].to_numpy()
        ax.bar(at, heights, bottom=bottom, color=color, width=0.72, zorder=3, **style)
        bottom += heights
    _draw_intervals(ax, at, p, bounds)
    ax.set_ylim(0.0, 113.0)
    if determined:
        _label_probabilities(ax, places, p, bounds["upper"])
    else:
        _say_not_determined(ax, verdict)
    ax.set_yticks(range(0, 101, 25))
    approximate = comparison.evidence_criterion == "laplace"
    name = "probability (approximate)" if approximate else "probability"
    _title(ax, name, "94 % Monte Carlo intervals" if bounds.notna().any().any() else "")
    ax.set_ylabel("P(K), %")


def _label_probabilities(
    ax: Axes, places: dict[int, float], p: pd.Series, upper: pd.Series
) -> None:
    for K in _labelled(p):
        top = 100.0 * np.nanmax([p[K], upper[K]])
        ax.annotate(
            percent(p[K]), (places[K], top), xytext=(0, 4), textcoords="offset points",
            ha="center", fontsize=STYLE.text_size - 1, fontweight="bold",
        )  # fmt: skip


def _say_not_determined(ax: Axes, verdict: Verdict) -> None:
    """Write above the bars that K is not determined."""
    error = verdict.values["error"]
    size = f" up to {error:.1f} nats" if np.isfinite(error) else ""
    ax.set_ylim(0.0, 128.0)
    ax.text(
        0.5, 0.98, f"not determined: Monte Carlo error{size}", transform=ax.transAxes,
        ha="center", va="top", fontsize=STYLE.text_size - 1, fontweight="bold",
    )  # fmt: skip


def _draw_intervals(ax: Axes, at: NDArray[np.float64], p: pd.Series, bounds: pd.DataFrame) -> None:
    """Draw Monte Carlo intervals of the bars that are high enough to be visible."""
    known = ((bounds["upper"] > PLOTS.least_bar) & p.notna()).to_numpy()
    if not known.any():
        return
    reach = np.array([p - bounds["lower"], bounds["upper"] - p])[:, known]
    ax.errorbar(
        at[known], 100.0 * p[known], 100.0 * reach, fmt="none", ecolor="0.15", elinewidth=1.5,
        capsize=3, zorder=4,
    )  # fmt: skip


def _labelled(p: pd.Series) -> list[int]:
    """Numbers of segments whose probability is written; the most probable of overlapping labels."""
    apart, chosen = -(-len(p) // PLOTS.most_labels), dict[int, int]()
    ranks = {int(K): rank for rank, K in enumerate(p.index)}
    for K, value in p.sort_values(ascending=False).items():
        near = any(abs(ranks[int(K)] - rank) < apart for rank in chosen.values())
        if value >= PLOTS.least_label and not near:
            chosen[int(K)] = ranks[int(K)]
    return list(chosen)


def _places(comparison: Comparison) -> dict[int, float]:
    """Position of each number of segments: its value, or its rank if the values are far apart."""
    numbers = comparison.n_components
    if numbers[-1] - numbers[0] < PLOTS.sparse * len(numbers):
        return {K: float(K) for K in numbers}
    return {K: float(rank) for rank, K in enumerate(numbers)}


def _finish(ax: Axes, comparison: Comparison) -> None:
    places = _places(comparison)
    numbers = list(places)
    ax.set_xlim(places[numbers[0]] - 0.6, places[numbers[-1]] + 0.6)
    some = numbers[:: -(-len(numbers) // PLOTS.most_labels)]
    ax.set_xticks([places[K] for K in some], [str(K) for K in some])
    ax.set_xlabel("number of segments")
    ax.grid(axis="y", color="0.92", zorder=0)
    ax.set_axisbelow(True)
    clean(ax)


def _add_legend(figure: Figure | SubFigure, comparison: Comparison) -> None:
    """Add a legend of structures under the panels, if there are several."""
    from matplotlib.lines import Line2D

    if len(comparison.structures) == 1:
        return
    handles = [
        Line2D([], [], color=color, marker="o", linewidth=1.8, label=structure)
        for structure, color in zip(
            comparison.structures, palette(len(comparison.structures)), strict=True
        )
    ]
    figure.legend(
        handles=handles, loc="outside lower center", frameon=False, fontsize=STYLE.text_size,
        ncols=min(len(handles), PLOTS.legend_columns),
    )  # fmt: skip
