"""Rows of totals are found at both ends of a table, and ordinary rows are not."""

import warnings

import numpy as np
import pytest

import bayes_gmm as bg
from bayes_gmm.data.checks.check_table import fit_findings
from bayes_gmm.data.feature_matrix import feature_matrix
from bayes_gmm.data.matrix import FeatureMatrix
from bayes_gmm.data.total_rows import total_row_findings


def found(values):
    matrix = FeatureMatrix(values, tuple("abc"[: values.shape[1]]))
    return [(finding.subject, finding.values["row"]) for finding in total_row_findings(matrix)]


def spend(n=40):
    return np.random.default_rng(0).lognormal(3.0, 1.0, (n, 2)).round(2)


def test_sums_in_the_first_or_last_row_are_found():
    X = spend()
    total = X.sum(axis=0)
    assert found(np.vstack([X, total])) == [(("a", "b"), 41)]
    assert found(np.vstack([total, X])) == [(("a", "b"), 1)]
    empty = np.full((2, 2), np.nan)  # such as a line with the source of the table
    assert found(np.vstack([empty, X, total, empty])) == [(("a", "b"), 43)]
    X[3, 1] = np.nan
    total = [np.nan, np.nansum(X[:, 1]).round(0)]
    assert found(np.vstack([X, [total]])) == []
    total[1] = np.nansum(X[:, 1]).round(2)
    assert found(np.vstack([X, [total]])) == [(("b",), 41)]


@pytest.mark.parametrize(
    "column",
    [[0.0] * 30, [1.0, 0.0, 0.0, 1.0], [3.0, 1.0, 1.0, 1.0], [np.nan] * 9, [5.0], [],
     np.linspace(-1.0, 1.0, 1001), np.append(np.linspace(-1.0, 1.0, 1000), 0.0),
     [1e308] * 9, [*range(1, 9), 35.0]],
)  # fmt: skip
def test_other_columns_have_no_row_of_totals(column):
    assert found(np.reshape(np.array(column, dtype=float), (-1, 1))) == []


def test_reading_checking_and_fitting_name_the_row_and_keep_it(tmp_path):
    X = spend()
    path = tmp_path / "spend.csv"
    lines = ["Customer,Web,Shop", *(f"C{i},{a},{b}" for i, (a, b) in enumerate(X))]
    path.write_text("\n".join([*lines, "Total,{:.2f},{:.2f}".format(*X.sum(axis=0))]))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        table = bg.read_table(path)
    assert len(table) == 41
    assert {w.message.diagnostic.code for w in caught} == {"left_out", "total_row"}
    finding = next(f for f in bg.check_table(path) if f.code == "total_row")
    assert (finding.subject, finding.values) == (("Web", "Shop"), {"row": 41})
    assert finding in fit_findings(feature_matrix(table), None)
