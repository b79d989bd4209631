"""The bar shows where someone may see it."""

import io

import pytest

from bayes_gmm.inference.sampling.progress import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("stream", "shown", "seen"),
    [(Terminal(), True, True), (Terminal(), False, False), (io.StringIO(), True, False)],
    ids=["terminal", "not asked for", "file"],
)
def test_it_is_seen_in_a_terminal_only(stream, shown, seen, monkeypatch):
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    with Progress(10, shown=shown) as bar:
        bar.show(5)
    assert ("Sampling" in stream.getvalue()) == seen
    assert ("100%" in stream.getvalue()) == seen
