"""The command line: what it prints, what it writes, how it fails."""

import json
import os
import shlex
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bayes_gmm.cli import findings, main
from bayes_gmm.errors import ConvergenceWarning
from bayes_gmm.results.storage import load

SPEND, VISITS = "Spend, yearly (k€)", "Visits"
FILES = ["assignments.csv", "model.nc", "segments.csv", "segments.png"]


def customers(n=40):
    """Two groups far apart, n rows each, with columns that are no features."""
    rng = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "Id": [f"00{i}" for i in range(2 * n)],
            SPEND: np.r_[rng.normal(20, 3, n), rng.normal(80, 5, n)].round(2),
            "City": ["Köln", "=1+1"] * n,
            VISITS: np.r_[rng.normal(5, 1, n), rng.normal(30, 4, n)].round(2),
            "Copies": [1, 3] * n,
        }
    )


def write(table, path):
    table.to_csv(path, index=False)
    return str(path)


def fit_arguments(table, *more):
    return ["fit", str(table), "--features", SPEND, "--features", VISITS, *map(str, more)]


def names_in(folder):
    return sorted(file.name for file in Path(folder).iterdir())


@pytest.fixture
def table(tmp_path):
    return write(customers(), tmp_path / "customers.csv")


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """A folder with the table and what `fit` wrote for it."""
    folder = tmp_path_factory.mktemp("fitted")
    table = write(customers(), folder / "customers.csv")
    assert main(fit_arguments(table, "--components", 2, "--out", folder / "out")) == 0
    return folder


def error_line(capsys):
    """The one line on stderr, with nothing on stdout."""
    out, err = capsys.readouterr()
    assert out == ""
    assert err.endswith("\n")
    assert err.count("\n") == 1
    return err


# Help


@pytest.mark.parametrize("arguments", [["--help"], ["fit", "--help"], ["predict", "-h"]])
def test_help_loads_nothing_heavy(arguments):
    code = (
        "import sys; from bayes_gmm.cli import main; code = main(sys.argv[1:]);"
        "heavy = {'numpy', 'pandas', 'matplotlib', 'numba', 'sklearn'} & set(sys.modules);"
        "sys.exit(str(heavy) if heavy else code)"
    )
    run = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith("Usage: bayes-gmm")


def test_help_lists_what_there_is(capsys):
    assert main(["--help"]) == 0
    listed = capsys.readouterr().out.split("Commands:")[1]
    commands = [line.split()[0] for line in listed.splitlines() if line.startswith("  ")]
    assert commands[:3] == ["demo", "fit", "predict"]
    assert not {"compare", "report"} & set(commands)


def test_module_runs_as_a_program():
    run = subprocess.run([sys.executable, "-m", "bayes_gmm.cli", "nonsense"], capture_output=True)
    assert run.returncode == 2
    assert b"No such command 'nonsense'" in run.stderr


# fit: what is printed


def test_fit_prints_the_segments_in_the_users_units(table, capsys):
    assert main(fit_arguments(table, "--components", 2)) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "2 segments in 80 rows of customers.csv, by 2 features" in out
    rows = [line.split() for line in out.splitlines() if line.startswith("Segment ")]
    assert [row[2:5] for row in rows] == [["50", "%", "40"]] * 2
    low, high = sorted(float(row[5]) for row in rows)
    assert (low, high) == pytest.approx((20, 80), abs=2)
    assert "log-likelihood -" in out
    assert "BIC " in out
    assert "converged after" in out
    assert "written" not in out


def test_json_is_one_object_and_nothing_else(table, tmp_path, capsys):
    assert main(fit_arguments(table, "--components", 2, "--out", tmp_path / "out", "--json")) == 0
    out, err = capsys.readouterr()
    assert err == ""
    answer = json.loads(out)
    assert answer["features"] == [SPEND, VISITS]
    assert answer["n_rows"] == 80
    assert sum(segment["share"] for segment in answer["segments"]) == pytest.approx(1)
    assert sum(segment["size"] for segment in answer["segments"]) == 80
    first = answer["segments"][0]
    assert first["sd"][SPEND] == pytest.approx(first["covariance"][0][0] ** 0.5)
    assert sorted(Path(path).name for path in answer["files"].values()) == FILES
    fit = load(answer["files"]["model"])
    assert answer["log_likelihood"] == fit.log_likelihood
    assert answer["bic"] == 11 * np.log(80) - 2 * fit.log_likelihood


