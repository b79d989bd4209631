"""Compiled code is kept apart by the sources that it comes from."""

import gc
import subprocess
import sys

import pytest

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


def test_options_of_the_compiler_are_restored():
    level, collects = compiled._config.OPT, gc.isenabled()
    with compiled.quickly():
        assert int(compiled._config.OPT) == 1
        assert not gc.isenabled()
    assert level == compiled._config.OPT
    assert gc.isenabled() == collects


def test_options_of_the_compiler_are_restored_after_an_interruption():
    level, collects = compiled._config.OPT, gc.isenabled()

    def interrupted():
        with compiled.quickly():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert level == compiled._config.OPT
    assert gc.isenabled() == collects
