"""How the chains ran: ArviZ's trace and rank plots of the segments' parameters.

Chains that never meet are drawn as they were sampled (the tree's posterior_as_sampled): a resample
of them by mass has no order, and looks well mixed whatever they did.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bayes_gmm.errors import DataError, listed
from bayes_gmm.results.tree import SAMPLE, posterior_group, stats_of
from bayes_gmm.views.furniture import as_written, posterior_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from xarray import DataTree

    from bayes_gmm.results.posterior import Posterior

SHOWN = ("weights", "means")


def trace(posterior: Posterior, var_names: str | Sequence[str] = SHOWN, **options: Any) -> Figure:
    """Draw every draw of each parameter, chain by chain, by `arviz_plots.plot_trace`.

    Parameters
    ----------
    posterior : Posterior
    var_names : str or sequence of str
        Of weights, means, scales, correlations and covariances.
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
    return _figure(arviz_plots.plot_rank, posterior, var_names, options)


def _figure(
    plot: Any, posterior: Posterior, var_names: str | Sequence[str], options: Any
) -> Figure:
    tree = _sampled(posterior)
    shown = [var_names] if isinstance(var_names, str) else list(var_names)
    if unknown := [name for name in shown if name not in tree["posterior"].data_vars]:
        raise DataError(
            f"no parameter {unknown[0]!r}; there are: {listed(list(tree['posterior'].data_vars))}"
        )
    drawn = plot(tree, var_names=shown, backend="matplotlib", **options)
    figure: Figure = drawn.viz["figure"].item()
    as_written(panel.title for panel in figure.axes)
    figure.set_layout_engine("constrained")
    return figure


def _sampled(posterior: Posterior) -> DataTree:
    """The chains as they ran, which the posterior's draws may be a resample of."""
    import xarray as xr

    drawn = posterior_group(posterior, posterior.parameters_as_sampled)
    along = {name: drawn[name] for name in SAMPLE}
    stats = xr.Dataset(stats_of(posterior.draws.as_sampled), coords=along)
    return xr.DataTree.from_dict({"posterior": drawn, "sample_stats": stats})
