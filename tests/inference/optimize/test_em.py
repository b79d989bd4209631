"""EM: the log-posterior never falls, the steps known in closed form, and where it comes to rest."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from bayes_gmm.data.memory import MemoryRows
from bayes_gmm.data.standardize import Standardizer
from bayes_gmm.inference.optimize.em import extrapolate, m_step, run_em
from bayes_gmm.inference.optimize.m_step import (
    expected_curvature,
    expected_log_posterior,
    moment_covariances,
)
from bayes_gmm.inference.optimize.newton import polish
from bayes_gmm.inference.optimize.settings import EM
from bayes_gmm.model.density import Density
from bayes_gmm.model.parameters import SMALLEST_LOG_SCALE, Layout
from bayes_gmm.model.prior import (
    LKJ,
    HalfNormal,
    HierarchicalWishart,
    InverseGamma,
    LogNormal,
    Normal,
    Prior,
)
from bayes_gmm.model.structure import Structure

PRIORS = {
    "default": Prior(),
    "tight": Prior(1.0, Normal(0.5, 0.1), LKJ(10.0, LogNormal(0.3, 0.2))),
    "sparse": Prior(0.3),
    "inverse-gamma": Prior(3.0, Normal(), LKJ(0.7, InverseGamma(2.0, 1.5))),
    "half-normal": Prior(1.5, Normal(1.0, 2.0), LKJ(2.0, HalfNormal(2.0))),
    "flat": Prior.flat(),
}
NO_MAXIMUM = ("half-normal", "flat")
"""Without recording error these let a component close on a row, where nothing is left of a step."""


def random_table(rng, n_rows, d, missing=0.0):
    X = rng.normal(size=(n_rows, d)) + 3.0 * rng.integers(0, 3, size=(n_rows, 1))
    X[rng.random(X.shape) < missing] = np.nan
    return X


def density_of(X, K, structure=Structure(), prior=PRIORS["default"], rho=0.0, weights=None):  # noqa: B008
    d = X.shape[1]
    rows = MemoryRows.from_matrix(X, Standardizer.identity(d), weights)
    return Density(
        rows, Layout(K, d, structure), prior.constants(K, d, structure), np.full(d, rho) ** 2
    )


def step(density, theta):
    """One EM step, whatever it does to the log-posterior."""
    point = density.layout.point(theta)
    stats = density.statistics(point)
    return m_step(theta, stats, density.layout.indices, point, density.prior)


def row_weights(kind, rng, n_rows):
    """Fractions, or fractions with one row in three left out; at least one row in all."""
    if kind == "none":
        return None
    weights = 0.1 + rng.exponential(2.0, size=n_rows)
    if kind == "zeros":
        weights[rng.random(n_rows) < 1 / 3] = 0.0
    weights[0] = 5.0
    return weights


def has_collapsed(density, theta):
    point = density.layout.point(theta)
    return np.diagonal(point.scale_trils, axis1=1, axis2=2).min() < 1e-4


@pytest.mark.slow
@given(
    structure=st.sampled_from(Structure.all()),
    prior=st.sampled_from(list(PRIORS)),
    n_rows=st.integers(1, 200),
    K=st.integers(1, 4),
    d=st.integers(1, 5),
    missing=st.sampled_from([0.0, 0.2, 0.7]),
    rho=st.sampled_from([0.0, 1e-3, 0.3, 2.0]),
    weights=st.sampled_from(["none", "fractions", "zeros"]),
    spread=st.sampled_from([0.1, 0.5, 1.0]),
    seed=st.integers(0, 2**32 - 1),
)
@settings(deadline=None, max_examples=200)
def test_the_log_posterior_never_falls(
    structure, prior, n_rows, K, d, missing, rho, weights, spread, seed
):
    """From anywhere, by the step alone: `run_em` would stop at a fall and hide it."""
    rng = np.random.default_rng(seed)
    X = random_table(rng, max(n_rows, K), d, missing)
    density = density_of(X, K, structure, PRIORS[prior], rho, row_weights(weights, rng, len(X)))
    theta = spread * rng.normal(size=density.layout.size)
    values = [density.log_posterior(theta)]
    for _ in range(10):
        theta = step(density, theta)
        if rho == 0.0 and prior in NO_MAXIMUM and has_collapsed(density, theta):
            break
        values.append(density.log_posterior(theta))
    assert np.all(np.isfinite(values))
    assert np.all(np.diff(values) >= -1e-10 * (1.0 + np.abs(values[1:])))


@pytest.mark.parametrize("prior", ["default", "inverse-gamma", "half-normal"])
@pytest.mark.parametrize("structure", ["full", "component/component", "shared/component"])
@pytest.mark.parametrize("factor", [1e-2, 1e-1, 1e2])
def test_a_step_from_far_off_scales_does_not_overshoot(prior, structure, factor):
    """Rows and priors want scales of order 1: none is sent a thousand times further out."""
    for seed in range(10):
        rng = np.random.default_rng(seed)
        X = random_table(rng, 40, 4, 0.3)
        density = density_of(X, 4, Structure.parse(structure), PRIORS[prior], rho=0.3)
        theta = rng.normal(size=density.layout.size)
        theta[density.layout.scales] += np.log(factor)
        start = density.layout.point(theta).scales
        for _ in range(3):
            theta = step(density, theta)
        scales = density.layout.point(theta).scales
        assert scales.max() < 1e3 * max(start.max(), 10.0)
        assert scales.min() > 1e-3 * min(start.min(), 0.1)


@pytest.mark.parametrize("structure", Structure.all(), ids=lambda s: s.name)
@pytest.mark.parametrize("prior", ["default", "inverse-gamma", "half-normal"])
def test_a_mode_stays_where_it_is(structure, prior):
    """EM and the gradient agree on what an optimum is, with weights and missing cells."""
    rng = np.random.default_rng(1)
    X = random_table(rng, 150, 3, 0.2)
    density = density_of(X, 2, structure, PRIORS[prior], 0.1, row_weights("zeros", rng, 150))
    start = 0.3 * rng.normal(size=density.layout.size)
    run = run_em(density, start, max_iter=200, tolerance=1e-6)
    peak = polish(density, run.theta)
    assert peak.converged
    np.testing.assert_allclose(step(density, peak.theta), peak.theta, atol=1e-5)
    assert run.log_posterior <= peak.log_posterior + 1e-9
    assert run.log_posterior == pytest.approx(peak.log_posterior, abs=0.1)


@pytest.mark.parametrize("structure", ["full", "diag", "spherical", "tied"])
def test_one_component_without_prior_is_there_in_a_step(structure):
    """The mean and covariance of the rows, weighted, whatever the start."""
    rng = np.random.default_rng(2)
    X = rng.multivariate_normal([1, -1, 0], [[2, 1, 0], [1, 1, 0.3], [0, 0.3, 0.5]], size=100)
    weights = rng.exponential(size=100)
    density = density_of(X, 1, Structure.parse(structure), Prior.flat(), weights=weights)
    theta = step(density, 0.3 * rng.normal(size=density.layout.size))
    point = density.layout.point(theta)
    S = np.cov(X.T, aweights=weights, ddof=0)
    if structure in ("diag", "spherical"):
        S = np.diag(np.diag(S))
    if structure == "spherical":
        S = np.trace(S) / 3 * np.eye(3)
    np.testing.assert_allclose(point.means[0], np.average(X, axis=0, weights=weights), rtol=1e-10)
    np.testing.assert_allclose(point.scale_trils[0] @ point.scale_trils[0].T, S, atol=1e-9)


def test_means_are_conditional_modes():
    """(n Sigma^-1 + tau I) mu = Sigma^-1 sum_i r_i x_i + tau m, as one component has it."""
    rng = np.random.default_rng(3)
    X = random_table(rng, 20, 2)
    prior = Prior(means=Normal(4.0, 0.25))
    density = density_of(X, 1, prior=prior)
    theta = 0.5 * rng.normal(size=density.layout.size)
    L = density.layout.point(theta).scale_trils[0]
    P = np.linalg.inv(L @ L.T)
    expected = np.linalg.solve(
        20 * P + 16.0 * np.eye(2), P @ X.sum(axis=0) + 16.0 * np.full(2, 4.0)
    )
    found = density.layout.point(step(density, theta)).means[0]
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def shares_after(n, concentration):
    """Weights of a step that sees n_k rows in component k."""
    K = len(n)
    density = density_of(np.zeros((1, 1)), K, prior=Prior(concentration))
    theta = np.zeros(density.layout.size)
    point = density.layout.point(theta)
    stats = np.zeros(1 + 3 * K)
    stats[1 : 1 + K] = n
    moved = m_step(theta, stats, density.layout.indices, point, density.prior)
    return np.exp(density.layout.point(moved).log_weights)


def test_weights_are_counts_and_concentration():
    """w_k proportional to n_k + concentration - 1 (Figueiredo & Jain 2002, eq. 17)."""
    found = shares_after([30.0, 15.0, 5.0], (2.0, 1.0, 3.5))
    np.testing.assert_allclose(found, np.array([31.0, 15.0, 7.5]) / 53.5, rtol=1e-12)


def test_a_component_that_its_rows_do_not_pay_for_leaves():
    found = shares_after([30.0, 0.5, 5.0], 0.3)
    np.testing.assert_allclose(
        found, np.array([29.3, 0.0, 4.3]) / 33.6, atol=2 * EM.smallest_weight
    )
    assert found[1] == pytest.approx(EM.smallest_weight, rel=1e-6)


def test_when_all_would_leave_the_largest_stays():
    """Row weights may sum to less than what the concentration takes."""
    np.testing.assert_allclose(
        shares_after([0.3, 0.2], 0.5), [1.0, 0.0], atol=2 * EM.smallest_weight
    )


def random_covariance_problem(structure, prior, seed=4, K=3, d=3):
    """Counts, scatters and a vector, as the covariance half of a step sees them."""
    rng = np.random.default_rng(seed)
    density = density_of(np.zeros((1, d)), K, structure, prior)
    Z = rng.normal(size=(K, 12, d)) @ rng.normal(size=(d, d))
    n = rng.uniform(5.0, 50.0, K)
    theta = 0.4 * rng.normal(size=density.layout.size)
    return density, theta, n, n[:, None, None] * (Z.mT @ Z) / 12


@pytest.mark.parametrize("structure", Structure.all(), ids=lambda s: s.name)
@pytest.mark.parametrize("prior", PRIORS)
def test_the_expected_log_posterior_and_its_slope(structure, prior):
    """-n_k log|L_k| - tr(Sigma_k^-1 T_k) / 2, and a gradient that finite differences confirm."""
    density, theta, n, scatter = random_covariance_problem(structure, PRIORS[prior])
    layout = density.layout
    point, gradient = layout.point(theta), np.empty(layout.size)

    def value(t):
        return expected_log_posterior(
            t, n, scatter, layout.indices, layout.point(t), density.prior, np.empty(layout.size)
        )

    free = slice(layout.scales.start, layout.size)
    expected_log_posterior(theta, n, scatter, layout.indices, point, density.prior, gradient)
    h = 1e-5
    slope = [(value(theta + h * e) - value(theta - h * e)) / (2 * h) for e in np.eye(layout.size)]
    np.testing.assert_allclose(gradient[free], slope[free], rtol=1e-6, atol=1e-5)
    if prior == "flat":
        Sigma = point.scale_trils @ point.scale_trils.mT
        expected = -0.5 * sum(
            n[k] * np.linalg.slogdet(Sigma[k])[1] + np.trace(np.linalg.solve(Sigma[k], scatter[k]))
            for k in range(3)
        )
        dirichlet = np.log(2.0)
        assert value(theta) == pytest.approx(expected + dirichlet, rel=1e-12)


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("n", [0.0, 1e-3, 0.4, 30.0])
@pytest.mark.parametrize("variance", [1e-6, 1.0, 1e3])
def test_one_scale_alone_is_at_its_mode(prior, n, variance):
    density = density_of(np.zeros((1, 1)), 1, prior=PRIORS[prior])
    theta = np.zeros(density.layout.size)
    layout, point = density.layout, density.layout.point(theta)
    counts, scatter = np.array([n]), np.full((1, 1, 1), n * variance)

    def value(u):
        return expected_log_posterior(
            np.array([0.0, u]), counts, scatter, layout.indices, point, density.prior, np.empty(2)
        )

    moment_covariances(counts, scatter, layout.indices, point, density.prior, theta)
    best = minimize_scalar(lambda u: -value(u), bounds=(-12, 12), options={"xatol": 1e-10})
    without_rows = {"flat": 0.0, "half-normal": SMALLEST_LOG_SCALE}
    expected = without_rows.get(prior, best.x) if n == 0.0 else best.x
    assert theta[1] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("name", PRIORS)
def test_expected_curvature_knows_the_prior(name):
    """Without rows, it is the prior's, plus 1; for precisions, that of c_0 rows, a bound here."""
    prior = PRIORS[name]
    if prior.covariances is None:
        prior = replace(prior, covariances=HierarchicalWishart(G0=15.0))
    density, theta, _, scatter = random_covariance_problem(Structure(), prior, seed=5)
    layout = density.layout
    point, nothing = layout.point(theta), np.zeros(3)
    curvature = np.empty(layout.size)
    expected_curvature(nothing, layout.indices, point, density.prior, curvature)
    for t in range(layout.scales.start, layout.scales.stop):
        slopes = []
        for h in (1e-4, -1e-4):
            slope = np.empty(layout.size)
            expected_log_posterior(
                theta + h * np.eye(layout.size)[t], nothing, 0.0 * scatter, layout.indices,
                layout.point(theta), density.prior, slope,
            )  # fmt: skip
            slopes.append(slope[t])
        own = (slopes[1] - slopes[0]) / 2e-4
        if density.prior.n_covariances:
            assert curvature[t] == 1.0 + 2.0 * density.prior.c0
            assert curvature[t] > 1.0 + own > 1.0
        else:
            assert curvature[t] == pytest.approx(1.0 + own, rel=1e-5)


