"""A fit takes one copy of the table, and little else that grows with it."""

import tracemalloc

import numpy as np
import pytest
from example_fits import fitted


def traced_peak(X):
    """Most that was allocated at one time during a fit, in bytes."""
    tracemalloc.start()
    try:
        fitted(X, n_init=4)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.slow
@pytest.mark.parametrize("missing", [0.0, 0.1])
def test_a_fit_takes_one_copy_of_the_table(missing):
    """The second table is larger by 200,000 rows, and what it takes by little more than them.

    What threads of the search allocate, which is of a sample, coincides by chance: each table is
    fitted twice, for chance to be left out.
    """
    rng = np.random.default_rng(0)
    X = rng.normal(size=(250_000, 4)) + 6.0 * np.eye(4)[np.arange(250_000) % 3]
    X[rng.random(X.shape) < missing] = np.nan
    fitted(X[:5000], n_init=1)  # imports and compiles
    small = max(traced_peak(X[:50_000]) for _ in range(2))
    large = min(traced_peak(X) for _ in range(2))
    assert large - small < 1.25 * X[50_000:].nbytes
