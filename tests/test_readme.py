"""The README does what it says."""

import re
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

import bayes_gmm as bg

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE)
SET_UP = "python3 -m pip install -q uv && python3 -m uv run "


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where examples leave their files."""
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    plt.close("all")


@pytest.mark.slow
def test_its_python_runs(folder, capsys):
    """One example after the other in one namespace, as a reader would."""
    assert EXAMPLES
    names: dict[str, object] = {}
    for number, code in enumerate(EXAMPLES, start=1):
        exec(compile(code, f"README.md, example {number}", "exec"), names)
    assert "Segment 1" in capsys.readouterr().out
    assert (folder / "segments.png").stat().st_size > 10_000
    assert bg.load("model.nc").names[0] == "Everyday shoppers"


@pytest.mark.parametrize("command", ["bayes-gmm demo", "pytest"])
def test_each_command_sets_up_everything(command):
    assert f"    {SET_UP}{command}\n" in README


def test_the_checks_run_the_tests_as_it_says():
    assert f'\nstep "{SET_UP}pytest"\n' in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_what_it_links_to_is_there():
    links = re.findall(r"\]\(([^):]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).is_file()] == []
