"""Codes for missing and atoms: found at any share, and not in ordinary columns."""

import numpy as np
import pytest

from bayes_gmm.data.checks.check_table import check_table
from bayes_gmm.data.checks.missing_codes import atoms_of, codes_of
from bayes_gmm.data.checks.profile import Profile


def codes(x):
    return [(code.value, code.rows) for code in codes_of(Profile.of("x", x))]


def ages(rng, n=2000):
    return rng.normal(45.0, 14.0, n).clip(18.0, 80.0).round()


@pytest.mark.parametrize("code", [999.0, -999.0, -1.0, 99999.0, 998.0, 0.0, 12345.0])
@pytest.mark.parametrize("n_coded", [3, 20, 90])
def test_a_far_value_that_rows_share_is_a_code_at_any_share(code, n_coded):
    x = ages(np.random.default_rng(1))
    x[:n_coded] = code
    [finding] = check_table(x[:, None])
    assert (finding.code, finding.subject) == ("missing_code", ("x1",))
    assert finding.values["fraction"] == n_coded / 2000
    assert finding.values["value"] == code
    assert finding.values["rows"] == n_coded
    assert finding.values["sds"] >= 1.0


def test_a_code_in_a_third_of_the_rows_is_no_atom():
    x = ages(np.random.default_rng(2))
    x[:700] = -999.0
    assert [f.code for f in check_table(x[:, None])] == ["missing_code"]


def test_several_codes_at_both_ends():
    x = ages(np.random.default_rng(3))
    x[:4], x[4:10], x[10:15] = 998.0, 999.0, -1.0
    assert codes(x) == [(-1.0, 5.0), (998.0, 4.0), (999.0, 6.0)]


def test_minus_one_beside_amounts_and_counts_is_a_code_however_near():
    rng = np.random.default_rng(4)
    spend = rng.lognormal(3.0, 1.0, 1000)
    spend[:20] = -1.0
    assert codes(spend) == [(-1.0, 20.0)]
    visits = rng.poisson(9.0, 1000).astype(float)
    visits[:20] = -1.0
    assert codes(visits) == [(-1.0, 20.0)]


def test_a_usual_code_within_the_range_must_be_more_frequent_than_any_other_value():
    x = np.random.default_rng(5).lognormal(7.0, 1.0, 1000)
    x[:12] = 999.0
    assert codes(x) == [(999.0, 12.0)]
    x[12:20] = 1234.0
    assert codes(x) == []


@pytest.mark.parametrize(
    "make",
    [
        lambda rng: rng.normal(size=2000),
        lambda rng: rng.normal(0.0, 3.0, 2000).round(),
        lambda rng: rng.normal(4.0, 2.0, 2000).round().clip(0.0),
        lambda rng: rng.poisson(0.5, 2000),
        lambda rng: np.floor(rng.lognormal(3.0, 1.5, 2000)),
        lambda rng: rng.integers(1, 100, 2000),
        lambda rng: rng.integers(0, 2, 2000),
        lambda rng: rng.choice([1.0, 2.0, 9.0], 2000, p=[0.7, 0.2, 0.1]),
        lambda rng: np.r_[rng.normal(90.0, 2.0, 60), rng.normal(size=1940)],
        lambda rng: rng.normal(50.0, 10.0, 2000).clip(40.0, 60.0),
    ],
    ids=["normal", "rounded", "near zero", "few counts", "tail", "scores", "two", "categories",
         "far group", "cut off"],
)  # fmt: skip
def test_these_columns_have_no_codes(make):
    for seed in range(10):
        assert codes(np.asarray(make(np.random.default_rng(seed)), dtype=float)) == []


def test_two_far_rows_are_outliers_and_no_code():
    x = ages(np.random.default_rng(6))
    x[:2] = 999.0
    assert [f.code for f in check_table(x[:, None])] == ["outliers"]


def test_many_zeros_are_an_atom_and_few_far_ones_a_code():
    x = np.random.default_rng(7).normal(120.0, 30.0, 1000).clip(44.0)
    x[:5] = 0.0
    assert codes(x) == [(0.0, 5.0)]
    x[:100] = 0.0
    assert codes(x) == []
    assert [atom.value for atom in atoms_of(Profile.of("x", x))] == [0.0]
