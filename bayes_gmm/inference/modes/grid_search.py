"""Search of optima over a grid of numbers of components and structures.

Optima with K components give starts for K + 1, by splitting one component, and for K - 1, by
merging two; optima of one structure give starts for the others. Each cell is searched like a fit
(see `multistart.search`), with these additional starts and, for large tables, fewer new starts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from bayes_gmm.inference.modes.grid import Cell, waves
from bayes_gmm.inference.modes.guesses import Moments
from bayes_gmm.inference.modes.multistart import Below, search
from bayes_gmm.inference.modes.row_sample import Sample
from bayes_gmm.inference.modes.runs import SETTINGS as RUNS
from bayes_gmm.inference.modes.runs import Each, distinct_optima, each_of, in_turn, long_runs
from bayes_gmm.inference.modes.split_merge import Memory, improved
from bayes_gmm.inference.modes.splits import merges
from bayes_gmm.inference.optimize.run import Run
from bayes_gmm.jit.threads import one_blas_thread
from bayes_gmm.model.density import Density


@dataclass(frozen=True)
class GridSettings:
    """Numbers of starts from neighbours in the grid, and of new starts.

    Attributes
    ----------
    optima_above : int
        Number of optima with one component more whose merges are starts.
    parents : int
        Number of merges of each of these optima.
    siblings : int
        Number of optima of other structures that are starts.
    fresh, fresh_beside : int
        Numbers of new starts for large tables: `fresh` for a cell of the first structure, and
        `fresh_beside` for a cell of another structure. For small tables, a cell of the first
        structure has as many new starts as a fit.
    fresh_beside_few : int
        Number of new starts for small tables and a cell of another structure.
    """

    optima_above: int = 3
    parents: int = 10
    siblings: int = 3
    fresh: int = 3
    fresh_beside: int = 1
    fresh_beside_few: int = 16


SETTINGS = GridSettings()
"""Settings of every grid search."""


class GridSearch:
    """The search of a grid on a sample of the rows.

    Parameters
    ----------
    densities : mapping of Cell to Density
        Density of each cell, on all rows.
    sample : Sample
        Sample of these rows.
    rng : Generator
    n_init : int, optional
        Number of new starts of each cell; by default few, because neighbours give starts too.

    Attributes
    ----------
    found : dict of Cell to list of Run
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
        self.few_rows = sample.rows.n_rows <= RUNS.few_rows
        self.found: dict[Cell, list[Run]] = {}
        self.memory = Memory()
        self.used: set[tuple[Cell, Run]] = set()
        self.first = next(iter(densities)).structure if densities else None

    def steps(self) -> Iterator[Cell]:
        """Search upwards in the number of components, then downwards, by waves of structures."""
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
        self, look: Callable[[Cell, Each], list[Run]], wave: list[Cell]
    ) -> dict[Cell, list[Run]]:
        """Results of the cells of a wave, in parallel; with one cell, its runs are parallel."""
        each = each_of(self.sample)
        if len(wave) == 1:
            return {wave[0]: look(wave[0], each)}
        return dict(zip(wave, each(lambda cell: look(cell, in_turn), wave), strict=True))

    def _upwards(self, cell: Cell, each: Each) -> list[Run]:
        """Search a cell, with starts from fewer components and other structures."""
        return search(
            self.densities[cell], self.sample, np.random.default_rng(self.seeds[cell]),
            n_init=self._n_fresh(cell), extra=self._beside(cell),
            below=self._below(cell),
            scan=self._is_first(cell), memory=self.memory, each=each,
        )  # fmt: skip

    def _downwards(self, cell: Cell, each: Each) -> list[Run]:
        """Search again, from neighbours with more components or other structures."""
        more, found = cell._replace(n_components=cell.n_components + 1), self.found[cell]
        density, starts = self.densities[cell], [*self._merged(more), *self._beside(cell)]
        runs = distinct_optima(density, [*long_runs(density, starts, each, found), *found])
        return improved(density, self.sample, runs, self.memory, each)

    def _is_first(self, cell: Cell) -> bool:
        """Whether the cell has the first structure; its optima are starts of other structures."""
        return cell.structure == self.first

    def _n_fresh(self, cell: Cell) -> int | None:
        """Number of new starts of the cell; None means as many as in a fit."""
        if cell.n_components == 1:
            return 1
        if self.n_init is not None:
            return self.n_init
        if self._is_first(cell):
            return None if self.few_rows else SETTINGS.fresh
        return SETTINGS.fresh_beside_few if self.few_rows else SETTINGS.fresh_beside

    def _below(self, cell: Cell) -> Below | None:
        fewer = cell._replace(n_components=cell.n_components - 1)
        if fewer not in self.found:
            return None
        return Below(self.densities[fewer], self.found[fewer][0])

    def _merged(self, above: Cell) -> list[Moments]:
        return [
            moments
            for run in self.found.get(above, [])[: SETTINGS.optima_above]
            for moments in merges(self.densities[above], self.sample, run, SETTINGS.parents)
        ]

    def _beside(self, cell: Cell) -> list[Moments]:
        """The best optima of other structures that this cell has not used yet."""
        others = [
            other
            for other, runs in self.found.items()
            if other.n_components == cell.n_components
            and other.structure != cell.structure
            and (cell, runs[0]) not in self.used
        ]
        others.sort(key=lambda other: -self.found[other][0].rough_log_mass)
        seeds = []
        for other in others[: SETTINGS.siblings]:
            run = self.found[other][0]
            self.used.add((cell, run))
            point = self.densities[other].layout.point(run.theta)
            seeds.append(Moments.of_point(point, self.sample.rows.total_weight))
        return seeds
