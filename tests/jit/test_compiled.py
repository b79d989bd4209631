"""Compiled code is kept apart by the sources that it comes from."""

import subprocess
import sys

from bayes_gmm.jit import compiled


def test_stamp_names_the_sources(tmp_path, monkeypatch):
    stamp = compiled.source_stamp.__wrapped__
    monkeypatch.setattr(compiled, "PACKAGE", tmp_path)
    for package in compiled.PACKAGES:
        (tmp_path / package).mkdir()
    constants = tmp_path / "model" / "prior" / "constants.py"
    constants.parent.mkdir()
    constants.write_text("TILE = 128")
    before = stamp()
    assert stamp() == before
    constants.write_text("TILE = 256")
    assert stamp() != before


def test_decorating_leaves_numba_as_it_was(tmp_path):
    code = (
        "import numba\n"
        "from bayes_gmm.jit.compiled import cache_folder\n"
        "import bayes_gmm.model.kernel.kernel\n"
        f"assert numba.config.CACHE_DIR == {str(tmp_path)!r}\n"
        f"assert str(cache_folder()).startswith({str(tmp_path)!r})\n"
    )
    environment = {"NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(compiled.PACKAGE.parent)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
