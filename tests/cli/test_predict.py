"""`predict`: every cell kept, segments added, or nothing at all."""

import json

import pandas as pd
import pytest
from command_line import SPEND, VISITS, customers, error_line, names_in, write

from bayes_gmm.cli import main
from bayes_gmm.results.load import load


def scored(model, table, path):
    assert main(["predict", model, str(table), "--out", str(path)]) == 0
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def test_predict_keeps_every_cell_and_adds_segments(fitted, model, tmp_path, capsys):
    own = pd.read_csv(fitted / "customers.csv", dtype=str)
    rows = scored(model, fitted / "customers.csv", tmp_path / "scored.csv")
    assert names_in(tmp_path) == ["scored.csv"]
    kept = [name for name in own if name != "City"]  # which holds what a spreadsheet would run
    assert rows[kept].equals(own[kept])
    assert list(rows)[5:] == ["segment", "probability", "Segment 1", "Segment 2"]
    assigned = pd.read_csv(fitted / "out" / "assignments.csv", dtype=str)
    for name in ("segment", "probability", "Segment 1", "Segment 2"):
        assert rows[name].tolist() == assigned[name].tolist()
    assert "80 rows of customers.csv" in capsys.readouterr().out


def test_predict_finds_columns_by_name(fitted, model, tmp_path):
    table = customers()[[VISITS, "City", SPEND]].iloc[::-1]
    path = tmp_path / "other.csv"
    table.to_csv(path, index=False, sep=";")
    rows = scored(model, path, tmp_path / "scored.csv")
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
    assert list(again)[5:9] == ["segment", "probability", "Segment 1", "Segment 2"]
    assert list(again)[9:11] == ["segment (2)", "probability (2)"]
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
