"""The log-posterior: its gradient, its invariances, and what is known of it in closed form."""

import math
import warnings

import numpy as np
import pytest
from example_tables import random_table
from scipy import stats
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from bayes_gmm.data.feature_matrix import feature_matrix
from bayes_gmm.data.memory import MemoryRows
from bayes_gmm.data.standardize import Standardizer
from bayes_gmm.model.density import Density
from bayes_gmm.model.parameters import Layout
from bayes_gmm.model.prior import (
    LKJ,
    HalfNormal,
    HierarchicalWishart,
    InverseGamma,
    LogNormal,
    Normal,
    Prior,
)
from bayes_gmm.model.structure import ALIASES, Structure
from bayes_gmm.model.table_density import density_of_table

FULL = Structure()
PRIORS = {
    "default": Prior(),
    "half-normal": Prior((1.5, 0.5, 3.0), Normal(1.0, 2.0), LKJ(2.0, HalfNormal(2.0))),
    "inverse-gamma": Prior(3.0, Normal(), LKJ(0.7, InverseGamma(2.0, 1.5))),
    "flat": Prior.flat(),
}


def density_of(X, K, structure=FULL, prior=PRIORS["default"], rho=0.0, weights=None):
    d = X.shape[1]
    rows = MemoryRows.from_matrix(X, Standardizer.identity(d), weights)
    layout = Layout(K, d, structure)
    return Density(rows, layout, prior.constants(K, d, layout.structure), np.full(d, rho) ** 2)


def random_vector(density, seed=0):
    return 0.5 * np.random.default_rng(seed).normal(size=density.layout.size)


def finite_differences(f, theta, h=2e-4):
    """Central differences with an error of h^4."""
    return np.array([
        8.0 * (f(theta + step) - f(theta - step)) - f(theta + 2 * step) + f(theta - 2 * step)
        for step in h * np.eye(len(theta))
    ]) / (12.0 * h)  # fmt: skip


@pytest.mark.parametrize("d", [1, 2, 5])
@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("jacobian", [False, True])
def test_the_gradient_is_the_slope(structure, d, prior, jacobian):
    X = random_table(d, 60, d, missing=0.1)
    weights = np.random.default_rng(d).exponential(size=60)
    density = density_of(X, 3, structure, PRIORS[prior], 0.1, weights)
    theta = random_vector(density)
    value, gradient = density.value_and_gradient(theta, jacobian=jacobian)
    assert value == density.log_posterior(theta, jacobian=jacobian)
    slope = finite_differences(lambda t: density.log_posterior(t, jacobian=jacobian), theta)
    np.testing.assert_allclose(gradient, slope, rtol=0, atol=1e-8 * (1.0 + np.abs(gradient).max()))


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("jacobian", [False, True])
def test_values_alone_are_those_that_come_with_gradients(threads, jacobian):
    X = random_table(0, 3000, 3, missing=0.1)
    rows = MemoryRows.from_matrix(X, Standardizer.identity(3), threads=threads)
    density = Density(rows, Layout(3, 3, FULL), Prior().constants(3, 3), np.full(3, 0.01))
    assert len(rows.parts) == threads
    thetas = np.stack([random_vector(density, seed) for seed in range(4)])
    values = density.log_posteriors(thetas, jacobian=jacobian)
    expected, _ = density.values_and_gradients(thetas, jacobian=jacobian)
    np.testing.assert_allclose(values, expected, rtol=1e-14)


def test_the_posterior_is_likelihood_times_prior():
    X = random_table(0, 40, 2)
    prior = Prior(1.5, Normal(0.5, 2.0), LKJ(1.0, LogNormal(0.8, 0.6)))
    density = density_of(X, 2, prior=prior, rho=0.3)
    theta = random_vector(density)
    point = density.layout.point(theta)
    w = np.exp(point.log_weights)
    V = [L @ L.T + 0.09 * np.eye(2) for L in point.scale_trils]
    rows = sum(w[k] * stats.multivariate_normal(point.means[k], V[k]).pdf(X) for k in range(2))
    expected = (
        np.log(rows).sum()
        + stats.dirichlet([1.5, 1.5]).logpdf(w)
        + stats.norm(0.5, 2.0).logpdf(point.means).sum()
        + stats.lognorm(0.6, scale=0.8).logpdf(point.scales).sum()
        - 2 * math.log(2.0)
    )
    assert density.log_posterior(theta) == pytest.approx(expected, rel=1e-12)


