"""Many unconstrained vectors at once say what each says alone."""

import numpy as np
import pytest

from bayes_gmm.model.parameters import Layout
from bayes_gmm.model.points import Points, renumbered
from bayes_gmm.model.structure import Structure

SIZES = [(1, 1), (1, 3), (2, 1), (3, 2), (4, 3)]


def thetas(layout, n=5, seed=0):
    theta = np.random.default_rng(seed).normal(size=(n, layout.size))
    theta[:, layout.scales] *= 20.0  # some below the smallest log scale
    return theta


@pytest.mark.parametrize("structure", Structure.all(), ids=lambda structure: structure.name)
@pytest.mark.parametrize(("K", "d"), SIZES)
def test_points_are_those_of_the_layout(structure, K, d):
    layout = Layout(K, d, structure)
    theta = thetas(layout)
    points = Points.of(layout, theta)
    for n, vector in enumerate(theta):
        one = layout.point(vector)
        np.testing.assert_allclose(points.log_weights[n], one.log_weights, rtol=1e-12, atol=1e-12)
        np.testing.assert_array_equal(points.means[n], one.means)
        np.testing.assert_allclose(points.scale_trils[n], one.scale_trils, rtol=1e-12)


@pytest.mark.parametrize("structure", Structure.all(), ids=lambda structure: structure.name)
@pytest.mark.parametrize(("K", "d"), SIZES)
def test_renumbering_permutes_every_component_whole(structure, K, d):
    layout = Layout(K, d, structure)
    theta = thetas(layout)
    rng = np.random.default_rng(1)
    order = np.array([rng.permutation(K) for _ in theta])
    before, after = Points.of(layout, theta), Points.of(layout, renumbered(layout, theta, order))
    for n, of_row in enumerate(order):
        np.testing.assert_allclose(
            after.log_weights[n], before.log_weights[n][of_row], rtol=1e-12, atol=1e-12
        )
        np.testing.assert_array_equal(after.means[n], before.means[n][of_row])
        np.testing.assert_array_equal(after.scale_trils[n], before.scale_trils[n][of_row])


def test_leading_shape_is_kept():
    layout = Layout(2, 2, Structure())
    theta = thetas(layout, 6).reshape(2, 3, -1)
    assert Points.of(layout, theta).scale_trils.shape == (2, 3, 2, 2, 2)
    assert renumbered(layout, theta, np.array([1, 0])).shape == theta.shape
