"""Tables whose number of segments is known: is it found, and is P(K) as sure as it should be?

    python benchmarks/known_k.py [--tables 20] [--processes 1] [--kind separated]

K = 1 ... 6 segments in two features, 200 rows, `--tables` of each K; compared over K = 1 ... 7 by
bridge sampling's evidence, with the prior they were drawn from.

separated: parameters are drawn from the prior until each pair of segments lies 6 standard
deviations apart or more, where they overlap least, and each has 8 % of the rows.
Printed is how often the most probable K is the true one, and how often more than .99 is given to a
wrong one.

prior: parameters and K (1 ... 6, evenly) are drawn from the prior as they come, and compared over
these K, so that P(K) is calibrated if it is right: of all probabilities near p, a share of p
belongs to the true K. Printed are the mean probability of the true K with its expectation, sum_k
p_k^2 averaged over tables, and the same in bins of p, with distances in Monte-Carlo errors.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import combinations, pairwise

import numpy as np
from simulations import Setting

import bayes_gmm as bg
from bayes_gmm.model.points import Points

NUMBERS = range(1, 7)
APART, SMALLEST = 6.0, 0.08
SURE = 0.99
BINS = (0.0, 0.02, 0.1, 0.3, 0.7, 0.9, 1.0)


def main() -> None:
    """Print what the kind asks."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", type=int, default=20, help="for each K")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--kind", choices=("separated", "prior"), default="separated")
    options = parser.parse_args()
    jobs = [(options.kind, K, table) for table in range(options.tables) for K in NUMBERS]
    found = []
    for (_, K, _), p in zip(jobs, _all(jobs, options.processes), strict=True):
        found.append((K, p))
        print(f"K={K}: " + " ".join(f"{share:.3f}" for share in p), flush=True)
    {"separated": print_found, "prior": print_calibration}[options.kind](found)


def _all(jobs: list[tuple[str, int, int]], processes: int) -> Iterator[np.ndarray]:
    if processes == 1:
        yield from map(probabilities, jobs)
        return
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(probabilities, jobs)


def probabilities(job: tuple[str, int, int]) -> np.ndarray:
    """P(K) of a table, for K = 1, 2, ...; 0 where draws tell no evidence."""
    kind, K, table = job
    warnings.simplefilter("ignore")
    setting = Setting(K, 2, mean_scale=10.0, n_rows=200)
    rng = setting.generator(table)
    theta = setting.parameters(rng)
    while kind == "separated" and not is_separated(Points.of(setting.layout, theta)):
        theta = setting.parameters(rng)
    compared = bg.compare(
        setting.table(theta, rng), range(1, 8) if kind == "separated" else NUMBERS,
        prior=setting.prior, criteria=("evidence",), standardize=False, resolution=None,
        draws=500, random_state=table, progress=False,
    )  # fmt: skip
    return compared.probabilities.fillna(0.0).to_numpy()


def is_separated(points: Points) -> bool:
    """Whether every pair of segments stands clear, and none is small."""
    V = points.scale_trils @ points.scale_trils.mT
    clear = np.exp(points.log_weights).min() >= SMALLEST
    for k, l in combinations(range(len(points.means)), 2):
        gap = points.means[k] - points.means[l]
        # The largest gap over directions u, in u'(mu_k - mu_l) / (sd_k + sd_l) at least.
        along = np.linalg.solve(V[k] + V[l], gap)
        sds = np.sqrt(along @ V[k] @ along) + np.sqrt(along @ V[l] @ along)
        clear &= 2.0 * (along @ gap) >= APART * sds
    return bool(clear)


def print_found(found: list[tuple[int, np.ndarray]]) -> None:
    """Of each K, and in all, how often it is the most probable."""
    hits = {K: [np.argmax(p) + 1 == K for k, p in found if k == K] for K in NUMBERS}
    for K, of_k in hits.items():
        print(f"K={K}: found in {sum(of_k)} of {len(of_k)}")
    wrong = sum(int(np.max(np.delete(p, K - 1)) > SURE) for K, p in found)
    right = np.concatenate(list(hits.values()))
    print(f"in all {right.mean():.1%} of {len(right)} (target 90 %); sure of a wrong K: {wrong}")


def print_calibration(found: list[tuple[int, np.ndarray]]) -> None:
    """The mean probability of the truth, and shares of truths by probability."""
    true = np.array([p[K - 1] for K, p in found])
    expected = np.array([(p**2).sum() for _, p in found])
    error = (true - expected).std(ddof=1) / np.sqrt(len(true))
    print(
        f"P(true K) {true.mean():.3f}, expected {expected.mean():.3f} "
        f"({(true - expected).mean() / error:+.1f} errors), {len(true)} tables"
    )
    p = np.concatenate([p for _, p in found])
    is_true = np.concatenate([np.arange(1, len(p) + 1) == K for K, p in found])
    for low, high in pairwise(BINS):
        inside = (p >= low) & (p <= high if high == 1.0 else p < high)
        if inside.any():
            spread = np.sqrt((p[inside] * (1.0 - p[inside])).sum()) or np.nan
            off = (is_true[inside].sum() - p[inside].sum()) / spread
            print(
                f"p in [{low}, {high}): {inside.sum()} of mean {p[inside].mean():.3f}, "
                f"true {is_true[inside].mean():.3f} ({off:+.1f} errors)"
            )


if __name__ == "__main__":
    main()
