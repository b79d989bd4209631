"""One pass of the kernel against scikit-learn, against dgemm, and against its exponentials.

    python benchmarks/kernel.py

The first table compares a pass (the E-step, its sufficient statistics and the exact gradient) with
an EM iteration of scikit-learn (its E-step and M-step), in turn, on the same rows, both at their
better thread setting. The parameters are those that scikit-learn has after three iterations.

The second table is for one thread. Whitening and scatter take 2 N K d (d + 1) floating-point
operations; their rate is compared with that of a product of matrices of 1,500 x 1,500 by NumPy's
BLAS. "exponentials" is a loop over N K exponentials by the kernel's own function, and "np.exp" the
same by NumPy. "bound" is the time of these operations at the rate of dgemm plus that of the
kernel's exponentials: no pass can be much faster.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from functools import partial
from statistics import median

import numba
import numpy as np
from sklearn.mixture import GaussianMixture
from tables import SIZES, simulated
from threadpoolctl import threadpool_limits

from bayes_gmm.data.memory import MemoryRows
from bayes_gmm.data.rows import TILE
from bayes_gmm.data.standardize import Standardizer
from bayes_gmm.model.kernel.kernel import expectations
from bayes_gmm.model.kernel.loops import exp_nonpositive

DIMENSIONS = ((2, 5), (3, 5), (4, 8), (5, 5), (10, 10), (30, 10))
"""(features, components) of the second table."""
ROWS, MATRIX = 200_000, 1_500


def main() -> None:
    """Print both tables."""
    warnings.simplefilter("ignore")
    print(f"{'rows':>9} {'d':>3} {'K':>3} {'scikit-learn':>13} {'bayes_gmm':>11} {'ratio':>7}")
    for n_rows, d, K in SIZES:
        theirs, ours = compared(simulated(n_rows, d, K), K)
        ratio = f"{theirs / ours:6.0f}x"
        print(f"{n_rows:9} {d:3} {K:3} {1e3 * theirs:10.3f} ms {1e3 * ours:8.3f} ms {ratio}")
    with threadpool_limits(1):
        print(f"\n{'d':>3} {'K':>3} {'pass':>10} {'of dgemm':>9} {'exponentials':>13} "
              f"{'np.exp':>10} {'pass / bound':>13}")  # fmt: skip
        for d, K in DIMENSIONS:
            one_thread(d, K)


def compared(X: np.ndarray, n_components: int) -> tuple[float, float]:
    """Median seconds of scikit-learn's iteration and of our pass."""
    reference, parameters = after_three_iterations(X, n_components)

    def iterate() -> None:
        _, log_r = reference._e_step(X)
        reference._m_step(X, log_r)

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


def one_thread(d: int, K: int) -> None:
    """Print the row of a size: rates and ratios, with all times taken in turn."""
    X = simulated(ROWS, d, K)
    _, parameters = after_three_iterations(X, K)
    rows = MemoryRows.from_matrix(X, Standardizer.identity(d), threads=1)
    A = np.random.default_rng(0).normal(size=(MATRIX, MATRIX))
    values = -np.random.default_rng(0).exponential(5.0, size=(K, TILE))
    room = np.empty_like(values)
    tiles = ROWS // TILE

    def in_numpy() -> None:
        for _ in range(tiles):
            np.exp(values, out=room)

    works: tuple[Callable[[], object], ...] = (
        lambda: rows.sum_blocks(lambda block: expectations(block, *parameters)),
        lambda: A @ A,
        lambda: exponentials(values, room, tiles),
        in_numpy,
    )
    a_pass, dgemm, ours, numpys = np.median(
        [[timed(work, 1) for work in works] for _ in range(7)], axis=0
    )
    rate = 2.0 * MATRIX**3 / dgemm
    operations = 2.0 * ROWS * K * d * (d + 1)
    print(f"{d:3} {K:3} {1e3 * a_pass:7.2f} ms {operations / a_pass / rate:9.2f} "
          f"{a_pass / ours:12.1f}x {a_pass / numpys:9.1f}x "
          f"{a_pass / (operations / rate + ours):13.2f}")  # fmt: skip


@numba.njit(fastmath=True)
def exponentials(values, room, repeats):
    """The exponentials of all values, `repeats` times."""
    for _ in range(repeats):
        for k in range(values.shape[0]):
            for i in range(values.shape[1]):
                room[k, i] = exp_nonpositive(values[k, i])


def after_three_iterations(
    X: np.ndarray, n_components: int
) -> tuple[GaussianMixture, tuple[np.ndarray, ...]]:
    """scikit-learn's fit, and the arguments of a pass."""
    reference = GaussianMixture(
        n_components, max_iter=3, init_params="random_from_data", random_state=0
    ).fit(X)
    return reference, (
        np.log(reference.weights_),
        reference.means_.copy(),
        np.linalg.cholesky(reference.covariances_),
        np.zeros(X.shape[1]),
    )


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
