"""`Loo`: the result of leave-one-out cross-validation."""

from __future__ import annotations

from dataclasses import dataclass, field

from bayes_gmm.data.rows import Floats, Integers


@dataclass(frozen=True, eq=False)
class Loo:
    r"""Result of leave-one-out cross-validation; a higher elpd is better.

    Attributes
    ----------
    elpd : float
        Expected log pointwise predictive density, in the user's units, summed over rows.
    se : float
        Standard error of elpd for a random sample of rows: sqrt(W / (W - 1) sum_i w_i (elpd_i -
        mean)^2), with W the sum of the weights. The difference between two models of the same rows
        has a much smaller error.
    p_loo : float
        Effective number of parameters: the decrease of log densities when rows are left out.
    n_rows : float
        Total weight of the rows with at least one observed cell.
    n_high_k : int
        Number of rows whose Pareto shape is above `good_k`, so that their elpd is unreliable.
    subsample_se : float
        Standard error of elpd due to subsampling of rows; 0 without subsampling.
    good_k : float
        min(1 - 1 / log10 S, 0.7) for S draws (Vehtari et al. 2024).
    relative_efficiency : float
        Effective sample size of the likelihoods, relative to the number of draws.
    pareto_k : ndarray, shape (m,)
        Pareto shapes of the evaluated rows; NaN if the density is the same in all draws.
    elpd_i : ndarray, shape (m,)
        log p(x_i | x_-i) of the evaluated rows, without row weights.
    rows : ndarray of int, shape (m,)
        Positions of the evaluated rows: all rows, or a simple random sample.
    row_weights : ndarray, shape (n,)
        Weights of all rows with positive weight and at least one observed cell.

    Notes ----- A row of weight w counts as w copies. One copy is left out at a time, and the other
    w - 1 stay. A row of weight below 1 is left out as a whole: r = p(x_i | theta)^-min(w, 1).

    If there are many rows, the sum is estimated from m of n rows and the log densities
    :math:`\ell_i` of all rows at the MAP (Magnusson, Vehtari, Jonasson & Andersen 2020):

    .. math:: \sum_{i=1}^n \omega_i \ell_i + \tfrac n m \sum_{i \in S} \omega_i
        (\mathrm{elpd}_i - \ell_i), \quad \text{with the variance } n^2 (1 - m / n) s^2 / m,

    with s^2 the variance of the terms of the second sum.

    Examples
    --------
    >>> import bayes_gmm as bg
    >>> X = bg.datasets.load_customers().table[["Annual income (k$)", "Spending score"]]
    >>> model = bg.BayesGMM(n_components=5, n_init=4, random_state=0).fit(X)
    >>> posterior = model.sample_posterior(draws=200, chains=2, random_state=0, progress=False)
    >>> loo = posterior.loo()
    >>> loo.elpd < model.log_likelihood_, 10 < loo.p_loo < 40, loo.subsample_se
    (True, True, 0.0)
    """

    elpd: float
    se: float
    p_loo: float
    n_rows: float
    n_high_k: int
    subsample_se: float
    good_k: float
    relative_efficiency: float
    pareto_k: Floats = field(repr=False)
    elpd_i: Floats = field(repr=False)
    rows: Integers = field(repr=False)
    row_weights: Floats = field(repr=False)
