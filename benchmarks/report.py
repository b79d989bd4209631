"""Time and size of the report of a large table.

    python benchmarks/report.py [--rows 100000]

Four segments in four features, with a numeric and a categorical column outside the model. The
posterior is Laplace's; its time is not included. With 100,000 rows: 4.2 s for the features alone
(which includes imports), 3.4 s with the other columns, .4 MB; the profile of all rows takes 1.7 s.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import bayes_gmm as bg

CENTRES = np.array([[0, 0, 0, 0], [5, 0, 0, 2], [0, 5, 3, 0], [4, 4, 0, 0]], dtype=float)


def simulated(n_rows: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The features, and the whole table."""
    rng = np.random.default_rng(0)
    segment = rng.integers(0, len(CENTRES), n_rows)
    X = pd.DataFrame(rng.normal(size=(n_rows, 4)) + CENTRES[segment], columns=list("abcd"))
    cities = np.array(["Oslo", "Pisa", "Rome"])[rng.integers(0, 3, n_rows)]
    return X, X.assign(Age=rng.normal(40.0, 9.0, n_rows) + segment, City=cities)


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    found = call()
    return time.perf_counter() - start, found


def main() -> None:
    """Print the time of two reports and of a profile."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=100_000)
    X, table = simulated(parser.parse_args().rows)
    warnings.simplefilter("ignore")
    model = bg.BayesGMM(len(CENTRES), random_state=0).fit(X)
    posterior = model.sample_posterior(method="laplace", progress=False)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.html"
        for name, rows in (("features", X), ("all columns", table)):
            seconds, _ = timed(lambda rows=rows: bg.write_report(posterior, path, rows))
            print(f"report, {name:12} {seconds:5.1f} s  {path.stat().st_size / 1e6:.2f} MB")
    seconds, _ = timed(lambda: posterior.profile(table))
    print(f"profile              {seconds:5.1f} s")


if __name__ == "__main__":
    main()
