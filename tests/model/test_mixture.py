"""A mixture is a density: SciPy says which, and what is none is refused by name."""

import dataclasses

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy import stats
from scipy.special import logsumexp
from scipy_mixture import scipy_log_joint

from bayes_gmm.errors import DataError
from bayes_gmm.model.mixture import Mixture, segment_labels

NAMES = ("a", "b", "c")
EYE = np.eye(2)


def mixture_of_three(resolution=0.0, features=NAMES):
    rng = np.random.default_rng(0)
    factors = np.tril(rng.normal(size=(2, 3, 3))) + 2.0 * np.eye(3)
    means = [[0.0, 1.0, -2.0], [4.0, -3.0, 0.0]]
    return Mixture([0.7, 0.3], means, factors @ factors.mT, resolution, features)


@pytest.mark.parametrize("resolution", [0.0, 1.5, (0.0, 1.0, 3.0)])
def test_the_density_is_scipys(resolution):
    mixture = mixture_of_three(resolution)
    X = mixture.sample(50, 1)[0]
    joint = scipy_log_joint(mixture, X)
    np.testing.assert_allclose(mixture.log_prob(X), logsumexp(joint, axis=1), rtol=1e-11)
    expected = np.exp(joint - logsumexp(joint, axis=1, keepdims=True))
    np.testing.assert_allclose(mixture.responsibilities(X), expected, atol=1e-11)


def test_samples_have_the_moments_of_their_component():
    mixture = mixture_of_three(resolution=3.0)
    X, component = mixture.sample(40_000, 0)
    for k in range(2):
        V = mixture.covariances[k] + np.diag(mixture.resolution**2 / 12)
        rows = X[component == k]
        np.testing.assert_allclose(rows.mean(axis=0), mixture.means[k], atol=0.1)
        np.testing.assert_allclose(np.cov(rows.T), V, atol=0.25)


def test_a_missing_cell_is_integrated_out():
    mixture, X = mixture_of_three(1.0), np.array([[0.5, np.nan, -1.0], [3.0, np.nan, 0.0]])
    both = mixture.marginal(["a", "c"])
    np.testing.assert_allclose(mixture.log_prob(X), both.log_prob(X[:, [0, 2]]), rtol=1e-12)


def test_a_marginal_keeps_what_it_is_asked_for():
    mixture = mixture_of_three((1.0, 2.0, 3.0))
    turned = mixture.marginal(["c", "a"])
    assert turned.features == ("c", "a")
    assert turned.resolution.tolist() == [3.0, 1.0]
    np.testing.assert_array_equal(turned.means, mixture.means[:, [2, 0]])
    np.testing.assert_array_equal(turned.covariances[:, 0, 1], mixture.covariances[:, 2, 0])
    for one in ("b", ["b"], 1, -2, [np.int64(1)]):
        assert mixture.marginal(one).features == ("b",)


def test_standard_deviations_are_roots_of_variances():
    mixture = mixture_of_three()
    expected = [np.sqrt(np.diag(S)) for S in mixture.covariances]
    np.testing.assert_array_equal(mixture.standard_deviations, expected)


def test_covariances_are_exactly_symmetric():
    """What rounding left of an asymmetry is gone."""
    S = np.array([[2.0, 0.3], [np.nextafter(0.3, 1.0), 1.0]])
    covariances = Mixture([1.0], [[0.0, 0.0]], [S]).covariances
    np.testing.assert_array_equal(covariances, covariances.mT)
    np.testing.assert_allclose(covariances[0], S, rtol=1e-15)


@pytest.mark.parametrize("prob", [0.1, 0.5, 0.95])
@pytest.mark.parametrize("features", [(0, 1), ("c", "a"), np.array([2, 1])])
def test_an_ellipse_holds_its_share(prob, features):
    mixture = mixture_of_three()
    ellipse = mixture.ellipse(1, prob, features)
    pair = mixture.marginal(features)
    offsets = ellipse.boundary() - pair.means[1]
    squared = np.einsum("ni,ij,nj->n", offsets, np.linalg.inv(pair.covariances[1]), offsets)
    np.testing.assert_allclose(stats.chi2(2).cdf(squared), prob, rtol=1e-9)
    assert ellipse.width >= ellipse.height
    assert ellipse.prob == prob


