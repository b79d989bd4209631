"""Number of starts of the search: its maximum, and the rule to stop earlier."""

from __future__ import annotations

from dataclasses import dataclass

from bayes_gmm.inference.modes.deduplicate import grouped
from bayes_gmm.inference.modes.runs import SETTINGS as RUNS
from bayes_gmm.inference.optimize.degeneracy import sound
from bayes_gmm.inference.optimize.run import Run
from bayes_gmm.model.density import Density


@dataclass(frozen=True)
class StoppingSettings:
    """Thresholds of the stopping rule.

    Attributes
    ----------
    batch : int
        Number of starts between two checks of the stopping rule.
    most_of_few_rows : int
        Maximum number of starts for small tables, where split-and-merge moves are more effective.
    sure, seen : int
        The search stops when the best optimum was reached `sure` times and every other relevant
        optimum `seen` times.
    counts : float
        Maximum difference to the best optimum, in nats, for an optimum to be relevant.
    unfinished : float
        Maximum difference in nats between runs to the same optimum.
    """

    batch: int = 16
    most_of_few_rows: int = 48
    sure: int = 8
    seen: int = 3
    counts: float = 8.0
    unfinished: float = 0.5


SETTINGS = StoppingSettings()
"""Settings of every search."""


def most_starts(n_components: int, n_rows: int) -> int:
    """Default maximum number of starts: one for a single component."""
    if n_components == 1:
        return 1
    if n_rows <= RUNS.few_rows:
        return SETTINGS.most_of_few_rows
    return min(20 + 4 * n_components, 48)


def is_met(density: Density, hits: dict[Run, int]) -> bool:
    """Whether the best optimum and each relevant optimum were reached often enough.

    The probability that the next start finds a new optimum is about the fraction of starts whose
    optimum was reached only once (Good 1953).

    Parameters
    ----------
    density : Density
    hits : dict of Run to int
        Number of starts that led to each run.
    """
    runs = sound(density, list(hits))
    optima = grouped(density.layout, runs, distance=RUNS.close, height=SETTINGS.unfinished)
    best = optima[0][0].rough_log_mass
    for rank, optimum in enumerate(optima):
        if optimum[0].rough_log_mass < best - SETTINGS.counts:
            return True
        if sum(hits[run] for run in optimum) < (SETTINGS.sure if rank == 0 else SETTINGS.seen):
            return False
    return True
