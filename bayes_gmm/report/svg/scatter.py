"""Rows and segments in the plane of two features."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from bayes_gmm.data.rows import Floats
from bayes_gmm.report.settings import LIMITS, PICTURES
from bayes_gmm.report.source import Source
from bayes_gmm.report.svg.axis import Axis, axis_of
from bayes_gmm.report.svg.element import element, label, line, path_of, picture, text


@dataclass(frozen=True)
class Frame:
    """Margins of a picture around its axes."""

    left: float = 56.0
    right: float = 12.0
    top: float = 10.0
    bottom: float = 46.0


FRAME = Frame()


def axis(source: Source, j: int) -> Axis:
    """The axis of a feature: the range of the rows, or of the segments without rows."""
    m = source.mixture
    if source.rows is not None:
        column = source.rows.scaled[:, j]
        low, high = float(np.nanmin(column)), float(np.nanmax(column))
    else:
        reach = PICTURES.reach * m.standard_deviations[:, j]
        low, high = float((m.means[:, j] - reach).min()), float((m.means[:, j] + reach).max())
    return axis_of(m.transforms.entries[j], low, high)


def scatter(source: Source, i: int, j: int) -> Markup:
    """The picture of features i and j; JavaScript redraws it for other features."""
    width, height = PICTURES.scatter
    x_axis, y_axis = axis(source, i), axis(source, j)
    x_ends, y_ends = (FRAME.left, width - FRAME.right), (height - FRAME.bottom, FRAME.top)
    a, b = source.features[i], source.features[j]
    clip = element(
        "clipPath",
        element("rect", x=x_ends[0], y=y_ends[1], width=x_ends[1] - x_ends[0],
                height=y_ends[0] - y_ends[1]),
        id="plane",
    )  # fmt: skip
    inside = element(
        "g",
        element("g", *_points(source, i, j, x_axis, y_axis, x_ends, y_ends), id="points"),
        element("g", *_ellipses(source, i, j, x_axis, y_axis, x_ends, y_ends), id="ellipses"),
        clip_path="url(#plane)",
    )
    ticks = element("g", *axes(x_axis, y_axis, x_ends, y_ends), id="axes")
    names = (
        text(sum(x_ends) / 2, height - 8, label(a, 60), class_="name", id="x-name"),
        text(0, 0, label(b, 48), class_="name", id="y-name",
             transform=f"translate(14 {sum(y_ends) / 2:g}) rotate(-90)"),
    )  # fmt: skip
    return picture(
        width, height, f"Rows and segments by {a} and {b}",
        "Each dot is a row in the colour of its most probable segment. The inner ellipse of a "
        "segment holds half of its members, the outer one 95 %. The number marks its middle. The "
        "table of segments has the same middles and ranges as numbers.",
        (clip, ticks, inside, *names), id="scatter", class_="chart",
    )  # fmt: skip


def axes(x: Axis, y: Axis, x_ends: Ends, y_ends: Ends) -> Iterator[Markup]:
    """Grid lines with their labels."""
    for tick in x.ticks:
        at = float(x.place(tick.at, *x_ends))
        yield line(at, y_ends[0], at, y_ends[1], "grid")
        yield text(at, y_ends[0] + 18, tick.label, class_="tick")
    for tick in y.ticks:
        at = float(y.place(tick.at, *y_ends))
        yield line(x_ends[0], at, x_ends[1], at, "grid")
        yield text(x_ends[0] - 7, at + 4, tick.label, "end", class_="tick")


Ends = tuple[float, float]


def _points(
    source: Source, i: int, j: int, x: Axis, y: Axis, x_ends: Ends, y_ends: Ends
) -> Iterator[Markup]:
    """A group of dots for each segment; dots have the positions of their rows on the page."""
    rows = source.rows
    if rows is None:
        return
    some = rows.shown
    px = x.place(rows.scaled[some, i], *x_ends)
    py = y.place(rows.scaled[some, j], *y_ends)
    radius = 3.2 if len(some) <= LIMITS.max_points // 4 else 2.2
    for k in range(source.n_components):
        mine = np.flatnonzero(rows.segment[some] == k)
        dots = (_dot(int(n), px[n], py[n], radius, rows.probability[some[n]]) for n in mine)
        yield element("g", Markup("").join(dots), data_seg=k, class_="seg points")


def _dot(n: int, x: float, y: float, radius: float, probability: float) -> Markup:
    """A dot, pale if its segment is uncertain; a row with a missing cell is hidden."""
    if not np.isfinite(x + y):
        return element("circle", r=radius, data_n=n, display="none")
    pale = None if probability >= 0.9 else f"{0.25 + 0.6 * probability:.2f}"
    return element("circle", cx=float(x), cy=float(y), r=radius, data_n=n, opacity=pale)


def _ellipses(
    source: Source, i: int, j: int, x: Axis, y: Axis, x_ends: Ends, y_ends: Ends
) -> Iterator[Markup]:
    for k, name in enumerate(source.names):
        parts = [
            element("path", d=path_of(x.place(xy[:, 0], *x_ends), y.place(xy[:, 1], *y_ends),
                                      closed=True), class_=f"ellipse e{round(100 * prob)}")
            for prob in PICTURES.ellipse_probs
            for xy in [ellipse(source, k, i, j, prob)]
        ]  # fmt: skip
        cx, cy = (float(axis.place(source.mixture.means[k, f], *ends))
                  for axis, f, ends in ((x, i, x_ends), (y, j, y_ends)))  # fmt: skip
        title = element("title", name)
        yield element("g", title, *parts, *badge(k, cx, cy), data_seg=k, class_="seg")


def badge(k: int, cx: float, cy: float) -> tuple[Markup, Markup]:
    """The number of segment k in a circle."""
    return (
        element("circle", cx=cx, cy=cy, r=9.0, class_="badge"),
        text(cx, cy + 4, str(k + 1), class_="badge-text"),
    )


def ellipse(source: Source, k: int, i: int, j: int, prob: float) -> Floats:
    """Boundary of an ellipse on the scale of the model, shape (points, 2)."""
    return source.mixture.ellipse(k, prob, (i, j)).boundary(PICTURES.ellipse_points + 1)[:-1]
