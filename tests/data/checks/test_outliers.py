"""Outliers and long tails, each where it is the one and not the other."""

import numpy as np
import pytest

from bayes_gmm.data.checks.check_table import check_table


def found(x):
    return {f.code: f for f in check_table(np.asarray(x)[:, None])}


def test_one_income_of_666666_among_normal_ones_is_an_outlier():
    income = np.random.default_rng(0).normal(40_000.0, 9_000.0, 2200).round(-2)
    income[5] = 666_666.0
    findings = found(income)
    assert list(findings) == ["outliers"]
    assert findings["outliers"].values["rows"] == 1.0
    assert findings["outliers"].values["furthest"] == 666_666.0
    assert "666666" in str(findings["outliers"])


@pytest.mark.parametrize("sigma", [0.7, 1.0, 1.5])
def test_a_long_tail_is_no_set_of_outliers(sigma):
    for seed in range(5):
        x = np.random.default_rng(seed).lognormal(3.0, sigma, 2000)
        assert list(found(x)) == ["skewed"]


def test_an_outlier_beyond_a_long_tail_is_named_beside_it():
    x = np.random.default_rng(1).lognormal(10.0, 0.8, 1000)
    tail = found(x)["skewed"].values["skewness"]
    x[3] = 1e12
    findings = found(x)
    assert sorted(findings) == ["outliers", "skewed"]
    assert findings["outliers"].values["furthest"] == 1e12
    assert findings["outliers"].values["scale"] == "log"
    assert findings["skewed"].values["skewness"] == pytest.approx(tail, rel=0.01)


@pytest.mark.parametrize("n_negative", [1, 3, 20])
def test_a_few_negative_cells_do_not_hide_a_long_tail(n_negative):
    x = np.random.default_rng(2).lognormal(3.0, 1.0, 1000)
    x[:n_negative] *= -1.0
    findings = found(x)
    assert list(findings) == ["skewed"]
    assert findings["skewed"].values["negative"] == n_negative
    assert f"{n_negative} row" in str(findings["skewed"])


def test_skewness_of_rows_on_both_sides_of_zero_has_no_logarithm():
    x = np.random.default_rng(3).lognormal(3.0, 1.0, 1000) - 15.0
    assert "skewed" not in found(x)


def test_a_wide_segment_is_no_set_of_outliers():
    rng = np.random.default_rng(4)
    for _ in range(5):
        x = np.where(rng.random(3000) < 0.03, rng.normal(0.0, 6.0, 3000), rng.normal(size=3000))
        assert found(x) == {}
