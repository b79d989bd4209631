"""`fit`: what is printed and what is written."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from command_line import FILES, SPEND, VISITS, customers, fit_arguments, names_in, write

from bayes_gmm.cli import main
from bayes_gmm.results.load import load


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


def with_zeros():
    """More than SHOWN_FINDINGS columns that have something in common, and zeros in one."""
    table = customers()
    table.loc[::4, VISITS] = 0.0
    more = {f"Copy {j}": table[SPEND] * (j + 1) for j in range(4)}
    return table.assign(**more), [SPEND, VISITS, *more]


def test_fit_says_what_it_found_in_the_table(tmp_path, capsys):
    table, names = with_zeros()
    path = write(table, tmp_path / "zeros.csv")
    options = [part for name in names for part in ("--features", name)]
    assert main(["fit", path, *options, "--components", "2", "--structure", "diag"]) == 0
    out, err = capsys.readouterr()
    assert err == ""  # the warning of atoms is among the findings
    said = " ".join(out.split("Findings in the table:")[1].split())
    assert "column 'Visits' is 0 in 25 % of the rows" in said
    assert f"column 'Copy 0' is a linear function of '{SPEND}'" in said
    assert "'Copy 3'" not in said
    assert "and 1 more of this kind (collinear)" in said
    assert max(map(len, out.splitlines())) <= 100


def test_json_has_the_findings(tmp_path, capsys):
    table, _ = with_zeros()
    path = write(table, tmp_path / "zeros.csv")
    assert main(fit_arguments(path, "--components", 2, "--json")) == 0
    out, err = capsys.readouterr()
    assert err == ""
    [finding] = [f for f in json.loads(out)["findings"] if f["code"] == "atom"]
    assert (finding["subject"], finding["values"]["fraction"]) == ([VISITS], 0.25)
    assert "column 'Visits' is 0 in 25 % of the rows" in finding["text"]


def test_same_seed_gives_the_same_answer(table, capsys):
    answers = set()
    for _ in range(2):
        assert main(fit_arguments(table, "--components", 2, "--seed", 5, "--json")) == 0
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


def test_assignments_carry_the_id_as_it_is_written(tmp_path, capsys):
    table = tmp_path / "kunden.csv"
    customers().rename(columns={SPEND: "Spend"}).to_csv(table, index=False, sep=";", decimal=",")
    arguments = ["fit", str(table), "--features", "Spend,Visits", "--components", "2"]
    assert main([*arguments, "--id", "Id", "--out", str(tmp_path / "out")]) == 0
    rows = pd.read_csv(
        tmp_path / "out" / "assignments.csv", sep=";", decimal=",", dtype={"Id": str}
    )
    assert list(rows)[:4] == ["row", "Id", "segment", "probability"]
    assert rows["Id"].tolist() == customers()["Id"].tolist()
    assert rows["probability"].dtype == float
    capsys.readouterr()
    assert main([*arguments, "--id", "Visits"]) == 2
    assert "an ID is never fitted" in " ".join(capsys.readouterr().err.split())
    assert main([*arguments, "--id", "id"]) == 1
    assert "no column 'id' in file" in capsys.readouterr().err


def test_segments_file_has_the_numbers_of_the_model(fitted):
    table = pd.read_csv(fitted / "out" / "segments.csv")
    fit = load(fitted / "out" / "model.nc")
    assert table["segment"].tolist() == ["Segment 1", "Segment 2"]
    assert table["share"].tolist() == fit.mixture.weights.tolist()
    assert table["size"].tolist() == pytest.approx([40, 40], abs=0.01)
    assert table["assigned"].tolist() == [40, 40]
    assert table.iloc[:, 4].tolist() == fit.mixture.means[:, 0].tolist()


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
    path = write(once, tmp_path / "table.csv")
    assert main(fit_arguments(path, "--components", 2, "--weights", "Copies")) == 0
    said = capsys.readouterr().out
    assert f"{len(once)} rows with a total weight of 60 of table.csv" in said
    assert "size: expected total weight" in said


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


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:the posterior has no maximum")  # values are tied
@pytest.mark.parametrize(
    ("resolution", "steps"), [("auto", (1.0, 2.0)), ("none", (0.0, 0.0)), ("0.5", (0.5, 0.5))]
)
def test_resolution_reaches_the_model(tmp_path, resolution, steps):
    table = customers()
    table[SPEND], table[VISITS] = table[SPEND].round(), 2 * (table[VISITS] / 2).round()
    path, folder = write(table, tmp_path / "rounded.csv"), tmp_path / "out"
    more = ("--resolution", resolution, "--out", folder)
    assert main(fit_arguments(path, "--components", 2, *more)) == 0
    assert load(folder / "model.nc").mixture.resolution == pytest.approx(steps)
