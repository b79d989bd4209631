"""Cells as they come, over files and frames alike: read right with a note, or left out by name."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from numpy.testing import assert_allclose

from bayes_gmm.data.checks.check_table import check_table
from bayes_gmm.data.feature_matrix import feature_matrix
from bayes_gmm.data.io.read_columns import ReadOptions
from bayes_gmm.data.table import read_source, read_table
from bayes_gmm.errors import DataError, DataWarning

N = 30
PLAIN = np.round(np.random.default_rng(1).normal(50.0, 9.0, N), 1).tolist()
INCOME = [880, 910, 947, 905, 1018, 5200, 4813, 5013, 812, 12345] * 3


def grouped(x, mark):
    return f"{x:,}".replace(",", mark)


def in_csv(cells, path, sep=","):
    frame = pd.DataFrame({"x": cells, "y": PLAIN[: len(cells)]})
    frame.to_csv(path / "t.csv", index=False, sep=sep)
    return path / "t.csv"


SOURCES = {
    "csv": in_csv,
    "pandas": lambda cells, path: pd.DataFrame({"x": pd.Series(cells, dtype=object), "y": PLAIN}),
    "polars": lambda cells, path: pl.DataFrame({"x": cells, "y": PLAIN}),
    "pyarrow": lambda cells, path: pa.table({"x": cells, "y": PLAIN}),
}


@pytest.fixture(params=SOURCES)
def source(request, tmp_path):
    return lambda cells: SOURCES[request.param](cells, tmp_path)


def read_findings(source):
    return read_source(source, None, ReadOptions()).findings


def read(source, **options):
    """The table, and what read_table says."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        table = read_table(source, **options)
    assert all(warning.category is DataWarning for warning in said)
    assert all("\n" not in str(warning.message) for warning in said)
    return table, [str(warning.message) for warning in said]


def about(source, column, code, *, check=read_findings, **options):
    (finding,) = (f for f in check(source, **options) if (f.subject, f.code) == ((column,), code))
    return finding


MONEY = [1512.57, 1486.79, 0.5, 20510.49, 97.25, 1446.43] * 5
READ = {
    "dollars": ([f"${x:,.2f}" for x in MONEY], MONEY, ["currency $", "thousands ,"]),
    "euros behind": ([f"{x:.2f} €" for x in MONEY], MONEY, ["currency €"]),
    "percent": ([f"{x}%" for x in PLAIN], PLAIN, ["percent"]),
    "brackets": (["(120.50)", *map(str, MONEY[1:])], [-120.5, *MONEY[1:]], ["brackets"]),
    "trailing minus": (["120.50-", *map(str, MONEY[1:])], [-120.5, *MONEY[1:]], ["trailing"]),
    "suffix": ([f"{x}k" for x in PLAIN], [1e3 * x for x in PLAIN], ["suffix k"]),
    "commas": ([grouped(x, ",") for x in INCOME], INCOME, ["thousands ,"]),
    "apostrophes": ([grouped(x, "'") for x in INCOME], INCOME, ["thousands '"]),
    "thin spaces": ([grouped(x, "\u202f") for x in INCOME], INCOME, ["thousands  "]),
    "European": ([f"{grouped(x, '.')},5" for x in INCOME], [x + 0.5 for x in INCOME],
                 ["decimal ,", "thousands ."]),
    "Indian": (["12,34,567", "1,00,000"] * 15, [1234567, 100000] * 15, ["thousands ,"]),
    "negative dollars": (["-$5.00", "$-7.25", "$1.00"] * 10, [-5, -7.25, 1] * 10, ["currency $"]),
    "spreadsheet text": ([f'="{x}"' for x in PLAIN], PLAIN, ["text"]),
    "true and false": (["True", "FALSE", "true"] * 10, [1, 0, 1] * 10, ["truth"]),
}  # fmt: skip


@pytest.mark.parametrize(("cells", "values", "forms"), READ.values(), ids=READ.keys())
def test_numbers_in_text_are_read_with_a_note(source, cells, values, forms):
    X = source(cells)
    table, said = read(X)
    assert_allclose(table["x"], values)
    assert table["y"].tolist() == PLAIN
    (line,) = said
    assert line.startswith("column 'x': read ")
    found = about(X, "x", "cells_read")
    assert sorted(found.values["forms"]) == forms
    assert found.values["rows"] <= N


def test_points_before_three_digits_are_thousands_where_nothing_else_explains_them(tmp_path):
    path = tmp_path / "t.csv"
    for sep in ";\t,":
        rows = "".join(f"{grouped(x, '.')}{sep}{i % 7}\n" for i, x in enumerate(INCOME))
        path.write_text(f"x{sep}y\n{rows}")
        table, said = read(path)
        assert table["x"].tolist() == INCOME
        assert len(said) == 1
        assert check_table(path)[-1].values["forms"] == ["thousands ."]


