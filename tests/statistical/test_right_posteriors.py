"""The posterior that our sampler draws is that of PyMC's own sampler on the PyMC model."""

import numpy as np
import pytest

from bayes_gmm.estimator import BayesGMM

pytestmark = pytest.mark.slow


def one_feature():
    """Two groups that touch."""
    rng = np.random.default_rng(1)
    return np.r_[rng.normal(0.0, 1.0, 80), rng.normal(3.5, 0.7, 50)][:, None]


def two_features():
    """Two slanted groups that touch."""
    rng = np.random.default_rng(2)
    return np.r_[
        rng.multivariate_normal([0.0, 0.0], [[1.0, 0.6], [0.6, 1.0]], 80),
        rng.multivariate_normal([3.0, 2.5], [[0.5, -0.2], [-0.2, 0.8]], 50),
    ]


@pytest.mark.parametrize(("table", "draws"), [(one_feature, 2500), (two_features, 2000)])
def test_means_and_sds_are_those_of_pymcs_sampler(table, draws):
    model = BayesGMM(2, random_state=0).fit(table())
    ours = model.sample_posterior(draws=5000, progress=False).summary()
    theirs = model.sample_posterior(
        draws=draws, tune=500, chains=2, sampler="pymc", random_state=3, progress=False
    ).summary()
    assert theirs["r_hat"].max() < 1.01
    assert theirs["ess_bulk"].min() > 1000
    np.testing.assert_array_less(np.abs(ours["mean"] - theirs["mean"]) / theirs["sd"], 0.1)
    np.testing.assert_allclose(ours["sd"], theirs["sd"], rtol=0.06)
