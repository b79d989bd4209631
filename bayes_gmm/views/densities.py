"""Plot of one feature: the weighted densities of the components over a histogram of the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_gmm.text import counted
from bayes_gmm.views import palette
from bayes_gmm.views.bands import band_of_curves
from bayes_gmm.views.ellipses import LINE_STYLES
from bayes_gmm.views.limits import limit_axes
from bayes_gmm.views.settings import PLOTS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes
    from matplotlib.patches import Patch

    from bayes_gmm.model.mixture import Mixture
    from bayes_gmm.results.posterior.draws import PosteriorDraws

Array = NDArray[np.float64]


def draw_densities(
    ax: Axes,
    mixture: Mixture,
    values: Array | None,
    shown: Sequence[int],
    posterior: PosteriorDraws | None = None,
    ci_prob: float = PLOTS.ci_prob,
    *,
    compact: bool = False,
) -> list[str]:
    """Draw the weighted density of each component, over a histogram of the rows if there are any.

    A curve is w_k Normal(x; mu_k, Sigma_kk) for the feature shown, shaded over the middle 50 %
    and 95 % of the component; with rows it is scaled to rows per bin. Densities and bins of a
    transformed feature are those of the transformed scale, at places in the user's units.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    mixture : Mixture
        The mixture, in the user's units.
    values : ndarray, shape (n_rows, n_features), or None
        The rows; NaN is a missing cell.
    shown : tuple of one int
        The feature.
    posterior : Posterior, optional
        Posterior with this mean; the shaded area is then the credible band of each curve.
    ci_prob : float
        Probability of that band.
    compact : bool
        Thin lines without crosses and without the total, for a small panel.

    Returns
    -------
    list of str
        Notes for the subtitle: rows that are omitted.
    """
    from matplotlib.ticker import MaxNLocator

    (j,) = shown
    back = mixture.transforms.entries[j].inverse
    mu = mixture.means[:, j]
    sigma = mixture.standard_deviations[:, j]
    height, notes = 1.0, list[str]()
    if values is not None:
        within = float(np.sqrt(mixture.weights @ sigma**2))
        column = mixture.matrix_of(values).values[:, j]
        height, notes = _draw_histogram(ax, column, within, mixture.resolution[j], back)
    grid = _grid(mu, sigma)
    at = back(grid)
    total = np.zeros_like(grid)
    bands = None if posterior is None else height * band_of_curves(posterior, j, grid, ci_prob)
    for k, color in enumerate(palette.palette(mixture.n_components)):
        peak = height * mixture.weights[k] / (sigma[k] * np.sqrt(2 * np.pi))
        z = (grid - mu[k]) / sigma[k]
        curve = peak * np.exp(-0.5 * z**2)
        total += curve
        near = np.abs(z) <= PLOTS.reach
        ax.plot(at[near], curve[near], color=color, linewidth=1.2 if compact else 2, zorder=3)
        if bands is None:
            _shade_middle(ax, at, curve, z, color)
        else:
            ax.fill_between(at, *bands[:, k], color=color, alpha=0.35, linewidth=0, zorder=2)
        if not compact:
            ax.plot(back(mu[k]), peak, "X", ms=9, color="black", markeredgecolor="white", zorder=5)
    if not compact and mixture.n_components > 1:
        ax.plot(at, total, color="0.2", linewidth=1.2, linestyle=(0, (1, 1.5)), zorder=4)
    seen = None if values is None else values[:, [j]]
    limit_axes(ax, mixture.marginal([j]), seen)
    ax.set_ylim(bottom=0)
    ax.set_ylabel("density" if values is None else "rows")
    if values is not None:
        ax.yaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))
    return notes


def legend_handles() -> list[Patch]:
    """Return a legend entry for each shade, with the probability that it covers.

    Examples
    --------
    >>> [handle.get_label() for handle in legend_handles()]
    ['middle 50 % of a segment', 'middle 95 % of a segment']
    """
    from matplotlib.patches import Patch

    labels = [f"middle {prob * 100:g} % of a segment" for prob in LINE_STYLES]
    darker, lighter = (
        Patch(color="0.35", alpha=alpha, linewidth=0, label=label)
        for alpha, label in zip((0.55, 0.25), labels, strict=True)
    )
    return [darker, lighter]


def _shade_middle(ax: Axes, grid: Array, curve: Array, z: Array, color: str) -> None:
    from scipy.stats import norm

    for prob in LINE_STYLES:
        middle = np.abs(z) <= norm.ppf(0.5 + prob / 2)
        ax.fill_between(grid, curve, where=middle, color=color, alpha=0.25, linewidth=0, zorder=2)


def _grid(mu: Array, sigma: Array) -> Array:
    """Points that are dense enough at every component, also a narrow one."""
    z = np.linspace(-PLOTS.reach, PLOTS.reach, 401)
    return np.unique(mu[:, None] + sigma[:, None] * z)


def _draw_histogram(
    ax: Axes, column: Array, within: float, resolution: float, back: Callable[[Array], Array]
) -> tuple[float, list[str]]:
    """Draw the bars; return rows times bin width (the scale of the densities), and notes."""
    present = column[~np.isnan(column)]
    n_missing = len(column) - len(present)
    notes = []
    if n_missing:
        notes.append(f"{counted(n_missing, 'row')} with a missing cell: not drawn")
    if not len(present):
        return 1.0, notes
    edges = _edges(present, within, resolution)
    counts, _ = np.histogram(present, edges)
    width = float(edges[1] - edges[0])
    left, widths = back(edges[:-1]), np.diff(back(edges))
    ax.bar(left, counts, widths, align="edge", color="0.85", edgecolor="white", zorder=1)
    return len(present) * width, notes


def _edges(present: Array, within: float, resolution: float) -> Array:
    """Edges of bins; a bin is a multiple of the resolution, so that rounding leaves no empty bins.

    The width is that of Freedman & Diaconis (1981), with the spread of rows within a component.
    """
    low, high = float(present.min()), float(present.max())
    width = max(2.7 * within / len(present) ** (1 / 3), (high - low) / PLOTS.max_bins)
    if resolution > 0:
        width = resolution * max(1, round(width / resolution))
    n_bins = int((high - low) // width) + 1
    return low - resolution / 2 + width * np.arange(n_bins + 1)
