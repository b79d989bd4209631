"""How the chains ran: ArviZ's trace and rank plots of the segments' parameters.

Chains that never meet are drawn as they were sampled (the tree's posterior_as_sampled): a resample
of them by mass has no order, and looks well mixed whatever they did.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bayes_gmm.errors import DataError, listed
from bayes_gmm.results.posterior.datatree import MATRICES, SAMPLE, posterior_group, stats_of
from bayes_gmm.views.axes import as_written, posterior_of, shortened

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from xarray import DataTree

    from bayes_gmm.results.posterior.posterior import Posterior


@dataclass(frozen=True)
class ChainPlotSettings:
    """How much `trace` and `ranks` draw.

    Attributes
    ----------
    max_panels : int
        Panels of a figure at most; each takes about 0.2 seconds.
    """

    max_panels: int = 200


SETTINGS = ChainPlotSettings()

SHOWN = ("weights", "means")
NAME_WIDTH, LINE_WIDTH = 26, 32
"""Letters of a name, and of a line, that a title has room for."""


def trace(posterior: Posterior, var_names: str | Sequence[str] = SHOWN, **options: Any) -> Figure:
    """Draw every draw of each parameter, chain by chain, by `arviz_plots.plot_trace`.

    Parameters
    ----------
    posterior : Posterior
    var_names : str or sequence of str
        Of weights, means, scales, correlation_pairs, correlations and covariances.
    **options
        Passed on to ArviZ, such as ``coords={"component": "Segment 1"}``.

    Returns
    -------
    matplotlib.figure.Figure
    """
    import arviz_plots

    posterior = posterior_of(posterior, "trace")
    return _figure(arviz_plots.plot_trace, posterior, var_names, options)


def ranks(posterior: Posterior, var_names: str | Sequence[str] = SHOWN, **options: Any) -> Figure:
    """Draw how the ranks of each chain's draws differ from uniform, by `arviz_plots.plot_rank`.

    The lines of chains that agree stay together, near 0; a small p-value says that they do not.
    The weight of a single segment is left out: it is 1.

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
        raise DataError("ranks compares chains, and there is one; sample 2 chains, or 4")
    names = [var_names] if isinstance(var_names, str) else list(var_names)
    if posterior.n_components == 1 and "weights" in names:
        names.remove("weights")  # which is 1 in every draw, and has no ranks
    if not names:
        raise DataError("the weight of a single segment is 1 in every draw; draw ranks of means")
    return _figure(arviz_plots.plot_rank, posterior, names, options)


def _figure(
    plot: Any, posterior: Posterior, var_names: str | Sequence[str], options: Any
) -> Figure:
    tree = _sampled(posterior)
    shown = [var_names] if isinstance(var_names, str) else list(var_names)
    known = list(tree["posterior"].data_vars)
    if unknown := [name for name in shown if name not in known]:
        raise DataError(f"no parameter {unknown[0]!r}; there are: {listed(known)}")
    options.setdefault("labeller", _labeller())
    n_panels = _n_panels(tree, shown, options.get("coords") or {})
    if n_panels > (most := SETTINGS.max_panels):
        raise DataError(
            f"{n_panels} parameters are more than a picture of {most} panels shows; choose some "
            'by var_names="weights" or coords={"component": "Segment 1"}'
        )
    with _room_for(n_panels):
        drawn = plot(tree, var_names=shown, backend="matplotlib", **options)
    figure: Figure = drawn.viz["figure"].item()
    as_written(panel.title for panel in figure.axes)
    figure.set_layout_engine("constrained")
    return figure


def _n_panels(tree: DataTree, names: Sequence[str], coords: Mapping[str, Any]) -> int:
    """How many numbers are drawn: one panel each."""
    found = tree["posterior"].to_dataset()[list(names)]
    chosen = {dim: values for dim, values in coords.items() if dim in found.dims}
    chosen = {dim: x if isinstance(x, list) else [x] for dim, x in chosen.items()}
    found = found.sel(chosen)
    return sum(found[name].isel(chain=0, draw=0).size for name in names)


@contextmanager
def _room_for(n_panels: int) -> Iterator[None]:
    """Let ArviZ draw so many panels; it refuses more than 40 by default."""
    from arviz_base import rc_context, rcParams

    limit = rcParams["plot.max_subplots"]
    with rc_context({"plot.max_subplots": None if limit is None else max(limit, n_panels + 9)}):
        yield


def _labeller() -> Any:
    """ArviZ's labels, but with long names shortened, and each on a line of its own."""
    from arviz_base.labels import BaseLabeller

    class Shortening(BaseLabeller):
        def sel_to_str(self, sel: Mapping[Any, Any], isel: Mapping[Any, Any]) -> str:
            names = [shortened(str(value), NAME_WIDTH) for value in sel.values()]
            line = ", ".join(names)
            return line if len(line) <= LINE_WIDTH else ",\n".join(names)

    return Shortening()


def _sampled(posterior: Posterior) -> DataTree:
    """The chains as they ran, which the posterior's draws may be a resample of."""
    import xarray as xr

    drawn = posterior_group(posterior, posterior.parameters_as_sampled).reset_coords(MATRICES)
    along = {name: drawn[name] for name in SAMPLE}
    stats = xr.Dataset(stats_of(posterior.draws.as_sampled), coords=along)
    return xr.DataTree.from_dict({"posterior": drawn, "sample_stats": stats})
