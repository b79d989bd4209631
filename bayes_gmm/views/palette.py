"""Colours and sizes of the pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_gmm.views.settings import STYLE

if TYPE_CHECKING:
    from collections.abc import Sequence

COLORS = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#E69F00",
    "#CC79A7",
    "#56B4E9",
    "#A643FF",
    "#A61600",
    "#1414A0",
    "#6F4364",
    "#B1D3A6",
    "#4E1643",
)
"""Six colours of Okabe & Ito (2008), then six that are far from them and from each other.

The smallest distance between two of the twelve in OKLab is 0.076, under normal vision and under
simulated protanopia, deuteranopia and tritanopia (Machado, Oliveira & Fernandes 2009).
"""
MARKERS = ("o", "s", "^", "D", "v", "P")


def palette(n: int) -> list[str]:
    """Return `n` colours for colour-blind readers; repeated colours are darker.

    Examples
    --------
    >>> palette(2)
    ['#0072b2', '#d55e00']
    """
    from matplotlib.colors import to_hex, to_rgb

    shaded = (
        STYLE.shades[lap(k) % len(STYLE.shades)] * np.array(to_rgb(COLORS[k % len(COLORS)]))
        for k in range(n)
    )
    return [to_hex(tuple(rgb)) for rgb in shaded]


def lap(k: int) -> int:
    """Return how often the colours are repeated before component `k`."""
    return k // len(COLORS)


def marker(k: int) -> str:
    """Return the shape of the points of component `k`."""
    return MARKERS[k // STYLE.per_marker % len(MARKERS)]


def faded(colors: Sequence[str], membership: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return RGBA colours of rows: that of the most probable component, faded by uncertainty.

    A row that certainly belongs to one component has the full colour. A row that has the same
    probability for every component is a faint grey.

    Parameters
    ----------
    colors : sequence of str
        One colour per component.
    membership : ndarray, shape (n_rows, n_components)
        Probabilities that sum to 1 in each row.

    Returns
    -------
    ndarray, shape (n_rows, 4)
    """
    from matplotlib.colors import to_rgba_array

    n_rows, n_components = membership.shape
    top = membership.argmax(axis=1)
    chance = 1 / n_components if n_components > 1 else 0.0
    certainty = (membership[np.arange(n_rows), top] - chance) / (1 - chance)
    certainty = np.clip(certainty, 0, 1)[:, None]
    full = to_rgba_array(colors)[top, :3]
    rgb = certainty * full + (1 - certainty) * np.array(STYLE.uncertain)
    return np.hstack([rgb, 0.3 + 0.55 * certainty])
