"""The PyMC model and the fused density are one, and the kernel is PyMC's own mixture."""

from functools import cache

import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
import pytest
from example_tables import random_table
from pymc.distributions.distribution import SymbolicRandomVariable
from pytensor.compile.mode import Mode
from pytensor.tensor.random.op import RandomVariable
from scipy import stats

from bayes_gmm.data.feature_matrix import feature_matrix
from bayes_gmm.data.memory import MemoryRows
from bayes_gmm.data.standardize import Standardizer
from bayes_gmm.errors import DataError
from bayes_gmm.model.density import Density
from bayes_gmm.model.likelihood_op import log_likelihood
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
from bayes_gmm.model.prior.constants import wishart_log_constant
from bayes_gmm.model.pymc_model import build_model, model_of
from bayes_gmm.model.structure import Structure
from bayes_gmm.model.table_density import density_of_table

FAST = Mode(linker="py", optimizer="fast_compile")
FULL, TIED = Structure.parse("full"), Structure.parse("tied")


def random_weights(seed, n_rows):
    """Some are 0."""
    return np.maximum(np.random.default_rng(seed).normal(1.0, 1.0, size=n_rows), 0.0)


def density_and_model(X, K, structure=FULL, prior=Prior(), weights=None, rho=0.1):  # noqa: B008
    d = X.shape[1]
    rows = MemoryRows.from_matrix(X, Standardizer.identity(d), weights)
    density = Density(
        rows, Layout(K, d, structure), prior.constants(K, d, structure),
        rho**2 * np.arange(1.0, d + 1),
    )  # fmt: skip
    return density, model_of(density, tuple(f"x{j + 1}" for j in range(d)), structure, prior)


def random_vectors(density, n=3, seed=0):
    return 0.5 * np.random.default_rng(seed).normal(size=(n, density.layout.size))


@cache
def forward(kind, n_dims, *arguments):
    """PyMC's change from constrained to unconstrained values, as a function."""
    value = pt.tensor(dtype="float64", shape=(None,) * n_dims)
    return pytensor.function([value], kind(*arguments).forward(value), mode=FAST)


def pymc_point(model, density, theta):
    """PyMC's unconstrained values, by name, of the mixture that a vector stands for."""
    K, d = density.layout.n_components, density.layout.n_features
    structure, point = density.layout.structure, density.layout.point(theta)
    shared = structure.correlations == "shared"
    constrained = {
        "weights": np.exp(point.log_weights),
        "means": point.means,
        "scales": point.scales.reshape(structure.scale_shape(K, d)),
        "corr_chol": point.corr_chol[0] if shared and d > 1 else point.corr_chol,
        "precisions": precisions_of(point, density.layout),
    }
    values = {}
    for variable in model.free_RVs:
        value, transform = constrained[variable.name], model.rvs_to_transforms[variable]
        if transform is not None:
            arguments = (d,) if variable.name in ("corr_chol", "precisions") else ()
            value = forward(type(transform), np.ndim(value), *arguments)(value)
        values[model.rvs_to_values[variable].name] = value
    return values


def precisions_of(point, layout):
    inverse = np.linalg.inv(point.scale_trils)
    precisions = inverse.mT @ inverse
    return precisions if layout.structure.scales.startswith("component") else precisions[0]


def flat(values):
    return np.concatenate([np.ravel(value) for value in values])


def order_of(model, density):
    """The matrix that takes our vector to PyMC's, after seeing that they differ in order alone."""
    size = density.layout.size
    origin, *moved = [
        flat(pymc_point(model, density, theta).values())
        for theta in np.vstack([np.zeros(size), np.eye(size)])
    ]
    matrix = np.array(moved).T - origin[:, None]
    order = np.round(matrix)
    np.testing.assert_allclose(matrix, order, atol=1e-12)
    np.testing.assert_array_equal(order @ order.T, np.eye(size))
    return order


def assert_same(density, model, tolerance=1e-11):
    """Values, with and without Jacobian, and gradient, relative to its largest entry."""
    with_jacobian = model.logp(jacobian=True)
    outputs = [
        model.logp(jacobian=False), with_jacobian, *pt.grad(with_jacobian, model.value_vars)
    ]  # fmt: skip
    pymc = model.compile_fn(outputs, inputs=model.value_vars, mode=FAST)
    order = order_of(model, density)
    for theta in random_vectors(density):
        value, value_with_jacobian, *gradient = pymc(pymc_point(model, density, theta))
        assert density.log_posterior(theta) == pytest.approx(value, rel=tolerance)
        ours, our_gradient = density.value_and_gradient(theta, jacobian=True)
        assert ours == pytest.approx(value_with_jacobian, rel=tolerance)
        np.testing.assert_allclose(
            our_gradient, order.T @ flat(gradient), rtol=0,
            atol=tolerance * np.abs(our_gradient).max(),
        )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("d", [1, 2, 3, 5])
