"""At the first use two processes compile; wherever they cannot, nothing is different."""

import sys

import pytest

from bayes_gmm.inference import precompile as first_use


@pytest.fixture
def started(monkeypatch, tmp_path):
    """What has been started and compiled, instead of starting and compiling it."""
    events = []

    class Helper:
        def wait(self, timeout=None):
            events.append("wait")

        def kill(self):
            events.append("kill")

    def start():
        events.append("start")
        return Helper()

    monkeypatch.setattr(first_use, "cache_folder", lambda: tmp_path / "cache" / "numba")
    monkeypatch.setattr(first_use, "_start_helper", start)
    monkeypatch.setattr(first_use, "_compile_density", lambda: events.append("compile"))
    monkeypatch.setattr(first_use, "n_cores", lambda: 2)
    monkeypatch.setattr(sys, "executable", "/usr/bin/python3")
    return events


def test_once(started):
    """And the helper, which is started first, is waited for."""
    first_use.compile_at_first_use()
    assert started.index("start") < started.index("compile") < started.index("wait")
    first_use.compile_at_first_use()
    assert started.count("start") == started.count("compile") == 1


def test_no_helper_is_left_when_compiling_fails(started, monkeypatch):
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr(first_use, "_compile_density", interrupted)
    with pytest.raises(KeyboardInterrupt):
        first_use.compile_at_first_use()
    assert started.index("kill") < len(started) - started[::-1].index("wait")
    assert "compile" not in started


@pytest.mark.parametrize("executable", [None, "", "/usr/bin/uwsgi", "C:/Program/app.exe"])
def test_no_other_program_is_started(started, monkeypatch, executable):
    monkeypatch.setattr(sys, "executable", executable)
    first_use.compile_at_first_use()
    assert started == []


def test_not_from_a_bundle_nor_on_one_core(started, monkeypatch):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    first_use.compile_at_first_use()
    monkeypatch.setattr(sys, "frozen", False)
    monkeypatch.setattr(first_use, "n_cores", lambda: 1)
    first_use.compile_at_first_use()
    assert started == []


def test_no_cache_to_write_to(started, tmp_path):
    (tmp_path / "cache").write_text("a file where the folder would be")
    first_use.compile_at_first_use()
    assert started == []


def test_an_interpreter_that_cannot_be_started(monkeypatch, tmp_path):
    monkeypatch.setattr(first_use, "cache_folder", lambda: tmp_path / "numba")
    monkeypatch.setattr(first_use, "n_cores", lambda: 2)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    first_use.compile_at_first_use()
    assert [path.name[:9] for path in (tmp_path / "numba").iterdir()] == ["first-use"]


@pytest.mark.slow
def test_helper_does_its_half():
    assert first_use._start_helper().wait(300) == 0
