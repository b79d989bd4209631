"""Laws of transformations: inverse, derivative, and refusals by name."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad

from bayes_gmm.data.matrix import FeatureMatrix
from bayes_gmm.data.transforms import Transforms, parse_transform
from bayes_gmm.errors import DataError, FitError
from bayes_gmm.model.mixture import Mixture

ALLOWED = {
    "log": (0.01, 50.0),
    "log1p": (0.0, 50.0),
    ("log1p", 7.0): (0.0, 500.0),
    "sqrt": (0.01, 50.0),
    "logit": (0.01, 0.99),
    ("yeo-johnson", 0.0): (-20.0, 50.0),
    ("yeo-johnson", 0.4): (-20.0, 50.0),
    ("yeo-johnson", 2.0): (-20.0, 50.0),
}
IDS = [str(spec) for spec in ALLOWED]


@pytest.mark.parametrize("spec", ALLOWED, ids=IDS)
def test_inverse_and_derivative(spec):
    t = parse_transform(spec)
    x = np.linspace(*ALLOWED[spec], 101)[1:]
    y = t.forward(x)
    np.testing.assert_allclose(t.inverse(y), x, rtol=1e-11)
    step = 1e-6 * np.abs(x)
    slope = (t.forward(x + step) - t.forward(x - step)) / (2.0 * step)
    np.testing.assert_allclose(np.log(slope), t.log_derivative(x), atol=1e-6)
    assert parse_transform(t.spec) == t
    assert np.isnan(t.forward(np.array([np.nan])))[0]


@pytest.mark.parametrize("spec", ALLOWED, ids=IDS)
def test_density_integrates_to_one(spec):
    mixture = Mixture(
        [0.3, 0.7], [[0.2], [1.5]], [[[0.1]], [[0.3]]], 0.2, ("x",), transforms={"x": spec}
    )
    t = parse_transform(spec)
    points = t.inverse(np.linspace(-3.0, 6.0, 40))
    density = mixture.log_prob if spec not in ("sqrt",) and "log1p" not in spec else None
    if density is None:
        # Part of the mass lies at values that data cannot have, so the density is integrated on
        # the other side of the change of variable.
        def density(X):
            x = X[:, 0]
            plain = Mixture(mixture.weights, mixture.means, mixture.covariances, 0.2)
            return plain.log_prob(t.forward(x)[:, None]) + t.log_derivative(x)

        X = np.linspace(*ALLOWED[spec], 50)[1:, None]
        np.testing.assert_allclose(mixture.log_prob(X), density(X), rtol=1e-9)

    total = sum(
        quad(lambda x: np.exp(density(np.array([[x]]))[0]), a, b)[0] for a, b in pairwise(points)
    )
    assert total == pytest.approx(1.0, abs=1e-6)


def test_density_integrates_to_one_in_two_dimensions():
    covariances = [[[0.2, 0.1], [0.1, 0.3]], [[0.1, -0.05], [-0.05, 0.2]]]
    mixture = Mixture(
        [0.4, 0.6], [[0.0, 0.0], [1.0, 2.0]], covariances, 0.1, ("a", "b"),
        transforms={"a": "log", "b": ("yeo-johnson", 0.5)},
    )  # fmt: skip
    z, w = np.polynomial.legendre.leggauss(120)
    y = [-3.0 + 3.5 * (z + 1.0), -4.0 + 5.0 * (z + 1.0)]
    a, b = (t.inverse(u) for t, u in zip(mixture.transforms.entries, y, strict=True))
    # dx = dy / t'(x): the quadrature is over the user's units.
    wa = w * 3.5 * a
    wb = w * 5.0 / np.exp(mixture.transforms.entries[1].log_derivative(b))
    grid = np.array(np.meshgrid(a, b, indexing="ij")).reshape(2, -1).T
    total = np.exp(mixture.log_prob(grid)) @ np.outer(wa, wb).ravel()
    assert total == pytest.approx(1.0, abs=1e-6)


def test_steps_are_the_mean_square_of_the_steps_of_rows():
    values = np.array([[1.0], [2.0], [np.nan], [4.0]])
    transforms = Transforms.of({"n": "log"}, ("n",))
    weights = np.array([2.0, 1.0, 5.0, 1.0])
    found = transforms.steps(np.array([1.0]), values, weights)
    assert found[0] ** 2 == pytest.approx((2.0 * 1.0 + 0.25 + 0.0625) / 4.0)


@pytest.mark.parametrize(
    ("spec", "bad", "named"),
    [("log", 0.0, "log1p"), ("log1p", -2.0, "yeo-johnson"), ("sqrt", 0.0, "log1p"),
     ("logit", 40.0, "100")],
)  # fmt: skip
def test_refused_values_are_named_with_row_and_remedy(spec, bad, named):
    X = np.array([[0.5], [np.nan], [bad], [0.25]])
    with pytest.raises(DataError, match=rf"'x1' is {bad:g} in row 3.*{named}"):
        Transforms.of({"x1": spec}, ("x1",)).apply(FeatureMatrix(X, ("x1",)))


@pytest.mark.parametrize("spec", ["logg", ("yeo-johnson", 3.0), "yeo-johnson", ("log1p", 0.0), 7])
def test_unknown_transformations_are_refused(spec):
    with pytest.raises(FitError, match="x1"):
        Transforms.of({"x1": spec}, ("x1",))


def test_unknown_columns_and_other_types_are_refused():
    with pytest.raises(DataError, match="did you mean 'Spend'"):
        Transforms.of({"Spent": "log"}, ("Spend", "Age"))
    with pytest.raises(FitError, match="auto"):
        Transforms.of("log", ("a",))
