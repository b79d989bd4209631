"""Plot of the departure of the rows of each segment from a Gaussian."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_gmm.data.matrix import ModelMatrix
from bayes_gmm.data.rows import Floats
from bayes_gmm.data.transform import Identity
from bayes_gmm.data.transforms import Transforms
from bayes_gmm.errors import DataError
from bayes_gmm.model.mixture import Mixture
from bayes_gmm.results.fit.map_fit import MapFit
from bayes_gmm.results.posterior.check import check_posterior, rows_to_check
from bayes_gmm.results.posterior.posterior import Posterior
from bayes_gmm.results.shape.check import check_mixture, weights_to_check
from bayes_gmm.results.shape.record import ShapeCheck, direction_words
from bayes_gmm.results.shape.rows import SegmentRows, segment_rows
from bayes_gmm.text import counted, shortened
from bayes_gmm.views.axes import clean, new_figure, wrapped
from bayes_gmm.views.palette import palette
from bayes_gmm.views.settings import PLOTS, STYLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure


FLAGGED = "#B00020"
VERDICTS = {"skewed": "skewed", "heavy tails": "heavy tails", "flat": "flat or several peaks"}


def check(
    model: Any,
    X: Any = None,
    sample_weight: Any = None,
    *,
    figure: Figure | SubFigure | None = None,
) -> Figure | SubFigure:
    """Plot the departure of the rows of each segment from a Gaussian, in two panels per segment.

    Read off which segments are not Gaussian, and how they depart: a histogram beside its curve
    shows skewness or several peaks, and points above the grey band at its right end indicate heavy
    tails. The title of a segment that the check flags is red.

    The upper panel shows the rows along the direction of the largest departure, in standard
    deviations, with the density of a Gaussian. If that is a transformed feature, the ticks are in
    the user's units. The lower panel shows quantiles of the Mahalanobis distances of the rows from
    the mean against those of a Gaussian segment; the grey band holds 94 % of replicated segments at
    each quantile.

    Parameters
    ----------
    model : BayesGMM, MapFit or Posterior
    X : table or array
        The rows; by default those stored with a posterior.
    sample_weight : array_like, optional
    figure : matplotlib.figure.Figure or SubFigure, optional
        An empty figure to draw on; by default a new one.

    Returns
    -------
    matplotlib.figure.Figure or SubFigure
        The figure, neither shown nor saved; its `axes` are the upper and the lower panel
        of each segment.

    Examples
    --------
    ``bg.plots.check(posterior, X).savefig("check.png")``
    """
    fit, found, matrix, weights = _checked(model, X, sample_weight)
    rows = segment_rows(fit.mixture, fit.standardizer, found, matrix, weights)
    K = len(found.names)
    width, height = PLOTS.shape_size
    columns = min(K, PLOTS.shape_columns)
    bands = -(-K // columns)
    if figure is None:
        figure = new_figure((max(width * columns, 6.0), height * bands + 0.6))
    grid = figure.add_gridspec(2 * bands, columns)
    for k, color in enumerate(palette(K)):
        row, column = 2 * (k // columns), k % columns
        upper = figure.add_subplot(grid[row, column])
        _draw_direction(upper, found, k, rows[k], color)
        _label_direction(upper, rows[k], fit.mixture)
        lower = figure.add_subplot(grid[row + 1, column])
        _draw_distances(lower, rows[k], color, first=column == 0)
    _add_legend(figure)
    figure.suptitle(_title(found), x=0.012, ha="left", fontsize=STYLE.title_size, fontweight="bold")
    return figure


def _add_legend(figure: Figure | SubFigure) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles = [
        Line2D([], [], color="0.15", linewidth=1.6, label="Gaussian"),
        Patch(color="0.85", label="94 % of Gaussian segments"),
    ]
    figure.legend(
        handles=handles, loc="outside lower left", frameon=False, fontsize=STYLE.text_size, ncols=2
    )


def _title(found: ShapeCheck) -> str:
    n = len(found.flagged)
    if not any(found.checked):
        return "Too few rows to check the shape of segments"
    if n == 0:
        return "No departure from a Gaussian found"
    return f"{counted(n, 'segment')} of {len(found.names)} not Gaussian"


def _checked(
    model: Any, X: Any, sample_weight: Any
) -> tuple[MapFit, ShapeCheck, ModelMatrix, Floats]:
    """The fit, its check, and the rows that were checked, with their weights."""
    if isinstance(model, Posterior):
        rows = rows_to_check(model, X, sample_weight)
        return model.fit, check_posterior(model, *rows), *rows
    if isinstance(model, ShapeCheck):
        raise DataError("a ShapeCheck does not contain rows; pass its model, and the rows as X")
    fit = getattr(model, "map_fit_", model)
    if not isinstance(fit, MapFit):
        raise DataError(
            f"plots.check needs a fitted BayesGMM, a MapFit or a Posterior, got a "
            f"{type(model).__name__}"
        )
    if X is None:
        raise DataError("a fit does not contain its rows; pass them as X")
    matrix = fit.mixture.matrix_of(X)
    weights = weights_to_check(matrix, sample_weight)
    found = check_mixture(fit.mixture, fit.standardizer, matrix, weights, names=fit.names)
    return fit, found, matrix, weights


def _draw_direction(ax: Axes, found: ShapeCheck, k: int, rows: SegmentRows, color: str) -> None:
    """Draw a histogram of the rows along the direction of the largest departure, and a Gaussian."""
    flagged = k in found.flagged
    name = wrapped(shortened(found.names[k], 2 * STYLE.name_width), STYLE.name_width)
    ax.set_title(
        f"{name}\n{_verdict(found, k)}", loc="left", fontsize=STYLE.label_size - 1,
        color=FLAGGED if flagged else "0.15", fontweight="bold" if flagged else "normal",
        parse_math=False,
    )  # fmt: skip
    clean(ax)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    if rows.statistic is None:
        ax.set_xticks([])
        return
    reach = max(PLOTS.reach, float(np.abs(rows.projection).max()) * 1.02)
    bins = np.linspace(-reach, reach, 1 + _n_bins(len(rows.projection), reach)).tolist()
    ax.hist(rows.projection, bins, weights=rows.weights, density=True, color=color, alpha=0.75)
    at = np.linspace(-reach, reach, 400)
    ax.plot(at, np.exp(-0.5 * at**2) / np.sqrt(2.0 * np.pi), color="0.15", linewidth=1.6)
    ax.set_xlim(-reach, reach)


def _label_direction(ax: Axes, rows: SegmentRows, mixture: Mixture) -> None:
    """Name the direction; ticks along a transformed feature are in the user's units."""
    if rows.statistic is None:
        return
    transforms: Transforms = mixture.transforms
    label, unit = direction_words(rows.statistic, mixture.features), "sds from the mean"
    j = rows.statistic.features[0] if rows.statistic.features else None
    if j in transforms.changed:
        ticks, transform = np.array(PLOTS.sd_ticks), transforms.entries[j]
        sds = np.sign(rows.statistic.direction[j]) * rows.sds[j]
        values = transform.inverse(rows.means[j] + ticks * sds)
        ax.set_xticks(ticks, [f"{value:.3g}" for value in values])
        unit = f"{transform.name} scale, ticks {ticks[1] - ticks[0]:g} sds apart"
    elif j is None and transforms.changed:
        scaled = [
            name if isinstance(t, Identity) else f"{name} ({t.name})"
            for name, t in zip(mixture.features, transforms.entries, strict=True)
        ]
        label = direction_words(rows.statistic, scaled)
    ax.set_xlabel(f"{wrapped(label, 30)}\n({unit})", parse_math=False)
    ax.xaxis.label.set(fontsize=STYLE.text_size)