def test_pymc_agrees_with_weights_and_missing_cells(structure, d):
    X = random_table(d, 60, d, missing=0.15)
    assert_same(*density_and_model(X, 3, structure, weights=random_weights(d, 60)))


@pytest.mark.parametrize(
    ("structure", "prior"),
    [
        ("full", Prior((0.5, 2.0), Normal(1.0, 0.5), LKJ(1.0, HalfNormal(0.7)))),
        ("full", Prior(1.0, Normal(), HierarchicalWishart(2.3, 1.4, (0.5, 1.0, 2.0)))),
        ("tied", Prior(1.0, Normal(), HierarchicalWishart(1.7, 3.0, np.eye(3) + 0.2))),
        ("full", Prior.flat()),
        ("component/shared", Prior(1.0, Normal(0.0, 2.0), LKJ(0.6, InverseGamma(2.5, 0.4)))),
        ("component/shared", Prior.flat()),
        ("spherical", Prior(3.0, Normal(-1.0, 1.0), LKJ(scales=LogNormal(0.3, 0.2)))),
        ("shared/none", Prior(1.0, Normal(), LKJ(scales=InverseGamma(0.5, 2.0)))),
    ],
    ids=repr,
)
def test_pymc_agrees_for_every_prior(structure, prior):
    assert_same(*density_and_model(random_table(0, 30, 3), 2, Structure.parse(structure), prior))


@pytest.mark.slow
@pytest.mark.parametrize("d", [1, 3])
def test_pymc_agrees_on_a_single_component(d):
    density, model = density_and_model(random_table(1, 30, d, 0.1), 1)
    assert_same(density, model)
    assert model["weights"].eval(mode=FAST) == pytest.approx([1.0], rel=1e-15)


@pytest.mark.slow
def test_pymcs_own_compiled_functions_agree():
    density, model = density_and_model(random_table(2, 40, 2, 0.1), 2, TIED)
    [theta] = random_vectors(density, 1)
    point, order = pymc_point(model, density, theta), order_of(model, density)
    for jacobian in (False, True):
        value, gradient = density.value_and_gradient(theta, jacobian=jacobian)
        logp = model.compile_logp(jacobian=jacobian, mode=FAST)
        dlogp = model.compile_dlogp(jacobian=jacobian, mode=FAST)
        assert logp(point) == pytest.approx(value, rel=1e-11)
        np.testing.assert_allclose(order.T @ dlogp(point), gradient, rtol=1e-9)


def plain_model(X, K, structure, weights, rho2):
    """The model in PyMC's own words, for complete rows: no kernel, no structure, no density."""
    d = X.shape[1]
    with pm.Model() as model:
        w = pm.Dirichlet("weights", np.full(K, 2.0))
        means = pm.Normal("means", 0.0, 3.0, shape=(K, d))
        if structure == FULL:
            scales = pm.LogNormal("scales", -np.log(K) / d, 0.75, shape=(K, d))
            start = np.tile(np.eye(d), (K, 1, 1))
            C = pm.LKJCorr("corr_chol", n=d, eta=1.0, shape=(K, d, d), initval=start)
            L = [pt.diag(scales[k]) @ C[k] for k in range(K)]
        else:
            scales = pm.LogNormal("scales", -np.log(K) / d, 0.75, shape=d)
            C = pm.LKJCorr("corr_chol", n=d, eta=1.0, initval=np.eye(d))
            L = [pt.diag(scales) @ C] * K
        by_component = [
            pt.log(w[k]) + pm.logp(pm.MvNormal.dist(means[k], L[k] @ L[k].T + np.diag(rho2)), X)
            for k in range(K)
        ]
        rows = pt.logsumexp(pt.stack(by_component), axis=0)
        pm.Potential("likelihood", pt.sum(weights * rows))
    return model


@pytest.mark.slow
@pytest.mark.parametrize("structure", [FULL, TIED], ids=lambda s: s.name)
def test_the_kernel_is_pymcs_own_mixture(structure):
    X, weights = random_table(3, 25, 3), random_weights(3, 25)
    density, model = density_and_model(X, 2, structure, Prior(covariances=LKJ()), weights)
    plain = plain_model(X, 2, structure, weights, density.rho2)
    assert [v.name for v in plain.value_vars] == [v.name for v in model.value_vars]
    # PyTensor takes the logarithms of its bare numbers in single precision.
    assert_same(density, plain, tolerance=1e-8)


