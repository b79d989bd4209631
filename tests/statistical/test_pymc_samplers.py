"""What compiles for minutes: the model compiled by numba, and drawn from by others' samplers."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import pytest
from pytensor.compile.mode import Mode

from bayes_gmm.model.prior import LKJ, InverseGamma, Prior
from bayes_gmm.model.pymc_model import build_model

pytestmark = pytest.mark.slow

FAST = Mode(linker="py", optimizer="fast_compile")


def two_groups(seed, n_rows, d):
    """The first two fifths about -2, the others about 2, the first row half observed."""
    rng = np.random.default_rng(seed)
    centres = np.where(np.arange(n_rows) < 0.4 * n_rows, -2.0, 2.0)
    X = centres[:, None] + 0.5 * rng.normal(size=(n_rows, d))
    X[0, 1:] = np.nan
    return X


@pytest.mark.parametrize(
    ("d", "options"),
    [
        (2, {"structure": "full"}),
        (5, {"structure": "tied", "prior": Prior(covariances=LKJ(scales=InverseGamma(2.0, 1.0)))}),
        (1, {"structure": "spherical", "prior": Prior.flat()}),
    ],
)
def test_numba_and_python_agree(d, options):
    X = two_groups(d, 60, d)
    model = build_model(X, 3, **options, sample_weight=np.linspace(0.0, 2.0, 60))
    value = model.logp()
    outputs = [value, *pt.grad(value, model.value_vars)]
    by_python, by_numba = (
        model.compile_fn(outputs, inputs=model.value_vars, mode=mode) for mode in (FAST, "NUMBA")
    )
    rng = np.random.default_rng(d)
    for _ in range(3):
        point = {
            name: start + 0.5 * rng.normal(size=np.shape(start))
            for name, start in model.initial_point().items()
        }
        for a, b in zip(by_python(point), by_numba(point), strict=True):
            np.testing.assert_allclose(b, a, rtol=1e-10, atol=1e-10)


def test_pymc_draws_from_the_model():
    """And nutpie in the notebook that extends the model (see `test_notebooks.py`)."""
    model = build_model(two_groups(0, 100, 2), 2, structure="tied", standardize=False)
    with model:
        tree = pm.sample(
            300, tune=300, chains=2, cores=1, random_seed=1, nuts_sampler="pymc",
            progressbar=False, compute_convergence_checks=False,
        )  # fmt: skip
        rows = pm.sample_posterior_predictive(tree, random_seed=1, progressbar=False)
    # A component has one number throughout a chain, but not the same in every chain.
    centres = np.sort(tree.posterior["means"].mean(("draw", "feature")), axis=1)
    np.testing.assert_allclose(centres, [[-2.0, 2.0]] * 2, atol=0.15)
    shares = np.sort(tree.posterior["weights"].mean("draw"), axis=1)
    np.testing.assert_allclose(shares, [[0.4, 0.6]] * 2, atol=0.05)
    assert float(tree.posterior["scales"].mean()) == pytest.approx(0.5, abs=0.05)
    drawn = rows.posterior_predictive["likelihood"]
    assert drawn.dims == ("chain", "draw", "row", "feature")
    assert float((drawn < 0.0).mean()) == pytest.approx(0.4, abs=0.05)
