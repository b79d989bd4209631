"""The MAP is PyMC's: no move raises the model's log-posterior, and `pm.find_MAP` gains nothing."""

import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.compile.mode import Mode

from bayes_gmm import BayesGMM, Structure, datasets

FAST = Mode(linker="py", optimizer="fast_compile")
MOST_GAINED = 1e-6


def fitted(structure, d):
    """A fit of customers with holes and weights."""
    table = np.array(datasets.load_customers().table.iloc[:120, :d], dtype=float)
    rng = np.random.default_rng(d)
    table[rng.random(table.shape) < 0.1] = np.nan
    weights = rng.integers(0, 3, len(table))
    return BayesGMM(2, structure=structure, random_state=0).fit(table, sample_weight=weights)


def values_at_map(fit, model):
    """The model's variables at the MAP, by name, in standardised units."""
    units, structure = fit.map_fit_.standardizer, Structure.parse(fit.structure)
    reported = units.standard_covariances(fit.covariances_)
    covariances = reported - np.diag(fit.map_fit_.beyond_rounding)
    scales = np.sqrt(np.diagonal(covariances, axis1=1, axis2=2))
    corr_chol = np.linalg.cholesky(covariances / (scales[:, :, None] * scales[:, None, :]))
    shared = structure.scales == "feature"
    values = {
        "weights": fit.weights_,
        "means": units.standard_means(fit.means_),
        "scales": scales[0] if shared else scales,
        "corr_chol": corr_chol[0] if shared else corr_chol,
        "precisions": np.linalg.inv(covariances[0] if shared else covariances),
    }
    return {variable.name: values[variable.name] for variable in model.free_RVs}


def unconstrained(model, values):
    """PyMC's own point for values of the model's variables."""
    point = {}
    for variable in model.free_RVs:
        value, transform = pt.constant(values[variable.name]), model.rvs_to_transforms[variable]
        if transform is not None:
            value = transform.forward(value, *variable.owner.inputs)
        point[model.rvs_to_values[variable].name] = pytensor.function([], value, mode=FAST)()
    return point


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:`find_MAP` will return:FutureWarning")
@pytest.mark.parametrize(("structure", "d"), [("full", 2), ("tied", 2), ("diag", 1)])
@pytest.mark.filterwarnings("ignore::bayes_gmm.ShapeWarning")  # fewer segments than groups
def test_nothing_is_left_to_gain(structure, d):
    fit = fitted(structure, d)
    model = fit.pymc_model()
    values = values_at_map(fit, model)
    log_posterior = model.compile_logp(jacobian=False, mode=FAST)
    point = unconstrained(model, values)
    at_map = log_posterior(point)
    assert at_map == pytest.approx(fit.log_posterior_, rel=1e-10)
    for name, value in point.items():
        for i in range(np.size(value)):
            for step in (-1e-1, -1e-2, -1e-3, 1e-3, 1e-2, 1e-1):
                moved = np.array(value)
                moved.flat[i] += step
                assert log_posterior({**point, name: moved}) < at_map, (name, i, step)
    found = pm.find_MAP(
        model=model, initvals=values, jitter=False, progressbar=False, compile_kwargs={"mode": FAST}
    )
    found = {name: value for name, value in found.items() if name in point}
    assert log_posterior(found) < at_map + MOST_GAINED