def test_components_count_from_the_end_too():
    mixture = mixture_of_three()
    np.testing.assert_array_equal(mixture.ellipse(-1).boundary(), mixture.ellipse(1).boundary())


class TestTables:
    @pytest.mark.parametrize("features", [NAMES, ("x1", "x2", "x3")])
    @pytest.mark.parametrize(
        "frame",
        [pd.DataFrame, pl.DataFrame, pa.table],
        ids=["pandas", "polars", "pyarrow"],
    )
    def test_columns_of_a_frame_are_found_by_name(self, frame, features):
        """Also where they have the names that columns of arrays are given."""
        mixture = mixture_of_three(features=features)
        X = mixture.sample(5, 0)[0]
        columns = dict(zip(features, X.T, strict=True))
        turned = frame({name: columns[name] for name in reversed(features)})
        np.testing.assert_array_equal(mixture.log_prob(turned), mixture.log_prob(X))

    def test_and_by_position_where_they_never_had_a_name(self):
        mixture = mixture_of_three(features=())
        X = mixture.sample(5, 0)[0]
        named = pd.DataFrame(X, columns=["p", "q", "r"])
        np.testing.assert_array_equal(mixture.log_prob(named), mixture.log_prob(X))
        message = "X has 2 features, but BayesGMM is expecting 3 features as input: x1, x2, x3"
        with pytest.raises(DataError, match=message):
            mixture.log_prob(named[["p", "q"]])

    @pytest.mark.parametrize(
        ("X", "message"),
        [
            ([[1.0, 2.0]], "X has 2 features, but BayesGMM is expecting 3 .*: a, b, c"),
            ([[1.0, 2.0, 3.0], [1.0]], "row 2 of X has 1 values, but row 1 has 3"),
            ([1.0, 2.0, 3.0], "X has one dimension"),
            ("rows.csv", "X is the text 'rows.csv'; use read_table to read a file"),
        ],
    )
    def test_what_is_no_table_is_refused(self, X, message):
        with pytest.raises(DataError, match=message):
            mixture_of_three().log_prob(X)


class TestFarOut:
    @pytest.mark.parametrize("missing", [False, True])
    def test_a_row_beyond_floating_point_is_refused_by_name(self, missing):
        X = np.zeros((4, 3))
        X[2, 1] = -1e200
        X[2, 0] = np.nan if missing else 1e190
        for ask in ("log_prob", "responsibilities"):
            with pytest.raises(DataError, match="column 'b' is -1e.200 in row 3, so far from"):
                getattr(mixture_of_three(), ask)(X)

    def test_units_do_not_matter(self):
        """A value as large is no trouble where segments are as wide."""
        mixture = Mixture([1.0], [[0.0]], [[[1.0]]])
        wide = Mixture([1.0], [[0.0]], [[[1e300]]])
        assert wide.log_prob([[1e151]])[0] == pytest.approx(
            mixture.log_prob([[10.0]])[0] - 150 * np.log(10.0)
        )
        with pytest.raises(DataError, match="column 'x1' is 1e.306 in row 1"):
            wide.log_prob([[1e306], [0.0]])

    @pytest.mark.parametrize("x", [1e8, 1e15, 1e30, 1e150])
    def test_memberships_sum_to_one_however_far(self, x):
        mixture = Mixture([0.5, 0.5], [[0.0, 0.0], [4.0, 4.0]], [EYE, EYE])
        shares = mixture.responsibilities([[x, 0.0], [-x, 0.0], [x, x]])
        np.testing.assert_allclose(shares.sum(axis=1), 1.0, rtol=1e-15)


