"""Files as they come: read right, or refused in one line that names them."""

import gzip
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from bayes_gmm.data.table import read_table
from bayes_gmm.errors import DataError, DataWarning

pytestmark = pytest.mark.filterwarnings("ignore:left out:bayes_gmm.errors.DataWarning")


@pytest.fixture
def write(tmp_path):
    def to(content, name="table.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return to


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Größe,b\n1.5,2\n,-4e1\n", "utf-8"),
        ("Größe,b\n1.5,2\n,-4e1\n", "utf-8-sig"),
        ("Größe;b\n1,5;2\nNA;-4e1\n", "latin-1"),
        ("Größe;b\n1,5;2\nNA;-4e1\n", "utf-16"),
        ("Größe\tb\n1.5\t2\nNaN\t-40.0\n", "utf-8"),
        ("Größe\tb\n1,5\t2\n\t-40,0\n", "utf-16"),
        ("Größe|b\r\n1.5|2\r\nnull|-40\r\n", "utf-8"),
        ('"Größe","b"\n"1.5","2"\n"","-40"', "utf-8"),
        (" Größe , b \n 1.5 , 2 \n NA , -40 \n", "utf-8"),
        ("\n\nGröße,b\n\n1.5,2\n\n,-40\n\n", "utf-8"),
    ],
)
@pytest.mark.parametrize("features", [None, ["Größe", "b"]])
@pytest.mark.parametrize("packed", [False, True])
def test_csv_of_any_dialect(write, text, encoding, features, packed):
    content = text.encode(encoding)
    table = read_table(write(gzip.compress(content) if packed else content), features)
    assert list(table) == ["Größe", "b"]
    assert (table.dtypes == np.float64).all()
    assert_array_equal(table.to_numpy(), [[1.5, 2.0], [np.nan, -40.0]])


@settings(deadline=None)
@given(cells=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=30))
def test_every_float_survives(tmp_path_factory, cells):
    path = tmp_path_factory.mktemp("floats") / "table.csv"
    path.write_text("a;b\n" + "".join(f"{cell!r};1.5\n" for cell in cells))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        assert_array_equal(read_table(path)["a"], cells)
    assert {warning.message.diagnostic.code for warning in said} <= {"total_row"}


def test_columns_by_name_in_any_order(write):
    path = write('id,"Income, gross",Age,=x\nu,1,2,3\nv,4,5,6\n')
    table = read_table(path, ["=x", "Income, gross"])
    assert list(table) == ["=x", "Income, gross"]
    assert table.to_numpy().tolist() == [[3.0, 1.0], [6.0, 4.0]]
    assert list(read_table(str(path))) == ["Income, gross", "Age", "=x"]


def test_columns_without_a_name_are_left_out(write):
    assert list(read_table(write(",a,b\n0,1,2\n1,3,4\n"))) == ["a", "b"]
    assert list(read_table(write("a,b,,\n1,2,,\n3,4,,\n"))) == ["a", "b"]


def test_words_that_say_missing(write):
    words = ["", "NA", "N/A", "nan", "NaN", "NULL", "null", "None", "#N/A", " NA ", "<NA>"]
    table = read_table(write("a,b\n" + "".join(f"{word},1\n" for word in words) + "2,1\n"))
    assert np.isnan(table["a"][:-1]).all()
    assert table["a"].iloc[-1] == 2.0


def test_a_column_with_nothing_in_it_is_kept(write):
    assert np.isnan(read_table(write("a,b\n1,\n2,NA\n"))["b"]).all()


def test_integers_first_and_fractions_late(write):
    rows = "".join(f"{j},{j}\n" for j in range(200_000))
    table = read_table(write(f"a,b\n{rows}0.5,1\n"))
    assert table["a"].iloc[-1] == 0.5
    assert len(table) == 200_001


def test_text_of_another_encoding_beyond_the_sample(write):
    rows = "x,1\n" * 100_000
    content = f"name,a\n{rows}".encode() + b"\xe9t\xe9,2\n"
    assert read_table(write(content))["a"].iloc[-1] == 2.0
    with pytest.raises(DataError, match="column 'name' is not numeric: row 1 holds 'x'"):
        read_table(write(content), ["name"])


def test_quoted_lines_and_large_integers(write):
    table = read_table(write('note,a\n"two\nlines",1\n"one",99999999999999999999\n'))
    assert table["a"].tolist() == [1.0, 1e20]


