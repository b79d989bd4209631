"""`demo`: the whole way, on customers that come along."""

import contextlib
import io
import shlex

import pytest
from command_line import POSTERIOR_FILES, names_in

from bayes_gmm.cli import DEMO_FOLDER, main


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the demo is run."""
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def text(folder):
    """What the demo says, which has left its files in its own folder."""
    said, complaints = io.StringIO(), io.StringIO()
    output = contextlib.redirect_stdout(said), contextlib.redirect_stderr(complaints)
    with contextlib.chdir(folder), output[0], output[1]:
        assert main(["demo"]) == 0
    assert complaints.getvalue() == ""
    return said.getvalue()


def test_demo_goes_the_whole_way_and_says_that_its_data_are_simulated(folder, text):
    assert "400 customers are simulated" in text
    page = (folder / DEMO_FOLDER / "report.html").read_text(encoding="utf-8")
    assert page.index("400 customers are simulated") < page.index("The answer")
    assert "5 segments in 400 rows of customers.csv" in text
    assert "94 % credible intervals" in text
    assert names_in(folder / DEMO_FOLDER) == sorted([*POSTERIOR_FILES, "customers.csv"])
    for name in names_in(folder / DEMO_FOLDER):
        assert f"{DEMO_FOLDER}/{name}" in text


@pytest.mark.slow
def test_demo_says_the_same_over_its_own_files(folder, text, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    assert main(["demo"]) == 0
    assert capsys.readouterr().out == text


def test_demo_compares_with_the_truth(text):
    line = text.split("Accuracy: ")[1]
    right, possible = int(line.split()[0]), int(line.split("true densities assign ")[1].split()[0])
    assert 0.9 * 400 < right < possible + 5  # chance may favour the fit by a few


@pytest.mark.slow
def test_demo_ends_with_a_command_that_works(folder, text, monkeypatch, capsys):
    program, *arguments = shlex.split(text.splitlines()[-1])
    assert program == "bayes-gmm"
    monkeypatch.chdir(folder)
    assert main(arguments) == 0
    assert names_in(folder) == [DEMO_FOLDER, "out"]
    found = [(folder / name / "segments.csv").read_text() for name in (DEMO_FOLDER, "out")]
    assert found[0] == found[1]