def test_expected_curvature_is_that_of_complete_data():
    """With a scatter as the parameters say: exact for scales, an upper bound for correlations."""
    density, theta, n, _ = random_covariance_problem(Structure(), Prior.flat(), seed=5)
    layout = density.layout
    n = 1e4 * n
    point = layout.point(theta)
    scatter = n[:, None, None] * (point.scale_trils @ point.scale_trils.mT)
    curvature = np.empty(layout.size)
    expected_curvature(n, layout.indices, layout.point(theta), density.prior, curvature)
    slopes = np.empty((2, layout.size))
    found = np.empty(layout.size)
    for t, e in enumerate(1e-4 * np.eye(layout.size)):
        for slope, moved in zip(slopes, (theta + e, theta - e), strict=True):
            expected_log_posterior(
                moved, n, scatter, layout.indices, layout.point(moved), density.prior, slope
            )
        found[t] = (slopes[1, t] - slopes[0, t]) / 2e-4
    np.testing.assert_allclose(found[layout.scales], curvature[layout.scales], rtol=1e-4)
    ratio = found[layout.correlations] / curvature[layout.correlations]
    assert np.all(ratio <= 1.0 + 1e-5)
    assert np.all(ratio > 0.5)


def two_groups(n_rows=200):
    rng = np.random.default_rng(6)
    return density_of(
        np.r_[rng.normal(-3, 1, (n_rows, 2)), rng.normal(3, 0.5, (n_rows, 2))], 2, rho=1e-3
    )


