"""Tables of odd types: fitted as the clean table is, or refused by column, row and cell."""

import datetime
import pathlib
from collections import deque
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse
import xarray as xr
from odd_tables import assert_refused, assert_same_answer, clean, clean_frame, quick


@pytest.fixture(scope="module")
def X():
    return clean()


class Arraylike:
    """Knows how to become an array, and nothing else."""

    def __init__(self, array):
        self.array = array

    def __array__(self, dtype=None, copy=None):
        return self.array


def read_only(X):
    X = X.copy()
    X.flags.writeable = False
    return X


def mixed_objects(X):
    kinds = [float, Decimal, Fraction, np.float32, np.float16, np.longdouble]
    cells = [[kinds[(i + j) % 6](cell) for j, cell in enumerate(row)] for i, row in enumerate(X)]
    return pd.DataFrame(cells, columns=["a", "b"], dtype=object)


def decimals(X):
    return [[Decimal(str(cell)) for cell in column] for column in X.T]


NUMBERS = {
    "objects": lambda X: X.astype(object),
    "every type of number in one frame": mixed_objects,
    "tuple of tuples": lambda X: tuple(map(tuple, X.tolist())),
    "list of arrays": list,
    "deque": lambda X: deque(X.tolist()),
    "memoryview": lambda X: memoryview(X),
    "has __array__": Arraylike,
    "xarray": lambda X: xr.DataArray(X, dims=["row", "feature"]),
    "half precision": lambda X: X.astype(np.float16),
    "frame of single precision": lambda X: pd.DataFrame(X.astype(np.float32)),
    "long double": lambda X: X.astype(np.longdouble),
    "big-endian frame": lambda X: pd.DataFrame(X.astype(">f8")),
    "big-endian integers": lambda X: (8 * X).astype(">i2") / 8,
    "Fortran order": np.asfortranarray,
    "read-only": read_only,
    "read-only Fortran order": lambda X: read_only(np.asfortranarray(X)),
    "a view backwards, of a view backwards": lambda X: X[::-1].copy()[::-1],
    "every other column of a wider one": lambda X: np.repeat(X, 2, axis=1)[:, ::2],
    "masked, with nothing masked": np.ma.MaskedArray,
    "nullable": lambda X: pd.DataFrame(X).astype("Float64"),
    "nullable single precision": lambda X: pd.DataFrame(X).astype("Float32"),
    "frame of arrow": lambda X: pd.DataFrame(X).astype("double[pyarrow]"),
    "frame of arrow decimals": lambda X: pd.DataFrame(X.astype(object)).map(Decimal).astype(
        pd.ArrowDtype(pa.decimal128(10, 3))
    ),
    "sparse frame": lambda X: pd.DataFrame(X).astype(pd.SparseDtype(float)),
    "repeated row labels": lambda X: pd.DataFrame(X, index=[0] * len(X)),
    "rows by date": lambda X: pd.DataFrame(X, index=pd.date_range("2020", periods=len(X))),
    "rows by two labels": lambda X: pd.DataFrame(
        X, index=pd.MultiIndex.from_product([range(4), range(len(X) // 4)])
    ),
    "polars decimals": lambda X: pl.DataFrame(dict(zip("ab", decimals(X), strict=True))),
    "polars in chunks": lambda X: pl.concat(
        [pl.DataFrame(X[:7]), pl.DataFrame(X[7:])], rechunk=False
    ),
    "arrow decimals": lambda X: pa.table(dict(zip("ab", decimals(X), strict=True))),
    "arrow half precision": lambda X: pa.table(
        dict(zip("ab", X.T.astype(np.float16), strict=True))
    ),
    "arrow batch": lambda X: pa.record_batch(dict(zip("ab", X.T.copy(), strict=True))),
}  # fmt: skip


@pytest.mark.parametrize("make", NUMBERS.values(), ids=NUMBERS.keys())
def test_numbers_of_any_type(make, X, clean_model):
    table = make(X)
    model = quick(table)
    assert_same_answer(model, clean_model)
    np.testing.assert_allclose(model.predict_proba(table), clean_model.predict_proba(X), atol=1e-9)


@pytest.mark.parametrize("mode", ["r", "c"])
def test_numbers_on_disk(mode, X, clean_model, tmp_path):
    X.tofile(tmp_path / "cells")
    cells = np.memmap(tmp_path / "cells", dtype=float, mode=mode, shape=X.shape)
    assert_same_answer(quick(cells), clean_model)
    np.testing.assert_array_equal(np.fromfile(tmp_path / "cells"), X.ravel())


@pytest.mark.filterwarnings("ignore:.*cannot be estimated:bayes_gmm.errors.DataWarning")
def test_booleans_are_zeros_and_ones(X):
    group = X[:, 0] > 3.0
    model = quick(clean_frame(b=group))
    assert_same_answer(model, quick(np.c_[X[:, 0], group.astype(float)]))


def test_missing_cells_of_every_kind_are_missing(X):
    holes = X.copy()
    holes[[0, 1, 2, 3], 1] = np.nan
    cells = pd.DataFrame(X, columns=["a", "b"]).astype(object)
    cells.iloc[:4, 1] = pd.Series([None, pd.NA, pd.NaT, Decimal("NaN")], dtype=object)
    polars = pl.DataFrame({"a": X[:, 0], "b": [None, np.nan, None, np.nan, *X[4:, 1].tolist()]})
    masked = np.ma.MaskedArray(X, mask=np.isnan(holes))
    for table in (cells, polars, masked):
        assert_same_answer(quick(table), quick(holes))


def objects(first):
    return pd.Series([first, *clean()[1:, 1]], dtype=object)


TEXT, ROW_1 = "column 'b' is not numeric", "row 1 holds"
REFUSED = {
    "categories that are numbers": (
        lambda: clean_frame(b=pd.Categorical(clean()[:, 1].round())),
        (TEXT, ROW_1, "of type Categorical"),
    ),
    "ordered categories": (
        lambda: clean_frame(b=pd.Categorical(["low", "high"] * 20, ordered=True)),
        (TEXT, "row 1 holds 'low'"),
    ),
    "time of a zone": (
        lambda: clean_frame(b=pd.date_range("2020", periods=40, tz="UTC")),
        (TEXT, "row 1 holds 2020-01-01"),
    ),
    "periods": (
        lambda: clean_frame(b=pd.period_range("2020", periods=40, freq="D")),
        (TEXT, "row 1 holds 2020-01-01"),
    ),
    "intervals": (lambda: clean_frame(b=pd.cut(clean()[:, 1], 5)), (TEXT, ROW_1)),
    "durations": (
        lambda: clean_frame(b=pd.to_timedelta(range(40), unit="D")),
        (TEXT, "row 1 holds 0 days"),
    ),
    "complex column": (lambda: clean_frame(b=clean()[:, 1] + 0j), ("column 'b' is complex128",)),
    "complex object": (lambda: clean_frame(b=objects(1j)), (TEXT, "row 1 holds 1j")),
    "bytes": (lambda: clean_frame(b=[b"1"] * 40), (TEXT, "row 1 holds b'1'")),
    "text that reads as numbers": (
        lambda: clean_frame(b=clean()[:, 1].astype(str)),
        (TEXT, ROW_1),
    ),
    "array of text": (
        lambda: clean().astype("S"),
        ("column 'x1' is not numeric", "row 1 holds b'"),
    ),
    "a word in row 17": (
        lambda: clean_frame(b=[*clean()[:16, 1], "n/a", *clean()[17:, 1]]),
        (TEXT, "row 17 holds 'n/a'"),
    ),
    "a signalling NaN": (lambda: clean_frame(b=objects(Decimal("sNaN"))), (TEXT, "sNaN")),
    "an infinite decimal": (
        lambda: clean_frame(b=objects(Decimal("-Infinity"))),
        ("column 'b' is infinite in row 1",),
    ),
    "lists in cells": (lambda: clean_frame(b=objects([1.0])), (TEXT, "row 1 holds [1.0]")),
    "arrow structs": (
        lambda: pa.table({"a": clean()[:, 0], "b": [{"u": 1}] * 40}),
        (TEXT, "row 1 holds {'u': 1}"),
    ),
    "arrow dictionary": (
        lambda: pa.table({"a": clean()[:, 0], "b": pa.array(["x"] * 40).dictionary_encode()}),
        (TEXT, "row 1 holds 'x'"),
    ),
    "polars times": (
        lambda: pl.DataFrame({"b": [datetime.datetime(2020, 1, 1)] * 40}),
        (TEXT, "row 1 holds 2020-01-01"),
    ),
    "polars durations": (
        lambda: pl.DataFrame({"b": [datetime.timedelta(days=1)] * 40}),
        (TEXT, "row 1 holds 1 day"),
    ),
    "polars objects": (
        lambda: pl.DataFrame({"b": pl.Series([Arraylike(1)] * 40, dtype=pl.Object)}),
        (TEXT, "Arraylike object"),
    ),
    "structured array": (
        lambda: np.zeros(40, dtype=[("u", float), ("v", float)]),
        ("X is a structured array of u, v",),
    ),
    "array of raw bytes": (lambda: np.zeros((4, 2), "V8"), ("column 'x1' is not numeric",)),
    "dictionary of columns": (lambda: {"a": clean()[:, 0]}, ("X is {'a'", "pass a table")),
    "list of records": (lambda: [{"a": 1.0}, {"a": 2.0}], ("X has one dimension with 2 values",)),
    "generator": (lambda: (row for row in clean()), ("X is <generator", "pass a table")),
    "set": (lambda: {1.0, 2.0}, ("X is {1.0, 2.0}",)),
    "bytes in place of a table": (lambda: b"1,2", ("X is the text",)),
    "path in place of a table": (lambda: pathlib.Path("x.csv"), ("'x.csv'", "read_table")),
    "grouped frame": (lambda: clean_frame().groupby("a"), ("X is a DataFrameGroupBy",)),
    "sparse array": (lambda: scipy.sparse.csr_array(clean()), ("csr_array", "X.toarray()")),
    "a row that is None": (lambda: [[1.0, 2.0], None, [3.0, 4.0]], ("row 2 of X",)),
    "a number": (lambda: np.float64(3.0), ("X is 3.0",)),
    "nothing at all": (list, ("X has one dimension with 0 values",)),
}  # fmt: skip


@pytest.mark.parametrize(("make", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_table_of_numbers(make, words, clean_model):
    assert_refused(lambda: quick(make()), *words)
    assert_refused(lambda: clean_model.predict(make()))
