"""Excel workbooks: the right table with its findings, or one line that names the remedy."""

import datetime
import io
import re
import warnings
import zipfile

import numpy as np
import openpyxl
import pytest
from numpy.testing import assert_array_equal

from bayes_gmm.data.checks.check_table import check_table
from bayes_gmm.data.io.files import read_other_columns
from bayes_gmm.data.io.read_columns import ReadOptions
from bayes_gmm.data.table import read_table
from bayes_gmm.errors import DataError

BODY = [[i + 0.5, 2 * i, f"{i:04d}"] for i in range(8)]
ROWS = [["a", "b", "Id"], *BODY]
VALUES = np.array([row[:2] for row in BODY])


@pytest.fixture
def write(tmp_path):
    """A workbook of sheets by name, which are rows of cells."""

    def to(rows=None, hidden=(), **sheets):
        book = openpyxl.Workbook()
        book.remove(book.active)
        for title, cells in ({"Data": rows} if rows is not None else sheets).items():
            sheet = book.create_sheet(title)
            sheet.sheet_state = "hidden" if title in hidden else "visible"
            for row in cells:
                sheet.append(row)
        path = tmp_path / "t.xlsx"
        book.save(path)
        return path

    return to


def read(path, *args, **options):
    """The table, and the diagnostics of the warnings by code."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        table = read_table(path, *args, **options)
    return table, {each.message.diagnostic.code: each.message.diagnostic for each in caught}


def assert_read(table, names=("a", "b")):
    assert tuple(table) == names
    assert_array_equal(table.to_numpy(), VALUES)


@pytest.mark.parametrize(
    ("above", "left"),
    [([], 0), ([["Customers 2024"], []], 0), ([["Title"], ["as of", "May"]], 2), ([[]], 1)],
)
def test_the_table_is_found_below_titles_and_right_of_empty_columns(write, above, left):
    rows = [[None] * left + row for row in [*above, *ROWS, [None] * 9, [" ", ""]]]
    table, found = read(write(rows), ["a", "b"])
    assert_read(table)
    titles = [row for row in above if row]
    assert ("lines_above" in found) == bool(titles)
    if titles:
        assert len(found["lines_above"].values["lines"]) == len(titles)


def test_missing_cells_at_the_end_of_rows_do_not_hide_the_header(write):
    rows = [["Title"], ["a", "b", "c"], *[[i, None, None] for i in range(6)], [1, 2, 3]]
    table, _ = read(write(rows))
    assert table.shape == (7, 3)


def test_a_row_of_units_is_no_data(write):
    table, found = read(write([ROWS[0], ["EUR", "years", None], *BODY]))
    assert_read(table)
    assert found["second_header"].values["cells"] == ["EUR", "years"]


def test_a_sheet_without_header_is_noticed(write):
    with pytest.raises(DataError, match=r"has no header: its first row is 0.5, 0"):
        read_table(write(BODY))


@pytest.mark.parametrize("header", [["a", 2020, 2021.0], ["a", "2020", "2021"]])
def test_numbers_name_columns(write, header):
    table, _ = read(write([header, *[["x", i, 2.5 * i] for i in range(8)]]))
    assert list(table) == ["2020", "2021"]


def test_cells_keep_their_type(write):
    days = [datetime.datetime(2024, 1, 1 + i) for i in range(6)]
    cells = [[day, i % 2 == 0, f"{i:03d}", "Pisa", i] for i, day in enumerate(days)]
    path = write([["Since", "Member", "Code", "City", "n"], *cells])
    others = read_other_columns(path, ["n"], ReadOptions())
    assert [str(kind) for kind in others.dtypes] == [
        "datetime64[us]",
        "boolean",
        "object",
        "object",
    ]
    assert others["Code"].tolist() == [row[2] for row in cells]
    assert others["Since"].tolist() == days
    table, found = read(path)
    assert list(table) == ["Member", "n"]
    assert table["Member"].tolist() == [1.0, 0.0] * 3
    assert {"left_out"} == set(found)


@pytest.mark.parametrize(
    ("texts", "numbers", "first"),
    [
        (["5,2", "6,25"], [5.125, 2000], 5.2),  # a decimal comma beside typed numbers
        (["5,200", "6,250"], [512.5, 2], 5200.0),  # no unmarked number reaches 1000
        (["1.234,50", "2.000,25"], [], 1234.5),
        (["$1,234.50", "$7.25"], [], 1234.5),
        (["(12.5)", "3-"], [4.125], -12.5),
    ],
)
def test_numbers_in_text_are_read_like_those_of_csv(write, texts, numbers, first):
    table, found = read(write([["a"], *[[cell] for cell in [*texts, *numbers]]]))
    assert table["a"][0] == first
    assert table["a"].tolist()[len(texts) :] == numbers
    assert set(found) <= {"cells_read"}


def test_contradicting_notations_are_refused(write):
    with pytest.raises(DataError, match="contradicting notations"):
        read_table(write([["a"], ["5,2"], ["6.25"]]), ["a"])


@pytest.mark.parametrize("code", ["?", "-999", -999, -999.0])
def test_missing_codes_may_be_typed(write, code):
    rows = [*ROWS, [1.5, code, "x"]]
    table, _ = read(write(rows), ["b"], missing=str(code) if code != -999.0 else "-999")
    assert_array_equal(table["b"], [*VALUES[:, 1], np.nan])


def test_error_cells_are_missing(write):
    table, found = read(write([*ROWS, [1.5, "#DIV/0!", ""], [2.5, "#N/A", ""]]), ["a", "b"])
    assert_array_equal(table["b"], [*VALUES[:, 1], np.nan, np.nan])
    values = found["error_cells"].values
    assert (values["rows"], values["row"], values["text"]) == (2, 9, "#DIV/0!")


def test_formulas_without_values_are_refused_by_column(write):
    path = write([["a", "b"], *[[i, f"=A{i + 2}*2"] for i in range(7)]])
    table, found = read(path)
    assert list(table) == ["a"]
    assert found["left_out"].values["code"] == "formula_cells"
    assert found["left_out"].values["first"]["rows"] == 7
    with pytest.raises(DataError, match="'b' holds formulas"):
        read_table(path, ["b"])
    assert [f.code for f in check_table(path) if f.severity == "error"] == ["formula_cells"]


def test_stored_values_of_formulas_are_read(write):
    path = write([["a", "b"], *[[i, f"=A{i + 2}*2"] for i in range(7)]])
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet], n = re.subn(rb"(<f>A\d\*2</f>)<v ?/?>(</v>)?", rb"\1<v>12</v>", parts[sheet])
    assert n == 7
    with zipfile.ZipFile(path, "w") as new:
        for name, content in parts.items():
            new.writestr(name, content)
    assert read_table(path)["b"].tolist() == [12.0] * 7


def test_the_only_sheet_with_data_is_read_and_said(write):
    table, found = read(write(Empty=[], Data=ROWS, Old=ROWS, hidden=["Old"]), ["a", "b"])
    assert_read(table)
    assert found["sheet_read"].values == {"sheet": "Data", "empty": ["Empty"], "hidden": ["Old"]}


def test_a_sheet_is_chosen_by_its_name(write):
    path = write(One=[["a", "b"], [9, 9]], Data=ROWS, Hidden=[["h"], [1]], hidden=["Hidden"])
    table, found = read(path, ["a", "b"], sheet="data")
    assert_read(table)
    assert not found
    assert read_table(path, sheet="Hidden")["h"].tolist() == [1.0]
    assert check_table(path, ["a", "b"], sheet="One")[0].code
    with pytest.raises(DataError, match="2 sheets with data: 'One', 'Data'; choose one with"):
        read_table(path)
    with pytest.raises(DataError, match="no sheet 'Dat'; did you mean 'Data'"):
        read_table(path, sheet="Dat")
    with pytest.raises(DataError, match=r"no sheet 'zzz'. It has: 'One', 'Data', 'Hidden'"):
        read_table(path, sheet="zzz")


def test_a_changed_file_is_read_again(write):
    assert_read(read_table(write(ROWS), ["a", "b"]))
    assert len(read_table(write([*ROWS, [1, 2, "x"]]), ["a", "b"])) == len(BODY) + 1


def archive(**parts):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as packed:
        for name, content in parts.items():
            packed.writestr(name.replace("__", "/"), content)
    return stream.getvalue()


OLD = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(100)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (OLD, "old Excel format .xls"),
        (OLD + "EncryptedPackage".encode("utf-16-le"), "has a password"),
        (archive(mimetype="application/vnd.oasis.opendocument.spreadsheet"), "OpenDocument"),
        (archive(xl__workbook_bin="").replace(b"_bin", b".bin"), "binary Excel workbook"),
        (archive(table="a,b\n1,2\n"), "is a ZIP archive, not an Excel workbook"),
        (b"PK\x03\x04" + bytes(50), "damaged Excel workbook or ZIP archive"),
        (archive(**{"[Content_Types].xml": ""}), "is a damaged Excel workbook"),
    ],
)
def test_other_files_are_refused(tmp_path, content, message):
    path = tmp_path / "t.xlsx"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message) as refused:
        read_table(path)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("sheets", [{"E": []}, {"E": [], "F": [[None, " "]]}])
def test_empty_workbooks_are_refused(write, sheets):
    with pytest.raises(DataError, match="has no sheet with data"):
        read_table(write(**sheets))
    with pytest.raises(DataError, match="'E' is empty"):
        read_table(write(**sheets), sheet="E")


def test_a_sheet_is_refused_for_other_formats(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,2\n3,4\n")
    with pytest.raises(DataError, match="is not an Excel workbook; leave the sheet out"):
        read_table(path, sheet="Data")


def test_damage_anywhere_is_one_line(write):
    content = write(ROWS).read_bytes()
    path = write(ROWS)
    for cut in range(40, len(content), len(content) // 12):
        path.write_bytes(content[:cut])
        with pytest.raises(DataError, match="damaged") as refused:
            read_table(path)
        assert "\n" not in str(refused.value)