def test_the_number_of_a_component_means_nothing(structure):
    K, d = 3, 3
    density = density_of(random_table(1, 50, d, 0.1), K, structure, rho=0.1)
    theta = random_vector(density)
    point = density.layout.point(theta)
    order = [2, 0, 1]
    scales = point.scales.reshape(structure.scale_shape(K, d))
    corr_chol = point.corr_chol
    if structure.scales in ("component-feature", "component"):
        scales = scales[order]
    if structure.correlations == "component":
        corr_chol = corr_chol[order]
    renamed = density.layout.pack(
        np.exp(point.log_weights[order]), point.means[order], scales, corr_chol
    )
    for jacobian in (False, True):
        assert density.log_posterior(renamed, jacobian=jacobian) == pytest.approx(
            density.log_posterior(theta, jacobian=jacobian), rel=1e-12
        )


def test_weights_count_copies_and_order_is_nothing():
    X = random_table(2, 150, 3, 0.2)
    rng = np.random.default_rng(2)
    copies = rng.integers(0, 3, 150)
    weighted = density_of(X, 2, weights=copies.astype(float))
    theta = random_vector(weighted)
    value, gradient = weighted.value_and_gradient(theta)
    for rows in (np.repeat(X, copies, axis=0), rng.permutation(np.repeat(X, copies, axis=0))):
        other, other_gradient = weighted.on(density_of(rows, 2).rows).value_and_gradient(theta)
        assert other == pytest.approx(value, rel=1e-12)
        np.testing.assert_allclose(other_gradient, gradient, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("factor", "shift"), [(1e-9, 0.0), (1e9, -3e9), (1.0, 1e4), (-2.0, 5.0)])
@pytest.mark.parametrize("resolution", [None, 0.25])
def test_units_change_nothing(factor, shift, resolution):
    """Mirrored columns only turn the signs of their means."""
    X = random_table(3, 80, 2, 0.1)
    layout = Layout(2, 2, FULL)
    theta = 0.5 * np.random.default_rng(3).normal(size=layout.size)
    found = []
    for scale, origin in ((1.0, 0.0), (factor, shift)):
        density, units = density_of_table(
            feature_matrix(scale * X + origin), 2, structure=FULL, prior=Prior(),
            resolution=None if resolution is None else abs(scale) * resolution,
        )  # fmt: skip
        signed = theta.copy()
        signed[layout.means] *= np.sign(scale)
        found.append(density.log_posterior(signed))
        assert units.scale == pytest.approx(abs(scale) * np.nanstd(X, axis=0), rel=1e-9)
    assert found[1] == pytest.approx(found[0], rel=1e-9)


