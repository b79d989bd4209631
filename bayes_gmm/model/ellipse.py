"""An ellipse that holds a given probability of a segment, in two features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bayes_gmm.data.rows import Floats


@dataclass(frozen=True, eq=False)
class Ellipse:
    """The ellipse in two features that holds a given probability of a segment.

    Attributes
    ----------
    center : ndarray, shape (2,)
        Mean, in the units of the two features.
    width, height : float
        Full lengths of the axes; `width` is the longer.
    angle : float
        Degrees from the axis of the first feature to the longer axis, counter-clockwise.
    prob : float
        Probability of the segment inside the ellipse.

    Examples
    --------
    >>> circle = Ellipse(np.array([1.0, 2.0]), width=2.0, height=2.0, angle=0.0, prob=0.5)
    >>> circle.boundary(3).round(9).tolist()
    [[2.0, 2.0], [0.0, 2.0], [2.0, 2.0]]
    """

    center: Floats
    width: float
    height: float
    angle: float
    prob: float

    def boundary(self, n: int = 200) -> Floats:
        """Points of the boundary, shape (n, 2); the last is the first."""
        t = np.linspace(0.0, 2.0 * np.pi, n)
        along, across = self.width / 2 * np.cos(t), self.height / 2 * np.sin(t)
        cos, sin = np.cos(np.deg2rad(self.angle)), np.sin(np.deg2rad(self.angle))
        offsets = np.stack([cos * along - sin * across, sin * along + cos * across], axis=1)
        return np.asarray(self.center + offsets)
