"""Which mode a draw is of does not depend on labels, and masses set the shares of modes."""

import numpy as np
import pytest

from bayes_gmm.data.feature_matrix import feature_matrix
from bayes_gmm.inference.sampling.draws import Draws
from bayes_gmm.inference.sampling.mode_assignment import (
    marked,
    nearest_modes,
    numbered_like,
    resampled_by_mass,
    visits_of,
)
from bayes_gmm.inference.sampling.peak import Peak
from bayes_gmm.inference.sampling.settings import SamplerSettings
from bayes_gmm.model.parameters import Layout
from bayes_gmm.model.points import renumbered
from bayes_gmm.model.prior import Prior
from bayes_gmm.model.structure import Structure
from bayes_gmm.model.table_density import density_of_table

structures = pytest.mark.parametrize("structure", Structure.all(), ids=lambda s: s.name)


def random_orders(n, K, rng):
    return np.array([rng.permutation(K) for _ in range(n)])


@structures
@pytest.mark.parametrize(("K", "d"), [(1, 2), (3, 1), (4, 3)])
def test_numbering_otherwise_is_selecting_all_components(structure, K, d):
    rng, layout = np.random.default_rng(0), Layout(K, d, structure)
    theta, orders = rng.normal(size=(20, layout.size)), random_orders(20, K, rng)
    expected = [layout.selected(t, order) for t, order in zip(theta, orders, strict=True)]
    np.testing.assert_allclose(renumbered(layout, theta, orders), expected, atol=1e-12)


@structures
def test_numbers_are_found_again(structure):
    rng, layout = np.random.default_rng(1), Layout(4, 2, structure)
    reference = rng.normal(size=layout.size)
    reference[layout.means] *= 5.0
    theta = reference + 0.05 * rng.normal(size=(50, layout.size))
    mixed = renumbered(layout, theta, random_orders(50, 4, rng))
    assert not np.allclose(mixed, theta)
    np.testing.assert_allclose(numbered_like(mixed, layout, reference), theta, atol=1e-12)


def test_components_that_all_look_like_one_still_get_a_number_each():
    layout = Layout(3, 1, Structure())
    reference = np.array([0.0, 0.0, -9.0, 0.0, 9.0, 0.0, 0.0, 0.0])
    theta = np.array([[0.0, 0.0, 8.0, 9.0, 10.0, 0.0, 0.0, 0.0]])
    found = numbered_like(theta, layout, reference)
    assert sorted(found[0, layout.means]) == [8.0, 9.0, 10.0]


def two_peaks():
    layout = Layout(2, 1, Structure())
    one = np.array([0.0, -3.0, 3.0, 0.0, 0.0])
    two = np.array([0.0, -3.0, 3.0, -2.0, 0.0])
    return layout, [Peak(t, 0.1 * np.eye(5), 0.0, m) for t, m in ((one, -1.0), (two, -1.5))]


def test_draws_are_of_the_mode_they_are_near_whatever_their_labels():
    rng = np.random.default_rng(2)
    layout, peaks = two_peaks()
    theta = np.concatenate([peak.proposals(100, rng) for peak in peaks])
    mixed = renumbered(layout, theta, random_orders(200, 2, rng))
    expected = np.repeat([0, 1], 100)
    np.testing.assert_array_equal(nearest_modes(mixed, layout, peaks), expected)
    draws = Draws(mixed.reshape(2, 100, 5), layout, np.zeros((2, 100), int))
    np.testing.assert_array_equal(marked(draws, peaks).mode, expected.reshape(2, 100))
    np.testing.assert_array_equal(nearest_modes(mixed, layout, peaks[:1]), 0)


def test_chains_that_stay_are_told_from_chains_that_cross():
    stay = np.repeat([[0], [0], [2]], 50, axis=1)
    visits = visits_of(stay, 3)
    assert visits.separate
    assert visits.visited.tolist() == [True, False, True]
    assert visits.crossings.tolist() == [[98, 0, 0], [0, 0, 0], [0, 0, 49]]
    crossing = np.repeat([[0], [0], [2]], 2 * SamplerSettings.crossings, axis=1)
    crossing[0, 1 : 2 * SamplerSettings.crossings : 2] = 2
    assert not visits_of(crossing, 3).separate
    once = stay.copy()
    once[0, :10] = 2
    assert visits_of(once, 3).separate


@pytest.mark.parametrize("masses", [(0.5, 0.5), (0.9, 0.1), (0.05, 0.95)])
def test_modes_that_never_meet_are_drawn_by_mass(masses):
    layout, _ = two_peaks()
    mode = np.repeat([[0], [0], [1]], 200, axis=1)
    time = np.arange(600.0).reshape(3, 200)
    theta = np.repeat(time[:, :, None], layout.size, axis=2)
    draws = Draws(theta, layout, mode, {"lp": time})
    found = resampled_by_mass(draws, visits_of(mode, 2), np.array(masses), np.random.default_rng(3))
    assert found.theta.shape == theta.shape
    assert np.mean(found.mode == 1) == pytest.approx(masses[1], abs=1 / 600)
    # Draws, their modes and their statistics stay together, in the order they were drawn in.
    np.testing.assert_array_equal(found.stats["lp"], found.theta[:, :, 0])
    np.testing.assert_array_equal(found.mode, found.stats["lp"] >= 400)
    for m in (0, 1):
        kept = found.stats["lp"][found.mode == m]
        assert np.all(np.diff(kept) >= 0.0)
        copies = np.unique(kept, return_counts=True)[1]
        assert copies.max() - copies.min() <= 1


@structures
def test_the_posterior_does_not_see_numbers(structure):
    X = np.random.default_rng(4).normal(size=(40, 2))
    density, _ = density_of_table(feature_matrix(X), 3, structure=structure, prior=Prior())
    rng = np.random.default_rng(5)
    theta = 0.5 * rng.normal(size=(5, density.layout.size))
    other = renumbered(density.layout, theta, random_orders(5, 3, rng))
    for a, b in zip(theta, other, strict=True):
        expected = density.log_posterior(a, jacobian=True)
        assert density.log_posterior(b, jacobian=True) == pytest.approx(expected, rel=1e-12)
