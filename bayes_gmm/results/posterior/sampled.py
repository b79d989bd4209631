"""The posterior of a fitted table."""

from __future__ import annotations

from bayes_gmm.results.fit.fit import FittedTable
from bayes_gmm.results.posterior.posterior import Posterior
from bayes_gmm.results.posterior.sample import SamplingPlan, sample_modes


def sampled(fitted: FittedTable, plan: SamplingPlan) -> Posterior:
    """Draw from the posterior of a fitted table (see `BayesGMM.sample_posterior`)."""
    fit, draws, _ = sample_modes(
        fitted.fit, fitted.density, fitted.found, plan, is_scan=fitted.table is None
    )
    return Posterior.from_draws(fit, fitted.density, draws, table=fitted.table)
