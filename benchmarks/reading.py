"""Time and memory of reading a CSV file, against pyarrow's own reader.

    python benchmarks/reading.py [--rows 1000000] [--columns 6]

The times are the least of five; memory is the largest growth of the resident set while reading, in
sizes of the table.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pyarrow import csv

from bayes_gmm.data.table import read_table

REPEATS = 5
PAGE = 4096


def resident() -> int:
    """Bytes of the resident set."""
    return PAGE * int(Path("/proc/self/statm").read_text().split()[1])


def measured(read: Callable[[], Any]) -> tuple[float, float, int]:
    """Wall time and CPU time of a call, and the growth of the resident set while it runs."""
    before = top = resident()
    done = threading.Event()

    def watch() -> None:
        nonlocal top
        while not done.wait(0.002):
            top = max(top, resident())

    watcher = threading.Thread(target=watch)
    watcher.start()
    start, cpu = time.perf_counter(), time.process_time()
    read()
    elapsed, cpu = time.perf_counter() - start, time.process_time() - cpu
    done.set()
    watcher.join()
    return elapsed, cpu, top - before


def written(folder: str, n_rows: int, n_columns: int) -> Path:
    """A CSV file of amounts."""
    rng = np.random.default_rng(0)
    amounts = rng.lognormal(3.0, 1.0, (n_rows, n_columns)).round(2)
    path = Path(folder) / "table.csv"
    table = pd.DataFrame(amounts, columns=[f"x{j}" for j in range(n_columns)])
    table.to_csv(path, index=False)
    return path


def main() -> None:
    """Print the time and memory of each reader."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=6)
    options = parser.parse_args()
    n_rows, n_columns = options.rows, options.columns
    with tempfile.TemporaryDirectory() as folder:
        path = written(folder, n_rows, n_columns)
        readers = {
            "pyarrow.csv.read_csv": lambda: csv.read_csv(path),
            "bayes_gmm.read_table": lambda: read_table(path),
        }
        for name, read in readers.items():
            read()
            runs = [measured(read) for _ in range(REPEATS)]
            elapsed, cpu = (min(run[i] for run in runs) for i in (0, 1))
            tables = max(run[2] for run in runs) / (8.0 * n_rows * n_columns)
            print(f"{name:<22} {elapsed:6.2f} s   CPU {cpu:6.2f} s   {tables:5.1f} tables")


if __name__ == "__main__":
    main()
