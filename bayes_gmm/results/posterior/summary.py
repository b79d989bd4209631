"""ArviZ's summary of the parameters of all segments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bayes_gmm.data.rows import Floats
from bayes_gmm.diagnostics.diagnostic import Diagnostic, warn
from bayes_gmm.inference.sampling.settings import ImportanceSettings
from bayes_gmm.results.posterior.convergence import Chains
from bayes_gmm.results.posterior.convergence_check import parameters_of
from bayes_gmm.results.posterior.parameters import SegmentDraws
from bayes_gmm.results.thresholds import THRESHOLDS

if TYPE_CHECKING:
    import pandas as pd

    from bayes_gmm.results.posterior.draws import PosteriorDraws


def summary_table(posterior: PosteriorDraws, ci_prob: float, ci_kind: str) -> pd.DataFrame:
    """See `Posterior.summary`."""
    import pandas as pd

    labels, draws = _rows(posterior, posterior.parameters)
    # Some parameters are constant, such as the weight of a single segment.
    with np.errstate(divide="ignore", invalid="ignore"):
        columns = _columns(posterior, draws, ci_prob, ci_kind)
    return pd.DataFrame(columns, index=labels)


def _columns(
    posterior: PosteriorDraws, draws: Floats, ci_prob: float, ci_kind: str
) -> dict[str, Floats]:
    from arviz_stats.base.array import array_stats

    interval = array_stats.eti if ci_kind == "eti" else array_stats.hdi
    low, high = interval(draws, ci_prob, axis=(-2, -1)).T
    bounds = f"{ci_kind}{100 * ci_prob:g}"
    sd = draws.std(axis=(1, 2), ddof=1) if draws[0].size > 1 else np.full(len(draws), np.nan)
    found = {"mean": draws.mean(axis=(1, 2)), "sd": sd, f"{bounds}_lb": low, f"{bounds}_ub": high}
    if posterior.draws.method == "laplace":
        return {**found, **_of_independent(posterior, sd)}
    return {**found, **_of_chains(posterior, draws, sd)}


def _of_independent(posterior: PosteriorDraws, sd: Floats) -> dict[str, Floats]:
    """Diagnostics of independent proposals, of which some were drawn more than once.

    If the i-th proposal was drawn n_i times, the effective sample size of n draws is n^2 / sum_i
    n_i^2 (Kish 1965).
    """
    flat = posterior.draws.theta.reshape(-1, posterior.draws.layout.size)
    _, times = np.unique(flat, axis=0, return_counts=True)
    ess = np.full(len(sd), len(flat) ** 2 / float(times @ times))
    return {
        "ess_bulk": ess,
        "ess_tail": ess,
        "r_hat": np.full(len(sd), np.nan),
        "mcse_mean": sd / np.sqrt(ess),
        "mcse_sd": sd / np.sqrt(2.0 * ess),
    }


def _of_chains(posterior: PosteriorDraws, draws: Floats, sd: Floats) -> dict[str, Floats]:
    """Diagnostics of the chains as sampled, before any resampling.

    Monte Carlo errors are computed as in ArviZ: sd / sqrt(n) for the mean and, for sd, the error of
    the mean of squares by the delta method (Kenney & Keeping 1951, section 7.8), each with its own
    effective sample size n.
    """
    chains = Chains(_rows(posterior, posterior.parameters_as_sampled)[1], posterior.draws)
    warn(of_columns(posterior), stacklevel=5)
    columns = {
        "ess_bulk": chains.ess(method="bulk"),
        "ess_tail": chains.ess(method="tail", prob=THRESHOLDS.tails),
        "r_hat": chains.r_hat(),
    }
    if len(chains.regions) > 1:
        columns["r_hat_within_modes"] = chains.r_hat_within_modes()
    middle = draws.mean(axis=(1, 2), keepdims=True)
    square = (draws - middle) ** 2
    variance = square.mean(axis=(1, 2))
    spread = ((square**2).mean(axis=(1, 2)) - variance**2) / variance
    of_square = chains.ess((chains.values - middle) ** 2, method="mean")
    columns["mcse_mean"] = sd / np.sqrt(chains.ess(method="mean"))
    columns["mcse_sd"] = 0.5 * np.sqrt(spread / of_square)
    return columns


def _rows(posterior: PosteriorDraws, of: SegmentDraws) -> tuple[list[str], Floats]:
    """Names as in ArviZ, and draws (row, chain, draw), of all free parameters."""
    rows = list(parameters_of(posterior, of))
    return [row.label for row in rows], np.stack([row.draws for row in rows])


def of_columns(posterior: PosteriorDraws) -> list[Diagnostic]:
    """Why columns of diagnostics are missing, or differ from ArviZ's."""
    draws = posterior.draws
    if draws.method == "laplace":
        values = {"khat": draws.khat, "max_khat": ImportanceSettings.good_khat}
        return [Diagnostic("independent_draws", values=values)]
    return [Diagnostic("one_chain")] if draws.n_chains == 1 else []