BAD = {
    "weights sum": ({"weights": [0.5, 0.4]}, r"weights must .* sum to 1, got \[0.5 0.4\]"),
    "weights text": ({"weights": "half"}, "weights must be an array of numbers, got 'half'"),
    "weights nan": ({"weights": [np.nan, 1.0]}, "weights must be non-negative"),
    "means ragged": ({"means": [[0.0], [1.0, 2.0]]}, r"means must be an array .* got \[\[0.0\], "),
    "means count": ({"means": [[0.0, 1.0]]}, r"weights .* and means .* got \(2,\) and \(1, 2\)"),
    "means infinite": ({"means": [[0.0, np.inf], [0.0, 1.0]]}, "means must be finite"),
    "no features": ({"means": [[], []]}, r"means .* got \(2,\) and \(2, 0\)"),
    "shape": ({"covariances": [EYE]}, r"covariances must be \(2, 2, 2\), got \(1, 2, 2\)"),
    "asymmetric": (
        {"covariances": [EYE, [[1.0, 0.5], [0.2, 1.0]]]},
        "covariances must be symmetric, got 0.5 and 0.2 in component 1",
    ),
    "negative": ({"covariances": [EYE, -EYE]}, "positive definite, got the variance -1"),
    "zero": ({"covariances": [EYE, 0 * EYE]}, "positive definite, got the variance 0"),
    "singular": ({"covariances": [EYE, np.ones((2, 2))]}, "covariances must be positive definite"),
    "vast": (
        {"covariances": [EYE, [[1e-300, 1e300], [1e300, 1e-300]]]},
        "covariances must be positive definite",
    ),
    "resolution": ({"resolution": -1.0}, "resolution must be finite and not negative"),
    "resolution infinite": ({"resolution": np.inf}, "resolution must be finite"),
    "resolutions": (
        {"resolution": [1, 2, 3]},
        "resolution must be a number or one per feature",
    ),
    "names": ({"features": ("a",)}, "1 feature names for 2 features"),
    "one name": ({"features": "ab"}, "1 feature names for 2 features"),
    "names twice": ({"features": ("a", "a")}, "the mixture has 2 columns named 'a'"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_mixture_is_refused_by_name(case):
    changed, message = BAD[case]
    whole = {"weights": [0.5, 0.5], "means": [[0.0, 0.0], [1.0, 1.0]], "covariances": [EYE, EYE]}
    with pytest.raises(ValueError, match=message) as caught:
        Mixture(**{**whole, **changed})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda m: m.ellipse(5), "no component 5; the mixture has 2, counted from 0"),
        (lambda m: m.ellipse(1.5), "no component 1.5; the mixture has 2"),
        (lambda m: m.ellipse("a"), "no component 'a'; the mixture has 2"),
        (lambda m: m.ellipse(0, features=(0, 0)), "features names 2 times the column 'a'"),
        (lambda m: m.ellipse(0, features=("a", 0)), "features names 2 times the column 'a'"),
        (lambda m: m.ellipse(0, features=("a",)), "an ellipse needs two features, got 1"),
        (lambda m: m.ellipse(0, features=(0, 3)), "no feature 3; the mixture has 3, counted"),
        (lambda m: m.ellipse(0, 1.0), "prob must lie between 0 and 1, got 1"),
        (lambda m: m.ellipse(0, "half"), "prob must be a number, got 'half'"),
        (lambda m: m.marginal([]), "features is empty; the mixture has: a, b, c"),
        (lambda m: m.marginal(["a", "d"]), "no column 'd' in the mixture; it has: a, b, c"),
        (lambda m: m.marginal(1.5), "no feature 1.5"),
        (lambda m: m.sample(-1), "n must be a whole number of at least 0, got -1"),
        (lambda m: m.sample(2.5), "n must be a whole number of at least 0, got 2.5"),
    ],
)
def test_what_a_mixture_does_not_have_is_refused_by_name(ask, message):
    with pytest.raises(ValueError, match=message):
        ask(mixture_of_three())


def test_a_mixture_is_equal_to_itself_alone():
    one, other = mixture_of_three(), mixture_of_three()
    assert one == one
    assert one != other
    assert len({one, other, one}) == 2


def test_a_mixture_cannot_be_changed():
    weights = np.array([1.0])
    mixture = Mixture(weights, [[0.0]], [[[1.0]]])
    weights[0] = 2.0
    assert mixture.weights.tolist() == [1.0]
    with pytest.raises(dataclasses.FrozenInstanceError):
        mixture.weights = weights
    for name in ("weights", "means", "covariances", "resolution"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(mixture, name)[...] = 1.0


def test_segments_are_numbered_from_one():
    assert segment_labels(2) == ["Segment 1", "Segment 2"]
    assert segment_labels(0) == []
