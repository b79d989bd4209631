"""Odd values: fitted right, or refused by column, row and figure."""

import numpy as np
import pandas as pd
import pytest
from odd_tables import (
    assert_groups_found,
    assert_refused,
    assert_same_answer,
    clean,
    clean_frame,
    quick,
)

from bayes_gmm import BayesGMM
from bayes_gmm.errors import DataWarning


@pytest.fixture(scope="module")
def X():
    return clean()


@pytest.mark.parametrize("unit", [1e-140, 1e-12, 1e12, 1e140])
def test_units_at_the_ends_of_floating_point(unit, X, clean_model):
    model = quick(X * [1.0, unit])
    np.testing.assert_allclose(model.means_, clean_model.means_ * [1.0, unit], rtol=1e-6)
    np.testing.assert_allclose(
        model.predict_proba(X * [1.0, unit]), clean_model.predict_proba(X), atol=1e-9
    )


@pytest.mark.parametrize("far", [1e6, -1e9, 1e12])
def test_a_column_far_from_zero(far, X, clean_model):
    """To as many digits as the table has left."""
    shift = np.array([0.0, far])
    model = quick(X + shift)
    lost = 1e-14 * abs(far)
    np.testing.assert_allclose(model.means_, clean_model.means_ + shift, atol=1e-6 + lost)
    assert_groups_found(model, X + shift)


def zeros(value):
    X = clean()
    X[3, 1] = value
    return X


@pytest.mark.parametrize("nothing", [-0.0, 5e-324, -1e-310])
def test_next_to_nothing_is_nothing(nothing):
    assert_same_answer(quick(zeros(nothing)), quick(zeros(0.0)))


def with_third(column):
    return np.c_[clean(), column(clean())]


ODD = {
    "a copy of a column": lambda X: X[:, 0],
    "a column turned round": lambda X: 3.0 - 2.0 * X[:, 0],
    "a sum": lambda X: X.sum(axis=1),
    "nearly a copy": lambda X: X[:, 0] + 1e-9 * X[:, 1],
    "a copy in another unit": lambda X: 1e100 * X[:, 0],
    "two values": lambda X: X[:, 0] > 3.0,
    "ties": lambda X: X[:, 0].round(),
    "half of it missing": lambda X: np.where(np.arange(40) % 2, X[:, 1], np.nan),
    "observed twice": lambda X: np.r_[5.0, 6.0, np.full(38, np.nan)],
    "never observed with the first": lambda X: X[:, 1],
}


@pytest.mark.filterwarnings("ignore:.*cannot be estimated:bayes_gmm.errors.DataWarning")
@pytest.mark.parametrize("column", ODD.values(), ids=ODD.keys())
def test_groups_are_found_beside_an_odd_column(column):
    table = with_third(column)
    if column is ODD["never observed with the first"]:
        table[::2, 0] = np.nan
        table[1::2, 2] = np.nan
    assert_groups_found(quick(table), table)


@pytest.mark.filterwarnings("ignore:.*(fewer than|coincide):bayes_gmm.errors.DataWarning")
@pytest.mark.filterwarnings("ignore::bayes_gmm.ShapeWarning")  # fewer segments than groups
def test_the_one_row_of_a_value_is_a_segment(X):
    """To the density it is as far from the others as a row can be."""
    table = np.c_[X, np.arange(40) == 7]
    labels = BayesGMM(2, random_state=0).fit(table).predict(table)
    assert np.flatnonzero(labels).tolist() == [7]


def test_a_row_with_nothing_in_it_belongs_by_the_shares(X):
    table = np.r_[X, [[np.nan, np.nan]]]
    model = quick(table)
    assert_groups_found(model, table)
    np.testing.assert_allclose(model.predict_proba(table)[-1], model.weights_, atol=1e-12)


