"""How the command line fails: one line by name, and nothing written by half."""

import os
import warnings
from pathlib import Path

import numpy as np
import pytest
from command_line import SPEND, VISITS, customers, error_line, fit_arguments, names_in, write

from bayes_gmm.cli import fitting, main
from bayes_gmm.cli.messages import shown_once
from bayes_gmm.errors import ConvergenceWarning


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
    monkeypatch.setattr("bayes_gmm.views.segments.save_segments", broken)
    assert main(fit_arguments(table, "--components", 2, "--out", folder)) == 1
    assert error_line(capsys) == "bayes-gmm: error: segments.png: No space left on device\n"
    if there_before:
        assert names_in(folder) == ["model.nc", "notes.txt"]
        assert (folder / "model.nc").read_text() == "the former model"
    else:
        assert names_in(tmp_path) == ["customers.csv"]


@pytest.mark.parametrize("there_before", [True, False])
def test_failure_while_moving_puts_everything_back(tmp_path, monkeypatch, there_before):
    from bayes_gmm.cli.writing import filling

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
    assert "weights column 'Copies' is -1 in row 1" in error_line(capsys)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fit", "x.csv", "--components", "2"], "Missing option '--features'"),
        (["fit", "x.csv", "--features", "a"], "Missing option '--components'"),
        (["fit", "x.csv", "--features", "a", "--components", "two"], "not a valid integer"),
        (fit_arguments("x.csv", "--components", 2, "--posterior", "gibbs"), "'nuts', 'laplace'"),
        (fit_arguments("x.csv", "--components", 2, "--resolution", "fine"), "auto, none or a num"),
        (fit_arguments("x.csv", "--components", 2, "--resolution", "-1"), "auto, none or a num"),
        (fit_arguments("x.csv", "--components", 2, "--structure", "round"), "spherical"),
        (fit_arguments("x.csv", "--components", 2, "--draws", 100), "--draws needs a posterior"),
        (
            fit_arguments("x.csv", "--components", 2, "--ci", 0.9, "--chains", 2),
            "--ci, --chains need a posterior; add --posterior nuts or laplace",
        ),
        (
            fit_arguments("x.csv", "--components", 2, "--posterior", "laplace", "--tune", 9),
            "--tune needs --posterior nuts",
        ),
        (fit_arguments("x.csv", "--components", 2, "--draws", 0), "0 is not in the range x>=1"),
        (fit_arguments("x.csv", "--components", 2, "--ci", 94), "94.0 is not in the range 0.0<x<1"),
        (fit_arguments("x.csv", "--components", 2, "--segmentation", "2"), "'main', 'all'"),
        (fit_arguments("x.csv", "--components", 2, "--n-init", "0"), "auto or a whole number"),
        (fit_arguments("x.csv", "--components", 2, "--n-init", "few"), "auto or a whole number"),
        (["predict", "model.nc", "x.csv"], "Missing option '--out'"),
        (["predict", "model.nc", "x.csv", "--out", "y.parquet"], "use the ending .csv"),
        (["cluster"], "No such command"),
    ],
)
def test_wrong_usage_is_exit_code_2(arguments, message, capsys):
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in " ".join(err.split())


def test_interruption_is_one_line_and_exit_code_130(table, tmp_path, monkeypatch, capsys):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("bayes_gmm.cli.fitting.fit_table", interrupted)
    assert main(fit_arguments(table, "--components", 2, "--out", tmp_path / "out")) == 130
    assert error_line(capsys) == "bayes-gmm: interrupted\n"
    assert names_in(tmp_path) == ["customers.csv"]


def test_warnings_are_one_line_without_file_and_line_number(table, monkeypatch, capsys):
    fitted = fitting.fitted

    def with_warning(*arguments):
        warnings.warn("stopped\nearly", ConvergenceWarning, stacklevel=1)
        return fitted(*arguments)

    monkeypatch.setattr(fitting, "fitted", with_warning)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert main(fit_arguments(table, "--components", 1)) == 0
    assert capsys.readouterr().err == "bayes-gmm: warning: stopped early\n"