def test_variables_carry_the_names_of_components_and_features():
    X = random_table(4, 20, 2)
    X[3] = np.nan
    for covariances in (LKJ(), HierarchicalWishart()):
        prior, weights = Prior(covariances=covariances), np.r_[0.0, np.ones(19)]
        _, model = density_and_model(X, 3, prior=prior, weights=weights)
        free = {"scales", "corr_chol"} if isinstance(covariances, LKJ) else {"precisions"}
        assert {v.name for v in model.basic_RVs} == {"weights", "means", *free, "likelihood"}
        dims = {
            "weights": ("component",),
            "means": ("component", "feature"),
            "precisions": ("component", "feature", "feature_bis"),
            "scales": ("component", "feature"),
            "corr_chol": ("component", "feature", "feature_bis"),
            "likelihood": ("row", "feature"),
        }
        names = [*dims] if "precisions" in free else [name for name in dims if name != "precisions"]
        found = {name: model.named_vars_to_dims[name] for name in names}
        assert found == {name: dims[name] for name in names}
    assert model.coords["component"] == ("Segment 1", "Segment 2", "Segment 3")
    assert model.coords["feature"] == model.coords["feature_bis"] == ("x1", "x2")
    np.testing.assert_array_equal(model.coords["row"], np.arange(1, 20))
    [rows] = model.observed_RVs
    np.testing.assert_array_equal(model.rvs_to_values[rows].data, X[1:])


def test_a_single_feature_has_no_correlations(structure):
    _, model = density_and_model(random_table(5, 20, 1), 2, structure)
    assert "corr_chol" not in model.named_vars
    assert model.initial_point()["scales_log__"].shape == structure.scale_shape(2, 1)


def test_the_likelihood_is_of_its_own_rows_only():
    _, model = density_and_model(random_table(6, 20, 2), 2)
    rows = model["likelihood"]
    assert pm.logp(rows, model.rvs_to_values[rows]).ndim == 0
    with pytest.raises(NotImplementedError, match="the rows that the model was built with"):
        pm.logp(rows, np.zeros((20, 2)))


def test_the_likelihood_has_first_derivatives_only():
    _, model = density_and_model(random_table(6, 20, 2), 2)
    with pytest.raises(NotImplementedError, match="first derivatives"):
        model.d2logp()


def test_inverse_gamma_scales_are_drawn_as_their_density_says():
    _, model = density_and_model(
        random_table(7, 10, 2), 2, TIED, Prior(covariances=LKJ(1.0, InverseGamma(2.5, 0.4)))
    )
    draws = pm.draw(model["scales"], 2000, mode=FAST, random_seed=0)
    assert draws.shape == (2000, 2)
    assert stats.kstest(draws.ravel() ** 2, stats.invgamma(2.5, scale=0.4).cdf).pvalue > 1e-3


def test_rows_are_drawn_from_the_mixture():
    n_rows = 20_000
    density, model = density_and_model(np.zeros((n_rows, 2)), 2, prior=Prior(covariances=LKJ()))
    w, means = np.array([0.3, 0.7]), np.array([[-4.0, 0.0], [1.0, 2.0]])
    scales = np.array([[0.5, 1.0], [2.0, 0.3]])
    C = np.array([[[1.0, 0.0], [0.6, 0.8]], [[1.0, 0.0], [0.0, 1.0]]])
    fixed = pm.do(model, {"weights": w, "means": means, "scales": scales, "corr_chol": C})
    X = pm.draw(fixed["likelihood"], mode=FAST, random_seed=0)
    assert X.shape == (n_rows, 2)
    left = X[:, 0] < -2.2
    mean = w @ means
    V = [np.diag(s) @ c @ c.T @ np.diag(s) for s, c in zip(scales, C, strict=True)]
    cov = np.diag(density.rho2) + sum(
        w[k] * (V[k] + np.outer(means[k] - mean, means[k] - mean)) for k in range(2)
    )
    np.testing.assert_allclose(X.mean(axis=0), mean, atol=0.1)
    np.testing.assert_allclose(np.cov(X, rowvar=False), cov, atol=0.25)
    inside = stats.norm(means[:, 0], np.sqrt(scales[:, 0] ** 2 + density.rho2[0])).cdf(-2.2)
    assert left.mean() == pytest.approx(w @ inside, abs=0.02)


