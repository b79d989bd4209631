"""Compilation at first use on a machine, in two processes.

Within a process numba compiles one function at a time. Therefore this process compiles the kernel,
the density and EM while a second process compiles what takes longest besides, and both write to the
cache on disk. Only the kernel is compiled with all optimisations (see `quickly`).
If that is not possible, for example because the cache is not writable or another process is already
compiling, each function is compiled when it is first called.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numba
import numpy as np

from bayes_gmm.inference.modes.flat_scores import compile_score_flats
from bayes_gmm.inference.optimize.em import compile_climb
from bayes_gmm.inference.optimize.m_step import compile_m_step
from bayes_gmm.inference.optimize.volume import compile_volumes
from bayes_gmm.inference.optimize.whitening import move, pull
from bayes_gmm.jit.compiled import PACKAGE, cache_folder, quickly
from bayes_gmm.jit.threads import n_cores
from bayes_gmm.model.density import evaluate_address
from bayes_gmm.model.kernel.kernel import kernel_address


def compile_at_first_use(patience: float = 120.0) -> None:
    """Compile the functions of a fit, unless they are in the cache.

    Parameters
    ----------
    patience : float
        Maximum time to wait for the second process, in seconds.
    """
    if not (_can_start_python() and _is_first()):
        return
    with suppress(OSError):
        helper = _start_helper()
        try:
            _compile_density()
            with suppress(subprocess.TimeoutExpired):
                helper.wait(patience)
        finally:
            helper.kill()
            helper.wait()


def compile_rest() -> None:
    """Compile the functions that the second process compiles."""
    with quickly():
        compile_m_step()
        compile_volumes()
        compile_score_flats()


def _compile_density() -> None:
    kernel_address()
    square, one, nothing = np.ones((1, 1, 1)), np.ones(1), np.empty((0, 1, 1))
    with quickly():
        move(square, one, nothing, nothing, nothing, nothing)
        pull(square, one, nothing, nothing, nothing, nothing, nothing, nothing)
        compile_climb()
        evaluate_address()  # last, because it needs functions that the second process compiles


def _can_start_python() -> bool:
    """Whether a second core and a regular Python interpreter are available.

    Programs that embed Python may name themselves as the executable.
    """
    name = Path(sys.executable or "").stem.lower()
    own = name.startswith(("python", "pypy")) and not getattr(sys, "frozen", False)
    return own and n_cores() > 1


def _is_first() -> bool:
    """Whether this process is the first to compile; a marker is stored with the cache."""
    mark = cache_folder() / f"first-use-{sys.implementation.cache_tag}-{numba.__version__}"
    try:
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch(exist_ok=False)
    except OSError:
        return False
    return True


def _start_helper() -> subprocess.Popen[bytes]:
    """Run Python with the same modules and cache, without output."""
    paths = [str(PACKAGE.parent), *(path or os.getcwd() for path in sys.path)]
    code = f"from {__name__} import compile_rest; compile_rest()"
    return subprocess.Popen(
        [sys.executable, "-P", "-c", code],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(paths),
            "NUMBA_CACHE_DIR": str(cache_folder().parent),
        },
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
