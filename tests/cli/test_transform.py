"""`--transform` in fit, compare and predict."""

import json

import numpy as np
import pandas as pd
import pytest
from command_line import error_line

import bayes_gmm as bg
from bayes_gmm.cli import main

FEATURES = ["--features", "Spend,Age"]


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    rng = np.random.default_rng(0)
    y = rng.normal(np.repeat([[1.0, 30.0], [5.0, 40.0]], [60, 30], axis=0), [0.8, 5.0])
    path = tmp_path_factory.mktemp("transform") / "table.csv"
    pd.DataFrame({"Spend": np.exp(y[:, 0]).round(2), "Age": y[:, 1].round()}).to_csv(path)
    return str(path)


@pytest.mark.parametrize("option", ["Spend=log", "auto"])
def test_fit_and_predict(table, tmp_path, capsys, option):
    out = tmp_path / "out"
    arguments = ["fit", table, *FEATURES, "--components", "2", "--n-init", "2",
                 "--transform", option, "--posterior", "laplace", "--draws", "50"]  # fmt: skip
    assert main([*arguments, "--json", "--out", str(out)]) == 0
    record = json.loads(capsys.readouterr().out)
    first = record["segments"][0]
    assert first["lower"]["median"]["Spend"] < first["median"]["Spend"]
    assert first["mean"].keys() == {"Spend", "Age"}
    assert first["sd"].keys() == {"Age"}
    chosen = [d["subject"] for d in record["diagnostics"] if d["code"] == "transform_chosen"]
    assert chosen == ([["Spend"], ["Age"]] if option == "auto" else [])
    assert "Spend (84 %) upper" in pd.read_csv(out / "segments.csv")
    assert bg.load(out / "model.nc").mixture.transforms.specs(("Spend", "Age")) == {"Spend": "log"}
    assert main(["predict", str(out / "model.nc"), table, "--out", str(tmp_path / "p.csv")]) == 0
    rows = pd.read_csv(tmp_path / "p.csv")
    expected = pd.read_csv(out / "assignments.csv")["segment"]
    assert rows["segment"].tolist() == expected.tolist()


def test_report_shows_medians_and_ranges(table, capsys):
    assert main(["fit", table, *FEATURES, "--components", "2", "--n-init", "2",
                 "--transform", "Spend=log"]) == 0  # fmt: skip
    heading = capsys.readouterr().out.splitlines()[3]
    assert heading.split() == [
        "share",
        "size",
        "median",
        "mean",
        "central",
        "68",
        "%",
        "mean",
        "sd",
    ]


def test_compare(table, capsys):
    arguments = ["compare", table, *FEATURES, "--components", "1-2", "--criteria", "bic", "--json"]
    bic = []
    for more in ([], ["--transform", "Spend=log", "--transform", "auto"]):
        assert main([*arguments, *more]) == 0
        bic.append(json.loads(capsys.readouterr().out)["candidates"][1]["bic"])
    assert bic[1] < bic[0] - 50.0


def test_compare_alternatives(table, capsys):
    arguments = ["compare", table, *FEATURES, "--components", "1", "--criteria", "bic", "--json"]
    more = ["--transform", "Spend=sqrt", "--compare-transforms", "none,auto,given"]
    assert main([*arguments, *more]) == 0
    record = json.loads(capsys.readouterr().out)
    bic = {c["structure"]: c["bic"] for c in record["candidates"]}
    assert list(bic) == ["full, no transformation", "full, auto", "full, sqrt of Spend"]
    assert bic["full, auto"] < bic["full, sqrt of Spend"] < bic["full, no transformation"]
    assert record["best"]["bic"]["structure"] == "full, auto"


@pytest.mark.parametrize(
    "options",
    [["none,cube"], ["given"], ["none,auto", "--transform", "Spend=log"], ["none,auto,none,x"]],
)
def test_wrong_alternatives_are_usage_errors(table, options):
    assert main(["compare", table, *FEATURES, "--compare-transforms", *options]) == 2


@pytest.mark.parametrize("option", ["Spend", "Spend=cube", "Spend=yeo-johnson:3", "=log"])
def test_wrong_options_are_usage_errors(table, option):
    assert main(["fit", table, *FEATURES, "--components", "2", "--transform", option]) == 2


def test_unknown_column_is_one_line(table, capsys):
    assert main(["fit", table, *FEATURES, "--components", "2", "--transform", "Spent=log"]) == 1
    assert "'Spend'" in error_line(capsys)
