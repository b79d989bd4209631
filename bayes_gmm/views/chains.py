"""ArviZ's trace and rank plots of the parameters of the segments.

Chains in separate modes are plotted as sampled (posterior_as_sampled in the tree), because their
draws after resampling by mass have no order and always look well mixed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_gmm.errors import DataError, listed
from bayes_gmm.results.posterior.tree_groups import MATRICES, SAMPLE, posterior_group, stats_of
from bayes_gmm.text import shortened
from bayes_gmm.views.axes import as_written, new_figure, posterior_of
from bayes_gmm.views.settings import STYLE

if TYPE_CHECKING:
    from arviz_plots.plot_collection import PlotCollection
    from matplotlib.figure import Figure, SubFigure
    from numpy.typing import NDArray
    from xarray import DataArray, Dataset, DataTree

    from bayes_gmm.results.posterior.draws import PosteriorDraws


@dataclass(frozen=True)
class ChainPlotSettings:
    """Limits of `trace` and `ranks`.

    Attributes
    ----------
    max_panels : int
        Maximum number of panels in a figure; each takes about 0.2 seconds.
    n_columns : int
        Maximum number of panels in a row.
    column_width : float
        Width of a panel, in inches.
    row_height : float
        Height of a row of panels with its titles, in inches.
    least_height : float
        Minimum height of a figure, in inches.
    """

    max_panels: int = 200
    n_columns: int = 4
    column_width: float = 3.2
    row_height: float = 1.75
    least_height: float = 3.5


SETTINGS = ChainPlotSettings()

SHOWN = ("weights", "means")


def trace(
    posterior: PosteriorDraws,
    var_names: str | Sequence[str] = SHOWN,
    *,
    coords: Mapping[str, Any] | None = None,
    figure: Figure | SubFigure | None = None,
    **options: Any,
) -> Figure | SubFigure:
    """Plot the draws of each parameter by chain, with `arviz_plots.plot_trace`.

    Read off whether the chains agree: the lines of all chains cover the same range without trend.

    Parameters
    ----------
    posterior : Posterior
    var_names : str or sequence of str
        Any of weights, means, scales, correlation_pairs, correlations and covariances.
    coords : dict, optional
        Segments and features to plot, for example ``{"component": "Segment 1"}``; by default all.
    figure : matplotlib.figure.Figure or SubFigure, optional
        An empty figure to draw on; by default a new one.
    **options
        Passed to ArviZ.

    Returns
    -------
    matplotlib.figure.Figure or SubFigure
        The figure, neither shown nor saved; its `axes` are one panel for each parameter.

    Examples
    --------
    ``bg.plots.trace(posterior, "weights").savefig("trace.png")``
    """
    import arviz_plots

    posterior = posterior_of(posterior, "trace")
    return _draw(arviz_plots.plot_trace, posterior, var_names, coords, figure, options)


def ranks(
    posterior: PosteriorDraws,
    var_names: str | Sequence[str] = SHOWN,
    *,
    coords: Mapping[str, Any] | None = None,
    figure: Figure | SubFigure | None = None,
    **options: Any,
) -> Figure | SubFigure:
    """Plot the departure of the ranks of each chain from uniform, with `arviz_plots.plot_rank`.

    Read off whether the chains agree: lines of well mixed chains stay close to 0, and a small
    p-value indicates that chains differ. The weight of a single segment is left out, because it is
    always 1.

    Parameters
    ----------
    posterior, var_names, coords, figure, **options
        As in `trace`.

    Returns
    -------
    matplotlib.figure.Figure or SubFigure
        As in `trace`.

    Examples
    --------
    ``bg.plots.ranks(posterior, "means").savefig("ranks.png")``
    """
    import arviz_plots

    posterior = posterior_of(posterior, "ranks")
    if posterior.draws.as_sampled.n_chains == 1:
        raise DataError("ranks compares chains, but there is only 1; sample at least 2 chains")
    names = [var_names] if isinstance(var_names, str) else list(var_names)
    if posterior.n_components == 1 and "weights" in names:
        names.remove("weights")  # always 1, so it has no ranks
    if not names:
        raise DataError("the weight of a single segment is 1 in every draw; plot ranks of means")
    return _draw(arviz_plots.plot_rank, posterior, names, coords, figure, options)


def _draw(
    plot: Any,
    posterior: PosteriorDraws,
    var_names: str | Sequence[str],
    coords: Mapping[str, Any] | None,
    figure: Figure | SubFigure | None,
    options: dict[str, Any],
) -> Figure | SubFigure:
    shown = [var_names] if isinstance(var_names, str) else list(var_names)
    tree = _selected(_sampled(posterior), shown, coords or {})
    found = tree["posterior"].to_dataset()
    n_panels = sum(_first(values).size for values in found.data_vars.values())
    if n_panels > (most := SETTINGS.max_panels):
        raise DataError(
            f"{n_panels} parameters exceed the maximum of {most} panels in a figure; select fewer, "
            'for example with var_names="weights" or coords={"component": "Segment 1"}'
        )
    n_columns = min(n_panels, SETTINGS.n_columns)
    if figure is None:
        height = max(SETTINGS.row_height * -(-n_panels // n_columns) + 0.5, SETTINGS.least_height)
        figure = new_figure((SETTINGS.column_width * n_columns, height))
    panels = _grid(figure, n_panels, n_columns)
    collection = _collection(found, figure, panels)
    options = {"labeller": _labeller(), **options}
    plot(tree, var_names=shown, plot_collection=collection, **options)
    _tidy(panels, n_columns)
    return figure


def _grid(figure: Figure | SubFigure, n_panels: int, n_columns: int) -> NDArray[np.object_]:
    """Axes of a grid, the last row of which may be shorter."""
    n_rows = -(-n_panels // n_columns)
    panels = figure.subplots(n_rows, n_columns, squeeze=False, sharex=True).ravel()
    for panel in panels[n_panels:]:
        panel.remove()
    return np.asarray(panels[:n_panels])


def _selected(tree: DataTree, names: Sequence[str], coords: Mapping[str, Any]) -> DataTree:
    """The parameters with these names, at these coordinates."""
    import xarray as xr

    known = list(tree["posterior"].data_vars)
    if unknown := [name for name in names if name not in known]:
        raise DataError(f"unknown parameter {unknown[0]!r}; choose from: {listed(known)}")
    found = tree["posterior"].to_dataset()[list(names)]
    chosen = {dim: values for dim, values in coords.items() if dim in found.dims}
    found = found.sel({d: x if isinstance(x, list) else [x] for d, x in chosen.items()})
    return tree.assign({"posterior": xr.DataTree(found)})


def _collection(
    found: Dataset, figure: Figure | SubFigure, panels: NDArray[np.object_]
) -> PlotCollection:
    """ArviZ's map from scalar parameters to panels of a figure, with one colour per chain."""
    import xarray as xr
    from arviz_plots.plot_collection import PlotCollection

    places, used = {}, 0
    for name, values in found.data_vars.items():
        first = _first(values)
        places[name] = first.copy(data=panels[used : used + first.size].reshape(first.shape))
        used += first.size
    about = {"/": xr.Dataset({"figure": np.array(figure, object)}), "/plot": xr.Dataset(places)}
    aesthetics = {"color": ["chain"], "overlay": ["chain"]}
    return PlotCollection(found, xr.DataTree.from_dict(about), aes=aesthetics, backend="matplotlib")


