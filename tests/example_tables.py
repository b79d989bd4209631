"""Tables that several tests are about."""

import numpy as np

FEATURES = ("Age", "Income", "Visits")


def random_table(seed, n_rows, d, missing=0.0):
    """Rows in three loose groups along the diagonal."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, d)) + 2.0 * rng.integers(0, 3, size=(n_rows, 1))
    X[rng.random(X.shape) < missing] = np.nan
    return X


def three_groups(seed=1, missing=0.0, apart=1.0):
    """280 rows: a round group, one of other shape, and a small tight one."""
    rng = np.random.default_rng(seed)
    X = np.r_[
        rng.normal(size=(150, 3)),
        rng.normal(size=(80, 3)) * [1.0, 0.5, 2.0] + apart * np.array([3.0, 0.0, 1.0]),
        rng.normal(size=(50, 3)) * 0.5 + apart * np.array([0.0, 4.0, -2.0]),
    ]
    X[rng.random(X.shape) < missing] = np.nan
    return X


def four_corners(n=40, seed=0):
    """Groups at the corners of a square: taken for two, they are left and right, or up and down."""
    rng = np.random.default_rng(seed)
    corners = [[x, y] for x in (-3.0, 3.0) for y in (-3.0, 3.0)]
    return np.concatenate([rng.normal(corner, 1.0, (n, 2)) for corner in corners])
