"""Execute a notebook and store its outputs small: `python notebooks/refresh.py [NOTEBOOK]`.

Figures are reduced to a palette, and what changes from run to run without meaning (timestamps,
versions of the interpreter, progress bars) is left out, so that a refreshed notebook differs where
its results do.
"""

from __future__ import annotations

import base64
import io
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from PIL import Image

COLORS = 128
TIMEOUT = 300  # seconds a cell; the first run on a machine compiles
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def executed(path: Path, folder: Path) -> NotebookNode:
    """The notebook with fresh outputs; what it writes goes to the folder."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook, timeout=TIMEOUT, kernel_name="python3", resources={"metadata": {"path": folder}},
        coalesce_streams=True,  # a kernel that is slow prints in more pieces
    ).execute()  # fmt: skip
    return notebook


def stripped(notebook: NotebookNode) -> NotebookNode:
    """The notebook without what a reader does not need, its figures made small."""
    notebook.metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    for number, cell in enumerate(notebook.cells):
        cell.metadata = {}
        cell.id = f"cell-{number}"
        for output in cell.get("outputs", []):
            if "png" in str(output.get("data", {}).keys()):
                output.data = {"image/png": small(output.data["image/png"])}
            if "metadata" in output:
                output.metadata = {}
    return notebook


def small(png: str) -> str:
    """A picture in base64, with a palette instead of a colour for every pixel."""
    buffer = io.BytesIO()
    image = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB")
    reduced = image.quantize(COLORS, kmeans=4, dither=Image.Dither.NONE)
    reduced.save(buffer, "png", optimize=True)
    return base64.b64encode(buffer.getvalue()).decode()


def main() -> None:
    paths = [Path(name) for name in sys.argv[1:]] or sorted(Path(__file__).parent.glob("*.ipynb"))
    for path in paths:
        with tempfile.TemporaryDirectory() as folder:
            notebook = stripped(executed(path, Path(folder)))
        nbformat.validate(notebook)
        nbformat.write(notebook, path)
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
