"""PyMC's samplers draw from the same density, and their draws come back as theta."""

import numpy as np
import pytest
from pytensor.compile.mode import Mode

from bayes_gmm.data.feature_matrix import feature_matrix
from bayes_gmm.errors import FitError
from bayes_gmm.inference.modes.multistart import find_modes
from bayes_gmm.inference.modes.row_sample import Sample
from bayes_gmm.inference.sampling.laplace_approximation import peaks_of
from bayes_gmm.inference.sampling.pymc import check_pymc_sampler, sample_pymc, vectors
from bayes_gmm.model.parameters import Layout
from bayes_gmm.model.prior import Prior
from bayes_gmm.model.pymc_model import model_of
from bayes_gmm.model.structure import Structure
from bayes_gmm.model.table_density import density_of_table

FAST = Mode(linker="py", optimizer="fast_compile")


@pytest.mark.parametrize("structure", Structure.all(), ids=lambda s: s.name)
@pytest.mark.parametrize(("K", "d"), [(1, 2), (3, 1), (3, 3)])
def test_vectors_stand_for_the_draws(structure, K, d):
    layout = Layout(K, d, structure)
    theta = np.random.default_rng(0).normal(size=(2, 4, layout.size))
    points = [[layout.point(vector) for vector in chain] for chain in theta]

    def gathered(name):
        return np.array([[getattr(point, name) for point in chain] for chain in points])

    posterior = {
        "weights": np.exp(gathered("log_weights")),
        "means": gathered("means"),
        "scales": gathered("scales").reshape(2, 4, *structure.scale_shape(K, d)),
    }
    if layout.n_correlations:
        C = gathered("corr_chol")
        posterior["corr_chol"] = C[:, :, 0] if structure.correlations == "shared" else C
    np.testing.assert_allclose(vectors(posterior, layout), theta, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("structure", ["full", "tied"])
def test_draws_have_the_density_that_pymc_gives_them(structure):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(30, 2)) + 5.0 * (np.arange(30) < 12)[:, None]
    structure, prior = Structure.parse(structure), Prior()
    density, units = density_of_table(feature_matrix(X), 2, structure=structure, prior=prior)
    peaks = peaks_of(density, find_modes(density, Sample.of(units.apply(X)), rng))
    model = model_of(density, ("x1", "x2"), structure, prior)
    options = {"draws": 4, "tune": 4, "chains": 2, "compile_mode": FAST}
    draws = sample_pymc(model, density, peaks, sampler="pymc", seed=1, **options)
    assert draws.theta.shape == (2, 4, density.layout.size)
    assert (draws.method, draws.sampler, draws.tune) == ("nuts", "pymc", 4)
    assert np.all(draws.theta[0] != draws.theta[1])
    expected = [
        [density.log_posterior(vector, jacobian=True) for vector in chain] for chain in draws.theta
    ]
    np.testing.assert_allclose(draws.stats["lp"], expected, rtol=1e-10)


def test_a_single_component_has_no_weight_to_move():
    X = np.random.default_rng(2).normal(size=(20, 1))
    density, units = density_of_table(feature_matrix(X), 1, structure=Structure(), prior=Prior())
    sample = Sample.of(units.apply(X))
    peaks = peaks_of(density, find_modes(density, sample, np.random.default_rng(0)))
    model = model_of(density, ("x1",), Structure(), Prior())
    options = {"draws": 20, "tune": 20, "chains": 2, "compile_mode": FAST}
    draws = sample_pymc(model, density, peaks, sampler="pymc", seed=1, **options)
    assert draws.theta.shape == (2, 20, 2)
    assert np.all(draws.theta.std(axis=1) > 0.0)


@pytest.mark.parametrize(
    ("sampler", "message"),
    [
        ("numpyro", "sampler 'numpyro' needs JAX, which .*; use 'nutpie' or 'pymc'"),
        ("nutpi", "sampler 'nutpi' is unknown; did you mean 'nutpie'?"),
        ("metropolis", "sampler 'metropolis' is unknown; use nutpie, pymc, pymc-nutpie"),
    ],
)
def test_samplers_that_cannot_be_had_are_named(sampler, message):
    with pytest.raises(FitError, match=message.replace("?", r"\?")):
        check_pymc_sampler(sampler)
