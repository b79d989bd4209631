"""Credible bands of the ellipses and curves of segments.

The band of an ellipse is the set of points x with P(x in ellipse | data) between 3 % and 97 %. This
probability is the fraction of draws whose ellipse contains x. The band of a curve holds the middle
94 % of its heights at each x.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_gmm.inference.sampling.draws import evenly_spread
from bayes_gmm.results.draw_statistics import central_interval
from bayes_gmm.views import palette
from bayes_gmm.views.settings import PLOTS

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

    from bayes_gmm.data.transforms import Transforms
    from bayes_gmm.results.posterior.draws import PosteriorDraws

Array = NDArray[np.float64]


def draw_bands(
    ax: Axes, means: Array, factors: Array, transforms: Transforms, ci_prob: float = PLOTS.ci_prob
) -> None:
    """Draw the band of each segment and the ellipses of a few dozen draws.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    means, factors : ndarray, shapes (draws, K, 2) and (draws, K, 2, 2)
        Centres of the ellipses, and maps from the unit circle to them (see `Plane.ellipses`).
    transforms : Transforms
        Of the two axes.
    ci_prob : float
        Probability of the band.
    """
    from matplotlib.collections import LineCollection

    some = evenly_spread(len(means), PLOTS.draws_shown)
    angle = np.linspace(0.0, 2.0 * np.pi, 90)
    circle = np.stack([np.cos(angle), np.sin(angle)])
    for k, color in enumerate(palette.palette(means.shape[1])):
        outlines = (means[some, k, :, None] + factors[some, k] @ circle).transpose(0, 2, 1)
        lines = LineCollection(
            list(transforms.inverse(outlines)), colors=color, linewidths=0.6, alpha=0.22, zorder=2.2
        )
        ax.add_collection(lines)
        _draw_band(ax, means[:, k], factors[:, k], transforms, color, ci_prob)
    ax.autoscale_view()


def band_of_curves(
    posterior: PosteriorDraws, j: int, grid: Array, ci_prob: float = PLOTS.ci_prob
) -> Array:
    """Bounds of the weighted density of each segment at each point, shape (2, K, len(grid))."""
    of = posterior.parameters
    draws = evenly_spread(of.weights[..., 0].size, PLOTS.draws_counted)
    w, mu, sigma = (
        values.reshape(-1, values.shape[2])[draws][..., None]
        for values in (of.weights, of.means[..., j], of.scales[..., j])
    )
    heights = w / (sigma * np.sqrt(2 * np.pi)) * np.exp(-0.5 * ((grid - mu) / sigma) ** 2)
    return central_interval(heights, ci_prob, axis=0)


def legend_handles(n_axes: int, ci_prob: float = PLOTS.ci_prob) -> list[Artist]:
    """Legend entries of the bands.

    Examples
    --------
    >>> [handle.get_label() for handle in legend_handles(2)]
    ['94 % credible band', 'draws of the posterior']
    """
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    band = Patch(color="0.35", alpha=0.3, linewidth=0, label=f"{100 * ci_prob:g} % credible band")
    line = Line2D([], [], color="0.35", linewidth=0.8, alpha=0.6, label="draws of the posterior")
    return [band, line] if n_axes == 2 else [band]


def _draw_band(
    ax: Axes, means: Array, factors: Array, transforms: Transforms, color: str, ci_prob: float
) -> None:
    reach = np.sqrt((factors**2).sum(axis=2))
    low, high = np.quantile(means - reach, 0.0, axis=0), np.quantile(means + reach, 1.0, axis=0)
    x, y = np.linspace(low, high, PLOTS.grid).T
    inside = np.zeros((PLOTS.grid, PLOTS.grid))
    for mean, factor in zip(means, factors, strict=True):
        u = (x - mean[0]) / factor[0, 0]
        v = ((y - mean[1])[:, None] - factor[1, 0] * u) / factor[1, 1]
        inside += u**2 + v**2 <= 1.0
    tail = (1.0 - ci_prob) / 2.0
    x, y = transforms.inverse(np.stack([x, y], axis=1)).T
    ax.contourf(
        x, y, inside / len(means), levels=[tail, 1.0 - tail], colors=[color], alpha=0.22, zorder=2.1
    )
