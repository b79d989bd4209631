"""A posterior in numbers: ArviZ's summary, segment by segment."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_gmm.data.rows import Floats, Integers
from bayes_gmm.errors import ConvergenceWarning

if TYPE_CHECKING:
    import pandas as pd

    from bayes_gmm.results.posterior import Posterior

TAILS = (0.05, 0.95)
"""Quantiles whose effective sample size is the tail's (Vehtari et al. 2021)."""
ONE_CHAIN = "R-hat compares chains, and there is one: it cannot be computed; sample 2 chains, or 4"
NO_CHAINS = "R-hat is for Markov chains; these draws are independent, and k-hat certifies them"
COUNTED = "the number of draws, less what proposals that were drawn more than once take from it"
FEWEST_DRAWS = 8
"""Draws of a mode in a chain below which they say nothing of convergence."""


def summary_table(posterior: Posterior, ci_prob: float, ci_kind: str) -> pd.DataFrame:
    """See `Posterior.summary`."""
    import pandas as pd

    labels, draws = _rows(posterior)
    with np.errstate(invalid="ignore"):  # R-hat of what never varies, such as one segment's weight
        columns = _columns(posterior, draws, ci_prob, ci_kind)
    return pd.DataFrame(columns, index=labels)


def _columns(
    posterior: Posterior, draws: Floats, ci_prob: float, ci_kind: str
) -> dict[str, Floats]:
    from arviz_stats.base.array import array_stats

    interval = array_stats.eti if ci_kind == "eti" else array_stats.hdi
    low, high = interval(draws, ci_prob, axis=(-2, -1)).T
    bounds = f"{ci_kind}{100 * ci_prob:g}"
    sd = draws.std(axis=(1, 2), ddof=1) if draws[0].size > 1 else np.full(len(draws), np.nan)
    found = {"mean": draws.mean(axis=(1, 2)), "sd": sd, f"{bounds}_lb": low, f"{bounds}_ub": high}
    if posterior.draws.method == "laplace":
        return {**found, **_of_independent(posterior, sd)}
    return {
        **found,
        "ess_bulk": array_stats.ess(draws, method="bulk"),
        "ess_tail": array_stats.ess(draws, method="tail", prob=TAILS),
        **_r_hats(posterior, draws),
        "mcse_mean": array_stats.mcse(draws, method="mean"),
        "mcse_sd": array_stats.mcse(draws, method="sd"),
    }


def _of_independent(posterior: Posterior, sd: Floats) -> dict[str, Floats]:
    """Diagnostics of independent proposals, of which some were drawn more than once.

    n draws of which the i-th proposal is n_i count as n^2 / sum_i n_i^2 (Kish 1965).
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


def _r_hats(posterior: Posterior, draws: Floats) -> dict[str, Floats]:
    """R-hat of all draws, and that of the draws of one mode where several are visited."""
    from arviz_stats.base.array import array_stats

    columns = {"r_hat": np.full(len(draws), np.nan)}
    if draws.shape[1] == 1:
        warnings.warn(ONE_CHAIN, ConvergenceWarning, stacklevel=5)
    else:
        columns["r_hat"] = array_stats.rhat(draws)
    if len(posterior.modes_visited) > 1:
        columns["r_hat_within_modes"] = _r_hat_within_modes(draws, posterior.draws.mode)
    return columns


def _r_hat_within_modes(draws: Floats, mode: Integers) -> Floats:
    """The largest R-hat of the draws of one mode, over modes: NaN where no mode has enough.

    A chain that has fewer than a tenth of the draws of the chain that has most is left out. A mode
    that one chain alone visits has the two halves of its draws compared.
    """
    from arviz_stats.base.array import array_stats

    worst = np.full(len(draws), np.nan)
    for m in np.unique(mode):
        counts = (mode == m).sum(axis=1)
        chains = np.flatnonzero(counts >= max(FEWEST_DRAWS, 0.1 * counts.max()))
        if not len(chains):
            continue
        n = int(counts[chains].min())
        of_mode = np.stack([draws[:, c, mode[c] == m][:, :n] for c in chains], axis=1)
        if len(chains) == 1:
            of_mode = of_mode[:, :, : n // 2 * 2].reshape(len(draws), 2, n // 2)
        worst = np.fmax(worst, array_stats.rhat(of_mode))
    return worst


def _rows(posterior: Posterior) -> tuple[list[str], Floats]:
    """Names as ArviZ writes them, and draws (row, chain, draw), of all that is free to vary."""
    labels, draws = zip(*_parameters(posterior), strict=True)
    return list(labels), np.stack(draws)


def _parameters(posterior: Posterior) -> Iterator[tuple[str, Floats]]:
    of, structure = posterior.parameters, posterior.fit.structure
    names, features = posterior.names, posterior.features
    d = len(features)
    for k, segment in enumerate(names):
        yield f"weights[{segment}]", of.weights[..., k]
    for k, segment in enumerate(names):
        for j, feature in enumerate(features):
            yield f"means[{segment}, {feature}]", of.means[..., k, j]
    by_segment = structure.scales.startswith("component")
    for k, segment in enumerate(names if by_segment else ["all"]):
        for j, feature in enumerate(features):
            yield f"scales[{segment}, {feature}]", of.scales[..., k, j]
    if structure.correlations == "none":
        return
    for k, segment in enumerate(names if structure.correlations == "component" else ["all"]):
        for i in range(d):
            for j in range(i + 1, d):
                label = f"correlations[{segment}, {features[i]}, {features[j]}]"
                yield label, of.correlations[..., k, i, j]


def notes(posterior: Posterior) -> dict[str, Any]:
    """What a reader of the summary must know, as attributes of the frame."""
    draws = posterior.draws
    found: dict[str, Any] = {}
    if draws.method == "laplace":
        found |= {"r_hat": NO_CHAINS, "ess": COUNTED, "khat": draws.khat}
    elif draws.theta.shape[0] == 1:
        found["r_hat"] = ONE_CHAIN
    return found
