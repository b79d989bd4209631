"""bayes_gmm from a table to a summary of its posterior.

    python benchmarks/our_chains.py PROBLEM.npz RESULT.npz [--measure]

With --measure, a second posterior of the same fit is timed, all of it: curvature at the modes,
chains, alignment of their labels.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from c_functions import microseconds

from bayes_gmm import BayesGMM


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
    model = BayesGMM(K, random_state=0).fit(X)
    plan = {"draws": options.draws, "progress": False}
    posterior = model.sample_posterior(**plan)
    if not options.measure:
        print(posterior.summary())
        return
    start = time.perf_counter()
    posterior = model.sample_posterior(**plan, random_state=1)
    seconds = time.perf_counter() - start
    drawn = posterior.parameters
    np.savez(
        options.result, weights=drawn.weights, means=drawn.means, scales=drawn.scales,
        correlations=drawn.correlations, seconds=seconds, gradient=_gradient(model),
        steps=int(np.sum(posterior.draws.stats["n_steps"])),
    )  # fmt: skip


def _gradient(model: BayesGMM) -> float:
    from bayes_gmm.inference.peaks import peaks_of
    from bayes_gmm.model.fused import FusedDensity

    [peak, *_] = peaks_of(model._density, model._found)
    fused = FusedDensity(model._density, peak.theta, peak.factor)
    return microseconds(fused.function_address, fused.data_address, np.zeros_like(peak.theta))


if __name__ == "__main__":
    main()
