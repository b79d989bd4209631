"""Two log-normal segments: intervals of medians, and the number of segments, with "auto".

Run ``python benchmarks/transforms.py --tables 10``.
"""

from __future__ import annotations

import argparse
import warnings

import numpy as np

import bayes_gmm as bg

LOGS = np.array([[3.0, 3.0], [6.2, 4.0]])


def main() -> None:
    """Print the coverage of 94 % intervals, and the most probable number of each table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=int, default=10)
    n_tables = parser.parse_args().tables
    warnings.simplefilter("ignore")
    held: dict[str, list[bool]] = {"median": [], "mean": []}
    best = []
    for seed in range(n_tables):
        rng = np.random.default_rng(seed)
        X = np.exp(rng.normal(np.repeat(LOGS, [120, 60], axis=0), 0.8))
        compared = bg.compare(
            X, range(1, 6), transforms="auto", criteria=("bic", "laplace"), random_state=0,
            progress=False,
        )  # fmt: skip
        best.append(int(compared.probabilities.idxmax()))
        model = bg.BayesGMM(2, transforms="auto", random_state=0).fit(X)
        table = model.sample_posterior(draws=400, chains=2, progress=False).segments()
        for what, shift in (("median", 0.0), ("mean", 0.32)):
            for j in range(2):
                name, truth = f"x{j + 1} ({what})", np.exp(LOGS[:, j] + shift)
                inside = (table[f"{name} lower"] <= truth) & (truth <= table[f"{name} upper"])
                held[what] += inside.tolist()
    for what, values in held.items():
        print(f"coverage of 94 % intervals of the {what}: {np.mean(values):.3f} of {len(values)}")
    print(f"most probable numbers of segments: {best}")


if __name__ == "__main__":
    main()
