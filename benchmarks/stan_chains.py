"""Chains of Stan for the same model from the same starts, by an interpreter that has pystan.

    python benchmarks/stan_chains.py PROBLEM.npz RESULT.npz --draws 1000

Compiling is not timed. Where 1000 draws would take too long, fewer do: effective draws a second
are a rate. Warm-up is as long as the draws, as Stan has it.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import stan


def main() -> None:
    """Sample, and keep the draws with what they took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("problem")
    parser.add_argument("result")
    parser.add_argument("--draws", type=int, default=1000)
    options = parser.parse_args()
    problem = dict(np.load(options.problem))
    (N, d), K = problem["x"].shape, len(problem["weights"])
    program = Path(__file__).with_name("mixture.stan").read_text()
    data = {"N": N, "d": d, "K": K, "x": problem["x"].tolist()}
    start = {n: problem[n].tolist() for n in ("weights", "means", "scales", "corr_chol")}
    posterior = stan.build(program, data=data, random_seed=1)
    begin = time.perf_counter()
    fit = posterior.sample(
        num_chains=4, num_samples=options.draws, num_warmup=options.draws, save_warmup=True,
        init=[start] * 4,
    )  # fmt: skip
    seconds = time.perf_counter() - begin
    # pystan's arrays end in (draws, chains) interleaved, the warm-up's first.
    kept = {
        name: _chains(fit[name])[:, options.draws :]
        for name in ("weights", "means", "scales", "corr_chol")
    }
    steps = float(fit["n_leapfrog__"].sum())
    np.savez(options.result, **kept, seconds=seconds, steps=steps)


def _chains(values: np.ndarray) -> np.ndarray:
    """Shape (4, draws, ...) of pystan's (..., draws * 4)."""
    moved = np.moveaxis(values, -1, 0)
    return np.swapaxes(moved.reshape(-1, 4, *moved.shape[1:]), 0, 1)


if __name__ == "__main__":
    main()
