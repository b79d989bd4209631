"""Notebooks run from top to bottom, and are stored small, as they ran."""

import importlib.util
from pathlib import Path

import nbformat
import numpy as np
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


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_it_is_stored_executed_and_small(path):
    stored = nbformat.read(path, as_version=4)
    assert path.stat().st_size < LARGEST
    assert set(stored.metadata) == {"kernelspec", "language_info"}
    assert all(cell.metadata == {} for cell in stored.cells)
    runs = [cell.execution_count for cell in stored.cells if cell.cell_type == "code"]
    assert runs == list(range(1, len(runs) + 1))
    assert {output.get("name") for output in outputs(stored)} <= {None, "stdout"}


def test_the_extended_model_finds_the_slopes():
    """As stored; the run above shows that it still runs."""
    stored = nbformat.read(FOLDER / "extend_the_pymc_model.ipynb", as_version=4)
    text = stored.cells[-2].outputs[-1]["data"]["text/plain"]
    slopes = [float(line.split()[2]) for line in text.splitlines() if line.startswith("slope")]
    np.testing.assert_allclose(slopes, [1.0, -0.5], atol=0.15)


def outputs(notebook):
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def kinds(notebook):
    """What each cell shows: text, tables or pictures; not their content."""
    return [[output.output_type for output in cell.get("outputs", [])] for cell in notebook.cells]
