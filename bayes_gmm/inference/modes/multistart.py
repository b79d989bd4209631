"""Multistart search of optima on a sample of the rows, until starts find no new optimum.

Every start has a short run of EM, and the most promising runs continue (Biernacki, Celeux & Govaert
2003). Split-and-merge moves and combinations of optima follow. A fit searches once; `grid_search`
searches every cell of a grid in the same way, with starts from the neighbours of the cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import NamedTuple

import numpy as np

from bayes_gmm.inference.modes.deduplicate import grouped
from bayes_gmm.inference.modes.group_scan import group_starts
from bayes_gmm.inference.modes.guesses import Moments, careful_guess
from bayes_gmm.inference.modes.modes import modes_from
from bayes_gmm.inference.modes.recombine import recombined
from bayes_gmm.inference.modes.row_sample import Sample
from bayes_gmm.inference.modes.runs import SETTINGS as RUNS
from bayes_gmm.inference.modes.runs import (
    Each,
    distinct_optima,
    each_of,
    long_run,
    long_runs,
    short_run,
)
from bayes_gmm.inference.modes.settings import ModeSettings
from bayes_gmm.inference.modes.split_merge import SETTINGS as MOVES
from bayes_gmm.inference.modes.split_merge import Memory, improved, resized
from bayes_gmm.inference.modes.splits import splits
from bayes_gmm.inference.modes.starts import Start, diverse_starts
from bayes_gmm.inference.modes.stopping_rule import SETTINGS as STOPPING
from bayes_gmm.inference.modes.stopping_rule import is_met, most_starts
from bayes_gmm.inference.optimize.degeneracy import sound
from bayes_gmm.inference.optimize.run import Run
from bayes_gmm.jit.threads import one_blas_thread
from bayes_gmm.model.density import Density


@dataclass(frozen=True)
class SearchSettings:
    """Settings of the search in addition to its diverse starts.

    Attributes
    ----------
    moves_from : int
        Number of best optima from which all split-and-merge moves are tried if the stopping rule of
        the starts is met (see `MoveSettings.best` otherwise).
    rounds : int
        Maximum number of rounds of combining optima, with split-and-merge moves after each.
    children, starts_below : int
        Number of splits of a mixture with one component fewer that are used as starts, and of
        starts to find that mixture if it is unknown.
    short_runs : int
        Number of short runs for each start if the number of starts is given.
    """

    moves_from: int = 2
    rounds: int = 3
    children: int = 4
    starts_below: int = 8
    short_runs: int = 4


SETTINGS = SearchSettings()
"""Settings of every search."""


class Below(NamedTuple):
    """An optimum with one component fewer.

    Attributes
    ----------
    density : Density
    run : Run
    """

    density: Density
    run: Run


def search(
    density: Density,
    sample: Sample,
    rng: np.random.Generator,
    *,
    n_init: int | None = None,
    extra: Sequence[Moments] = (),
    below: Below | None = None,
    scan: bool = True,
    memory: Memory | None = None,
    each: Each | None = None,
) -> list[Run]:
    """Optima on the sample, best first, nearly converged.

    Parameters
    ----------
    density : Density
        Density on the rows of the sample.
    sample : Sample
    rng : Generator
    n_init : int, optional
        Number of starts; by default the stopping rule decides (see `stopping_rule`).
    extra : sequence of Moments
        Additional starts.
    below : Below, optional
        Best optimum with one component fewer; by default the best of a few starts. The splits of
        its components are starts.
    scan : bool
        Whether to search for small tight groups (see `group_scan`).
    memory : Memory, optional
        Known optima; those of this search are added.
    each : callable, optional
        Like `map`; by default parallel for many rows and sequential for few.
    """
    each = each or each_of(sample)
    memory = memory or Memory()
    starts = list(extra)
    if density.layout.n_components > 1:
        below = below or _below(density, sample, rng, each)
        children = splits(below.density, sample, below.run, memory.halves, each)
        starts += children[: SETTINGS.children]
        if scan:
            starts += group_starts(density, sample, below.density, below.run, rng)
    given = long_runs(density, starts, each)
    own, enough = _from_starts(density, sample, rng, n_init, each)
    runs = distinct_optima(density, [*given, *own])
    moves_from = SETTINGS.moves_from if enough else MOVES.best
    runs = improved(density, sample, runs, memory, each, best=moves_from)
    for _ in range(SETTINGS.rounds):
        best = runs[0].rough_log_mass
        runs = recombined(density, sample, runs, each)
        if not runs[0].rough_log_mass > best + STOPPING.unfinished:
            break
        runs = improved(density, sample, runs, memory, each, best=1)
    return runs


def _below(density: Density, sample: Sample, rng: np.random.Generator, each: Each) -> Below:
    """A mixture with one component fewer, from a few starts."""
    K = density.layout.n_components - 1
    fewer = resized(density, K)
    starts = list(diverse_starts(1 if K == 1 else SETTINGS.starts_below))
    seeds = rng.integers(2**63, size=len(starts))
    runs = each(partial(from_start, fewer, sample), starts, seeds)
    best = max(sound(fewer, runs), key=lambda run: run.prospect)
    return Below(fewer, long_run(fewer, best))


def _from_starts(
    density: Density,
    sample: Sample,
    rng: np.random.Generator,
    n_init: int | None,
    each: Each,
) -> tuple[list[Run], bool]:
    """Long runs from the best starts, and whether the stopping rule is met."""
    limit = n_init or most_starts(density.layout.n_components, sample.rows.n_rows)
    starts = diverse_starts(limit)
    short: list[Run] = []
    long: dict[Run, Run] = {}
    hits: dict[Run, int] = {}
    while batch := list(islice(starts, n_init or max(STOPPING.batch, len(short)))):
        seeds = rng.integers(2**63, size=len(batch))
        short += each(partial(from_start, density, sample), batch, seeds)
        groups = grouped(density.layout, short, distance=RUNS.close)
        if sample.rows.n_rows > RUNS.few_rows:
            top = max(run.prospect for run in short) - RUNS.hopeless
            groups = [group for group in groups if max(run.prospect for run in group) >= top]
        best = [next((run for run in group if run in long), group[0]) for group in groups]
        new = [run for run in best if run not in long]
        long.update(zip(new, each(partial(long_run, density), new), strict=True))
        hits = {long[run]: len(group) for run, group in zip(best, groups, strict=True)}
        if n_init is None and is_met(density, hits):
            return list(hits), True
    return list(hits), False


def from_start(density: Density, sample: Sample, start: Start, seed: int) -> Run:
    """A short run from a start."""
    moments = start(density, sample, np.random.default_rng(seed))
    return short_run(density, moments.theta(density.layout, density.prior))


def find_modes(
    density: Density,
    sample: Sample,
    rng: np.random.Generator,
    *,
    n_init: int | None = None,
    extra: Sequence[Moments] = (),
    mass_if_alone: bool = True,
    settings: ModeSettings = ModeSettings(),
) -> tuple[Run, ...]:
    """Search from many starts; return modes in order of decreasing mass, with consistent labels.

    If means or scales have a flat prior, masses are undefined and the highest mode comes first.

    Every start on the sample has a short run, and the best runs continue (Biernacki, Celeux &
    Govaert 2003). Split-and-merge moves follow unless the number of starts is given. Then distinct
    optima are refined on all rows.

    Parameters
    ----------
    density : Density
        Density on all rows.
    sample : Sample
        Sample of these rows, for the search.
    rng : Generator
    n_init : int, optional
        Number of starts, without any further search; by default the search decides.
    extra : sequence of Moments
        Additional starts.
    mass_if_alone : bool
        As in `modes_from`.
    settings : ModeSettings
    """
    with one_blas_thread():
        on_sample = density.on(sample.rows)
        if n_init is None:
            candidates = search(on_sample, sample, rng, extra=extra)
        else:
            candidates = _started(on_sample, sample, rng, n_init, extra)
        return modes_from(
            density, sample, candidates, mass_if_alone=mass_if_alone, settings=settings
        )


def _started(
    density: Density,
    sample: Sample,
    rng: np.random.Generator,
    n_init: int,
    extra: Sequence[Moments],
) -> list[Run]:
    """Distinct optima of a given number of starts, best first.

    For each, there are several short runs, and the best of all continue (Biernacki, Celeux &
    Govaert 2003).
    """
    each = each_of(sample)
    tries = SETTINGS.short_runs if density.layout.n_components > 1 else 1
    starts = list(diverse_starts(n_init * tries, careful_guess))
    seeds = rng.integers(2**63, size=len(starts))
    short = sound(density, each(partial(from_start, density, sample), starts, seeds))
    groups = grouped(density.layout, short, distance=RUNS.close)
    best = sorted((group[0] for group in groups), key=lambda run: -run.prospect)
    own = each(partial(long_run, density), best[:n_init])
    return distinct_optima(density, [*long_runs(density, extra, each), *own])
