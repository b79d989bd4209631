"""Legends of segments: names, shares and intervals, beside the axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_gmm.model.mixture import segment_labels
from bayes_gmm.results.draw_statistics import central_interval
from bayes_gmm.results.posterior.draws import PosteriorDraws
from bayes_gmm.text import percent, share_interval, shortened
from bayes_gmm.views import ellipses
from bayes_gmm.views.axes import wrapped
from bayes_gmm.views.models import mixture_of
from bayes_gmm.views.palette import marker, palette
from bayes_gmm.views.points import uncertain_handle
from bayes_gmm.views.settings import PLOTS, STYLE

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes


def segment_texts(model: Any, ci_prob: float = PLOTS.ci_prob) -> list[str]:
    """Names of the segments with their shares and, for a posterior, the intervals of these."""
    if isinstance(model, PosteriorDraws):
        return _labels_with_intervals(model, ci_prob)
    mixture = mixture_of(model)
    names = getattr(model, "names", segment_labels(mixture.n_components))
    width = _name_width(len(names))
    return [
        wrapped(f"{shortened(name, width)} ({percent(w)})", 34)
        for name, w in zip(names, mixture.weights, strict=True)
    ]


def _name_width(n_segments: int) -> int:
    """Number of characters of a name in a legend."""
    return STYLE.line_width if n_segments > 6 else 2 * STYLE.line_width


def _labels_with_intervals(posterior: PosteriorDraws, ci_prob: float) -> list[str]:
    """Names, with the posterior mean and the interval of each share."""
    w = posterior.parameters.weights
    low, high = central_interval(w, ci_prob, axis=(0, 1))
    numbers = zip(w.mean(axis=(0, 1)).tolist(), low.tolist(), high.tolist(), strict=True)
    if len(posterior.names) == 1:
        return [f"{wrapped(posterior.names[0], 34)} (100 %)"]
    labels, width = [], _name_width(len(posterior.names))
    for name, interval in zip(posterior.names, numbers, strict=True):
        share, a, b = share_interval(*interval)
        labels.append(wrapped(f"{shortened(name, width)} ({share} %: {a} to {b} %)", 34))
    return labels


def legend_of(labels: list[str], *, with_points: bool) -> list[Artist]:
    """Legend entries of segments, uncertain points and ellipses."""
    pale = [uncertain_handle()] if with_points else []
    return [*segment_handles(labels), *pale, *ellipses.legend_handles()]


def segment_handles(labels: list[str]) -> list[Artist]:
    """Legend entries of segments."""
    from matplotlib.lines import Line2D

    return [
        Line2D([], [], linestyle="none", marker=marker(k), markersize=9, color=color, label=label)
        for k, (label, color) in enumerate(zip(labels, palette(len(labels)), strict=True))
    ]


def legend_size(ax: Axes, handles: list[Artist], n_columns: int) -> float:
    """Size of the text with which a legend is not higher than its figure."""
    lines = sum(1 + str(handle.get_label()).count("\n") for handle in handles) / n_columns
    height = 72.0 * ax.figure.bbox.height / ax.figure.dpi * STYLE.legend_height
    fits = height / (1.35 * lines + 0.7 * len(handles) / n_columns)
    return float(np.clip(fits, STYLE.least_text, STYLE.text_size))