def test_a_run_is_its_history():
    density = two_groups()
    start = np.random.default_rng(7).normal(size=density.layout.size)
    run = run_em(density, start, max_iter=40, tolerance=1e-9)
    assert run.history[0] == pytest.approx(density.log_posterior(start), rel=1e-12)
    assert run.history[-1] == run.log_posterior
    assert run.log_posterior == pytest.approx(density.log_posterior(run.theta), rel=1e-12)
    assert np.all(np.diff(run.history) >= 0.0)


def test_a_run_ends_where_it_is_told_to():
    density = two_groups()
    start = np.random.default_rng(7).normal(size=density.layout.size)
    assert len(run_em(density, start, max_iter=3, tolerance=0.0).history) == 3
    run = run_em(density, start, max_iter=500, tolerance=0.5)
    assert len(run.history) < 500
    assert run.expected_gain < 0.5
    assert run.prospect == run.log_posterior + run.log_volume + run.expected_gain


def test_extrapolation_is_worth_many_steps():
    """Two components far apart but for a third that both overlap: EM alone is slow."""
    rng = np.random.default_rng(8)
    X = np.r_[rng.normal(-1.0, 1.0, (300, 2)), rng.normal(1.0, 1.0, (300, 2))]
    density = density_of(X, 2, rho=1e-3)
    start = run_em(density, rng.normal(size=density.layout.size), max_iter=5, tolerance=0.0).theta
    alone, theta = [], start
    for _ in range(400):
        alone.append(density.log_posterior(theta))
        theta = step(density, theta)
    run = run_em(density, start, max_iter=100, tolerance=0.0)
    assert run.log_posterior > alone[100] + 0.01
    assert run.log_posterior > max(alone) - 0.05


