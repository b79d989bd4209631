"""Tables with few rows for their features: a proper mode, and chains that do not diverge."""

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_wine

from bayes_gmm import AmbiguousLabelsWarning, BayesGMM, ConvergenceWarning, MultimodalWarning

pytestmark = pytest.mark.slow


def rates():
    """31 regions, three rates that go together, as of unemployment by length."""
    noise = np.random.default_rng(0).normal(size=(31, 3))
    return np.exp(noise @ [[0.5, 0.3, 0.1], [0.0, 0.4, 0.2], [0.0, 0.0, 0.3]]) + 5.0


@pytest.mark.filterwarnings("ignore::bayes_gmm.errors.PriorWarning")  # ten rows a segment
@pytest.mark.parametrize(
    ("X", "K"),
    [*((rates(), K) for K in range(1, 5)), (load_wine().data, 2)],
    ids=[*(f"31 x 3, K={K}" for K in range(1, 5)), "178 x 13, K=2"],
)
@pytest.mark.filterwarnings("ignore::bayes_gmm.ShapeWarning")  # skewed rates
def test_a_proper_mode_and_few_divergences(X, K):
    model = BayesGMM(K, random_state=0).fit(X)
    assert model.converged_
    assert np.isfinite([mode.log_posterior for mode in model.modes_]).all()
    np.linalg.cholesky(model.covariances_)
    with warnings.catch_warnings():
        for doubt in (AmbiguousLabelsWarning, MultimodalWarning, ConvergenceWarning):
            warnings.simplefilter("ignore", doubt)
        posterior = model.sample_posterior(draws=250, progress=False)
        told = posterior.segments().select_dtypes("number")
    chains = posterior.draws.origin or posterior.draws
    assert chains.stats["diverging"].mean() <= 0.01
    assert np.isfinite(told).all(axis=None)
