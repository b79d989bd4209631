"""Time until each package has reached the best known optimum of a table, side by side.

    python benchmarks/time_to_target.py [--out FOLDER] [--tables 5 5 3 3] [--gmmx PYTHON]
        [--pomegranate PYTHON] [--growth]

Two optima count. *Posterior*: the best known optimum of our default log-posterior. A start of
another package reaches it if EM and Newton's method of ours, not timed, climb from its parameters
to within 1 nat, so that it does not suffer from ignoring our prior. *Likelihood*: the best known
log-likelihood. We maximise it with `Prior.flat` and ``resolution=None``; of the other packages the
first start that reached the posterior continues with EM until it has converged, and the parameters
are evaluated as they are.
At 200 rows the likelihood has no proper maximum, and the posterior alone counts.

Our time is that of a whole `BayesGMM.fit`, which stops by itself. Other packages make one start
after the other with their defaults until one has reached the optimum, which a user without that
optimum could not do, or until 20 times our time is over. `BayesGMM(n_init=1)` is measured in the
same way as they are, checks of the table and of the fit included. All have compiled their code
before, and have two threads; the start of R and all imports are excluded. scikit-learn has one BLAS
thread where that is faster. mclust comes from Rscript, gmmx and pomegranate from a Python of their
own.
The folder receives time_to_target.json, .md and .svg.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from growth import growth, passes, processes
from machine import description
from peers import LateError, Peer, Start, Worker, peers_of, worker
from tables import simulated
from target import Judge, log_likelihood
from target_report import write

import bayes_gmm as bg

SIZES = ((200, 2, 5), (10_000, 5, 5), (100_000, 4, 8), (200_000, 10, 10))
SWEEP, MOST = (10_000, 5, 5), 8
WITHIN = 1.0
"""Nats."""
GIVEN_UP, AT_LEAST = 20.0, 5.0
"""Multiples of our time after which a peer stops, and before which it does not."""
PATIENCE = 300.0
"""Seconds for imports and compilation, and at the least for EM that continues."""
ROUNDS = 3
SINGLE = 10
"""Fits with one start."""
ONE_START = "bayes_gmm, n_init=1"


@dataclass
class Outcome:
    """One package on one table, for one kind of optimum.

    Attributes
    ----------
    seconds : float or None
        Until the optimum was reached.
    spent : float
        Seconds of all starts.
    starts, hits : int
        Starts, and how many of them reached the optimum; only the best continue to the likelihood.
    per_start : float or None
        Median seconds of a start that ended.
    short : float or None
        Nats by which the best start missed it.
    """

    seconds: float | None
    spent: float
    starts: int
    hits: int
    per_start: float | None
    short: float | None


@dataclass
class Table:
    """A table and what happened there."""

    seed: int
    posterior: dict[str, Outcome] = field(default_factory=dict)
    likelihood: dict[str, Outcome] = field(default_factory=dict)


def main() -> None:
    """Measure, and write JSON, Markdown and a plot."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path())
    parser.add_argument("--tables", type=int, nargs=len(SIZES), default=[5, 5, 3, 3])
    parser.add_argument("--sweeps", type=int, default=2, help="tables for K = 1 ... 8")
    parser.add_argument("--gmmx", help="a Python with gmmx")
    parser.add_argument("--pomegranate", help="a Python with pomegranate")
    parser.add_argument("--growth", action="store_true", help="also growth in rows, d and K")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    peers = peers_of(options.gmmx, options.pomegranate)
    versions: dict[str, str] = {}
    bg.compare(simulated(300, 2, 2), [1, 2], criteria=("bic",), progress=False)
    found: dict[str, Any] = {"machine": description(), "versions": versions, "sizes": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for (n, d, K), n_tables in zip(SIZES, options.tables, strict=True):
            tables = [measured(n, d, K, s, peers, folder, versions) for s in range(n_tables)]
            found["sizes"].append({"size": [n, d, K], "tables": [asdict(t) for t in tables]})
            write(found, options.out)
        found["passes"] = passes(SIZES)
        found["sweeps"] = [sweep(s, peers, folder) for s in range(options.sweeps)]
        write(found, options.out)
        if options.growth:
            found["growth"] = growth()
            write(found, options.out)
        found["processes"] = processes(folder, SIZES)
    write(found, options.out)


def measured(
    n: int, d: int, K: int, seed: int, peers: tuple[Peer, ...], folder: Path,
    versions: dict[str, str],
) -> Table:  # fmt: skip
    """All packages on one table."""
    X = simulated(n, d, K, seed)
    judge, table = Judge.of(X, K), Table(seed)
    ours = runs_of_ours(lambda s: bg.BayesGMM(K, random_state=s).fit(X))
    single = runs_of_ours(lambda s: bg.BayesGMM(K, random_state=s, n_init=1).fit(X), SINGLE)
    flat_prior = {"prior": bg.Prior.flat(), "resolution": None}
    flat = runs_of_ours(lambda s: bg.BayesGMM(K, random_state=s, **flat_prior).fit(X))
    one_flat = runs_of_ours(
        lambda s: bg.BayesGMM(K, random_state=s, n_init=1, **flat_prior).fit(X), SINGLE
    )
    flat, one_flat = (flat, one_flat) if n > SIZES[0][0] else ([], [])
    target = max(run.log_posterior for run in (*ours, *single))
    peak = max((run.log_likelihood for run in flat), default=np.inf)
    budget = max(median_seconds(ours), median_seconds(flat))
    starts = {
        peer.name: starts_of(peer, X, K, judge, (target, peak), budget, folder, versions)
        for peer in peers
    }
    starts = {name: made for name, made in starts.items() if made}
    ours += runs_of_ours(lambda s: bg.BayesGMM(K, random_state=s + ROUNDS).fit(X))
    known = {"bayes_gmm": ours, ONE_START: single, **starts}
    table.posterior = outcomes(known, "log_posterior", GIVEN_UP * median_seconds(ours))
    if flat:
        known = {"bayes_gmm": flat, ONE_START: one_flat, **starts}
        table.likelihood = outcomes(known, "log_likelihood", GIVEN_UP * median_seconds(flat))
    for kind, by_package in (("posterior", table.posterior), ("likelihood", table.likelihood)):
        log(f"{n} x {d}, K={K}, table {seed}, {kind}", by_package)
    return table


def runs_of_ours(fit: Callable[[int], bg.BayesGMM], rounds: int = ROUNDS) -> list[Start]:
    """Whole fits with several seeds, after one that is not timed."""
    fit(0)
    runs = []
    for seed in range(rounds):
        begin = time.perf_counter()
        model = fit(seed)
        seconds = time.perf_counter() - begin
        highest = max(mode.log_posterior for mode in model.map_fit_.modes)
        runs.append(Start(seconds, 0.0, highest, model.log_likelihood_))
    return runs


def median_seconds(runs: list[Start]) -> float:
    return statistics.median([run.seconds for run in runs]) if runs else 0.0


def starts_of(
    peer: Peer, X: np.ndarray, K: int, judge: Judge, targets: tuple[float, float],
    budget: float, folder: Path, versions: dict[str, str],
) -> list[Start]:  # fmt: skip
    """Starts of a peer until it has reached both targets, or given up; none if it is not ready."""
    starts: list[Start] = []
    spent, ready = 0.0, False
    try:
        with worker(peer, X, K, folder, PATIENCE) as running:
            versions[peer.name] = running.version
            ready = True
            for seed in itertools.count():
                seconds, numbers = running.ask(f"start {seed}", GIVEN_UP * budget - spent + 1.0)
                spent += seconds
                start = Start(seconds)
                if (parameters := running.parameters(numbers, K)) is not None:
                    start = replace(start, log_posterior=judge.climbed(*parameters, targets[0]))
                starts.append(start)
                if start.log_posterior > targets[0] - WITHIN and not reached(starts, targets)[1]:
                    starts[-1] = continued(start, running, X, K, GIVEN_UP * budget)
                if spent > (AT_LEAST if all(reached(starts, targets)) else GIVEN_UP) * budget:
                    break
    except LateError:
        left = GIVEN_UP * budget - spent
        if not ready:
            print(f"not measured: {peer.name} was not ready in {PATIENCE} s", file=sys.stderr)
        elif not starts or left > 0.0:  # the start or its continuation that did not end
            starts.append(Start(max(left, 0.0), finished=False))
    return starts


def reached(starts: list[Start], targets: tuple[float, float]) -> tuple[bool, bool]:
    """Whether a start is within a nat of the best posterior, and of the best likelihood."""
    posterior = max(start.log_posterior for start in starts)
    likelihood = max(start.log_likelihood for start in starts)
    return posterior > targets[0] - WITHIN, likelihood > targets[1] - WITHIN or np.isinf(targets[1])


def continued(start: Start, running: Worker, X: np.ndarray, K: int, limit: float) -> Start:
    """The start with the likelihood after EM has converged, which takes as long as it takes."""
    more, numbers = running.ask("continue", max(limit, PATIENCE))
    if (parameters := running.parameters(numbers, K)) is None:
        return start
    return replace(start, more_seconds=more, log_likelihood=log_likelihood(X, *parameters))


def outcomes(known: dict[str, list[Start]], kind: str, limit: float) -> dict[str, Outcome]:
    """When each package reached the best optimum that any of them has found."""
    best = max(getattr(start, kind) for starts in known.values() for start in starts)
    found = {}
    for package, starts in known.items():
        heights = np.array([getattr(start, kind) for start in starts])
        hit = heights > best - WITHIN
        times = np.array([start.seconds for start in starts])
        if package == "bayes_gmm":
            # Each run is a whole fit with another seed: the expected time of repetitions.
            seconds = float(np.median(times) / hit.mean()) if hit.any() else None
        else:
            more = [start.more_seconds if kind == "log_likelihood" else 0.0 for start in starts]
            until = np.cumsum(times) + more
            seconds = float(until[hit.argmax()]) if hit.any() else None
            if seconds is not None and seconds > limit:
                seconds = None
        ended = [start.seconds for start in starts if start.finished]
        short = float(best - heights.max())
        found[package] = Outcome(
            seconds, float(times.sum()), len(ended), int(hit.sum()),
            statistics.median(ended) if ended else None, short if np.isfinite(short) else None,
        )  # fmt: skip
    return found


# K = 1 ... 8


def sweep(seed: int, peers: tuple[Peer, ...], folder: Path) -> dict[str, Any]:
    """`compare` by BIC against loops of scikit-learn and `Mclust(G = 1:8)`."""
    X, Ks = simulated(*SWEEP, seed), range(1, MOST + 1)
    times, in_turn, heights = [], [], np.full(MOST, -np.inf)
    for s in range(ROUNDS):
        begin = time.perf_counter()
        comparison = bg.compare(X, Ks, criteria=("bic",), random_state=s, progress=False)
        times.append(time.perf_counter() - begin)
        values = [c.values["log_posterior"] for c in comparison.candidates]
        in_turn.append(np.array(values))
        heights = np.maximum(heights, values)
    budget = statistics.median(times)
    judges = [Judge.of(X, K) for K in Ks]
    by_peer = {}
    for peer in peers:
        run = sweep_in_r if peer.name == "mclust" else sweep_in_python
        if peer.name in ("scikit-learn", "mclust"):
            by_peer[peer.name] = run(peer, X, judges, heights, budget, folder)
    best = np.max([heights, *(r["best"] for r in by_peer.values())], axis=0)
    packages = {
        "bayes_gmm": {"seconds": budget, "reached": (in_turn[0] > best - WITHIN).tolist()},
        **{
            name: r | {"reached": (np.array(r.pop("best")) > best - WITHIN).tolist()}
            for name, r in by_peer.items()
        },
    }
    log(f"K = 1 ... {MOST}, table {seed}", packages)
    return packages


def sweep_in_python(
    peer: Peer, X: np.ndarray, judges: list[Judge], targets: np.ndarray, budget: float, folder: Path
) -> dict[str, Any]:
    """Starts at every K until it has reached the optimum, or its part of the time is over."""
    best, used, first = np.full(MOST, -np.inf), np.zeros(MOST), np.zeros(MOST)
    for i, judge in enumerate(judges):
        with worker(peer, X, i + 1, folder, PATIENCE) as running:
            for seed in itertools.count():
                left = GIVEN_UP * budget / MOST - used[i]
                try:
                    seconds, numbers = running.ask(f"start {seed}", left + 1.0)
                except LateError:
                    used[i] += max(left, 0.0)
                    break
                used[i] += seconds
                first[i] = first[i] or seconds
                if (parameters := running.parameters(numbers, i + 1)) is not None:
                    best[i] = max(best[i], judge.climbed(*parameters, targets[i]))
                if best[i] > targets[i] - WITHIN or used[i] > GIVEN_UP * budget / MOST:
                    break
    return {"seconds": float(used.sum()), "once": float(first.sum()), "best": best.tolist()}


def sweep_in_r(
    peer: Peer, X: np.ndarray, judges: list[Judge], targets: np.ndarray, budget: float, folder: Path
) -> dict[str, Any]:
    """Calls of mclust with G = 1:8 until every K has reached the optimum."""
    best, used, once, models = np.full(MOST, -np.inf), 0.0, None, None
    with worker(peer, X, MOST, folder, PATIENCE) as running:
        try:
            models = running.ask("models 0", PATIENCE)[0]
            for seed in itertools.count():
                seconds, numbers = running.ask(f"sweep {seed}", GIVEN_UP * budget - used + 5.0)
                used += seconds
                once = once or seconds
                sizes = [K * (1 + X.shape[1] + X.shape[1] ** 2) for K in range(1, MOST + 1)]
                parts = np.split(numbers, np.cumsum(sizes)[:-1])
                for i, part in enumerate(parts):
                    if (parameters := running.parameters(part, i + 1)) is not None:
                        best[i] = max(best[i], judges[i].climbed(*parameters, targets[i]))
                if np.all(best > targets - WITHIN) or used > GIVEN_UP * budget:
                    break
        except LateError:
            used = max(used, GIVEN_UP * budget)
    return {"seconds": used, "once": once, "all models": models, "best": best.tolist()}


def log(title: str, values: dict[str, Any]) -> None:
    """Progress on stderr."""
    print(title, file=sys.stderr)
    for package, value in values.items():
        shown = asdict(value) if isinstance(value, Outcome) else value
        print(f"    {package:22} {json.dumps(shown)}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
