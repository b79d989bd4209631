"""Optima on a sample of the rows, from starts that go on for as long as they bring something new.

Short runs from every start, those with the best prospects to the end (Biernacki, Celeux & Govaert
2003), then split-and-merge moves. A fit searches once; `sweep` searches every cell of a grid in the
same way, with starts from the cell's neighbours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from bayes_gmm.data.rows import Floats
from bayes_gmm.inference.modes.deduplicate import distinct, grouped
from bayes_gmm.inference.modes.group_scan import group_starts
from bayes_gmm.inference.modes.guesses import Moments, Sample
from bayes_gmm.inference.modes.split_merge import Halves, halves_of, improve, splits
from bayes_gmm.inference.modes.starts import Start, diverse_starts
from bayes_gmm.inference.optimize.degeneracy import sound
from bayes_gmm.inference.optimize.em import EMRun, run_em
from bayes_gmm.jit.threads import at_once
from bayes_gmm.model.density import Density
from bayes_gmm.model.parameters import Layout


@dataclass(frozen=True)
class SearchSettings:
    """How long a search goes on.

    Attributes
    ----------
    few_rows : int
        Rows up to which there are more starts: they cost little, and there are more optima.
    batch : int
        Starts between two looks at whether there have been enough.
    sure, seen : int
        Starts that have led to the highest optimum, and to every other that counts, when there have
        been enough.
    counts : float
        Nats below the highest within which an optimum counts.
    close : float
        Distance (see `distinct`) below which two runs are on the way to one optimum.
    unfinished, same_height : float
        Nats by which runs to one optimum may still differ, and by which two differ at most that are
        taken for one.
    children, starts_below : int
        Splits of a mixture of one component less that are starts; and starts that look for that
        mixture where it is not known.
    improved : int
        Optima that split-and-merge moves set out from where there were not starts enough.
    short_steps, short_gain : int, float
        E-steps of a short run, and the nats left at which it ends.
    long_steps, long_gain : int, float
        The same of a long run.
    hopeless : float
        Nats below the best prospect at which a run is given up where rows are many, or where its
        start is given; as far below the highest mode, no mode is reported. Where rows are few, all
        of the search's own starts go on: those that lag lead to some of the highest optima.
    """

    few_rows: int = 1000
    batch: int = 16
    sure: int = 8
    seen: int = 3
    counts: float = 8.0
    close: float = 0.3
    unfinished: float = 0.5
    same_height: float = 1e-2
    children: int = 4
    starts_below: int = 8
    improved: int = 3
    short_steps: int = 12
    short_gain: float = 0.05
    long_steps: int = 150
    long_gain: float = 1e-3
    hopeless: float = 40.0


SETTINGS = SearchSettings()
"""Settings of every search."""


Each = Callable[..., list[Any]]
"""As `at_once`, perhaps on one core."""


class Below(NamedTuple):
    """An optimum with one component less.

    Attributes
    ----------
    density : Density
    run : EMRun
    """

    density: Density
    run: EMRun

    def args(self, sample: Sample) -> tuple[Density, Sample, EMRun]:
        """What splits are made of."""
        return self.density, sample, self.run


def search(
    density: Density,
    sample: Sample,
    rng: np.random.Generator,
    *,
    n_init: int | None = None,
    extra: Sequence[Moments] = (),
    below: Below | None = None,
    scan: bool = True,
    moves: int | None = None,
    halves: dict[EMRun, Halves] | None = None,
    each: Each | None = None,
) -> list[EMRun]:
    """Optima on the sample, best first, nearly converged.

    Parameters
    ----------
    density : Density
        On the sample's rows.
    sample : Sample
    rng : Generator
    n_init : int, optional
        Starts. By default they go on until the highest optimum has been reached by
        `SearchSettings.sure` of them and every other that counts by `SearchSettings.seen`, but not
        beyond `most_starts`.
    extra : sequence of Moments
        Starts of the caller's own.
    below : Below, optional
        What is known with one component less; by default the best of a few starts. The splits of
        its components are starts.
    scan : bool
        Whether small tight groups are looked for (see `group_scan`).
    moves : int, optional
        Optima that split-and-merge moves set out from; by default one where there were starts
        enough, otherwise `SearchSettings.improved`.
    halves : dict, optional
        Splits of runs that are known; those made here are added.
    each : callable, optional
        Runs steps one by one, or some at once; by default as the rows are few or many.
    """
    each = each or each_of(sample)
    halves = {} if halves is None else halves
    starts = list(extra)
    if density.layout.n_components > 1:
        below = below or _below(density, sample, rng, each)
        halves_of(*below.args(sample), halves, each)
        starts += splits(*below.args(sample), halves)[: SETTINGS.children]
        if scan:
            starts += group_starts(density, sample, below.density, below.run, rng)
    given = climbed(density, starts, each)
    own, enough = _from_starts(density, sample, rng, n_init, each)
    runs = distinct_optima(density, [*given, *own])
    stuck = runs[: moves if moves is not None else 1 if enough else SETTINGS.improved]
    if len(stuck) == 1:
        halves_of(density, sample, stuck[0], halves, each)
    better = each(partial(improve, density, sample, known=halves), stuck)
    return distinct_optima(density, [*better, *runs])


def _below(density: Density, sample: Sample, rng: np.random.Generator, each: Each) -> Below:
    """A mixture of one component less, from a few starts."""
    K = density.layout.n_components - 1
    layout = Layout(K, density.layout.n_features, density.layout.structure)
    alpha = np.full(K, density.prior.concentration.mean())
    prior = density.prior.with_components(alpha, layout.n_covariances)
    fewer = replace(density, layout=layout, prior=prior)
    starts = list(diverse_starts(1 if K == 1 else SETTINGS.starts_below))
    seeds = rng.integers(2**63, size=len(starts))
    runs = each(partial(from_start, fewer, sample), starts, seeds)
    best = max(sound(fewer, runs), key=lambda run: run.prospect)
    return Below(fewer, long_run(fewer, best))


def climbed(
    density: Density, starts: Sequence[Moments], each: Each, found: Sequence[EMRun] = ()
) -> list[EMRun]:
    """Long runs from starts that are given, but for those that come to what is found already."""
    thetas = [moments.theta(density.layout, density.prior) for moments in starts]
    short = distinct_optima(density, [*found, *each(partial(short_run, density), thetas)])
    top = max((run.prospect for run in short), default=-np.inf)
    known = set(found)
    new = [
        run for run in short if run not in known and run.prospect > top - SETTINGS.hopeless
    ]  # fmt: skip
    return each(partial(long_run, density), new)


def distinct_optima(density: Density, runs: Sequence[EMRun]) -> list[EMRun]:
    """The sound ones of some runs, best first, each place once."""
    runs = sound(density, runs)
    return distinct(
        density.layout, runs, distance=SETTINGS.close, height=SETTINGS.same_height
    ) if runs else []  # fmt: skip


def _from_starts(
    density: Density,
    sample: Sample,
    rng: np.random.Generator,
    n_init: int | None,
    each: Each,
) -> tuple[list[EMRun], bool]:
    """Long runs from the best of the starts, and whether there were enough of them."""
    limit = n_init or most_starts(density.layout.n_components, sample.rows.n_rows)
    starts = diverse_starts(limit)
    short: list[EMRun] = []
    long: dict[EMRun, EMRun] = {}
    hits: dict[EMRun, int] = {}
    while batch := list(islice(starts, n_init or max(SETTINGS.batch, len(short)))):
        seeds = rng.integers(2**63, size=len(batch))
        short += each(partial(from_start, density, sample), batch, seeds)
        groups = grouped(density.layout, short, distance=SETTINGS.close)
        if sample.rows.n_rows > SETTINGS.few_rows:
            top = max(run.prospect for run in short) - SETTINGS.hopeless
            groups = [group for group in groups if max(run.prospect for run in group) >= top]
        best = [next((run for run in group if run in long), group[0]) for group in groups]
        new = [run for run in best if run not in long]
        long.update(zip(new, each(partial(long_run, density), new), strict=True))
        hits = {long[run]: len(group) for run, group in zip(best, groups, strict=True)}
        if n_init is None and _enough(density, hits):
            return list(hits), True
    return list(hits), False


def each_of(sample: Sample) -> Each:
    """``list(map(...))``, at once on all cores where rows are many enough for that to pay."""
    return at_once if sample.rows.n_rows > SETTINGS.few_rows else in_turn


def in_turn[T](f: Callable[..., T], *arguments: Iterable[Any]) -> list[T]:
    """Steps on few rows are so short that threads would wait for Python most of the time."""
    return list(map(f, *arguments))


def most_starts(n_components: int, n_rows: int) -> int:
    """Starts at most where none are asked for: one is enough for one component."""
    if n_components == 1:
        return 1
    if n_rows <= SETTINGS.few_rows:
        return min(32 * n_components - 16, 96)
    return min(20 + 4 * n_components, 48)


def from_start(density: Density, sample: Sample, start: Start, seed: int) -> EMRun:
    """A short run from a start."""
    moments = start(density, sample, np.random.default_rng(seed))
    return short_run(density, moments.theta(density.layout, density.prior))


def short_run(density: Density, theta: Floats) -> EMRun:
    """A few steps, which tell good starts from bad ones."""
    return run_em(density, theta, max_iter=SETTINGS.short_steps, tolerance=SETTINGS.short_gain)


def long_run(density: Density, run: EMRun) -> EMRun:
    """Nearly to the optimum."""
    return run_em(density, run.theta, max_iter=SETTINGS.long_steps, tolerance=SETTINGS.long_gain)


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
    optima = grouped(density.layout, runs, distance=SETTINGS.close, height=SETTINGS.unfinished)
    best = optima[0][0].log_posterior
    for rank, optimum in enumerate(optima):
        if optimum[0].log_posterior < best - SETTINGS.counts:
            return True
        if sum(hits[run] for run in optimum) < (SETTINGS.sure if rank == 0 else SETTINGS.seen):
            return False
    return True
