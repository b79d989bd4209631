"""Options of the command line beyond what can be: exit code 1 or 2, and the option's name."""

import pytest
from odd_tables import answer, assert_failed

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
def test_options_of_fit_refused(case, table, monkeypatch, tmp_path, capsys):
    options, code, *words = REFUSED[case]
    monkeypatch.chdir(tmp_path)
    assert_failed(capsys, "fit", table, *FIT, *options, words=words, code=code)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("out", "code", "words"),
    [
        ("s\0.csv", 2, ("'--out'", "zero byte")),
        ("s" * 300 + ".csv", 1, ("name too long",)),
        ("scored.xlsx", 2, ("--out is 'scored.xlsx'", "CSV")),
        (".", 1, ("cannot write '.'", "it is a folder")),
    ],
    ids=["zero byte", "long", "spreadsheet", "folder"],
)
def test_outputs_of_predict_refused(
    out, code, words, table, model_file, monkeypatch, tmp_path, capsys
):
    monkeypatch.chdir(tmp_path)
    assert_failed(capsys, "predict", model_file, table, "--out", out, words=words, code=code)
    assert list(tmp_path.iterdir()) == []


def test_a_large_seed_is_a_seed(table, capsys):
    code, out, err = answer(
        capsys, "fit", table, *FIT, "--components", 2, "--seed", 10**30, "--json"
    )
    assert (code, err) == (0, "")
    assert '"n_rows": 40' in out
