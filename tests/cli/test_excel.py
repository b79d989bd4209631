"""Excel workbooks as inputs and outputs of the commands."""

import datetime

import numpy as np
import openpyxl
import pandas as pd
import pytest
from command_line import SPEND, VISITS, customers, error_line, fit_arguments, names_in, write
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from bayes_gmm.cli import main
from bayes_gmm.cli.excel import ExcelLimits, check_size, numbers_typed, write_excel
from bayes_gmm.errors import DataError

ABOVE = "ignore:skipped 1 line above:bayes_gmm.errors.DataWarning"


def cells(path, sheet=None):
    """The values of a sheet, row by row, without values of formulas."""
    book = openpyxl.load_workbook(path)
    return [list(row) for row in (book[sheet] if sheet else book.active).values]


def back(path, sheet=None):
    names, *rows = cells(path, sheet)
    return pd.DataFrame(rows, columns=names, dtype=object)


ANY = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**15) + 1, 10**15 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(alphabet="=+-@#;,'\"a1. <&é\U0001f600", min_size=1, max_size=9),
    st.dates(datetime.date(1900, 3, 1), datetime.date(2200, 1, 1)),
)


@settings(deadline=None, max_examples=40)
@given(rows=st.lists(st.tuples(ANY, ANY), min_size=1, max_size=5), name=st.sampled_from("=a"))
@example(rows=[("=1+1", 0.1 + 0.2), ("='x'!A1", 1e-300), ("0012", 5e-324)], name="=cmd()")
def test_values_read_back_to_the_same_values(rows, name, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "same.xlsx"
    table = pd.DataFrame(rows, columns=[name, "b"], dtype=object).assign(last=1)
    write_excel({"Data": table}, path)
    book = openpyxl.load_workbook(path)
    assert all(cell.data_type != "f" for row in book["Data"].iter_rows() for cell in row)
    read = back(path)
    assert list(read) == list(table)
    for given_row, row in zip(rows, read.to_numpy(), strict=True):
        for value, found in zip(given_row, row[:-1], strict=True):
            date = isinstance(found, datetime.datetime)
            assert (found.date() if date else found) == value


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (np.nan, None),
        (pd.NaT, None),
        (pd.NA, None),
        (np.inf, "inf"),
        (2**60, str(2**60)),
        (datetime.date(1815, 6, 18), "1815-06-18"),
        (pd.Timestamp("2024-05-01 10:30"), datetime.datetime(2024, 5, 1, 10, 30)),
        (pd.Timestamp("2024-05-01", tz="UTC"), "2024-05-01 00:00:00+00:00"),
        (np.int64(7), 7),
        (np.float32(0.5), 0.5),
    ],
)
def test_values_that_excel_cannot_hold_are_text(tmp_path, value, found):
    write_excel({"Data": pd.DataFrame({"a": [value, "x"]}, dtype=object)}, tmp_path / "t.xlsx")
    assert cells(tmp_path / "t.xlsx")[1] == [found]