def _verdict(found: ShapeCheck, k: int) -> str:
    """Result of the check of a segment, in a few words."""
    if not found.checked[k]:
        return "too few rows to check"
    departures = found.departures(k)
    if not departures:
        return "no departure from a Gaussian"
    return VERDICTS[departures[0].departure]


def _n_bins(n: int, reach: float) -> int:
    """Edges of at most 60 bins with a width between a quarter and half a standard deviation."""
    return int(np.clip(2.0 * reach / (0.25 if n >= 200 else 0.5), 8, 60))


def _draw_distances(ax: Axes, rows: SegmentRows, color: str, *, first: bool) -> None:
    """Draw quantiles of the distances from the mean against those of Gaussian rows."""
    clean(ax)
    if not len(rows.distance):
        ax.set_axis_off()
        return
    ax.fill_between(rows.expected, rows.lower, rows.upper, color="0.85", linewidth=0)
    ends = [rows.expected[0], rows.expected[-1]]
    ax.plot(ends, ends, color="0.15", linewidth=1.2)
    ax.plot(rows.expected, rows.distance, ".", color=color, markersize=5)
    ax.set_xlabel("distance expected")
    if first:
        ax.set_ylabel("distance observed")
    for axis in (ax.xaxis, ax.yaxis):
        axis.label.set(fontsize=STYLE.text_size)
