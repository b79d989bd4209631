"""Odd names of columns: the same in every answer and file, or refused."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from odd_tables import answer, assert_failed, assert_refused, clean, clean_frame, quick

from bayes_gmm.data.table import read_table
from bayes_gmm.results.load import load

NAMES = {
    "comma": "Spend, yearly",
    "newline": "Spend\nyearly",
    "tab and spaces": " Spend\t ",
    "empty": "",
    "quotes": "\"Spend\" of 'all'",
    "semicolon": "a;=1+1",
    "HTML": "<script>alert(1)</script>",
    "entity": "&lt;b&gt;",
    "formula": "=cmd|' /C calc'!A0",
    "minus": "-Spend",
    "at": "@SUM(1)",
    "TeX": "$x^{2$",
    "format": "%s {0} {}",
    "path": "../a/b",
    "dots": "..",
    "CJK": "年齢",
    "emoji": "😀",
    "right to left": "שָׁלוֹם",
    "escape": "\x1b[31mred\x07",
    "long": "x" * 10_000,
    "like a result": "segment",
    "like a number": "1e5",
    "like an array's": "x2",
    "missing": "nan",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_a_name_is_the_same_in_a_fit_and_its_file(name, X, clean_model, tmp_path):
    model = quick(clean_frame().rename(columns={"b": name}))
    back = load(model.map_fit_.save(tmp_path / "model.nc"))
    assert back.features == ("a", name)
    turned = clean_frame(other=1.0).rename(columns={"b": name})[["other", name, "a"]]
    np.testing.assert_allclose(back.predict_proba(turned), clean_model.predict_proba(X), atol=1e-9)
    assert list(back.segments().columns[2:4]) == ["a (mean)", "a (sd)"]


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


REFUSED = {
    "twice": (lambda: clean_frame().set_axis(["b", "b"], axis=1), "has 2 columns named 'b'"),
    "twice, of HTML": (
        lambda: clean_frame().set_axis(["<b>", "<b>"], axis=1),
        "has 2 columns named '<b>'",
    ),
    "no name, twice": (lambda: clean_frame().set_axis(["", ""], axis=1), "2 columns named ''"),
    "as text the same": (
        lambda: clean_frame().set_axis([1.5, "1.5"], axis=1),
        "has 2 columns named '1.5'",
    ),
    "one missing, one said to be": (
        lambda: clean_frame().set_axis([np.nan, "nan"], axis=1),
        "has 2 columns named 'nan'",
    ),
    "twice in arrow": (
        lambda: pa.table(list(clean().T.copy()), names=["é\n", "é\n"]),
        "has 2 columns named 'é\\n'",
    ),
    "zero byte": (
        lambda: clean_frame().rename(columns={"b": "b\0"}),
        "column 'b\\x00' has a name that cannot be stored",
    ),
    "half a character": (
        lambda: clean_frame().set_axis(pd.Index(["a", "b\ud800"], dtype=object), axis=1),
        "column 'b\\ud800' has a name that cannot be stored",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_names_refused(case):
    make, *words = REFUSED[case]
    assert_refused(lambda: quick(make()), *words)


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (["A", "b"], ("no column 'a' in the table; did you mean 'A'?", "It has: A, b")),
        (["x", "b"], ("no column 'a' in the table; it has: x, b",)),
        (["\x1b[2J", "b"], ("no column 'a'", "it has: \\x1b[2J, b")),
        ([f"c{j}" for j in range(500)], ("no column 'a'", "c11 and 488 more")),
    ],
    ids=["case", "other", "escape", "many"],
)
def test_a_column_that_is_not_there(columns, words):
    model = quick(clean_frame())
    assert_refused(lambda: model.predict(pd.DataFrame(1.0, index=[0], columns=columns)), *words)


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
def test_features_that_name_no_column(features, words, table, capsys):
    options = [part for value in features for part in ("--features", value)]
    assert_failed(capsys, "fit", table, *options, "--components", 2, words=words)
