"""Modes: the best by mass first, every other one named, and none that rounding alone has made."""

from dataclasses import replace
from itertools import combinations, pairwise, permutations

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture

from bayes_gmm.data.feature_matrix import feature_matrix
from bayes_gmm.errors import FitError
from bayes_gmm.inference.modes.guesses import Moments
from bayes_gmm.inference.modes.laplace_evidence import laplace_log_evidence
from bayes_gmm.inference.modes.multistart import find_modes
from bayes_gmm.inference.modes.row_sample import Sample
from bayes_gmm.inference.modes.settings import ModeSettings
from bayes_gmm.inference.optimize.degeneracy import is_sound
from bayes_gmm.inference.optimize.em import run_em
from bayes_gmm.inference.optimize.hessian import hessian
from bayes_gmm.inference.optimize.newton import polish
from bayes_gmm.inference.optimize.whitening import Whitening
from bayes_gmm.model.kernel.kernel import log_joint
from bayes_gmm.model.mixture import Mixture
from bayes_gmm.model.prior import LKJ, HalfNormal, Prior
from bayes_gmm.model.structure import Structure
from bayes_gmm.model.table_density import density_of_table


class Problem:
    """A table, its density and the sample that starts are tried on."""

    def __init__(self, X, K, structure="full", prior=Prior(), resolution="auto", weights=None):  # noqa: B008
        self.X = X
        self.density, self.units = density_of_table(
            feature_matrix(X), K, structure=Structure.parse(structure), prior=prior,
            resolution=resolution, weights=weights,
        )  # fmt: skip
        self.sample = Sample.of(self.units.apply(X), weights)

    def modes(self, seed=0, **options):
        return find_modes(self.density, self.sample, np.random.default_rng(seed), **options)

    def log_joint(self, mode):
        point = mode.point(self.density)
        rows = self.density.rows
        return log_joint(
            (rows.gathered(),), point.log_weights, point.means, point.scale_trils,
            self.density.rho2, rows.n_rows,
        )  # fmt: skip

    def labels(self, mode):
        return self.log_joint(mode).argmax(axis=1)

    def labelled(self, labels):
        """A start at labelled rows of the table."""
        order = np.lexsort(np.nan_to_num(self.units.apply(self.X)).T)
        return Moments.of_labels(self.sample, labels[order], self.density.layout.n_components)

    def least_curvature(self, mode):
        whitening = Whitening(self.density, mode.theta)
        H = hessian(self.density, mode.theta, whitening, jacobian=False)
        return np.linalg.eigvalsh(H).min()


def four_corners(seed=0, n_rows=40):
    """Four groups, to be told in two or three: there is more than one way."""
    rng = np.random.default_rng(seed)
    corners = np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 3.0], [3.0, 3.0]])
    return np.repeat(corners, n_rows, axis=0) + 0.7 * rng.normal(size=(4 * n_rows, 2))


@pytest.fixture(scope="module")
def corners():
    problem = Problem(four_corners(), 3)
    return problem, problem.modes()


def test_modes_stand_by_falling_mass(corners):
    problem, modes = corners
    assert 2 <= len(modes) <= ModeSettings.most_modes
    masses = [mode.log_evidence for mode in modes]
    assert masses == sorted(masses, reverse=True)
    for mode in modes:
        assert mode.converged
        assert mode.log_posterior == pytest.approx(problem.density.log_posterior(mode.theta))
        assert mode.log_evidence == pytest.approx(
            laplace_log_evidence(problem.density, mode.theta), abs=1e-6
        )
        assert mode.history[-1] == pytest.approx(mode.log_posterior, abs=1e-6)
        assert np.all(np.diff(mode.history) >= 0.0)
        assert problem.least_curvature(mode) > 0.0


def test_mass_ranks_modes_and_not_height():
    """Here the broader of two optima is the lower."""
    problem = Problem(four_corners(9), 3, prior=Prior(covariances=LKJ(2.5)))
    first, second = problem.modes()[:2]
    assert first.log_evidence > second.log_evidence
    assert first.log_posterior < second.log_posterior - 0.5


def test_modes_are_different_segmentations(corners):
    problem, modes = corners
    labels = [problem.labels(mode) for mode in modes]
    for i, one in enumerate(labels):
        for other in labels[:i]:
            assert adjusted_rand_score(one, other) < 0.99


