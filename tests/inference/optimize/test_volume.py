"""The approximate volume of the posterior at an optimum, and what it is for."""

import numpy as np
import pytest
from scipy.special import gammaln, multigammaln

from bayes_gmm.data.feature_matrix import feature_matrix
from bayes_gmm.inference.modes.guesses import Moments
from bayes_gmm.inference.modes.laplace_evidence import laplace_log_evidence
from bayes_gmm.inference.modes.multistart import find_modes
from bayes_gmm.inference.modes.row_sample import Sample
from bayes_gmm.inference.optimize.em import run_em
from bayes_gmm.inference.optimize.hessian import hessian
from bayes_gmm.inference.optimize.newton import polish
from bayes_gmm.inference.optimize.volume import log_mode, log_volume
from bayes_gmm.inference.optimize.whitening import Whitening
from bayes_gmm.model.prior import LKJ, Normal, Prior
from bayes_gmm.model.structure import Structure
from bayes_gmm.model.table_density import density_of_table


def problem(X, K, structure="full", prior=None):
    density, units = density_of_table(
        feature_matrix(X), K, structure=Structure.parse(structure), prior=prior or Prior()
    )
    return density, units.apply(X)


def three_segments(seed, n=30, d=10, r=0.95):
    """Equal correlations, and means 10 standard deviations apart along the main axis."""
    rng = np.random.default_rng(seed)
    V = np.full((d, d), r) + (1.0 - r) * np.eye(d)
    axis = np.ones(d) / np.sqrt(d)
    labels = np.repeat(np.arange(3), n)
    means = 10.0 * np.sqrt(axis @ V @ axis) * np.outer(labels, axis)
    return means + rng.normal(size=(3 * n, d)) @ np.linalg.cholesky(V).T, labels


def run_from(density, Z, labels):
    """EM from groups of rows; a group of no rows starts as a broad component."""
    d = Z.shape[1]
    K = density.layout.n_components
    held = [Z[labels == k] for k in range(K)]
    moments = Moments(
        np.array([max(len(rows), 1.0) for rows in held]),
        np.array([rows.mean(axis=0) if len(rows) else np.zeros(d) for rows in held]),
        np.array([np.cov(rows.T).reshape(d, d) if len(rows) else 0.1 * np.eye(d) for rows in held]),
    )
    return run_em(
        density, moments.theta(density.layout, density.prior), max_iter=500, tolerance=1e-6
    )


@pytest.mark.parametrize(("K", "structure"), [(1, "full"), (3, "full"), (3, "tied")])
def test_it_is_the_formula_for_precision_matrices(K, structure):
    rng = np.random.default_rng(0)
    density, _ = problem(rng.normal(size=(50, 3)), K, structure)
    theta = rng.normal(size=density.layout.size)
    point, d = density.layout.point(theta), 3
    log_det = np.linalg.slogdet(point.scale_trils @ point.scale_trils.mT)[1]
    n = 50 * np.exp(point.log_weights)
    free = slice(None) if density.prior.n_covariances == K else slice(1)
    rows = n if density.prior.n_covariances == K else np.array([50.0])
    a = np.maximum(rows / 2 + density.prior.c0 - (d + 1) / 2, 0.5)
    half = a + (d + 1 - K // density.prior.n_covariances) / 2
    expected = (0.5 * log_det - 0.5 * d * np.log(n + 1)).sum()
    power = (50 + K) * np.exp(point.log_weights)  # of a weight, with concentration 2
    expected += (gammaln(power + 1) - power * point.log_weights).sum()
    expected += (-0.5 * (d + 1) * log_det[free]).sum()
    expected += sum(
        multigammaln(h, d) - d * (d - 1) / 4 * np.log(np.pi) - h * d * np.log(x) + x * d
        for h, x in zip(half, a, strict=True)
    )
    assert log_volume(density, theta) == pytest.approx(expected)
    relabelled = density.layout.selected(theta, np.arange(K)[::-1])
    assert log_volume(density, relabelled) == pytest.approx(expected)


@pytest.mark.parametrize("structure", ["full", "tied", "diag"])
def test_for_scales_and_correlations_it_is_laplace_of_one_component(structure):
    """With one component and many rows, it differs from the Hessian's volume by a constant."""
    rng = np.random.default_rng(1)
    tables = [rng.normal(size=(4000, 3)) @ rng.normal(size=(3, 3)) for _ in range(3)]
    excess = []
    for X in tables:
        density, Z = problem(X, 1, structure, prior=Prior(covariances=LKJ()))
        theta = polish(density, run_from(density, Z, np.zeros(4000, int)).theta).theta
        whitening = Whitening(density, theta)
        H = hessian(density, theta, whitening, jacobian=False)
        jacobian = density.log_posterior(theta, jacobian=True) - density.log_posterior(theta)
        laplace = whitening.log_det - 0.5 * np.linalg.slogdet(H)[1] + jacobian
        excess.append(log_volume(density, theta) - laplace)
    assert np.ptp(excess) < 0.05


def test_it_is_constant_under_flat_priors():
    flat = Prior(means=Normal(0.0, np.inf), covariances=LKJ())
    density, _ = problem(np.random.default_rng(0).normal(size=(40, 2)), 2, prior=flat)
    assert log_volume(density, np.zeros(density.layout.size)) == 0.0


@pytest.mark.parametrize("structure", ["full", "tied"])
def test_the_mode_of_logarithms_is_near(structure):
    """The slope of theta's own density is far less there than at the mode of precisions."""
    rng = np.random.default_rng(2)
    density, Z = problem(rng.normal(size=(40, 6)), 2, structure)
    start = run_from(density, Z, np.repeat([0, 1], 20))
    theta = polish(density, start.theta).theta
    peak = polish(density, theta, jacobian=True).log_posterior
    below = [
        peak - density.log_posterior(at, jacobian=True) for at in (theta, log_mode(density, theta))
    ]
    assert below[1] < 0.2 * below[0]
    scales_only = np.flatnonzero(log_mode(density, theta) != theta)
    assert set(scales_only) <= set(range(density.layout.size)[density.layout.scales])


def test_a_higher_mode_may_be_far_lighter():
    """All rows in one component and two empty ones, against the three true segments."""
    X, labels = three_segments(0)
    density, Z = problem(X, 3)
    true, one = run_from(density, Z, labels), run_from(density, Z, np.zeros_like(labels))
    assert np.exp(density.layout.point(one.theta).log_weights).max() > 0.95
    assert one.log_posterior > true.log_posterior + 30.0
    masses = [laplace_log_evidence(density, run.theta) for run in (true, one)]
    assert masses[0] > masses[1] + 30.0
    assert true.rough_log_mass > one.rough_log_mass + 30.0


@pytest.mark.parametrize("seed", range(3))
def test_the_search_finds_three_segments_in_ten_correlated_columns(seed):
    X, labels = three_segments(seed)
    density, Z = problem(X, 3)
    mode = find_modes(density, Sample.of(Z), np.random.default_rng(seed))[0]
    point = mode.point(density)
    distance = ((Z[:, None] - point.means) ** 2).sum(axis=2)
    found = distance.argmin(axis=1)
    assert [len(set(found[labels == k])) for k in range(3)] == [1, 1, 1]
    assert len(set(found)) == 3
