"""Any table becomes one matrix: by value, by name, and without copies where there need be none."""

import datetime
import tracemalloc
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from numpy.testing import assert_array_equal

from bayes_gmm.data.feature_matrix import feature_matrix
from bayes_gmm.data.matrix import FeatureMatrix
from bayes_gmm.data.table import read_table
from bayes_gmm.errors import DataError, DataWarning

CELLS = np.array([[1.0, 2.5], [np.nan, 4.0], [5.0, -6.0]])


@pytest.fixture
def frames():
    columns = {"a": [1.0, None, 5.0], "b": [2.5, 4.0, -6.0]}
    return {
        "pandas": pd.DataFrame(columns),
        "pandas nullable": pd.DataFrame(columns).convert_dtypes(),
        "pandas arrow": pd.DataFrame(columns).convert_dtypes(dtype_backend="pyarrow"),
        "pandas objects": pd.DataFrame(columns, dtype=object),
        "pandas single": pd.DataFrame(columns, dtype=np.float32),
        "polars": pl.DataFrame(columns),
        "pyarrow": pa.table(columns),
    }


KINDS = [
    "pandas", "pandas nullable", "pandas arrow", "pandas objects", "pandas single", "polars",
    "pyarrow",
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_frames_of_any_make(frames, kind):
    matrix = feature_matrix(frames[kind])
    assert matrix.features == ("a", "b")
    assert matrix.values.dtype == np.float64
    assert_array_equal(matrix.values, CELLS)
    assert (matrix.n_rows, matrix.n_features) == (3, 2)


@pytest.mark.parametrize("kind", KINDS)
def test_columns_are_chosen_and_ordered_by_name(frames, kind):
    assert_array_equal(feature_matrix(frames[kind], ["b", "a"]).values, CELLS[:, ::-1])
    assert_array_equal(feature_matrix(frames[kind], ["b"]).values, CELLS[:, 1:])
    with pytest.raises(DataError, match="no column 'bb' in the table; did you mean 'b'"):
        feature_matrix(frames[kind], ["bb"])


@pytest.mark.parametrize(
    "array",
    [
        CELLS,
        CELLS.tolist(),
        [tuple(row) for row in CELLS],
        [[1, 2.5], [None, 4], [5, -6]],
        [[Decimal(1), Decimal("2.5")], [Decimal("NaN"), 4], [5, -6]],
        np.asfortranarray(CELLS),
        CELLS.astype(">f8"),
        CELLS.astype(np.float32),
        CELLS.astype(np.longdouble),
        CELLS.astype(object),
        np.repeat(CELLS, 2, axis=0)[::2],
        np.ma.MaskedArray(np.nan_to_num(CELLS, nan=99.0), mask=np.isnan(CELLS)),
    ],
    ids=str,
)
def test_arrays_of_any_make(array):
    matrix = feature_matrix(array)
    assert matrix.features == ("x1", "x2")
    assert_array_equal(matrix.values, CELLS)
    assert matrix.values.dtype == np.float64
    assert matrix.values.dtype.isnative
    assert matrix.values.flags.c_contiguous or matrix.values.flags.f_contiguous


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint64, np.float16])
def test_integers_and_booleans_are_numbers(dtype):
    array = np.array([[0, 1], [1, 1]], dtype=dtype)
    assert feature_matrix(array).values.tolist() == [[0.0, 1.0], [1.0, 1.0]]
    assert feature_matrix(pd.DataFrame(array)).values.tolist() == [[0.0, 1.0], [1.0, 1.0]]
    assert feature_matrix(pl.DataFrame(array.astype(int))).values.tolist() == [[0, 1], [1, 1]]


def test_single_precision_keeps_its_values():
    array = np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32)
    assert_array_equal(feature_matrix(array).values, array.astype(float))


@pytest.mark.parametrize("order", ["C", "F"])
def test_float64_arrays_are_not_copied(order, tmp_path):
    array = np.array(np.random.default_rng(0).normal(size=(50, 3)), order=order)
    assert np.shares_memory(feature_matrix(array).values, array)
    array.flags.writeable = False
    assert np.shares_memory(feature_matrix(array).values, array)
    mapped = np.memmap(tmp_path / "cells", dtype=float, mode="w+", shape=(50, 3), order=order)
    mapped[:] = array
    values = feature_matrix(mapped).values
    assert type(values) is np.ndarray
    assert np.shares_memory(values, mapped)


def test_a_plain_pandas_frame_is_not_copied():
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(50, 3)), columns=list("abc"))
    assert np.shares_memory(feature_matrix(frame).values, frame.to_numpy())


def test_no_memory_beyond_a_column():
    array = np.random.default_rng(0).normal(size=(1_000_000, 4))
    tracemalloc.start()
    feature_matrix(array)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


