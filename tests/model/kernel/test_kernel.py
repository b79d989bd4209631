"""The kernel against SciPy, row by row, and the laws of weights, missing cells and row order."""

from typing import NamedTuple

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from bayes_gmm.data.memory import MemoryRows
from bayes_gmm.data.rows import TILE, Floats
from bayes_gmm.data.standardize import Standardizer
from bayes_gmm.model.kernel.kernel import expectations, log_joint
from bayes_gmm.model.kernel.loops import exp_nonpositive


class Mixture(NamedTuple):
    log_weights: Floats
    means: Floats
    scale_trils: Floats
    rho2: Floats


def random_mixture(rng, K, d, separation=1.0, rho=0.0):
    scale_trils = 0.3 * np.tril(rng.normal(size=(K, d, d)), -1)
    scale_trils += np.exp(0.3 * rng.normal(size=(K, d, 1))) * np.eye(d)
    return Mixture(
        np.log(rng.dirichlet(np.full(K, 3.0))), separation * rng.normal(size=(K, d)),
        scale_trils, rho**2 * rng.random(d),
    )  # fmt: skip


def random_rows(rng, mixture, n_rows, missing=0.0):
    K, d = mixture.means.shape
    k = rng.choice(K, n_rows, p=np.exp(mixture.log_weights))
    X = mixture.means[k] + np.einsum(
        "nij,nj->ni", mixture.scale_trils[k], rng.normal(size=(n_rows, d))
    )
    X[rng.random(X.shape) < missing] = np.nan
    return X


def in_memory(X, weights=None, threads=1):
    return MemoryRows.from_matrix(X, Standardizer.identity(X.shape[1]), weights, threads=threads)


def sums(X, mixture, weights=None, threads=1):
    return in_memory(X, weights, threads).sum_blocks(lambda block: expectations(block, *mixture))


def split(stats, K, d):
    """Log-likelihood, n_k, d/d mu and d/d Sigma."""
    value, n, means, covariances = np.split(stats, np.cumsum([1, K, K * d]))
    return value[0], n, means.reshape(K, d), covariances.reshape(K, d, d)


def reference_joint(X, mixture):
    """log w_k + log Normal(x_i; mu_k, V_k) in the observed features of each row."""
    log_weights, means, scale_trils, rho2 = mixture
    joint = np.tile(log_weights, (len(X), 1))
    for i, x in enumerate(X):
        o = np.flatnonzero(np.isfinite(x))
        for k in range(len(means)) if len(o) else ():
            V = scale_trils[k] @ scale_trils[k].T + np.diag(rho2)
            joint[i, k] += multivariate_normal(means[k, o], V[np.ix_(o, o)]).logpdf(x[o])
    return joint


def reference_sums(X, mixture, weights=None):
    """The sums by their definitions, with explicit inverses."""
    _, means, scale_trils, rho2 = mixture
    K, d = means.shape
    weights = np.ones(len(X)) if weights is None else weights
    joint = reference_joint(X, mixture)
    totals = logsumexp(joint, axis=1)
    r = weights[:, None] * np.exp(joint - totals[:, None])
    d_means, d_covariances = np.zeros((K, d)), np.zeros((K, d, d))
    for i, x in enumerate(X):
        o = np.flatnonzero(np.isfinite(x))
        for k in range(K):
            V = scale_trils[k] @ scale_trils[k].T + np.diag(rho2)
            precision = np.linalg.inv(V[np.ix_(o, o)])
            e = precision @ (x[o] - means[k, o])
            d_means[k, o] += r[i, k] * e
            d_covariances[k][np.ix_(o, o)] += 0.5 * r[i, k] * (np.outer(e, e) - precision)
    return np.concatenate(
        [[weights @ totals], r.sum(axis=0), d_means.ravel(), d_covariances.ravel()]
    )


def assert_same_sums(found, expected, K, d, tolerance=1e-11):
    """Each of the four sums to the tolerance, relative to its largest entry."""
    for a, b in zip(split(found, K, d), split(expected, K, d), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * max(1.0, np.abs(b).max()))


@pytest.mark.slow
@pytest.mark.parametrize("missing", [0.0, 0.2])
@pytest.mark.parametrize("separation", [0.3, 3.0, 20.0])
@pytest.mark.parametrize("d", [*range(1, 10), 15, 16, 17, 20])
def test_sums_are_as_defined(d, separation, missing):
    rng = np.random.default_rng([d, int(10 * separation)])
    mixture = random_mixture(rng, 3, d, separation, rho=0.3 if missing else 0.0)
    X = random_rows(rng, mixture, TILE + 31, missing)
    weights = rng.exponential(size=len(X)) if missing else None
    assert_same_sums(sums(X, mixture, weights), reference_sums(X, mixture, weights), 3, d)


@given(
    seed=st.integers(0, 2**32 - 1),
    n_rows=st.sampled_from([1, 2, TILE - 1, TILE, TILE + 1]),
    d=st.integers(1, 6),
    K=st.integers(1, 5),
    missing=st.sampled_from([0.0, 0.1, 0.6]),
    rho=st.sampled_from([0.0, 1e-3, 1.0]),
    weighted=st.booleans(),
)
@settings(deadline=None, max_examples=40)
def test_sums_are_as_defined_for_any_shape(seed, n_rows, d, K, missing, rho, weighted):
    rng = np.random.default_rng(seed)
    mixture = random_mixture(rng, K, d, 1.5, rho)
    X = random_rows(rng, mixture, n_rows, missing)
    weights = rng.exponential(size=n_rows) if weighted else None
    assert_same_sums(sums(X, mixture, weights), reference_sums(X, mixture, weights), K, d)