def test_a_table_in_its_own_units():
    X = random_table(4, 80, 2, 0.1)
    options = {"structure": FULL, "prior": Prior(), "resolution": [0.5, 0.1]}
    density, units = density_of_table(feature_matrix(X), 3, **options, standardize=False)
    standardised, own_units = density_of_table(feature_matrix(X), 3, **options)
    assert units.shift.tolist() == [0.0, 0.0]
    assert units.scale.tolist() == [1.0, 1.0]
    np.testing.assert_allclose(density.steps, [0.5, 0.1])
    factor = np.log(0.4 * density.rows.cell_weights) / (2.0 * np.pi**2)
    np.testing.assert_allclose(density.rho2 / density.steps**2, factor)
    np.testing.assert_allclose(standardised.rho2, density.rho2 / own_units.scale**2)
    theta = random_vector(density)
    expected = density_of(X, 3, rho=np.sqrt(density.rho2)).log_posterior(theta)
    assert density.log_posterior(theta) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize(
    ("K", "structure", "prior", "rho", "expected"),
    [
        (2, "full", Prior(), 0.1, True),
        (2, "full", Prior(), 0.0, True),
        (2, "full", Prior(covariances=LKJ(1.0)), 0.0, False),
        (2, "full", Prior(covariances=HierarchicalWishart()), 0.1, True),
        (2, "tied", Prior(covariances=HierarchicalWishart()), 0.0, True),
        (2, "full", Prior.flat(), 0.1, True),
        (2, "full", Prior.flat(), 0.0, False),
        (2, "full", Prior.flat(), np.array([0.1, 0.0]), False),
        (1, "full", Prior.flat(), 0.0, True),
        (2, "full", Prior(covariances=LKJ(scales=HalfNormal(1.0))), 0.0, False),
        (2, "full", Prior(covariances=LKJ(2.5)), 0.0, True),
        (2, "full", Prior(covariances=LKJ(2.4)), 0.0, False),
        (2, "diag", Prior(covariances=LKJ(2.4)), 0.0, True),
        (2, "spherical", Prior(covariances=LKJ(scales=HalfNormal(1.0))), 0.0, False),
        (2, "tied", Prior.flat(), 0.0, True),
        (2, "shared/none", Prior.flat(), 0.0, True),
    ],
)
def test_a_density_knows_whether_it_has_a_maximum(K, structure, prior, rho, expected):
    density = density_of(random_table(0, 20, 2), K, Structure.parse(structure), prior, rho)
    assert density.has_maximum == expected


def test_rows_that_share_a_value_may_leave_no_maximum():
    """Under a hierarchical Wishart prior: the exponent of a precision is (W - most) / 2."""
    X = random_table(0, 60, 2)
    for tied, expected in ((8, True), (10, False)):  # most = 2 (g_0 + c_0) + d + 1 = 9
        X[:tied, 0] = X[0, 0]
        density = density_of(X, 2)
        assert density.has_maximum == expected
        weights = np.array([0.1, 0.9])
        means = np.array([X[0], X.mean(axis=0)])
        own = np.diag(np.cov(X[:tied].T)) ** 0.5
        along = [
            density.log_posterior(
                density.layout.pack(
                    weights,
                    means,
                    np.array([[s, own[1]], [1.0, 1.0]]),
                    np.tile(np.eye(2), (2, 1, 1)),
                )
            )
            for s in (1e-4, 1e-6, 1e-8)
        ]
        assert np.all(np.diff(along) > 0.0) == (not expected)


def test_a_density_without_one_rises_as_a_component_closes_on_a_row():
    """And where it is said to have one, the same way leads down."""
    X = random_table(0, 20, 2)
    steep = LKJ(2.5)
    for covariances, rises in ((LKJ(2.5, HalfNormal(1.0)), True), (steep, False)):
        prior = Prior(covariances=covariances)
        density = density_of(X, 2, prior=prior)
        means = np.array([X[0], X.mean(axis=0)])
        corr_chol = np.tile(np.eye(2), (2, 1, 1))
        along = [
            density.log_posterior(
                density.layout.pack(
                    np.array([0.1, 0.9]), means, np.array([[s, s], [2.0, 2.0]]), corr_chol
                )
            )
            for s in (1e-4, 1e-6, 1e-8)
        ]
        assert np.all(np.diff(along) > 0.0) == rises == (not density.has_maximum)


