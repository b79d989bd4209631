"""Columns of every type as means and shares."""

import datetime

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pytest

from bayes_gmm.results.profile.outside import outside_column
from bayes_gmm.results.profile.settings import ProfileSettings


def of(values, settings=None, **options):
    series = values if not isinstance(values, list) else pd.Series(values, **options)
    series = series.rename("c") if isinstance(series, pd.Series) else series.alias("c")
    native = nw.from_native(series, series_only=True)
    return outside_column(native, *([] if settings is None else [settings]))


@pytest.mark.parametrize(
    ("values", "kind", "levels", "first"),
    [
        ([1.5, np.nan, 3.0], "numeric", (), 1.5),
        (pd.Series([1, None, 3], dtype="Int64"), "numeric", (), 1.0),
        ([True, False, True], "boolean", ("True",), 1.0),
        (pd.Series([True, None, False], dtype="boolean"), "boolean", ("True",), 1.0),
        ([True, None, False], "boolean", ("True",), 1.0),
        ([2, None, 3.5], "numeric", (), 2.0),
        (["b", "a", "a", " "], "categorical", ("a", "b"), 0.0),
        (pd.Series(["x", "y"], dtype="category"), "categorical", ("x", "y"), 1.0),
        (pl.Series([datetime.date(2024, 5, 1), None, datetime.date(2024, 2, 3)]), "month",
         ("2024-02", "2024-05"), 0.0),
        (pd.Series(pd.to_datetime(["2024-05-01", None])), "month", ("2024-05",), 1.0),
        (["2024-05-01", "2024-02-03 10:00"], "month", ("2024-02", "2024-05"), 0.0),
        (["2024-05-01", "2024-02-03b"], "categorical", ("2024-02-03b", "2024-05-01"), 0.0),
        (["2024-13-01"], "categorical", ("2024-13-01",), 1.0),
    ],
)  # fmt: skip
def test_kinds(values, kind, levels, first):
    found = of(values)
    assert (found.kind, found.levels, found.values[0, 0]) == (kind, levels, first)
    missing = [not found.observed[i] for i in range(len(found.observed))]
    expected = [bool(pd.isna(x)) or (isinstance(x, str) and x == " ") for x in list(values)]
    assert missing == expected
    assert (found.values[~found.observed] == 0.0).all()


def test_rare_levels_are_pooled():
    found = of(list("aaabbbccdef"), ProfileSettings(most_levels=4))
    assert found.levels == ("a", "b", "c", "other")
    assert found.values.sum(axis=0).tolist() == [3.0, 3.0, 2.0, 3.0]
    assert (found.n_pooled, found.n_distinct) == (3, 6)


def test_dates_over_many_months_are_shown_by_year():
    days = pd.Series(pd.date_range("2019-01-01", "2023-12-31", freq="7D"))
    found = of(days)
    assert (found.kind, found.levels) == ("year", ("2019", "2020", "2021", "2022", "2023"))
    assert found.values.sum() == len(days)


def test_other_types_have_no_profile():
    assert of(pl.Series([[1], [2]])) is None
    assert of(pd.Series(pd.to_timedelta([1, 2], unit="D"))) is None


@pytest.mark.parametrize(
    ("values", "n"), [([1, 3, 2], 3), ([0, 1, 1], 0), ([1.5, 2.5], 0), ([1, 1], 0), (["1", "2"], 0)]
)
def test_few_whole_numbers_may_be_codes(values, n):
    assert of(values).n_codes(3) == n
    assert of([1, 2, 3, 4]).n_codes(3) == 0
