"""Tasks at once: in order, with their errors, and free to sum over rows of their own."""

import threading

import numpy as np
import pytest

from bayes_gmm.data.memory import MemoryRows
from bayes_gmm.data.standardize import Standardizer
from bayes_gmm.jit import threads
from bayes_gmm.jit.threads import at_once, n_cores


@pytest.fixture(params=[1, 4])
def cores(request, monkeypatch):
    monkeypatch.setattr(threads, "n_cores", lambda: request.param)
    threads._task_threads.cache_clear()
    yield request.param
    threads._task_threads.cache_clear()


def test_results_are_in_order(cores):
    assert at_once(lambda a, b: 10 * a + b, range(50), range(50)) == [11 * i for i in range(50)]


def test_an_error_reaches_the_caller(cores):
    with pytest.raises(ZeroDivisionError):
        at_once(lambda x: 1 / x, [1, 0, 2])


def test_tasks_run_at_the_same_time(monkeypatch):
    monkeypatch.setattr(threads, "n_cores", lambda: 2)
    threads._task_threads.cache_clear()
    both = threading.Barrier(2, timeout=10.0)
    assert sorted(at_once(lambda _: both.wait(), range(2))) == [0, 1]
    threads._task_threads.cache_clear()


def test_tasks_may_sum_over_rows_in_parts(cores):
    X = np.random.default_rng(0).normal(size=(5000, 2))
    rows = MemoryRows.from_matrix(X, Standardizer.identity(2), threads=3)
    sums = at_once(lambda _: rows.sum_blocks(lambda block: np.array([len(block.tiles)])), range(20))
    assert np.all(np.array(sums) == len(rows.block.tiles))


def test_cores_are_those_that_the_process_may_use(monkeypatch):
    monkeypatch.setattr(threads.os, "sched_getaffinity", lambda _: {1, 4, 6}, raising=False)
    assert n_cores() == 3
    monkeypatch.delattr(threads.os, "sched_getaffinity")
    monkeypatch.setattr(threads.os, "cpu_count", lambda: None)
    assert n_cores() == 1
