"""Thread pools with a thread per core; compiled code does not hold the GIL."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController


def n_cores() -> int:
    """Number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@cache
def row_threads() -> ThreadPoolExecutor:
    """Threads that sum over parts of the rows."""
    return ThreadPoolExecutor(max_workers=n_cores(), thread_name_prefix="bayes_gmm_rows")


@cache
def _task_threads() -> ThreadPoolExecutor:
    # A separate pool, because tasks wait for the threads of the rows.
    return ThreadPoolExecutor(max_workers=n_cores(), thread_name_prefix="bayes_gmm_tasks")


def at_once[T](f: Callable[..., T], *arguments: Iterable[Any]) -> list[T]:
    """``list(map(f, *arguments))`` on all cores.

    Examples
    --------
    >>> at_once(pow, [2, 3], [5, 2])
    [32, 9]
    """
    if n_cores() == 1:
        return list(map(f, *arguments))
    return list(_task_threads().map(f, *arguments))


def _after_fork() -> None:
    row_threads.cache_clear()
    _task_threads.cache_clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Limit BLAS to one thread: with small matrices, threads cost milliseconds per call."""
    with _blas().limit(limits=1, user_api="blas"):
        yield


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController()