def test_an_unaligned_array_is_copied():
    packed = np.zeros(3, dtype=[("flag", "i1"), ("cells", "f8", (2,))])
    packed["cells"] = CELLS
    values = feature_matrix(packed["cells"]).values
    assert values.flags.aligned
    assert_array_equal(values, CELLS)


def test_a_series_is_one_column():
    assert feature_matrix(pd.Series([1, 2, None], name="Age")).features == ("Age",)
    assert feature_matrix(pd.Series([1, 2, 3])).features == ("x1",)
    assert feature_matrix(pl.Series("Age", [1, 2, 3])).values.shape == (3, 1)


def test_names_that_are_not_text():
    assert feature_matrix(pd.DataFrame(CELLS)).features == ("0", "1")
    assert feature_matrix(pd.DataFrame(CELLS), [1]).values[0, 0] == 2.5
    frame = pd.DataFrame(CELLS, columns=pd.MultiIndex.from_tuples([("a", 1), ("a", 2)]))
    assert feature_matrix(frame).features == ("('a', 1)", "('a', 2)")


def test_names_for_an_array():
    assert feature_matrix(CELLS, ["u", "v"]).features == ("u", "v")
    with pytest.raises(DataError, match=r"X has 2 features, but bayes_gmm is expecting 3 features"):
        feature_matrix(CELLS, ["u", "v", "w"])
    with pytest.raises(DataError, match="features names 2 times the column 'u'"):
        feature_matrix(CELLS, ["u", "u"])


def test_a_matrix_passes_through():
    matrix = feature_matrix(CELLS, ["u", "v"])
    assert feature_matrix(matrix) is matrix
    assert feature_matrix(matrix, ["u", "v"]) is matrix
    assert_array_equal(feature_matrix(matrix, ["v"]).values, CELLS[:, 1:])
    assert isinstance(matrix, FeatureMatrix)


class Unlike:
    """Has a length and nothing else that a table needs."""


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (CELLS[:, 0], r"one dimension with 3 values. Reshape your data: use X.reshape\(-1, 1\)"),
        ([1.0, 2.0], r"one dimension with 2 values"),
        (CELLS[None], r"X has 3 dimensions, shape \(1, 3, 2\)"),
        (3.0, r"X is 3.0; pass a table"),
        (None, r"X is None; pass a table"),
        ("table.csv", r"X is the text 'table.csv'; use read_table to read a file"),
        (Unlike(), r"X is <.*; pass a table"),
        (CELLS + 1j, r"Complex data not supported: X is complex128"),
        (CELLS.astype(str), r"column 'x1' is not numeric: row 1 holds '1.0'"),
        ([[1, 2], [3, "four"]], r"column 'x2' is not numeric: row 2 holds 'four'"),
        ([[1, 2], [3, {"a": 1}]], r"column 'x2' is not numeric: row 2 holds \{'a': 1\}"),
        ([[1, 2], [3]], r"row 2 of X has 1 values, but row 1 has 2"),
        ([[1, [2]], [3, 4]], r"X is a list whose cells are not numbers"),
        (
            np.array([["2020-01-01"]], dtype="M8[D]"),
            r"column 'x1' is not numeric: row 1 holds 2020",
        ),
        (np.array([[1]], dtype="m8[D]"), r"column 'x1' is not numeric: row 1 holds 1 day"),
        (np.zeros(3, dtype=[("a", float)]), r"X is a structured array of a; pass a data frame"),
        (np.empty((0, 2)), r"X has 0 rows"),
        (
            np.empty((12, 0)),
            r"0 feature\(s\) \(shape=\(12, 0\)\) while a minimum of 1 is required.",
        ),
        (pd.DataFrame({"a": []}), r"X has 0 rows"),
        (pd.DataFrame(index=[1, 2]), r"0 feature\(s\) \(shape=\(2, 0\)\)"),
        (pl.DataFrame({"a": ["x", "y"]}).lazy(), r"X is a lazy LazyFrame; collect"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), r"has 2 columns named 'a'; rename"),
        (pa.table([[1], [2]], names=["a", "a"]), r"has 2 columns named 'a'; rename"),
        (pd.DataFrame([[1, 2]], columns=[1, "1"]), r"has 2 columns named '1'; rename"),
        (CELLS * [np.inf, 1.0], r"column 'x1' is infinite in row 1"),
        (
            np.array([[1, 10**400]], dtype=object),
            r"column 'x2' is not numeric: row 1 holds 1000000",
        ),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else type(value).__name__,
)
def test_refused(X, message):
    with pytest.raises(DataError, match=message) as caught:
        feature_matrix(X)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("make", ["csr_array", "csc_matrix", "coo_array"])
