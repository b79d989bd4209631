"""The climb to a mode: there the slope vanishes, and other programs agree on where it is."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

import bayes_gmm.inference.optimize.newton as polish_module
from bayes_gmm.data.memory import MemoryRows
from bayes_gmm.data.standardize import Standardizer
from bayes_gmm.inference.modes.guesses import Moments
from bayes_gmm.inference.modes.row_sample import Sample
from bayes_gmm.inference.optimize.em import run_em
from bayes_gmm.inference.optimize.hessian import hessian
from bayes_gmm.inference.optimize.newton import polish
from bayes_gmm.inference.optimize.settings import HessianSettings, OptimizerSettings
from bayes_gmm.inference.optimize.whitening import Whitening
from bayes_gmm.model.density import Density
from bayes_gmm.model.parameters import Layout
from bayes_gmm.model.prior import LKJ, HalfNormal, InverseGamma, Normal, Prior
from bayes_gmm.model.structure import ALIASES, Structure

PRIORS = {
    "default": Prior(),
    "inverse-gamma": Prior(3.0, Normal(), LKJ(3.5, InverseGamma(2.0, 1.5))),
    "half-normal": Prior(1.5, Normal(1.0, 2.0), LKJ(4.0, HalfNormal(2.0))),
}

structures = pytest.mark.parametrize("structure", Structure.all(), ids=lambda s: s.name)


def groups(seed, n_rows=120, d=2, missing=0.0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, size=n_rows)
    X = 2.5 * labels[:, None] + rng.normal(size=(n_rows, d)) * np.where(labels, 1.0, 0.5)[:, None]
    X[rng.random(X.shape) < missing] = np.nan
    return X, labels


def density_of(X, K, structure=Structure(), prior=PRIORS["default"], rho=0.05, weights=None):  # noqa: B008
    d = X.shape[1]
    rows = MemoryRows.from_matrix(X, Standardizer.identity(d), weights)
    return Density(
        rows, Layout(K, d, structure), prior.constants(K, d, structure), np.full(d, rho) ** 2
    )


def start_of(density, X, labels):
    """EM's start from labelled rows."""
    order = np.lexsort(np.nan_to_num(X).T)
    moments = Moments.of_labels(Sample.of(X), labels[order], density.layout.n_components)
    return moments.theta(density.layout, density.prior)


def climbed(density, X, labels):
    run = run_em(density, start_of(density, X, labels), max_iter=100, tolerance=1e-3)
    return polish(density, run.theta)


def jacobian_at(whitening, xi, width=1e-5):
    """d theta / d xi by central differences; column i is of xi_i."""
    steps = width * np.eye(len(xi))
    return (whitening.theta(xi + steps) - whitening.theta(xi - steps)).T / (2 * width)


@structures
@pytest.mark.parametrize("d", [1, 2, 4])
def test_whitening_is_a_change_of_coordinates(structure, d):
    """Its slope is known everywhere, and its volume where it begins."""
    X, _ = groups(0, d=d)
    density = density_of(X, 3, structure)
    rng = np.random.default_rng(0)
    theta, xi, gradient = rng.normal(size=(3, density.layout.size))
    whitening = Whitening(density, theta)
    np.testing.assert_allclose(whitening.theta(0.0 * xi), theta, rtol=1e-12, atol=1e-12)
    P = jacobian_at(whitening, 0.0 * xi)
    np.testing.assert_allclose(whitening.forward(xi), P @ xi, rtol=1e-6, atol=1e-8)
    assert whitening.log_det == pytest.approx(np.linalg.slogdet(P)[1], abs=1e-6)
    for at in (0.0 * xi, 3.0 * xi):
        expected = jacobian_at(whitening, at).T @ gradient
        np.testing.assert_allclose(
            whitening.pull_back(at, gradient), expected, rtol=1e-6, atol=1e-8
        )


@structures
def test_vectors_may_come_together(structure):
    X, _ = groups(0, d=3)
    density = density_of(X, 2, structure)
    rng = np.random.default_rng(1)
    whitening = Whitening(density, rng.normal(size=density.layout.size))
    xi, gradients = rng.normal(size=(2, 4, density.layout.size))
    np.testing.assert_allclose(whitening.theta(xi), [whitening.theta(x) for x in xi])
    np.testing.assert_allclose(
        whitening.pull_back(xi, gradients),
        [whitening.pull_back(x, g) for x, g in zip(xi, gradients, strict=True)],
    )


