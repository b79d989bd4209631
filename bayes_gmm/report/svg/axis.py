"""Axes: range, ticks with labels in the user's units, and positions on the picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bayes_gmm.data.rows import Floats
from bayes_gmm.data.transform import Identity, Transform
from bayes_gmm.report.settings import PICTURES
from bayes_gmm.text import cell, minus


@dataclass(frozen=True)
class Tick:
    """A tick on the scale of the model, with its label in the user's units."""

    at: float
    label: str


@dataclass(frozen=True)
class Axis:
    """The axis of a feature.

    It is linear on the scale of the model, so that the axis of a logarithm is logarithmic and
    ellipses stay ellipses; labels are in the user's units.
    """

    low: float
    high: float
    ticks: tuple[Tick, ...]

    def place(self, x: Floats | float, start: float, end: float) -> Floats:
        """Positions of values of the model's scale between two ends of a picture."""
        return np.asarray(
            start + (np.asarray(x) - self.low) / (self.high - self.low) * (end - start)
        )


def axis_of(transform: Transform, low: float, high: float) -> Axis:
    """The axis of a feature that covers an interval on the scale of the model."""
    low, high = (low, high) if high > low else (low - 1.0, high + 1.0)
    room = PICTURES.margin * (high - low)
    low, high = low - room, high + room
    if isinstance(transform, Identity):
        steps = linear_ticks(low, high)
        return Axis(low, high, tuple(Tick(float(v), _label(v, steps)) for v in steps))
    return Axis(low, high, transformed_ticks(transform, low, high))


def linear_ticks(low: float, high: float) -> Floats:
    """Round numbers from `low` to `high`, at most seven.

    Examples
    --------
    >>> linear_ticks(0.3, 10.2).tolist(), linear_ticks(-0.02, 0.11).tolist()
    ([2.0, 4.0, 6.0, 8.0, 10.0], [0.0, 0.05, 0.1])
    """
    rough = (high - low) / PICTURES.most_ticks
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * factor for factor in (1.0, 2.0, 5.0, 10.0) if unit * factor >= rough)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return np.array([float(f"{step * i:.12g}") for i in range(first, last + 1)])


def transformed_ticks(transform: Transform, low: float, high: float) -> tuple[Tick, ...]:
    """Round values in the user's units, not too close to each other on the scale of the model."""
    ends = transform.inverse(np.array([low, high]))
    ends = np.where(np.isfinite(ends), ends, np.sign(ends) * 1e15)
    found: list[Tick] = []
    gap = PICTURES.tick_gap * (high - low)
    for value in _round_values(float(ends[0]), float(ends[1])):
        with np.errstate(all="ignore"):
            at = float(transform.forward(np.array(value)))
        inside = math.isfinite(at) and low <= at <= high
        if inside and all(abs(at - tick.at) >= gap for tick in found):
            found.append(Tick(at, _short(value)))
    return tuple(sorted(found, key=lambda tick: tick.at))


def _round_values(low: float, high: float) -> list[float]:
    """0, powers of ten, and their multiples by 5 and 2, by priority; then equal steps."""
    largest = max(abs(low), abs(high))
    smallest = min(abs(low), abs(high)) if low * high > 0.0 else largest * 1e-6
    exponents = range(
        math.floor(math.log10(max(smallest, 1e-12))), math.ceil(math.log10(max(largest, 1e-12))) + 1
    )
    found = [0.0]
    for factor in (1.0, 5.0, 2.0):
        for e in reversed(exponents):
            found += [factor * 10.0**e, -factor * 10.0**e]
    found += linear_ticks(low, high).tolist()
    return [float(f"{x:.12g}") for x in found if low <= x <= high]


def _label(value: float, steps: Sequence[float] | Floats) -> str:
    return _short(value) if np.max(np.abs(steps)) >= 1e4 else minus(cell(value))


def _short(value: float) -> str:
    """A round number, with k or M for thousands or millions.

    Examples
    --------
    >>> _short(20000.0), _short(2.5e6), _short(-300.0), _short(0.05)
    ('20k', '2.5M', '−300', '0.05')
    """
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size and (size > 1e3 or abs(value) >= 1e4):
            return minus(f"{value / size:g}{letter}")
    return minus(cell(value))
