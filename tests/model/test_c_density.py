"""The C function that samplers call is the density, and PyMC's."""

import itertools
import threading
from functools import cache

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.compile.mode import Mode
from scipy.special import logsumexp
from scipy.stats import norm

from bayes_gmm.data.memory import MemoryRows
from bayes_gmm.data.standardize import Standardizer
from bayes_gmm.model.c_density import FusedDensity, unconstrained_vector
from bayes_gmm.model.density import Density
from bayes_gmm.model.parameters import Layout
from bayes_gmm.model.prior import LKJ, HalfNormal, InverseGamma, LogNormal, Normal, Prior
from bayes_gmm.model.pymc_model import model_of
from bayes_gmm.model.structure import Structure
from bayes_gmm.model.weight_transform import SPREAD

FAST = Mode(linker="py", optimizer="fast_compile")
PRIORS = {
    "log-normal": Prior((1.5, 0.5, 3.0), Normal(1.0, 2.0), LKJ(1.5, LogNormal(0.5, 0.4))),
    "half-normal": Prior(2.0, Normal(), LKJ(scales=HalfNormal(2.0))),
    "inverse-gamma": Prior(3.0, Normal(), LKJ(0.7, InverseGamma(2.0, 1.5))),
    "flat": Prior.flat(),
}
structures = pytest.mark.parametrize("structure", Structure.all(), ids=lambda s: s.name)


def density_of(structure, prior, *, n_rows=300, d=3, K=3, missing=0.0, weighted=False):
    rng = np.random.default_rng(d)
    X = rng.normal(size=(n_rows, d)) + 2.0 * rng.integers(0, K, size=(n_rows, 1))
    X[rng.random(X.shape) < missing] = np.nan
    weights = np.maximum(rng.normal(1.0, 1.0, n_rows), 0.0) if weighted else None
    rows = MemoryRows.from_matrix(X, Standardizer.identity(d), weights)
    rho2 = 0.01 * np.arange(1.0, d + 1)
    return Density(rows, Layout(K, d, structure), prior.constants(K, d, structure), rho2)


def fused_about_a_point(density, seed=0):
    """Coordinates as good as any, and a point in them."""
    rng, p = np.random.default_rng(seed), density.layout.size
    factor = rng.normal(size=(p, p)) / p + np.eye(p)
    return FusedDensity(density, 0.3 * rng.normal(size=p), factor), 0.5 * rng.normal(size=p)


def assert_relative(found, expected, tolerance):
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * np.abs(expected).max())


@structures
@pytest.mark.parametrize("prior", PRIORS)
def test_it_is_the_density(structure, prior):
    for d, missing, weighted in itertools.product((1, 3), (0.0, 0.2), (False, True)):
        density = density_of(
            structure, PRIORS[prior], d=d, missing=missing, weighted=weighted
        )  # fmt: skip
        fused, xi = fused_about_a_point(density)
        theta = fused.theta0 + np.tril(fused.factor) @ xi
        value, gradient = fused.value_and_gradient(xi)
        expected, slope = density.value_and_gradient(theta, jacobian=True)
        assert value == pytest.approx(expected, rel=1e-12)
        assert_relative(gradient, np.tril(fused.factor).T @ slope, 1e-11)


@cache
def forward(kind, n_dims, *arguments):
    """PyMC's change from constrained to unconstrained values, as a function."""
    value = pt.tensor(dtype="float64", shape=(None,) * n_dims)
    return pytensor.function([value], kind(*arguments).forward(value), mode=FAST)


def pymc_vector(model, density, theta):
    """All of PyMC's unconstrained values at a vector, flat."""
    layout, point = density.layout, density.layout.point(theta)
    shared = layout.structure.correlations == "shared"
    constrained = {
        "weights": np.exp(point.log_weights),
        "means": point.means,
        "scales": point.scales.reshape(
            layout.structure.scale_shape(layout.n_components, layout.n_features)
        ),
        "corr_chol": point.corr_chol[0] if shared else point.corr_chol,
    }
    values = []
    for variable in model.free_RVs:
        value, transform = constrained[variable.name], model.rvs_to_transforms[variable]
        if transform is not None:
            arguments = (layout.n_features,) if variable.name == "corr_chol" else ()
            value = forward(type(transform), np.ndim(value), *arguments)(value)
        values.append(value)
    return values