@pytest.mark.parametrize("structure", ["full", "tied"])
def test_rows_near_a_plane_stay_near_it(structure):
    """What is thin stays thin, whatever the step: the ridge of such a table is straight."""
    X, _ = groups(0, d=3)
    density = density_of(X, 2, Structure.parse(structure))
    rng = np.random.default_rng(2)
    theta = 0.1 * rng.normal(size=density.layout.size)
    u = np.array([1.0, 1.0, -1.0]) / np.sqrt(3.0)
    S = np.eye(3) - (1.0 - 1e-6) * np.outer(u, u)
    sd = np.sqrt(np.diag(S))
    n = density.layout.n_correlations
    theta[density.layout.scales] = np.tile(np.log(sd), n)
    L = np.linalg.cholesky(S)
    theta[density.layout.correlations] = np.tile((L / np.diag(L)[:, None])[[1, 2, 2], [0, 0, 1]], n)
    whitening = Whitening(density, theta)
    moved = density.layout.point(whitening.theta(3.0 * rng.normal(size=len(theta)))).scale_trils
    assert np.linalg.norm(moved.mT @ u, axis=1).max() < 2e-3
    assert np.linalg.norm(moved - L, axis=(1, 2)).min() > 0.1


@structures
def test_whitened_curvature_is_one_where_nothing_overlaps(structure):
    """Round groups far apart: what is known of the labels is everything."""
    rng = np.random.default_rng(1)
    Z = rng.normal(size=(500, 2))
    Z = (Z - Z.mean(axis=0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(Z.T, ddof=0))).T
    labels = np.repeat([0, 1], 500)
    X = 30.0 * labels[:, None] + np.r_[Z, Z]
    density = density_of(X, 2, structure, rho=1e-3)
    peak = climbed(density, X, labels)
    whitening = Whitening(density, peak.theta)
    eigenvalues = np.linalg.eigvalsh(hessian(density, peak.theta, whitening, jacobian=False))
    np.testing.assert_allclose(eigenvalues, 1.0, atol=0.05)


@structures
@pytest.mark.parametrize("prior", PRIORS)
def test_no_coordinate_move_raises_the_log_posterior(structure, prior):
    rng = np.random.default_rng(2)
    X, labels = groups(2, d=3, missing=0.1)
    weights = rng.exponential(size=len(X))
    density = density_of(X, 2, structure, PRIORS[prior], weights=weights)
    peak = climbed(density, X, labels)
    assert peak.converged
    assert peak.slope <= OptimizerSettings.tolerance * 10
    assert peak.log_posterior == pytest.approx(density.log_posterior(peak.theta), rel=1e-13)
    for size in (1e-5, 1e-3, 0.1):
        for move in size * np.eye(len(peak.theta)):
            for theta in (peak.theta + move, peak.theta - move):
                assert density.log_posterior(theta) <= peak.log_posterior + 1e-10


@pytest.mark.parametrize("jacobian", [False, True])
@given(seed=st.integers(0, 2**32 - 1), K=st.integers(1, 3), d=st.integers(1, 3))
@settings(deadline=None, max_examples=25)
def test_the_climb_rises_to_where_the_slope_vanishes(jacobian, seed, K, d):
    """From a random vector, without EM's help, for either density."""
    X, _ = groups(seed, d=d, missing=0.1)
    density = density_of(X, K)
    start = 0.5 * np.random.default_rng(seed).normal(size=density.layout.size)
    peak = polish(density, start, jacobian=jacobian)
    assert peak.converged
    value, gradient = density.value_and_gradient(peak.theta, jacobian=jacobian)
    assert value == pytest.approx(peak.log_posterior, rel=1e-12)
    slopes = Whitening(density, peak.theta).pull_back(np.zeros_like(gradient), gradient)
    assert np.abs(slopes).max() < 1e-4
    assert np.all(np.diff(peak.history) >= -1e-9)
    assert peak.history[-1] == pytest.approx(peak.log_posterior, abs=1e-9)


