"""Short and long runs of EM from many starts, and which of their optima are distinct."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from bayes_gmm.data.rows import Floats
from bayes_gmm.inference.modes.deduplicate import distinct, grouped
from bayes_gmm.inference.modes.guesses import Moments
from bayes_gmm.inference.modes.row_sample import Sample
from bayes_gmm.inference.optimize.degeneracy import is_sound, sound
from bayes_gmm.inference.optimize.em import run_em
from bayes_gmm.inference.optimize.run import Run
from bayes_gmm.jit.threads import at_once
from bayes_gmm.model.density import Density


@dataclass(frozen=True)
class RunSettings:
    """Lengths of runs of EM, and rules for continuing them.

    Attributes
    ----------
    few_rows : int
        Number of rows up to which runs are sequential, because threads would wait for Python.
    short_steps, short_gain : int, float
        Maximum number of E-steps of a short run, and the expected gain in nats at which it ends.
    long_steps, long_gain : int, float
        The same for a long run.
    close : float
        Distance (see `distinct`) below which two runs lead to one optimum.
    same_height : float
        Maximum difference of the log-posteriors of two runs to one optimum, in nats.
    hopeless : float
        Maximum difference to the best prospect, in nats, for a run to continue.
    """

    few_rows: int = 1000
    short_steps: int = 12
    short_gain: float = 0.05
    long_steps: int = 150
    long_gain: float = 1e-3
    close: float = 0.3
    same_height: float = 1e-2
    hopeless: float = 40.0


SETTINGS = RunSettings()
"""Settings of every run."""


Each = Callable[..., list[Any]]
"""A function like `map`, on one core or on several."""


def each_of(sample: Sample) -> Each:
    """`at_once` for large tables, where threads save time, else `in_turn`."""
    return at_once if sample.rows.n_rows > SETTINGS.few_rows else in_turn


def in_turn[T](f: Callable[..., T], *arguments: Iterable[Any]) -> list[T]:
    """``list(map(f, ...))``: with few rows, threads would wait for Python most of the time."""
    return list(map(f, *arguments))


def short_run(density: Density, theta: Floats) -> Run:
    """A short run, to rank starts."""
    return run_em(density, theta, max_iter=SETTINGS.short_steps, tolerance=SETTINGS.short_gain)


def long_run(density: Density, run: Run) -> Run:
    """A long run, nearly to the optimum."""
    return run_em(density, run.theta, max_iter=SETTINGS.long_steps, tolerance=SETTINGS.long_gain)


def long_runs(
    density: Density, starts: Sequence[Moments], each: Each, found: Sequence[Run] = ()
) -> list[Run]:
    """Long runs from given starts, except those that lead to known optima."""
    thetas = [moments.theta(density.layout, density.prior) for moments in starts]
    short = each(partial(short_run, density), thetas)
    top = max((run.prospect for run in short), default=0.0)
    short = [run for run in short if run.prospect > top - SETTINGS.hopeless]
    return each(partial(long_run, density), unlike(density, short, found))


def unlike(density: Density, runs: Sequence[Run], found: Sequence[Run]) -> list[Run]:
    """The best non-degenerate run to each optimum, except to known optima."""
    runs = [run for run in runs if is_sound(density, run.theta)]
    known = set(found)
    groups = grouped(density.layout, [*found, *runs], distance=SETTINGS.close)
    return [group[0] for group in groups if known.isdisjoint(group)]


def distinct_optima(
    density: Density, runs: Sequence[Run], *, height: float = SETTINGS.same_height
) -> list[Run]:
    """The best non-degenerate run to each optimum, best first."""
    runs = sound(density, runs)
    return distinct(density.layout, runs, distance=SETTINGS.close, height=height) if runs else []
