"""Two segmentations of comparable mass have the shares that PyMC's sequential sampler gives."""

import numpy as np
import pymc as pm
import pytensor
import pytest
from scipy.stats import norm

from bayes_gmm.errors import MultimodalWarning
from bayes_gmm.estimator import BayesGMM
from bayes_gmm.inference.sampling.laplace_approximation import peaks_of
from bayes_gmm.inference.sampling.mode_assignment import nearest_modes
from bayes_gmm.inference.sampling.pymc import vectors

pytestmark = pytest.mark.slow


def three_groups():
    """For two segments: the middle goes with the right, or, as it is nearly as far, the left."""
    z = norm.ppf((np.arange(20) + 0.5) / 20)
    return np.concatenate([z - 6.0, z + 0.1, z + 6.0])[:, None]


@pytest.fixture(scope="module")
def model():
    return BayesGMM(2, random_state=0).fit(three_groups())


@pytest.mark.filterwarnings("ignore:the chains have not mixed")  # between the two, at some seeds
def test_both_are_reported_and_drawn_in_proportion(model):
    masses = [mode.probability for mode in model.modes_ if mode.probability > 0.01]
    assert len(masses) == 2
    assert 0.2 < masses[1] < 0.4
    for seed in range(3):
        with pytest.warns(MultimodalWarning, match=r"mode 0: .* %, mode 1: .* %"):
            posterior = model.sample_posterior(2000, random_state=seed, progress=False)
        assert posterior.mode_fractions[1] == pytest.approx(masses[1], abs=0.05)
        assert np.all(np.any(posterior.draws.mode == 1, axis=1))
        with pytest.warns(MultimodalWarning):
            summary = posterior.summary()
        assert {"r_hat", "r_hat_within_modes"} <= set(summary.columns)
        assert summary["r_hat_within_modes"].median() < 1.05


def test_masses_are_those_of_sequential_monte_carlo(model):
    with pytest.warns(MultimodalWarning):
        posterior = model.sample_posterior(progress=False)
    with model.pymc_model(), pytensor.config.change_flags(mode="NUMBA"):
        tree = pm.sample_smc(
            4000, kernel=pm.smc.MH, chains=2, cores=1, random_seed=1, progressbar=False,
            compute_convergence_checks=False,
        )  # fmt: skip
    density = model._density
    theta = vectors(tree.posterior, density.layout).reshape(-1, density.layout.size)
    mode = nearest_modes(theta, density.layout, peaks_of(density, model._found))
    assert posterior.mode_fractions[1] == pytest.approx(np.mean(mode == 1), abs=0.1)