def test_the_two_densities_have_different_modes():
    X, labels = groups(3)
    density = density_of(X, 2)
    start = start_of(density, X, labels)
    plain, unconstrained = (polish(density, start, jacobian=j) for j in (False, True))
    assert density.log_posterior(plain.theta) > density.log_posterior(unconstrained.theta)
    assert density.log_posterior(plain.theta, jacobian=True) < unconstrained.log_posterior


def test_converged_says_that_the_slope_vanished():
    """Not that steps became small: a climb that is cut short says so."""
    X, labels = groups(4)
    density = density_of(X, 2)
    cut = polish(density, start_of(density, X, labels), settings=OptimizerSettings(max_iter=1))
    assert not cut.converged
    assert cut.slope > 1e-3
    done = polish(density, cut.theta)
    assert done.converged
    assert done.log_posterior > cut.log_posterior


def test_a_climb_that_starts_at_the_top_stays_there():
    X, labels = groups(5)
    density = density_of(X, 2)
    peak = climbed(density, X, labels)
    again = polish(density, peak.theta)
    assert again.converged
    assert again.log_posterior == pytest.approx(peak.log_posterior, abs=1e-10)
    np.testing.assert_allclose(again.theta, peak.theta, atol=1e-7)


@structures
@pytest.mark.parametrize("jacobian", [False, True])
def test_the_hessian_is_that_of_the_log_posterior(structure, jacobian):
    """Second differences of the value along random directions: -u'Hu."""
    X, labels = groups(6, n_rows=400, d=2, missing=0.1)
    density = density_of(X, 2, structure)
    theta = climbed(density, X, labels).theta
    whitening = Whitening(density, theta)
    H = hessian(density, theta, whitening, jacobian=jacobian)
    np.testing.assert_array_equal(H, H.T)
    for u in np.random.default_rng(6).normal(size=(5, len(theta))):
        step = 1e-2 * u / np.linalg.norm(u)
        ahead, here, behind = (
            density.log_posterior(whitening.theta(s * step), jacobian=jacobian) for s in (1, 0, -1)
        )
        expected = (2 * here - ahead - behind) / 1e-4
        assert u @ H @ u / (u @ u) == pytest.approx(expected, rel=5e-3, abs=5e-3)


@pytest.mark.parametrize("K", [1, 2])
@pytest.mark.parametrize(
    "columns",
    [
        lambda x, X: np.c_[x, 2 * x + 1],
        lambda x, X: np.c_[x, x, x],
        lambda x, X: np.c_[X, X],
        lambda x, X: np.c_[X, X.sum(axis=1)],
    ],
    ids=["a line", "three times", "twice", "a sum"],
)
def test_the_climb_ends_where_rows_lie_in_a_plane(columns, K):
    """The recording error alone holds such a ridge up; it is curved in theta, and thin."""
    rng = np.random.default_rng(11)
    X = columns(rng.normal(size=(100, 1)), rng.normal(size=(100, 2)))
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    density = density_of(X, K, rho=3e-4)
    peak = climbed(density, X, (X[:, 0] > 0.0).astype(int) % K)
    assert peak.converged
    H = hessian(density, peak.theta, Whitening(density, peak.theta), jacobian=False)
    assert np.linalg.eigvalsh(H).min() > 0.0


def test_curvature_that_is_dear_is_not_sought(monkeypatch):
    """Newton's method is left out where its Hessians cost too much."""
    rng = np.random.default_rng(12)
    X = rng.normal(size=(100, 2))
    X = np.c_[X, X]
    density = density_of(X, 2, rho=3e-4)
    start = start_of(density, X, (X[:, 0] > 0.0).astype(int))
    calls = []

    def counted(*args, **options):
        calls.append(1)
        return hessian(*args, **options)

    monkeypatch.setattr(polish_module, "hessian", counted)
    polish(density, start, settings=OptimizerSettings(quasi_newton_steps=5))
    assert len(calls) > 0
    calls.clear()
    dear = HessianSettings(affordable=0.0)
    polish(
        density, start, settings=OptimizerSettings(max_iter=20, quasi_newton_steps=5, hessian=dear)
    )
    assert calls == []