def test_the_first_mode_is_by_falling_weight(corners):
    problem, modes = corners
    weights = np.exp(modes[0].point(problem.density).log_weights)
    assert weights.tolist() == sorted(weights, reverse=True)
    assert weights.sum() == pytest.approx(1.0)


def test_labels_follow_the_first_mode(corners):
    """No other numbering of a mode gives more rows the label that they have in the first."""
    problem, modes = corners
    first = problem.labels(modes[0])
    for mode in modes[1:]:
        labels = problem.labels(mode)
        agreeing = [(np.array(order)[labels] == first).sum() for order in permutations(range(3))]
        assert agreeing[0] == max(agreeing)


def test_other_seeds_find_the_same_modes(corners):
    problem, modes = corners
    for seed in range(1, 4):
        again = problem.modes(seed)
        assert again[0].log_posterior == pytest.approx(modes[0].log_posterior, abs=1e-6)
        assert again[1].log_posterior == pytest.approx(modes[1].log_posterior, abs=1e-6)
    same = problem.modes(0)
    np.testing.assert_array_equal(same[0].theta, modes[0].theta)


@pytest.mark.parametrize("seed", range(3))
def test_both_ways_to_cut_a_square_in_two_are_named(seed):
    """However many starts come to one of them."""
    rng = np.random.default_rng(seed)
    centers = np.array([[-3.0, -3.0], [-3.0, 3.0], [3.0, -3.0], [3.0, 3.0]])
    problem = Problem(np.repeat(centers, 40, axis=0) + rng.normal(size=(160, 2)), 2)
    for n_init in (8, None, 150):
        labels = [problem.labels(mode) for mode in problem.modes(seed, n_init=n_init)]
        cuts = {tuple(np.add.reduceat(way == way[0], range(0, 160, 40)) > 20) for way in labels}
        assert {(True, True, False, False), (True, False, True, False)} <= cuts


@pytest.mark.parametrize("structure", ["tied", "spherical", "full"])
def test_modes_of_equal_height_are_all_named(structure):
    """A table and its mirror image: a way to cut it that is not its own image has a twin."""
    Z = four_corners(1, 30) * [1.0, 1.2]
    problem = Problem(np.r_[Z, Z[:, ::-1]], 2, structure)
    twins = [
        (one, other)
        for one, other in pairwise(problem.modes())
        if abs(one.log_evidence - other.log_evidence) < 1e-3
    ]
    assert twins
    for one, other in twins:
        assert adjusted_rand_score(problem.labels(one), problem.labels(other)) < 0.9


class TestIris:
    """Three species, and 29 rows whose petal width reads 0.2.

    A component on those rows wins where there is no recording error.
    """

    def test_the_species_win_under_the_default_prior(self):
        X, species = load_iris(return_X_y=True)
        problem = Problem(X, 3)
        first = problem.modes()[0]
        assert adjusted_rand_score(species, problem.labels(first)) > 0.90
        assert self.sd_of_petal_width(problem, first).min() > 0.08

    @staticmethod
    def problem(resolution):
        X, species = load_iris(return_X_y=True)
        at_02 = np.isclose(X[:, 3], 0.2)
        assert at_02.sum() == 29
        labels = np.where(at_02, 0, np.where(X[:, 2] < 2.5, 1, 2))
        problem = Problem(X, 3, prior=Prior(covariances=LKJ(3.5)), resolution=resolution)
        modes = problem.modes(n_init=100, extra=[problem.labelled(labels)])
        return problem, modes, species, at_02

    @staticmethod
    def sd_of_petal_width(problem, mode):
        L = mode.point(problem.density).scale_trils
        return (problem.units.scale * np.sqrt((L**2).sum(axis=2)))[:, 3]

    def test_with_the_resolution_found_the_species_win(self):
        problem, modes, species, at_02 = self.problem("auto")
        np.testing.assert_allclose(problem.density.steps * problem.units.scale, 0.1, rtol=1e-6)
        assert adjusted_rand_score(species, problem.labels(modes[0])) > 0.90
        assert self.sd_of_petal_width(problem, modes[0]).min() > 0.08
        closed = self.closed_on(at_02, problem)
        sd = self.sd_of_petal_width(problem, closed)
        assert sd.min() < 0.06
        rows = problem.labels(closed) == sd.argmin()
        assert (rows & at_02).sum() > 0.7 * rows.sum()
        assert modes[0].log_evidence - closed.log_evidence > 10.0

    @staticmethod
    def closed_on(at_02, problem):
        """The mode that the rows of one value lead to, wherever it comes among the others."""
        density = problem.density
        labels = np.where(at_02, 0, np.where(problem.X[:, 2] < 2.5, 1, 2))
        theta = problem.labelled(labels).theta(density.layout, density.prior)
        peak = polish(density, run_em(density, theta, max_iter=200, tolerance=1e-4).theta)
        return replace(peak, log_evidence=laplace_log_evidence(density, peak.theta))

    def test_without_it_a_single_value_wins(self):
        """Which is what the resolution is for."""
        problem, modes, species, at_02 = self.problem(None)
        assert np.all(problem.density.rho2 == 0.0)
        assert self.sd_of_petal_width(problem, modes[0]).min() < 1e-3
        assert adjusted_rand_score(species, problem.labels(modes[0])) < 0.6
        labels = problem.labels(modes[0])
        alone = np.flatnonzero(np.bincount(labels) == 29)
        assert len(alone) == 1
        assert np.all((labels == alone[0]) == at_02)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("structure", ["full", "component-feature/shared", "tied"])
