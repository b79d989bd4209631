"""Bad weights and unfit tables are refused by name, with their numbers."""

import decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayes_gmm.data.feature_matrix import feature_matrix
from bayes_gmm.data.validate import check_fit, check_weights, count_distinct
from bayes_gmm.errors import DataError


@pytest.fixture
def rng():
    return np.random.default_rng(2)


@pytest.mark.parametrize(
    "weights",
    [
        [1, 0, 2],
        (1, 0, 2),
        np.array([1, 0, 2], dtype=np.int8),
        np.array([1, 0, 2], dtype=">f8"),
        pd.Series([1, 0, 2], index=[5, 6, 7]),
        pd.Series([1, 0, 2], dtype="Int64"),
        pl.Series([1, 0, 2]),
        [decimal.Decimal(1), decimal.Decimal(0), decimal.Decimal(2)],
    ],
)
def test_weights_of_any_make(weights):
    checked = check_weights(weights, n_rows=3)
    assert checked.dtype == np.float64
    assert checked.tolist() == [1.0, 0.0, 2.0]


def test_weights_that_are_read_only_need_no_kernels_of_their_own():
    weights = np.ones(3)
    weights.flags.writeable = False
    assert check_weights(weights, n_rows=3).flags.writeable
    assert check_weights(pd.Series([1.0, 2.0]), n_rows=2).flags.writeable


def test_no_weights_and_one_for_all():
    assert check_weights(None, n_rows=3) is None
    assert check_weights(2.5, n_rows=3).tolist() == [2.5, 2.5, 2.5]
    assert check_weights([True, False, True], n_rows=3).tolist() == [1.0, 0.0, 1.0]


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0, -2.5, -3.0], r"sample_weight is -2.5 in row 2; weights must be at least 0"),
        ([1.0, 2.0, np.nan], r"sample_weight is nan in row 3; weights must be finite"),
        ([np.inf, 2.0, 1.0], r"sample_weight is inf in row 1; weights must be finite"),
        ([0.0, 0.0, 0.0], r"sample_weight is zero in all 3 rows"),
        ([1.0, 2.0], r"sample_weight has 2 values for 3 rows"),
        ([], r"sample_weight has 0 values for 3 rows"),
        ([[1.0], [2.0], [3.0]], r"sample_weight has shape \(3, 1\) for 3 rows"),
        (["a", "b", "c"], r"sample_weight is not numeric"),
        ([1.0, None, "x"], r"sample_weight is not numeric"),
        ([1j, 1.0, 1.0], r"sample_weight is not numeric: it holds complex128"),
        (np.array(["2020-01-01"] * 3, dtype="M8[D]"), r"sample_weight is not numeric"),
        (
            [1e308, 1e308, 1.0],
            r"sample_weight sums to inf rows, above the maximum of 9.01e\+15",
        ),
        ([1e300] * 3, r"sample_weight sums to 3e\+300 rows"),
        (-1, r"sample_weight is -1 in row 1"),
    ],
)
def test_weights_refused(weights, message):
    with pytest.raises(DataError, match=message):
        check_weights(weights, n_rows=3)


def test_a_missing_weight_is_refused():
    with pytest.raises(DataError, match="sample_weight is nan in row 2"):
        check_weights(pl.Series([1.0, None, 2.0]), n_rows=3)


def fit(columns, weights=None, n_components=2):
    check_fit(feature_matrix(pd.DataFrame(columns)), weights, n_components)


def test_a_good_table_passes(rng):
    fit({"a": rng.normal(size=50), "b": rng.normal(size=50)}, n_components=50)
    fit({"a": rng.normal(size=50)}, rng.random(50), n_components=5)


