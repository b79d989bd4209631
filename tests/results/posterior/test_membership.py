"""Membership is averaged over the posterior, row by row."""

import numpy as np
import pandas as pd
import pytest
from example_posteriors import fit_and_density, normal_draws

from bayes_gmm.data.feature_matrix import feature_matrix
from bayes_gmm.errors import DataError
from bayes_gmm.model.mixture import Mixture
from bayes_gmm.results.posterior import membership
from bayes_gmm.results.posterior.posterior import Posterior


@pytest.fixture(scope="module")
def overlapping():
    """Two groups that overlap: 2 chains of 60 draws."""
    rng = np.random.default_rng(1)
    X = np.concatenate([rng.normal([0, 0], 1, (90, 2)), rng.normal([2.5, 2.5], 1, (60, 2))])
    X = 50 + 10 * X
    matrix = feature_matrix(X, ["a", "b"])
    fit, density, thetas = fit_and_density(matrix, 2)
    draws = normal_draws(density, thetas[0], (2, 60))
    return Posterior.from_draws(fit, density, draws, table=matrix)


@pytest.fixture
def rows(overlapping):
    X = overlapping.table.values[::3].copy()
    X[0] = np.nan
    X[1, 0] = np.nan
    return X


def by_hand(posterior, X):
    """Responsibilities of each draw by its own mixture, shape (draws, N, K)."""
    of = posterior.parameters
    return np.array([
        Mixture(
            of.weights[c, s], of.means[c, s], of.covariances[c, s], posterior.mixture.resolution,
        ).responsibilities(X)
        for c in range(of.weights.shape[0]) for s in range(of.weights.shape[1])
    ])  # fmt: skip


def test_membership_is_the_mean_and_the_quantiles_over_draws(overlapping, rows):
    table = overlapping.membership(rows, ci_prob=0.8)
    r = by_hand(overlapping, rows)
    mean = r.mean(axis=0)
    best = mean.argmax(axis=1)
    chosen = r[:, np.arange(len(rows)), best]
    low, high = np.quantile(chosen, [0.1, 0.9], axis=0)
    assert table["segment"].tolist() == [f"Segment {k + 1}" for k in best]
    np.testing.assert_allclose(table["probability"], mean.max(axis=1), rtol=1e-9)
    np.testing.assert_allclose(table["lower"], low, rtol=1e-9)
    np.testing.assert_allclose(table["upper"], high, rtol=1e-9)
    expected = -(mean * np.log(mean)).sum(axis=1)
    np.testing.assert_allclose(table["entropy"], expected, rtol=1e-7, atol=1e-12)
    np.testing.assert_allclose(overlapping.predict_proba(rows), mean, rtol=1e-9)
    np.testing.assert_array_equal(overlapping.predict(rows), best)


def test_a_row_with_nothing_observed_has_the_posterior_shares(overlapping, rows):
    expected = overlapping.parameters.weights.mean(axis=(0, 1))
    np.testing.assert_allclose(overlapping.predict_proba(rows)[0], expected, rtol=1e-9)


def test_rows_in_chunks_are_the_rows_at_once(overlapping, rows, monkeypatch):
    at_once = overlapping.membership(rows), overlapping.co_clustering(rows)
    small = membership.MembershipSettings(cells_at_once=1, shortest_chunk=7)
    monkeypatch.setattr(membership, "SETTINGS", small)
    pd.testing.assert_frame_equal(overlapping.membership(rows), at_once[0])
    np.testing.assert_allclose(overlapping.co_clustering(rows), at_once[1], atol=1e-12)


def test_fewer_draws_are_spread_over_all(overlapping, rows):
    kept = np.linspace(0, 119, 10).round().astype(int)
    expected = by_hand(overlapping, rows)[kept].mean(axis=0)
    found = overlapping.predict_proba(rows, max_draws=10)
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    with pytest.raises(DataError, match="max_draws must be a whole number of at least 1, got 0"):
        overlapping.predict(rows, max_draws=0)


@pytest.mark.parametrize(
    ("n_rows", "n"), [(1, 1000), (10_000, 1000), (20_000, 500), (50_000, 200), (10**6, 200)]
)
def test_more_rows_are_averaged_over_fewer_draws(n_rows, n):
    assert membership._n_draws(n_rows, None) == n
    assert membership._n_draws(n_rows, 7) == 7


def test_rows_of_one_segment_together(overlapping, rows):
    r = by_hand(overlapping, rows)
    expected = np.einsum("sik,sjk->ij", r, r) / len(r)
    np.fill_diagonal(expected, 1.0)
    np.testing.assert_allclose(overlapping.co_clustering(rows), expected, rtol=1e-9, atol=1e-12)


def test_too_many_pairs_are_refused_by_count(overlapping, monkeypatch):
    monkeypatch.setattr(membership, "SETTINGS", membership.MembershipSettings(most_pairs=100))
    with pytest.raises(DataError, match="X has 150 rows, so .* 22,500 entries; .* at most 10 rows"):
        overlapping.co_clustering(overlapping.table.values)


def test_columns_of_a_frame_are_found_by_name_and_its_index_is_kept(overlapping, rows):
    frame = pd.DataFrame({"b": rows[:, 1], "other": "x", "a": rows[:, 0]}, index=range(7, 57))
    table = overlapping.membership(frame)
    assert table.index.tolist() == frame.index.tolist()
    np.testing.assert_allclose(table["probability"], overlapping.membership(rows)["probability"])


def test_other_columns_are_refused_by_name(overlapping):
    with pytest.raises(DataError, match="no column 'b'"):
        overlapping.membership(pd.DataFrame({"a": [1.0], "c": [2.0]}))
    with pytest.raises(DataError, match="X has 3 features"):
        overlapping.predict(np.zeros((2, 3)))


def test_a_row_beyond_reach_is_refused_by_column(overlapping):
    with pytest.raises(DataError, match=r"column 'b' is 1e\+300 in row 2, so far"):
        overlapping.predict_proba([[50.0, 50.0], [50.0, 1e300]])
