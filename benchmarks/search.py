"""Whether the search finds parallel groups, small tight groups, and one optimum in both calls.

    python benchmarks/search.py discounts [--tables 24] [--files FILE ...]
    python benchmarks/search.py planted [--seeds 5]
    python benchmarks/search.py agreement FOLDER [FOLDER ...] [--most 6]
    python benchmarks/search.py time [--rounds 5]

`discounts`: three thin parallel groups, 600 rows and fewer; `fit` and `compare` must find them at
K = 3, and `compare` must choose 3. `planted`: 3 to 12 rows in a ball, on a line or in a plane among
60 to 500. The mode is the one that EM and Newton's method reach from those rows themselves; it must
be found from every seed where it holds more than 30 % of the mass by Laplace's approximation.
`agreement`: the optimum of the largest rough mass in `fit` and in `compare`, over all CSV files
below some folders.
`time`: medians of processor time, to be compared between two versions of the package run side by
side. Each exits with 1 if its target is missed.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import adjusted_rand_score
from tables import simulated

import bayes_gmm as bg
from bayes_gmm.data.feature_matrix import feature_matrix
from bayes_gmm.inference.modes.deduplicate import distinct
from bayes_gmm.inference.modes.laplace_evidence import laplace_log_evidence
from bayes_gmm.inference.modes.multistart import search
from bayes_gmm.inference.modes.row_sample import Sample, responsibilities
from bayes_gmm.inference.modes.settings import ModeSettings
from bayes_gmm.inference.optimize.em import run_em
from bayes_gmm.inference.optimize.newton import polish
from bayes_gmm.inference.optimize.run import Run
from bayes_gmm.model.density import Density
from bayes_gmm.model.table_density import density_of_table

FOUND = 34
"""Planted groups that must be found, of 39."""
COUNTS = 0.3
"""Share of the mass above which a mode must be found from every seed."""
SAME = 0.1
"""Nats by which optima of `fit` and `compare` may differ."""
GOOD_ARI = 0.98


def main() -> int:
    """Run a subcommand."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True)
    for command, options in (
        (discounts, {"--tables": 24}),
        (planted, {"--seeds": 5}),
        (agreement, {"--most": 6}),
        (times, {"--rounds": 5}),
    ):
        name = "time" if command is times else command.__name__
        sub = commands.add_parser(name)
        for option, default in options.items():
            sub.add_argument(option, type=int, default=default)
        if command is agreement:
            sub.add_argument("folders", type=Path, nargs="+")
        if command is discounts:
            sub.add_argument("--files", type=Path, nargs="*", default=[])
        sub.set_defaults(command=command)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    return 0 if options.command(options) else 1


# Parallel groups


