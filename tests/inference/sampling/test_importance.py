"""Laplace's approximation where it holds, and what is said where it does not."""

import warnings

import numpy as np
import pytest

from bayes_gmm.data.datasets import load_customers
from bayes_gmm.data.feature_matrix import feature_matrix
from bayes_gmm.errors import ConvergenceWarning
from bayes_gmm.inference.modes.multistart import find_modes
from bayes_gmm.inference.modes.row_sample import Sample
from bayes_gmm.inference.sampling.importance import (
    mixture_log_density,
    sample_laplace,
    smoothed,
)
from bayes_gmm.inference.sampling.initial_points import relative_masses
from bayes_gmm.inference.sampling.laplace_approximation import peaks_of
from bayes_gmm.inference.sampling.nuts import sample_nuts
from bayes_gmm.inference.sampling.peak import Peak
from bayes_gmm.inference.sampling.settings import ImportanceSettings
from bayes_gmm.model.prior import LKJ, InverseGamma, Prior
from bayes_gmm.model.structure import Structure
from bayes_gmm.model.table_density import density_of_table

DEFAULT = Prior()


def problem(X, K, structure="full", prior=DEFAULT):
    density, units = density_of_table(
        feature_matrix(X), K, structure=Structure.parse(structure), prior=prior
    )
    sample = Sample.of(units.apply(X))
    return density, peaks_of(density, find_modes(density, sample, np.random.default_rng(0)))


@pytest.fixture(scope="module")
def many_rows():
    rng = np.random.default_rng(0)
    return problem(rng.normal(size=(2000, 2)) + 6.0 * (np.arange(2000) < 700)[:, None], 2)


def test_many_rows_certify_it(many_rows):
    draws = sample_laplace(*many_rows, draws=1000, chains=4, seed=1)
    assert draws.khat < 0.5
    assert (draws.method, draws.theta.shape) == ("laplace", (4, 1000, 11))
    by_nuts = sample_nuts(*many_rows, draws=1000, chains=4, seed=1)
    sd = by_nuts.theta.std(axis=(0, 1))
    np.testing.assert_allclose(draws.theta.std(axis=(0, 1)), sd, rtol=0.08)
    gap = draws.theta.mean(axis=(0, 1)) - by_nuts.theta.mean(axis=(0, 1))
    np.testing.assert_array_less(np.abs(gap), 0.12 * sd)


def test_the_density_of_each_draw_is_kept(many_rows):
    density, peaks = many_rows
    draws = sample_laplace(density, peaks, draws=10, chains=2, seed=2)
    expected = [[density.log_posterior(t, jacobian=True) for t in chain] for chain in draws.theta]
    np.testing.assert_allclose(draws.stats["lp"], expected, rtol=1e-12)


def test_the_same_seed_gives_the_same_draws(many_rows):
    one, same, other = (sample_laplace(*many_rows, draws=50, seed=s) for s in (3, 3, 4))
    np.testing.assert_array_equal(one.theta, same.theta)
    assert one.khat == same.khat
    assert not np.array_equal(one.theta, other.theta)