@pytest.mark.parametrize(
    ("structure", "covariances", "closing", "most"),
    [
        ("full", HierarchicalWishart(), 2, 8),  # 2 g_0 + m (d + 1), where both close
        ("tied", HierarchicalWishart(), 1, 5),
        ("full", LKJ(3.0), 1, 4),  # 2 (eta - 1), where one closes
        ("tied", LKJ(3.0), 1, 4),
    ],
)
def test_rows_on_a_line_may_leave_no_maximum(structure, covariances, closing, most):
    """The density rises as components close on the line exactly where it is said to."""
    shape, weights, means = Structure.parse(structure), np.array([0.5, 0.5]), np.zeros((2, 2))
    for n_rows, expected in ((most - 1, False), (most + 1, True)):
        x = np.random.default_rng(0).normal(size=n_rows)
        density = density_of(np.column_stack([x, x]), 2, shape, Prior(covariances=covariances))
        assert density.rises_in_plane(float(n_rows)) == expected
        along = []
        for own in (1e-3, 1e-4, 1e-5):
            factors = np.tile(np.eye(2), (density.layout.n_correlations, 1, 1))
            factors[:closing, 1] = np.sqrt(1.0 - own**2), own
            scales = np.ones((density.layout.n_scales // 2, 2))
            theta = density.layout.pack(weights, means, scales, factors)
            along.append(density.log_posterior(theta))
        assert np.all(np.diff(along) > 0.0) == expected


def test_no_component_closes_on_a_line_without_correlations():
    density = density_of(random_table(0, 20, 2), 2, Structure.parse("diag"))
    assert not density.rises_in_plane(1e6)


@pytest.mark.parametrize("standardize", ["no", 1, None])
def test_standardize_is_yes_or_no(standardize):
    message = f"standardize must be True or False, got {standardize!r}"
    with pytest.raises(ValueError, match=message):
        density_of_table(
            feature_matrix([[1.0], [2.0]]), 1, structure=FULL, prior=Prior(),
            standardize=standardize,
        )  # fmt: skip


@pytest.mark.parametrize("structure", ["full", "tied"])
def test_one_component_without_prior_is_best_at_the_sample_moments(structure):
    """loglik = -N/2 (d log 2 pi + log det S + d) at S, and nothing pulls away from there."""
    X = random_table(5, 200, 3)
    S = np.cov(X, rowvar=False, bias=True)
    sd = np.sqrt(np.diag(S))
    density = density_of(X, 1, Structure.parse(structure), Prior.flat())
    theta = density.layout.pack(
        np.ones(1), X.mean(axis=0), sd, np.linalg.cholesky(S / np.outer(sd, sd))
    )
    value, gradient = density.value_and_gradient(theta)
    expected = -100 * (3 * math.log(2 * math.pi) + np.linalg.slogdet(S)[1] + 3)
    assert value == pytest.approx(expected, rel=1e-13)
    np.testing.assert_allclose(gradient, 0.0, atol=1e-10)


def sklearn_covariances(mixture, K, d):
    shapes = {
        "full": lambda S: S,
        "tied": lambda S: np.tile(S, (K, 1, 1)),
        "diag": lambda S: S[:, :, None] * np.eye(d),
        "spherical": lambda S: S[:, None, None] * np.eye(d),
    }
    return shapes[mixture.covariance_type](mixture.covariances_)


@pytest.mark.parametrize("alias", ALIASES)
def test_scikit_learn_agrees_where_nothing_is_believed(alias):
    K, d = 3, 2
    X = random_table(6, 300, d)
    mixture = GaussianMixture(
        K, covariance_type=alias, reg_covar=0.0, tol=1e-13, max_iter=5000, random_state=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        mixture.fit(X)
    structure = Structure.parse(alias)
    density = density_of(X, K, structure, Prior.flat())
    S = sklearn_covariances(mixture, K, d)
    sd = np.sqrt(np.diagonal(S, axis1=1, axis2=2))
    C = np.linalg.cholesky(S / sd[:, :, None] / sd[:, None, :])
    scales = {"component-feature": sd, "component": sd[:, 0], "feature": sd[0]}[structure.scales]
    theta = density.layout.pack(
        mixture.weights_, mixture.means_, scales, C[: density.layout.n_correlations]
    )
    value, gradient = density.value_and_gradient(theta)
    assert value - math.log(2.0) == pytest.approx(mixture.score_samples(X).sum(), rel=1e-12)
    assert np.abs(gradient).max() < 1e-2