@pytest.mark.parametrize(
    ("content", "features", "message"),
    [
        ("a,b\n1,2\n3\n", None, "table.csv' is ragged: the header has 2 cells, row 2 has 1: '3'"),
        ("a,b\n1,2\n3,4,5\n", ["a"], "is ragged: the header has 2 cells, row 2 has 3: '3,4,5'"),
        ('"a\nx",b\n1,2\n3,4\n5\n', None, "row 3 has 1: '5'"),
        ("a,b\n1,2,3\n4,5,6\n", None, "row 1 has 3: '1,2,3'"),
        ("a,b\n1,2\n3,4\n5,", ["a", "c"], "no column 'c' in file '.*table.csv'; it has: a, b"),
        ("Age,Income (k$)\n1,2\n", ["income"], "no column 'income' in .*; did you mean 'Income"),
        ("5.1,3.5\n4.9,3.0\n", None, "table.csv' has no header: its first row is 5.1, 3.5; add"),
        ("a,b\n1,2\n3,Male\n", ["a", "b"], "column 'b' is not numeric: row 2 holds 'Male'; choose"),
        ("a,b\nNA,2\nx,?\n5,6\n", ["a"], "column 'a' is not numeric: row 2 holds 'x'"),
        ("a,b\n1,2\n3,inf\n", None, "column 'b' is infinite in row 2; set it to missing"),
        ("a,b\n1,2\n3,-Infinity\n", ["b"], "column 'b' is infinite in row 2"),
        ("a,b\n1,2\n3,1e999\n", ["b"], "column 'b' is infinite in row 2"),
        ("a,a,b\n1,2,3\n", ["a"], "table.csv' has 2 columns named 'a'; rename all but one"),
        ("a,b\n1,2\n3,?\n5,6\n", ["b"], "column 'b' is not numeric: row 2 holds '\\?'"),
        (
            "a;b\n1.234,5;2\n1,234.5;2\n",
            ["a"],
            "'a' .* row 1 holds '1.234,5', but row 2 .* '1,234.5'",
        ),
        ("a;b\n1,5;x\n1.5;x\n", ["a"], "'a' .* row 1 holds '1,5', but row 2 holds '1.5'"),
        ("a,b\nx,y\ny,z\n", None, "the table has no numeric column; it has: a, b"),
        ("a,b\n1_0,0x1F\n", ["a"], "column 'a' is not numeric: row 1 holds '1_0'"),
        ("a,b\n1_0,0x1F\n", ["b"], "column 'b' is not numeric: row 1 holds '0x1F'"),
        (
            gzip.compress(b"a,b\n" + b"1,2\n" * 50_000, mtime=0)[:-50],
            None,
            "table.csv' cannot be read: Comp",
        ),
        (
            gzip.compress(b"a,b\n1,2\n", mtime=0)[:15] + b"\xff" * 9,
            None,
            "table.csv' cannot be read: ",
        ),
    ],
)
def test_csv_refused(write, content, features, message):
    with pytest.raises(DataError, match=message) as caught:
        read_table(write(content), features)
    assert "\n" not in str(caught.value)


STRAY = [f"{i},{i % 7},note {i}\n" for i in range(100)]


def strayed(rows, **cells):
    """A table with other last cells in some rows, {"row_50": cell}."""
    lines = list(rows)
    for name, cell in cells.items():
        number = int(name.removeprefix("row_"))
        lines[number - 1] = f"{lines[number - 1].rsplit(',', 1)[0]},{cell}\n"
    return "a,b,note\n" + "".join(lines)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("features", [None, ["a", "b"]])
@pytest.mark.parametrize(
    ("text", "message"),
    [
        (strayed(STRAY, row_50='"12 inch'), "row 50 opens with a quotation mark that is never"),
        (strayed(STRAY, row_50='"12').rstrip("\n"), "row 50 opens with a quotation mark that is"),
        (strayed(STRAY, row_50='"12').replace("\n", "\r\n"), "row 50 opens with a quotation mark"),
        (
            strayed(STRAY, row_50='12"').replace("b,note", 'b,"note', 1),
            "quotation mark in its header that is closed only some rows later",
        ),
        ("sep=,\n\n" + strayed(STRAY, row_50='"12'), "row 50 opens with a quotation mark"),
        (strayed(STRAY * 3000, row_9="x", row_250='"12 inch'), "row 250 opens with a quotation"),
    ],
)
def test_a_quotation_mark_that_swallows_rows(write, text, message, features, encoding):
    with pytest.raises(DataError, match=message):
        read_table(write(text.encode(encoding)), features)


@pytest.mark.parametrize("text_first", [False, True])
@pytest.mark.parametrize(("first", "last"), [(50, 61), (50, 51)])
def test_two_quotation_marks_with_rows_between_them_are_told_of(write, first, last, text_first):
    text = strayed(STRAY, **{f"row_{first}": '"12 inch', f"row_{last}": '9 inch"'})
    if text_first:
        text = "\n".join(",".join(line.split(",")[::-1]) for line in text.splitlines())
    said = f"row {first} contains {last - first + 1} lines that look like rows; remove the"
    if last > first + 2:
        with pytest.raises(DataError, match=said):
            read_table(write(text))
    else:  # which may be meant
        with pytest.warns(DataWarning, match=said):
            table = read_table(write(text))
        assert len(table) == 100 - (last - first)


