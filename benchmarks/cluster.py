"""Passes over rows on the workers of a local Dask cluster, against one worker.

    python benchmarks/cluster.py --rows 2e7 --folder /tmp

Writes Parquet files of four columns from eight segments, scans them on one and on two workers of
one thread each, and prints the median time of a pass over all rows, the ratio, and the difference
of the log-likelihoods. An ideal ratio is 2. The last line sizes a cluster of 100 workers: what a
pass sends and receives, and its time if each worker has as many rows as here.
"""

import argparse
import pickle
import shutil
import tempfile
import time
import warnings
from pathlib import Path
from statistics import median

import numpy as np
from distributed import Client, LocalCluster
from spool import D, K, write

import bayes_gmm as bg
from bayes_gmm.model.density import Density
from bayes_gmm.model.kernel.kernel import Expectations
from bayes_gmm.model.parameters import Layout
from bayes_gmm.model.prior.prior import Prior
from bayes_gmm.model.structure import Structure


def density_on(rows) -> Density:
    """The density of eight components on rows."""
    layout = Layout(K, D, Structure())
    return Density(rows, layout, Prior().constants(K, D, layout.structure), np.full(D, 1e-6))


def timed(density: Density, theta: np.ndarray, repeats: int) -> tuple[float, float]:
    """Median seconds of a pass, and the log-likelihood."""
    point, times = density.layout.point(theta), []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        found = density.statistics(point)
        times.append(time.perf_counter() - start)
    return median(times[1:]), float(found[0])


def main() -> None:
    """Print the times of one and of two workers."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=float, default=2e6)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    folder = Path(tempfile.mkdtemp(dir=options.folder))
    try:
        for i in range(4):
            write(folder / f"{i}.parquet", int(options.rows) // 4, seed=i)
        with (
            LocalCluster(2, threads_per_worker=1, dashboard_address=None) as local,
            Client(local) as client,
        ):
            compare(folder, client, options.repeats)
    finally:
        shutil.rmtree(folder)


def compare(folder: Path, client: Client, repeats: int) -> None:
    """Passes in turn on stores of one and of two workers."""

    class FirstWorker:
        """An engine with one of the two workers."""

        n_workers = 1

        def submit(self, worker, function, *arguments):
            workers = sorted(client.scheduler_info(n_workers=-1)["workers"])[:1]
            return client.submit(function, *arguments, workers=workers, pure=False)

    scans = [
        bg.scan(folder / "*.parquet", cache=folder / name, client=engine, progress=False)
        for name, engine in (("one", FirstWorker()), ("two", client))
    ]
    densities = [density_on(scan.rows) for scan in scans]
    theta = np.random.default_rng(0).normal(size=densities[0].layout.size)
    times, values = [[], []], []
    for _ in range(3):
        for found, density in zip(times, densities, strict=True):
            seconds, value = timed(density, theta, repeats)
            found.append(seconds)
            values.append(value)
    one, two = map(median, times)
    point = densities[0].layout.point(theta)
    record = Expectations(point.log_weights, point.means, point.scale_trils, np.zeros(D))
    print(f"one worker {one:.3f} s a pass, two workers {two:.3f} s, ratio {one / two:.2f} of 2")
    print(f"relative difference of log-likelihoods {np.ptp(values) / abs(values[0]):.1e}")
    sent, received = len(pickle.dumps(record)), 8 * (1 + K * (1 + D + D * D))
    share = densities[1].rows.n_rows // 2
    print(
        f"100 workers of {share:,} rows: {100 * sent / 1e6:.2f} MB sent and "
        f"{100 * received / 1e6:.2f} MB received in a pass of about {two:.2f} s"
    )


if __name__ == "__main__":
    main()
