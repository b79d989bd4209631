"""Which rows stand for the whole: as many as asked for, by their values, fair to each of them."""

import numpy as np
import pytest

from bayes_gmm.data.subsample import sample_rows


def table(n_rows=5000, d=3, missing=0.0, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, d))
    X[rng.random(X.shape) < missing] = np.nan
    return X


def rows_of(X, sample):
    """The rows chosen and their weights, in an order that their numbers have no part in."""
    chosen, weights = sample
    rows = np.column_stack([X[chosen], weights])
    return rows[np.lexsort(rows.T)]


def test_a_small_table_is_its_own_sample():
    X = table(50)
    for size in (50, 400):
        chosen, weights = sample_rows(X, None, size)
        np.testing.assert_array_equal(chosen, np.arange(50))
        np.testing.assert_array_equal(weights, np.ones(50))


@pytest.mark.parametrize("size", [10, 500, 4000])
def test_as_many_as_asked_for_and_the_extremes(size):
    X = table()
    chosen, weights = sample_rows(X, None, size)
    assert np.all(weights == 1.0)
    assert len(np.unique(chosen)) == len(chosen)
    assert size <= len(chosen) <= size + 2 * X.shape[1]
    assert {*X.argmin(axis=0), *X.argmax(axis=0)} <= set(chosen.tolist())


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_the_order_of_rows_does_not_matter(missing):
    X = table(missing=missing)
    order = np.random.default_rng(1).permutation(len(X))
    one, other = rows_of(X, sample_rows(X, None, 300)), X[order]
    np.testing.assert_array_equal(one, rows_of(other, sample_rows(other, None, 300)))


@pytest.mark.parametrize("sort", [True, False])
def test_a_sorted_table_is_sampled_all_along(sort):
    """Not its first rows, nor its first groups: every tenth of it has its share."""
    X = table()
    if sort:
        X = X[np.argsort(X[:, 0])]
    tenths = np.bincount(sample_rows(X, None, 1000)[0] * 10 // len(X), minlength=10)
    assert tenths.min() > 60
    assert tenths.max() < 140


def test_each_value_weighs_what_all_its_copies_do():
    X = np.repeat([[0.0, 1.0], [2.0, 0.0], [1.0, 5.0]], [6000, 3000, 1000], axis=0)
    chosen, weights = sample_rows(X, None, 1000)
    assert X[chosen].tolist() == X[[0, 6000, 9000]][np.argsort(np.argsort(chosen))].tolist()
    np.testing.assert_array_equal(weights[np.argsort(chosen)], [6000.0, 3000.0, 1000.0])


def test_each_value_is_taken_as_often_as_its_share():
    """Where there are more values than places, too: to the last step, extremes set aside."""
    X = table()
    copies = np.where(np.arange(len(X)) % 10 == 0, 50, 1)
    number = np.repeat(np.arange(len(X)), copies)
    chosen, weights = sample_rows(X[number], None, 1000)
    taken = np.bincount(number[chosen], weights, minlength=len(X))
    share = 1000 * copies / copies.sum()
    assert np.all(taken > share - 1.0)
    assert np.count_nonzero(taken >= share + 1.0) == 0
    assert taken.sum() == pytest.approx(1000, abs=2 * X.shape[1])


@pytest.mark.parametrize(
    ("size", "missing"), [(300, 0.0), (300, 0.3), (2000, 0.0), (2000, 0.3), (6000, 0.0)]
)
def test_weights_are_copies(size, missing):
    X = table(missing=missing)
    copies = np.random.default_rng(2).integers(0, 4, size=len(X))
    repeated = np.repeat(X, copies, axis=0)
    weighted = rows_of(X, sample_rows(X, copies.astype(float), size))
    np.testing.assert_array_equal(weighted, rows_of(repeated, sample_rows(repeated, None, size)))


def test_the_unit_of_weights_changes_weights_alone():
    X = table()
    weights = np.random.default_rng(3).exponential(size=len(X))
    chosen, light = sample_rows(X, 1e-3 * weights, 500)
    same, heavy = sample_rows(X, 1e3 * weights, 500)
    np.testing.assert_array_equal(chosen, same)
    np.testing.assert_allclose(light / light.sum(), heavy / heavy.sum(), rtol=1e-12)
    assert light.sum() == pytest.approx(1e-3 * weights.sum(), rel=0.02)


def test_rows_of_weight_zero_are_left_out():
    X = table()
    weights = (np.arange(len(X)) % 4 > 0).astype(float)
    sample = sample_rows(X, weights, 500)
    assert np.all(weights[sample[0]] > 0.0)
    kept = X[weights > 0.0]
    np.testing.assert_array_equal(rows_of(X, sample), rows_of(kept, sample_rows(kept, None, 500)))
