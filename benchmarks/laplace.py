"""Laplace's approximation of a large table: its time against the MAP's, intervals against NUTS.

python benchmarks/laplace.py [--rows 100000] [--components 6] [--no-nuts]
"""

from __future__ import annotations

import argparse
import time
import warnings

import numpy as np
from tables import simulated

from bayes_gmm import BayesGMM

N, D, K = 100_000, 4, 6
SPREAD = 2.0
DRAWS = 2500
"""Of each chain of NUTS: with 1,000 its own error would be 4 % on the worst of 54 intervals."""


def main() -> None:
    """Print the figures; everything is compiled before anything is timed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=N)
    parser.add_argument("--components", type=int, default=K)
    parser.add_argument("--no-nuts", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    print_laplace(options.rows, options.components, with_nuts=not options.no_nuts)


def print_laplace(N: int = N, K: int = K, *, with_nuts: bool = True) -> None:
    """A line of times, and one of how intervals differ."""
    small = BayesGMM(K, random_state=0).fit(simulated(2000, D, K, spread=SPREAD))
    small.sample_posterior(method="laplace", progress=False)
    X = simulated(N, D, K, spread=SPREAD)
    start = time.perf_counter()
    model = BayesGMM(K, random_state=0).fit(X)
    at_map = time.perf_counter()
    laplace = model.sample_posterior(method="laplace", progress=False)
    at_laplace = time.perf_counter()
    of_map, of_laplace = np.diff([start, at_map, at_laplace])
    print(
        f"\nN={N:,}, d={D}, K={K}: MAP {of_map:.2f} s, Laplace {of_laplace:.2f} s "
        f"({of_laplace / of_map:.2f}x the MAP's); k-hat {laplace.draws.khat:.2f}"
    )
    if not with_nuts:
        return
    nuts = model.sample_posterior(draws=DRAWS, progress=False)
    ratios = _widths(laplace) / _widths(nuts)
    print(
        f"NUTS {time.perf_counter() - at_laplace:.1f} s; "
        f"94 % intervals, Laplace over NUTS: median {np.median(ratios):.3f}, "
        f"from {ratios.min():.3f} to {ratios.max():.3f} over {ratios.size} parameters"
    )


def _widths(posterior) -> np.ndarray:
    """Widths of the equal-tailed 94 % intervals of weights, means and scales."""
    drawn = posterior.parameters
    widths = [
        np.diff(np.quantile(values, (0.03, 0.97), axis=(0, 1)), axis=0).ravel()
        for values in (drawn.weights, drawn.means, drawn.scales)
    ]
    return np.concatenate(widths)


if __name__ == "__main__":
    main()
