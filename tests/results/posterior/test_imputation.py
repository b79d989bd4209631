"""Missing cells are imputed by their posterior predictive distribution."""

import numpy as np
import pandas as pd
import pytest
from example_posteriors import fit_and_density, normal_draws
from scipy.special import ndtr

from bayes_gmm.data.feature_matrix import feature_matrix
from bayes_gmm.errors import DataError
from bayes_gmm.results.posterior import imputation
from bayes_gmm.results.posterior.membership import MembershipSettings
from bayes_gmm.results.posterior.posterior import Posterior

NAMES = ["a", "b", "c"]


def groups(n, rng):
    """Two groups of correlated features, in units far from standard ones."""
    root = np.array([[1.0, 0.0, 0.0], [0.8, 0.6, 0.0], [-0.5, 0.3, 0.8]])
    Z = rng.normal(size=(n, 3)) @ root.T
    Z[: n // 3] = Z[: n // 3] * 0.5 + 4.0
    return rng.permutation(100.0 + [1.0, 10.0, 1000.0] * Z)


@pytest.fixture(scope="module")
def posterior():
    matrix = feature_matrix(groups(300, np.random.default_rng(0)), NAMES)
    fit, density, thetas = fit_and_density(matrix, 2)
    return Posterior.from_draws(
        fit, density, normal_draws(density, thetas[0], (2, 40)), table=matrix
    )


@pytest.fixture(scope="module")
def holes():
    """New rows, the same with every pattern of holes, and where these are."""
    rng = np.random.default_rng(1)
    X = groups(400, rng)
    missing = rng.random(X.shape) < 0.4
    return X, np.where(missing, np.nan, X), missing


def by_hand(posterior, x):
    """Weights, means and sds of the normals that the missing cells of a row are a mixture of."""
    of, gap = posterior.parameters, np.isnan(x)
    shape = (-1, *of.means.shape[2:])
    means, covariances = of.means.reshape(shape), of.covariances.reshape(*shape, shape[-1])
    covariances = covariances + np.diag(posterior.mixture.resolution**2 / 12.0)
    r, m, sd = [], [], []
    for weights, mu, V in zip(of.weights.reshape(-1, 2), means, covariances, strict=True):
        for w, mu_k, V_k in zip(weights, mu, V, strict=True):
            O, M = np.ix_(~gap, ~gap), np.ix_(gap, ~gap)
            residual = x[~gap] - mu_k[~gap]
            density = np.exp(-0.5 * residual @ np.linalg.solve(V_k[O], residual))
            r.append(w * density / np.sqrt(np.linalg.det(V_k[O])))
            m.append(mu_k[gap] + V_k[M] @ np.linalg.solve(V_k[O], residual))
            left = V_k[np.ix_(gap, gap)] - V_k[M] @ np.linalg.solve(V_k[O], V_k[M].T)
            sd.append(np.sqrt(np.diagonal(left)))
    r = np.reshape(r, (-1, 2))
    r /= r.sum(axis=1, keepdims=True) * len(r)
    return r.ravel(), np.array(m), np.array(sd)


def test_cells_have_the_moments_and_quantiles_of_their_distribution(posterior, holes):
    _, X, _ = holes
    table = posterior.impute(X[:40], ci_prob=0.8)
    for i in np.flatnonzero(np.isnan(X[:40]).any(axis=1)):
        r, m, sd = by_hand(posterior, X[i])
        of_row = table[table["row"] == i]
        mean = r @ m
        np.testing.assert_allclose(of_row["mean"], mean, rtol=1e-9)
        variance = r @ (sd**2 + (m - mean) ** 2)
        np.testing.assert_allclose(of_row["sd"], np.sqrt(variance), rtol=1e-7)
        for bound, prob in (("lower", 0.1), ("upper", 0.9)):
            reached = r @ ndtr((of_row[bound].to_numpy() - m) / sd)
            np.testing.assert_allclose(reached, prob, atol=1e-8)


def test_every_missing_cell_has_a_row_in_the_table_s_order(posterior, holes):
    _, X, missing = holes
    table = posterior.impute(X)
    rows, features = np.nonzero(missing)
    assert table["row"].tolist() == rows.tolist()
    assert table["feature"].tolist() == [NAMES[j] for j in features]
    assert list(table) == ["row", "feature", "mean", "sd", "lower", "upper"]


def test_intervals_hold_what_was_removed(posterior, holes):
    truth, X, missing = holes
    table = posterior.impute(X, ci_prob=0.9)
    inside = table["lower"].lt(truth[missing]) & table["upper"].gt(truth[missing])
    assert inside.mean() == pytest.approx(0.9, abs=0.05)
    gap = (table["mean"] - truth[missing]) / table["sd"]
    assert gap.mean() == pytest.approx(0.0, abs=0.15)
    assert gap.std() == pytest.approx(1.0, abs=0.15)


def test_a_completed_table_keeps_what_is_observed(posterior, holes):
    _, X, missing = holes
    frame = pd.DataFrame(X, columns=NAMES, index=[f"r{i}" for i in range(len(X))])
    completed = posterior.completed(frame[["c", "a", "b"]])
    assert list(completed) == NAMES
    assert completed.index.equals(frame.index)
    np.testing.assert_array_equal(completed.to_numpy()[~missing], X[~missing])
    table = posterior.impute(frame)
    np.testing.assert_allclose(completed.to_numpy()[missing], table["mean"], rtol=1e-12)
    assert table["row"].tolist() == [f"r{i}" for i in np.nonzero(missing)[0]]


def test_rows_in_chunks_are_the_rows(posterior, holes, monkeypatch):
    _, X, _ = holes
    whole = posterior.impute(X)
    monkeypatch.setattr(imputation, "SETTINGS", MembershipSettings(cells_at_once=500))
    pd.testing.assert_frame_equal(posterior.impute(X), whole)


def test_a_table_without_holes_has_nothing_to_impute(posterior):
    table = posterior.impute(np.zeros((3, 3)) + 100.0)
    assert len(table) == 0
    assert list(table) == ["row", "feature", "mean", "sd", "lower", "upper"]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [({"ci_prob": 1.5}, "1.5"), ({"max_draws": 0}, "max_draws")],
)
def test_bad_arguments_are_named(posterior, arguments, named):
    with pytest.raises(DataError, match=named):
        posterior.impute(np.full((1, 3), np.nan), **arguments)
