"""Rows in one block and in several separate ones have the same sums, ties and weights."""

import numpy as np
import pytest
from separate_rows import SeparateRows

from bayes_gmm.data.memory import MemoryRows
from bayes_gmm.data.standardize import Standardizer


def cells_and_weights(block):
    """Sum of all cells, and of the weights of all rows: of a block."""
    weights = block.weights.sum() if len(block.weights) else block.tiles[:, 1].sum()
    return np.array([block.values.sum(), float(weights)])


@pytest.fixture(params=["complete", "missing", "weighted", "both"])
def table(request):
    rng = np.random.default_rng(0)
    X, weights = rng.normal(size=(500, 3)).round(1), None
    if request.param in ("missing", "both"):
        X[rng.random(X.shape) < 0.2] = np.nan
    if request.param in ("weighted", "both"):
        weights = rng.integers(0, 3, size=500).astype(float)
        weights[:200] = 0.0  # a whole run is left out
    return X, weights


def test_both_have_the_same_rows(table):
    X, weights = table
    one, several = (
        kind.from_matrix(X, Standardizer.identity(3), weights)
        for kind in (MemoryRows, SeparateRows)
    )
    for name in ("n_rows", "total_weight", "measured_weight", "is_complete"):
        assert getattr(one, name) == pytest.approx(getattr(several, name))
    np.testing.assert_allclose(one.cell_weights, several.cell_weights)
    np.testing.assert_allclose(one.largest_ties(), several.largest_ties())
    np.testing.assert_allclose(
        one.block.values.sum(), several.sum_blocks(cells_and_weights)[0], rtol=1e-10
    )
    np.testing.assert_allclose(
        cells_and_weights(one.block), cells_and_weights(several.gathered()), rtol=1e-10
    )
    ours, theirs = one.weights_in_table(500), several.weights_in_table(500)
    assert (ours is None) == (theirs is None)
    if ours is not None:
        np.testing.assert_array_equal(ours, theirs)


def test_gathered_rows_are_in_the_order_of_the_table(table):
    X, weights = table
    block = SeparateRows.from_matrix(X, Standardizer.identity(3), weights).gathered()
    kept = np.arange(500) if weights is None else np.flatnonzero(weights)
    matrix = np.full((500, 3), np.nan)
    for offset, n, pattern, first in block.tiles:
        features = np.flatnonzero(block.observed[pattern])
        cells = block.values[offset : offset + n * len(features)].reshape(len(features), n)
        rows = block.order[first : first + n] if len(block.order) else np.arange(first, first + n)
        matrix[rows[:, None], features] = cells.T
    np.testing.assert_allclose(matrix[kept], X[kept])
