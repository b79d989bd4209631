"""Options and names of columns that cannot be used: exit code 1 or 2, and the option's name."""

import json

import numpy as np
import pandas as pd
import pytest
from odd_tables import NAMES, answer, assert_failed, clean, clean_frame

from bayes_gmm.data.table import read_table

FIT = ("--features", "a,b")
REFUSED = {
    "no segments": (("--components", 0), 1, "n_components", "got 0"),
    "fewer than none": (("--components", -3), 1, "n_components", "got -3"),
    "more than rows": (("--components", 41), 1, "n_samples=40", "n_components=41"),
    "a thousand million": (("--components", 10**9), 1, "n_components=1000000000"),
    "beyond integers": (("--components", 10**30), 1, "fewer than n_components=1000000"),
    "half a segment": (("--components", "2.5"), 2, "'--components'", "'2.5'"),
    "a seed below zero": (("--components", 2, "--seed", -1), 2, "'--seed'", "-1"),
    "a step of nan": (("--components", 2, "--resolution", "nan"), 2, "'--resolution'", "'nan'"),
    "a step of inf": (("--components", 2, "--resolution", "inf"), 2, "'--resolution'", "'inf'"),
    "no structure": (("--components", 2, "--structure", ""), 2, "'--structure'", "full, tied"),
    "a zero byte": (("--components", 2, "--out", "a\0b"), 2, "'--out'", "zero byte"),
    "a long folder": (("--components", 2, "--out", "o" * 300), 1, "ooo", "name too long"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_options_of_fit_refused(case, clean_table, monkeypatch, tmp_path, capsys):
    options, code, *words = REFUSED[case]
    monkeypatch.chdir(tmp_path)
    assert_failed(capsys, "fit", clean_table, *FIT, *options, words=words, code=code)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("out", "code", "words"),
    [
        ("s\0.csv", 2, ("'--out'", "zero byte")),
        ("s" * 300 + ".csv", 1, ("name too long",)),
        ("scored.xls", 2, ("--out is 'scored.xls'", "CSV")),
        (".", 1, ("cannot write '.'", "it is a folder")),
    ],
    ids=["zero byte", "long", "spreadsheet", "folder"],
)
def test_outputs_of_predict_refused(
    out, code, words, clean_table, model_file, monkeypatch, tmp_path, capsys
):
    monkeypatch.chdir(tmp_path)
    assert_failed(capsys, "predict", model_file, clean_table, "--out", out, words=words, code=code)
    assert list(tmp_path.iterdir()) == []


def test_a_large_seed_is_a_seed(clean_table, capsys):
    code, out, err = answer(
        capsys, "fit", clean_table, *FIT, "--components", 2, "--seed", 10**30, "--json"
    )
    assert (code, err) == (0, "")
    assert '"n_rows": 40' in out


@pytest.mark.parametrize(
    ("features", "words"),
    [
        (("a,bb",), ("no column 'bb'", "did you mean 'b'?")),
        (("a,a",), ("features names 2 times the column 'a'",)),
        ((",",), ("--features is ','", "contains no column name")),
        (("a", ""), ("--features is ''", "contains no column name")),
        (("a", " "), ("no column ' '", "it has: a, b")),
        (("\x1b[31m",), ("no column '\\x1b[31m'",)),
        (("a;b",), ("no column 'a;b'", "did you mean '")),
    ],
)
def test_features_that_name_no_column(features, words, clean_table, capsys):
    options = [part for value in features for part in ("--features", value)]
    assert_failed(capsys, "fit", clean_table, *options, "--components", 2, words=words)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Glyph:UserWarning")  # which the picture's font has not
@pytest.mark.parametrize("kind", ["comma", "newline", "HTML", "TeX", "CJK", "escape", "long"])
def test_a_name_is_the_same_on_the_command_line(kind, tmp_path, capsys):
    name, path, out = NAMES[kind], tmp_path / "table.csv", tmp_path / "out"
    clean_frame().rename(columns={"b": name}).to_csv(path, index=False)
    options = ("--features", "a", "--features", name, "--components", 2)
    code, said, _ = answer(capsys, "fit", path, *options, "--out", out)
    assert code == 0
    assert all(line.isprintable() and len(line) <= 100 for line in said.splitlines()[:6])
    assert list(pd.read_csv(out / "segments.csv"))[6] == f"{name} (mean)"
    scored = tmp_path / "scored.csv"
    code, said, _ = answer(capsys, "predict", out / "model.nc", path, "--out", scored, "--json")
    assert code == 0
    assert [segment["assigned"] for segment in json.loads(said)["segments"]] == [20, 20]
    assert read_table(scored, [name])[name].tolist() == clean()[:, 1].tolist()


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        (np.where(np.arange(40) == 4, np.nan, 1.0), ("weights column 'w' is nan in row 5",)),
        (np.where(np.arange(40) == 4, np.inf, 1.0), ("column 'w' is infinite in row 5",)),
        (np.zeros(40), ("weights column 'w' is zero in all 40 rows",)),
        (["1", "x"] * 20, ("column 'w' is not numeric: row 2 holds 'x'",)),
        (np.eye(40)[3], ("1 usable row", "column 'a' cannot vary")),
    ],
    ids=["NaN", "infinite", "zero", "text", "one row"],
)
def test_weights_refused_on_the_command_line(weights, words, tmp_path, capsys):
    path = tmp_path / "weighted.csv"
    clean_frame(w=weights).to_csv(path, index=False)
    options = ("--features", "a,b", "--components", 2, "--weights", "w")
    assert_failed(capsys, "fit", path, *options, words=words)


@pytest.mark.parametrize(
    ("name", "words"), [("W", ("no column 'W'", "it has: a, b")), ("", ("no column ''",))]
)
def test_a_column_of_weights_that_is_not_there(name, words, clean_table, capsys):
    options = ("--features", "a,b", "--components", 2, "--weights", name)
    assert_failed(capsys, "fit", clean_table, *options, words=words)