def test_copies_of_rows_count_as_weights_do(X):
    assert_same_answer(quick(np.repeat(X, 2, axis=0)), quick(X, 2, np.full(40, 2.0)), rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(("n", "d", "K"), [(8, 20, 2), (3, 25, 1), (2, 1, 2), (5, 5, 5)])
@pytest.mark.filterwarnings("ignore:.*(fewer than|coincide):bayes_gmm.errors.DataWarning")
def test_fewer_rows_than_anything(n, d, K):
    table = np.random.default_rng(0).normal(size=(n, d))
    model = quick(table, K)
    assert np.isfinite(model.log_posterior_)
    np.testing.assert_allclose(model.predict_proba(table).sum(axis=1), 1.0)


@pytest.mark.parametrize("n_zeros", [20, 36])
@pytest.mark.filterwarnings("ignore::bayes_gmm.ShapeWarning")  # fewer segments than groups
def test_zeros_are_warned_of_with_column_and_share(n_zeros, X):
    spend = np.where(np.arange(40) < n_zeros, 0.0, X[:, 1] + np.arange(40) / 64.0)
    with pytest.warns(DataWarning, match=rf"column 'b' is 0 in {2.5 * n_zeros:g} % of the rows"):
        model = quick(clean_frame(b=spend))
    assert np.isfinite(model.predict_proba(clean_frame(b=spend))).all()


def one_cell(value, row=6):
    X = clean()
    X[row, 1] = value
    return X


LARGEST = np.finfo(float).max
REFUSED = {
    "inf": (lambda: one_cell(np.inf), "column 'x2' is infinite in row 7"),
    "-inf": (lambda: one_cell(-np.inf, 39), "column 'x2' is infinite in row 40"),
    "1e300": (lambda: one_cell(1e300), "column 'x2' runs from", "to 1e+300"),
    "largest and its negative": (
        lambda: np.array([[1.0, LARGEST], [2.0, -LARGEST]]),
        "column 'x2' runs from -1.79769e+308 to 1.79769e+308",
    ),
    "all 1e300": (lambda: clean() * [1.0, 1e300], "column 'x2' runs from", "another unit"),
    "all denormal": (lambda: clean() * [1.0, 1e-310], "column 'x2' runs from", "e-310"),
    "long double beyond double": (
        lambda: np.array([[1, 2], [np.longdouble("1e4000"), 3]]),
        "column 'x1' is infinite in row 2",
    ),
    "an integer beyond double": (
        lambda: clean_frame(b=pd.Series([10**400] * 40, dtype=object)),
        "column 'b' is not numeric: row 1 holds 1000000",
    ),
    "too far to vary": (
        lambda: clean_frame(b=clean()[:, 1] + 1e17),
        "column 'b' is constant: it is 1e+17 in all 40 rows",
    ),
    "constant": (lambda: clean_frame(b=-7.5), "column 'b' is constant: it is -7.5 in all 40 rows"),
    "constant but for rounding": (
        lambda: clean_frame(b=[0.1 + 0.2, 0.3] * 20),
        "column 'b' is constant: it is 0.3 in all 40 rows",
    ),
    "all missing": (lambda: clean() * np.nan, "column 'x1' is missing in all 40 rows"),
    "a column missing": (lambda: clean_frame(b=np.nan), "column 'b' is missing in all 40 rows"),
    "observed once": (
        lambda: clean_frame(b=[5.0] + [np.nan] * 39),
        "column 'b' is constant: it is 5 in 1 of 40 rows and missing in the rest",
    ),
    "one row": (lambda: clean()[:1], "1 usable row (n_samples=1)", "column 'x1' cannot vary"),
    "the same row thrice": (lambda: clean()[[0, 0, 0]], "column 'x1' is constant", "all 3 rows"),
    "two rows thrice, for three": (
        lambda: clean()[[0, 1] * 3],
        "2 distinct rows, fewer than n_components=3; use at most 2",
    ),
    "no rows": (lambda: clean_frame().iloc[:0], "X has 0 rows"),
    "no columns": (lambda: clean_frame()[[]], "X has 0 feature(s)"),
    "100,000 columns": (
        lambda: np.random.default_rng(0).random((3, 100_000)),
        "the table has 100000 columns", "choose at most 1825 columns",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_values_that_cannot_be_fitted(case):
    make, *words = REFUSED[case]
    assert_refused(lambda: quick(make(), 3), *words)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "score_samples", "score", "bic"])
@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([[0.0, 0.0], [np.inf, 0.0]], ("column 'x1' is infinite in row 2",)),
        ([[0.0, -1e160]], ("column 'x2' is -1e+160 in row 1", "zero in floating point")),
        ([[0.0]], ("X has 1 features", "2 features", "x1, x2")),
        (np.empty((0, 2)), ("X has 0 rows",)),
        ([0.0, 0.0], ("X has one dimension with 2 values",)),
        ([["a", "b"]], ("column 'x1' is not numeric: row 1 holds 'a'",)),
    ],
    ids=["infinite", "far", "columns", "empty", "one row", "text"],
)
def test_rows_that_have_no_density(method, rows, words, clean_model):
    assert_refused(lambda: getattr(clean_model, method)(rows), *words)


@pytest.mark.parametrize("far", [1e3, 1e10, -1e100, 1e149])
def test_rows_far_out_have_probabilities(far, clean_model):
    with pytest.warns(DataWarning) as caught:
        probabilities = clean_model.predict_proba([[far, far], [far, np.nan]])
    assert caught[0].message.diagnostic.code == "rows_beyond"
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)
    assert np.isfinite(clean_model.score_samples([[far, far]])).all()
