"""Other packages as processes that make starts on request, and what their starts reached."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
THREADS = "2"
ENVIRONMENT = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), THREADS
)
Parameters = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Peer:
    """A package, and the interpreter that has it: a Python, or Rscript for mclust."""

    name: str
    program: str

    def command(self, path: Path, n_rows: int, d: int, K: int) -> list[str]:
        arguments = [str(path), str(n_rows), str(d), str(K)]
        if self.name == "mclust":
            return [self.program, str(HERE / "peer_worker.R"), *arguments]
        return [self.program, str(HERE / "peer_worker.py"), self.name, *arguments]


def peers_of(gmmx: str | None, pomegranate: str | None) -> tuple[Peer, ...]:
    """scikit-learn in this Python, mclust if Rscript has it, and others whose Python is given."""
    found = [Peer("scikit-learn", sys.executable)]
    rscript = shutil.which("Rscript")
    has_mclust = (
        rscript
        and not subprocess.run(
            [rscript, "-e", "library(mclust)"], capture_output=True, check=False
        ).returncode
    )
    for name, program in (
        ("mclust", rscript if has_mclust else None), ("pomegranate", pomegranate), ("gmmx", gmmx)
    ):  # fmt: skip
        if program:
            found.append(Peer(name, program))
        else:
            print(f"skipped: {name} is not installed", file=sys.stderr)
    return tuple(found)


class LateError(Exception):
    """A peer did not answer in time, or ended."""


@dataclass
class Worker:
    """A running peer (see `peer_worker.py`)."""

    process: subprocess.Popen[str]
    n_features: int
    version: str = ""

    def ask(self, line: str, timeout: float) -> tuple[float, np.ndarray]:
        """Its seconds, and the numbers that follow."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
        except BrokenPipeError as error:
            raise LateError from error
        seconds, *numbers = np.array(self._line(timeout).split(), dtype=np.float64)
        return float(seconds), np.array(numbers)

    def parameters(self, numbers: np.ndarray, K: int) -> Parameters | None:
        """Weights, means and covariances, or None where a start failed."""
        d = self.n_features
        if len(numbers) != K * (1 + d + d * d) or not np.all(np.isfinite(numbers)):
            return None
        weights, means, covariances = np.split(numbers, [K, K + K * d])
        return weights, means.reshape(K, d), covariances.reshape(K, d, d)

    def _line(self, timeout: float) -> str:
        out = self.process.stdout
        assert out is not None
        if not select.select([out], [], [], timeout)[0] or not (line := out.readline()):
            raise LateError
        return line


@contextmanager
def worker(peer: Peer, X: np.ndarray, K: int, folder: Path, patience: float) -> Iterator[Worker]:
    """A peer that has loaded X and compiled its code; raises `LateError` if it does not answer."""
    path = folder / "X.bin"
    X.T.tofile(path)
    process = subprocess.Popen(
        peer.command(path, *X.shape, K), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True, env=os.environ | ENVIRONMENT,
    )  # fmt: skip
    try:
        running = Worker(process, X.shape[1])
        running.version = running._line(patience).split()[1]
        yield running
    finally:
        process.kill()
        process.wait()


@dataclass(frozen=True)
class Start:
    """A start of a peer with its defaults, and where EM took it when it continued.

    Attributes
    ----------
    seconds, more_seconds : float
        Of the start; of EM until it had converged, or 0 where it did not continue.
    log_posterior : float
        Our log-posterior after the climb from the parameters of the start.
    log_likelihood : float
        Of the parameters after EM had continued, or -inf.
    finished : bool
        False for the time that was left when the peer was stopped.
    """

    seconds: float
    more_seconds: float = 0.0
    log_posterior: float = -np.inf
    log_likelihood: float = -np.inf
    finished: bool = True