@pytest.mark.slow
@pytest.mark.parametrize(("structure", "d"), [(FULL, 3), (TIED, 2), (FULL, 1)])
def test_precisions_are_drawn_as_their_density_says(structure, d):
    """log|P| and log|G_0 + sum P|: E[d log p / d c_0] = E[d log p / d g_0] = 0 at the truth."""
    G0 = np.eye(d) + 0.8
    prior = Prior(covariances=HierarchicalWishart(d + 1.0, d + 0.5, G0))
    density, model = density_and_model(random_table(7, 10, d), 3, structure, prior)
    draws = pm.draw(model["precisions"], 4000, mode=FAST, random_seed=0)
    m, (c0, g0) = density.layout.n_covariances, (d + 1.0, d + 0.5)
    P = draws.reshape(4000, m, d, d)
    log_det = np.linalg.slogdet(P)[1].sum(axis=1)
    log_sum = np.linalg.slogdet(G0 + P.sum(axis=1))[1]

    def slope(moved):
        """Of the normalising constant, by a central difference."""
        c, g = moved * 1e-5
        constants = [wishart_log_constant(c0 + s * c, g0 + s * g, G0, m) for s in (1, -1)]
        return (constants[0] - constants[1]) / 2e-5

    for moved, statistic in (
        (np.array([1.0, 0.0]), log_det - m * log_sum),
        (np.array([0.0, 1.0]), -log_sum),
    ):
        score = slope(moved) + statistic
        assert abs(score.mean()) < 4.5 * score.std() / np.sqrt(len(score))


def test_precisions_are_drawn_by_pytensors_own_operations():
    """A Python function would be drawn in object mode, of which numba warns."""
    _, model = density_and_model(random_table(8, 10, 2), 2)
    op = model["precisions"].owner.op
    assert isinstance(op, SymbolicRandomVariable)
    drawn = {type(node.op).__name__ for node in op.fgraph.apply_nodes
             if isinstance(node.op, RandomVariable)}  # fmt: skip
    assert drawn == {"GammaRV", "NormalRV"}


def test_scales_and_correlations_follow_from_precisions():
    density, model = density_and_model(random_table(8, 30, 3), 2)
    assert [v.name for v in model.free_RVs] == ["weights", "means", "precisions"]
    point = density.layout.point(random_vectors(density, 1)[0])
    fixed = pm.do(model, {"precisions": precisions_of(point, density.layout)})
    scales, corr_chol = pm.draw([fixed["scales"], fixed["corr_chol"]], mode=FAST)
    np.testing.assert_allclose(scales.ravel(), point.scales, rtol=1e-10)
    np.testing.assert_allclose(corr_chol, point.corr_chol, rtol=1e-10, atol=1e-12)


def test_no_correlation_prior_cannot_be_drawn():
    _, model = density_and_model(random_table(8, 10, 2), 2, TIED, Prior(covariances=LKJ(0.0)))
    with pytest.raises(NotImplementedError):
        pm.draw(model["corr_chol"], mode=FAST)


@pytest.mark.slow
@pytest.mark.parametrize("standardize", [True, False])
def test_build_model_takes_a_table_as_it_comes(standardize):
    X = 1e3 + 50.0 * random_table(9, 40, 2, 0.1)
    weights = random_weights(9, 40)
    options = {"structure": TIED, "prior": Prior(covariances=LKJ(3.0)), "resolution": 5.0}
    model = build_model(X.tolist(), 2, **options, sample_weight=weights, standardize=standardize)
    density, _ = density_of_table(
        feature_matrix(X), 2, **options, weights=weights, standardize=standardize
    )
    assert_same(density, model)


@pytest.mark.parametrize(
    ("X", "options", "message"),
    [
        ([[1.0], [2.0]], {"n_components": 3}, "fewer than n_components=3"),
        ([[1.0], [1.0]], {"n_components": 1}, "column 'x1' is constant"),
        ([[1.0], [2.0]], {"n_components": 1, "sample_weight": [1.0]}, "1 values for 2 rows"),
    ],
)
def test_build_model_refuses_what_cannot_be_fitted(X, options, message):
    with pytest.raises(DataError, match=message):
        build_model(X, **options)


@pytest.mark.slow
def test_numba_runs_the_kernel_itself():
    """Were it run through Python, PyTensor would warn."""
    X = random_table(10, 300, 3, 0.2)
    density, _ = density_and_model(X, 2, weights=random_weights(10, 300))
    point = density.layout.point(random_vectors(density, 1)[0])
    arguments = [point.log_weights, point.means, point.scale_trils, density.rho2]
    arguments += [
        array for name, array in density.rows.gathered()._asdict().items() if name != "order"
    ]
    inputs = [pt.as_tensor(argument).type() for argument in arguments]
    results = [
        pytensor.function(inputs, log_likelihood(*inputs), mode=mode)(*arguments)
        for mode in ("NUMBA", FAST)
    ]
    for by_numba, by_python in zip(*results, strict=True):
        np.testing.assert_allclose(by_numba, by_python, rtol=1e-12, atol=1e-12)
