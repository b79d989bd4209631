"""One pass of the kernel against one EM iteration of scikit-learn, in turn, on the same rows.

    python benchmarks/kernel.py

Both at their better thread setting. A pass is the E-step, its sufficient statistics and the exact
gradient; scikit-learn's iteration is its E-step and M-step. The parameters are the same: those
that scikit-learn has after three iterations.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from functools import partial
from statistics import median

import numpy as np
from sklearn.mixture import GaussianMixture
from tables import SIZES, simulated
from threadpoolctl import threadpool_limits

from bayes_gmm.data.memory import MemoryRows
from bayes_gmm.data.standardize import Standardizer
from bayes_gmm.model.kernel.kernel import expectations


def main() -> None:
    """Print a row for each size."""
    warnings.simplefilter("ignore")
    print(f"{'rows':>9} {'d':>3} {'K':>3} {'scikit-learn':>13} {'bayes_gmm':>11} {'ratio':>7}")
    for n_rows, d, K in SIZES:
        theirs, ours = compared(simulated(n_rows, d, K), K)
        ratio = f"{theirs / ours:6.0f}x"
        print(f"{n_rows:9} {d:3} {K:3} {1e3 * theirs:10.3f} ms {1e3 * ours:8.3f} ms {ratio}")


def compared(X: np.ndarray, n_components: int) -> tuple[float, float]:
    """Median seconds of scikit-learn's iteration and of our pass."""
    reference = GaussianMixture(
        n_components, max_iter=3, init_params="random_from_data", random_state=0
    ).fit(X)

    def iterate() -> None:
        _, log_r = reference._e_step(X)
        reference._m_step(X, log_r)

    parameters = (
        np.log(reference.weights_),
        reference.means_.copy(),
        np.linalg.cholesky(reference.covariances_),
        np.zeros(X.shape[1]),
    )
    units = Standardizer.identity(X.shape[1])
    repeats = 200 if X.size < 10_000 else 30 if X.size < 1_000_000 else 7
    theirs, ours = [], []
    for threads in (1, 2):
        with threadpool_limits(threads):
            theirs.append(timed(iterate, repeats))
        rows = MemoryRows.from_matrix(X, units, threads=threads)
        a_pass = partial(rows.sum_blocks, lambda block: expectations(block, *parameters))
        ours.append(timed(a_pass, repeats))
    return min(theirs), min(ours)


def timed(f: Callable[[], object], repeats: int) -> float:
    """Median seconds of a call, after one that does not count."""
    f()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        f()
        seconds.append(time.perf_counter() - start)
    return median(seconds)


if __name__ == "__main__":
    main()