def test_same_seed_gives_the_same_answer(table, capsys):
    answers = set()
    for _ in range(2):
        main(fit_arguments(table, "--components", 2, "--seed", 5, "--json"))
        answers.add(capsys.readouterr().out)
    assert len(answers) == 1


def test_wide_tables_are_broken_into_blocks(tmp_path, capsys):
    rng = np.random.default_rng(0)
    names = [f"A feature with a long name, number {j}" for j in range(7)]
    table = write(pd.DataFrame(rng.normal(size=(60, 7)), columns=names), tmp_path / "wide.csv")
    features = [part for name in names for part in ("--features", name)]
    assert main(["fit", table, *features, "--components", "1", "--structure", "diag"]) == 0
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 100
    assert out.count("Segment 1") > 1
    assert out.count(" mean ") == 7


# fit: what is written


def test_fit_writes_four_files(fitted):
    assert names_in(fitted / "out") == FILES
    assert names_in(fitted) == ["customers.csv", "out"]
    assert (fitted / "out" / "segments.png").read_bytes().startswith(b"\x89PNG")


def test_assignments_have_a_line_per_row(fitted):
    rows = pd.read_csv(fitted / "out" / "assignments.csv")
    assert rows["row"].tolist() == list(range(1, 81))
    probabilities = rows[["Segment 1", "Segment 2"]]
    assert probabilities.sum(axis=1).to_numpy() == pytest.approx(1, abs=2e-6)
    assert (probabilities.idxmax(axis=1) == rows["segment"]).all()
    assert (probabilities.max(axis=1) == rows["probability"]).all()
    assert rows["segment"].nunique() == 2
    assert rows["segment"][:40].nunique() == 1


def test_segments_file_has_the_numbers_of_the_model(fitted):
    table = pd.read_csv(fitted / "out" / "segments.csv")
    fit = load(fitted / "out" / "model.nc")
    assert table["segment"].tolist() == ["Segment 1", "Segment 2"]
    assert table["share"].tolist() == fit.mixture.weights.tolist()
    assert table["size"].tolist() == [40, 40]
    assert table.iloc[:, 3].tolist() == fit.mixture.means[:, 0].tolist()


def test_weights_count_as_copies_of_rows(tmp_path, capsys):
    once = customers(15)
    copied = once.loc[once.index.repeat(once["Copies"])]
    answers = []
    for table, more in ((once, ["--weights", "Copies"]), (copied, [])):
        path = write(table, tmp_path / "table.csv")
        assert main(fit_arguments(path, "--components", 2, "--json", *more)) == 0
        answers.append(json.loads(capsys.readouterr().out))
    weighted, plain = answers
    assert weighted["total_weight"] == plain["n_rows"] == 60
    assert weighted["bic"] == pytest.approx(plain["bic"], abs=1e-6)
    sizes = [[segment["size"] for segment in answer["segments"]] for answer in answers]
    assert sizes[0] == sizes[1]


@pytest.mark.parametrize(
    "given",
    [
        [SPEND, "Visits"],
        ["Visits", SPEND],
        ["Visits,Copies"],
        ["Visits, Copies", SPEND],
        ["Visits", "Visits"],
    ],
)
def test_features_are_whole_names_or_split_at_commas(table, given, capsys):
    options = [part for value in given for part in ("--features", value)]
    assert main(["fit", table, *options, "--components", "1", "--json"]) == 0
    expected = {"Visits,Copies": ["Visits", "Copies"], "Visits, Copies": ["Visits", "Copies"]}
    names = [name for value in given for name in expected.get(value, [value])]
    assert json.loads(capsys.readouterr().out)["features"] == list(dict.fromkeys(names))


def test_text_of_the_user_cannot_run_in_a_spreadsheet(tmp_path):
    table = customers().rename(columns={VISITS: "=HYPERLINK(1)", SPEND: "@Spend"})
    path = write(table, tmp_path / "table.csv")
    arguments = ["fit", path, "--features", "=HYPERLINK(1)", "--features", "@Spend"]
    assert main([*arguments, "--components", "2", "--out", str(tmp_path / "out")]) == 0
    header = (tmp_path / "out" / "segments.csv").read_text("utf-8").splitlines()[0]
    assert not [name for name in header.split(",") if name.startswith(("=", "@"))]
    model, scored = str(tmp_path / "out" / "model.nc"), tmp_path / "scored.csv"
    assert main(["predict", model, path, "--out", str(scored)]) == 0
    cells = pd.read_csv(scored, dtype=str)
    assert list(cells.columns[:5]) == ["Id", "'@Spend", "City", "'=HYPERLINK(1)", "Copies"]
    assert cells["City"][1] == "'=1+1"


