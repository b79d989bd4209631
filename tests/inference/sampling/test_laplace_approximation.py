"""Coordinates about a mode see a posterior of unit curvature."""

from dataclasses import replace

import numpy as np
import pytest

from bayes_gmm.data.feature_matrix import feature_matrix
from bayes_gmm.inference.modes.multistart import find_modes
from bayes_gmm.inference.modes.row_sample import Sample
from bayes_gmm.inference.optimize.hessian import hessian
from bayes_gmm.inference.optimize.settings import HessianSettings, OptimizerSettings
from bayes_gmm.inference.optimize.whitening import Whitening
from bayes_gmm.inference.sampling.coordinates import departure_from_normal
from bayes_gmm.inference.sampling.initial_points import chains_of_modes
from bayes_gmm.inference.sampling.laplace_approximation import (
    _full_vector,
    inverse_factor,
    peaks_of,
)
from bayes_gmm.inference.sampling.settings import ApproximationSettings
from bayes_gmm.model.prior import Prior
from bayes_gmm.model.structure import Structure
from bayes_gmm.model.table_density import density_of_table


def found(X, K, structure="full", prior=Prior()):  # noqa: B008
    density, units = density_of_table(
        feature_matrix(X), K, structure=Structure.parse(structure), prior=prior
    )
    return density, find_modes(density, Sample.of(units.apply(X)), np.random.default_rng(0))


def two_groups(n_rows=150, d=2):
    rng = np.random.default_rng(d)
    return rng.normal(size=(n_rows, d)) + 5.0 * (np.arange(n_rows) < 0.4 * n_rows)[:, None]


@pytest.mark.parametrize("structure", Structure.all(), ids=lambda s: s.name)
def test_the_factor_is_that_of_the_inverse_curvature(structure):
    density, modes = found(two_groups(), 2, structure)
    [peak] = peaks_of(density, modes[:1])
    p = density.layout.size
    assert np.all(np.triu(peak.factor, 1) == 0.0)
    assert np.all(np.diagonal(peak.factor) > 0.0)
    gradients = np.empty((p, p))
    for i, step in enumerate(1e-2 * peak.factor.T):
        ahead, behind = (
            density.value_and_gradient(peak.theta + sign * step, jacobian=True)[1]
            for sign in (1.0, -1.0)
        )
        gradients[i] = peak.factor.T @ (behind - ahead) / 2e-2
    np.testing.assert_allclose(gradients, np.eye(p), atol=0.02)
    slope = density.value_and_gradient(peak.theta, jacobian=True)[1]
    np.testing.assert_allclose(peak.factor.T @ slope, 0.0, atol=0.01)


def test_modes_that_share_a_peak_are_counted_once():
    density, [mode] = found(two_groups(), 2)
    swapped = replace(mode, theta=mode.layout.selected(mode.theta, np.array([1, 0])))
    first, copy = peaks_of(density, [mode, swapped])
    assert first.log_evidence == mode.log_evidence
    assert np.isnan(copy.log_evidence)
    np.testing.assert_array_equal(chains_of_modes([first, copy], 4), 0)


def test_log_posterior_and_mass_are_the_modes():
    density, modes = found(two_groups(), 2)
    for peak, mode in zip(peaks_of(density, modes), modes, strict=True):
        assert peak.log_posterior == density.log_posterior(peak.theta, jacobian=True)
        assert peak.log_posterior >= density.log_posterior(mode.theta, jacobian=True)
        assert peak.log_evidence == mode.log_evidence


def test_coordinates_undo_the_factor():
    density, modes = found(two_groups(), 2)
    [peak] = peaks_of(density, modes[:1])
    xi = np.random.default_rng(0).normal(size=(10, density.layout.size))
    np.testing.assert_allclose(peak.coordinates(peak.theta + xi @ peak.factor.T), xi, atol=1e-9)


def test_what_costs_too_much_is_taken_from_complete_data():
    density, modes = found(two_groups(400), 2)
    exact = inverse_factor(density, modes[0].theta)
    dear = OptimizerSettings(hessian=HessianSettings(affordable=0.0))
    rough = inverse_factor(density, modes[0].theta, ApproximationSettings(optimizer=dear))
    ratio = np.sqrt((rough**2).sum(axis=1) / (exact**2).sum(axis=1))
    np.testing.assert_allclose(ratio, 1.0, atol=0.25)
    assert not np.allclose(rough, exact, rtol=1e-3)


def test_directions_without_curvature_are_bounded():
    """At a saddle the Hessian has a falling direction, and at the mean of one group it has none."""
    density, _ = found(two_groups(), 2)
    theta = np.zeros(density.layout.size)
    whitening = Whitening(density, theta)
    assert np.linalg.eigvalsh(hessian(density, theta, whitening, jacobian=True)).min() < 0.0
    factor = inverse_factor(density, theta)
    assert np.all(np.isfinite(factor))
    assert np.linalg.matrix_rank(factor) == density.layout.size


@pytest.mark.parametrize("structure", ["full", "tied", "spherical"])
def test_components_that_a_mode_leaves_empty_take_part(structure):
    density, modes = found(two_groups(60), 4, structure, Prior(concentration=0.05))
    occupied = modes[0].layout.n_components
    assert occupied < 4
    theta = _full_vector(density, modes[0], ApproximationSettings())
    whole, part = density.layout.point(theta), modes[0].layout.point(modes[0].theta)
    np.testing.assert_allclose(whole.means[:occupied], part.means)
    np.testing.assert_allclose(whole.scale_trils[:occupied], part.scale_trils)
    np.testing.assert_allclose(whole.log_weights[:occupied], part.log_weights, atol=0.01)
    [peak] = peaks_of(density, modes[:1])
    sd = np.sqrt((peak.factor**2).sum(axis=1))
    np.testing.assert_array_less(np.abs(peak.theta - theta), sd / 100)


def test_posteriors_come_nearer_to_normal_with_more_rows():
    found_departures = []
    for n_rows in (15, 150, 1500):
        density, modes = found(two_groups(n_rows), 2)
        [peak] = peaks_of(density, modes[:1])
        rng = np.random.default_rng(0)
        found_departures.append(departure_from_normal(density, peak, rng))
    assert found_departures[0] > 2.0 * found_departures[1] > 4.0 * found_departures[2]
