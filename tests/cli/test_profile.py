"""`profile` and `export-sql`: files, text, JSON, and errors."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from command_line import SPEND, VISITS, customers, error_line, names_in, write

from bayes_gmm.cli import main
from bayes_gmm.results.load import load


@pytest.fixture
def rich(tmp_path):
    """The table of customers with columns of every type."""
    table = customers().drop(columns="Copies")
    table["Fee"] = np.repeat(["$1,200.50", "$20"], 40)
    table["Since"] = "2024-0" + pd.Series(np.tile([1, 2, 3, 4], 20)).astype(str) + "-15"
    table["Member"] = np.repeat(["true", "false"], 40)
    table["Region"] = np.tile(["N/A", "north"], 40)  # one value
    return write(table, tmp_path / "rich.csv")


def test_profile_writes_tables_and_a_picture(model, rich, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["profile", model, rich, "--out", str(out)]) == 0
    assert names_in(out) == ["features.csv", "profile.csv", "profile.png"]
    found = pd.read_csv(out / "profile.csv")
    fees = found[found["column"] == "Fee"]
    assert sorted(fees["estimate"].round(2)) == [20.0, 1200.5]
    quantities = found.groupby("column")["quantity"].first().to_dict()
    assert quantities == {
        "City": "share", "Fee": "mean", "Member": "share", "Since": "share"
    }  # fmt: skip
    levels = found.loc[found["column"] == "Since", "level"].unique().tolist()
    assert levels == ["2024-01", "2024-02", "2024-03", "2024-04"]
    assert "lower" not in found  # a MAP fit
    text = capsys.readouterr().out
    assert "profiled 4 columns" in text
    assert "column 'Region' is left out" in text
    assert "column 'Id' is left out" in text


def test_profile_answers_as_json(model, table, tmp_path, capsys):
    arguments = ["profile", model, table, "--out", str(tmp_path / "out"), "--json"]
    assert main([*arguments, "--columns", "City", "--weights", "Copies"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert [column["kind"] for column in answer["columns"]] == ["categorical"]
    n_rows = [row["n_rows"] for row in answer["profile"]]
    assert n_rows == pytest.approx([80.0] * 4, rel=0.01)
    assert {row["feature"] for row in answer["features"]} == {SPEND, VISITS}
    assert main([*arguments, "--columns", "Cty"]) == 1
    assert "no column 'Cty'" in error_line(capsys)


def test_export_sql_prints_a_query_that_runs(model, table, tmp_path, capsys):
    assert main(["export-sql", model, "--dialect", "sqlite", "--id", "Id"]) == 0
    query = capsys.readouterr().out
    frame = pd.read_csv(table, dtype={"Id": str})
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.create_function("exp", 1, lambda x: float(np.exp(x)))  # optional in SQLite
        frame.to_sql("customers", connection, index=False)
        found = pd.read_sql(query, connection)
    expected = load(model).predict_proba(frame)
    np.testing.assert_allclose(found[["Segment 1", "Segment 2"]], expected, atol=1e-9)
    assert found["Id"].tolist() == frame["Id"].tolist()
    out = tmp_path / "query.sql"
    assert main(["export-sql", model, "--dialect", "sqlite", "--id", "Id", "--out", str(out)]) == 0
    assert out.read_text() == query


def test_export_sql_does_not_overwrite_the_model(model, tmp_path, capsys):
    before = Path(model).read_bytes()
    assert main(["export-sql", model, "--out", model]) == 2
    assert main(["export-sql", model, "--out", str(tmp_path / "query.nc")]) == 2
    assert Path(model).read_bytes() == before


@pytest.mark.filterwarnings("always")
def test_profile_warns_of_codes_and_of_rows_beyond_all_segments(model, tmp_path, capsys):
    table = customers()
    table["Grade"], table[SPEND] = np.arange(80) % 3 + 1, 1000.0 * table[SPEND]
    path = write(table, tmp_path / "other.csv")
    assert main(["profile", model, path, "--out", str(tmp_path / "out"), "--json"]) == 0
    said = capsys.readouterr()
    assert "beyond all segments" in said.err
    found = json.loads(said.out)["diagnostics"]
    assert [d["subject"] for d in found if d["code"] == "possible_codes"] == [["Copies"], ["Grade"]]
