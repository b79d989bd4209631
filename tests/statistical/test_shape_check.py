"""The check of shapes flags what is not Gaussian, and hardly anything else.

A reduced version of ``benchmarks/shape_check.py``.
"""

import warnings
from itertools import islice

import pytest
from shape_check import gaussian_table, shaped_table

from bayes_gmm import BayesGMM, ShapeWarning

pytestmark = pytest.mark.slow


def is_flagged(X, K, sample_weight=None):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ShapeWarning)
        model = BayesGMM(K, n_init=4, random_state=0).fit(X, sample_weight=sample_weight)
    return bool(model.shape_check_.flagged)


@pytest.mark.parametrize(
    ("shape", "least"),
    [("lognormal(.8)", 9), ("t(4)", 9), ("multivariate t(4)", 9), ("uniform", 8), ("banana", 9)],
)
def test_tables_with_two_segments_of_a_shape_are_flagged(shape, least):
    assert sum(is_flagged(shaped_table(shape, 200, 2, seed), 2) for seed in range(10)) >= least


def test_gaussian_tables_are_not():
    tables = (gaussian_table(seed) for seed in range(1000, 1200))
    small = ((X, K, w) for X, K, w, about in tables if K <= 3 and about["n"] <= 500)
    assert sum(is_flagged(X, K, weights) for X, K, weights in islice(small, 20)) <= 1
