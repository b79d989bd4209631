"""`predict`: every cell kept, segments added, or nothing at all."""

import json

import pandas as pd
import pytest
from command_line import SPEND, VISITS, customers, error_line, names_in, write
from scipy.stats import kstest

from bayes_gmm.cli import main
from bayes_gmm.results.load import load


def scored(model, table, path, *options):
    assert main(["predict", model, str(table), "--out", str(path), *options]) == 0
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def test_predict_keeps_every_cell_and_adds_segments(fitted, model, tmp_path, capsys):
    own = pd.read_csv(fitted / "customers.csv", dtype=str)
    rows = scored(model, fitted / "customers.csv", tmp_path / "scored.csv")
    assert names_in(tmp_path) == ["scored.csv"]
    kept = [name for name in own if name != "City"]  # which holds what a spreadsheet would run
    assert rows[kept].equals(own[kept])
    added = ["segment", "probability", "typicality", "Segment 1", "Segment 2"]
    assert list(rows)[5:] == added
    assigned = pd.read_csv(fitted / "out" / "assignments.csv", dtype=str)
    for name in ("segment", "probability", "Segment 1", "Segment 2"):
        assert rows[name].tolist() == assigned[name].tolist()
    assert "80 rows of customers.csv" in capsys.readouterr().out


def test_predict_finds_columns_by_name(fitted, model, tmp_path):
    table = customers()[[VISITS, "City", SPEND]].iloc[::-1]
    path = tmp_path / "other.csv"
    table.to_csv(path, index=False, sep=";")
    scored(model, path, tmp_path / "scored.csv")
    rows = pd.read_csv(tmp_path / "scored.csv", sep=";")
    assigned = pd.read_csv(fitted / "out" / "assignments.csv")
    assert rows["segment"].tolist() == assigned["segment"].tolist()[::-1]


def test_predict_takes_rows_with_missing_cells(model, tmp_path):
    table = customers().iloc[:4].astype(object)
    table.iloc[0, 1] = table.iloc[1, 3] = None
    table.iloc[2, [1, 3]] = None
    rows = scored(model, write(table, tmp_path / "gaps.csv"), tmp_path / "scored.csv")
    assert rows["segment"][[0, 1]].tolist() == [rows["segment"][3]] * 2
    weights = load(model).mixture.weights
    assert float(rows["Segment 1"][2]) == pytest.approx(weights[0], abs=1e-6)
    assert rows[SPEND][0] == ""


def test_predict_keeps_columns_that_are_named_like_its_own(fitted, model, tmp_path):
    first = tmp_path / "scored.csv"
    scored(model, fitted / "customers.csv", first)
    again = scored(model, first, tmp_path / "again.csv")
    added = ["segment", "probability", "typicality", "Segment 1", "Segment 2"]
    assert list(again)[5:10] == added
    assert list(again)[10:12] == ["segment (2)", "probability (2)"]
    assert again["segment"].equals(again["segment (2)"].rename("segment"))


def test_predict_answers_as_json(fitted, model, tmp_path, capsys):
    out = tmp_path / "scored.csv"
    assert main(["predict", model, str(fitted / "customers.csv"), "--out", str(out), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["n_rows"] == 80
    assert [segment["assigned"] for segment in answer["segments"]] == [40, 40]
    assert answer["files"] == {"scored": str(out)}


def test_predict_reads_parquet(model, tmp_path):
    path = tmp_path / "customers.parquet"
    customers().to_parquet(path)
    rows = scored(model, path, tmp_path / "scored.csv")
    assert rows["Id"].tolist() == customers()["Id"].tolist()
    assert rows[SPEND].astype(float).tolist() == customers()[SPEND].tolist()


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (customers().drop(columns=VISITS), "no column 'Visits'"),
        (customers().assign(Visits="x"), "'Visits' is not numeric"),
    ],
    ids=["missing column", "text"],
)
def test_predict_fails_by_name_and_keeps_the_former_file(model, table, message, tmp_path, capsys):
    path = write(table, tmp_path / "table.csv")
    out = tmp_path / "scored.csv"
    out.write_text("former")
    assert main(["predict", model, path, "--out", str(out)]) == 1
    assert message in error_line(capsys)
    assert out.read_text() == "former"
    assert names_in(tmp_path) == ["scored.csv", "table.csv"]


def test_predict_refuses_what_is_no_model(table, tmp_path, capsys):
    out = str(tmp_path / "scored.csv")
    assert main(["predict", table, table, "--out", out]) == 1
    assert "not a model file" in error_line(capsys)
    assert main(["predict", str(tmp_path / "absent.nc"), table, "--out", out]) == 1
    assert "no model file" in error_line(capsys)


