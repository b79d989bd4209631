"""The README and the documentation do what they say."""

import re
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

import bayes_gmm as bg
from bayes_gmm.errors import DiagnosticWarning

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("[!_]*.md")),
    *sorted((ROOT / "docs" / "howto").glob("*.md")),
]
SET_UP = "python3 -m pip install -q uv && python3 -m uv run "


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where examples leave their files."""
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    plt.close("all")


def examples(path):
    """Blocks of Python code of a page."""
    text = path.read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)


@pytest.mark.slow
@pytest.mark.parametrize("page", [path for path in PAGES if examples(path)], ids=lambda p: p.stem)
def test_python_of_a_page_runs(page, folder, capsys):
    """One example after the other in one namespace, as a reader would."""
    names: dict[str, object] = {}
    for number, code in enumerate(examples(page), start=1):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DiagnosticWarning)  # pages explain what warnings mean
            exec(compile(code, f"{page.name}, example {number}", "exec"), names)
    if page.stem == "README":
        assert "Segment 1" in capsys.readouterr().out
        assert (folder / "segments.png").stat().st_size > 10_000
        assert bg.load("model.nc").names[0] == "Everyday shoppers"


@pytest.mark.parametrize("command", ["bayes-gmm demo", "pytest"])
def test_each_command_sets_up_everything(command):
    assert f"    {SET_UP}{command}\n" in README


def test_the_checks_run_the_tests_as_it_says():
    assert f'\nstep "{SET_UP}pytest"\n' in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_what_a_page_links_to_is_there(page):
    links = re.findall(r"\]\(([^):]+)\)", page.read_text(encoding="utf-8"))
    assert links or page.stem != "README"
    assert [link for link in links if not (page.parent / link).is_file()] == []
