"""Numbers that the script of the page draws and lists, as JSON-compatible data."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from bayes_gmm.data.rows import Floats, Integers
from bayes_gmm.report.settings import PICTURES
from bayes_gmm.report.source import ROW, Rows, Source
from bayes_gmm.report.svg.scatter import FRAME, axis


def script_data(source: Source) -> dict[str, Any]:
    """Rows, axes and ellipses of the features in pictures.

    Returns
    -------
    dict
        names, features; axes with low, high and ticks (position, label); mean (K, d) and
        covariance (K, d, d) on the scale of the model; radii of the ellipses; frame (width, height
        and margins); rows with label, segment, probability, x (d, n) on the scale of the model and
        u (d, n) in the user's units, which is None for features that are not transformed; members,
        with label, segment and probability of all rows, which is None if the page lacks some; and
        label_name, what the labels are.
    """
    shown = list(source.pictured)
    m, rows = source.mixture, source.rows
    width, height = PICTURES.scatter
    return {
        "names": list(source.names),
        "features": [source.features[j] for j in shown],
        "axes": [_axis(source, j) for j in shown],
        "mean": _rounded(m.means[:, shown]),
        "covariance": _rounded(m.covariances[:, shown][:, :, shown]),
        "radii": [math.sqrt(-2.0 * math.log1p(-prob)) for prob in PICTURES.ellipse_probs],
        "frame": [width, height, FRAME.left, FRAME.right, FRAME.top, FRAME.bottom],
        "rows": _rows(source, shown),
        "members": None if rows is None else _members(rows),
        "label_name": ROW if rows is None else rows.label_name,
    }


def _members(rows: Rows) -> dict[str, Any] | None:
    """The segment of every row; empty if the rows in pictures are all rows."""
    if not rows.are_all_on_page:
        return None
    return {} if len(rows.shown) == rows.n else _labelled(rows, np.arange(rows.n))


def _labelled(rows: Rows, some: Integers) -> dict[str, Any]:
    return {
        "label": [rows.labels[i] for i in some],
        "segment": rows.segment[some].tolist(),
        "probability": below_one(rows.probability[some]).tolist(),
    }


def _axis(source: Source, j: int) -> dict[str, Any]:
    found = axis(source, j)
    ticks = [[tick.at, tick.label] for tick in found.ticks]
    return {"low": found.low, "high": found.high, "ticks": ticks}


def _rows(source: Source, shown: list[int]) -> dict[str, Any] | None:
    rows = source.rows
    if rows is None:
        return None
    some = rows.shown
    changed = set(source.mixture.transforms.changed)
    return {
        **_labelled(rows, some),
        "x": [
            _positions(source, j, some) if j in changed else _column(rows.scaled[some, j])
            for j in shown
        ],
        "u": [_column(rows.values[some, j]) if j in changed else None for j in shown],
    }


def _positions(source: Source, j: int, some: Integers) -> list[float | None]:
    """Values on the scale of the model, as exact as pictures need."""
    assert source.rows is not None
    found = axis(source, j)
    decimals = -math.floor(math.log10(PICTURES.resolution * (found.high - found.low)))
    values = source.rows.scaled[some, j].tolist()
    return [None if math.isnan(x) else round(x, decimals) for x in values]


def below_one(probability: Floats) -> Floats:
    """Four decimals, without rounding an uncertain membership to certainty.

    Examples
    --------
    >>> below_one(np.array([0.12345, 0.99999, 1.0]))
    array([0.1234, 0.9999, 1.    ])
    """
    short = probability.round(4)
    return np.where(probability < 1.0, np.minimum(short, 0.9999), short)


def _column(values: Floats) -> list[float | None]:
    return [None if math.isnan(x) else _short(x) for x in values.tolist()]


def _short(x: float) -> float | int:
    """Seven significant digits, without a decimal point if the number is whole."""
    short = float(f"{x:.7g}")
    return int(short) if short.is_integer() and abs(short) < 1e15 else short


def _rounded(values: Floats) -> Any:
    def nested(part: Any) -> Any:
        return list(map(nested, part)) if isinstance(part, Iterable) else float(f"{part:.8g}")

    return nested(np.asarray(values).tolist())
