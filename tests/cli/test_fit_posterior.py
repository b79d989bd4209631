"""`fit --posterior`: intervals in what is printed and written, and predictions from the draws."""

import functools
import json
import warnings

import numpy as np
import pandas as pd
import pytest
from command_line import POSTERIOR_FILES, SPEND, VISITS, customers, fit_arguments, names_in, write
from example_tables import four_corners

from bayes_gmm import Posterior, load
from bayes_gmm.cli import main


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A table and the folder of a fit of it with NUTS."""
    place = tmp_path_factory.mktemp("posterior")
    table = write(customers(), place / "customers.csv")
    arguments = fit_arguments(table, "--components", 2, "--posterior", "nuts")
    assert main([*arguments, "--out", str(place / "out")]) == 0
    return table, place / "out"


def test_all_files_are_there_and_agree(written):
    _, folder = written
    assert names_in(folder) == POSTERIOR_FILES
    posterior = load(folder / "model.nc")
    assert isinstance(posterior, Posterior)
    segments = pd.read_csv(folder / "segments.csv")
    assert segments["size"].tolist() == pytest.approx([40, 40], abs=0.1)
    assert segments["assigned"].tolist() == [40, 40]
    for name in ("share", f"{SPEND} (mean)", f"{VISITS} (sd)"):
        assert np.all(segments[f"{name} lower"] < segments[name])
        assert np.all(segments[name] < segments[f"{name} upper"])
        np.testing.assert_allclose(segments[name], posterior.segments()[name], rtol=1e-12)
    summary = pd.read_csv(folder / "summary.csv")
    assert len(summary) == 2 + 4 + 4 + 2
    assert summary["r_hat"].max() < 1.02


def test_assignments_have_intervals(written):
    rows = pd.read_csv(written[1] / "assignments.csv")
    assert rows.columns[:6].tolist() == [
        "row", "segment", "probability", "lower", "upper", "entropy"
    ]  # fmt: skip
    assert np.all((rows["lower"] >= 0) & (rows["lower"] <= rows["upper"]) & (rows["upper"] <= 1))
    np.testing.assert_allclose(rows[["Segment 1", "Segment 2"]].sum(axis=1), 1.0, atol=2e-6)


def test_predict_averages_over_the_draws(written, tmp_path, capsys):
    table, folder = written
    out = tmp_path / "scored.csv"
    assert main(["predict", str(folder / "model.nc"), table, "--out", str(out)]) == 0
    scored, assigned = pd.read_csv(out), pd.read_csv(folder / "assignments.csv")
    assert scored["segment"].tolist() == assigned["segment"].tolist()
    np.testing.assert_allclose(scored["Segment 1"], assigned["Segment 1"], atol=2e-6)


@pytest.mark.parametrize(
    ("method", "diagnostic", "limit", "words"),
    [("nuts", "r_hat", 1.02, "R-hat at most 1.0"), ("laplace", "khat", 0.7, ": reliable")],
)
def test_how_far_to_trust_it_is_said(written, capsys, method, diagnostic, limit, words):
    arguments = fit_arguments(written[0], "--components", 2, "--posterior", method)
    assert main(arguments) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert words in out
    assert main([*arguments, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)["posterior"]
    assert answer["method"] == method
    assert answer[diagnostic] < limit
    assert [segment["segment"] for segment in answer["segments"]] == ["Segment 1", "Segment 2"]


@pytest.fixture(scope="module")
def corners(tmp_path_factory):
    """Two ways to take four groups for two segments, of about equal mass."""
    path = tmp_path_factory.mktemp("corners") / "corners.csv"
    return write(pd.DataFrame(four_corners(), columns=[SPEND, VISITS]), path)


def test_two_segmentations_are_warned_of_once_and_each_table_is_made_once(
    corners, tmp_path, monkeypatch, capsys
):
    made = []
    for name in ("segments", "summary"):
        monkeypatch.setattr(Posterior, name, counted(getattr(Posterior, name), made))
    more = ("--posterior", "laplace", "--draws", 200, "--out", tmp_path / "out")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert main(fit_arguments(corners, "--components", 2, *more)) == 0
    out, said = capsys.readouterr()
    assert said.count("2 different segmentations") == 1
    assert "--segmentation main" in said
    assert said.count("bayes-gmm: warning: ") == len(said.splitlines())
    assert sorted(made) == ["segments", "summary"]
    assert "average over 2 segmentations" in out
    model, scored = tmp_path / "out" / "model.nc", tmp_path / "scored.csv"
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert main(["predict", str(model), corners, "--out", str(scored)]) == 0
    said = capsys.readouterr().err
    assert "averages mix draws from 2 different segmentations" in said
    assert "of_mode" not in said


def test_the_main_segmentation_is_reported_alone_in_every_file(corners, tmp_path, capsys):
    out = tmp_path / "out"
    more = ("--posterior", "laplace", "--draws", 200, "--segmentation", "main", "--out", out)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert main(fit_arguments(corners, "--components", 2, *more, "--json")) == 0
    said, err = capsys.readouterr()
    assert err == ""
    answer, posterior = json.loads(said), load(out / "model.nc")
    assert len(posterior.mode_fractions) == 1
    found = answer["posterior"]["segmentation"]
    assert found["mode"] == posterior.segmentation.mode
    assert found["others"][0]["mass"] == pytest.approx(1.0 - found["mass"])
    assert {change["quantity"] for change in found["others"][0]["changes"]} == {"mean"}
    segments = posterior.segments()
    for table in (pd.read_csv(out / "segments.csv"), pd.DataFrame(answer["segments"])):
        np.testing.assert_allclose(table["share"], segments["share"], rtol=1e-9)
    probabilities = pd.read_csv(out / "assignments.csv")[["Segment 1", "Segment 2"]]
    np.testing.assert_allclose(
        probabilities, posterior.predict_proba(four_corners().round(12)), atol=2e-6
    )


def test_options_of_the_sampler_reach_it(written, capsys):
    more = ("--posterior", "nuts", "--draws", 60, "--tune", 150, "--chains", 1, "--ci", 0.5)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        arguments = fit_arguments(written[0], "--components", 2, *more, "--n-init", 2, "--json")
        assert main(arguments) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)["posterior"]
    assert (found["draws"], found["chains"], found["ci_prob"]) == (60, 1, 0.5)
    assert found["r_hat"] is None
    assert "chains=" not in err


def counted(method, calls):
    @functools.wraps(method)
    def wrapped(*arguments, **options):
        calls.append(method.__name__)
        return method(*arguments, **options)

    return wrapped


def test_without_a_posterior_there_is_none(written, capsys):
    assert main(fit_arguments(written[0], "--components", 2, "--json")) == 0
    assert json.loads(capsys.readouterr().out)["posterior"] is None