@given(r=st.floats(0.01, 0.98), scale=st.floats(1e-3, 1e3))
def test_a_linear_map_is_solved_in_one_leap(r, scale):
    """Of one rate of convergence: theta_t = r^t."""
    base, first, second = (np.full(3, scale * r**t) for t in range(3))
    leap = np.empty(3)
    assert extrapolate(base, first, second, leap) == pytest.approx(1.0 / (1.0 - r), rel=1e-6)
    np.testing.assert_allclose(leap, 0.0, atol=1e-9 * scale)


def test_a_leap_of_length_one_is_two_steps():
    base, first, second = np.zeros(2), np.ones(2), np.array([1.0, -3.0])
    leap = np.empty(2)
    assert extrapolate(base, first, second, leap) == 1.0
    np.testing.assert_allclose(leap, second)


def test_the_start_is_left_alone():
    density = two_groups()
    start = np.random.default_rng(7).normal(size=density.layout.size)
    kept = start.copy()
    run_em(density, start, max_iter=5, tolerance=0.0)
    point = density.layout.point(start)
    stats = density.statistics(point)
    stats_kept = stats.copy()
    m_step(start, stats, density.layout.indices, point, density.prior)
    np.testing.assert_array_equal(start, kept)
    np.testing.assert_array_equal(stats, stats_kept)


def test_a_start_without_a_finite_value_leads_nowhere():
    density = two_groups()
    run = run_em(density, np.full(density.layout.size, np.nan), max_iter=5, tolerance=0.0)
    assert run.log_posterior == -np.inf
    assert run.history == ()