def flat(values):
    return np.concatenate([np.ravel(value) for value in values])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("structure", "prior"),
    [
        ("full", PRIORS["log-normal"]),
        ("tied", PRIORS["inverse-gamma"]),
        ("component/none", PRIORS["half-normal"]),
    ],
)
def test_it_is_pymcs_density(structure, prior):
    density = density_of(
        Structure.parse(structure), prior, n_rows=40, d=2, missing=0.1, weighted=True
    )
    model = model_of(density, ("x1", "x2"), density.layout.structure, prior)
    fused, xi = fused_about_a_point(density, 1)
    values = pymc_vector(model, density, fused.theta(xi))
    point = dict(zip([value.name for value in model.value_vars], values, strict=True))
    by_pymc = model.compile_logp(jacobian=True, mode=FAST)(point)
    slope = model.compile_dlogp(jacobian=True, mode=FAST)(point)
    value, gradient = fused.value_and_gradient(xi)
    assert value == pytest.approx(by_pymc, rel=1e-8)
    # PyMC's values are linear in xi, so differences say exactly how.
    moves = [
        flat(pymc_vector(model, density, fused.theta(xi + step))) - flat(values)
        for step in np.eye(len(xi))
    ]
    assert_relative(gradient, np.array(moves) @ slope, 1e-8)


def bent_about_a_point(density):
    """Coordinates whose weights are bent, and a point with weights of all sizes."""
    straight, xi = fused_about_a_point(density)
    K = density.layout.n_components
    t = np.random.default_rng(1).permutation(np.linspace(-5.0, 4.0, K))
    bent = FusedDensity(density, straight.theta0, straight.factor, -3.0)
    return bent, np.concatenate([t, xi[K - 1 :]])


@structures
def test_bent_it_is_the_density_times_what_the_bend_stretches(structure):
    """And a normal density of the log of the sum of the weights, which is of no consequence."""
    density = density_of(structure, Prior(0.1), n_rows=50, K=4)
    fused, xi = bent_about_a_point(density)
    t = xi[:4]
    log_g = fused.bend + t + 1.0 - np.exp(-t)
    theta = fused.theta(xi)
    np.testing.assert_allclose(
        density.layout.point(theta).log_weights, log_g - logsumexp(log_g), rtol=1e-12
    )
    expected = density.log_posterior(theta, jacobian=True) + np.log1p(np.exp(-t)).sum()
    expected += norm(0.0, SPREAD).logpdf(logsumexp(log_g)) - norm(0.0, SPREAD).logpdf(0.0)
    value, gradient = fused.value_and_gradient(xi)
    assert value == pytest.approx(expected, rel=1e-12)
    slope = density.value_and_gradient(theta, jacobian=True)[1]
    factor = np.tril(fused.factor[3:, 3:])
    assert_relative(gradient[4:], factor.T @ slope[3:], 1e-11)
    step = 1e-5 * np.eye(len(xi))[:4]
    rises = [
        fused.value_and_gradient(xi + h)[0] - fused.value_and_gradient(xi - h)[0] for h in step
    ]
    np.testing.assert_allclose(gradient[:4], np.array(rises) / 2e-5, rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize("about", [fused_about_a_point, bent_about_a_point])
def test_coordinates_are_those_of_theta(about):
    fused, xi = about(density_of(Structure(), Prior()))
    theta = np.stack([fused.theta(xi), fused.theta(0.5 * xi)])
    np.testing.assert_allclose(fused.theta(fused.coordinates(theta)), theta, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("about", [fused_about_a_point, bent_about_a_point])
def test_draws_are_taken_to_theta(about):
    fused, xi = about(density_of(Structure(), Prior()))
    theta = np.empty(fused.density.layout.size)
    code = unconstrained_vector().ctypes(
        len(xi), len(theta), xi.ctypes.data_as(unconstrained_vector().ctypes.argtypes[2]),
        theta.ctypes.data_as(unconstrained_vector().ctypes.argtypes[3]), fused.data_address,
    )  # fmt: skip
    assert code == 0
    np.testing.assert_allclose(theta, fused.theta(xi), rtol=1e-13)


def test_what_is_no_number_is_said_to_be_none():
    fused, xi = fused_about_a_point(density_of(Structure(), Prior()))
    for bad in (np.full_like(xi, np.nan), np.full_like(xi, 1e160)):
        value, gradient = fused.value_and_gradient(bad)
        assert not (np.isfinite(value) and np.all(np.isfinite(gradient)))
        assert fused.return_code(bad) != 0
    assert fused.return_code(xi) == 0


def test_threads_do_not_disturb_each_other():
    """Each has its own room to work in."""
    density = density_of(Structure(), Prior(), n_rows=2000)
    each = [fused_about_a_point(density, seed) for seed in range(4)]
    expected = [fused.value_and_gradient(xi) for fused, xi in each]
    found = [[] for _ in each]

    def work(i):
        fused, xi = each[i]
        found[i] += [fused.value_and_gradient(xi) for _ in range(50)]

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for (value, gradient), results in zip(expected, found, strict=True):
        assert len(results) == 50
        for other, other_gradient in results:
            assert other == value
            np.testing.assert_array_equal(other_gradient, gradient)
