"""Tables of the sizes that benchmarks run at: Gaussian components that overlap at the edges."""

from __future__ import annotations

import numpy as np

SIZES = ((200, 2, 5), (10_000, 5, 5), (1_000_000, 4, 8), (200_000, 10, 10), (200_000, 30, 10))
"""(rows, features, components)."""


def simulated(
    n_rows: int, n_features: int, n_components: int, seed: int = 0, *, spread: float = 2.0
) -> np.ndarray:
    """Rows of a mixture whose means lie 1.5 `spread` standard deviations apart in each feature."""
    rng = np.random.default_rng(seed)
    means = spread * rng.normal(size=(n_components, n_features))
    shapes = np.eye(n_features) + 0.3 * rng.normal(size=(n_components, n_features, n_features))
    counts = rng.multinomial(n_rows, rng.dirichlet(np.full(n_components, 5.0)))
    rows = [
        mean + rng.normal(size=(count, n_features)) @ shape.T
        for mean, shape, count in zip(means, shapes, counts, strict=True)
    ]
    return rng.permutation(np.concatenate(rows))