# Where to write


no_folder_here = pytest.mark.skipif(not Path("/proc").is_dir(), reason="there is no /proc")


@no_folder_here
@pytest.mark.parametrize("command", ["fit", "demo", "predict"])
def test_out_that_cannot_be_made_is_refused_by_its_own_name(
    command, table, model, monkeypatch, capsys
):
    """Before any work is done, and without the name of a draft."""
    monkeypatch.setattr("bayes_gmm.cli.fitting.fit_table", None)
    monkeypatch.setattr("bayes_gmm.results.fit.map_fit.MapFit.predict_proba", None)
    arguments = {
        "fit": fit_arguments(table, "--components", 2),
        "demo": ["demo"],
        "predict": ["predict", model, table],
    }[command]
    assert main([*arguments, "--out", "/proc/out.csv"]) == 1
    line = error_line(capsys)
    assert "/proc/out.csv" in line
    assert "No such file or directory" in line
    assert "/proc/." not in line


@pytest.mark.parametrize("command", ["fit", "demo", "predict"])
@pytest.mark.parametrize("name", ["", " "])
def test_out_without_a_name_is_wrong_usage(command, name, tmp_path, monkeypatch, capsys):
    """It is what an unset variable leaves, not the folder that one is in."""
    monkeypatch.chdir(tmp_path)
    arguments = {
        "fit": fit_arguments("x.csv", "--components", 2),
        "demo": ["demo"],
        "predict": ["predict", "model.nc", "x.csv"],
    }[command]
    assert main([*arguments, "--out", name]) == 2
    assert "'--out': the name is empty" in capsys.readouterr().err
    assert names_in(tmp_path) == []


def test_a_draft_that_cannot_be_moved_has_the_name_of_its_file(
    table, tmp_path, monkeypatch, capsys
):
    def refused(source, target):
        raise PermissionError(13, "Permission denied", str(source), None, str(target))

    folder = tmp_path / "out"
    monkeypatch.setattr("bayes_gmm.cli.writing.os.replace", refused)
    monkeypatch.setattr("bayes_gmm.results.fit.map_fit.MapFit.save", lambda fit, path: path.touch())
    assert main(fit_arguments(table, "--components", 2, "--out", folder)) == 1
    line = error_line(capsys)
    assert line.startswith(f"bayes-gmm: error: {folder}/")
    assert line.endswith(": Permission denied\n")
    assert ".bayes-gmm-" not in line
    assert names_in(tmp_path) == ["customers.csv"]


# Values beyond what can be


def test_a_resolution_wider_than_a_column_is_refused(table, capsys):
    assert main(fit_arguments(table, "--components", 2, "--resolution", "1e300")) == 1
    line = error_line(capsys)
    assert f"resolution is 1e+300 for column '{SPEND}', whose values lie within" in line


def test_weights_that_cannot_be_counted_are_refused(tmp_path, capsys):
    path = write(customers().assign(Copies=1e300), tmp_path / "heavy.csv")
    assert main(fit_arguments(path, "--components", 2, "--weights", "Copies")) == 1
    assert "weights column 'Copies' sums to 8e+301 rows" in error_line(capsys)


def test_a_row_beyond_floating_point_is_refused(model, tmp_path, capsys):
    table = customers()
    table.loc[6, VISITS] = 1e200
    path, out = write(table, tmp_path / "far.csv"), tmp_path / "scored.csv"
    assert main(["predict", model, path, "--out", str(out)]) == 1
    assert "column 'Visits' is 1e+200 in row 7, so far from every segment" in error_line(capsys)
    assert names_in(tmp_path) == ["far.csv"]


def test_characters_that_the_font_lacks_are_one_warning(capsys):
    show = shown_once()
    for name in ("128176 (\\N{MONEY BAG})", "1588 (\\N{ARABIC LETTER SHEEN})"):
        show(f"Glyph {name} missing from font(s) DejaVu Sans.")
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "Glyph" not in said