@pytest.mark.parametrize(
    "cells",
    [[1.125, 2.25, 3.5], [0.125, 0.5, 2.125], [1.234, 5.678, 2.345], [1.001, 2.002, 1500.0],
     [0.0, 4.813, 5.231], [1.23456, 2, 3]],
)  # fmt: skip
def test_decimal_points_stay_decimal_points(cells, tmp_path):
    for sep in ",\t|":
        table, said = read(in_csv(cells * 3, tmp_path, sep))
        assert table["x"].tolist() == cells * 3
        assert said == []


def test_the_decimal_mark_of_other_columns_decides(tmp_path):
    rows = "".join(f"{grouped(x, ',')}\t{y}\n" for x, y in zip(INCOME, PLAIN, strict=True))
    (tmp_path / "t.tsv").write_text(f"a\tb\n{rows}")
    assert read(tmp_path / "t.tsv")[0]["a"].tolist() == INCOME
    (tmp_path / "t.tsv").write_text(f"a\tb\n{rows.replace('.', ';').replace(';', ',')}")
    assert read(tmp_path / "t.tsv")[0]["a"].tolist() == pytest.approx(
        [x / 1000 if x > 999 else x for x in INCOME]
    )


REFUSED = {
    "two decimal marks": (["1,5", "2.5"] * 15, "contradicting_notations",
                          "row 1 holds '1,5', but row 2"),
    "two currencies": (["$5", "$6", "€7"] * 10, "contradicting_notations", "row 3 holds '€7'"),
    "some percent": (["5%", "6"] * 15, "contradicting_notations",
                     "row 1 holds '5%', but row 2 holds '6'"),
    "leading zeros": ([f"{x:05d}" for x in range(N)], "leading_zeros", "row 1 holds '00000'"),
    "question marks": (["?" if i % 9 == 4 else "7.5" for i in range(N)], "mixed_cells",
                       "row 5 holds '?' (3 cells: '?' in 3 rows); to read such cells as missing"),
    "several words": (["-", ".", *["8.5"] * 28], "mixed_cells", "use missing=['-', '.']"),
    "an invoice": ([*["53600"] * 29, "C53600"], "mixed_cells", "row 30 holds 'C53600' (1 cell"),
    "a broken number": ([*["53.5"] * 29, "1.2.3"], "mixed_cells", "row 30 holds '1.2.3'"),
    "dates": ([f"{day:02d}.02.2024" for day in range(1, 31)], "text_column",
              "row 1 holds '01.02.2024'"),
    "words": (["Pisa", "Rome", "7"] * 10, "text_column", "row 1 holds 'Pisa'"),
}  # fmt: skip