def _tidy(panels: NDArray[np.object_], n_columns: int) -> None:
    """Use small fonts, and label the draws only under the lowest panels."""
    as_written(panel.title for panel in panels)
    for i, ax in enumerate(panels):
        ax.title.set_fontsize(STYLE.note_size)
        ax.tick_params(labelsize=STYLE.note_size - 1)
        ax.xaxis.label.set_fontsize(STYLE.note_size)
        is_lowest = i + n_columns >= len(panels)
        ax.tick_params(labelbottom=is_lowest)
        if not is_lowest:
            ax.set_xlabel("")


def _first(values: DataArray) -> DataArray:
    """The first draw of a parameter."""
    return values.isel(chain=0, draw=0, drop=True)


def _labeller() -> Any:
    """ArviZ's labels with long names truncated and placed on separate lines."""
    from arviz_base.labels import BaseLabeller

    class Shortening(BaseLabeller):
        def sel_to_str(self, sel: Mapping[Any, Any], isel: Mapping[Any, Any]) -> str:
            names = [shortened(str(value), STYLE.name_width) for value in sel.values()]
            line = ", ".join(names)
            return line if len(line) <= STYLE.line_width else ",\n".join(names)

    return Shortening()


def _sampled(posterior: PosteriorDraws) -> DataTree:
    """The sampled chains, before any resampling by mass."""
    import xarray as xr

    drawn = posterior_group(posterior, posterior.parameters_as_sampled).reset_coords(MATRICES)
    along = {name: drawn[name] for name in SAMPLE}
    stats = xr.Dataset(stats_of(posterior.draws.as_sampled), coords=along)
    return xr.DataTree.from_dict({"posterior": drawn, "sample_stats": stats})