@pytest.mark.parametrize(
    ("text", "message"),
    [("a\x01", r"column 'a' has the character '\\x01'"), ("x" * 32768, "32,768 characters")],
)
def test_text_that_cannot_be_stored_is_refused(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        write_excel({"Data": pd.DataFrame({"a": [text]})}, tmp_path / "t.xlsx")


def test_tables_larger_than_a_sheet_are_refused():
    check_size(1_048_575, 16_384)
    with pytest.raises(DataError, match=r"1,048,576 rows and a header .* write a .csv"):
        check_size(1_048_576, 2)
    with pytest.raises(DataError, match="16,385 columns"):
        check_size(2, 16_385)


def test_only_plain_numbers_of_a_whole_column_are_typed():
    text = pd.DataFrame(
        {"Id": ["007", "12"], "n": ["12", ""], "x": ["-0,50", "3"], "point": ["1.5", "2"],
         "money": ["$1", "2"], "long": ["1" * 16, "2"], "NA": ["1", "NA"]}
    )  # fmt: skip
    typed = numbers_typed(text, ",")
    assert [name for name in text if not typed[name].equals(text[name])] == ["n", "x"]
    assert typed["x"].tolist() == [-0.5, 3.0]
    assert_array_equal(typed["n"], [12.0, np.nan])


@pytest.fixture(scope="module")
def workbook(tmp_path_factory):
    """The customers with typed cells, below a title and beside another sheet."""
    path = tmp_path_factory.mktemp("excel") / "customers.xlsx"
    table = customers().assign(Since=pd.Timestamp("2024-05-01"), Number=range(1001, 1081))
    with pd.ExcelWriter(path) as book:
        pd.DataFrame({"Notes": ["Customers of 2024"]}).to_excel(book, sheet_name="Notes")
        table.to_excel(book, sheet_name="Data", index=False, startrow=2)
        book.sheets["Data"]["A1"] = "Customers"
    return path


@pytest.mark.filterwarnings(ABOVE)
def test_a_workbook_is_fitted_like_the_same_csv(workbook, fitted, tmp_path):
    out = tmp_path / "out"
    fit = fit_arguments(workbook, "--components", 2, "--sheet", "Data", "--id", "Id")
    assert main([*fit, "--out", str(out)]) == 0
    segments = pd.read_csv(out / "segments.csv")
    pd.testing.assert_frame_equal(segments, pd.read_csv(fitted / "out" / "segments.csv"))
    ids = pd.read_csv(out / "assignments.csv", dtype=str)["Id"]
    assert ids.tolist() == customers()["Id"].tolist()


@pytest.mark.filterwarnings(ABOVE)
def test_predict_keeps_typed_cells_and_identifiers(workbook, model, tmp_path, capsys):
    out = tmp_path / "y.xlsx"
    assert main(["predict", model, str(workbook), "--sheet", "Data", "--out", str(out)]) == 0
    assert str(out) in capsys.readouterr().out
    written, own = back(out), back(workbook, "Data")
    own = own.iloc[2:].set_axis(own.iloc[1], axis=1).reset_index(drop=True)
    kept = written[list(own)]
    assert all(map(np.array_equal, kept.to_numpy(), own.to_numpy()))
    assert kept["Id"][1] == "001"
    assert kept["City"][1] == "=1+1"
    assert kept["Number"][1] == 1002
    assert kept["Since"][1] == datetime.datetime(2024, 5, 1)
    main(["predict", model, str(workbook), "--sheet", "Data", "--out", str(tmp_path / "y.csv")])
    text = pd.read_csv(tmp_path / "y.csv", dtype=str)
    assert text["Since"][0] == "2024-05-01"
    assert text["Number"][0] == "1001"
    again = pd.read_csv(tmp_path / "y.csv")[["segment", "probability", "Segment 1"]]
    assert all(map(np.array_equal, again.to_numpy(), written[list(again)].to_numpy()))


def test_predict_types_the_numbers_of_a_csv(model, tmp_path):
    table = customers(3)
    out = tmp_path / "y.xlsx"
    path = tmp_path / "t.csv"
    table.to_csv(path, index=False, sep=";", decimal=",")
    assert main(["predict", model, str(path), "--out", str(out)]) == 0
    written = back(out)
    assert written[SPEND].tolist() == table[SPEND].tolist()
    assert written["Id"].tolist() == table["Id"].tolist()
    assert written["City"].tolist() == table["City"].tolist()


@pytest.mark.filterwarnings(ABOVE)
def test_profile_writes_one_workbook(workbook, model, tmp_path, capsys):
    out = tmp_path / "p.xlsx"
    arguments = ["profile", model, str(workbook), "--sheet", "Data", "--columns", "City"]
    assert main([*arguments, "--out", str(out)]) == 0
    assert names_in(tmp_path) == ["p.xlsx"]
    assert main([*arguments, "--out", str(tmp_path / "folder")]) == 0
    expected = pd.read_csv(tmp_path / "folder" / "profile.csv")
    pd.testing.assert_frame_equal(
        pd.read_excel(out, sheet_name="profile"), expected, check_dtype=False
    )
    assert set(back(out, "features")["feature"]) == {SPEND, VISITS}
    capsys.readouterr()


def test_a_table_too_large_for_excel_writes_nothing(model, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("bayes_gmm.cli.excel.LIMITS", ExcelLimits(most_rows=6))
    path = write(customers(3), tmp_path / "t.csv")
    assert main(["predict", model, path, "--out", str(tmp_path / "y.xlsx")]) == 1
    assert "6 rows and a header do not fit" in error_line(capsys)
    assert names_in(tmp_path) == ["t.csv"]


@pytest.mark.parametrize("command", ["fit", "compare"])
def test_a_folder_is_not_named_like_a_workbook(tmp_path, command, capsys):
    arguments = fit_arguments("x.csv", "--components", 2, "--out", tmp_path / "y.xlsx")
    assert main([command, *arguments[1:]]) == 2
    assert "the output is a folder" in " ".join(capsys.readouterr().err.split())
