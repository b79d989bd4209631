"""NUTS draws from the posterior, the same for the same seed, and stops when told to."""

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import logsumexp

import bayes_gmm.inference.sampling.nuts as nuts
from bayes_gmm.data.feature_matrix import feature_matrix
from bayes_gmm.data.memory import MemoryRows
from bayes_gmm.data.standardize import Standardizer
from bayes_gmm.errors import FitError
from bayes_gmm.inference.modes.multistart import find_modes
from bayes_gmm.inference.modes.row_sample import Sample
from bayes_gmm.inference.sampling.laplace_approximation import peaks_of
from bayes_gmm.inference.sampling.nuts import sample_nuts
from bayes_gmm.model.prior import Prior
from bayes_gmm.model.structure import Structure
from bayes_gmm.model.table_density import density_of_table


def problem(X, K, structure="full"):
    """A density and its peaks."""
    density, units = density_of_table(
        feature_matrix(X), K, structure=Structure.parse(structure), prior=Prior()
    )
    sample = Sample.of(units.apply(X))
    return density, peaks_of(density, find_modes(density, sample, np.random.default_rng(0)))


def two_groups(n_rows=100, d=2, gap=6.0):
    rng = np.random.default_rng(d)
    return rng.normal(size=(n_rows, d)) + gap * (np.arange(n_rows) < 0.4 * n_rows)[:, None]


@pytest.fixture(scope="module")
def small():
    return problem(two_groups(), 2)


def moments(theta, weights):
    mean = weights @ theta
    return mean, np.sqrt(weights @ (theta - mean) ** 2)


def assert_agrees(draws, mean, sd, *, share_of_sd, ratio):
    theta = draws.theta.reshape(-1, draws.layout.size)
    np.testing.assert_array_less(np.abs(theta.mean(axis=0) - mean), share_of_sd * sd)
    np.testing.assert_allclose(theta.std(axis=0), sd, rtol=ratio)


def test_one_component_in_one_feature_agrees_with_quadrature():
    """Few rows, so that the posterior of log sigma leans."""
    density, [peak] = problem(np.random.default_rng(0).normal(size=(8, 1)), 1)
    grid = np.stack(np.meshgrid(np.linspace(-2, 2, 161), np.linspace(-1.5, 2, 161)), -1)
    theta = grid.reshape(-1, 2)
    heights = np.array([density.log_posterior(vector, jacobian=True) for vector in theta])
    mean, sd = moments(theta, np.exp(heights - logsumexp(heights)))
    draws = sample_nuts(density, [peak], draws=4000, chains=4, seed=1)
    assert_agrees(draws, mean, sd, share_of_sd=0.04, ratio=0.03)


def test_two_components_agree_with_importance_sampling():
    density, peaks = problem(two_groups(60, 1), 2)
    theta = peaks[0].proposals(20_000, np.random.default_rng(0))
    ratios = np.array([density.log_posterior(vector, jacobian=True) for vector in theta])
    ratios -= peaks[0].proposal_log_density(theta)
    weights = np.exp(ratios - logsumexp(ratios))
    assert 1.0 / (weights**2).sum() > 5000
    draws = sample_nuts(density, peaks[:1], draws=4000, chains=4, seed=2)
    assert_agrees(draws, *moments(theta, weights), share_of_sd=0.06, ratio=0.05)


def test_no_chain_stays_where_groups_overlap():
    """Their posterior bends, and is narrower in places than at its mode."""
    rng = np.random.default_rng(0)
    groups = [([0.0, 0.0], 60), ([3.5, 1.0], 40), ([0.0, 4.0], 25)]
    X = np.concatenate([rng.normal(centre, 1.0, (n, 2)) for centre, n in groups])
    density, peaks = problem(X, 3)
    for seed in range(4):
        draws = sample_nuts(density, peaks[:1], chains=4, seed=seed)
        stays = np.all(draws.theta[:, 1:] == draws.theta[:, :-1], axis=2)
        assert stays.mean(axis=1).max() < 0.1
        assert draws.stats["diverging"].sum() < 5


def test_statistics_are_those_of_the_draws(small):
    density, peaks = small
    draws = sample_nuts(density, peaks[:1], draws=20, tune=50, chains=2, seed=3)
    assert draws.theta.shape == (2, 20, density.layout.size)
    assert (draws.n_chains, draws.n_draws, draws.tune, draws.seed) == (2, 20, 50, 3)
    assert (draws.method, draws.sampler, draws.khat, draws.interrupted) == (
        "nuts", "nutpie", None, False,
    )  # fmt: skip
    expected = [[density.log_posterior(t, jacobian=True) for t in chain] for chain in draws.theta]
    np.testing.assert_allclose(draws.stats["lp"], expected, rtol=1e-12)
    assert set(draws.stats) >= {"diverging", "energy", "tree_depth", "n_steps", "step_size"}
    assert draws.stats["diverging"].dtype == bool


