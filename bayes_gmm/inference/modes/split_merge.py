"""Split-and-merge moves: from the best optima to better ones that EM does not reach from them.

A move splits one component in two, runs EM with one component more, and merges two of these. The
likelihood lost by the merge does not predict which moves lead higher (Ueda, Nakano, Ghahramani &
Hinton 2000 rank moves by similar measures), because the other components adapt. So all moves are
tried by short runs of EM, and the runs that come close to the best optimum continue.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from math import ceil, isqrt

import numpy as np

from bayes_gmm.inference.modes.deduplicate import grouped
from bayes_gmm.inference.modes.guesses import Moments
from bayes_gmm.inference.modes.row_sample import Sample
from bayes_gmm.inference.modes.runs import SETTINGS as RUNS
from bayes_gmm.inference.modes.runs import Each, distinct_optima, long_run, short_run, unlike
from bayes_gmm.inference.modes.splits import Halves, merges, splits
from bayes_gmm.inference.optimize.em import run_em
from bayes_gmm.inference.optimize.run import Run
from bayes_gmm.model.density import Density
from bayes_gmm.model.parameters import Layout


@dataclass(frozen=True)
class MoveSettings:
    """Settings of split-and-merge moves.

    Attributes
    ----------
    best : int
        Number of best optima from which all moves are tried before the search ends.
    within : float
        Maximum difference of these optima to the best one, in rough log mass.
    stages : tuple of (int, float, float)
        For each stage: the number of E-steps after a move, the maximum distance to the best optimum
        in nats at which a run continues, and the maximum fraction of moves that continue. Moves led
        to a higher optimum from 40 optima; the best move was among the best 70 % after 4 steps for
        35 of these, and among the best third after 12 steps for 33.
    rounds : int
        Maximum number of optima from which moves are tried.
    moves, moves_of_many_rows : int
        Approximate number of moves from one optimum, for few and for many rows. Its square root is
        the number of components that are split; each split is combined with the merges that lose
        the least likelihood. With six components and few rows, all moves are tried.
    """

    best: int = 3
    within: float = 12.0
    stages: tuple[tuple[int, float, float], ...] = ((5, 60.0, 0.7), (8, 8.0, 0.4), (30, 6.0, 0.4))
    rounds: int = 12
    moves: int = 128
    moves_of_many_rows: int = 16


SETTINGS = MoveSettings()
"""Settings of every search."""


@dataclass(frozen=True)
class Memory:
    """Results shared between searches.

    Attributes
    ----------
    halves : dict of Run to Halves
        Splits of the components of each run.
    explored : dict of Layout to set of Run
        Optima from which all moves have been tried.
    """

    halves: dict[Run, Halves] = field(default_factory=dict)
    explored: dict[Layout, set[Run]] = field(default_factory=dict)


def improved(
    density: Density,
    sample: Sample,
    runs: Sequence[Run],
    memory: Memory,
    each: Each,
    *,
    best: int = SETTINGS.best,
) -> list[Run]:
    """Improve optima by split-and-merge moves until no move leads to a higher optimum.

    Parameters
    ----------
    density : Density
    sample : Sample
    runs : sequence of Run
        Distinct optima, best first.
    memory : Memory
    each : callable
    best : int
        Number of optima from which all moves are tried.
    """
    runs = list(runs)
    may_close = (
        not density.has_maximum
    )  # moves would lead to components that collapse onto few rows
    if density.layout.n_components < 2 or may_close or not np.isfinite(runs[0].log_posterior):
        return runs
    explored = memory.explored.setdefault(density.layout, set())
    for _ in range(SETTINGS.rounds):
        start = _unexplored(density, runs, explored, best)
        if start is None:
            break
        explored.add(start)
        moves = neighbours(density, sample, start, memory, each)
        runs = _with_new(density, runs, _after(density, moves, runs[0].rough_log_mass, each), each)
    return runs


def _after(density: Density, moves: Sequence[Moments], best: float, each: Each) -> list[Run]:
    """Runs of EM after moves, if they come close to the best rough mass."""
    thetas = [moments.theta(density.layout, density.prior) for moments in moves]
    runs: list[Run] = []
    for steps, below, share in SETTINGS.stages:
        runs = each(partial(run_em, density, max_iter=steps, tolerance=RUNS.long_gain), thetas)
        runs = sorted(runs, key=lambda run: -run.prospect)[: ceil(share * len(moves))]
        runs = [run for run in runs if run.prospect > best - below]
        thetas = [run.theta for run in runs]
    return runs


def _with_new(density: Density, runs: list[Run], others: list[Run], each: Each) -> list[Run]:
    """Optima, with those that the other runs lead to, best first."""
    low = runs[0].rough_log_mass - SETTINGS.within
    near = [run for run in runs if run.rough_log_mass > low]
    new = each(partial(long_run, density), unlike(density, others, near))
    return [*distinct_optima(density, [*new, *near]), *runs[len(near) :]]


def _unexplored(density: Density, runs: list[Run], explored: set[Run], best: int) -> Run | None:
    """The best of the first few optima from which no moves have been tried."""
    near = [run for run in runs if run.rough_log_mass > runs[0].rough_log_mass - SETTINGS.within]
    places = grouped(density.layout, [*near[: 4 * best], *explored], distance=RUNS.close)
    return next((place[0] for place in places[:best] if explored.isdisjoint(place)), None)


def neighbours(
    density: Density, sample: Sample, run: Run, memory: Memory, each: Each
) -> list[Moments]:
    """Splits of an optimum, each followed by merges of two components."""
    few_rows = sample.rows.n_rows <= RUNS.few_rows
    most = SETTINGS.moves if few_rows else SETTINGS.moves_of_many_rows
    more = resized(density, density.layout.n_components + 1)
    children = splits(density, sample, run, memory.halves, each)[: isqrt(most)]
    thetas = [child.theta(more.layout, more.prior) for child in children]
    return [
        moments
        for grown in each(partial(short_run, more), thetas)
        if np.isfinite(grown.log_posterior)
        for moments in merges(more, sample, grown, most // len(children))
    ]


def resized(density: Density, n_components: int) -> Density:
    """The density of a mixture with another number of components, on the same rows."""
    layout = Layout(n_components, density.layout.n_features, density.layout.structure)
    alpha = np.full(n_components, density.prior.concentration.mean())
    prior = density.prior.with_components(alpha, layout.n_covariances)
    return replace(density, layout=layout, prior=prior)