@pytest.mark.parametrize(
    ("columns", "n_components", "message"),
    [
        ({"a": [1, 2, 3], "b": [7.0] * 3}, 2, r"column 'b' is constant: it is 7 in all 3 rows"),
        (
            {"a": [1, 2, 3], "b": [7.0, None, 7.0]},
            2,
            r"column 'b' is constant: it is 7 in 2 of 3 rows and missing in the rest; leave",
        ),
        ({"a": [0.1 + 0.2, 0.3, 0.3]}, 2, r"column 'a' is constant"),
        ({"a": [0.0, 0.0, -0.0]}, 1, r"column 'a' is constant: it is 0 in all 3 rows"),
        ({"b": [None], "a": [1]}, 1, r"column 'b' is missing in the only row; leave it out"),
        ({name: [1, 2, 3] for name in "abcd"}, 10**7, r"n_samples=3 usable rows, .* at most 3"),
        ({"a": [1, 2], "b": [None, None]}, 2, r"column 'b' is missing in all 2 rows; leave it out"),
        ({"a": [1, 2, 3]}, 4, r"n_samples=3 usable rows, fewer than n_components=4; .* at most 3"),
        ({"a": [1, 2, None]}, 3, r"n_samples=2 usable rows, fewer than n_components=3"),
        ({"a": [1, 2, 2, 1]}, 3, r"has 2 distinct rows, fewer than n_components=3; .* at most 2"),
        ({"a": [1, 2, 2, 2], "b": [4, None, 5, 5]}, 4, r"has 3 distinct rows, fewer than"),
        ({"a": [3.0]}, 1, r"1 usable row \(n_samples=1\), in which column 'a' cannot vary"),
        ({"a": [1, 2, 3]}, 0, r"n_components is 0; it must be at least 1"),
        ({"a": [1e300, -1e300]}, 1, r"column 'a' runs from -1e\+300 to 1e\+300"),
        ({"a": [1e-300, 2e-300]}, 1, r"column 'a' runs from 1e-300 to 2e-300"),
        ({"a": [1.7e308, -1.7e308]}, 1, r"column 'a' runs from -1.7e\+308 to 1.7e\+308"),
    ],
)
def test_tables_refused(columns, n_components, message):
    with pytest.raises(DataError, match=message):
        fit(columns, n_components=n_components)


def test_rows_of_weight_zero_do_not_count():
    columns = {"a": [1.0, 2.0, 3.0, 3.0]}
    fit(columns, None, n_components=3)
    with pytest.raises(DataError, match="n_samples=2 usable rows"):
        fit(columns, np.array([1.0, 1.0, 0.0, 0.0]), n_components=3)
    with pytest.raises(DataError, match="2 distinct rows"):
        fit(columns, np.array([1.0, 0.0, 1.0, 1.0]), n_components=3)
    with pytest.raises(DataError, match="constant: it is 3 in all 2 rows"):
        fit(columns, np.array([0.0, 0.0, 1.0, 1.0]), n_components=1)


@pytest.mark.parametrize("factor", [1e-9, 1e9])
def test_a_column_far_from_zero_is_not_constant(rng, factor):
    values = rng.normal(size=100)
    fit({"a": (values + 1e8) * factor}, n_components=2)


@given(
    rows=st.lists(
        st.tuples(st.sampled_from([0.0, -0.0, 1.0, np.nan]), st.sampled_from([2.0, np.nan])),
        min_size=1,
        max_size=40,
    ),
    enough=st.integers(1, 10),
)
def test_distinct_rows_are_counted_with_missing_cells_equal(rows, enough):
    values = np.array(rows)
    distinct = {tuple("nan" if np.isnan(x) else x + 0.0 for x in row) for row in rows}
    counted, before = np.ones(len(rows), dtype=bool), values.copy()
    assert count_distinct(values, counted, enough) == min(len(distinct), enough)
    np.testing.assert_array_equal(values, before)


def test_the_last_row_may_be_the_one_that_differs():
    values = np.zeros((3 * 65_536, 1))
    values[-1] = 1.0
    assert count_distinct(values, np.ones(len(values), dtype=bool), enough=3) == 2
