"""Intervals hold fixed true parameters: a short version of benchmarks/interval_coverage.py."""

import numpy as np
import pytest
from interval_coverage import Cell, covariance, outcome

import bayes_gmm as bg

pytestmark = pytest.mark.slow

CELLS = (
    Cell(1, 5, 50, "equal .95"),
    Cell(2, 2, 30, "equal .95"),
    Cell(2, 3, 30, "ar .9"),
    Cell(2, 5, 50, "equal .9", "reversed", "first"),
)
TABLES = 3


def test_intervals_hold_correlations_and_scales():
    """Nominal .94; averages of 12 tables have a standard error of about .04."""
    found = [outcome((cell, seed)) for cell in CELLS for seed in range(TABLES)]
    correlations, scales, means, _ = np.mean([held for held, _, _ in found], axis=0)
    assert min(correlations, scales, means) > 0.78
    for _, ari, best in found:
        assert ari > best - 0.02


def test_a_prior_that_shrinks_correlations_is_noticed():
    """LKJ((d + 3) / 2), under which few intervals hold correlations of .95."""
    shrinking = bg.Prior(covariances=bg.LKJ(4.0))
    held = [outcome((CELLS[0], seed), shrinking)[0][0] for seed in range(TABLES)]
    assert np.mean(held) < 0.6


@pytest.mark.parametrize("shape", ["equal .99", "pair .9", "ar .9"])
def test_true_covariances_are_proper(shape):
    assert np.linalg.eigvalsh(covariance(shape, 10)).min() > 0.0
