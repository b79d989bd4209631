"""Optima for a whole grid of numbers of components and structures, neighbours helping each other.

What is found for K components gives starts for K + 1, by splitting one, and for K - 1, by merging
two; what is found for one structure gives starts for the others. So each cell needs few starts of
its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from bayes_gmm.inference.closing import sound
from bayes_gmm.inference.distinct import distinct
from bayes_gmm.inference.em import EMRun, run_em
from bayes_gmm.inference.ladder import diverse_starts
from bayes_gmm.inference.modes import one_blas_thread
from bayes_gmm.inference.moves import Halves, improve, merges, splits
from bayes_gmm.inference.search import CLOSE, SAME_HEIGHT, each_of, from_start, short_run
from bayes_gmm.inference.starts import Moments, Sample
from bayes_gmm.model.density import Density
from bayes_gmm.model.structure import Structure

FRESH_STARTS = 6
"""Of a cell of the first structure; the others have those of this one besides, and need fewer."""
FRESH_STARTS_BESIDE = 2
CHILDREN, PARENTS, SIBLINGS = 4, 3, 3
"""Splits and merges of a neighbour, and neighbours of other structure, that are tried."""
LONG_RUNS = 5
"""Starts that go on after a short run."""
MARGIN = 10.0
"""Nats below the best at which a run has no hope."""
BETTER = 1e-2
"""Nats by which an optimum must rise to count as better."""


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
        self.found: dict[Cell, list[EMRun]] = {}
        self.halves: dict[EMRun, Halves] = {}
        self.first = next(iter(densities)).structure if densities else None

    def steps(self) -> Iterator[Cell]:
        """Once upwards in the number of components, once downwards; a cell at a time."""
        upwards = sorted(self.densities, key=lambda cell: cell.n_components)
        for cells, look in ((upwards, self._upwards), (upwards[::-1], self._downwards)):
            for cell in cells:
                with one_blas_thread():
                    look(cell)
                yield cell

    def _upwards(self, cell: Cell) -> None:
        """Search a cell from fresh starts and from what its neighbours below and beside give."""
        fewer = cell._replace(n_components=cell.n_components - 1)
        seeds = [*self._split(fewer)[:CHILDREN], *self._beside(cell)]
        self.found[cell] = self._search(cell, seeds, self._n_fresh(cell))

    def _downwards(self, cell: Cell) -> None:
        """Look once more, from what the neighbours above and beside give."""
        more = cell._replace(n_components=cell.n_components + 1)
        seeds = [*self._merged(more)[:PARENTS], *self._beside(cell)]
        if not seeds:
            return
        best = self.found[cell][0].log_posterior
        tried = self._runs(cell, seeds, [], floor=best - MARGIN)
        if tried:
            self.found[cell] = self._distinct(cell, [*tried, *self.found[cell]])

    def _search(self, cell: Cell, seeds: Sequence[Moments], n_fresh: int) -> list[EMRun]:
        density = self.densities[cell]
        runs = self._runs(cell, seeds, range(n_fresh), floor=-np.inf)
        better = improve(density, self.sample, runs[0], self.halves)
        return self._distinct(cell, [better, *runs])

    def _runs(
        self, cell: Cell, seeds: Sequence[Moments], fresh: Sequence[int], floor: float
    ) -> list[EMRun]:
        density, sample = self.densities[cell], self.sample
        each = each_of(sample)
        thetas = [moments.theta(density.layout, density.prior) for moments in seeds]
        short = each(partial(short_run, density), thetas)
        starts = list(diverse_starts(len(fresh)))
        numbers = np.random.default_rng(self.seeds[cell]).integers(2**63, size=len(starts))
        short += each(partial(from_start, density, sample), starts, numbers)
        runs = self._distinct(cell, short)[:LONG_RUNS]
        for max_iter, tolerance in ((40, 2e-2), (150, 1e-3)):
            top = max(floor + MARGIN, *(run.log_posterior for run in runs)) if runs else floor
            runs = [run for run in runs if run.log_posterior > top - MARGIN]
            runs = each(partial(_longer, density, max_iter=max_iter, tolerance=tolerance), runs)
        return self._distinct(cell, runs)

    def _distinct(self, cell: Cell, runs: Sequence[EMRun]) -> list[EMRun]:
        if not runs:
            return []
        density = self.densities[cell]
        return distinct(density.layout, sound(density, runs), distance=CLOSE, height=SAME_HEIGHT)

    def _n_fresh(self, cell: Cell) -> int:
        if cell.n_components == 1:
            return 1
        if self.n_init is not None:
            return self.n_init
        return FRESH_STARTS if cell.structure == self.first else FRESH_STARTS_BESIDE

    def _split(self, cell: Cell) -> list[Moments]:
        if cell not in self.found:
            return []
        return splits(self.densities[cell], self.sample, self.found[cell][0], self.halves)

    def _merged(self, cell: Cell) -> list[Moments]:
        if cell not in self.found:
            return []
        return merges(self.densities[cell], self.sample, self.found[cell][0])

    def _beside(self, cell: Cell) -> list[Moments]:
        others = [
            other
            for other in self.found
            if other.n_components == cell.n_components and other.structure != cell.structure
        ]
        others.sort(key=lambda other: -self.found[other][0].log_posterior)
        return [
            Moments.of_point(
                self.densities[other].layout.point(self.found[other][0].theta),
                self.sample.rows.total_weight,
            )
            for other in others[:SIBLINGS]
        ]


def _longer(density: Density, run: EMRun, *, max_iter: int, tolerance: float) -> EMRun:
    return run_em(density, run.theta, max_iter=max_iter, tolerance=tolerance)
