"""Columns of any type, besides those of the model."""

import datetime

import numpy as np
import pandas as pd
import pytest

from bayes_gmm.data.io.files import read_other_columns
from bayes_gmm.data.io.read_columns import ReadOptions

FRAME = pd.DataFrame(
    {
        "Spend": [1.5, 2.5, np.nan],
        "Basket": [20.25, np.nan, 7.5],
        "City": ["Köln", None, "Ulm"],
        "Member": pd.array([True, False, None], dtype="boolean"),
        "Since": [datetime.date(2024, 1, 5), datetime.date(2024, 2, 29), None],
        "Code": ["007", "012", "001"],
    }
)


def written(folder, kind):
    """The table as a file; the CSV has decimal commas, and a mark for missing cells."""
    if kind == "parquet":
        FRAME.to_parquet(folder / "t.parquet")
        return folder / "t.parquet"
    FRAME.to_csv(folder / "t.csv", index=False, sep=";", decimal=",", na_rep="?")
    return folder / "t.csv"


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_each_type_is_kept(kind, tmp_path):
    path = written(tmp_path, kind)
    found = read_other_columns(path, ["Spend", None], ReadOptions(missing=("?",)))
    assert list(found) == ["Basket", "City", "Member", "Since", "Code"]
    np.testing.assert_array_equal(found["Basket"], [20.25, np.nan, 7.5])
    assert found["City"].tolist() == ["Köln", None, "Ulm"]
    assert found["Member"].dtype == "boolean"
    assert found["Member"].tolist() == [True, False, pd.NA]
    assert found["Code"].tolist() == ["007", "012", "001"]  # leading zeros: no number
    since = pd.to_datetime(found["Since"])
    assert since[:2].dt.strftime("%Y-%m-%d").tolist() == ["2024-01-05", "2024-02-29"]
    assert since.isna().tolist() == [False, False, True]


def test_a_table_of_features_alone_has_none(tmp_path):
    path = written(tmp_path, "csv")
    assert read_other_columns(path, list(FRAME), ReadOptions(missing=("?",))).columns.empty


def test_numbers_in_text_are_read_as_in_features(tmp_path):
    (tmp_path / "t.csv").write_text('a,Spend\n1,"$1,200.50"\n2,"$90.00"\n')
    found = read_other_columns(tmp_path / "t.csv", ["a"], ReadOptions())
    assert found["Spend"].tolist() == [1200.5, 90.0]