def test_the_same_seed_gives_the_same_draws(small):
    density, peaks = small
    options = {"draws": 30, "tune": 60, "chains": 3}
    one, same, other = (sample_nuts(density, peaks, **options, seed=s) for s in (4, 4, 5))
    np.testing.assert_array_equal(one.theta, same.theta)
    assert not np.any(one.theta == other.theta)
    # Chains do not follow one another.
    assert len(np.unique(one.theta[:, 0, 0])) == 3


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="cores cannot be taken away")
def test_the_number_of_cores_changes_nothing():
    """Sums over rows that are shared out otherwise differ in the last digit."""
    X = two_groups(3000)
    units = Standardizer.fit(X, None)
    modes, found = None, []
    cores = os.sched_getaffinity(0)
    for threads in (1, 3):
        rows = MemoryRows.from_matrix(X, units, threads=threads)
        assert len(rows.parts) == threads
        density, _ = density_of_table(feature_matrix(X), 2, structure=Structure(), prior=Prior())
        density = density.on(rows)
        modes = modes or find_modes(density, Sample.of(units.apply(X)), np.random.default_rng(0))
        try:
            os.sched_setaffinity(0, {min(cores)} if threads == 1 else cores)
            found.append(sample_nuts(density, peaks_of(density, modes), draws=10, tune=20, seed=6))
        finally:
            os.sched_setaffinity(0, cores)
    np.testing.assert_array_equal(found[0].theta, found[1].theta)


class Impatient(nuts.Progress):
    """Presses Ctrl-C after so many draws of all chains."""

    after = 0

    def show(self, done):
        if done >= self.after:
            raise KeyboardInterrupt


def test_interrupted_sampling_keeps_the_draws_so_far(small, monkeypatch):
    monkeypatch.setattr(Impatient, "after", 2 * 100 + 50)
    monkeypatch.setattr(nuts, "Progress", Impatient)
    draws = sample_nuts(*small, draws=10**7, tune=50, chains=2, seed=7)
    assert draws.interrupted
    assert 0 < draws.n_draws < 10**7
    assert draws.n_chains in (1, 2)
    assert np.all(np.isfinite(draws.theta))
    assert draws.stats["lp"].shape == draws.mode.shape == draws.theta.shape[:2]


def test_interrupted_warm_up_has_no_draws(small, monkeypatch):
    monkeypatch.setattr(nuts, "Progress", Impatient)
    with pytest.raises(KeyboardInterrupt):
        sample_nuts(*small, draws=10, tune=10**6, chains=2, seed=8)


def trace(n):
    return np.full((n, 1), float(n)), {name: np.arange(n) for name in nuts.STATS.values()}


@pytest.mark.parametrize(
    ("lengths", "kept", "n"),
    [([5, 5], [0, 1], 5), ([5, 0], [0], 5), ([4, 5, 3], [0, 1, 2], 3), ([1, 9, 9], [1, 2], 9)],
)
def test_as_many_draws_are_kept_as_make_whole_chains(lengths, kept, n):
    theta, stats, chains = nuts._stacked([trace(length) for length in lengths])
    assert chains == kept
    assert theta.shape == (len(kept), n, 1)
    assert {values.shape for values in stats.values()} == {(len(kept), n)}


def test_a_place_without_density_is_named(small):
    density, [peak, *_] = small
    nowhere = replace(peak, theta=np.full_like(peak.theta, np.nan))
    with pytest.raises(FitError, match="not finite at 20 points"):
        sample_nuts(density, [nowhere])


@pytest.mark.slow
def test_sampling_does_not_wait_for_libraries_it_does_not_use():
    """nutpie's package imports ArviZ, xarray and pandas, for seconds."""
    code = """
import sys
import numpy as np
from bayes_gmm.data.feature_matrix import feature_matrix
from bayes_gmm.inference.sampling.nuts import sample_nuts
from bayes_gmm.inference.sampling.peak import Peak
from bayes_gmm.model.prior import Prior
from bayes_gmm.model.structure import Structure
from bayes_gmm.model.table_density import density_of_table
table = feature_matrix(np.arange(20.0)[:, None])
density, _ = density_of_table(table, 1, structure=Structure(), prior=Prior())
draws = sample_nuts(density, [Peak(np.zeros(2), 0.2 * np.eye(2), 0.0, 0.0)], draws=5, tune=5)
assert draws.theta.shape == (4, 5, 2)
print(sorted({"arviz", "nutpie", "pandas", "pymc", "xarray"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
