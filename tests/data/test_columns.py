"""Columns by name and cells by value."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from bayes_gmm.data.columns import choose_columns, number_in, numbers, refuse_infinite
from bayes_gmm.errors import DataError

NAMES = ["CustomerID", "Age", "Annual Income (k$)", "Spending, total", "=x", "<b>", "Größe"]


@pytest.mark.parametrize("features", [["Age"], ["<b>", "=x"], ["Größe", "Spending, total"], NAMES])
def test_columns_in_the_order_asked_for(features):
    assert choose_columns(NAMES, features) == tuple(features)
    assert choose_columns(NAMES, tuple(features)) == tuple(features)


def test_all_columns_and_one():
    assert choose_columns(NAMES, None) == tuple(NAMES)
    assert choose_columns(NAMES, "Age") == ("Age",)


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (["Anual Income"], r"no column 'Anual Income' in the table; did you mean 'Annual Income"),
        (["qqqq"], r"no column 'qqqq' in the table; it has: CustomerID, Age, Annual Income"),
        (["Age", "Age"], r"features names 2 times the column 'Age'; name it once"),
        ([], r"features is empty; the table has: CustomerID"),
        (["a\nb"], r"no column 'a\\nb' in the table"),
    ],
)
def test_columns_refused(features, message):
    with pytest.raises(DataError, match=message):
        choose_columns(NAMES, features)


def test_repeated_names_are_refused():
    with pytest.raises(DataError, match=r"file 'a.csv' has 3 columns named 'Age'; rename all but"):
        choose_columns(["Age", "b", "Age", "Age"], ["b"], "file 'a.csv'")


def test_a_wide_table_is_not_listed_whole():
    with pytest.raises(DataError, match=r"x11 and 99988 more$") as caught:
        choose_columns([f"x{j}" for j in range(100_000)], ["income"])
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (3, 3.0),
        (True, 1.0),
        (np.bool_(False), 0.0),
        (np.float32(0.5), 0.5),
        (Decimal("1.25"), 1.25),
        (Fraction(1, 4), 0.25),
        (10**400, None),
        ("3", None),
        (1j, None),
        ([1], None),
        (pd.Timestamp("2020-01-01"), None),
    ],
)
def test_a_number_is_a_number(cell, value):
    assert number_in(cell) == value


@pytest.mark.parametrize("cell", [None, float("nan"), pd.NA, pd.NaT, Decimal("NaN")])
def test_missing_cells(cell):
    assert np.isnan(number_in(cell))


def test_the_first_offender_is_named():
    with pytest.raises(DataError, match=r"column 'Sex' is not numeric: row 2 holds 'Male'; choose"):
        numbers([1, "Male", "Female"], "Sex")


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_infinite_cells_are_named_by_column_and_row(order, sign):
    values = np.zeros((300_000, 3), order=order)
    refuse_infinite(values, ("a", "b", "c"))
    values[250_001, 1] = sign * np.inf
    values[250_002, 0] = np.inf
    with pytest.raises(DataError, match=r"column 'b' is infinite in row 250002; set it to missing"):
        refuse_infinite(values, ("a", "b", "c"))
