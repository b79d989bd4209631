"""Tables larger than memory: the results of the same rows in memory, in files for many rows."""

import json

import numpy as np
import pandas as pd
import pytest
from command_line import SPEND, VISITS, customers, names_in

from bayes_gmm.cli import main

FEATURES = ("--features", SPEND, "--features", VISITS)


@pytest.fixture
def parts(tmp_path, monkeypatch):
    """Two Parquet files, and a table with the rows of both."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    table = customers(60)
    table[:70].to_parquet(tmp_path / "a.parquet", index=False)
    table[70:].to_parquet(tmp_path / "b.parquet", index=False)
    return table


def run(*arguments):
    return main([str(argument) for argument in arguments])


@pytest.mark.parametrize("more", [(), ("--weights", "Copies"), ("--transform", "Visits=log1p")])
def test_the_fit_is_that_of_the_table(parts, tmp_path, capsys, more):
    parts.to_parquet(tmp_path / "whole.pq", index=False)
    options = (*FEATURES, "--components", 2, "--id", "Id", *more, "--json")
    tables = (tmp_path / "a.parquet", tmp_path / "b.parquet")
    assert run("fit", *tables, "--scan", *options, "--out", tmp_path / "out") == 0
    assert run("fit", tmp_path / "whole.pq", *options, "--out", tmp_path / "expected") == 0
    text = capsys.readouterr().out
    one, end = json.JSONDecoder().raw_decode(text)
    found = [one, json.loads(text[end:])]
    assert found[0]["log_likelihood"] == pytest.approx(found[1]["log_likelihood"], rel=1e-9)
    for name in ("size", "assigned"):
        numbers = [[segment[name] for segment in each["segments"]] for each in found]
        np.testing.assert_allclose(*numbers, atol=0.01)
    assert names_in(tmp_path / "out") == [
        "assignments.parquet", "model.nc", "segments.csv", "segments.png",
    ]  # fmt: skip
    rows = pd.read_parquet(tmp_path / "out" / "assignments.parquet")
    assert rows["Id"].tolist() == parts["Id"].tolist()
    expected = pd.read_csv(tmp_path / "expected" / "assignments.csv", dtype={"Id": str})
    assert rows["segment"].tolist() == expected["segment"].tolist()


def test_a_posterior_has_no_report_and_predict_reads_patterns(parts, tmp_path, capsys):
    pattern, out = tmp_path / "*.parquet", tmp_path / "out"
    options = ("--components", 2, "--posterior", "laplace", "--draws", 50, "--out", out)
    assert run("fit", pattern, "--scan", *FEATURES, *options) == 0
    said = capsys.readouterr()
    assert "report.html" in said.err
    assert "estimated from a sample" not in said.out
    assert names_in(out) == [
        "assignments.parquet", "intervals.png", "model.nc", "segments.csv", "segments.png",
        "summary.csv",
    ]  # fmt: skip
    scored = tmp_path / "scored.parquet"
    assert run("predict", out / "model.nc", pattern, "--scan", "--out", scored, "--json") == 0
    assert json.loads(capsys.readouterr().out)["n_rows"] == 120
    table = pd.read_parquet(scored)
    pd.testing.assert_frame_equal(table[list(parts)], parts, check_dtype=False)
    assert table["segment"].value_counts().tolist() == [60, 60]


def test_compare(parts, tmp_path, capsys):
    pattern = tmp_path / "*.parquet"
    options = (*FEATURES, "--components", "1-2", "--out", tmp_path / "out", "--json")
    assert run("compare", pattern, "--scan", *options) == 0
    said = capsys.readouterr()
    assert "comparison.html" in said.err
    assert json.loads(said.out)["n_rows"] == 120
    assert names_in(tmp_path / "out") == ["comparison.csv", "comparison.png"]
    assert "laplace" in said.out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("a.parquet", "b.parquet"), 2, "add --scan"),
        (("a.parquet", "--cache", "x"), 2, "--cache needs --scan"),
        (("a.parquet", "--scan", "--missing", "?"), 2, "--missing does not apply to --scan"),
        (("no*.parquet", "--scan"), 1, "there is no file"),
        (("a.parquet", "--scan", "--id", "Nr"), 1, "no column 'Nr'"),
        (("a.parquet", "--scan", "--id", "City", "--name", "Segment 1=City"), 1, "named City"),
        (("a.parquet", "--scan", "--weights", "Copy"), 1, "did you mean 'Copies'"),
    ],
)
def test_bad_input_is_one_line(parts, tmp_path, monkeypatch, capsys, arguments, code, message):
    monkeypatch.chdir(tmp_path)
    options = (*FEATURES, "--components", 2, "--out", "out")
    assert run("fit", *arguments, *options) == code
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert message in last
    assert not (tmp_path / "out").exists()


def test_predict_writes_parquet(parts, tmp_path, capsys):
    arguments = ("predict", "model.nc", tmp_path / "*.parquet", "--scan", "--out", "scored.csv")
    assert run(*arguments) == 2
    assert ".parquet" in capsys.readouterr().err


def test_a_file_that_is_read_is_not_overwritten(parts, tmp_path, capsys):
    out = tmp_path / "out"
    out.mkdir()
    source = (tmp_path / "a.parquet").rename(out / "assignments.parquet")
    before = source.read_bytes()
    assert run("fit", source, "--scan", *FEATURES, "--components", 2, "--out", out) == 1
    assert "one of the files that are read" in capsys.readouterr().err
    assert names_in(out) == ["assignments.parquet"]
    assert source.read_bytes() == before
