"""Scores of skewness and kurtosis are standard normal for Gaussian samples, and invertible."""

import numpy as np
import pytest
from scipy import stats

from bayes_gmm.results.shape.normality import (
    kurtosis_quantile,
    kurtosis_score,
    skewness_quantile,
    skewness_score,
)


@pytest.fixture(scope="module")
def samples():
    return np.random.default_rng(0).normal(size=(200, 60))


def test_scores_in_one_dimension_are_those_of_scipy(samples):
    n = np.full(len(samples), 60.0)
    skewness, kurtosis = stats.skew(samples, axis=1), stats.kurtosis(samples, axis=1, fisher=False)
    expected = stats.skewtest(samples, axis=1).statistic
    np.testing.assert_allclose(skewness_score(skewness, n), expected, rtol=1e-10)
    expected = stats.kurtosistest(samples, axis=1).statistic
    np.testing.assert_allclose(kurtosis_score(kurtosis, n), expected, rtol=1e-10)


@pytest.mark.parametrize("d", [1, 3, 20])
@pytest.mark.parametrize("score", [-4.0, 0.0, 4.0])
def test_quantiles_invert_scores(score, d):
    n = np.array([30.0 + d, 5000.0])
    found = kurtosis_score(kurtosis_quantile(score, n, d), n, d)
    np.testing.assert_allclose(found, score, atol=1e-8)
    np.testing.assert_allclose(skewness_score(skewness_quantile(score, n), n), score, atol=1e-8)


@pytest.mark.parametrize(("n", "d"), [(30, 2), (60, 5), (100, 10)])
def test_the_kurtosis_of_several_features_is_normal_after_scoring(n, d):
    y = np.random.default_rng(1).normal(size=(2000, n, d))
    y -= y.mean(axis=1, keepdims=True)
    S = np.einsum("rni,rnj->rij", y, y) / n
    square = np.einsum("rni,rij,rnj->rn", y, np.linalg.inv(S), y, optimize=True)
    score = kurtosis_score(3.0 / (d * (d + 2)) * (square**2).mean(axis=1), np.full(2000, n), d)
    assert abs(score.mean()) < 0.1
    assert score.std() == pytest.approx(1.0, abs=0.06)
    assert (np.abs(score) > 2.576).mean() < 0.02  # nominal .01; standard error .002
