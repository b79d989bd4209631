"""numba's compiler, with a disk cache that depends on the sources of all compiled code.

numba recompiles a cached function if its own file changes. In this package functions call each
other across files and share constants. Therefore the name of the cache folder is a digest of all
these files, and code compiled from other sources is never loaded.
"""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numba

PACKAGE = Path(__file__).parent.parent
PACKAGES = ("jit", "data", "model", "inference")
"""Packages with compiled code."""

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]
_njit: Callable[..., Decorator] = numba.njit
_cfunc: Callable[..., Callable[[Callable[..., Any]], Any]] = numba.cfunc
_config: Any = numba.config

IN_ORDER = {"contract"}
"""Permitted optimisation of arithmetic: fused multiply and add."""
IN_ANY_ORDER = {"contract", "reassoc", "nsz", "arcp"}
"""Permitted optimisations of sums over rows; NaN and infinity keep their meaning."""


def compiled(*, from_python: bool = True, reordered: bool = False) -> Decorator:
    """`numba.njit` without the GIL and without checks of division, cached on disk.

    Few combinations of options are used, because numba compares them with all others each time it
    infers the type of an array element.

    Parameters
    ----------
    from_python : bool
        Whether Python calls the function; functions that only compiled code calls take two thirds
        of the time to compile.
    reordered : bool
        Whether sums may be taken in any order, which the compiler needs to vectorise them.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        with _own_cache():
            return _njit(
                cache=True, nogil=True, error_model="numpy",
                fastmath=IN_ANY_ORDER if reordered else IN_ORDER,
                no_cpython_wrapper=not from_python, no_cfunc_wrapper=True,
            )(function)  # fmt: skip

    return decorate


inlined: Decorator = _njit(inline="always", error_model="numpy")
"""For functions that are inlined in compiled code and are not compiled separately."""


def c_function(function: Callable[..., Any], signature: Any) -> Any:
    """`numba.cfunc` of a function, cached on disk. It is compiled when it is defined.

    Parameters
    ----------
    function : callable
    signature : numba signature
        The C types it takes and returns.
    """
    with _own_cache():
        return _cfunc(signature, cache=True, error_model="numpy")(function)


@contextmanager
def quickly() -> Iterator[None]:
    """Compile with few optimisations, and without collection of garbage, which makes little here.

    It takes 20 % less time, and code without loops over rows is as fast.
    """
    level, collects = _config.OPT, gc.isenabled()
    _config.OPT = type(level)(1)
    gc.disable()
    try:
        yield
    finally:
        _config.OPT = level
        if collects:
            gc.enable()


@contextmanager
def _own_cache() -> Iterator[None]:
    chosen = _config.CACHE_DIR
    _config.CACHE_DIR = str(cache_folder())
    try:
        yield
    finally:
        _config.CACHE_DIR = chosen


@cache
def cache_folder() -> Path:
    """Folder of code compiled from these sources, next to them or in ``NUMBA_CACHE_DIR``."""
    parent = Path(_config.CACHE_DIR) if _config.CACHE_DIR else PACKAGE / "__pycache__"
    return parent / f"numba-{source_stamp()}"


@cache
def source_stamp() -> str:
    """A digest of the sources of all compiled code."""
    digest = hashlib.sha256()
    for package in PACKAGES:
        for path in sorted((PACKAGE / package).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