def test_predict_does_not_write_over_what_it_reads(fitted, model, capsys):
    table = str(fitted / "customers.csv")
    assert main(["predict", model, table, "--out", table]) == 2
    assert "choose another file" in capsys.readouterr().err


def test_predict_into_no_folder_names_the_folder(model, table, tmp_path, capsys):
    assert main(["predict", model, table, "--out", str(tmp_path / "absent" / "x.csv")]) == 1
    assert "there is no folder" in error_line(capsys)


@pytest.mark.filterwarnings("always::bayes_gmm.errors.DataWarning")
def test_predict_says_how_typical_rows_are_and_warns_of_another_unit(model, tmp_path, capsys):
    table = customers()
    rows = scored(model, write(table, tmp_path / "same.csv"), tmp_path / "scored.csv")
    typical = rows["typicality"].astype(float)
    assert kstest(typical, "uniform").pvalue > 1e-3
    assert capsys.readouterr().err == ""
    table[SPEND] *= 1000
    rows = scored(model, write(table, tmp_path / "other.csv"), tmp_path / "scored.csv")
    assert rows["typicality"].astype(float).max() == 0.0
    said = capsys.readouterr().err
    assert "80 of 80 rows (100 %) are beyond all segments, most of them in 'Spend, yearly" in said


DIALECTS = {
    "semicolons": {"sep": ";", "decimal": ",", "encoding": "cp1252"},
    "tabs": {"sep": "\t", "encoding": "utf-16"},
    "pipes": {"sep": "|", "encoding": "utf-8-sig"},
}


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS.keys())
def test_predict_writes_in_the_dialect_that_it_read(model, dialect, tmp_path):
    first, again = tmp_path / "scored.csv", tmp_path / "again.csv"
    path = tmp_path / "table.csv"
    customers().assign(City="Köln").to_csv(path, index=False, **dialect)
    for table, out in ((path, first), (first, again)):
        assert main(["predict", model, str(table), "--out", str(out)]) == 0
    own = path.read_bytes().decode(dialect["encoding"]).splitlines()
    for out, width in ((first, 5), (again, 10)):
        lines = out.read_bytes().decode(dialect["encoding"]).splitlines()
        cells = [line.split(dialect["sep"]) for line in lines]
        assert [dialect["sep"].join(row[:5]) for row in cells] == own
        assert {len(row) for row in cells} == {width + 5}
    scores = pd.read_csv(again, **dialect)
    assert scores["typicality"].equals(scores["typicality (2)"].rename("typicality"))
    assert scores["typicality"].dtype == float


def test_predict_reads_words_for_missing_and_a_named_encoding(model, tmp_path, capsys):
    table = customers().astype(object).rename(columns={"City": "都市"})
    table.loc[:9, VISITS] = "?"
    path, out = tmp_path / "table.csv", tmp_path / "scored.csv"
    table.assign(都市="東京").to_csv(path, index=False, encoding="gb18030")
    arguments = ["predict", model, str(path), "--out", str(out), "--encoding", "gb18030"]
    assert main(arguments) == 1
    line = error_line(capsys)
    assert "'?' (10 cells: '?' in 10 rows)" in line
    assert "--missing '?'" in line
    assert main([*arguments, "--missing", "?"]) == 0
    rows = pd.read_csv(out, dtype=str, encoding="gb18030")
    assert rows[VISITS][0] == "?"
    assert set(rows["都市"]) == {"東京"}


def test_predict_keeps_the_id_alone(model, table, tmp_path, capsys):
    out = tmp_path / "scored.csv"
    rows = scored(model, table, out, "--id", "Id")
    added = ["segment", "probability", "typicality", "Segment 1", "Segment 2"]
    assert list(rows) == ["Id", *added]
    assert rows["Id"].tolist() == customers()["Id"].tolist()
    capsys.readouterr()
    assert main(["predict", model, table, "--out", str(out), "--id", SPEND]) == 2
    assert "an ID is never fitted" in " ".join(capsys.readouterr().err.split())
    assert main(["predict", model, table, "--out", str(out), "--id", "id"]) == 1
    assert "no column 'id' in file" in error_line(capsys)


@pytest.mark.parametrize(
    ("command", "output"), [("predict", "s.csv"), ("profile", "profile"), ("report", "r.html")]
)
def test_swapped_arguments_are_recognised(command, output, model, table, tmp_path, capsys):
    assert main([command, table, model, "--out", str(tmp_path / output)]) == 2
    assert "give the model first" in " ".join(capsys.readouterr().err.split())
