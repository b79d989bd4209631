"""Draws of the posterior of a fit, and the choice of those to report."""

from __future__ import annotations

from collections.abc import Mapping

from bayes_gmm.cli.messages import note
from bayes_gmm.cli.sampling import SamplingOptions
from bayes_gmm.diagnostics.diagnostic import warn, without_warnings
from bayes_gmm.diagnostics.kind import COMMAND_LINE
from bayes_gmm.results.fit.fit import FittedTable
from bayes_gmm.results.posterior.posterior import Posterior
from bayes_gmm.results.posterior.sample import SamplingPlan
from bayes_gmm.results.posterior.sampled import sampled
from bayes_gmm.results.posterior.segmentations import heaviest, main_segmentation, masses


def drawn(
    model: FittedTable, options: SamplingOptions, seed: int, names: Mapping[str, str]
) -> Posterior:
    """Sample the posterior to report with new names of segments, and warn of its diagnostics."""
    plan = SamplingPlan(
        options.draws,
        options.tune,
        options.chains,
        options.method,
        "nutpie",
        seed,
        True,
        announce=lambda cost: note(cost.text(COMMAND_LINE)),
    )
    with without_warnings():
        whole = sampled(model, plan)
        shown = _shown(whole.rename(names), options.segmentation)
    warn(shown.diagnostics, stacklevel=2)
    return shown


def _shown(whole: Posterior, segmentation: str | None) -> Posterior:
    """The draws of one segmentation, or all draws."""
    if segmentation == "all":
        return whole
    mode = main_segmentation(whole)
    if mode is None and segmentation == "main" and len(masses(whole)) > 1:
        mode = heaviest(whole)
    return whole if mode is None else whole.of_mode(mode)
