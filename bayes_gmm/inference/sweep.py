"""Optima for a whole grid of numbers of components and structures, neighbours helping each other.

What is found for K components gives starts for K + 1, by splitting one, and for K - 1, by merging
two; what is found for one structure gives starts for the others. So each cell needs few starts of
its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from bayes_gmm.inference.closing import sound
from bayes_gmm.inference.distinct import distinct
from bayes_gmm.inference.em import EMRun, run_em
from bayes_gmm.inference.ladder import diverse_starts
from bayes_gmm.inference.modes import one_blas_thread
from bayes_gmm.inference.moves import Halves, halves_of, improve, merges, splits
from bayes_gmm.inference.search import (
    CLOSE,
    FEW_ROWS,
    SAME_HEIGHT,
    each_of,
    from_start,
    in_turn,
    short_run,
)
from bayes_gmm.inference.starts import Moments, Sample
from bayes_gmm.model.density import Density
from bayes_gmm.model.structure import Structure

FRESH_STARTS, FRESH_STARTS_BESIDE = 3, 1
"""Of a cell of the first structure, and of others, which have what was found for that."""
CHILDREN, PARENTS, SIBLINGS = 4, 3, 3
"""Splits and merges of a neighbour, and neighbours of other structure, that are tried."""
LONG_RUNS = 5
"""Starts that go on after a short run."""
ON_FEW_ROWS = 8
"""Times as many long runs are made where rows are few, and twice that as many starts.

