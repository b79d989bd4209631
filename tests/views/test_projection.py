"""The projection is Fisher's: its directions, their labels and the rows on it."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy.linalg import eigh

from bayes_gmm.errors import DataError
from bayes_gmm.model.mixture import Mixture
from bayes_gmm.views.plane import discriminant_plane, expected_rows
from bayes_gmm.views.plots import projection, segments

NAMES = ("a", "b", "c", "d")


def mixture_of(n_components, seed=0):
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(n_components, 4, 4))
    weights = np.arange(n_components, 0, -1.0)
    return Mixture(
        weights / weights.sum(), rng.normal(0, 4, (n_components, 4)), A @ A.mT + np.eye(4),
        features=NAMES,
    )  # fmt: skip


def test_directions_are_the_generalised_eigenvectors_of_the_two_covariances():
    mixture = mixture_of(4)
    w, means = mixture.weights, mixture.means
    W = np.einsum("k,kij->ij", w, mixture.covariances)
    B = np.cov(means.T, aweights=w, ddof=0)
    expected = eigh(B, W)[1][:, :-3:-1]
    directions = discriminant_plane(mixture).directions
    np.testing.assert_allclose(np.abs(expected.T @ W @ directions), np.eye(2), atol=1e-9)


@pytest.mark.parametrize("n_components", [1, 2, 3])
def test_one_unit_is_a_standard_deviation_within_segments(n_components):
    mixture = mixture_of(n_components)
    plane = discriminant_plane(mixture)
    W = np.einsum("k,kij->ij", mixture.weights, plane.mixture.covariances)
    np.testing.assert_allclose(W, np.eye(2), atol=1e-9)
    np.testing.assert_allclose(mixture.weights @ plane.mixture.means, 0.0, atol=1e-9)


def test_the_projection_does_not_depend_on_units():
    mixture, units = mixture_of(3), np.array([1.0, 1e3, 1e-3, 7.0])
    scaled = Mixture(
        mixture.weights, mixture.means * units, mixture.covariances * np.outer(units, units),
        features=NAMES,
    )  # fmt: skip
    one, other = discriminant_plane(mixture), discriminant_plane(scaled)
    np.testing.assert_allclose(other.mixture.means, one.mixture.means, rtol=1e-7)
    assert other.mixture.features == one.mixture.features


def test_expected_values_are_conditional_means():
    mixture = Mixture([1.0], [[1.0, 2.0]], [[[4.0, 1.0], [1.0, 9.0]]])
    matrix = mixture.matrix_of([[5.0, np.nan], [np.nan, 5.0], [3.0, 4.0]])
    expected = [[5.0, 2.0 + 1 / 4 * 4], [1.0 + 1 / 9 * 3, 5.0], [3.0, 4.0]]
    np.testing.assert_allclose(expected_rows(mixture, matrix), expected)


def test_more_than_two_features_are_projected_by_default():
    mixture = mixture_of(3)
    X = mixture.sample(50, 0)[0]
    X[0, 1], X[1] = np.nan, np.nan
    default, named = (
        draw(mixture, X, ax=Figure().add_subplot()) for draw in (segments, projection)
    )
    assert default.get_xlabel() == named.get_xlabel()
    assert default.get_xlabel().startswith("direction 1")
    hollow = [c for c in default.collections if not len(c.get_facecolors())]
    assert [len(c.get_offsets()) for c in hollow] == [1]
    notes = " ".join(text.get_text().replace("\n", " ") for text in default.texts)
    assert "1 row with missing cells: hollow" in notes
    assert "1 row with no observed cell" in notes


def test_one_feature_has_no_projection():
    with pytest.raises(DataError, match="at least two features"):
        projection(mixture_of(2).marginal("a"))
