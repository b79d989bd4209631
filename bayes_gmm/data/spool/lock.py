"""A lock on the folder of a store, so that one process writes it at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(folder: Path, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold the lock on a folder; wait while another process or thread holds it.

    The operating system releases the lock of a process that ends in any way. The lock is a file
    beside the folder. It is never deleted, because processes that wait for a deleted file would not
    exclude those that create it again.

    Parameters
    ----------
    folder : Path
    waiting : callable
        Called once before the function waits.
    """
    from filelock import FileLock, Timeout

    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(f"{folder}.lock")
    try:
        lock.acquire(blocking=False)
    except Timeout:
        waiting()
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