def test_a_wide_table_has_a_maximum(seed, structure):
    """43 rows in 12 columns, two groups: a positive definite Hessian, at the groups."""
    rng = np.random.default_rng(seed)
    truth = np.repeat([0, 1], [36, 7])
    X = rng.normal(size=(43, 12)) + 2.5 * truth[:, None] * rng.normal(size=12)
    problem = Problem(X, 2, structure)
    modes = problem.modes(seed)
    assert modes[0].converged
    assert np.isfinite(modes[0].log_evidence)
    assert problem.least_curvature(modes[0]) > 0.1
    assert adjusted_rand_score(truth, problem.labels(modes[0])) == 1.0


@pytest.mark.slow
@pytest.mark.parametrize(("n_rows", "d"), [(6, 5), (12, 6), (20, 8), (4, 3)])
@pytest.mark.parametrize("decimals", [0, 1, 15])
def test_fewer_rows_than_a_covariance_has_entries(n_rows, d, decimals):
    X = np.random.default_rng(n_rows).normal(size=(n_rows, d)).round(decimals)
    assert n_rows < d * (d + 1) / 2
    problem = Problem(X, 2)
    first = problem.modes()[0]
    assert first.converged
    assert np.isfinite(first.log_posterior)
    assert problem.least_curvature(first) > 0.0


def test_a_column_that_repeats_another_has_a_maximum():
    """The floor of the resolution keeps the density bounded where rows lie in a plane."""
    x = np.random.default_rng(0).normal(size=(60, 1))
    problem = Problem(np.hstack([x, 2.0 * x, -x]), 2)
    first = problem.modes()[0]
    assert first.converged
    assert problem.least_curvature(first) > 0.0


