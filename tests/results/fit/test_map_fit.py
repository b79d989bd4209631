"""A fit in the user's units: what SciPy says of its numbers, and what it says of its rows."""

import dataclasses

import numpy as np
import pytest
from example_posteriors import two_groups
from scipy.special import logsumexp
from scipy_mixture import scipy_log_joint

from bayes_gmm.data.feature_matrix import feature_matrix
from bayes_gmm.data.standardize import Standardizer
from bayes_gmm.errors import FitError
from bayes_gmm.model.prior import Prior
from bayes_gmm.model.structure import Structure
from bayes_gmm.results.fit.fit import fit_table
from bayes_gmm.results.fit.fit_plan import FitPlan
from bayes_gmm.results.fit.given_table import GivenTable
from bayes_gmm.results.fit.map_fit import MapFit, proper_modes

FEATURES = ("Age", "Annual income")


def customers(missing=0.0):
    """Two groups in units far from standard ones."""
    X = two_groups(180)
    X[np.random.default_rng(1).random(X.shape) < missing] = np.nan
    return X


def fitted(X, K=2, structure="full", prior=None, resolution="auto", weights=None):
    plan = FitPlan.of(K, structure, prior, "auto", resolution=resolution)
    made = fit_table(
        GivenTable(feature_matrix(X, FEATURES), weights), plan, np.random.default_rng(0)
    )
    return made.fit, made.density, made.found


def row_log_densities(X, mixture):
    return logsumexp(scipy_log_joint(mixture, X), axis=1)


@pytest.mark.parametrize("missing", [0.0, 0.3])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("resolution", [None, "auto", [5.0, 1e3]])
def test_the_log_likelihood_is_scipys(missing, weighted, resolution):
    """Per unit of the user's, in what is observed, with recording error and row weights."""
    X = customers(missing)
    weights = np.random.default_rng(1).integers(0, 4, len(X)).astype(float) if weighted else None
    fit, _, _ = fitted(X, resolution=resolution, weights=weights)
    rows = row_log_densities(X, fit.mixture)
    expected = rows.sum() if weights is None else weights @ rows
    assert fit.log_likelihood == pytest.approx(expected, rel=1e-10)
    np.testing.assert_allclose(fit.score_samples(X), rows, rtol=1e-9, atol=1e-12)
    counted = np.ones(len(X)) if weights is None else weights
    assert fit.total_weight == counted.sum()
    assert fit.n_rows == np.count_nonzero(counted)


def test_the_log_posterior_is_that_of_the_standardised_table():
    fit, density, found = fitted(customers(0.1))
    assert fit.log_posterior == pytest.approx(density.log_posterior(found[0].theta), rel=1e-12)
    assert fit.log_posterior == fit.modes[0].log_posterior
    assert fit.history[-1] == pytest.approx(fit.log_posterior, rel=1e-9)
    assert np.all(np.diff(fit.history) >= 0.0)
    assert fit.n_iter == len(fit.history)
    assert fit.converged


def test_groups_are_in_the_users_units():
    X = customers()
    fit, _, _ = fitted(X)
    np.testing.assert_allclose(fit.mixture.weights, [2 / 3, 1 / 3], atol=0.02)
    np.testing.assert_allclose(fit.mixture.means, [[25, 20e3], [60, 45e3]], rtol=0.05)
    np.testing.assert_allclose(
        np.sqrt(fit.mixture.covariances[:, [0, 1], [0, 1]]), [[3, 2e3], [5, 5.5e3]], rtol=0.25
    )
    assert fit.features == fit.mixture.features == FEATURES


def test_a_row_belongs_where_its_density_is_highest():
    X = customers(0.2)
    fit, _, _ = fitted(X, K=3)
    shares = fit.predict_proba(X)
    assert shares.shape == (len(X), 3)
    np.testing.assert_allclose(shares.sum(axis=1), 1.0, rtol=1e-12)
    np.testing.assert_array_equal(fit.predict(X), shares.argmax(axis=1))
    nothing = fit.predict_proba([[np.nan, np.nan]])
    np.testing.assert_allclose(nothing[0], fit.mixture.weights, rtol=1e-12)


def test_segments_are_a_table_for_a_report():
    fit, _, _ = fitted(customers())
    table = fit.segments()
    assert table.columns.tolist() == [
        "segment", "share",
        "Age (mean)", "Age (sd)", "Annual income (mean)", "Annual income (sd)",
    ]  # fmt: skip
    assert table["segment"].tolist() == ["Segment 1", "Segment 2"]
    assert table["share"].tolist() == fit.mixture.weights.tolist()
    assert table["share"].is_monotonic_decreasing
    assert table["Age (mean)"].tolist() == fit.mixture.means[:, 0].tolist()
    sd = np.sqrt(fit.mixture.covariances[:, 1, 1])
    np.testing.assert_allclose(table["Annual income (sd)"], sd, rtol=1e-14)