@pytest.mark.parametrize(("d", "missing"), [(1, 0.0), (3, 0.3), (6, 0.0), (14, 0.1), (19, 0.0)])
def test_log_joint_is_of_every_row_in_its_place(d, missing):
    rng = np.random.default_rng(d)
    mixture = random_mixture(rng, 4, d, 2.0, rho=0.2)
    X = random_rows(rng, mixture, 300, missing)
    found = log_joint(in_memory(X, threads=2).parts, *mixture, len(X))
    np.testing.assert_allclose(found, reference_joint(X, mixture), rtol=1e-11, atol=1e-11)


@given(
    seed=st.integers(0, 2**32 - 1),
    d=st.sampled_from([1, 2, 5, 8, 18]),
    missing=st.sampled_from([0.0, 0.2]),
)
@settings(deadline=None, max_examples=25)
def test_a_weight_counts_copies(seed, d, missing):
    rng = np.random.default_rng(seed)
    mixture = random_mixture(rng, 3, d, 2.0, rho=0.1)
    X = random_rows(rng, mixture, 200, missing)
    copies = rng.integers(0, 4, len(X))
    weighted = sums(X, mixture, copies.astype(float))
    assert_same_sums(weighted, sums(np.repeat(X, copies, axis=0), mixture), 3, d)
    assert_same_sums(sums(X, mixture, np.ones(len(X))), sums(X, mixture), 3, d, 0.0)


@given(
    seed=st.integers(0, 2**32 - 1),
    d=st.sampled_from([1, 2, 5, 8, 18]),
    missing=st.sampled_from([0.0, 0.2]),
    threads=st.integers(2, 5),
)
@settings(deadline=None, max_examples=25)
def test_order_and_parts_of_rows_do_not_matter(seed, d, missing, threads):
    rng = np.random.default_rng(seed)
    mixture = random_mixture(rng, 3, d, 2.0, rho=0.1)
    X = random_rows(rng, mixture, 5 * TILE + 9, missing)
    weights = rng.exponential(size=len(X))
    whole = sums(X, mixture, weights)
    order = rng.permutation(len(X))
    assert_same_sums(sums(X[order], mixture, weights[order]), whole, 3, d)
    assert_same_sums(sums(X, mixture, weights, threads), whole, 3, d)


@pytest.mark.parametrize("d", [1, 3, 16])
def test_a_row_with_nothing_observed_counts_for_the_weights_alone(d):
    rng = np.random.default_rng(d)
    mixture = random_mixture(rng, 3, d)
    value, n, d_means, d_covariances = split(sums(np.full((2, d), np.nan), mixture), 3, d)
    assert value == pytest.approx(0.0, abs=1e-14)
    np.testing.assert_allclose(n, 2.0 * np.exp(mixture.log_weights), rtol=1e-14)
    assert not d_means.any()
    assert not d_covariances.any()


def test_features_of_different_recording_error():
    rng = np.random.default_rng(0)
    mixture = random_mixture(rng, 2, 3)._replace(rho2=np.array([0.0, 2.0, 1e-6]))
    X = random_rows(rng, mixture, 50)
    assert_same_sums(sums(X, mixture), reference_sums(X, mixture), 2, 3)


@pytest.mark.parametrize("d", [2, 17])
@pytest.mark.parametrize("empty", [0, 1])
def test_a_component_of_weight_zero_is_absent(d, empty):
    rng = np.random.default_rng(d)
    mixture = random_mixture(rng, 2, d)
    X = random_rows(rng, mixture, 200)
    other = [1 - empty]
    log_weights = np.zeros(2)
    log_weights[empty] = -np.inf
    alone = Mixture(np.zeros(1), mixture.means[other], mixture.scale_trils[other], mixture.rho2)
    value, *by_component = split(sums(X, mixture._replace(log_weights=log_weights)), 2, d)
    expected, *expected_by_component = split(sums(X, alone), 1, d)
    assert value == pytest.approx(expected, rel=1e-13)
    for a, b in zip(by_component, expected_by_component, strict=True):
        assert np.abs(a[empty]).max() < 1e-290
        np.testing.assert_allclose(a[other], b, rtol=1e-9)


@pytest.mark.parametrize("d", [1, 2, 17])
def test_rows_out_of_reach_of_all_components(d):
    rng = np.random.default_rng(d)
    mixture = random_mixture(rng, 3, d)
    X = random_rows(rng, mixture, 140)
    X[::3] += 1e6
    assert_same_sums(sums(X, mixture), reference_sums(X, mixture), 3, d, 1e-9)


def test_the_exponential_is_right_to_rounding():
    @numba.njit
    def every(x):
        return np.array([exp_nonpositive(v) for v in x])

    x = -np.concatenate([np.linspace(0.0, 700.0, 200_001), np.logspace(-300, 2, 10_000)])
    np.testing.assert_allclose(every(x), np.exp(x), rtol=4e-16)
    assert set(every(np.array([-701.0, -1e300, -np.inf]))) == set(every(np.array([-700.0])))
