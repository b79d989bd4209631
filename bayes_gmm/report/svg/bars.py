"""Bar charts: shares with intervals, certainty of rows, and probabilities of numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from bayes_gmm.report.content.records import Card, Certainty, Place
from bayes_gmm.report.settings import PICTURES
from bayes_gmm.report.source import Source
from bayes_gmm.report.svg.axis import linear_ticks
from bayes_gmm.report.svg.element import element, label, line, picture, text
from bayes_gmm.report.svg.scatter import axis
from bayes_gmm.report.words import Estimate
from bayes_gmm.text import percent


def shares(cards: Sequence[Card]) -> Markup:
    """The share of each segment with its interval."""
    width, left, right, step = PICTURES.wide, 190.0, 20.0, 30.0
    height = step * len(cards) + 34.0
    ends = [e.upper or e.value for e in (card.share for card in cards)]
    most = max(end.value for end in ends)
    scale = (width - left - right) / (1.05 * most)
    parts = []
    for v in linear_ticks(0.0, 1.05 * most):
        parts += [line(left + v * scale, 4, left + v * scale, height - 26, "grid"),
                  text(left + v * scale, height - 8, percent(float(v)), class_="tick")]  # fmt: skip
    for n, card in enumerate(cards):
        middle = step * n + step / 2 + 4
        inner = [
            text(left - 10, middle + 5, label(card.segment.name, 24), "end", class_="name"),
            element("rect", x=left, y=middle - 8, width=max(card.share.value.value * scale, 1.0),
                    height=16.0, class_="fill"),
            *_whisker(card.share, left, scale, middle),
        ]  # fmt: skip
        title = element("title", card.segment.name)
        parts.append(element("g", title, *inner, data_seg=card.segment.position, class_="seg"))
    return picture(
        width, height, "Shares of the segments",
        "The bar of a segment shows its share of all rows, and the line its interval. The table "
        "of segments has the same numbers.", parts, class_="chart",
    )  # fmt: skip


def _whisker(share: Estimate, left: float, scale: float, middle: float) -> list[Markup]:
    if share.lower is None or share.upper is None:
        return []
    a, b = left + share.lower.value * scale, left + share.upper.value * scale
    return [
        line(a, middle, b, middle, "whisker"),
        line(a, middle - 5, a, middle + 5, "whisker"),
        line(b, middle - 5, b, middle + 5, "whisker"),
    ]


def certainty_bars(certainty: Certainty) -> Markup:
    """How many rows have which probability of their segment."""
    labels = [f"{100 * low:.0f}–{100 * high:.0f} %" for low, high, _ in certainty.bins]
    heights = [rows.value for _, _, rows in certainty.bins]
    texts = [rows.text for _, _, rows in certainty.bins]
    return _columns(
        labels, heights, texts, "How certain the segment of each row is",
        "Number of rows by the probability of their most probable segment. The table beside the "
        "picture has the same numbers.", "probability of the segment",
    )  # fmt: skip


def probabilities(by_number: Sequence[tuple[int, Estimate]]) -> Markup:
    """Probability of each number of segments."""
    return _columns(
        [str(K) for K, _ in by_number], [e.value.value for _, e in by_number],
        [e.value.text for _, e in by_number], "Probability of each number of segments",
        "The bar of a number shows its probability. The table of numbers has the same values.",
        "number of segments",
    )  # fmt: skip


def _columns(
    labels: Sequence[str], heights: Sequence[float], texts: Sequence[str], title: str,
    description: str, name: str,
) -> Markup:  # fmt: skip
    width, height, base = PICTURES.wide, 210.0, 160.0
    step = (width - 20.0) / len(labels)
    top = max(*heights, 1e-12)
    parts = [line(10, base, width - 10, base, "axis")]
    bar = min(0.72 * step, 72.0)
    for n, (word, value, figure) in enumerate(zip(labels, heights, texts, strict=True)):
        middle, tall = 10 + step * (n + 0.5), float(value / top) * 130.0
        parts += [
            element("rect", x=middle - bar / 2, y=base - tall, width=bar,
                    height=tall, class_="bar strong"),
            text(middle, base - tall - 6, figure, class_="tick"),
            text(middle, base + 18, word, class_="tick"),
        ]  # fmt: skip
    parts.append(text(width / 2, height - 8, name, class_="name"))
    return picture(width, height, title, description, parts, class_="chart")


def strip(source: Source, k: int, place: Place) -> Markup:
    """The place of a segment on one feature, in the range of all rows."""
    width, height = PICTURES.strip
    x, ends, middle = axis(source, place.position), (6.0, width - 6.0), height / 2
    transform = source.mixture.transforms.entries[place.position]

    def at(value: float) -> float:
        scaled = float(transform.forward(np.array(value)))
        return float(np.clip(x.place(scaled, *ends), *ends))

    average = source.mixture.weights @ source.mixture.means[:, place.position]
    mean = float(x.place(float(average), *ends))
    low, high = at(place.low.value), at(place.high.value)
    e = place.middle
    interval = [] if e.lower is None or e.upper is None else [
        line(at(e.lower.value), middle, at(e.upper.value), middle, "whisker")]  # fmt: skip
    parts = (
        line(ends[0], middle, ends[1], middle, "axis"),
        line(mean, middle - 9, mean, middle + 9, "average"),
        element("rect", x=low, y=middle - 5, width=max(high - low, 1.0), height=10.0, rx=3.0,
                class_="fill"),
        *interval,
        element("circle", cx=at(e.value.value), cy=middle, r=4.5, class_="middle"),
    )  # fmt: skip
    return picture(
        width, height, f"{source.names[k]}: {place.feature}",
        f"Middle {e.value.text}, middle two thirds {place.low.text} to {place.high.text}; a thin "
        "line marks the average of the table.", parts, class_="strip",
    )  # fmt: skip
