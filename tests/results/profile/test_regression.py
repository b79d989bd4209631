"""Means from the regression on responsibilities: known answers and invariances."""

import numpy as np
import pytest

import bayes_gmm as bg
from bayes_gmm.data.standardize import Standardizer
from bayes_gmm.results.profile.profile import single
from bayes_gmm.results.profile.regression import (
    leverages,
    row_blocks,
    segment_means,
    sums_over_rows,
)
from bayes_gmm.results.profile.rows import regressors
from bayes_gmm.results.profile.settings import ProfileSettings
from bayes_gmm.results.profile.targets import ProfiledRows

OVERLAPPING = bg.Mixture(
    [0.6, 0.4], [[0.0, 0.0], [2.5, 1.0]], [np.eye(2), [[1.0, 0.5], [0.5, 2.0]]]
)
UNITS = Standardizer(np.array([1.0, 0.5]), np.array([1.5, 1.2]))
DRAWN = single(OVERLAPPING, UNITS)


def profiled(X, Y, weights=None, masks=None):
    masks = np.ones((len(X), 1)) if masks is None else masks
    weights = np.ones(len(X)) if weights is None else weights
    return ProfiledRows(X, regressors(DRAWN, X), Y, masks, weights)


def means(rows, settings=ProfileSettings()):  # noqa: B008
    sums = sums_over_rows(DRAWN, rows, settings=settings)
    return segment_means(DRAWN, sums.gram[:, 0], sums.right, settings=settings)[0]


def test_means_are_right_for_columns_by_segment_and_by_feature():
    """Where averages weighted by responsibilities are right for the second column only."""
    X, z = OVERLAPPING.sample(200_000, 0)
    Y = np.column_stack([np.where(z == 0, 10.0, 20.0), X[:, 0] + 2.0 * X[:, 1]])
    Y[:, 0] += np.random.default_rng(1).normal(size=len(X))
    found = means(profiled(X, Y))
    np.testing.assert_allclose(found, [[10.0, 0.0], [20.0, 4.5]], atol=0.05)
    r = OVERLAPPING.responsibilities(X)
    weighted = (r.T @ Y) / r.sum(axis=0)[:, None]
    np.testing.assert_allclose(weighted[:, 1], [0.0, 4.5], atol=0.05)
    assert abs(weighted[0, 0] - 10.0) > 0.5


def test_a_feature_has_the_means_of_the_mixture():
    X, _ = OVERLAPPING.sample(50, 0)
    found = means(profiled(X, X), ProfileSettings(slope_rows=0.0))
    np.testing.assert_allclose(found, OVERLAPPING.means, atol=1e-6)


def test_weights_equal_copies_in_any_block():
    X, z = OVERLAPPING.sample(60, 0)
    Y = np.column_stack([z, X[:, 0] ** 2]).astype(float)
    weights = np.arange(60) % 3 + 1.0
    copies = np.repeat(np.arange(60), weights.astype(int))
    once = means(profiled(X, Y, weights), ProfileSettings(rows_at_once=7))
    np.testing.assert_allclose(once, means(profiled(X[copies], Y[copies])), rtol=1e-9)


def test_masked_rows_are_left_out():
    X, _ = OVERLAPPING.sample(80, 0)
    Y, seen = X[:, :1] ** 2, np.arange(80) < 60
    both = np.column_stack([np.ones(80), seen])
    rows = profiled(X, np.where(seen[:, None], Y, 0.0), masks=both)
    sums = sums_over_rows(DRAWN, rows)
    found = segment_means(DRAWN, sums.gram[:, 1], sums.right)[0]
    np.testing.assert_allclose(found, means(profiled(X[seen], Y[seen])), rtol=1e-9)
    assert sums.n_rows.sum(axis=2).round(9).tolist() == [[80.0, 60.0]]


def test_missing_features_have_conditional_means():
    X, _ = OVERLAPPING.sample(3, 0)
    X[0, 1] = X[1, :] = np.nan
    found = regressors(DRAWN, X)
    r = OVERLAPPING.responsibilities(X)
    slopes = np.array([0.0, 0.5])
    inside = OVERLAPPING.means[:, 1] + slopes * (X[0, 0] - OVERLAPPING.means[:, 0])
    assert found[0, 2] == pytest.approx((r[0] @ inside - 0.5) / 1.2)
    np.testing.assert_allclose(UNITS.means(found[1, 1:]), [0.6 * 0 + 0.4 * 2.5, 0.4])
    np.testing.assert_allclose(UNITS.means(found[2, 1:]), X[2])


def test_leverages_are_those_of_the_hat_matrix():
    X, _ = OVERLAPPING.sample(40, 0)
    rows = profiled(X, X)
    r, x = OVERLAPPING.responsibilities(X), rows.regressors
    D = (r[:, :, None] * x[:, None]).reshape(40, -1)
    hat = np.diag(D @ np.linalg.pinv(D))
    found = leverages(DRAWN, rows, ProfileSettings(slope_rows=0.0))
    np.testing.assert_allclose(found, np.minimum(hat, 0.9), atol=1e-6)


def test_bootstrap_weights_have_the_row_weights_as_means():
    X, _ = OVERLAPPING.sample(5, 0)
    many = type(DRAWN)(
        *(np.repeat(part, 4000, axis=0) for part in (DRAWN.log_weights, DRAWN.means,
                                                     DRAWN.scale_trils)),
        DRAWN.rho2, UNITS,
    )  # fmt: skip
    weights = np.array([1.0, 2.0, 3.0, 1.0, 5.0])
    rng = np.random.default_rng(0)
    for shapes, w in ((np.ones(5), np.ones(5)), (weights * 0.5, weights)):
        total = sums_over_rows(many, profiled(X, X, w), shapes, rng).gram[:, 0, :, 0, :, 0]
        total = total.sum(axis=(1, 2))
        assert total.mean() == pytest.approx(w.sum(), rel=0.02)
        expected = (w**2 / shapes).sum()
        assert total.var() == pytest.approx(expected, rel=0.1)


def test_blocks_cover_all_rows():
    assert [b.stop - b.start for b in row_blocks(10, 4)] == [4, 4, 2]
