"""Tables larger than memory: speed of the scan, of a pass over its rows, and memory of a fit.

    python benchmarks/spool.py --rows 1e6 1e7 --folder /tmp

For each number of rows it writes a Parquet file of four columns from eight segments, scans it, and
fits eight segments. Columns of the table: rows scanned per second; rows per second of one pass over
mapped rows and over the same rows in memory (median of 7, alternating); seconds of the fit; the
peak of anonymous memory in the fit, which does not count mapped files. --no-memory leaves out the
comparison with rows in memory.
"""

import argparse
import json
import resource
import shutil
import tempfile
import threading
import time
import warnings
from pathlib import Path
from statistics import median

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import bayes_gmm as bg
from bayes_gmm.data.memory import MemoryRows
from bayes_gmm.data.rows import Block

K, D, CHUNK = 8, 4, 1 << 20


def write(path: Path, n_rows: int, seed: int = 0) -> None:
    """A Parquet file of rows from a mixture, in row groups of about a million rows."""
    rng = np.random.default_rng(seed)
    means = 4.0 * rng.normal(size=(K, D))
    factors = np.linalg.cholesky(np.eye(D) + 0.5 * np.ones((D, D)))
    schema = pa.schema([(f"x{j + 1}", pa.float64()) for j in range(D)])
    with pq.ParquetWriter(path, schema, compression="none", use_dictionary=False) as writer:
        for start in range(0, n_rows, CHUNK):
            n = min(CHUNK, n_rows - start)
            X = means[rng.integers(0, K, n)] + rng.normal(size=(n, D)) @ factors.T
            writer.write_table(pa.table(list(X.T), schema=schema))


def in_memory(rows: MemoryRows) -> MemoryRows:
    """A copy of mapped rows in memory."""
    copy = Block(*(np.array(array) for array in rows.block))
    return MemoryRows.of_block(copy, rows.n_rows, rows.n_features)


class PeakMemory:
    """Peak of the anonymous memory of this process, in bytes, sampled every 20 ms."""

    def __enter__(self):
        self.start = self.peak = self.anonymous()
        self.done = threading.Event()
        self.thread = threading.Thread(target=self._watch)
        self.thread.start()
        return self

    def _watch(self):
        while not self.done.wait(0.02):
            self.peak = max(self.peak, self.anonymous())

    def __exit__(self, *error):
        self.done.set()
        self.thread.join()

    @staticmethod
    def anonymous():
        """Anonymous resident memory."""
        with open("/proc/self/status") as status:
            [line] = [line for line in status if line.startswith("RssAnon")]
        return int(line.split()[1]) * 1024


def seconds(function) -> float:
    """Wall time of a call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def measured(n_rows: int, folder: Path, *, with_memory: bool) -> dict[str, float]:
    """The figures for one number of rows."""
    path = folder / "rows.parquet"
    write(path, n_rows)
    with PeakMemory() as of_scan:
        start = time.perf_counter()
        scan = bg.scan(path, cache=folder, progress=False)
        scan_time = time.perf_counter() - start
    with PeakMemory() as of_fit:
        start = time.perf_counter()
        model = bg.BayesGMM(K, random_state=0).fit(scan)
        fit_time = time.perf_counter() - start
    density, point = model._fitted.density, model._fitted.found[0].point(model._fitted.density)
    compared = [density.rows, *([in_memory(density.rows)] if with_memory else [])]
    times = [[] for _ in compared]
    for _ in range(7):
        for found, rows in zip(times, compared, strict=True):
            found.append(
                seconds(
                    lambda r=rows: type(density)(
                        r, density.layout, density.prior, density.rho2
                    ).statistics(point)
                )
            )
    passes = [n_rows / median(found) for found in times]
    return {
        "rows": n_rows,
        "scanned/s": n_rows / scan_time,
        "scan MB": of_scan.peak / 1e6,
        "pass mapped rows/s": passes[0],
        "pass in memory rows/s": passes[1] if with_memory else float("nan"),
        "fit s": fit_time,
        "fit MB": of_fit.peak / 1e6,
        "iterations": model.n_iter_,
        "converged": model.converged_,
        "process MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
    }


def main() -> None:
    """Measure and print one line for each number of rows, and JSON at the end."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=float, nargs="+", default=[1e5, 1e6])
    parser.add_argument("--folder", type=Path, help="for the files; by default a temporary folder")
    parser.add_argument("--no-memory", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    found = []
    bg.BayesGMM(2, random_state=0).fit(np.random.default_rng(0).normal(size=(200, D)))
    for n_rows in options.rows:
        folder = Path(tempfile.mkdtemp(dir=options.folder))
        try:
            found.append(measured(int(n_rows), folder, with_memory=not options.no_memory))
        finally:
            shutil.rmtree(folder)
        print("  ".join(f"{name} {value:,.4g}" for name, value in found[-1].items()), flush=True)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
