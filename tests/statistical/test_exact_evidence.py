"""The evidence of small tables against exact sums over all partitions of the rows."""

import math
import warnings
from itertools import product

import numpy as np
import pytest
from scipy import stats
from scipy.special import gammaln, logsumexp

import bayes_gmm as bg

pytestmark = pytest.mark.slow

LOG_SCALES = np.linspace(-7.0, 5.0, 481)
SCALE_MATRICES = np.exp(np.linspace(-9.0, 5.0, 141))
MEAN_SCALE, ALPHA = 3.0, 2.0
WISHART = bg.HierarchicalWishart(c0=1.5, g0=0.75, G0=2.0)


def rows(seed=0):
    rng = np.random.default_rng(seed)
    return np.r_[rng.normal(-2.0, 0.5, 4), rng.normal(1.5, 0.8, 4)]


def log_marginals(x, log_prior):
    """Of each subset of rows, for each prior over log scales: shape (2^N, n priors).

    The mean is integrated out in closed form, the log scale on a grid.
    """
    subsets = np.array(list(product([0, 1], repeat=len(x))))
    n, total, square = subsets.sum(axis=1), subsets @ x, subsets @ x**2
    v = np.exp(2.0 * LOG_SCALES)
    precision = n[:, None] / v + MEAN_SCALE**-2
    log_p = (
        -0.5 * n[:, None] * np.log(2.0 * math.pi * v)
        - 0.5 * square[:, None] / v
        - 0.5 * np.log(MEAN_SCALE**2 * precision)
        + 0.5 * (total[:, None] / v) ** 2 / precision
    )
    step = LOG_SCALES[1] - LOG_SCALES[0]
    return np.stack([logsumexp(log_p + p, axis=1) + np.log(step) for p in log_prior], axis=1)


def log_evidence(log_m, n_rows, K):
    """Sum over all allocations to K components, by convolution over subsets; one per prior."""
    index = np.arange(2**n_rows)
    n = np.array([i.bit_count() for i in index])
    of_one = log_m + (gammaln(ALPHA + n) - gammaln(ALPHA))[:, None]
    found = of_one
    for _ in range(K - 1):
        found = np.stack([
            logsumexp([found[T] + of_one[S ^ T] for T in index if T & S == T], axis=0)
            for S in index
        ])  # fmt: skip
    return found[-1] + gammaln(K * ALPHA) - gammaln(K * ALPHA + n_rows)


def exact(x, K, covariances):
    if isinstance(covariances, bg.LKJ):
        scales = covariances.scales
        log_prior = [stats.norm(np.log(1.0 / K), scales.spread).logpdf(LOG_SCALES)]
        return log_evidence(log_marginals(x, log_prior), len(x), K)[0]
    precision = np.exp(-2.0 * LOG_SCALES)
    log_prior = [
        stats.gamma(covariances.c0, scale=1.0 / C).logpdf(precision) + np.log(2.0 * precision)
        for C in SCALE_MATRICES
    ]
    given = log_evidence(log_marginals(x, log_prior), len(x), K)
    log_C = stats.gamma(covariances.g0, scale=1.0 / covariances.G0).logpdf(SCALE_MATRICES)
    step = np.log(SCALE_MATRICES[1] / SCALE_MATRICES[0])
    return logsumexp(given + log_C + np.log(SCALE_MATRICES)) + np.log(step)


@pytest.mark.parametrize("covariances", [bg.LKJ(), WISHART], ids=lambda c: type(c).__name__)
def test_bridge_sampling_finds_the_sum_over_all_partitions(covariances):
    x, numbers = rows(), [1, 2, 3]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # few rows: labels change places, segments are small
        compared = bg.compare(
            x[:, None], numbers, criteria=("evidence",), draws=1000, standardize=False,
            resolution=1e-6, random_state=0, progress=False,
            prior=bg.Prior(ALPHA, bg.Normal(0.0, MEAN_SCALE), covariances),
        )  # fmt: skip
    table = compared.table.set_index("n_components")
    for K in numbers:
        error = table.loc[K, "log_evidence_se"]
        assert error < 0.2
        assert abs(table.loc[K, "log_evidence"] - exact(x, K, covariances)) < 4.0 * error + 0.01


def test_the_sum_is_that_of_all_allocations_one_by_one():
    x = rows()[2:6]
    log_prior = [stats.norm(0.0, 0.75).logpdf(LOG_SCALES)]
    log_m = log_marginals(x, log_prior)[:, 0]
    terms = []
    for z in product(range(3), repeat=4):
        held = [[int(k == component) for k in z] for component in range(3)]
        subset = [int("".join(map(str, mask)), 2) for mask in held]
        n = np.sum(held, axis=1)
        weights = (gammaln(ALPHA + n) - gammaln(ALPHA)).sum() + gammaln(6.0) - gammaln(10.0)
        terms.append(log_m[subset].sum() + weights)
    assert log_evidence(log_m[:, None], 4, 3)[0] == pytest.approx(logsumexp(terms), rel=1e-10)
