"""Starts: usable whatever the rows, diverse, the same for the same rows in any order."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bayes_gmm.inference.modes.guesses import Moments, guesses
from bayes_gmm.inference.modes.row_sample import Sample
from bayes_gmm.inference.modes.settings import StartSettings
from bayes_gmm.inference.optimize.em import run_em
from bayes_gmm.model.density import Density
from bayes_gmm.model.parameters import Layout
from bayes_gmm.model.prior import Prior
from bayes_gmm.model.structure import Structure

KINDS = 12
"""As many guesses in a row as there are kinds of them."""


def random_table(rng, n_rows, d, missing=0.0):
    X = rng.normal(size=(n_rows, d))
    X[rng.random(X.shape) < missing] = np.nan
    return X


@given(
    n_rows=st.integers(2, 60),
    K=st.integers(1, 5),
    d=st.integers(1, 5),
    missing=st.sampled_from([0.0, 0.3]),
    kind=st.sampled_from(["rows", "one value", "a line", "few values"]),
    weighted=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
@settings(deadline=None, max_examples=60)
def test_every_guess_is_a_mixture(n_rows, K, d, missing, kind, weighted, seed):
    """Also of a sample that holds fewer distinct rows than the table, down to one."""
    rng = np.random.default_rng(seed)
    X = random_table(rng, max(n_rows, K), d, missing)
    if kind == "one value":
        X[np.isfinite(X)] = 0.5
    elif kind == "a line":
        X = X[:, :1] * np.arange(1.0, d + 1)
    elif kind == "few values":
        X = X.round()
    sample = Sample.of(X, rng.exponential(size=len(X)) if weighted else None)
    for guess in guesses(KINDS):
        moments = guess(sample, K, rng)
        assert moments.n.shape == (K,)
        assert moments.means.shape == (K, d)
        assert np.all(moments.n > 0.0)
        assert sample.weights.sum() - 1e-9 <= moments.n.sum() <= sample.weights.sum() + K + 1e-9
        assert np.all(np.isfinite(moments.means))
        assert np.linalg.eigvalsh(moments.covariances).min() > 0.0
        for name in ("full", "tied", "spherical", "shared/component"):
            layout = Layout(K, d, Structure.parse(name))
            theta = moments.theta(layout, Prior().constants(K, d, layout.structure))
            assert np.all(np.isfinite(theta))
            assert np.all(np.isfinite(layout.point(theta).scale_trils))


def test_as_many_guesses_as_asked_for():
    assert [len(list(guesses(n))) for n in (1, 5, 30)] == [1, 5, 30]


def three_groups(rng, n_rows=60):
    centers = np.array([[0.0, 0.0], [8.0, 0.0], [0.0, 8.0]])
    return np.repeat(centers, n_rows, axis=0) + rng.normal(size=(3 * n_rows, 2))


def test_a_seed_names_a_guess():
    sample = Sample.of(three_groups(np.random.default_rng(0)))
    for guess in guesses(KINDS):
        one, again, other = (guess(sample, 4, np.random.default_rng(s)) for s in (1, 1, 2))
        np.testing.assert_array_equal(one.means, again.means)
        np.testing.assert_array_equal(one.covariances, again.covariances)
        assert not np.array_equal(one.means, other.means)


@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_the_order_of_rows_does_not_matter(missing):
    rng = np.random.default_rng(1)
    X = random_table(rng, 100, 3, missing).round(1)
    weights = rng.exponential(size=100)
    order = rng.permutation(100)
    one, other = Sample.of(X, weights), Sample.of(X[order], weights[order])
    np.testing.assert_array_equal(one.filled, other.filled)
    for guess in guesses(KINDS):
        a, b = (guess(s, 3, np.random.default_rng(2)) for s in (one, other))
        np.testing.assert_allclose(a.means, b.means, rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(a.covariances, b.covariances, rtol=1e-12, atol=1e-13)


def test_a_sample_keeps_rows_and_weights_together():
    rng = np.random.default_rng(3)
    X = random_table(rng, 50, 2, 0.2)
    sample = Sample.of(X, np.arange(1.0, 51.0))
    np.testing.assert_array_equal(sample.values, X[sample.weights.astype(int) - 1])
    np.testing.assert_array_equal(sample.filled, np.nan_to_num(sample.values))
    assert sample.rows.n_rows == 50
    assert sample.rows.total_weight == pytest.approx(50 * 51 / 2)


def test_rows_of_weight_zero_are_no_part_of_a_sample():
    X = random_table(np.random.default_rng(8), 50, 2, 0.2)
    weights = np.arange(50) % 3.0
    sample, without = Sample.of(X, weights), Sample.of(X[weights > 0], weights[weights > 0])
    np.testing.assert_array_equal(sample.values, without.values)
    np.testing.assert_array_equal(sample.weights, without.weights)
    assert sample.rows.n_rows == len(sample.values) == len(sample.filled) == 33


def test_a_weight_is_as_many_copies():
    """The same guesses from the same generator, whichever way rows are counted."""
    rng = np.random.default_rng(9)
    X = random_table(rng, 60, 3, 0.1)
    copies = rng.integers(0, 5, size=60)
    weighted, copied = Sample.of(X, copies.astype(float)), Sample.of(np.repeat(X, copies, axis=0))
    exact = 0
    for guess in guesses(KINDS):
        a, b = (guess(sample, 4, np.random.default_rng(2)) for sample in (weighted, copied))
        exact += np.allclose(a.means, b.means, atol=1e-9) and np.allclose(a.n, b.n)
    assert exact >= KINDS - 2  # slices may cut between the copies of a row


def test_heavy_rows_are_where_guesses_begin():
    """A group of few rows that count for much is not missed."""
    rng = np.random.default_rng(10)
    X = np.r_[rng.normal(size=(500, 2)), rng.normal(size=(5, 2)) * 0.1 + 3.0]
    sample = Sample.of(X, np.r_[np.full(500, 0.01), np.full(5, 100.0)])
    near = 0
    for seed in range(20):
        first = next(guesses(KINDS))(sample, 2, np.random.default_rng(seed))
        near += np.linalg.norm(first.means - 3.0, axis=1).min() < 0.5
    assert near >= 18


@pytest.mark.parametrize(("n_rows", "pad"), [(3, 1.0), (5, 1 / 3), (6, 0.0), (30, 0.0)])
def test_moments_of_labelled_rows(n_rows, pad):
    """Up to d + 1 rows are padded with one as spread as the Kth part of the whole; many are not."""
    rng = np.random.default_rng(4)
    sample = Sample.of(rng.normal(size=(90, 2)))
    labels = np.where(np.arange(90) < n_rows, 0, -1)
    moments = Moments.of_labels(sample, labels, 3)
    x = sample.filled[:n_rows]
    mean = x.sum(axis=0) / (n_rows + pad)
    S = (x - mean).T @ (x - mean) + pad * 3 ** (-2 / 2) * np.eye(2)
    assert moments.n[0] == pytest.approx(n_rows + pad)
    np.testing.assert_allclose(moments.means[0], mean)
    expected = S / (n_rows + pad) + StartSettings.thinnest**2 * np.eye(2)
    np.testing.assert_allclose(moments.covariances[0], expected)


def test_the_lowest_kurtosis_is_across_the_groups():
    """Whatever the units: three thin parallel groups, turned, stretched and compressed."""
    rng = np.random.default_rng(11)
    group = np.repeat([-1.0, 0.0, 1.0], 100)
    X = np.column_stack([rng.normal(size=(300, 2)), group + 0.1 * rng.normal(size=300)])
    for _ in range(5):
        turned = X @ rng.normal(size=(3, 3)) * [1.0, 100.0, 1e-3]
        sample = Sample.of((turned - turned.mean(axis=0)) / turned.std(axis=0))
        order = np.lexsort(((turned - turned.mean(axis=0)) / turned.std(axis=0)).T)
        r = np.corrcoef(sample.invariant[:, 0], group[order])[0, 1]
        assert abs(r) > 0.95


def test_labels_are_responsibilities_of_zero_and_one():
    rng = np.random.default_rng(5)
    sample = Sample.of(rng.normal(size=(40, 3)))
    labels = rng.integers(0, 2, size=40)
    a, b = (
        Moments.of_labels(sample, labels, 2),
        Moments.of_responsibilities(sample, np.eye(2)[labels]),
    )
    np.testing.assert_array_equal(a.n, b.n)
    np.testing.assert_array_equal(a.means, b.means)
    np.testing.assert_array_equal(a.covariances, b.covariances)
    even = Moments.of_responsibilities(sample, np.full((40, 2), 0.5))
    assert even.n.tolist() == [20.0, 20.0]
    np.testing.assert_allclose(even.means, np.tile(sample.filled.sum(axis=0) / 40, (2, 1)))


@pytest.mark.parametrize("alias", ["full", "tied", "diag", "spherical"])
def test_the_vector_of_moments_without_prior_has_them(alias):
    structure = Structure.parse(alias)
    rng = np.random.default_rng(6)
    Z = rng.normal(size=(3, 30, 2)) @ rng.normal(size=(2, 2))
    S = Z.mT @ Z / 30
    if structure.correlations == "none":
        S = S * np.eye(2)
    if structure.scales == "component":
        S = np.trace(S, axis1=1, axis2=2)[:, None, None] / 2 * np.eye(2)
    if alias == "tied":
        S = np.tile(S[0], (3, 1, 1))
    moments = Moments(np.array([49.0, 29.0, 19.0]), rng.normal(size=(3, 2)), S)
    layout = Layout(3, 2, structure)
    point = layout.point(moments.theta(layout, Prior.flat().constants(3, 2)))
    np.testing.assert_allclose(np.exp(point.log_weights), [0.5, 0.3, 0.2])
    np.testing.assert_allclose(point.means, moments.means)
    np.testing.assert_allclose(point.scale_trils @ point.scale_trils.mT, S, atol=1e-8)


def crossing(rng):
    return np.r_[rng.normal(size=(200, 2)) * [5, 0.5], rng.normal(size=(200, 2)) * [0.5, 5]]


def nested(rng):
    return np.r_[rng.normal(size=(200, 2)) * 0.2, rng.normal(size=(200, 2)) * 4.0]


def parallel(rng):
    X = rng.normal(size=(400, 2)) * [10.0, 0.5]
    return X + np.repeat([[0.0, -2.0], [0.0, 2.0]], 200, axis=0)


def apart(rng):
    return np.repeat([[-4.0, 0.0], [4.0, 0.0]], 200, axis=0) + rng.normal(size=(400, 2))


@pytest.mark.parametrize("shape", [crossing, nested, parallel, apart])
def test_one_guess_in_sixteen_leads_to_every_shape(shape):
    """A few steps of EM come as high from one of them as from the groups themselves."""
    rng = np.random.default_rng(7)
    X = shape(rng)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    sample = Sample.of(X, np.arange(1.0, 401.0))
    truth = Moments.of_labels(sample, (sample.weights > 200).astype(int), 2)
    rows = Sample.of(X).rows
    density = Density(rows, Layout(2, 2, Structure()), Prior().constants(2, 2), np.zeros(2))

    def height(moments, max_iter):
        theta = moments.theta(density.layout, density.prior)
        return run_em(density, theta, max_iter=max_iter, tolerance=0.0).log_posterior

    heights = [height(guess(sample, 2, rng), 30) for guess in guesses(2 * KINDS)]
    assert max(heights) > height(truth, 100) - 1.0


def test_a_separation_along_one_of_many_columns_comes_first():
    """60 rows in ten columns, two groups apart in the fourth, where invariant axes follow noise."""
    for seed in range(10):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(60, 10))
        X[:30, 3] += 8.0
        sample = Sample.of((X - X.mean(axis=0)) / X.std(axis=0))
        first = np.abs(np.corrcoef(sample.bimodal[:, 0], sample.filled[:, 3])[0, 1])
        assert first == pytest.approx(1.0)