@pytest.mark.slow
def test_scales_may_be_zero_where_the_prior_lets_them():
    """A HalfNormal is highest at 0: components on tied rows shrink onto them, and the fit lives."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(200, 3)) + 3.0 * rng.integers(0, 3, size=(200, 1))
    X[rng.random(X.shape) < 0.1] = np.nan
    problem = Problem(X, 8, prior=Prior(covariances=LKJ(3.0, HalfNormal(1.0))))
    modes = problem.modes()
    assert np.isfinite(modes[0].log_posterior)
    for mode in modes:
        point = mode.point(problem.density)
        weights = np.exp(point.log_weights)
        Mixture(weights / weights.sum(), point.means, point.scale_trils @ point.scale_trils.mT)


def test_a_sparse_prior_leaves_components_empty():
    """Concentration below 1 (Figueiredo & Jain 2002): two groups, five components, fewer kept."""
    rng = np.random.default_rng(4)
    X = np.r_[rng.normal(-3, 1, size=(100, 2)), rng.normal(3, 1, size=(100, 2))]
    problem = Problem(X, 5, prior=Prior(0.05))
    first = problem.modes()[0]
    point = first.point(problem.density)
    weights = np.exp(point.log_weights)
    assert weights.shape == (5,)
    assert np.count_nonzero(weights) < 5
    assert weights[:2].sum() > 0.9
    assert weights.sum() == pytest.approx(1.0)
    assert np.all(np.diff(weights) <= 0.0)
    assert first.converged


@pytest.mark.parametrize("pair", list(combinations(range(4), 2)), ids=str)
def test_starts_of_ones_own_are_followed_to_the_end(pair):
    """The optimum that EM and the climb reach from a start is among the modes."""
    problem = Problem(four_corners(), 3)
    density = problem.density
    together = np.isin(np.arange(4), pair)
    numbers = np.where(together, 0, np.cumsum(~together))
    own = problem.labelled(np.repeat(numbers, 40))
    run = run_em(density, own.theta(density.layout, density.prior), max_iter=200, tolerance=1e-4)
    peak = polish(density, run.theta)
    modes = problem.modes(n_init=1, extra=[own])
    heights = np.array([mode.log_posterior for mode in modes])
    assert np.abs(heights - peak.log_posterior).min() < 1e-6


def test_one_component_has_one_mode():
    X = np.random.default_rng(5).normal(size=(100, 3))
    (only,) = Problem(X, 1).modes()
    assert only.converged


@pytest.mark.parametrize("seed", range(3))
def test_without_a_prior_the_highest_comes_first(seed):
    """No mode has a mass then; and none has closed on rows in a plane, where others have not."""
    X = np.random.default_rng(seed).normal(size=(150, 3))
    problem = Problem(X, 4, prior=Prior.flat(), resolution=None)
    modes = problem.modes(seed)
    heights = [mode.log_posterior for mode in modes]
    assert heights == sorted(heights, reverse=True)
    for mode in modes:
        assert is_sound(problem.density, mode.theta)
        assert np.isnan(mode.log_evidence)


@pytest.mark.slow
def test_the_highest_is_as_high_as_that_of_scikit_learn():
    """Without a prior both seek the highest likelihood; theirs from 20 starts."""
    rng = np.random.default_rng(3)
    means = 2.0 * rng.normal(size=(4, 3))
    X = means[rng.integers(0, 4, size=400)] + rng.normal(size=(400, 3))
    problem = Problem(X, 4, prior=Prior.flat(), resolution=None)
    first = problem.modes()[0]
    Z = problem.units.apply(X)
    theirs = GaussianMixture(4, n_init=20, tol=1e-6, max_iter=1000, random_state=0).fit(Z)
    ours = problem.density.statistics(first.point(problem.density))[0]
    assert ours >= 400 * theirs.score(Z) - 1e-3


def test_a_single_value_is_shared_where_that_is_heavier():
    """Ten thousand equal rows and three others: two halves of the value outweigh one whole.

    Rows at one value cannot say how many components hold them, and the prior takes two equal
    shares for likelier than a share of nearly nothing.
    """
    X = np.zeros((10_000, 2))
    X[[5, 700, 9000]] = [[1.0, 0.0], [0.0, 2.0], [3.0, 1.0]]
    problem = Problem(X, 3, prior=Prior(covariances=LKJ(2.5)), resolution=0.45)
    density = problem.density
    labels = np.zeros(len(X), int)
    labels[[5, 700, 9000]] = 1, 1, 2
    whole = problem.labelled(labels).theta(density.layout, density.prior)
    peak = polish(density, run_em(density, whole, max_iter=500, tolerance=1e-6).theta)
    assert peak.converged
    assert np.exp(density.layout.point(peak.theta).log_weights).max() > 0.99
    first = problem.modes(n_init=8)[0]
    assert first.log_posterior > peak.log_posterior + 5.0
    assert first.log_evidence > laplace_log_evidence(density, peak.theta) + 5.0
    weights = np.exp(first.point(density).log_weights)
    assert weights[:2] == pytest.approx([0.5, 0.5], abs=1e-3)


def test_rows_may_be_more_than_the_sample():
    """Starts see 300 rows of 6000; the modes are those of all of them."""
    rng = np.random.default_rng(6)
    X = np.r_[rng.normal(0, 1, (4000, 2)), rng.normal([4, 1], [0.5, 2], (2000, 2))]
    problem = Problem(X, 2)
    some = Sample.of(problem.units.apply(X)[::20])
    of_some = find_modes(problem.density, some, np.random.default_rng(0))[0]
    of_all = problem.modes()[0]
    assert of_some.converged
    assert of_some.log_posterior == pytest.approx(of_all.log_posterior, abs=1e-6)
    assert of_some.log_evidence == pytest.approx(of_all.log_evidence, abs=1e-3)
    assert np.all(np.diff(of_some.history) >= 0.0)


def test_no_start_leads_anywhere():
    problem = Problem(np.random.default_rng(7).normal(size=(20, 2)), 2)
    problem.density.prior.concentration[:] = np.nan
    with pytest.raises(FitError, match="no start has a finite log-posterior"):
        problem.modes(n_init=3)
