"""The classification table and the relative entropy against simulated memberships."""

import numpy as np
import pytest

import bayes_gmm as bg
from bayes_gmm.results.classification import Classification


@pytest.fixture(scope="module")
def overlapping():
    return bg.Mixture([0.7, 0.3], [[0.0], [2.0]], [[[1.0]], [[1.0]]], features=("x1",))


def test_errors_are_those_of_known_segments(overlapping):
    X, true = overlapping.sample(200_000, 0)
    r = overlapping.responsibilities(X)
    found = Classification.of(r, ["A", "B"])
    counts = np.zeros((2, 2))
    np.add.at(counts, (r.argmax(axis=1), true), 1.0 / len(X))
    np.testing.assert_allclose(found.table, counts, atol=0.002)
    assert found.error == pytest.approx((r.argmax(axis=1) != true).mean(), abs=0.003)
    assert found.correct["A"] == pytest.approx(counts[0, 0] / counts[0].sum(), abs=0.003)


def test_bounds_of_the_relative_entropy():
    assert Classification.of(np.eye(3), list("ABC")).relative_entropy == 1.0
    unknown = Classification.of(np.full((5, 4), 0.25), list("ABCD"))
    assert unknown.relative_entropy == pytest.approx(0.0, abs=1e-12)
    assert np.isnan(Classification.of(np.ones((5, 1)), ["A"]).relative_entropy)


def test_weights_equal_copies(posterior):
    X = posterior.table.values[:20]
    weights = np.arange(20) % 3
    copies = posterior.fit.classification(np.repeat(X, weights, axis=0))
    weighted = posterior.fit.classification(X, weights)
    np.testing.assert_allclose(weighted.table, copies.table, atol=1e-12)
    assert weighted.relative_entropy == pytest.approx(copies.relative_entropy, abs=1e-12)


def test_a_posterior_uses_its_rows_and_names(posterior):
    named = posterior.rename({"Segment 1": "Young"})
    found = named.classification()
    assert list(found.table.columns) == ["Young", "Segment 2"]
    assert found.table.to_numpy().sum() == pytest.approx(1.0)
    np.testing.assert_allclose(found.table, named.classification(posterior.table.values).table)
    assert found.relative_entropy > 0.95
