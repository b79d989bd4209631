"""Proposals fitted to draws have a density, and it is near that of the draws."""

import numpy as np
import pytest

from bayes_gmm.inference.evidence.proposals import Proposals, shrinkage_factor, shrunk_covariance


def heaps(n, seed=0):
    rng = np.random.default_rng(seed)
    which = rng.integers(0, 3, size=(n, 1))
    return rng.normal(size=(n, 2)) * (0.5 + which) + 8.0 * which


@pytest.mark.parametrize("n_parts", [1, 3, 8])
def test_their_density_integrates_to_one(n_parts):
    """Over what they propose: the mean of f / q is the integral of f, a normal density."""
    rng = np.random.default_rng(1)
    proposals = Proposals.fitted(heaps(900), n_parts, rng)
    x = proposals.drawn(40_000, rng)
    log_f = -0.5 * ((x - 8.0) ** 2).sum(axis=1) - np.log(2 * np.pi)
    assert np.mean(np.exp(log_f - proposals.log_density(x))) == pytest.approx(1.0, abs=0.05)


def test_heaps_are_told_apart():
    one, three = (
        Proposals.fitted(heaps(900), n, np.random.default_rng(0)).log_density(heaps(900, 1)).mean()
        for n in (1, 3)
    )
    assert three > one + 0.5


def test_few_vectors_in_many_dimensions_have_a_covariance():
    x = np.random.default_rng(2).normal(size=(20, 50)) * np.arange(1, 51)
    covariance = shrunk_covariance(x - x.mean(axis=0), np.ones(20))
    np.linalg.cholesky(covariance)
    np.testing.assert_allclose(np.diagonal(covariance), x.var(axis=0))


def test_many_vectors_are_hardly_shrunk():
    x = np.random.default_rng(3).normal(size=(50_000, 3)) @ [[1, 1, 0], [0, 1, 1], [0, 0, 1]]
    x -= x.mean(axis=0)
    np.testing.assert_allclose(
        shrunk_covariance(x, np.ones(len(x))), np.cov(x.T, bias=True), atol=1e-3
    )


@pytest.mark.parametrize("n", [5, 12, 60])
def test_as_many_parts_as_the_vectors_are_enough_for(n):
    """Of few vectors a part of one or two would have no covariance."""
    rng = np.random.default_rng(4)
    proposals = Proposals.fitted(rng.normal(size=(n, 11)), 6, rng)
    assert len(proposals.parts) <= max(1, n // 10)
    assert np.isfinite(proposals.log_density(proposals.drawn(50, rng))).all()


def nearly_collinear(n, pairs, rng):
    """Pairs of parameters with a correlation of 0.9998."""
    x = rng.normal(size=(n, pairs))
    return np.column_stack([x, x + 0.02 * rng.normal(size=x.shape)])


def normal_log_density(x, covariance):
    distance2 = np.einsum("ni,ni->n", x, np.linalg.solve(covariance, x.T).T)
    return -0.5 * (distance2 + np.linalg.slogdet(2.0 * np.pi * covariance)[1])


@pytest.mark.parametrize("n_parts", [1, 2])
def test_nearly_collinear_parameters_are_not_proposed_far_apart(n_parts):
    """The divergence from the distribution of the draws is near that of its t distribution."""
    rng = np.random.default_rng(5)
    x, fresh = nearly_collinear(600, 8, rng), nearly_collinear(2000, 8, rng)
    eye = np.eye(8)
    truth = normal_log_density(fresh, np.block([[eye, eye], [eye, 1.0004 * eye]]))
    proposals = Proposals.fitted(x, n_parts, rng)
    assert (truth - proposals.log_density(fresh)).mean() < 1.5


def test_a_peak_describes_draws_too_few_for_a_covariance():
    rng = np.random.default_rng(6)
    x, fresh = nearly_collinear(30, 12, rng), nearly_collinear(500, 12, rng)
    eye = np.eye(12)
    factor = np.linalg.cholesky(np.block([[eye, eye], [eye, 1.0004 * eye]]))
    assert shrinkage_factor(x, (factor,)) is factor
    without, given = (Proposals.fitted(x, 1, rng, factors=f) for f in ((), (factor,)))
    gain = given.log_density(fresh) - without.log_density(fresh)
    assert gain.mean() > 5.0
