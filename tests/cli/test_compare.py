"""`compare`: the table, what is said of it, what is written, and how it ends."""

import json

import numpy as np
import pandas as pd
import pytest
from command_line import SPEND, VISITS, customers, error_line, names_in, write
from example_comparisons import by_bic, by_evidence, by_loo, interrupted

from bayes_gmm.cli import main
from bayes_gmm.cli.compare_report import Compared

FILES = ["comparison.csv", "comparison.html", "comparison.png"]


def compare_arguments(table, *more):
    arguments = ["compare", str(table), "--features", SPEND, "--features", VISITS]
    return [*arguments, "--criteria", "bic,laplace", *map(str, more)]


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """A table of two groups, and the folder with what `compare` wrote of 1 to 3 segments."""
    place = tmp_path_factory.mktemp("compared")
    table = write(customers(), place / "customers.csv")
    more = ("--components", "1-3", "--structures", "full,tied", "--out", place / "out")
    assert main(compare_arguments(table, *more)) == 0
    return table, place / "out"


def test_the_table_and_the_verdicts_are_printed(compared, capsys):
    assert main(compare_arguments(compared[0], "--components", "1-3")) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.startswith("How many segments in 80 rows of customers.csv, by 2 features?")
    rows = [line.split() for line in out.splitlines() if line.split()[:1] in (["1"], ["2"], ["3"])]
    assert [row[4:] for row in rows] == [["<", "0.1", "%"], ["99", "%"], ["0.6", "%"]]
    assert [cell for row in rows for cell in row if cell.endswith("*")] == rows[1][2:4]
    assert "\nBIC is lowest for 2 segments" in out
    assert "\nLaplace's approximate evidence supports 2 segments" in out
    assert "widen the range" not in out
    assert out.splitlines()[-1].startswith("Recommendation: 2 segments")
    assert "written" not in out


def test_what_is_written_is_the_table_and_the_picture(compared):
    _, folder = compared
    assert names_in(folder) == FILES
    table = pd.read_csv(folder / "comparison.csv")
    assert table["n_components"].tolist() == [1, 1, 2, 2, 3, 3]
    assert table["structure"].tolist() == ["full", "tied"] * 3
    assert table["probability"].sum() == pytest.approx(1.0)
    assert table.loc[table["bic"].idxmin(), "n_components"] == 2
    assert (folder / "comparison.png").read_bytes().startswith(b"\x89PNG")


def test_json_is_one_object_with_the_same_numbers(compared, capsys):
    table, folder = compared
    more = ("--components", "1-3", "--structures", "full,tied", "--json")
    assert main(compare_arguments(table, *more)) == 0
    out, err = capsys.readouterr()
    assert err == ""
    answer = json.loads(out)
    assert answer["n_rows"] == 80
    assert answer["features"] == [SPEND, VISITS]
    assert answer["best"]["bic"]["n_components"] == 2
    assert answer["candidates"][0]["log_evidence_se"] is None
    assert sum(answer["probabilities"].values()) == pytest.approx(1.0)
    assert answer["probability_intervals"]["2"] == {"lower": None, "upper": None}
    verdict, recommended = answer["verdicts"]["bic"], answer["recommendation"]
    assert (verdict["code"], verdict["n_components"], verdict["edges"]) == ("best", 2, [])
    assert (recommended["code"], recommended["n_components"]) == ("agreement", 2)
    assert recommended["choices"]["bic"]["n_components"] == 2
    assert recommended["structure"] in ("full", "tied")
    assert answer["files"] == {}
    assert answer["interrupted"] is False
    written = pd.read_csv(folder / "comparison.csv")
    found = pd.DataFrame(answer["candidates"])
    for name in ("bic", "log_evidence", "probability"):
        assert found[name].to_numpy() == pytest.approx(written[name].to_numpy())


def test_weights_count_as_copies_of_rows(tmp_path, capsys):
    once = customers(15)
    copied = once.loc[once.index.repeat(once["Copies"])]
    answers = []
    for table, more in ((once, ["--weights", "Copies"]), (copied, [])):
        path = write(table, tmp_path / "table.csv")
        assert main(compare_arguments(path, "--components", 2, "--json", *more)) == 0
        answers.append(json.loads(capsys.readouterr().out))
    bic = [answer["candidates"][0]["bic"] for answer in answers]
    assert bic[0] == pytest.approx(bic[1], abs=1e-6)
    assert [answer["n_rows"] for answer in answers] == [(once["Copies"] > 0).sum(), len(copied)]