def test_sparse_matrices_are_refused(make):
    import scipy.sparse

    with pytest.raises(DataError, match=rf"X is a sparse matrix \({make}\); pass X.toarray\(\)"):
        feature_matrix(getattr(scipy.sparse, make)(np.eye(3)))


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ([None, "Male", "Female"], r"column 'c' is not numeric: row 2 holds 'Male'; choose"),
        (pd.Categorical([3, 1, 3]), r"column 'c' is not numeric: row 1 holds 3"),
        (pd.to_datetime(["2020-02-01"] * 3), r"column 'c' is not numeric: row 1 holds 2020-02-01"),
        (pd.to_timedelta([1, 2, 3], unit="D"), r"column 'c' is not numeric: row 1 holds 1 day"),
        ([1 + 2j, 1, 1], r"column 'c' is complex128: Complex data not supported"),
        ([1, "x", 2.0], r"column 'c' is not numeric: row 2 holds 'x'"),
        ([1, [2], 3], r"column 'c' is not numeric: row 2 holds \[2\]"),
        ([1.0, 2.0, np.inf], r"column 'c' is infinite in row 3"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else type(value).__name__,
)
def test_columns_refused_by_first_offending_value(column, message):
    frame = pd.DataFrame({"a": [1, 2, 3], "c": column})
    with pytest.raises(DataError, match=message):
        feature_matrix(frame)
    assert feature_matrix(frame, ["a"]).values.tolist() == [[1], [2], [3]]


@pytest.mark.parametrize(
    "column",
    [
        ["x", "y"],
        [datetime.date(2020, 1, 1)] * 2,
        [[1], [2]],
        pl.Series(["x", "y"], dtype=pl.Enum(["x", "y"])),
    ],
    ids=["text", "date", "list", "enum"],
)
def test_polars_columns_refused(column):
    with pytest.raises(DataError, match=r"column 'c' is not numeric: row 1 holds"):
        feature_matrix(pl.DataFrame({"c": column}))


@pytest.mark.parametrize(
    ("column", "values"),
    [
        (pd.array([True, None], dtype="boolean"), [1.0, np.nan]),
        ([Decimal("1.5"), None], [1.5, np.nan]),
        (pd.array([2**62, None], dtype="Int64"), [2.0**62, np.nan]),
        (pd.arrays.SparseArray([0.0, 3.0]), [0.0, 3.0]),
        ([None, None], [np.nan, np.nan]),
        (pd.array([None, None], dtype="string"), [np.nan, np.nan]),
        ([pd.NA, 2], [np.nan, 2.0]),
    ],
)
def test_odd_columns_that_are_numbers(column, values):
    assert_array_equal(feature_matrix(pd.DataFrame({"c": column})).values[:, 0], values)


def test_odd_polars_and_arrow_columns_that_are_numbers():
    decimal = pl.DataFrame({"c": pl.Series([Decimal("1.5"), None])})
    assert_array_equal(feature_matrix(decimal).values[:, 0], [1.5, np.nan])
    assert_array_equal(feature_matrix(pl.DataFrame({"c": [None, None]})).values[:, 0], [np.nan] * 2)
    chunked = pa.chunked_array([[1, None], [3]])
    assert_array_equal(feature_matrix(pa.table({"c": chunked})).values[:, 0], [1, np.nan, 3])


@pytest.mark.parametrize("kind", KINDS)
def test_read_table_takes_frames(frames, kind):
    table = read_table(frames[kind], ["b", "a"])
    assert list(table) == ["b", "a"]
    assert (table.dtypes == np.float64).all()
    assert_array_equal(table.to_numpy(), CELLS[:, ::-1])


def test_read_table_takes_the_numeric_columns_of_a_frame():
    frame = pd.DataFrame({"id": ["u", "v"], "a": [1, 2], "ok": [True, False], "b": [0.5, None]})
    with pytest.warns(DataWarning, match="left out the column that holds text: 'id'"):
        assert list(read_table(frame)) == ["a", "ok", "b"]
    with pytest.raises(DataError, match="the table has no numeric column; it has: id"):
        read_table(frame[["id"]])


def test_names_of_columns_in_an_array_or_index(tmp_path):
    path = tmp_path / "t.csv"
    pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 5.0]}).to_csv(path, index=False)
    for names in (np.array(["b", "a"]), pd.Index(["b", "a"])):
        assert read_table(path, names).columns.tolist() == ["b", "a"]


def test_the_users_table_is_left_alone(frames):
    before = frames["pandas"].copy()
    feature_matrix(frames["pandas"])
    read_table(frames["pandas"])
    pd.testing.assert_frame_equal(frames["pandas"], before)
