"""Laplace's estimate of the mass of a mode against masses known otherwise."""

import numpy as np
import pytest
from scipy.special import gammaln

from bayes_gmm.data.feature_matrix import feature_matrix
from bayes_gmm.inference.modes.guesses import Moments
from bayes_gmm.inference.modes.laplace_evidence import laplace_log_evidence
from bayes_gmm.inference.modes.row_sample import Sample
from bayes_gmm.inference.modes.settings import LaplaceSettings
from bayes_gmm.inference.optimize.hessian import hessian
from bayes_gmm.inference.optimize.newton import polish
from bayes_gmm.inference.optimize.settings import HessianSettings
from bayes_gmm.inference.optimize.whitening import Whitening
from bayes_gmm.model.prior import Prior
from bayes_gmm.model.structure import Structure
from bayes_gmm.model.table_density import density_of_table


def density_of(X, K, structure="full"):
    return density_of_table(
        feature_matrix(X), K, structure=Structure.parse(structure), prior=Prior(), resolution=None
    )


def map_of(density, units, X, labels):
    order = np.lexsort(units.apply(X).T)
    moments = Moments.of_labels(
        Sample.of(units.apply(X)), labels[order], density.layout.n_components
    )
    return polish(density, moments.theta(density.layout, density.prior)).theta


def log_mean_exp(values):
    top = values.max()
    return top + np.log(np.mean(np.exp(values - top)))


def one_group(n_rows):
    X = np.random.default_rng(0).normal(2.0, 3.0, size=(n_rows, 1))
    density, units = density_of(X, 1)
    return density, map_of(density, units, X, np.zeros(n_rows, int))


def integral_over_a_grid(density, peak, width):
    """log of the integral over mean and log sd, by the trapezium rule: exact to rounding."""
    offsets = np.linspace(-width, width, 201)
    heights = np.array([
        density.log_posterior(peak + np.array([a, b]), jacobian=True)
        for a in offsets for b in offsets
    ])  # fmt: skip
    return log_mean_exp(heights) + 2.0 * np.log(201 * (offsets[1] - offsets[0]))


@pytest.mark.slow
@pytest.mark.parametrize(("n_rows", "tolerance"), [(20, 0.06), (200, 1e-2), (1000, 2e-3)])
def test_one_component_in_one_feature(n_rows, tolerance):
    """Against numerical integration; what is left falls as 1 / N."""
    density, theta = one_group(n_rows)
    exact = integral_over_a_grid(density, theta, 10.0 / np.sqrt(n_rows))
    assert laplace_log_evidence(density, theta) == pytest.approx(exact, abs=tolerance)


def importance_sampled(density, peak, n_draws=10_000, nu=6):
    """log of the mass about a peak, from a t distribution of the peak's own curvature."""
    p = len(peak)
    whitening = Whitening(density, peak)
    P = np.transpose([whitening.forward(e) for e in np.eye(p)])
    H = hessian(density, peak, whitening, jacobian=True)
    L = np.linalg.cholesky(P @ np.linalg.inv(H) @ P.T)
    rng = np.random.default_rng(1)
    t = rng.normal(size=(n_draws, p)) / np.sqrt(rng.chisquare(nu, size=(n_draws, 1)) / nu)
    log_q = (
        gammaln((nu + p) / 2) - gammaln(nu / 2) - 0.5 * p * np.log(nu * np.pi)
        - np.log(np.diag(L)).sum() - 0.5 * (nu + p) * np.log1p((t**2).sum(axis=1) / nu)
    )  # fmt: skip
    heights = np.array([density.log_posterior(peak + L @ z, jacobian=True) for z in t])
    ratios = heights - log_q
    shares = np.exp(ratios - ratios.max())
    assert shares.sum() ** 2 / (shares**2).sum() > n_draws / 3
    return log_mean_exp(ratios)


@pytest.mark.parametrize(("d", "structure"), [(1, "full"), (2, "full"), (2, "tied")])
def test_two_components(d, structure):
    """Against importance sampling, whose own error is near .01."""
    rng = np.random.default_rng(2)
    labels = np.repeat([0, 1], [250, 150])
    X = rng.normal(size=(400, d)) + 4.0 * labels[:, None]
    density, units = density_of(X, 2, structure)
    theta = map_of(density, units, X, labels)
    exact = importance_sampled(density, polish(density, theta, jacobian=True).theta)
    assert laplace_log_evidence(density, theta) == pytest.approx(exact, abs=0.1)


@pytest.mark.parametrize("structure", Structure.all(), ids=lambda s: s.name)
def test_the_numbering_of_components_changes_nothing(structure):
    rng = np.random.default_rng(3)
    labels = np.repeat([0, 1, 2], 50)
    X = rng.normal(size=(150, 2)) + np.array([[0, 0], [4, 1], [0, 6]])[labels]
    density, units = density_of(X, 3, structure)
    found = [
        laplace_log_evidence(density, map_of(density, units, X, (labels + shift) % 3))
        for shift in range(3)
    ]
    assert found == pytest.approx([found[0]] * 3, abs=1e-5)


def test_units_change_nothing():
    rng = np.random.default_rng(4)
    labels = np.repeat([0, 1], 60)
    X = rng.normal(size=(120, 2)) + 3.0 * labels[:, None]
    found = []
    for table in (X, 1e6 * X + 3e7):
        density, units = density_of(table, 2)
        found.append(laplace_log_evidence(density, map_of(density, units, table, labels)))
    assert found[1] == pytest.approx(found[0], abs=1e-6)


def test_a_second_component_must_pay_for_itself():
    """Two groups are likelier than one where there are two, and not where there is one."""
    rng = np.random.default_rng(5)
    labels = np.repeat([0, 1], 100)
    for separation, two_win in ((0.0, False), (6.0, True)):
        X = rng.normal(size=(200, 1)) + separation * labels[:, None]
        masses = []
        for K in (1, 2):
            density, units = density_of(X, K)
            theta = map_of(density, units, X, labels if K == 2 else 0 * labels)
            numberings = np.log(K)
            masses.append(laplace_log_evidence(density, theta) + numberings)
        assert (masses[1] > masses[0]) == two_win


@pytest.mark.parametrize("separation", [0.0, 8.0])
def test_where_curvature_is_dear_that_of_complete_data_serves(separation):
    """Close where components do not overlap, and never NaN."""
    rng = np.random.default_rng(6)
    labels = np.repeat([0, 1], 300)
    X = rng.normal(size=(600, 2)) + separation * labels[:, None]
    K = 2 if separation else 1
    density, units = density_of(X, K)
    theta = map_of(density, units, X, labels if K == 2 else 0 * labels)
    exact = laplace_log_evidence(density, theta)
    rough = LaplaceSettings(hessian=HessianSettings(affordable=0.0))
    assert laplace_log_evidence(density, theta, rough) == pytest.approx(exact, abs=0.3)
