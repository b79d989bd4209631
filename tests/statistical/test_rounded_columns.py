"""Rounding changes neither the number of segments nor the intervals of their parameters."""

import numpy as np
import pytest

import bayes_gmm as bg

pytestmark = [
    pytest.mark.filterwarnings("ignore::bayes_gmm.ShapeWarning"),
    pytest.mark.filterwarnings("ignore::bayes_gmm.DataWarning"),
    pytest.mark.filterwarnings("ignore::bayes_gmm.ConvergenceWarning"),
]


@pytest.mark.parametrize("sd", [0.7, 1.0, 1.5, 2.5])
def test_one_rounded_normal_distribution_is_one_segment(sd):
    """With the recording error of Sheppard, the evidence of 8 segments is the largest."""
    rng = np.random.default_rng(1)
    X = np.column_stack([np.round(rng.normal(0.0, sd, 1000)), rng.normal(size=1000)])
    found = bg.compare(X, [1, 4, 8], criteria=("bic", "laplace"), random_state=0, progress=False)
    assert found.table["bic"].idxmin() == 0
    assert found.table["log_evidence"].idxmax() == 0


@pytest.mark.slow
@pytest.mark.parametrize("n_rows", [50, 300])
@pytest.mark.parametrize("sd", [0.6, 1.0])
def test_intervals_hold_the_values_before_rounding(n_rows, sd):
    """At least 80 of 100 intervals of 94 %: fewer have a probability of 1e-6."""
    truth = np.array([sd, 1.0, 0.6, 3.3])
    covariance = [[sd**2, 0.6 * sd], [0.6 * sd, 1.0]]
    held = np.zeros(4)
    for seed in range(100):
        rng = np.random.default_rng(seed)
        X = rng.multivariate_normal([3.3, 0.0], covariance, size=n_rows)
        X[:, 0] = np.round(X[:, 0])
        draws = (
            bg.BayesGMM(1, random_state=0)
            .fit(X)
            .sample_posterior(draws=500, method="laplace", random_state=0, progress=False)
            .parameters
        )
        values = np.stack(
            [
                draws.scales[..., 0, 0], draws.scales[..., 0, 1],
                draws.correlations[..., 0, 0, 1], draws.means[..., 0, 0],
            ]
        )  # fmt: skip
        lower, upper = np.quantile(values.reshape(4, -1), [0.03, 0.97], axis=1)
        held += (lower <= truth) & (truth <= upper)
    assert held.min() >= 80