def discount_table(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Log list price and log price paid, after a discount of 0, 7 or 14 %, and which it was."""
    rng = np.random.default_rng(seed)
    n_rows = (600, 400, 300)[seed % 3]
    labels = rng.choice(3, size=n_rows, p=[0.4, 0.3, 0.3])
    log_list = rng.normal(8.0, 0.5, size=n_rows)
    discount = np.log1p(-np.array([0.0, 0.07, 0.14]))[labels]
    log_paid = log_list + discount + rng.normal(0.0, 0.01, size=n_rows)
    return np.column_stack([log_list, log_paid]).round(4), labels


def discounts(options: argparse.Namespace) -> bool:
    """Tables where all is right."""
    tables = [(str(i), *discount_table(i)) for i in range(options.tables)]
    for path in options.files:
        X = pd.read_csv(path).to_numpy()
        discount = np.log1p(-np.array([0.0, 0.07, 0.14]))
        tables.append((path.name, X, np.abs(X[:, [1]] - X[:, [0]] - discount).argmin(axis=1)))
    right = {"fit": 0, "compare": 0}
    for i, (name, X, labels) in enumerate(tables):
        model = bg.BayesGMM(3, random_state=i).fit(X)
        comparison = bg.compare(
            X, range(1, 6), criteria=("bic", "laplace"), random_state=i, progress=False
        )
        K = comparison.best["laplace"].n_components
        third = next(c for c in comparison.candidates if c.n_components == 3).fit
        ari = [adjusted_rand_score(labels, fit.predict(X)) for fit in (model, third)]
        right["fit"] += ari[0] >= GOOD_ARI
        right["compare"] += K == 3 and ari[1] >= GOOD_ARI
        print(
            f"{name:>22} {len(X)} rows  fit {model.log_likelihood_:8.1f} ARI {ari[0]:.3f}   "
            f"compare {third.log_likelihood:8.1f} ARI {ari[1]:.3f}  K by evidence {K}",
            flush=True,
        )
    print(f"right of {len(tables)}: fit {right['fit']}, compare {right['compare']}")
    return min(right.values()) == len(tables)


# Small tight groups


@dataclass(frozen=True)
class Planted:
    """A table with a small tight group, which is its first `n_group` rows."""

    name: str
    X: np.ndarray
    n_group: int
    n_components: int = 2
    weights: np.ndarray | None = None

    @property
    def labels(self) -> np.ndarray:
        """The group last; of three components, the others are the halves of the table."""
        labels = np.zeros(len(self.X), dtype=np.int64)
        if self.n_components == 3:
            labels[len(self.X) // 2 :] = 1
        labels[: self.n_group] = self.n_components - 1
        return labels


def planted_tables(number: int) -> Iterator[Planted]:
    """Thirteen tables: lines, balls and a plane."""
    rng = np.random.default_rng(100 + number)

    def background(n_rows: int, d: int, K: int) -> np.ndarray:
        X = rng.normal(size=(n_rows, d))
        if K == 3:
            X[n_rows // 2 :] += 5.0
        return X

    def line(
        name: str, n_rows: int, m: int, d: int, sd: float, K: int = 2, w: float = 1.0
    ) -> Planted:
        X = background(n_rows, d, K)
        direction = rng.normal(size=d)
        direction /= np.linalg.norm(direction)
        middle = 0.3 * rng.normal(size=d)
        along = np.outer(np.linspace(-1.2, 1.2, m), direction)
        X[:m] = middle + along + sd * rng.normal(size=(m, d))
        return Planted(name, X, m, K, _weights(n_rows, m, w))

    def ball(
        name: str, n_rows: int, m: int, d: int, sd: float, K: int = 2, w: float = 1.0
    ) -> Planted:
        X = background(n_rows, d, K)
        X[:m] = 0.3 * rng.normal(size=d) + sd * rng.normal(size=(m, d))
        return Planted(name, X, m, K, _weights(n_rows, m, w))

    yield line("line of 7, 60 x 2", 60, 7, 2, 1e-3)
    yield line("thinner line of 7, 60 x 2", 60, 7, 2, 3e-4)
    yield line("line of 8, 60 x 3", 60, 8, 3, 1e-3)
    yield line("line of 9, 200 x 2", 200, 9, 2, 1e-3)
    yield line("line of 9, 200 x 3, K=3", 200, 9, 3, 1e-3, K=3)
    yield line("line of 10, 500 x 2", 500, 10, 2, 1e-3)
    yield line("line of 10, 200 x 5", 200, 10, 5, 1e-3)
    yield line("line of 5 of weight 3, 60 x 2", 60, 5, 2, 1e-3, w=3.0)
    yield ball("ball of 6, 60 x 2", 60, 6, 2, 0.005)
    yield ball("ball of 6, 200 x 3", 200, 6, 3, 0.01)
    yield ball("ball of 7, 500 x 4, K=3", 500, 7, 4, 0.01, K=3)
    yield ball("ball of 3 of weight 4, 200 x 2", 200, 3, 2, 0.005, w=4.0)
    X = rng.normal(size=(200, 3))
    X[:12, 2] = 0.5 * X[:12, 0] - 0.3 * X[:12, 1] + 1e-3 * rng.normal(size=12)
    yield Planted("plane of 12, 200 x 3", X, 12)


def _weights(n_rows: int, m: int, w: float) -> np.ndarray | None:
    if w == 1.0:
        return None
    weights = np.ones(n_rows)
    weights[:m] = w
    return weights


def planted(options: argparse.Namespace) -> bool:
    """Whether enough modes are found, and all that hold mass."""
    found, missed, cases = 0, 0, 0
    for number in range(3):
        for table in planted_tables(number):
            density, sample, known = _problem(table)
            hits, shares, elapsed = [], [], []
            for seed in range(options.seeds):
                start = time.perf_counter()
                model = bg.BayesGMM(table.n_components, random_state=seed)
                model.fit(table.X, sample_weight=table.weights)
                elapsed.append(time.perf_counter() - start)
                same = [_same(density, mode, known) for mode in model._fitted.found]
                hits.append(any(same) or _found(density, sample, seed, known))
                rivals = [
                    mode.log_evidence
                    for mode, is_known in zip(model._fitted.found, same, strict=True)
                    if not is_known
                ]
                shares.append(_share(known, rivals))
            n_hits, share = sum(hits), max(shares)
            cases += 1
            found += n_hits == options.seeds
            missed += share > COUNTS and n_hits < options.seeds
            mark = "" if n_hits == options.seeds else "  MISSED" if share > COUNTS else "  missed"
            print(
                f"{number} {table.name:32} mass {share:6.1%}  found {n_hits} of {options.seeds}  "
                f"{statistics.median(elapsed):.2f} s{mark}",
                flush=True,
            )
    print(f"found from every seed: {found} of {cases}; missed although they hold mass: {missed}")
    return found >= FOUND and missed == 0


def _problem(table: Planted) -> tuple[Density, Sample, Run]:
    """The density on a sample of all rows, and the optimum that the planted rows lead to."""
    density, units = density_of_table(
        feature_matrix(table.X), table.n_components, structure=bg.Structure(), prior=bg.Prior(),
        weights=table.weights,
    )  # fmt: skip
    Z = units.apply(table.X)
    sample = Sample.of(Z, table.weights)
    density = density.on(sample.rows)
    return density, sample, _climb_from(density, Z, table)


def _found(density: Density, sample: Sample, seed: int, known: Run) -> bool:
    """Whether one of the search's optima, once it is climbed to, is the known mode."""
    runs = search(density, sample, np.random.default_rng(seed))
    near = [run for run in runs if run.log_posterior > known.log_posterior - ModeSettings.window]
    return any(_is_found(density, sample, polish(density, run.theta), known) for run in near)


def _is_found(density: Density, sample: Sample, run: Run, known: Run) -> bool:
    """Whether an optimum is the known mode, or one at least as high with its group.

    The group of the known mode is its thinnest component; that of the run has three in four of its
    rows, and at most twice as many.
    """
    if run.log_posterior < known.log_posterior - 0.5:
        return False
    own, other = (
        responsibilities(density, sample, density.layout.point(theta)) * sample.weights[:, None]
        for theta in (known.theta, run.theta)
    )
    point = density.layout.point(known.theta)
    thin = np.linalg.eigvalsh(point.scale_trils @ point.scale_trils.mT)[:, 0].argmin()
    rows = own[:, thin]
    shared = (rows / sample.weights) @ other
    return bool(np.any((shared > 0.75 * rows.sum()) & (other.sum(axis=0) < 2.0 * rows.sum())))


def _climb_from(density: Density, Z: np.ndarray, table: Planted) -> Run:
    """The optimum that the planted rows themselves lead to."""
    weights = np.ones(len(Z)) if table.weights is None else table.weights
    K, d = table.n_components, Z.shape[1]
    counts, means, scales = np.empty(K), np.empty((K, d)), np.empty((K, d))
    chols = np.empty((K, d, d))
    for k in range(K):
        own = table.labels == k
        counts[k] = weights[own].sum()
        means[k] = np.average(Z[own], axis=0, weights=weights[own])
        S = np.atleast_2d(np.cov(Z[own].T, aweights=weights[own], ddof=0)) + np.diag(density.rho2)
        S += 1e-7 * np.eye(d)
        scales[k] = np.sqrt(np.diag(S))
        chols[k] = np.linalg.cholesky(S / np.outer(scales[k], scales[k]))
    theta = density.layout.pack(counts / counts.sum(), means, scales.ravel(), chols)
    run = run_em(density, theta, max_iter=500, tolerance=1e-5)
    peak = polish(density, run.theta)
    return replace(peak, log_evidence=laplace_log_evidence(density, peak.theta))


def _same(density: Density, mode: Run, known: Run) -> bool:
    return len(distinct(density.layout, [mode, known], distance=0.05, height=0.01)) == 1


def _share(known: Run, rivals: list[float]) -> float:
    log_masses = np.array([known.log_evidence, *rivals])
    if not np.isfinite(known.log_evidence):
        return 0.0
    return float(1.0 / np.exp(log_masses[np.isfinite(log_masses)] - known.log_evidence).sum())


# One optimum


def agreement(options: argparse.Namespace) -> bool:
    """Whether `fit` and `compare` reach the same optimum everywhere."""
    agree, cases = 0, 0
    for path in sorted(p for folder in options.folders for p in folder.rglob("*.csv")):
        X = _numeric(path)
        if X is None:
            continue
        Ks = range(1, options.most + 1)
        comparison = bg.compare(X, Ks, criteria=("bic",), random_state=0, progress=False)
        for candidate in comparison.candidates:
            if candidate.fit is None:
                continue
            model = bg.BayesGMM(candidate.n_components, random_state=1).fit(X)
            ours = max(model._fitted.found, key=lambda mode: mode.rough_log_mass).log_posterior
            theirs = candidate.values["log_posterior"]
            cases += 1
            agree += abs(ours - theirs) <= SAME
            if abs(ours - theirs) > SAME:
                print(
                    f"{path.name:28} {X.shape[0]:5} x {X.shape[1]:<2} K={candidate.n_components}  "
                    f"fit {ours:12.3f}  compare {theirs:12.3f}  {ours - theirs:+9.3f}",
                    flush=True,
                )
    print(f"{agree} of {cases} agree within {SAME} nats")
    return agree == cases


def _numeric(path: Path) -> np.ndarray | None:
    """Numeric columns of more than ten values, or None where the file has none."""
    try:
        table = pd.read_csv(path)
    except (UnicodeDecodeError, pd.errors.ParserError):
        return None
    table = table.select_dtypes("number")
    table = table.loc[:, table.nunique() > 10].dropna(how="all")
    return table.to_numpy(dtype=np.float64) if len(table.columns) and len(table) > 20 else None


# Time


def times(options: argparse.Namespace) -> bool:
    """Median seconds of fits and comparisons."""
    planted_ones = {table.name: table for table in planted_tables(0)}
    work: dict[str, Callable[[int], object]] = {
        f"fit, {name}": lambda seed, t=planted_ones[name]: bg.BayesGMM(
            t.n_components, random_state=seed
        ).fit(t.X, sample_weight=t.weights)
        for name in (
            "line of 7, 60 x 2", "line of 9, 200 x 3, K=3", "line of 10, 500 x 2",
            "line of 10, 200 x 5", "ball of 7, 500 x 4, K=3",
        )
    }  # fmt: skip
    for n_rows, d, K in ((200, 2, 5), (900, 3, 4), (3_000, 3, 4), (10_000, 5, 5), (100_000, 4, 6)):
        X = simulated(n_rows, d, K)
        work[f"fit, {n_rows} x {d}, K={K}"] = lambda seed, X=X, K=K: bg.BayesGMM(
            K, random_state=seed
        ).fit(X)
    X = discount_table(0)[0]
    work["fit, discounts"] = lambda seed: bg.BayesGMM(3, random_state=seed).fit(X)
    for name, rows in (("300 x 2", simulated(300, 2, 3)), ("3000 x 3", simulated(3_000, 3, 4))):
        work[f"compare, K=1..6, {name}"] = lambda seed, rows=rows: bg.compare(
            rows, range(1, 7), criteria=("bic",), random_state=seed, progress=False
        )
    for name, one in work.items():
        one(0)
        elapsed = []
        for seed in range(options.rounds):
            start = time.process_time()
            one(seed)
            elapsed.append(time.process_time() - start)
        print(f"{name:36} {statistics.median(elapsed):8.3f} s", flush=True)
    return True


if __name__ == "__main__":
    sys.exit(main())