@pytest.mark.parametrize(
    ("structure", "expected"),
    [("full", 11), ("tied", 8), ("diag", 9), ("spherical", 7), ("shared/none", 6)],
)
def test_parameters_are_counted(structure, expected):
    """K = 2, d = 2: one weight, four means, and what the structure leaves free."""
    fit, _, _ = fitted(customers(), structure=structure)
    assert fit.n_parameters == expected
    assert fit.structure == Structure.parse(structure)


@pytest.mark.parametrize("weighted", [False, True])
def test_the_bic_is_schwarzs(weighted):
    X = customers(0.1)
    copies = np.random.default_rng(1).integers(0, 4, len(X)) if weighted else np.ones(len(X), int)
    fit, _, _ = fitted(X, weights=copies.astype(float) if weighted else None)
    log_likelihood = row_log_densities(np.repeat(X, copies, axis=0), fit.mixture).sum()
    n_measured = copies[np.isfinite(X).any(axis=1)].sum()
    assert n_measured == fit.measured_weight < copies.sum()
    expected = 11 * np.log(n_measured) - 2 * log_likelihood
    assert fit.bic == pytest.approx(expected, rel=1e-10)


def test_fits_and_modes_are_equal_to_themselves_alone():
    one, other = (fitted(customers())[0] for _ in range(2))
    assert one == one
    assert one != other
    assert one.modes[0] != other.modes[0]
    assert len({*one.modes, *other.modes}) == len(one.modes) + len(other.modes)


def test_covariances_are_exactly_symmetric():
    for mode in fitted(customers(0.1), K=3)[0].modes:
        covariances = mode.mixture.covariances
        np.testing.assert_array_equal(covariances, covariances.mT)


@pytest.mark.filterwarnings("ignore::bayes_gmm.errors.ShapeWarning")
def test_the_recording_error_is_not_part_of_a_segment():
    X = np.column_stack([customers()[:, 0].round(), customers()[:, 1].round(-2)])
    fit, _, _ = fitted(X, K=1, prior=Prior.flat())
    np.testing.assert_allclose(fit.mixture.resolution, [1.0, 100.0], rtol=1e-6)
    both = fit.mixture.covariances[0] + np.diag(fit.mixture.resolution**2 / 12)
    np.testing.assert_allclose(both, np.cov(X.T, ddof=0), rtol=1e-5)


@pytest.mark.filterwarnings("ignore::bayes_gmm.errors.ShapeWarning")
def test_modes_share_the_mass():
    rng = np.random.default_rng(0)
    corners = np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 3.0], [3.0, 3.0]])
    X = np.repeat(corners, 40, axis=0) + 0.7 * rng.normal(size=(160, 2))
    fit, _, found = fitted(X, K=3)
    assert len(fit.modes) == len(found) >= 2
    assert fit.modes[0].mixture is fit.mixture
    shares = np.array([mode.probability for mode in fit.modes])
    errors = np.array([mode.probability_error for mode in fit.modes])
    masses = np.array([mode.log_evidence for mode in fit.modes])
    assert shares.sum() == pytest.approx(1.0)
    assert np.all(np.diff(shares[1:]) <= 0.0)
    assert shares[1] - shares[0] <= 3 * np.hypot(errors[0], errors[1])
    by_laplace = np.exp(masses - masses.max())
    np.testing.assert_allclose(shares, by_laplace / by_laplace.sum(), atol=0.3)


def with_masses(log_evidence):
    """A fit whose modes are said to have these masses."""
    X = customers()
    _, density, found = fitted(X)
    modes = tuple(dataclasses.replace(found[0], log_evidence=mass) for mass in log_evidence)
    return MapFit.from_modes(
        density, modes, standardizer=Standardizer.fit(X), features=FEATURES,
        prior=Prior(), structure=Structure(),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("log_evidence", "shares"),
    [
        ([-1000.0, -1000.0 - np.log(3.0)], [0.75, 0.25]),
        ([-5.0, np.nan], [1.0, 0.0]),
        ([np.nan], [np.nan]),
        ([np.nan, np.nan], [np.nan, np.nan]),
    ],
)
def test_a_mode_of_unknown_mass_has_no_share(log_evidence, shares):
    fit = with_masses(log_evidence)
    assert [mode.probability for mode in fit.modes] == pytest.approx(shares, nan_ok=True)


def test_a_fit_cannot_be_changed():
    fit, _, _ = fitted(customers())
    with pytest.raises(dataclasses.FrozenInstanceError):
        fit.log_posterior = 0.0
    with pytest.raises(ValueError, match="read-only"):
        fit.mixture.weights[0] = 1.0


def test_modes_with_a_singular_covariance_matrix_are_left_out():
    fit, density, found = fitted(customers(), resolution=None)
    theta = found[0].theta.copy()
    theta[-1] = 1e200  # a correlation of 1
    singular = dataclasses.replace(found[0], theta=theta)
    units = fit.standardizer
    [kept] = proper_modes(density, [singular, found[0]], units, FEATURES)
    assert kept is found[0]
    with pytest.raises(FitError, match="rows lie in a plane; give a resolution"):
        proper_modes(density, [singular], units, FEATURES)
