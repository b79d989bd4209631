"""One process at a time writes a folder; a process that is killed holds no lock."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd

from bayes_gmm.data.spool import store
from bayes_gmm.data.spool.lock import locked
from bayes_gmm.data.spool.scan import scan

HOLD = """
import sys, time, filelock
lock = filelock.FileLock(sys.argv[1])
lock.acquire()
print("held", flush=True)
time.sleep(20)
"""


def test_a_killed_process_holds_no_lock(tmp_path):
    folder, waits = tmp_path / "scan", []
    command = [sys.executable, "-c", HOLD, f"{folder}.lock"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"held\n"

        def waiting():
            waits.append(other.poll())
            other.kill()

        with locked(folder, waiting):
            assert waits == [None]


def test_of_two_scans_at_once_one_writes(tmp_path, monkeypatch):
    X = np.random.default_rng(0).normal(size=(4000, 2))
    pd.DataFrame(X, columns=["a", "b"]).to_parquet(tmp_path / "t.parquet", row_group_size=1000)
    both, read, seen = threading.Barrier(2), store.read, []
    monkeypatch.setattr(store, "read", lambda p, c: (seen.append(p.name), read(p, c))[1])

    def scanned():
        both.wait()
        return scan(tmp_path / "t.parquet", cache=tmp_path / "cache", progress=False)

    with ThreadPoolExecutor(2) as pool:
        one, other = (job.result() for job in [pool.submit(scanned) for _ in range(2)])
    assert len(seen) == 4
    np.testing.assert_array_equal(one.rows.block.values, other.rows.block.values)
    np.testing.assert_allclose(one.standardizer.apply(X).std(axis=0), 1.0)
