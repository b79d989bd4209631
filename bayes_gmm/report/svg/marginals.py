"""One feature: a histogram of the rows with the numbered density of each segment."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from markupsafe import Markup

from bayes_gmm.data.rows import Floats
from bayes_gmm.report.settings import PICTURES
from bayes_gmm.report.source import Source
from bayes_gmm.report.svg.axis import Axis
from bayes_gmm.report.svg.element import element, line, path_of, picture, text
from bayes_gmm.report.svg.scatter import Ends, axis, badge


def marginal(source: Source, j: int) -> Markup:
    """The picture of feature j; heights are densities on the scale of the model."""
    width, height = PICTURES.marginal
    x, x_ends, y_ends = axis(source, j), (8.0, width - 8.0), (height - 26.0, 24.0)
    grid = np.linspace(x.low, x.high, PICTURES.curve_points)
    curves = densities(source, j, grid)
    bars, edges = histogram(source, j, x)
    top = max(float(curves.max()), float(bars.max(initial=0.0)))

    def y(values: Floats) -> Floats:
        return np.asarray(y_ends[0] - values / top * (y_ends[0] - y_ends[1]))

    at = x.place(grid, *x_ends)
    peaks = np.column_stack([at[curves.argmax(axis=1)], y(curves.max(axis=1))])
    numbers = badge_places(peaks, x_ends, y_ends[0])
    lines = [
        element(
            "g", element("title", name),
            element("path", d=path_of(np.r_[at[0], at, at[-1]],
                                      np.r_[y_ends[0], y(curve), y_ends[0]]), class_="density"),
            *badge(k, *number), data_seg=k, class_="seg",
        )
        for k, (name, curve, number) in enumerate(zip(source.names, curves, numbers, strict=True))
    ]  # fmt: skip
    parts = [*_bars(x, x_ends, edges, y(bars), y_ends[0]), *lines, *_ticks(x, x_ends, y_ends[0])]
    name = source.features[j]
    return picture(
        width, height, f"Distribution of {name}",
        "Grey bars count the rows; a numbered and coloured curve for each segment shows where its "
        "members lie, and its area is its share. The table of segments has the middles and ranges "
        "as numbers.",
        parts, class_="chart",
    )  # fmt: skip


def badge_places(peaks: Floats, ends: Ends, base: float) -> list[tuple[float, float]]:
    """Places for numbers as near above the peaks of curves as possible, without overlap.

    Parameters
    ----------
    peaks : ndarray, shape (K, 2)
    ends : tuple of float
        Left and right end of the picture.
    base : float
        Position of the axis below.

    Examples
    --------
    >>> badge_places(np.array([[50.0, 40.0], [51.0, 40.0]]), (0.0, 100.0), 90.0)
    [(50.0, 29.0), (51.0, 10.0)]
    """
    size = PICTURES.badge_distance
    steps = np.arange(-len(peaks), len(peaks) + 1) * size
    offsets = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    offsets = offsets[np.argsort((offsets**2).sum(axis=1), kind="stable")]
    low, high = (ends[0] + size / 2, size / 2), (ends[1] - size / 2, base - size / 2)
    placed: list[tuple[float, float]] = []
    for peak in peaks:
        candidates = np.clip(peak - (0.0, 11.0) + offsets, low, high)
        gaps = candidates[:, None] - np.array(placed).reshape(-1, 2)
        free = (np.hypot(gaps[..., 0], gaps[..., 1]) >= 0.95 * size).all(axis=1)
        x, y = candidates[int(free.argmax())]
        placed.append((float(x), float(y)))
    return placed


def densities(source: Source, j: int, grid: Floats) -> Floats:
    """Weighted density of each segment on the scale of the model, shape (K, points)."""
    m = source.mixture
    mean, sd = m.means[:, [j]], m.standard_deviations[:, [j]]
    step = float(np.asarray(m.resolution)[j]) / np.sqrt(12.0)
    sd = np.sqrt(sd**2 + step**2)
    z = (grid - mean) / sd
    return np.asarray(m.weights[:, None] * np.exp(-0.5 * z**2) / (sd * np.sqrt(2.0 * np.pi)))


def histogram(source: Source, j: int, x: Axis) -> tuple[Floats, Floats]:
    """Density of the rows in bins, and the edges of the bins."""
    edges = np.linspace(x.low, x.high, PICTURES.bins + 1)
    rows = source.rows
    if rows is None:
        return np.zeros(PICTURES.bins), edges
    seen = ~np.isnan(rows.scaled[:, j])
    values, weights = rows.scaled[seen, j], rows.weights[seen]
    heights = np.histogram(values, edges, weights=weights)[0]
    return heights / (heights.sum() * np.diff(edges)), edges


def _bars(x: Axis, ends: Ends, edges: Floats, tops: Floats, base: float) -> Iterator[Markup]:
    at = x.place(edges, *ends)
    for left, right, top in zip(at[:-1], at[1:], tops, strict=True):
        if base - top > 0.05:
            yield element("rect", x=float(left), y=float(top), width=float(right - left) - 0.6,
                          height=float(base - top), class_="bar")  # fmt: skip


def _ticks(x: Axis, ends: Ends, base: float) -> Iterator[Markup]:
    yield line(ends[0], base, ends[1], base, "axis")
    for tick in x.ticks:
        at = float(x.place(tick.at, *ends))
        yield line(at, base, at, base + 4, "axis")
        yield text(at, base + 18, tick.label, class_="tick")
