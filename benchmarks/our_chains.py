"""bayes_gmm from a table to a summary of its posterior, with LKJ correlations as the others have.

    python benchmarks/our_chains.py PROBLEM.npz RESULT.npz [--measure]

With --measure, chains of the same fit are timed, with the curvature at its modes that they set out
with; then their labels are aligned.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from c_functions import microseconds

from bayes_gmm import LKJ, BayesGMM, Prior
from bayes_gmm.inference.sampling.laplace_approximation import peaks_of
from bayes_gmm.inference.sampling.nuts import sample_nuts
from bayes_gmm.inference.sampling.peak import Peak
from bayes_gmm.model.c_density import FusedDensity
from bayes_gmm.results.posterior.posterior import Posterior


def main() -> None:
    """Sample and summarise; with --measure also time the gradient, and keep the draws."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("problem")
    parser.add_argument("result")
    parser.add_argument("--measure", action="store_true")
    parser.add_argument("--draws", type=int, default=1000)
    options = parser.parse_args()
    X = np.load(options.problem)["X"]
    K = len(np.load(options.problem)["weights"])
    model = BayesGMM(K, prior=Prior(covariances=LKJ()), random_state=0).fit(X)
    plan = {"draws": options.draws, "progress": False}
    posterior = model.sample_posterior(**plan)
    if not options.measure:
        print(posterior.summary())
        return
    start = time.perf_counter()
    peaks = peaks_of(model._fitted.density, model._fitted.found)
    draws = sample_nuts(model._fitted.density, peaks, draws=options.draws, seed=1)
    seconds = time.perf_counter() - start
    posterior = Posterior.from_draws(model.map_fit_, model._fitted.density, draws)
    drawn = posterior.parameters
    np.savez(
        options.result, weights=drawn.weights, means=drawn.means, scales=drawn.scales,
        correlations=drawn.correlations, seconds=seconds, gradient=_gradient(model, peaks[0]),
        steps=int(np.sum(posterior.draws.stats["n_steps"])),
    )  # fmt: skip


def _gradient(model: BayesGMM, peak: Peak) -> float:
    fused = FusedDensity(model._fitted.density, peak.theta, peak.factor)
    return microseconds(fused.function_address, fused.data_address, np.zeros_like(peak.theta))


if __name__ == "__main__":
    main()