# fit: all or nothing


def broken(*_, **__):
    raise OSError(28, "No space left on device", "segments.png")


@pytest.mark.parametrize("there_before", [True, False])
def test_failure_while_writing_leaves_the_folder_as_it_was(
    table, tmp_path, monkeypatch, capsys, there_before
):
    folder = tmp_path / "new" / "out"
    if there_before:
        folder.mkdir(parents=True)
        (folder / "model.nc").write_text("the former model")
        (folder / "notes.txt").write_text("mine")
    monkeypatch.setattr("bayes_gmm.views.plots.save_segments", broken)
    assert main(fit_arguments(table, "--components", 2, "--out", folder)) == 1
    assert error_line(capsys) == "bayes-gmm: error: segments.png: No space left on device\n"
    if there_before:
        assert names_in(folder) == ["model.nc", "notes.txt"]
        assert (folder / "model.nc").read_text() == "the former model"
    else:
        assert names_in(tmp_path) == ["customers.csv"]


@pytest.mark.parametrize("there_before", [True, False])
def test_failure_while_moving_puts_everything_back(tmp_path, monkeypatch, there_before):
    from bayes_gmm.cli.files import filling

    folder = tmp_path / "out"
    if there_before:
        folder.mkdir()
        (folder / "a").write_text("former")
    replace, moves = os.replace, []

    def fails_the_third_time(source, target):
        moves.append(target)
        if len(moves) == 3:
            raise OSError("unplugged")
        replace(source, target)

    def fill(folder):
        with filling(folder) as draft:
            for name in "abc":
                (draft / name).write_text("new")

    monkeypatch.setattr(os, "replace", fails_the_third_time)
    with pytest.raises(OSError, match="unplugged"):
        fill(folder)
    if there_before:
        assert names_in(folder) == ["a"]
        assert (folder / "a").read_text() == "former"
    else:
        assert names_in(tmp_path) == []


def test_a_folder_in_the_way_is_not_removed(table, tmp_path, capsys):
    (tmp_path / "out" / "model.nc").mkdir(parents=True)
    assert main(fit_arguments(table, "--components", 2, "--out", tmp_path / "out")) == 1
    assert "model.nc': it is a folder" in error_line(capsys)
    assert names_in(tmp_path / "out") == ["model.nc"]


def test_out_that_is_a_file_is_refused_before_the_fit(table, capsys):
    assert main(fit_arguments(table, "--components", 2, "--out", table)) == 1
    assert "customers.csv' is not a folder" in error_line(capsys)


# Failures


def bad_tables():
    good = customers()
    return {
        "constant": (good.assign(Visits=7.0), 2, "'Visits' is constant"),
        "not numeric": (good.assign(Visits="many"), 2, "'Visits' is not numeric: row 1"),
        "infinite": (good.assign(Visits=[1.0, np.inf] * 40), 2, "'Visits' is infinite in row 2"),
        "too few rows": (good.iloc[:3], 5, "n_components=5"),
        "too few distinct rows": (good.iloc[[0, 1] * 10], 3, "2 distinct rows"),
        "no rows": (good.iloc[:0], 2, "no rows"),
        "no components": (good, 0, "n_components"),
        "column unknown": (good.rename(columns={VISITS: "Visit"}), 2, "did you mean 'Visit'"),
    }


@pytest.mark.parametrize("case", bad_tables())
def test_bad_data_end_in_one_line_and_no_files(case, tmp_path, capsys):
    table, n_components, message = bad_tables()[case]
    path = write(table, tmp_path / "table.csv")
    out = tmp_path / "out"
    assert main(fit_arguments(path, "--components", n_components, "--out", out)) == 1
    line = error_line(capsys)
    assert line.startswith("bayes-gmm: error: ")
    assert message in line
    assert names_in(tmp_path) == ["table.csv"]


def test_missing_table_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(fit_arguments("absent.csv", "--components", 2)) == 1
    assert error_line(capsys).startswith("bayes-gmm: error: no file 'absent.csv'")


