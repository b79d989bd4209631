"""Which shapes of segments the check flags, how often it flags Gaussian ones, and what it costs.

    python benchmarks/shape_check.py [--tables 200] [--shaped 20] [--posteriors 0]

Gaussian tables vary in rows (60 to 3,000), features (1 to 12), segments (1 to 6), correlations,
overlap, missing cells, rounding and row weights, and are fitted with the true number of segments.
At most 5 % may be flagged. Of tables with two clear segments of one shape, most are to be flagged.
With ``--posteriors`` so many of each are sampled, and the posterior is checked as well.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from bayes_gmm import BayesGMM
from bayes_gmm.results.shape.check import check_mixture

Array = np.ndarray[Any, np.dtype[np.float64]]
Shape = Callable[[np.random.Generator, tuple[int, int]], Array]

SHAPES: dict[str, Shape] = {
    "lognormal(.8)": lambda rng, size: rng.lognormal(0.0, 0.8, size),
    "t(4)": lambda rng, size: rng.standard_t(4, size),
    "multivariate t(4)": lambda rng, size: (
        rng.standard_normal(size) / np.sqrt(rng.chisquare(4, (size[0], 1)) / 4)
    ),
    "uniform": lambda rng, size: rng.uniform(-1.7, 1.7, size),
    "two peaks": lambda rng, size: (
        rng.standard_normal(size) + np.where(rng.random((size[0], 1)) < 0.5, 2.0, -2.0)
    ),
    "banana": lambda rng, size: _banana(rng.standard_normal(size)),
}


def _banana(x: Array) -> Array:
    x[:, -1] = 0.4 * x[:, -1] + 0.6 * (x[:, 0] ** 2 - 1.0)
    return x


def shaped_table(shape: str, n: int, d: int, seed: int) -> Array:
    """Two clear segments of n rows each, of one shape, the second rotated and scaled."""
    rng = np.random.default_rng([seed, n, d])
    first, second = SHAPES[shape](rng, (n, d)), SHAPES[shape](rng, (n, d))
    return np.concatenate([first, 1.5 * second + 25.0])


def gaussian_table(seed: int) -> tuple[Array, int, Array | None, dict[str, Any]]:
    """A table of Gaussian segments, their number, row weights, and what the table is like."""
    rng = np.random.default_rng([11, seed])
    d, K = int(rng.integers(1, 13)), int(rng.integers(1, 7))
    n = int(np.exp(rng.uniform(np.log(max(60, 10 * d * K)), np.log(3000))))
    apart = float(rng.choice([1.5, 2.5, 4.0, 8.0]))
    w = rng.dirichlet(np.full(K, 5.0))
    z = rng.choice(K, size=n, p=w)
    means = apart * rng.standard_normal((K, d)) / (d**0.25)
    roots = [_root(rng, d) for _ in range(K)]
    X = np.stack([means[k] + roots[k] @ rng.standard_normal(d) for k in z])
    missing = float(rng.choice([0.0, 0.0, 0.05, 0.3])) if d > 1 else 0.0
    step = float(rng.choice([0.0, 0.0, 0.1, 1.0]))
    if step:
        X = np.round(X / step) * step
    X[rng.random(X.shape) < missing] = np.nan
    weights: Array | None = None
    kind = str(rng.choice(["none", "none", "counts", "survey"]))
    if kind == "counts" and step:
        X, counts = np.unique(X, axis=0, return_counts=True)
        weights = counts.astype(float)
    elif kind == "counts":
        weights = rng.integers(1, 4, n).astype(float)
    elif kind == "survey":
        weights = rng.gamma(2.0, 0.5, n)
    about = {"n": n, "d": d, "K": K, "apart": apart, "missing": missing, "step": step,
             "weights": kind}  # fmt: skip
    return X, K, weights, about


def _root(rng: np.random.Generator, d: int) -> Array:
    """A Cholesky factor with correlations of any strength."""
    A = rng.standard_normal((d, d)) * rng.uniform(0.0, 1.0) + np.eye(d)
    return np.linalg.cholesky(A @ A.T) / np.sqrt(d)


def main() -> None:
    """Print how often what is flagged, and what the check costs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", type=int, default=200, help="Gaussian tables")
    parser.add_argument("--shaped", type=int, default=20, help="tables of each shape and size")
    parser.add_argument("--posteriors", type=int, default=0, help="of each kind, sampled as well")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    print_gaussian(options.tables, options.posteriors)
    for n in (60, 100, 200, 500):
        print_shaped(n, options.shaped, options.posteriors if n == 200 else 0)
    print_costs()