@pytest.mark.parametrize(("cells", "code", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_other_columns_are_left_out_by_name(source, cells, code, words):
    X = source(cells)
    table, said = read(X)
    assert list(table) == ["y"]
    assert len(said) == 1
    assert said[0].startswith("left out")
    assert "'x'" in said[0]
    assert words in str(about(X, "x", code))
    if code != "leading_zeros":
        with pytest.raises(DataError, match="column 'x'"):
            read_table(X, ["x"])


def test_a_mark_that_may_be_either_is_refused():
    frame = pd.DataFrame({"x": ["1000", "1,200"] * 15})
    with pytest.raises(DataError, match="row 1 holds '1000', but row 2 holds '1,200'"):
        read_table(frame, ["x"])


def test_codes_that_are_asked_for_are_numbers(source):
    with pytest.warns(DataWarning, match="without their leading zeros, such as '00000' as 0"):
        table = read_table(source([f"{x:05d}" for x in range(N)]), ["x"])
    assert table["x"].tolist() == list(range(N))


@pytest.mark.parametrize("word", ["?", "-", ".", "Unknown", "K1A 0B1"])
def test_words_for_missing(source, word):
    cells = [word if i % 7 == 3 else str(x) for i, x in enumerate(PLAIN)]
    table, said = read(source(cells), missing=word)
    assert said == []
    assert np.flatnonzero(np.isnan(table["x"])).tolist() == [3, 10, 17, 24]
    assert about(source(cells), "x", "mixed_cells").values["texts"] == {word: 4}


def test_words_for_missing_are_findings_of_check_table(tmp_path):
    path = in_csv(["?" if i % 7 == 3 else str(x) for i, x in enumerate(PLAIN)], tmp_path)
    assert about(path, "x", "mixed_cells", check=check_table).values["texts"] == {"?": 4}
    found = about(path, "x", "missing_cells", check=check_table, missing=["?"])
    assert found.values["rows"] == 4.0


def test_a_fit_names_the_cell_that_is_no_number():
    cells = ["1000"] * 41 + ["?"]
    for frame in (pd.DataFrame({"x": cells}), pl.DataFrame({"x": cells}), pa.table({"x": cells})):
        with pytest.raises(DataError, match="row 42 holds '\\?'"):
            feature_matrix(frame)
        with pytest.raises(DataError, match="row 1 holds '1000', a number as text; read_table"):
            feature_matrix(frame[:41])


def test_names_that_repeat_refuse_only_what_asks_for_them(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,n,n,b\n" + "1,x,y,2\n3,y,x,5\n" * 5)
    frame = pd.read_csv(path)
    frame.columns = ["a", "n", "n", "b"]
    for X in (path, frame, pa.Table.from_arrays([pa.array([1, 3])] * 4, ["a", "n", "n", "b"])):
        table, said = read(X)
        assert list(table) == ["a", "b"]
        assert said == ["left out: 2 columns are named 'n'; rename all but one to use it"]
        assert list(read_table(X, ["b"])) == ["b"]
        with pytest.raises(DataError, match="2 columns named 'n'; rename all but one"):
            read_table(X, ["n"])
        assert "repeated_name" in [f.code for f in check_table(X)]


# Lines around a table


ROWS = "".join(f"{i},{x},{i % 7 + 20}\n" for i, x in enumerate(PLAIN))
TABLE = f"Id,Spend,Age\n{ROWS}"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (f"Report of 2024-01-31 (https://example.org)\n\n{TABLE}", "lines_above"),
        (f"Sales\nRegion: North, South\n\n{TABLE}", "lines_above"),
        (f"# from the shop\n{TABLE}".replace(",", ";"), "lines_above"),
        (TABLE.replace("\n", "\n,EUR,years\n", 1), "second_header"),
        (TABLE.replace("Id,Spend,Age\n", "Id,Money,\n,Spend,Age\n"), "second_header"),
    ],
)
def test_lines_around_the_header_are_skipped_with_a_note(tmp_path, text, code):
    path = tmp_path / "t.csv"
    path.write_text(text)
    table, said = read(path)
    assert list(table) == ["Id", "Spend", "Age"]
    assert table["Spend"].tolist() == PLAIN
    assert len(said) == 1
    assert said[0].startswith("skipped ")
    assert [f.code for f in read_findings(path)] == [code]
    assert code in [f.code for f in check_table(path)]


@pytest.mark.parametrize(
    "text",
    [ROWS, "C" + ROWS.replace("\n", "\nC").rstrip("C"), ROWS.replace(",", ";").replace(".", ",")],
)
def test_a_first_row_of_data_is_no_header(tmp_path, text):
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(DataError, match="t.csv' has no header: its first row is "):
        read_table(path)
    with pytest.raises(DataError, match="no column 'Spend' .*has no header"):
        read_table(path, ["Spend"])


@pytest.mark.parametrize("header", ["City,2019,2020", "City,1,2", "City,2020,2010"])
def test_years_and_counts_may_be_names(tmp_path, header):
    path = tmp_path / "t.csv"
    path.write_text(f"{header}\n" + "Pisa,1.5,2.5\nRome,3.5,1.5\n" * 5)
    assert list(read(path)[0]) == header.split(",")[1:]


# Letters


CITIES = {
    "cp1250": ["Łódź", "Kraków", "Gdańsk"],
    "cp1251": ["Москва", "Казань"],
    "gb18030": ["北京", "消费金额", "年龄"],
    "shift_jis": ["東京", "購入", "ヤマダ"],
    "cp1252": ["Köln", "Åre", "Besançon", "5 €", "m²"],
    "utf-8": ["Łódź", "北京", "Köln"],
    "utf-16": ["Łódź", "北京"],
}


GUESSED = ("cp1250", "cp1251", "gb18030", "shift_jis")


@pytest.mark.parametrize("encoding", CITIES)
def test_the_encoding_is_found(tmp_path, encoding):
    path = tmp_path / "t.csv"
    names = CITIES[encoding]
    path.write_text(",".join(names) + "\n" + ",".join("1" * len(names)) + "\n" * 2, encoding)
    table, said = read(path)
    assert list(table) == names
    assert [encoding in line for line in said] == [True] * (encoding in GUESSED)
    assert list(read(path, encoding=encoding)[0]) == names


def test_letters_that_fit_several_encodings_are_refused(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("東京,a\n1,2\n", "euc_jp")
    with pytest.raises(DataError, match="fit several encodings: .*--encoding"):
        read_table(path)
    assert list(read_table(path, encoding="euc_jp")) == ["東京", "a"]
    with pytest.raises(DataError, match="is not written in utf-8"):
        read_table(path, encoding="utf-8")
    with pytest.raises(DataError, match="encoding is 'latin-99', which is unknown"):
        read_table(path, encoding="latin-99")
