"""False alarms and power of `check_table`, by kind of finding.

    python benchmarks/findings.py [--tables 200] [--seed 0]

Clean tables are draws from Gaussian mixtures of 1 to 6 segments in 1 to 10 features, 60 to 10,000
rows, correlations within segments up to .9, segments apart by 1.5 to 6 of their standard
deviations, in arbitrary units; seven in ten are shifted to positive values, half are rounded.
Stated is the share of tables in which each kind is found; "few_rows" and "coarse" are true of the
tables that they are found in.

Then the share of tables in which each planted fault is found, by kind, as faults of 200 to 1,000
rows and 2 or 3 features; and the time of a check of 10^6 x 6 cells.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable

import numpy as np

from bayes_gmm import check_table

Table = np.ndarray


def clean(rng: np.random.Generator) -> Table:
    """A draw from a Gaussian mixture, in arbitrary units."""
    n = int(rng.choice([60, 100, 200, 500, 1000, 3000, 10_000]))
    d, K = int(rng.choice([1, 2, 3, 4, 6, 10])), int(rng.integers(1, 7))
    z = rng.choice(K, n, p=rng.dirichlet(np.full(K, 4.0)))
    apart = rng.choice([1.5, 3.0, 6.0])
    X = np.empty((n, d))
    for k in range(K):
        rows = z == k
        sd = np.exp(rng.normal(0.0, 0.4, d))
        noise = rng.normal(size=(rows.sum(), d)) @ np.linalg.cholesky(correlations(d, rng)).T
        X[rows] = rng.normal(0.0, apart, d) + sd * noise
    if rng.random() < 0.7:
        X += rng.choice([0.05, 1.0, 5.0]) - X.min(axis=0)
    if rng.random() < 0.5:
        X = X.round(int(rng.integers(1, 3)))
    return X * 10.0 ** rng.integers(-1, 4, d)


def correlations(d: int, rng: np.random.Generator) -> Table:
    """All equal, falling with the distance of the columns, or none."""
    r, kind = rng.uniform(0.0, 0.9), rng.integers(3)
    if kind == 0:
        return np.full((d, d), r) + (1.0 - r) * np.eye(d)
    if kind == 1:
        return r ** np.abs(np.subtract.outer(np.arange(d), np.arange(d)))
    return np.eye(d)


def coded(rng: np.random.Generator) -> Table:
    """999, -999 or -1 in 1 to 5 % of an age."""
    X = rng.normal([45.0, 100.0], [14.0, 20.0], (500, 2)).round()
    X[:, 0] = X[:, 0].clip(18.0, 80.0)
    X[: int(rng.integers(5, 26)), 0] = rng.choice([999.0, -999.0, -1.0])
    return X


def near_copies(rng: np.random.Generator) -> Table:
    """6 to 12 rows within .005 standard deviations of each other among 200."""
    d, n = int(rng.integers(2, 5)), int(rng.integers(6, 13))
    X = rng.normal(size=(200, d))
    X[:n] = X[0] + 2e-3 * rng.normal(size=(n, d))
    return X


def far_income(rng: np.random.Generator) -> Table:
    """One income of 666,666 among 2,200."""
    X = rng.normal([40_000.0, 50.0], [9_000.0, 10.0], (2200, 2)).round()
    X[0, 0] = 666_666.0
    return X


def refunds(rng: np.random.Generator) -> Table:
    """Log-normal amounts, five of them negative."""
    X = np.column_stack([rng.lognormal(3.0, 1.0, 1000), rng.normal(size=1000)])
    X[:5, 0] *= -1.0
    return X


def numbered(rng: np.random.Generator) -> Table:
    """A shuffled running number."""
    return np.column_stack([rng.permutation(np.arange(400.0)), rng.normal(size=(400, 2))])


def score(rng: np.random.Generator) -> Table:
    """100 R + 10 F + M beside R, F and M."""
    X = rng.integers(1, 6, (600, 3)).astype(float)
    return np.column_stack([X, X @ [100.0, 10.0, 1.0], rng.normal(size=600)])


def nearly_collinear(rng: np.random.Generator) -> Table:
    """Two columns of correlation .998."""
    x = rng.normal(size=300)
    y = 0.998 * x + np.sqrt(1.0 - 0.998**2) * rng.normal(size=300)
    return np.column_stack([x, y, rng.normal(size=300)])


def log_normal(sigma: float) -> Callable[[np.random.Generator], Table]:
    """Two log-normal segments, 4 sigma apart on the log scale."""

    def table(rng: np.random.Generator) -> Table:
        z = rng.random(500) < 0.6
        return np.exp(rng.normal(np.where(z, 0.0, 4.0 * sigma)[:, None], sigma, (500, 2)))

    return table


PLANTED = {
    "missing_code": [coded],
    "near_copies": [near_copies],
    "outliers": [far_income],
    "skewed": [refunds],
    "identifier": [numbered],
    "collinear": [score],
    "nearly_collinear": [nearly_collinear],
    "skewed_segments": [log_normal(0.3), log_normal(0.5), log_normal(0.8)],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    alarms: Counter[str] = Counter()
    for _ in range(options.tables):
        alarms.update({finding.code for finding in check_table(clean(rng))})
    print(f"found in {options.tables} clean tables")
    for kind, n in alarms.most_common():
        print(f"  {kind:<18} {n / options.tables:6.1%}")
    print("found where planted, of 50 tables each")
    for kind, makers in PLANTED.items():
        for make in makers:
            kinds = [{f.code for f in check_table(make(rng))} for _ in range(50)]
            found = np.mean([kind in of_table for of_table in kinds])
            either = np.mean([bool(of_table & {kind, "skewed"}) for of_table in kinds])
            more = f" (or skewed: {either:.0%})" if kind == "skewed_segments" else ""
            print(f"  {kind:<18} {found:6.0%}{more}")
    X = rng.normal(size=(10**6, 6)) + rng.normal(0.0, 3.0, (4, 6))[rng.integers(0, 4, 10**6)]
    for name, table in (("with all decimals", X), ("rounded", X.round(1))):
        times = []
        for _ in range(3):
            start = time.perf_counter()
            check_table(table)
            times.append(time.perf_counter() - start)
        print(f"10^6 x 6 {name}: {min(times):.2f} s")


if __name__ == "__main__":
    main()
