"""Odd weights: as many copies of the row, or refused by row and figure."""

from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse
from odd_tables import assert_refused, assert_same_answer, clean, clean_frame, quick

from bayes_gmm.errors import DataWarning

COUNTS = np.tile([1.0, 3.0], 20)
SAME = {
    "list": COUNTS.tolist(),
    "integers": COUNTS.astype(np.uint8),
    "half precision": COUNTS.astype(np.float16),
    "read-only big-endian": np.frombuffer(COUNTS.astype(">f8").tobytes(), dtype=">f8"),
    "every other of more": np.repeat(COUNTS, 2)[::2],
    "decimals": [Decimal(str(count)) for count in COUNTS],
    "series with labels": pd.Series(COUNTS, index=range(40, 0, -1)),
    "nullable": pd.Series(COUNTS).astype("Int64"),
    "polars": pl.Series(COUNTS),
    "arrow": pa.array(COUNTS),
    "masked, with nothing masked": np.ma.MaskedArray(COUNTS),
}


@pytest.fixture(scope="module")
def X():
    return clean()


@pytest.mark.parametrize("weights", SAME.values(), ids=SAME.keys())
def test_weights_of_any_type_are_copies(weights, X):
    copied = np.repeat(X, COUNTS.astype(int), axis=0)
    assert_same_answer(quick(X, 2, weights), quick(copied), rtol=1e-6)


def test_weights_of_zero_are_absence(X):
    table = np.r_[X, [[1e140, -1e140]]]
    assert_same_answer(quick(table, 2, np.r_[np.ones(40), 0.0]), quick(X), rtol=1e-8)
    assert_same_answer(quick(X, 2, np.arange(40) % 3 > 0), quick(X[np.arange(40) % 3 > 0]))


@pytest.mark.parametrize("weight", [1e-300, 1e-8, 1e12])
@pytest.mark.filterwarnings("ignore:.*(fewer than|coincide):bayes_gmm.errors.DataWarning")
def test_the_weight_of_all_may_be_small_or_large(weight, X):
    model = quick(X, 2, np.full(40, weight))
    assert np.isfinite(model.means_).all()
    np.testing.assert_allclose(model.weights_, 0.5, atol=0.02)


@pytest.mark.filterwarnings("ignore:.*cannot be estimated:bayes_gmm.errors.DataWarning")
def test_one_row_may_hold_nearly_everything(X):
    with pytest.warns(DataWarning, match="'x1' is 0.125 in > 99.9 % of the rows"):
        model = quick(X, 2, np.r_[1e9, np.ones(39)])
    assert np.isfinite(model.covariances_).all()
    assert model.weights_[0] > 0.999
    np.testing.assert_allclose(model.means_[0], X[0], atol=0.1)


def at_row(weight, row=4):
    weights = np.ones(40)
    weights[row] = weight
    return weights


REFUSED = {
    "negative": (at_row(-2.5), "sample_weight is -2.5 in row 5", "at least 0"),
    "next to nothing below zero": (at_row(-5e-324), "sample_weight is -4.94066e-324 in row 5"),
    "NaN": (at_row(np.nan), "sample_weight is nan in row 5"),
    "infinite": (at_row(np.inf, 39), "sample_weight is inf in row 40"),
    "None": ([None] * 40, "sample_weight is nan in row 1"),
    "missing": (pd.Series([1, pd.NA] * 20, dtype="Int64"), "sample_weight is nan in row 2"),
    "masked": (np.ma.masked_equal(at_row(9.0), 9.0), "sample_weight is nan in row 5"),
    "all zero": (np.zeros(40), "sample_weight is zero in all 40 rows"),
    "zero for all": (0, "sample_weight is zero in all 40 rows"),
    "negative for all": (-1.0, "sample_weight is -1 in row 1"),
    "everything on one row": (np.eye(40)[3], "1 usable row (n_samples=1)"),
    "everything on two": (np.eye(40)[[3, 8]].sum(axis=0), "n_samples=2", "n_components=3"),
    "beyond counting": (np.full(40, 1e300), "sums to 4e+301 rows", "9.01e+15"),
    "too few": ([1, 2, 3], "sample_weight has 3 values for 40 rows"),
    "a column": (np.ones((40, 1)), "shape (40, 1) for 40 rows"),
    "a frame": (pd.DataFrame({"w": np.ones(40)}), "shape (40, 1) for 40 rows"),
    "ragged": ([[1.0], [2.0, 3.0]], "sample_weight holds lists"),
    "text": ("Copies", "sample_weight is not numeric"),
    "texts": (["1"] * 40, "sample_weight is not numeric"),
    "dates": (pd.date_range("2020", periods=40), "sample_weight is not numeric", "datetime64"),
    "complex": (np.ones(40) + 0j, "sample_weight is not numeric", "complex128"),
    "sparse": (scipy.sparse.csr_array(np.ones((1, 40))), "sample_weight is not numeric"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_weights_refused(case, X):
    weights, *words = REFUSED[case]
    assert_refused(lambda: quick(X, 3, weights), *words)


def test_a_column_that_varies_in_rows_of_no_weight_only(X):
    table = clean_frame(b=at_row(2.0))
    assert_refused(
        lambda: quick(table, 2, at_row(0.0)), "column 'b' is constant: it is 1 in all 39 rows"
    )


@pytest.mark.parametrize("method", ["score", "bic", "aic", "icl"])
@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (at_row(-1.0), "sample_weight is -1 in row 5"),
        ([1.0], "sample_weight has 1 values for 40 rows"),
        (np.zeros(40), "sample_weight is zero in all 40 rows"),
    ],
)
def test_weights_refused_by_scores(method, weights, message, X, clean_model):
    assert_refused(lambda: getattr(clean_model, method)(X, sample_weight=weights), message)
