"""Copies and near-copies of rows, against what chance and rounding explain."""

import numpy as np
import pytest

from bayes_gmm.data.checks.check_table import check_table


def found(X):
    return {f.code: f for f in check_table(X)}


@pytest.mark.parametrize("d", [2, 3, 5])
@pytest.mark.parametrize("n_copies", [6, 12])
@pytest.mark.parametrize("jitter", [1e-6, 1e-3])
def test_a_group_of_near_copies_is_found(d, n_copies, jitter):
    for seed in range(3):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(200, d)) * 10.0 ** np.arange(d)
        X[:n_copies] = X[0] + jitter * rng.normal(size=(n_copies, d)) * 10.0 ** np.arange(d)
        finding = found(X)["near_copies"]
        assert finding.values["rows"] == n_copies
        assert finding.values["groups"] == 1
        assert finding.values["within"] < 10.0 * jitter
        assert f"{n_copies} rows ({100 * n_copies / 200:g} %) are near-copies" in str(finding)


def test_a_table_that_was_stacked_on_itself_with_noise():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3))
    finding = found(np.concatenate([X, X + 1e-4 * rng.normal(size=X.shape)]))["near_copies"]
    assert finding.values["rows"] == 600
    assert (finding.values["groups"], finding.values["largest"]) == (300, 2)


def test_near_copies_that_agree_in_a_coarse_column():
    rng = np.random.default_rng(1)
    X = np.column_stack([rng.normal(45, 15, 400).round(), rng.normal(size=(400, 2))])
    X[:8] = X[0]
    X[:8, 1:] += 1e-4 * rng.normal(size=(8, 2))
    assert found(X)["near_copies"].values["rows"] == 8


@pytest.mark.parametrize("decimals", [None, 2, 1, 0])
def test_rounded_and_plain_tables_have_no_near_copies(decimals):
    for seed in range(6):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(1000, 2 + seed % 3)) @ np.triu(np.full((2 + seed % 3,) * 2, 0.7))
        X[:300] = 0.2 * X[:300] + 4.0  # a segment that is denser
        assert found(X if decimals is None else X.round(decimals)).keys() <= {"coarse"}


def test_rows_with_zeros_are_no_near_copies():
    rng = np.random.default_rng(2)
    X = rng.normal(50.0, 10.0, (600, 2))
    X[:250, 0] = 0.0
    assert set(found(X)) == {"atom"}


def test_few_exact_copies_of_a_row_with_decimals_are_found():
    X = np.random.default_rng(3).normal(size=(2000, 3)).round(4)
    X[:5] = X[0]
    assert found(X)["duplicates"].values["rows"] == 4


@pytest.mark.parametrize("n_rows", [400, 4000])
def test_rows_that_rounding_makes_equal_are_no_copies(n_rows):
    X = np.random.default_rng(4).normal(size=(n_rows, 2)) * [5.0, 8.0]
    assert len(np.unique(X.round(), axis=0)) < 0.95 * n_rows
    assert "duplicates" not in found(X.round())
