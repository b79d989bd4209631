r"""Leave-one-out cross-validation of a posterior, without refitting.

The predictive accuracy for a new row is measured by the sum of the log densities of each row given
all the others,

.. math:: \mathrm{elpd} = \sum_i \omega_i \log p(x_i \mid x_{-i}), \quad
    p(x_i \mid x_{-i}) \approx \frac{\sum_s r_{is}\, p(x_i \mid \theta_s)}{\sum_s r_{is}}, \quad
    r_{is} = 1 / p(x_i \mid \theta_s),

where :math:`\theta_s` are draws of the posterior of all rows, :math:`p(x_i \mid \theta_s)` is the
mixture density of a row, and the ratios r are smoothed by a generalised Pareto distribution
(PSIS-LOO: Vehtari, Gelman & Gabry 2017; Vehtari, Simpson, Gelman, Yao & Gabry 2024).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import logsumexp

from bayes_gmm.data.rows import Floats, Integers
from bayes_gmm.data.subsample import at_equal_steps
from bayes_gmm.errors import FitError
from bayes_gmm.inference.sampling.draws import thinning
from bayes_gmm.results.checks import check_count, generator
from bayes_gmm.results.posterior.convergence import Chains
from bayes_gmm.results.posterior.loo_result import Loo
from bayes_gmm.results.posterior.membership import log_density_blocks
from bayes_gmm.results.posterior.observed_data import Observed, observed

if TYPE_CHECKING:
    from bayes_gmm.results.posterior.draws import PosteriorDraws


@dataclass(frozen=True)
class LooSettings:
    """Numbers of rows and draws to use."""

    most_rows: int = 2000
    """Default maximum number of rows, which takes a few seconds."""
    most_draws: int = 4000
    """Approximate maximum number of draws; longer chains are thinned."""
    fewest_draws: int = 25
    """Minimum number of draws: the Pareto distribution is fitted to a fifth, at least five."""
    constant: float = 1e-10
    """Differences of log densities below this are treated as zero."""
    efficiency_rows: int = 100
    """Number of rows used to estimate the relative efficiency of autocorrelated draws."""


SETTINGS = LooSettings()


def leave_one_out(
    posterior: PosteriorDraws, X: Any, sample_weight: Any, max_rows: int | None, random_state: Any
) -> Loo:
    """See `Posterior.loo`."""
    rows = observed(posterior, X, sample_weight)
    n = rows.n_rows
    m = min(n, SETTINGS.most_rows if max_rows is None else check_count("max_rows", max_rows))
    rng = generator(posterior.draws.seed if random_state is None else random_state)
    chosen = np.arange(n) if m == n else np.sort(rng.choice(n, m, replace=False))
    step = thinning(posterior.draws.mode.size, SETTINGS.most_draws)
    theta = posterior.draws.theta[:, ::step]
    n_draws = theta.shape[0] * theta.shape[1]
    if n_draws < (least := SETTINGS.fewest_draws):
        raise FitError(f"loo needs at least {least} draws, got {n_draws}; sample more")
    looked_at = rows.only(chosen)
    efficiency, weights = relative_efficiency(posterior, looked_at, step), looked_at.weights
    elpd_i, lpd_i, k = np.empty(m), np.empty(m), np.empty(m)
    for some, log_p in log_density_blocks(posterior, looked_at.matrix, theta):
        elpd_i[some], k[some] = left_out(log_p, weights[some], efficiency)
        lpd_i[some] = logsumexp(log_p, axis=1) - math.log(n_draws)
    good_k = min(1.0 - 1.0 / math.log10(n_draws), 0.7)
    elpd, se, subsample_se = _summed(posterior, rows, chosen, elpd_i)
    return Loo(
        elpd, se, float(n / m * weights @ (lpd_i - elpd_i)), float(rows.weights.sum()),
        int(np.sum(k > good_k)), subsample_se, good_k, efficiency, k, elpd_i, chosen,
        rows.weights,
    )  # fmt: skip


def left_out(log_p: Floats, weights: Floats, efficiency: float = 1.0) -> tuple[Floats, Floats]:
    """log p(x_i | x_-i) of rows, and the Pareto shapes of their importance ratios.

    Parameters
    ----------
    log_p : ndarray, shape (n_rows, n_draws)
        log p(x_i | theta_s).
    weights : ndarray, shape (n_rows,)
    efficiency : float
        Effective sample size per draw.

    Examples
    --------
    >>> log_p = np.random.default_rng(0).normal(-2.0, 0.1, size=(1, 4000))
    >>> elpd, k = left_out(log_p, np.ones(1))
    >>> bool(abs(elpd[0] + 2.005) < 0.01), bool(k[0] < 0.3)
    (True, True)
    """
    from arviz_stats.base import array_stats  # type: ignore[attr-defined]

    elpd, k = np.empty(len(log_p)), np.empty(len(log_p))
    powers = np.minimum(weights, 1.0)
    for i, (row, power) in enumerate(zip(log_p, powers, strict=True)):
        if np.ptp(row) < SETTINGS.constant:
            elpd[i], k[i] = row[0], math.nan
            continue
        try:
            with np.errstate(divide="ignore", invalid="ignore"):
                log_r, k[i] = array_stats.psislw(power * row, efficiency)
        except ValueError:
            k[i] = math.nan
        if math.isnan(k[i]) or np.isnan(log_r).any():
            # The largest ratios belong to a few repeated draws, so there is no tail to fit.
            log_r, k[i] = -power * row - logsumexp(-power * row), math.inf
        elpd[i] = logsumexp(log_r + row)
    return elpd, k


def relative_efficiency(posterior: PosteriorDraws, rows: Observed, step: int = 1) -> float:
    """Effective sample size per draw, averaged over the likelihoods of equally spaced rows.

    The chains as sampled are thinned. Rows are selected at equal distances in cumulative weight, so
    that copies of rows and row weights are equivalent.
    """
    sampled = posterior.draws.as_sampled.theta[:, ::step]
    upto = np.cumsum(rows.weights)
    chosen, times = at_equal_steps(upto, SETTINGS.efficiency_rows)
    some = rows.only(chosen)
    blocks = log_density_blocks(posterior, some.matrix, sampled)
    log_p = np.concatenate([part for _, part in blocks])
    varies = np.ptp(log_p, axis=1) >= SETTINGS.constant
    if not varies.any():
        return 1.0
    log_p = log_p[varies]
    p = np.exp(log_p - log_p.max(axis=1, keepdims=True)).reshape(-1, *sampled.shape[:2])
    ess = Chains(p, posterior.draws, step).ess(method="mean")
    return float(np.average(ess, weights=times[varies])) / p[0].size


def _summed(
    posterior: PosteriorDraws, rows: Observed, chosen: Integers, elpd_i: Floats
) -> tuple[float, float, float]:
    """The elpd of all rows, its standard error, and the standard error of subsampling."""
    n, m, weights = rows.n_rows, len(chosen), rows.weights
    total = float(weights.sum())
    if m == n:
        elpd, squares, variance = float(weights @ elpd_i), float(weights @ elpd_i**2), 0.0
    else:
        proxy = posterior.mixture.log_prob(rows.matrix)
        parts = weights[chosen] * (elpd_i - proxy[chosen])
        elpd = float(weights @ proxy + n * parts.mean())
        spread = weights[chosen] * (elpd_i**2 - proxy[chosen] ** 2)
        squares = float(weights @ proxy**2 + n * spread.mean())
        variance = n**2 * (1.0 - m / n) * float(parts.var(ddof=1)) / m if m > 1 else math.inf
    if total <= 1.0:
        return elpd, math.nan, math.sqrt(variance)
    about_mean = max(squares - (elpd**2 - variance) / total, 0.0)
    return elpd, math.sqrt(total / (total - 1.0) * about_mean), math.sqrt(variance)
