"""Memory that a fit takes above the table itself, at its peak, as the kernel of Linux counts it.

    python benchmarks/memory.py [--rows 1000000] [--features 4] [--components 3] [--missing 0.1]

A fit keeps one copy of the table, standardised and laid out in tiles. What is printed is the peak
above the user's table, and above the table and that copy. Libraries are loaded and the kernel is
compiled by a small fit beforehand.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import numpy as np

from bayes_gmm import BayesGMM

PROCESS = Path("/proc/self")


def main() -> None:
    """Print one line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--features", type=int, default=4)
    parser.add_argument("--components", type=int, default=3)
    parser.add_argument("--missing", type=float, default=0.0)
    options = parser.parse_args()
    K = options.components
    BayesGMM(K, random_state=0).fit(grouped(20_000, options.features, K, options.missing))
    X = grouped(options.rows, options.features, K, options.missing)
    before = memory("VmRSS")
    (PROCESS / "clear_refs").write_text("5")  # the peak so far is forgotten
    BayesGMM(K, random_state=0).fit(X)
    above, table = memory("VmHWM") - before, X.nbytes / 1e6
    print(
        f"{options.rows:,} x {options.features}, K = {K}: table {table:.0f} MB, "
        f"peak above it {above:.0f} MB, above it and one copy {above - table:.0f} MB"
    )


def grouped(n_rows: int, n_features: int, n_components: int, missing: float) -> np.ndarray:
    """Rows of K round groups, made in place."""
    rng = np.random.default_rng(0)
    X = np.empty((n_rows, n_features))
    rng.standard_normal(out=X)
    for k in range(n_components):
        X[k::n_components] += 4.0 * rng.standard_normal(n_features)
    for column in X.T if missing else ():
        column[rng.random(n_rows) < missing] = np.nan
    return X


def memory(name: str) -> float:
    """Resident memory now (VmRSS) or at its peak (VmHWM), in MB."""
    [kilobytes] = re.findall(rf"{name}:\s+(\d+) kB", (PROCESS / "status").read_text())
    return int(kilobytes) * 1024 / 1e6


if __name__ == "__main__":
    main()