@pytest.mark.parametrize("mark", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028"])
def test_marks_within_names_end_no_line(write, mark):
    table = read_table(write(f'"Annual{mark}income",b\n' + "1,2\n3,4\n" * 3))
    assert len(table) == 6
    assert table.columns[1] == "b"


@pytest.mark.parametrize(
    "text",
    [
        'id,address,income\n1,"Flat 3\n12, Main street, York",5\n2,x,6\n',
        'id,address\n1,"Main street\n1001 Wien"\n2,x\n',
        'id,price,x,y\n1,"7,5\n8,5",2,1\n2,y,3,1\n',
    ],
)
def test_a_cell_may_hold_lines_with_separators(write, text):
    assert read_table(write(text), ["id"])["id"].tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    "text",
    [
        strayed(STRAY, row_50='"a\nb, c\n\nd"'),
        strayed(STRAY, row_50='"says ""12"" inch"'),
        strayed(STRAY, row_50='12" wide'),
        strayed(STRAY).replace("note\n", "<18\n", 1).replace("b,", "[b],", 1),
        strayed(STRAY, row_50='"' + "x\n" * 100_000 + '"'),
        strayed(STRAY, row_50='"50%"').replace("\n", "\n\n"),
    ],
)
def test_cells_in_quotes_may_run_over_lines(write, text):
    assert read_table(write(text))["a"].tolist() == list(range(100))


@given(
    text=st.one_of(
        st.text(alphabet='ab1.,;\t|"\n\r -eé', max_size=60),
        st.binary(max_size=60),
        st.binary(max_size=60).map(gzip.compress),
    ),
    features=st.sampled_from([None, ["a"], ["b", "a"]]),
)
@pytest.mark.filterwarnings("ignore::bayes_gmm.errors.DataWarning")
def test_whatever_a_file_holds_it_is_read_or_refused(tmp_path_factory, text, features):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    message = ""
    try:
        table = read_table(path, features)
    except DataError as error:
        message = str(error)
    else:
        assert table.shape[0] > 0
        assert (table.dtypes == np.float64).all()
    assert "\n" not in message


def test_parquet_round_trip(tmp_path):
    frame = pd.DataFrame({"id": ["u", "v"], "a": [1, 2], "b": [0.5, None]}, index=[7, 9])
    frame.to_parquet(tmp_path / "table.parquet")
    assert list(read_table(tmp_path / "table.parquet")) == ["a", "b"]
    assert_array_equal(read_table(tmp_path / "table.parquet", ["b"]), [[0.5], [np.nan]])
    with pytest.raises(DataError, match="column 'id' is not numeric: row 1 holds 'u'"):
        read_table(tmp_path / "table.parquet", ["id"])
    with pytest.raises(
        DataError, match=r"no column 'c' in file '.*table.parquet'; it has: id, a, b"
    ):
        read_table(tmp_path / "table.parquet", ["c"])


def test_parquet_is_told_by_its_first_bytes(tmp_path):
    pd.DataFrame({"a": [1.0, 2.0]}).to_parquet(tmp_path / "table.csv")
    assert read_table(tmp_path / "table.csv")["a"].tolist() == [1.0, 2.0]


def test_damaged_parquet(tmp_path):
    path = tmp_path / "table.parquet"
    pd.DataFrame({"a": np.arange(1000.0)}).to_parquet(path)
    whole = path.read_bytes()
    for content in (whole[:-30], whole[:100], whole[:4], b"", b"a,b\n1,2\n"):
        path.write_bytes(content)
        with pytest.raises(DataError, match="table.parquet' is a damaged Parquet file"):
            read_table(path)


def test_parquet_without_rows(tmp_path):
    pd.DataFrame({"a": np.zeros(0)}).to_parquet(tmp_path / "table.parquet")
    with pytest.raises(DataError, match="table.parquet' has a header but no rows"):
        read_table(tmp_path / "table.parquet")


def test_no_such_file(tmp_path, write):
    write("a,b\n1,2\n", "customers.csv")
    with pytest.raises(DataError, match="no file '.*custmers.csv'; did you mean '.*customers.csv'"):
        read_table(tmp_path / "custmers.csv")
    with pytest.raises(DataError, match="no file '.*zzz'; check the path"):
        read_table(tmp_path / "zzz")
    with pytest.raises(DataError, match="no file '.*a.csv': the folder '.*absent' does not exist"):
        read_table(tmp_path / "absent" / "a.csv")
    with pytest.raises(DataError, match="is a folder; give a CSV, Excel or Parquet file"):
        read_table(tmp_path)


def test_a_file_that_may_not_be_read(write, monkeypatch):
    path = write("a,b\n1,2\n")

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(path), "open", refuse)
    with pytest.raises(DataError, match="table.csv' cannot be read: Permission denied"):
        read_table(path)


def test_many_columns(write):
    names = [f"x{j}" for j in range(3000)]
    text = ",".join(names) + "\n" + "\n".join(",".join([cell] * 3000) for cell in "123") + "\n"
    table = read_table(write(text))
    assert table.shape == (3, 3000)
    assert table["x2999"].tolist() == [1.0, 2.0, 3.0]
