"""Notebooks run from top to bottom, and are stored small, as they ran."""

import importlib.util
from pathlib import Path

import nbformat
import pytest

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
LARGEST = 300_000  # bytes
WRITES = {
    "extend_the_pymc_model.ipynb": [],
    "how_many_segments.ipynb": [],
    "map_vs_posterior.ipynb": ["out/customers.nc"],
    "quickstart.ipynb": ["report.html"],
    "skewed_and_missing.ipynb": [],
}


def notebook_tools():
    """`notebooks/refresh.py`, which is no part of the package."""
    spec = importlib.util.spec_from_file_location("refresh", FOLDER / "refresh.py")
    assert spec is not None
    assert spec.loader is not None
    tools = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tools)
    return tools


def test_there_are_notebooks():
    assert {path.name for path in NOTEBOOKS} == set(WRITES)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_every_cell_runs(path, tmp_path):
    """A cell that fails raises; each shows what it is stored with, and writes where it runs."""
    notebook = notebook_tools().executed(path, tmp_path)
    assert kinds(notebook) == kinds(nbformat.read(path, as_version=4))
    assert [file for file in WRITES[path.name] if not (tmp_path / file).is_file()] == []
    if path.name == "extend_the_pymc_model.ipynb":
        assert_slopes_are_found(notebook)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_it_is_stored_executed_and_small(path):
    stored = nbformat.read(path, as_version=4)
    assert path.stat().st_size < LARGEST
    assert set(stored.metadata) == {"kernelspec", "language_info"}
    assert all(cell.metadata == {} for cell in stored.cells)
    runs = [cell.execution_count for cell in stored.cells if cell.cell_type == "code"]
    assert runs == list(range(1, len(runs) + 1))
    assert {output.get("name") for output in outputs(stored)} <= {None, "stdout"}


def assert_slopes_are_found(notebook):
    """Of the extended PyMC model, from which nutpie draws; the table was simulated with these."""
    text = notebook.cells[-2].outputs[-1]["data"]["text/plain"]
    rows = {line.split("  ")[0]: line.split()[-9:] for line in text.splitlines()[1:]}
    assert max(float(cells[6]) for cells in rows.values()) < 1.05  # R-hat
    means = {name: float(cells[0]) for name, cells in rows.items()}
    slopes = [means["slope[Segment 1]"], means["slope[Segment 2]"]]
    assert slopes == pytest.approx([1.0, -0.5], abs=0.15)
    assert means["weights[Segment 1]"] == pytest.approx(0.6, abs=0.05)
    assert means["noise"] == pytest.approx(0.5, abs=0.05)


def outputs(notebook):
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def kinds(notebook):
    """What each cell shows: text, tables or pictures; not their content."""
    return [[output.output_type for output in cell.get("outputs", [])] for cell in notebook.cells]
