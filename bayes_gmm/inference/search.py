"""Optima on a sample of the rows, from starts that go on for as long as they bring something new.

Short runs from every start, the best few to the end (Biernacki, Celeux & Govaert 2003), then
split-and-merge moves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import islice
from typing import Any

import numpy as np

from bayes_gmm.data.rows import Floats
from bayes_gmm.data.threads import at_once
from bayes_gmm.inference.closing import sound
from bayes_gmm.inference.distinct import distinct, grouped
from bayes_gmm.inference.em import EMRun, run_em
from bayes_gmm.inference.ladder import Start, diverse_starts
from bayes_gmm.inference.moves import improve
from bayes_gmm.inference.starts import Moments, Sample
from bayes_gmm.model.density import Density

FEW_ROWS = 1000
"""Rows up to which there are more starts: they cost little, and there are more optima."""
BATCH = 16
"""Starts between two looks at whether there have been enough."""
SURE, SEEN = 8, 3
"""Starts that have led to the highest optimum, and to each other that counts, when there have."""
COUNTS = 8.0
"""Nats below the highest within which an optimum counts."""
CLOSE = 0.3
"""Distance (see `distinct`) below which two runs are on the way to one optimum."""
UNFINISHED = 0.5
"""Nats that runs to one optimum may still differ by."""
SAME_HEIGHT = 1e-2
"""Nats by which two of them differ at most if they are taken for one."""
IMPROVED = 3
"""Optima that split-and-merge moves set out from."""


def search(
    density: Density,
    sample: Sample,
    rng: np.random.Generator,
    *,
    n_init: int | None = None,
    extra: Sequence[Moments] = (),
) -> list[EMRun]:
    """Optima on the sample, best first, nearly converged.

    Parameters
    ----------
    density : Density
        On the sample's rows.
    sample : Sample
    rng : Generator
    n_init : int, optional
        Starts. By default they go on until the highest optimum has been reached by `SURE` of them
        and every other that counts by `SEEN`, but not beyond `most_starts`.
    extra : sequence of Moments
        Starts of the caller's own.
    """
    layout = density.layout
    each = each_of(sample)
    thetas = [moments.theta(layout, density.prior) for moments in extra]
    given = each(partial(_long_run, density), each(partial(short_run, density), thetas))
    own, enough = _from_starts(density, sample, rng, n_init, each)
    runs: list[EMRun] = sound(density, [*given, *own])
    runs = distinct(layout, runs, distance=CLOSE, height=SAME_HEIGHT)
    stuck = runs[: 1 if enough else IMPROVED]
    better = each(partial(improve, density, sample), stuck)
    return distinct(layout, [*better, *runs], distance=CLOSE, height=SAME_HEIGHT)


def _from_starts(
    density: Density,
    sample: Sample,
    rng: np.random.Generator,
    n_init: int | None,
    each: Callable[..., list[Any]],
) -> tuple[list[EMRun], bool]:
    """Long runs from the best of the starts, and whether there were enough of them."""
    limit = n_init or most_starts(density.layout.n_components, sample.rows.n_rows)
    starts = diverse_starts(limit)
    short: list[EMRun] = []
    long: dict[EMRun, EMRun] = {}
    hits: dict[EMRun, int] = {}
    while batch := list(islice(starts, n_init or max(BATCH, len(short)))):
        seeds = rng.integers(2**63, size=len(batch))
        short += each(partial(from_start, density, sample), batch, seeds)
        # Copies of the highest would fill the list if they were left in it until the long runs.
        groups = grouped(density.layout, short, distance=CLOSE)[: max(10, limit // 3)]
        best = [next((run for run in group if run in long), group[0]) for group in groups]
        new = [run for run in best if run not in long]
        long.update(zip(new, each(partial(_long_run, density), new), strict=True))
        hits = {long[run]: len(group) for run, group in zip(best, groups, strict=True)}
        if n_init is None and _enough(density, hits):
            return list(hits), True
    return list(hits), False


def each_of(sample: Sample) -> Callable[..., list[Any]]:
    """``list(map(...))``, at once on all cores where rows are many enough for that to pay."""
    return at_once if sample.rows.n_rows > FEW_ROWS else in_turn


def in_turn[T](f: Callable[..., T], *arguments: Iterable[Any]) -> list[T]:
    """Steps on few rows are so short that threads would wait for Python most of the time."""
    return list(map(f, *arguments))


def most_starts(n_components: int, n_rows: int) -> int:
    """Starts at most where none are asked for: one is enough for one component."""
    if n_components == 1:
        return 1
    return min(32 * n_components - 16, 96) if n_rows <= FEW_ROWS else min(20 + 4 * n_components, 48)


def from_start(density: Density, sample: Sample, start: Start, seed: int) -> EMRun:
    """A short run from a start."""
    moments = start(density, sample, np.random.default_rng(seed))
    return short_run(density, moments.theta(density.layout, density.prior))


def short_run(density: Density, theta: Floats) -> EMRun:
    """A few steps, which tell good starts from bad ones."""
    return run_em(density, theta, max_iter=12, tolerance=0.05)


def _long_run(density: Density, run: EMRun) -> EMRun:
    return run_em(density, run.theta, max_iter=150, tolerance=1e-3)


def _enough(density: Density, hits: dict[EMRun, int]) -> bool:
    """Whether starts have led to each optimum that counts, and to the highest, often enough.

    The share of starts that lead where none has led yet is about that of those which led where no
    other did (Good 1953).

    Parameters
    ----------
    density : Density
    hits : dict of EMRun to int
        Starts that led to each run.
    """
    runs = sound(density, list(hits))
    optima = grouped(density.layout, runs, distance=CLOSE, height=UNFINISHED)
    best = optima[0][0].log_posterior
    for rank, optimum in enumerate(optima):
        if optimum[0].log_posterior < best - COUNTS:
            return True
        if sum(hits[run] for run in optimum) < (SURE if rank == 0 else SEEN):
            return False
    return True
