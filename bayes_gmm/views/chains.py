"""How the chains ran: ArviZ's trace and rank plots of the segments' parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from bayes_gmm.results.posterior import Posterior

SHOWN = ("weights", "means")


def trace(posterior: Posterior, var_names: Sequence[str] = SHOWN, **options: Any) -> Figure:
    """Draw every draw of each parameter, chain by chain, by `arviz_plots.plot_trace`.

    Parameters
    ----------
    posterior : Posterior
    var_names : sequence of str
        Of weights, means, scales, correlations and covariances.
    **options
        Passed on to ArviZ, such as ``coords={"component": "Segment 1"}``.

    Returns
    -------
    matplotlib.figure.Figure
    """
    import arviz_plots

    return _figure(arviz_plots.plot_trace, posterior, var_names, options)


def ranks(posterior: Posterior, var_names: Sequence[str] = SHOWN, **options: Any) -> Figure:
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

    return _figure(arviz_plots.plot_rank, posterior, var_names, options)


def _figure(plot: Any, posterior: Posterior, var_names: Sequence[str], options: Any) -> Figure:
    drawn = plot(posterior.tree, var_names=list(var_names), backend="matplotlib", **options)
    figure: Figure = drawn.viz["figure"].item()
    figure.set_layout_engine("constrained")
    return figure