def sklearn_start(point, alias):
    """weights_init, means_init and precisions_init at a point."""
    Sigma = point.scale_trils @ point.scale_trils.mT
    precisions = {
        "full": np.linalg.inv(Sigma),
        "tied": np.linalg.inv(Sigma[0]),
        "diag": 1.0 / np.diagonal(Sigma, axis1=1, axis2=2),
        "spherical": 1.0 / Sigma[:, 0, 0],
    }
    weights = np.exp(point.log_weights)
    return {
        "weights_init": weights / weights.sum(),
        "means_init": point.means,
        "precisions_init": precisions[alias],
    }


@pytest.mark.parametrize("alias", ALIASES)
@pytest.mark.parametrize("d", [1, 3])
def test_scikit_learn_comes_to_the_same_likelihood(alias, d):
    """From one start, without prior and recording error: 1e-6 nats a row, means and shares too."""
    rng = np.random.default_rng(7)
    labels = rng.integers(0, 3, size=500)
    centers = np.array([0.0, 3.0, 7.0])[labels, None]
    X = centers + rng.normal(size=(500, d)) * np.array([1.0, 0.5, 1.5])[labels, None]
    density = density_of(X, 3, Structure.parse(alias), Prior.flat(), rho=0.0)
    start = start_of(density, X, labels)
    peak = polish(density, run_em(density, start, max_iter=20, tolerance=0.0).theta)
    assert peak.converged
    theirs = GaussianMixture(
        3, covariance_type=alias, tol=1e-14, max_iter=10_000, reg_covar=0.0,
        **sklearn_start(density.layout.point(start), alias),
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        theirs.fit(X)
    point = density.layout.point(peak.theta)
    log_likelihood = density.statistics(point)[0]
    assert log_likelihood / 500 == pytest.approx(theirs.score(X), abs=1e-6)
    assert log_likelihood >= theirs.score(X) * 500 - 1e-8
    np.testing.assert_allclose(np.exp(point.log_weights), theirs.weights_, atol=2e-4)
    np.testing.assert_allclose(point.means, theirs.means_, atol=2e-3)


@pytest.mark.parametrize("alias", ALIASES)
def test_scikit_learn_stays_at_our_optimum(alias):
    X, labels = groups(8, n_rows=300, d=2)
    density = density_of(X, 2, Structure.parse(alias), Prior.flat(), rho=0.0)
    point = density.layout.point(climbed(density, X, labels).theta)
    theirs = GaussianMixture(
        2, covariance_type=alias, tol=0.0, max_iter=50, reg_covar=0.0, **sklearn_start(point, alias)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        theirs.fit(X)
    assert theirs.score(X) == pytest.approx(density.statistics(point)[0] / 300, abs=1e-10)
    np.testing.assert_allclose(theirs.weights_, np.exp(point.log_weights), atol=1e-5)
    np.testing.assert_allclose(theirs.means_, point.means, atol=1e-5)


@pytest.mark.parametrize("alias", ["full", "tied", "diag"])
def test_one_component_without_prior_is_the_sample(alias):
    X, _ = groups(9, d=3)
    weights = np.random.default_rng(9).exponential(size=len(X))
    density = density_of(X, 1, Structure.parse(alias), Prior.flat(), 0.0, weights)
    point = density.layout.point(polish(density, np.zeros(density.layout.size)).theta)
    S = np.cov(X.T, aweights=weights, ddof=0)
    expected = np.diag(np.diag(S)) if alias == "diag" else S
    np.testing.assert_allclose(point.means[0], np.average(X, axis=0, weights=weights), atol=1e-6)
    np.testing.assert_allclose(point.scale_trils[0] @ point.scale_trils[0].T, expected, atol=1e-6)


@structures
def test_recording_error_is_taken_off_the_covariance(structure):
    """Sheppard's correction: of a variance of 1, rho^2 is not the segment's."""
    rng = np.random.default_rng(10)
    X = rng.normal(size=(400, 2))
    X = (X - X.mean(axis=0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(X.T, ddof=0))).T
    density = density_of(X, 1, structure, Prior.flat(), rho=0.6)
    point = density.layout.point(polish(density, np.zeros(density.layout.size)).theta)
    np.testing.assert_allclose(
        point.scale_trils[0] @ point.scale_trils[0].T, 0.64 * np.eye(2), atol=1e-6
    )
