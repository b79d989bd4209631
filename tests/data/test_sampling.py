"""Which rows stand for the whole: as many as asked for, by their values, fair to each of them."""

import numpy as np
import pytest

from bayes_gmm.data.sampling import sample_rows


def table(n_rows=5000, d=3, missing=0.0, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, d))
    X[rng.random(X.shape) < missing] = np.nan
    return X


def rows_of(X, chosen):
    """The rows chosen, in an order that their numbers have no part in."""
    return X[chosen][np.lexsort(X[chosen].T)]


def test_a_small_table_is_its_own_sample():
    X = table(50)
    np.testing.assert_array_equal(sample_rows(X, None, 50), np.arange(50))
    np.testing.assert_array_equal(sample_rows(X, None, 400), np.arange(50))


@pytest.mark.parametrize("size", [10, 500, 4000])
def test_as_many_as_asked_for_and_the_extremes(size):
    X = table()
    chosen = sample_rows(X, None, size)
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
    tenths = np.bincount(sample_rows(X, None, 1000) * 10 // len(X), minlength=10)
    assert tenths.min() > 60
    assert tenths.max() < 140


def test_each_value_is_taken_as_often_as_its_share():
    X = np.repeat([[0.0, 1.0], [2.0, 0.0], [1.0, 5.0]], [6000, 3000, 1000], axis=0)
    chosen = sample_rows(X, None, 1000)
    counts = np.bincount(np.searchsorted([0, 6000, 9000], chosen, side="right") - 1)
    np.testing.assert_allclose(counts, [600, 300, 100], atol=8)


def test_rows_of_weight_zero_are_left_out():
    X = table()
    weights = (np.arange(len(X)) % 4 > 0).astype(float)
    chosen = sample_rows(X, weights, 500)
    assert np.all(weights[chosen] > 0.0)
    kept = X[weights > 0.0]
    np.testing.assert_array_equal(rows_of(X, chosen), rows_of(kept, sample_rows(kept, None, 500)))
