"""Intervals of medians of log-normal segments, in the user's units."""

import numpy as np

import bayes_gmm as bg


def test_intervals_of_medians_hold_the_true_medians():
    # Of 24 intervals of 94 %, 18 or fewer hold the truth with a probability of .002.
    logs = np.array([[3.0, 3.0], [6.2, 4.0]])
    held = 0
    for seed in range(6):
        rng = np.random.default_rng(seed)
        X = np.exp(rng.normal(np.repeat(logs, [120, 60], axis=0), 0.8))
        model = bg.BayesGMM(2, transforms="auto", random_state=0, n_init=2).fit(X)
        posterior = model.sample_posterior(draws=200, chains=2, method="laplace", progress=False)
        table = posterior.segments()
        for j in range(2):
            lower, upper = (table[f"x{j + 1} (median) {bound}"] for bound in ("lower", "upper"))
            held += int(((lower <= np.exp(logs[:, j])) & (np.exp(logs[:, j]) <= upper)).sum())
    assert held >= 19
