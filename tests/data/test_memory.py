"""Rows in memory: every cell in its place once, whatever is missing, however shared out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bayes_gmm.data.memory import MemoryRows
from bayes_gmm.data.rows import TILE, Block
from bayes_gmm.data.standardize import Standardizer


def random_table(seed, n_rows, n_features, missing):
    rng = np.random.default_rng(seed)
    X = rng.normal(5.0, 3.0, size=(n_rows, n_features))
    X[rng.random(X.shape) < missing] = np.nan
    return X


def in_memory(X, weights=None, threads=None):
    return MemoryRows.from_matrix(X, Standardizer.identity(X.shape[1]), weights, threads=threads)


def rows_of(blocks, n_features):
    """Number in the table, cells and weight of every row of the blocks, in the table's order."""
    numbers, cells, weights = [], [np.empty((0, n_features))], []
    for block in blocks:
        for offset, n, pattern, first in block.tiles:
            seen = block.observed[pattern]
            tile = np.full((n, n_features), np.nan)
            tile[:, seen] = block.values[offset : offset + n * seen.sum()].reshape(-1, n).T
            cells.append(tile)
            stored = np.arange(first, first + n)
            numbers.extend(block.order[stored] if len(block.order) else stored)
            weights.extend(block.weights[stored] if len(block.weights) else np.ones(n))
    order = np.argsort(numbers)
    return np.array(numbers)[order], np.concatenate(cells)[order], np.array(weights)[order]


def column_sums(block: Block):
    """Sums that are exact for small integers: of the cells of each feature, and of the rows."""
    _, cells, weights = rows_of([block], block.observed.shape[1])
    return np.append(weights @ np.nan_to_num(cells), weights.sum())


tables = {
    "seed": st.integers(0, 2**32 - 1),
    "n_rows": st.integers(1, 3 * TILE),
    "n_features": st.sampled_from([1, 2, 3, 8, 9, 17]),
    "missing": st.sampled_from([0.0, 0.05, 0.5]),
}


@given(**tables, weighted=st.booleans(), threads=st.integers(1, 4))
@settings(deadline=None, max_examples=60)
def test_every_row_of_positive_weight_is_there_once(
    seed, n_rows, n_features, missing, weighted, threads
):
    X = random_table(seed, n_rows, n_features, missing)
    weights = None
    if weighted:
        weights = np.random.default_rng(seed).choice([0.0, 0.5, 2.0], n_rows)
        weights[0] = 1.0
    rows = in_memory(X, weights, threads)
    kept = np.arange(n_rows) if weights is None else np.flatnonzero(weights)

    for blocks in ([rows.block], rows.parts):
        numbers, cells, found_weights = rows_of(blocks, n_features)
        np.testing.assert_array_equal(numbers, kept)
        np.testing.assert_array_equal(cells, X[kept])
        np.testing.assert_array_equal(found_weights, 1.0 if weights is None else weights[kept])
    assert rows.n_rows == len(kept)
    assert rows.n_features == n_features
    assert rows.total_weight == (n_rows if weights is None else weights.sum())
    counted = np.isfinite(X).any(axis=1) * (1.0 if weights is None else weights)
    assert rows.measured_weight == counted.sum()


@given(**tables)
@settings(deadline=None, max_examples=40)
def test_a_tile_is_short_and_of_one_pattern(seed, n_rows, n_features, missing):
    X = random_table(seed, n_rows, n_features, missing)
    block = in_memory(X).block
    assert np.all((block.tiles[:, 1] >= 1) & (block.tiles[:, 1] <= TILE))
    assert len(np.unique(block.observed, axis=0)) == len(block.observed)
    assert len(block.values) == np.isfinite(X).sum()


@pytest.mark.parametrize("threads", [1, 2, 3, 7, 100])
@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_a_sum_over_parts_is_the_sum_over_all(threads, missing):
    X = random_table(0, 5 * TILE + 17, 3, missing).round()
    rows = in_memory(X, threads=threads)
    np.testing.assert_array_equal(rows.sum_blocks(column_sums), column_sums(rows.block))
    np.testing.assert_array_equal(column_sums(rows.block)[:-1], np.nansum(X, axis=0))
    if missing == 0.0:
        assert len(rows.parts) == min(threads, 6)


def test_cells_are_standardised():
    X = random_table(1, 200, 4, 0.1)
    units = Standardizer.fit(X)
    _, cells, _ = rows_of([MemoryRows.from_matrix(X, units).block], 4)
    np.testing.assert_allclose(cells, units.apply(X), rtol=1e-14, atol=1e-15)


def test_unit_weights_and_complete_rows_take_no_room():
    X = random_table(2, 300, 3, 0.0)
    block = in_memory(X, np.ones(300)).block
    assert len(block.weights) == 0
    assert len(block.order) == 0


def test_the_table_is_read_and_never_written():
    X = np.asfortranarray(random_table(3, 200, 3, 0.2))
    before = X.copy()
    X.setflags(write=False)
    same = in_memory(X).block
    np.testing.assert_array_equal(X, before)
    for a, b in zip(same, in_memory(before).block, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_row_with_nothing_observed_keeps_its_weight():
    X = np.array([[1.0, 2.0], [np.nan, np.nan], [3.0, 4.0]])
    rows = in_memory(X, np.array([1.0, 4.0, 2.0]))
    assert rows.total_weight == 7.0
    assert rows.measured_weight == 3.0
    np.testing.assert_array_equal(column_sums(rows.block), [7.0, 10.0, 7.0])


def test_an_error_in_a_thread_reaches_the_caller():
    def fail(block):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        in_memory(random_table(4, 1000, 2, 0.0), threads=2).sum_blocks(fail)
