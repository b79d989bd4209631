"""No cell of a written CSV can run in a spreadsheet, whichever separator it is opened with."""

import csv
import html
import itertools
import re

import pandas as pd
import pytest
from command_line import customers
from hypothesis import example, given
from hypothesis import strategies as st
from odd_tables import answer, clean_frame

from bayes_gmm.cli.writing import safe_text, write_csv
from bayes_gmm.results.load import load

STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
NUMBER = re.compile(r"[+-][\d.,]+(e[+-]?\d+)?%?|[+-](inf|infinity|nan)", re.ASCII | re.IGNORECASE)

ANY_NUMBER = re.compile(f"(?:{NUMBER.pattern}) *", NUMBER.flags)


def dangerous(path, delimiter=","):
    """Cells that a spreadsheet would run; with another separator a number begins a whole row."""
    with path.open(encoding="utf-8", newline="") as stream:
        cells = list(itertools.chain.from_iterable(csv.reader(stream, delimiter=delimiter)))
    if delimiter == ",":
        return [c for c in cells if c.startswith(STARTS) and not ANY_NUMBER.fullmatch(c)]
    cells = [cell.lstrip("\t\r\n") for cell in cells]
    return [c for c in cells if c.startswith(STARTS) and not NUMBER.match(c)]


TEXT = st.text(alphabet="=+-@\t\r\n ;,|'\"a1.e%＝", max_size=12)


@given(cell=TEXT)
@example("-1e5")
@example("+49 30 1234")
@example("-2020-01-01")
@example("-1_000")
def test_a_cell_is_a_number_or_starts_with_none_of_them(cell):
    safe = safe_text(cell)
    assert safe.replace("'", "") == cell.replace("'", "")
    assert not safe.startswith(STARTS) or NUMBER.fullmatch(safe.strip(" "))


@given(rows=st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=4), name=TEXT)
def test_files_are_safe_whichever_separator_opens_them(rows, name, tmp_path_factory):
    """Also one that splits at semicolons or tabs, and takes quotes within for text."""
    path = tmp_path_factory.getbasetemp() / "safe.csv"
    write_csv(pd.DataFrame(rows, columns=[name, "b"]).assign(c=-1.5), path)
    for delimiter in ",;\t":
        assert dangerous(path, delimiter) == []
    with path.open(encoding="utf-8", newline="") as stream:
        back = list(csv.reader(stream))[1:]
    assert [tuple(row[:2]) for row in back] == [tuple(map(safe_text, row)) for row in rows]


@pytest.mark.parametrize("number", ["-1", "+2.5", "-1e5", "-1,5", "-1.234,5", "-3%", "-.5", "-inf"])
def test_negative_numbers_are_numbers(number):
    assert safe_text(number) == number


@pytest.mark.parametrize(
    "column",
    [
        pd.Categorical(["=1+1", "@b"] * 2),
        pd.array(["=1+1", None] * 2, dtype="string"),
        pd.array(["=1+1", "x"] * 2, dtype="string[pyarrow]"),
        ["=1+1", -3.5, None, b"=1"],
    ],
    ids=["categories", "string", "arrow", "objects"],
)
def test_text_of_any_type_is_made_safe(column, tmp_path):
    write_csv(pd.DataFrame({"a": column, "b": [-1.5] * 4}), tmp_path / "t.csv")
    cells = (tmp_path / "t.csv").read_text().splitlines()[1:]
    assert cells[0] == "'=1+1,-1.5"
    assert dangerous(tmp_path / "t.csv") == []


EVIL = {"a": "=HYPERLINK(1)", "b": "@b;=1+1"}


@pytest.fixture(scope="module")
def evil_table(tmp_path_factory):
    """A table whose names and cells are formulas."""
    path = tmp_path_factory.mktemp("evil") / "evil.csv"
    notes = ["=1+1", "+cmd|'/C calc'!A0", "-2+3", "@SUM(A1)", "x;=1+1", "-7,5", "-8", "\t=1"] * 5
    clean_frame(note=notes).rename(columns=EVIL).to_csv(path, index=False)
    return path


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*the chains have not mixed")
@pytest.mark.parametrize("posterior", ["none", "laplace"])
def test_every_file_of_the_command_line_is_safe(posterior, evil_table, tmp_path, capsys):
    out = tmp_path / "out"
    options = [part for name in EVIL.values() for part in ("--features", name)]
    more = ("--components", 2, "--posterior", posterior, "--out", out)
    assert answer(capsys, "fit", evil_table, *options, *more)[0] == 0
    scored = tmp_path / "scored.csv"
    assert answer(capsys, "predict", out / "model.nc", evil_table, "--out", scored)[0] == 0
    written = [*out.glob("*.csv"), scored]
    assert len(written) == (3 if posterior == "none" else 4)
    for path, delimiter in itertools.product(written, ",;\t"):
        assert dangerous(path, delimiter) == []
    cells = pd.read_csv(scored, dtype=str)["note"]
    assert cells[5:7].tolist() == ["-7,5", "-8"]
    assert cells[0] == "'=1+1"


def test_names_of_segments_are_made_safe_and_kept(posterior, tmp_path, capsys):
    """A posterior's own names go into what is written of rows."""
    renamed = posterior.rename({"Segment 1": "=big", "Segment 2": "-small; <b>"})
    model = renamed.save(tmp_path / "model.nc")
    rows, scored = tmp_path / "rows.csv", tmp_path / "scored.csv"
    frame = pd.DataFrame(posterior.table.values, columns=posterior.features)
    frame.to_csv(rows, index=False)
    code, said, _ = answer(capsys, "predict", model, rows, "--out", scored)
    assert code == 0
    assert "=big" in said
    table = pd.read_csv(scored)
    assert list(table)[-2:] == ["'=big", "'-small; <b>"]
    assert set(table["segment"]) == {"'=big", "'-small; <b>"}
    for delimiter in ",;\t":
        assert dangerous(scored, delimiter) == []


def test_tables_in_a_notebook_escape_every_name(posterior):
    """Of features and of segments, in what pandas and xarray show."""
    name = "<script>alert(1)</script>"
    shown = posterior.rename({"Segment 1": name})
    for page in (shown.segments()._repr_html_(), shown.summary()._repr_html_()):
        assert name not in page
        assert html.escape(name) in page
    assert name not in shown.tree._repr_html_()


def test_a_loaded_fit_has_numbers_for_names(model_file, tmp_path, capsys):
    assert load(model_file).names == ("Segment 1", "Segment 2")
    path = tmp_path / "rows.csv"
    clean_frame().to_csv(path, index=False)
    out = tmp_path / "scored.csv"
    assert answer(capsys, "predict", model_file, path, "--out", out)[0] == 0
    assert list(pd.read_csv(out))[-2:] == ["Segment 1", "Segment 2"]


def test_ordinary_tables_are_written_without_quotes(tmp_path):
    write_csv(customers(2), tmp_path / "t.csv")
    lines = (tmp_path / "t.csv").read_text().splitlines()
    assert lines[0] == 'Id,"Spend, yearly (k€)",City,Visits,Copies'
    assert '"' not in "".join(lines[1:])