def print_gaussian(n_tables: int, n_posteriors: int) -> None:
    """False alarms, by what the flagged tables are like."""
    flagged, of_posteriors, seen = [], 0, Counter[str]()
    for seed in range(n_tables):
        X, K, weights, about = gaussian_table(seed)
        model = BayesGMM(K, random_state=0).fit(X, sample_weight=weights)
        found = model.shape_check_
        seen.update(_traits(about))
        if found.flagged:
            flagged.append(about)
            print(f"  flagged: {about}")
            for diagnostic in found.diagnostics:
                print(f"    {diagnostic}")
        if seed < n_posteriors:
            posterior = model.sample_posterior(draws=250, progress=False)
            of_posteriors += bool(posterior.check().flagged)
    print(f"Gaussian: flagged {len(flagged)} of {n_tables} ({len(flagged) / n_tables:.1%})")
    wrong = Counter(trait for about in flagged for trait in _traits(about))
    print("  " + ", ".join(f"{trait} {wrong[trait]}/{seen[trait]}" for trait in sorted(seen)))
    if n_posteriors:
        print(f"  posteriors: flagged {of_posteriors} of {min(n_posteriors, n_tables)}")


def _traits(about: dict[str, Any]) -> list[str]:
    return [f"{name}={about[name]:g}" for name in ("K", "apart", "missing", "step")] + [
        f"weights={about['weights']}"
    ]


def print_shaped(n: int, n_tables: int, n_posteriors: int) -> None:
    """How often each shape is flagged, in 1, 2 and 5 features."""
    for shape in SHAPES:
        counts = []
        for d in (1, 2, 5):
            if shape == "banana" and d == 1:
                continue
            hits = both = posteriors = 0
            for seed in range(n_tables):
                X = shaped_table(shape, n, d, seed)
                model = BayesGMM(2, random_state=0).fit(X)
                hits += bool(model.shape_check_.flagged)
                both += len(model.shape_check_.flagged) == 2
                if seed < n_posteriors and d == 2:
                    posterior = model.sample_posterior(draws=250, progress=False)
                    posteriors += bool(posterior.check().flagged)
            more = f", posterior {posteriors}/{n_posteriors}" if n_posteriors and d == 2 else ""
            counts.append(f"d={d}: {hits} (both segments {both}){more}")
        print(f"{shape}, {n} rows a segment, of {n_tables}: {'; '.join(counts)}", flush=True)


def print_costs() -> None:
    """Time of the check beside that of the fit it follows."""
    print("     rows   d   K      fit    check")
    for n, d, K in ((200, 2, 2), (1000, 3, 3), (5000, 5, 4), (5000, 10, 6), (5000, 30, 3),
                    (100_000, 4, 4), (1_000_000, 4, 4)):  # fmt: skip
        rng = np.random.default_rng(0)
        X = rng.normal(0, 6, (K, d))[rng.integers(K, size=n)] + rng.normal(size=(n, d))
        model = BayesGMM(K, random_state=0)
        start = time.perf_counter()
        model.fit(X)
        took = time.perf_counter() - start
        start = time.perf_counter()
        check_mixture(
            model.map_fit_.mixture, model.map_fit_.standardizer, model._fitted.table, None
        )
        check = time.perf_counter() - start
        print(f"{n:9} {d:3} {K:3} {took - check:7.3f} s {check:7.3f} s", flush=True)


if __name__ == "__main__":
    main()
