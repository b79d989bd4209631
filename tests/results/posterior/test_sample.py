"""Between a fit and its posterior, modes are counted as theta's own density has them."""

from dataclasses import replace

import numpy as np
import pytest
from example_posteriors import fit_and_density

from bayes_gmm.errors import FitError
from bayes_gmm.inference.modes.multistart import find_modes
from bayes_gmm.inference.modes.row_sample import Sample
from bayes_gmm.inference.sampling.cost import CostSettings
from bayes_gmm.results.posterior.posterior import Posterior
from bayes_gmm.results.posterior.sample import SamplingPlan, sample_modes


@pytest.fixture(scope="module")
def twice():
    """A fit that tells one mode twice, numbered the other way round, and its density."""
    X = np.random.default_rng(0).normal(size=(90, 1)) + 7.0 * (np.arange(90) < 30)[:, None]
    fit, density, _ = fit_and_density(X, 2)
    sample = Sample.of(fit.standardizer.apply(X))
    [mode] = find_modes(density, sample, np.random.default_rng(0), n_init=8)[:1]
    swapped = replace(mode, theta=mode.layout.selected(mode.theta, np.array([1, 0])))
    of_fit = replace(fit.modes[0], probability=0.5)
    return replace(fit, modes=(of_fit, of_fit)), density, [mode, swapped]


def test_modes_that_share_a_peak_are_counted_once(twice):
    fit, density, found = twice
    for method, chains in (("nuts", 1), ("laplace", 2)):
        plan = SamplingPlan(draws=100, chains=chains, method=method, progress=False)
        found_fit, draws, _ = sample_modes(fit, density, found, plan)
        posterior = Posterior.from_draws(found_fit, density, draws)
        assert [mode.probability for mode in posterior.fit.modes] == [1.0, 0.0]
        assert posterior.modes_missed == {}


def test_a_posterior_that_is_singular_is_refused_with_a_remedy(twice, monkeypatch):
    fit, density, found = twice

    def singular(*_, **__):
        raise np.linalg.LinAlgError("singular matrix")

    monkeypatch.setattr("bayes_gmm.results.posterior.sample.sample_laplace", singular)
    plan = SamplingPlan(draws=10, chains=1, method="laplace", progress=False)
    with pytest.raises(FitError, match="leave out columns that others determine"):
        sample_modes(fit, density, found, plan)


def test_the_time_of_nuts_is_announced_if_it_is_long_or_the_rows_are_a_scan(twice, monkeypatch):
    fit, density, found = twice
    said = []
    plan = SamplingPlan(draws=50, tune=30, chains=2, progress=False, announce=said.append)
    sample_modes(fit, density, found, plan)
    assert said == []
    sample_modes(fit, density, found, plan, is_scan=True)
    monkeypatch.setattr("bayes_gmm.results.posterior.sample.COST", CostSettings(announced=0.0))
    sample_modes(fit, density, found, plan)
    for cost in said:
        steps = (CostSettings().steps_normal, CostSettings().steps_bent)
        assert cost.values["gradients"] / (2 * (50 + 30)) in steps
        assert cost.values["seconds"] > 0.0
        assert cost.values["laplace_seconds"] > 0.0
        assert 'method="laplace"' in cost.remedy
    assert len(said) == 2
