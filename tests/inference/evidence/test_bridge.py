"""Bridge sampling finds masses known otherwise."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import logsumexp

from bayes_gmm.data.feature_matrix import feature_matrix
from bayes_gmm.inference.evidence.bridge import bridge_span, settled_by_bridges
from bayes_gmm.inference.modes.multistart import find_modes
from bayes_gmm.inference.modes.row_sample import Sample
from bayes_gmm.inference.sampling.draws import Draws
from bayes_gmm.inference.sampling.laplace_approximation import peaks_of
from bayes_gmm.inference.sampling.mode_assignment import marked
from bayes_gmm.inference.sampling.nuts import sample_nuts
from bayes_gmm.model.points import renumbered
from bayes_gmm.model.prior import Prior
from bayes_gmm.model.structure import Structure
from bayes_gmm.model.table_density import density_of_table


def problem(X, K):
    density, units = density_of_table(
        feature_matrix(X), K, structure=Structure(), prior=Prior(), resolution=None
    )
    modes = find_modes(density, Sample.of(units.apply(X)), np.random.default_rng(0))
    return density, peaks_of(density, modes)


def test_the_mass_of_a_normal():
    """p = e^7 Normal(0, 1), q = Normal(0.5, 1.5)."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=20_000), 0.5 + 1.5 * rng.normal(size=10_000)

    def log_ratio(z):
        return 7.0 - 0.5 * z**2 + 0.5 * ((z - 0.5) / 1.5) ** 2 + np.log(1.5)

    assert bridge_span(log_ratio(x), log_ratio(y)).log_mass == pytest.approx(7.0, abs=0.02)


def test_proposals_outside_the_mode_count_as_nothing():
    """Of q = Normal(0, 1) half lies where p = Normal(0, 1) [x > 0] does."""
    x = np.abs(np.random.default_rng(1).normal(size=5000))
    inside = np.where(np.random.default_rng(2).normal(size=5000) > 0.0, 0.0, -np.inf)
    assert bridge_span(np.zeros_like(x), inside).log_mass == pytest.approx(np.log(0.5), abs=0.03)


def test_one_component_in_one_feature_agrees_with_quadrature():
    density, peaks = problem(np.random.default_rng(3).normal(size=(6, 1)), 1)
    offsets = np.linspace(-4.0, 4.0, 161)
    heights = [
        density.log_posterior(peaks[0].theta + np.array([a, b]), jacobian=True)
        for a in offsets for b in offsets
    ]  # fmt: skip
    exact = logsumexp(heights) + 2.0 * np.log(offsets[1] - offsets[0])
    draws = marked(sample_nuts(density, peaks, seed=1), peaks)
    [settled] = settled_by_bridges(density, draws, peaks)
    assert settled.log_evidence == pytest.approx(exact, abs=0.03)
    assert abs(peaks[0].log_evidence - exact) > 0.03


def test_labels_and_laplaces_estimate_change_nothing():
    rng = np.random.default_rng(4)
    X = rng.normal(size=(60, 1)) + 6.0 * (np.arange(60) < 20)[:, None]
    density, peaks = problem(X, 2)
    draws = marked(sample_nuts(density, peaks[:1], seed=2), peaks[:1])
    [expected] = settled_by_bridges(density, draws, peaks[:1])
    theta = draws.theta.reshape(-1, density.layout.size)
    mixed = renumbered(
        density.layout, theta, np.array([rng.permutation(2) for _ in theta])
    ).reshape(draws.theta.shape)
    swapped = Draws(mixed, draws.layout, draws.mode, draws.stats)
    [found] = settled_by_bridges(density, swapped, peaks[:1])
    assert found.log_evidence == pytest.approx(expected.log_evidence, abs=1e-9)


def test_draws_far_from_the_peak_are_bridged_to_from_among_themselves():
    density, peaks = problem(np.random.default_rng(3).normal(size=(30, 1)), 1)
    draws = marked(sample_nuts(density, peaks, seed=1), peaks)
    [expected] = settled_by_bridges(density, draws, peaks)
    away = [replace(peaks[0], theta=peaks[0].theta + 30.0 * peaks[0].factor[:, 0])]
    [found] = settled_by_bridges(density, draws, away)
    assert found.log_evidence == pytest.approx(expected.log_evidence, abs=0.05)


def test_where_no_bridge_holds_laplaces_mass_is_kept():
    density, peaks = problem(np.random.default_rng(3).normal(size=(30, 1)), 1)
    lost = [replace(peaks[0], theta=peaks[0].theta + 100.0 * peaks[0].factor[:, 0])]
    draws = marked(sample_nuts(density, peaks, seed=1), peaks)
    stuck = replace(draws, theta=np.repeat(draws.theta[:, :1], 1000, axis=1))
    [found] = settled_by_bridges(density, stuck, lost)
    assert found.log_evidence == lost[0].log_evidence


def test_modes_with_few_draws_keep_laplaces_mass():
    density, peaks = problem(np.random.default_rng(5).normal(size=(30, 1)), 1)
    draws = marked(sample_nuts(density, peaks, draws=10, tune=50, chains=2, seed=3), peaks)
    assert settled_by_bridges(density, draws, peaks) == tuple(peaks)