@pytest.mark.slow
def test_proposals_made_anew_fit_a_skew_posterior_better():
    X = load_customers().table[["Annual income (k$)", "Spending score"]].to_numpy(float)
    density, peaks = problem(X, 5)
    by_nuts = sample_nuts(density, peaks, draws=4000, seed=1).theta
    mean, sd = by_nuts.mean(axis=(0, 1)), by_nuts.std(axis=(0, 1))

    def k_hat_and_gap(settings):
        """The median k-hat of ten runs, and how far their mean is from NUTS's, in sds."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            runs = [sample_laplace(density, peaks, seed=s, settings=settings) for s in range(10)]
        gap = np.mean([run.theta for run in runs], axis=(0, 1, 2)) - mean
        return np.median([run.khat for run in runs]), np.sqrt(np.mean((gap / sd) ** 2))

    anew = k_hat_and_gap(ImportanceSettings())
    once = k_hat_and_gap(ImportanceSettings(doubtful_khat=np.inf))
    assert anew[0] < 0.55 < once[0]
    assert anew[1] < min(0.06, once[1])


@pytest.mark.parametrize(
    "prior", [DEFAULT, Prior(3.0, covariances=LKJ(scales=InverseGamma(2.0, 0.5)))]
)
def test_no_k_hat_certifies_by_luck(prior):
    """Two overlapping groups of forty rows: skew, and single rounds have a k-hat of 0.36 to 1."""
    rng = np.random.default_rng(1)
    X = np.r_[rng.normal(0, 1, 25), rng.normal(3, 1, 15)][:, None]
    density, peaks = problem(X, 2, "tied", prior)
    log_scale = density.layout.scales.start
    sd = sample_nuts(density, peaks, draws=2000, seed=1).theta[..., log_scale].std()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        runs = [sample_laplace(density, peaks, seed=seed) for seed in range(8)]
    too_narrow = [run.theta[..., log_scale].std() < 0.85 * sd for run in runs]
    certified = [run.khat <= ImportanceSettings.good_khat for run in runs]
    assert not np.any(np.logical_and(certified, too_narrow))
    assert np.mean(too_narrow) < 0.5


def test_few_rows_refuse_it():
    X = np.random.default_rng(1).normal(size=(12, 1))
    density, peaks = problem(X, 3)
    with pytest.warns(ConvergenceWarning, match='k-hat is .*, above 0.7; use method="nuts"'):
        draws = sample_laplace(density, peaks, seed=5)
    assert draws.khat > ImportanceSettings.good_khat


def test_two_segmentations_are_both_drawn():
    """Four groups at the corners of a square, mirrored, are two segments in two ways."""
    rng = np.random.default_rng(2)
    corners = 6.0 * np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    X = rng.normal(size=(400, 2)) + np.repeat(corners, 100, axis=0)
    density, peaks = problem(np.concatenate([X, X[:, ::-1]]), 2)
    shares = relative_masses(peaks)
    np.testing.assert_allclose(shares[:2], 0.5, atol=1e-3)
    draws = sample_laplace(density, peaks, seed=6)
    drawn = np.bincount(draws.mode.ravel(), minlength=len(peaks)) / draws.mode.size
    np.testing.assert_allclose(drawn, shares, atol=0.1)


@pytest.mark.parametrize(("tail", "good"), [(0.3, True), (1.0, False)])
def test_khat_is_the_shape_of_the_upper_tail(tail, good):
    """u^-k has shape k; log-ratios that fall far below do no harm."""
    uniform = np.random.default_rng(3).random(5000)
    log_weights, khat = smoothed(-tail * np.log(uniform))
    assert khat == pytest.approx(tail, abs=0.15)
    assert (khat <= ImportanceSettings.good_khat) == good
    assert np.exp(log_weights).sum() == pytest.approx(1.0)
    assert smoothed(3.0 * np.log(uniform))[1] < 0.0


def test_heavier_weights_are_drawn_more_often():
    from bayes_gmm.inference.sampling.importance import _resampled

    weights = np.array([0.1, 0.0, 0.6, 0.3])
    chosen = _resampled(weights, 1000, np.random.default_rng(4))
    np.testing.assert_allclose(np.bincount(chosen, minlength=4), 1000 * weights, atol=1.0)


@pytest.mark.parametrize("kind", [Peak.proposals, Peak.even_proposals])
def test_proposals_have_the_density_they_are_said_to_have(kind):
    """E_q[p / q] = 1 for a normal p."""
    rng = np.random.default_rng(5)
    peak = Peak(np.array([1.0, -2.0]), np.array([[2.0, 0.0], [0.5, 0.3]]), 0.0, 0.0)
    far = Peak(np.array([4.0, 3.0]), np.eye(2), 0.0, np.log(0.5))
    theta = np.concatenate([kind(peak, 40_000, rng), kind(far, 20_000, rng)])
    log_p = -0.5 * (peak.coordinates(theta) ** 2).sum(axis=1) - np.log(2 * np.pi) - peak.log_det
    ratios = np.exp(log_p - mixture_log_density(theta, [peak, far]))
    assert ratios.mean() == pytest.approx(1.0, abs=0.02)


def test_even_proposals_tell_intervals_better():
    """The error of a 94 % interval's width falls by a third at least where parameters correlate."""
    root = np.linalg.cholesky(0.5 * np.eye(20) + 0.5)
    peak = Peak(np.zeros(20), root, 0.0, 0.0, nu=2000.0)

    def spread(kind):
        widths = [
            np.ptp(np.quantile(kind(peak, 1000, np.random.default_rng(s)), (0.03, 0.97), axis=0), 0)
            for s in range(30)
        ]
        return np.std(widths, axis=0).mean()

    assert spread(Peak.even_proposals) < 0.67 * spread(Peak.proposals)


def test_tails_are_those_of_a_normal_where_rows_are_many():
    few, many = (
        problem(np.random.default_rng(0).normal(size=(n, 1)), 1)[1][0] for n in (100, 5000)
    )
    assert (few.nu, many.nu) == (10.0, 250.0)
    far = np.array([5.0, 5.0])
    ratio = [
        peak.proposal_log_density((peak.theta + peak.factor @ far)[None])[0] + peak.log_det
        for peak in (few, many)
    ]
    assert ratio[0] > ratio[1] + 1.0