def test_weights_that_are_none_are_named_by_their_column(tmp_path, capsys):
    path = write(customers().assign(Copies=-1), tmp_path / "negative.csv")
    assert main(fit_arguments(path, "--components", 2, "--weights", "Copies")) == 1
    assert "column 'Copies' of weights is -1 in row 1" in error_line(capsys)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fit", "x.csv", "--components", "2"], "Missing option '--features'"),
        (["fit", "x.csv", "--features", "a"], "Missing option '--components'"),
        (["fit", "x.csv", "--features", "a", "--components", "two"], "not a valid integer"),
        (fit_arguments("x.csv", "--components", 2, "--posterior", "nuts"), "takes only 'none'"),
        (fit_arguments("x.csv", "--components", 2, "--resolution", "fine"), "auto, none or a num"),
        (fit_arguments("x.csv", "--components", 2, "--resolution", "-1"), "auto, none or a num"),
        (fit_arguments("x.csv", "--components", 2, "--structure", "round"), "spherical"),
        (["predict", "model.nc", "x.csv"], "Missing option '--out'"),
        (["predict", "model.nc", "x.csv", "--out", "y.parquet"], "end it in .csv"),
        (["compare"], "No such command"),
    ],
)
def test_wrong_usage_is_exit_code_2(arguments, message, capsys):
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in " ".join(err.split())


@pytest.mark.parametrize("resolution", ["auto", "none", "0.5"])
def test_resolution_reaches_the_model(table, tmp_path, resolution, capsys):
    folder = tmp_path / "out"
    more = ("--resolution", resolution, "--out", folder)
    assert main(fit_arguments(table, "--components", 2, *more)) == 0
    capsys.readouterr()
    found = load(folder / "model.nc").mixture.resolution
    assert (found == 0).all() if resolution == "none" else (found > 0).all()


def test_interruption_is_one_line_and_exit_code_130(table, tmp_path, monkeypatch, capsys):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("bayes_gmm.estimator.BayesGMM.fit", interrupted)
    assert main(fit_arguments(table, "--components", 2, "--out", tmp_path / "out")) == 130
    assert error_line(capsys) == "bayes-gmm: interrupted\n"
    assert names_in(tmp_path) == ["customers.csv"]


def test_warnings_are_one_line_without_file_and_line_number(table, monkeypatch, capsys):
    fitted = findings.fitted

    def with_warning(*arguments):
        warnings.warn("stopped\nearly", ConvergenceWarning, stacklevel=1)
        return fitted(*arguments)

    monkeypatch.setattr(findings, "fitted", with_warning)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert main(fit_arguments(table, "--components", 1)) == 0
    assert capsys.readouterr().err == "bayes-gmm: warning: stopped early\n"


# predict


@pytest.fixture
def model(fitted):
    return str(fitted / "out" / "model.nc")


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
    assert [segment["size"] for segment in answer["segments"]] == [40, 40]
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
    assert "no model file" in error_line(capsys)
    assert main(["predict", str(tmp_path / "absent.nc"), table, "--out", out]) == 1
    assert "no model file" in error_line(capsys)


def test_predict_does_not_write_over_what_it_reads(fitted, model, capsys):
    table = str(fitted / "customers.csv")
    assert main(["predict", model, table, "--out", table]) == 2
    assert "which is read; name another file" in capsys.readouterr().err


def test_predict_into_no_folder_names_the_folder(model, table, tmp_path, capsys):
    assert main(["predict", model, table, "--out", str(tmp_path / "absent" / "x.csv")]) == 1
    assert "there is no folder" in error_line(capsys)


# demo


def test_demo_goes_the_whole_way_and_says_that_its_data_are_simulated(tmp_path, capsys):
    folder = tmp_path / "demo"
    for _ in range(2):  # a second time over its own files
        assert main(["demo", "--out", str(folder)]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "400 customers are simulated" in out
    assert "5 segments in 400 rows of customers.csv" in out
    assert names_in(folder) == sorted([*FILES, "customers.csv"])
    for name in names_in(folder):
        assert str(folder / name) in out


def test_demo_compares_with_the_truth(tmp_path, capsys):
    main(["demo", "--out", str(tmp_path / "demo")])
    line = capsys.readouterr().out.split("Against the truth: ")[1]
    right, possible = int(line.split()[0]), int(line.split("would place ")[1].split(".")[0])
    assert 0.9 * 400 < right < possible + 5  # chance may favour the fit by a few


def test_demo_ends_with_a_command_that_works(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    main(["demo"])
    program, *arguments = shlex.split(capsys.readouterr().out.splitlines()[-1])
    assert program == "bayes-gmm"
    assert main(arguments) == 0
    assert names_in(tmp_path) == ["bayes-gmm-demo", "out"]
    found = [
        (tmp_path / folder / "segments.csv").read_text() for folder in ("bayes-gmm-demo", "out")
    ]
    assert found[0] == found[1]
