"""The unconstrained vector: there and back, what it stands for, and its change of variables."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax

from bayes_gmm.model.parameters import Layout, log_prior
from bayes_gmm.model.prior import LKJ, HalfNormal, HierarchicalWishart, InverseGamma, Prior
from bayes_gmm.model.structure import Structure

vectors = {
    "structure": st.sampled_from(Structure.all()),
    "K": st.integers(1, 5),
    "d": st.integers(1, 5),
    "seed": st.integers(0, 2**32 - 1),
    "spread": st.sampled_from([0.1, 1.0, 5.0]),
}


def random_vector(structure, K, d, seed=0, spread=0.7):
    layout = Layout(K, d, structure)
    return layout, spread * np.random.default_rng(seed).normal(size=layout.size)


@given(**vectors)
@settings(deadline=None, max_examples=100)
def test_packing_undoes_unpacking(structure, K, d, seed, spread):
    layout, theta = random_vector(structure, K, d, seed, spread)
    point = layout.point(theta)
    again = layout.pack(np.exp(point.log_weights), point.means, point.scales, point.corr_chol)
    np.testing.assert_allclose(again, theta, rtol=1e-10, atol=1e-10)


@given(**vectors)
@settings(deadline=None, max_examples=100)
def test_a_vector_stands_for_a_mixture(structure, K, d, seed, spread):
    layout, theta = random_vector(structure, K, d, seed, spread)
    point = layout.point(theta)
    C = point.corr_chol

    first = theta[: K - 1]
    np.testing.assert_allclose(
        np.exp(point.log_weights), softmax([*first, -first.sum()]), rtol=1e-13
    )
    np.testing.assert_array_equal(point.means.ravel(), theta[layout.means])
    np.testing.assert_allclose(point.scales, np.exp(theta[layout.scales]), rtol=1e-15)
    assert C.shape == (structure.n_correlations(K, d), d, d)
    np.testing.assert_array_equal(C, np.tril(C))
    assert np.all(np.diagonal(C, axis1=1, axis2=2) > 0.0)
    np.testing.assert_allclose(np.linalg.norm(C, axis=2), 1.0, rtol=1e-14)
    rows, columns = np.tril_indices(d, -1)
    ratios = C[:, rows, columns] / C[:, rows, rows]
    np.testing.assert_allclose(ratios.ravel(), theta[layout.correlations], rtol=1e-12)


@pytest.mark.parametrize(("K", "d"), [(1, 1), (3, 1), (2, 3)])
def test_factors_are_scales_times_correlation_factors(structure, K, d):
    layout, theta = random_vector(structure, K, d)
    point = layout.point(theta)
    scales = point.scales.reshape(structure.scale_shape(K, d))
    if structure.scales == "component":
        scales = scales[:, None]
    C = point.corr_chol if layout.n_correlations else np.eye(d)
    expected = np.broadcast_to(scales, (K, d))[:, :, None] * C
    np.testing.assert_allclose(point.scale_trils, expected, rtol=1e-15)


@pytest.mark.parametrize(("K", "d"), [(1, 1), (4, 1), (1, 3), (4, 3)])
def test_the_parts_follow_one_another(structure, K, d):
    layout = Layout(K, d, structure)
    n_corr = layout.n_correlations * d * (d - 1) // 2
    lengths = [K * d, layout.n_scales, n_corr]
    stops = K - 1 + np.cumsum([0, *lengths])
    found = [layout.means, layout.scales, layout.correlations]
    assert found == [slice(a, b) for a, b in pairwise(stops)]
    assert layout.size == stops[-1]


def free_entries(layout, theta, prior):
    """Coordinates of the constrained space: all weights but one, means, covariances.

    The last are scales and lower C, or lower precision matrices.
    """
    point = layout.point(theta)
    if isinstance(prior.covariances, HierarchicalWishart):
        inverse = np.linalg.inv(point.scale_trils[: layout.n_covariances])
        lower = np.tril_indices(layout.n_features)
        covariances = [(inverse.mT @ inverse)[:, *lower].ravel()]
    else:
        lower = np.tril_indices(layout.n_features, -1)
        covariances = [point.scales, point.corr_chol[:, *lower].ravel()]
    return np.concatenate([np.exp(point.log_weights[:-1]), point.means.ravel(), *covariances])


def log_jacobian(layout, theta, prior):
    point = layout.point(theta)
    constants = prior.constants(layout.n_components, layout.n_features, layout.structure)
    return log_prior(point, constants, True) - log_prior(point, constants, False)


@pytest.mark.parametrize(("K", "d"), [(1, 1), (4, 1), (1, 3), (3, 4)])
def test_the_jacobian_is_the_determinant_of_the_change_of_variables(structure, K, d):
    layout, theta = random_vector(structure, K, d, seed=K + d)
    assert_jacobian(layout, theta, Prior(covariances=LKJ()))
    if structure.n_covariances(K, d):
        assert_jacobian(layout, theta, Prior(covariances=HierarchicalWishart()))


def assert_jacobian(layout, theta, prior):
    h = 1e-5
    derivatives = [
        (free_entries(layout, theta + h * e, prior) - free_entries(layout, theta - h * e, prior))
        / (2 * h)
        for e in np.eye(layout.size)
    ]
    _, expected = np.linalg.slogdet(np.array(derivatives))
    assert log_jacobian(layout, theta, prior) == pytest.approx(expected, abs=1e-6)


def test_the_jacobian_belongs_to_no_prior():
    layout, theta = random_vector(Structure(), 3, 4)
    for prior in (Prior(covariances=LKJ(1.0, HalfNormal(2.0))), Prior.flat(),
                  Prior([1, 2, 3], covariances=LKJ(scales=InverseGamma(2, 3)))):  # fmt: skip
        assert log_jacobian(layout, theta, prior) == pytest.approx(
            log_jacobian(layout, theta, Prior(0.5, covariances=LKJ(3.0))), rel=1e-12
        )


def test_far_out_vectors_stay_finite():
    layout = Layout(3, 2, Structure())
    theta = np.zeros(layout.size)
    theta[:2] = 800.0, -900.0
    theta[layout.correlations] = 1e8
    point = layout.point(theta)
    np.testing.assert_allclose(point.log_weights, [0.0, -1700.0, -700.0])
    np.testing.assert_allclose(point.corr_chol[:, 1], [[1.0, 1e-8]] * 3)
    assert np.isfinite(log_prior(point, Prior().constants(3, 2), True))