def test_numbers_that_cannot_be_fitted_are_noted_and_the_others_stand(tmp_path, capsys):
    path = write(customers(2), tmp_path / "small.csv")
    assert main(compare_arguments(path, "--components", "1,9")) == 0
    out = capsys.readouterr().out
    assert [line.split()[1:3] for line in out.splitlines() if line.startswith("       9 ")] == [
        ["-", "-"]
    ]
    assert "\n9 (full): the table has n_samples=4 usable rows" in out
    assert main(compare_arguments(path, "--components", "9-12", "--out", tmp_path / "out")) == 1
    assert "9 segments (full): the table has n_samples=4 usable rows" in error_line(capsys)
    assert names_in(tmp_path) == ["small.csv"]


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--components", "0-3", "'0-3' is not an ascending range from 1 or more"),
        ("--components", "5-2", "'5-2' is not an ascending range from 1 or more"),
        ("--components", "1-8x", "'1-8x' is not a number or a range such as 1-8"),
        ("--components", "1-101", "'1-101' has more than 100 numbers"),
        ("--components", ",", "give at least one number of segments"),
        (
            "--criteria",
            "bic,bci",
            "unknown criterion 'bci'; choose from bic, icl, aic, loo",
        ),
        ("--criteria", ",", "no criterion given"),
        ("--structures", "full,round", "'round'"),
        ("--structures", " ", "give at least one structure"),
        ("--k-prior", "1,x", "'x' is not a number"),
        ("--draws", "0", "0 is not in the range x>=1"),
    ],
)
def test_wrong_usage_is_told_before_the_table_is_read(option, value, said, capsys):
    assert main(["compare", "none.csv", "--features", "A", option, value]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert f"'{option}'" in err


def test_bad_data_are_one_line(table, capsys):
    assert main(["compare", table, "--features", "Spent", "--components", "1-2"]) == 1
    assert "'Spent'" in error_line(capsys)


def test_interruption_shows_what_is_done(table, monkeypatch, capsys):
    monkeypatch.setattr(
        "bayes_gmm.results.comparison.compare.compare", lambda *_, **__: interrupted()
    )
    assert main(compare_arguments(table)) == 130
    out, err = capsys.readouterr()
    assert "interrupted before it was fitted" in out
    assert err == "bayes-gmm: interrupted\n"


def test_what_was_interrupted_replaces_nothing(compared, monkeypatch, capsys):
    table, folder = compared
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    monkeypatch.setattr(
        "bayes_gmm.results.comparison.compare.compare", lambda *_, **__: interrupted()
    )
    assert main(compare_arguments(table, "--out", folder, "--json")) == 130
    answer = json.loads(capsys.readouterr().out)
    assert answer["interrupted"]
    assert answer["files"]["table"] == str(folder / "comparison-partial.csv")
    assert names_in(folder) == [
        "comparison-partial.csv", "comparison-partial.png", *FILES
    ]  # fmt: skip
    assert {name: (folder / name).read_bytes() for name in before} == before
    for file in folder.glob("*-partial*"):
        file.unlink()


def test_fits_whose_draws_were_interrupted_are_shown_and_written(
    table, tmp_path, monkeypatch, capsys
):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("bayes_gmm.results.comparison.cell.FittedCell.with_draws", interrupt)
    more = ("--components", "1-2", "--criteria", "evidence", "--out", tmp_path / "out")
    assert main(compare_arguments(table, *more)) == 130
    out = capsys.readouterr().out
    assert "evidence could not be computed for any number of segments" in out
    assert "1 (full): interrupted before its posterior was sampled" in out
    assert names_in(tmp_path / "out") == ["comparison-partial.csv"]


def test_interruption_before_anything_is_done_shows_nothing(table, monkeypatch, capsys):
    def nothing_done(*_, **__):
        done = interrupted()
        return type(done)(done.candidates[1:], ("bic",), {2: 1.0}, done.features)

    monkeypatch.setattr("bayes_gmm.results.comparison.compare.compare", nothing_done)
    assert main(compare_arguments(table)) == 130
    assert error_line(capsys) == "bayes-gmm: interrupted\n"


def test_errors_of_the_evidence_are_beside_it():
    errors = {1: 0.04, 2: 0.158, 3: 0.1}
    text = Compared("a.csv", 80, by_evidence({1: -40.0, 2: -9.0, 3: -12.0}, errors=errors)).text()
    row = next(line.split() for line in text.splitlines() if line.startswith("       2 "))
    assert row[2:6] == ["-9.00", "±", "0.16*", "95"]
    assert row[7:] == ["93", "to", "97", "%"]


@pytest.mark.parametrize(
    ("numbers", "tried"),
    [((4,), "4 tried"), ((2, 3, 4), "2 to 4 tried"), ((2, 4), "2 and 4 tried")],
)
def test_the_title_says_what_was_tried(numbers, tried):
    text = Compared("a.csv", 80, by_bic(dict.fromkeys(numbers, 1.0))).text()
    assert text.splitlines()[0].endswith(f"? {tried}")


def test_what_is_behind_in_predictions_is_beside_them():
    rows = np.random.default_rng(1).normal(size=(2, 50))
    comparison = by_loo({1: -5.0 + rows[0], 2: -4.0 + rows[1]})
    lines = Compared("a.csv", 50, comparison).text().splitlines()
    gap = comparison.elpd_diff[comparison.candidates[0]]
    assert lines[2].split()[-1] == "behind"
    assert lines[3].endswith(f"{gap.elpd:.1f} ± {gap.se:.1f}")
    assert lines[4].endswith("0.0 ± 0.0")


def test_lines_are_no_wider_than_a_terminal():
    values = {(K, s): -10.0 * K for K in (1, 12) for s in ("component/shared", "full")}
    text = Compared("a.csv", 80, by_bic(values | {(13, "full"): None})).text()
    assert max(map(len, text.splitlines())) <= 100
    assert sum("structure   " in line for line in text.splitlines()) == 1


@pytest.mark.slow
def test_prior_over_numbers_and_draws_are_handed_on(compared, capsys):
    table, _ = compared
    more = ("--components", "1-3", "--criteria", "evidence", "--draws", 200, "--json")
    shares = []
    for prior in ("1,1,1", "0,1,3"):
        assert main(compare_arguments(table, *more, "--k-prior", prior)) == 0
        shares.append(json.loads(capsys.readouterr().out)["probabilities"])
    even, told = shares
    assert told["1"] == 0.0
    assert told["3"] / told["2"] == pytest.approx(3.0 * even["3"] / even["2"])


def test_a_prior_of_other_numbers_is_refused(capsys):
    more = ("--components", "1-3", "--k-prior", "1,2")
    assert main(compare_arguments("none.csv", *more)) == 2
    err = capsys.readouterr().err
    assert "'--k-prior': got 2 weights for 3 numbers in --components" in err


def with_findings(path):
    table = customers().assign(Number=np.arange(80.0))
    table.loc[table.index[:4], SPEND] = -999.0
    return write(table, path)


def paragraph_of_findings(out):
    return out.split("Findings in the table:")[1].split("\n\n")[0].rstrip()


def test_the_findings_are_printed_as_fit_prints_them(tmp_path, capsys):
    path = with_findings(tmp_path / "customers.csv")
    columns = ["--features", SPEND, "--features", VISITS, "--features", "Number"]
    assert main(["fit", path, *columns, "--components", "1"]) == 0
    by_fit = paragraph_of_findings(capsys.readouterr().out)
    compared = ["compare", path, *columns, "--components", "1", "--criteria", "bic"]
    assert main(compared) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert paragraph_of_findings(out) == by_fit
    assert main([*compared, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["findings"]
    assert [(f["code"], f["subject"]) for f in found][:2] == [
        ("identifier", ["Number"]), ("missing_code", [SPEND]),
    ]  # fmt: skip


def test_criteria_may_be_written_in_capitals(table, capsys):
    arguments = ["compare", table, "--features", "Visits", "--components", "1-2"]
    answers = []
    for criteria in ("BIC,Icl", "bic,icl"):
        assert main([*arguments, "--criteria", criteria, "--json"]) == 0
        answers.append(capsys.readouterr().out)
    assert answers[0] == answers[1]