There are more optima, and they cost little.
"""
Each = Callable[..., list[Any]]
"""As `at_once`, perhaps on one core."""
STAGES = ((40, 2e-2, 10.0), (150, 1e-3, 5.0))
"""Of a long run: steps, tolerance, and nats below the best at which it does not set out."""


class Cell(NamedTuple):
    """A place in the grid.

    Attributes
    ----------
    n_components : int
    structure : Structure
    """

    n_components: int
    structure: Structure


class Sweep:
    """The search of a grid on a sample of the rows.

    Parameters
    ----------
    densities : mapping of Cell to Density
        On all rows.
    sample : Sample
        Of those rows.
    rng : Generator
    n_init : int, optional
        Fresh starts of each cell; by default few, as there are neighbours.

    Attributes
    ----------
    found : dict of Cell to list of EMRun
        Optima of each cell, best first.
    """

    def __init__(
        self,
        densities: Mapping[Cell, Density],
        sample: Sample,
        rng: np.random.Generator,
        *,
        n_init: int | None = None,
    ) -> None:
        self.sample = sample
        self.densities = {cell: density.on(sample.rows) for cell, density in densities.items()}
        seeds = rng.integers(2**63, size=len(densities))
        self.seeds = dict(zip(densities, seeds, strict=True))
        self.n_init = n_init
        self.times = ON_FEW_ROWS if sample.rows.n_rows <= FEW_ROWS else 1
        self.found: dict[Cell, list[EMRun]] = {}
        self.halves: dict[EMRun, Halves] = {}
        self.used: set[tuple[Cell, EMRun]] = set()
        self.first = next(iter(densities)).structure if densities else None

    def steps(self) -> Iterator[Cell]:
        """Once upwards in the number of components, once downwards, by waves of structures."""
        upwards = sorted({cell.n_components for cell in self.densities})
        for numbers, look in ((upwards, self._upwards), (upwards[::-1], self._downwards)):
            for n_components in numbers:
                cells = [cell for cell in self.densities if cell.n_components == n_components]
                for wave in waves(cells):
                    with one_blas_thread():
                        found = self._looked_at(look, wave)
                    self.found.update(found)
                    yield from wave

    def _looked_at(
        self, look: Callable[[Cell, Each], list[EMRun]], wave: list[Cell]
    ) -> dict[Cell, list[EMRun]]:
        """What a wave finds: several cells are looked at at once, and otherwise the runs of one."""
        each = each_of(self.sample)
        if len(wave) == 1:
            return {wave[0]: look(wave[0], each)}
        return dict(zip(wave, each(lambda cell: look(cell, in_turn), wave), strict=True))

    def _upwards(self, cell: Cell, each: Each) -> list[EMRun]:
        """Search a cell from fresh starts and from what its neighbours below and beside give."""
        density = self.densities[cell]
        fewer = cell._replace(n_components=cell.n_components - 1)
        short = self._from_seeds(cell, [*self._split(fewer, each), *self._beside(cell)], each)
        runs = self._long(cell, [*short, *self._from_fresh_starts(cell, each)], [], each)
        stuck = runs[: self.times] if self._is_worth_moves(cell) else []
        for run in stuck:
            halves_of(density, self.sample, run, self.halves, each)
        better = [improve(density, self.sample, run, self.halves) for run in stuck]
        return self._distinct(cell, [*better, *runs])

    def _downwards(self, cell: Cell, each: Each) -> list[EMRun]:
        """Look once more, from what the neighbours above and beside give."""
        more, found = cell._replace(n_components=cell.n_components + 1), self.found[cell]
        short = self._from_seeds(cell, [*self._merged(more), *self._beside(cell)], each)
        better = self._long(cell, short, found, each)
        return self._distinct(cell, [*better, *found])

    def _from_seeds(self, cell: Cell, seeds: Sequence[Moments], each: Each) -> list[EMRun]:
        density = self.densities[cell]
        thetas = [moments.theta(density.layout, density.prior) for moments in seeds]
        return each(partial(short_run, density), thetas)

    def _from_fresh_starts(self, cell: Cell, each: Each) -> list[EMRun]:
        starts = list(diverse_starts(self._n_fresh(cell)))
        numbers = np.random.default_rng(self.seeds[cell]).integers(2**63, size=len(starts))
        start = partial(from_start, self.densities[cell], self.sample)
        return each(start, starts, numbers)

    def _long(self, cell: Cell, short: list[EMRun], found: list[EMRun], each: Each) -> list[EMRun]:
        """Those of short runs that come to something new, if they do not lag behind."""
        runs = [run for run in self._distinct(cell, [*found, *short]) if run not in found]
        runs = runs[: self.times * LONG_RUNS]
        for max_iter, tolerance, margin in STAGES:
            top = max((run.log_posterior for run in [*found, *runs]), default=-np.inf)
            runs = [run for run in runs if run.log_posterior > top - margin]
            longer = partial(_longer, self.densities[cell], max_iter=max_iter, tolerance=tolerance)
            runs = each(longer, runs)
        return self._distinct(cell, runs)

    def _distinct(self, cell: Cell, runs: Sequence[EMRun]) -> list[EMRun]:
        if not runs:
            return []
        density = self.densities[cell]
        return distinct(density.layout, sound(density, runs), distance=CLOSE, height=SAME_HEIGHT)

    def _is_worth_moves(self, cell: Cell) -> bool:
        """Whether split-and-merge moves are tried; other structures are helped by the first's."""
        return cell.structure == self.first or self.times > 1

    def _n_fresh(self, cell: Cell) -> int:
        if cell.n_components == 1:
            return 1
        if self.n_init is not None:
            return self.n_init
        of_first = cell.structure == self.first
        often = 2 * self.times if self.times > 1 else 1
        return often * (FRESH_STARTS if of_first else FRESH_STARTS_BESIDE)

    def _split(self, below: Cell, each: Each) -> list[Moments]:
        if below not in self.found:
            return []
        density, run = self.densities[below], self.found[below][0]
        halves_of(density, self.sample, run, self.halves, each)
        return splits(density, self.sample, run, self.halves)[:CHILDREN]

    def _merged(self, above: Cell) -> list[Moments]:
        if above not in self.found:
            return []
        return merges(self.densities[above], self.sample, self.found[above][0])[:PARENTS]

    def _beside(self, cell: Cell) -> list[Moments]:
        """The best of cells of other structure that have not been looked at from this one."""
        others = [
            other
            for other, runs in self.found.items()
            if other.n_components == cell.n_components
            and other.structure != cell.structure
            and (cell, runs[0]) not in self.used
        ]
        others.sort(key=lambda other: -self.found[other][0].log_posterior)
        seeds = []
        for other in others[:SIBLINGS]:
            run = self.found[other][0]
            self.used.add((cell, run))
            point = self.densities[other].layout.point(run.theta)
            seeds.append(Moments.of_point(point, self.sample.rows.total_weight))
        return seeds


def waves(cells: list[Cell]) -> Iterator[list[Cell]]:
    """One cell, two, four, ...: what waves have found helps those that follow.

    Examples
    --------
    >>> cells = [Cell(1, structure) for structure in Structure.all()]
    >>> [len(wave) for wave in waves(cells)]
    [1, 2, 4, 5]
    """
    size = 1
    while cells:
        yield cells[:size]
        cells, size = cells[size:], 2 * size


def _longer(density: Density, run: EMRun, *, max_iter: int, tolerance: float) -> EMRun:
    return run_em(density, run.theta, max_iter=max_iter, tolerance=tolerance)
