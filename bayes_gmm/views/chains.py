"""ArviZ's trace and rank plots of the parameters of the segments.

Chains in separate modes are plotted as sampled (posterior_as_sampled in the tree), because their
draws after resampling by mass have no order and always look well mixed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bayes_gmm.errors import DataError, listed
from bayes_gmm.results.posterior.tree_groups import MATRICES, SAMPLE, posterior_group, stats_of
from bayes_gmm.text import shortened
from bayes_gmm.views.axes import as_written, posterior_of
from bayes_gmm.views.settings import STYLE

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from xarray import DataTree

    from bayes_gmm.results.posterior.draws import PosteriorDraws


@dataclass(frozen=True)
class ChainPlotSettings:
    """Limits of `trace` and `ranks`.

    Attributes
    ----------
    max_panels : int
        Maximum number of panels in a figure; each takes about 0.2 seconds.
    row_height : float
        Height of a row of panels with its titles, in inches.
    least_height : float
        Minimum height of a figure, in inches.
    """

    max_panels: int = 200
    row_height: float = 1.75
    least_height: float = 3.5


SETTINGS = ChainPlotSettings()

SHOWN = ("weights", "means")


def trace(
    posterior: PosteriorDraws, var_names: str | Sequence[str] = SHOWN, **options: Any
) -> Figure:
    """Plot the draws of each parameter by chain, with `arviz_plots.plot_trace`.

    Read off whether the chains agree: the lines of all chains cover the same range without trend.

    Parameters
    ----------
    posterior : Posterior
    var_names : str or sequence of str
        Any of weights, means, scales, correlation_pairs, correlations and covariances.
    **options
        Passed to ArviZ, for example ``coords={"component": "Segment 1"}``.

    Returns
    -------
    matplotlib.figure.Figure
    """
    import arviz_plots

    posterior = posterior_of(posterior, "trace")
    return _figure(arviz_plots.plot_trace, posterior, var_names, options)


def ranks(
    posterior: PosteriorDraws, var_names: str | Sequence[str] = SHOWN, **options: Any
) -> Figure:
    """Plot the departure of the ranks of each chain from uniform, with `arviz_plots.plot_rank`.

    Lines of well mixed chains stay close to 0; a small p-value indicates that chains differ. The
    weight of a single segment is left out, because it is always 1.

    Parameters
    ----------
    posterior, var_names, **options
        As in `trace`.

    Returns
    -------
    matplotlib.figure.Figure
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
    return _figure(arviz_plots.plot_rank, posterior, names, options)


def _figure(
    plot: Any, posterior: PosteriorDraws, var_names: str | Sequence[str], options: Any
) -> Figure:
    tree = _sampled(posterior)
    shown = [var_names] if isinstance(var_names, str) else list(var_names)
    known = list(tree["posterior"].data_vars)
    if unknown := [name for name in shown if name not in known]:
        raise DataError(f"unknown parameter {unknown[0]!r}; choose from: {listed(known)}")
    options.setdefault("labeller", _labeller())
    n_panels = _n_panels(tree, shown, options.get("coords") or {})
    if n_panels > (most := SETTINGS.max_panels):
        raise DataError(
            f"{n_panels} parameters exceed the maximum of {most} panels in a figure; select fewer, "
            'for example with var_names="weights" or coords={"component": "Segment 1"}'
        )
    with _room_for(n_panels):
        drawn = plot(tree, var_names=shown, backend="matplotlib", **options)
    figure: Figure = drawn.viz["figure"].item()
    as_written(panel.title for panel in figure.axes)
    _tidy(figure)
    figure.set_layout_engine("constrained")
    return figure


def _tidy(figure: Figure) -> None:
    """Give each row of panels enough height, and label the draws only under the lowest panels."""
    places = {
        ax: (spec.rowspan.start, spec.colspan.start)
        for ax in figure.axes
        if ax.get_title() and (spec := ax.get_subplotspec()) is not None
    }
    lowest = {column: max(r for r, c in places.values() if c == column)
              for _, column in places.values()}  # fmt: skip
    for ax, (row, column) in places.items():
        ax.title.set_fontsize(STYLE.note_size)
        ax.tick_params(labelsize=STYLE.note_size - 1)
        ax.xaxis.label.set_fontsize(STYLE.note_size)
        if row < lowest[column]:
            ax.set_xlabel("")
            ax.tick_params(labelbottom=False)
    if places:
        n_rows = 1 + max(lowest.values())
        figure.set_figheight(max(SETTINGS.row_height * n_rows + 0.5, SETTINGS.least_height))


def _n_panels(tree: DataTree, names: Sequence[str], coords: Mapping[str, Any]) -> int:
    """Number of panels, one for each scalar parameter."""
    found = tree["posterior"].to_dataset()[list(names)]
    chosen = {dim: values for dim, values in coords.items() if dim in found.dims}
    chosen = {dim: x if isinstance(x, list) else [x] for dim, x in chosen.items()}
    found = found.sel(chosen)
    return sum(found[name].isel(chain=0, draw=0).size for name in names)


@contextmanager
def _room_for(n_panels: int) -> Iterator[None]:
    """Raise ArviZ's limit on panels, which is 40 by default."""
    from arviz_base import rc_context, rcParams

    limit = rcParams["plot.max_subplots"]
    with rc_context({"plot.max_subplots": None if limit is None else max(limit, n_panels + 9)}):
        yield


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
