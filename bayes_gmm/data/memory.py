"""Rows in memory: standardised once, stored in tiles, and summed in parallel."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import reduce
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from bayes_gmm.data.rows import TILE, Block, Floats, Integers
from bayes_gmm.data.standardize import Standardizer
from bayes_gmm.jit.compiled import compiled
from bayes_gmm.jit.threads import n_cores, row_threads


@dataclass(frozen=True)
class MemoryRows:
    """Rows held in memory, in tiles that group equal missingness patterns.

    Attributes
    ----------
    block : Block
        All the rows.
    n_rows : int
        Rows of positive weight.
    n_features : int
        Columns of the table.
    total_weight : float
        Sum of the row weights.
    parts : tuple of Block
        The same rows, divided among threads.
    """

    block: Block
    n_rows: int
    n_features: int
    total_weight: float
    parts: tuple[Block, ...] = field(repr=False)

    @classmethod
    def from_matrix(
        cls,
        values: Floats,
        standardizer: Standardizer,
        weights: Floats | None = None,
        *,
        threads: int | None = None,
    ) -> MemoryRows:
        """Standardise a matrix and lay it out in tiles.

        Parameters
        ----------
        values : ndarray, shape (n_rows, n_features)
            The table in the user's units; NaN is a missing cell. It is read, never written.
        standardizer : Standardizer
            Transforms the columns to standardised units.
        weights : ndarray, shape (n_rows,), optional
            Non-negative row weights; rows of weight 0 are left out.
        threads : int, optional
            Number of parts into which the rows are divided; by default at least one per core if
            there are many cells.

        Examples
        --------
        >>> import numpy as np
        >>> X = np.array([[0.0, 1.0], [2.0, np.nan], [4.0, 5.0]])
        >>> rows = MemoryRows.from_matrix(X, Standardizer.identity(2))
        >>> rows.n_rows, rows.block.observed.tolist()
        (3, [[True, False], [True, True]])
        """
        n_features = values.shape[1]
        order, sizes, observed = group_by_pattern(values, weights)
        tiles, n_cells = tile_table(sizes, observed)
        cells = np.empty(n_cells)
        fill_tiles(
            values, order, tiles, observed, standardizer.shift, 1.0 / standardizer.scale, cells
        )
        row_weights = _stored_weights(weights, order)
        block = Block(cells, tiles, observed, row_weights, order)
        return cls.of_block(block, int(sizes.sum()), n_features, threads)

    @classmethod
    def of_block(
        cls, block: Block, n_rows: int, n_features: int, threads: int | None = None
    ) -> MemoryRows:
        """Rows that are laid out in tiles already."""
        total = float(block.weights.sum()) if len(block.weights) else float(n_rows)
        return cls(block, n_rows, n_features, total, _share_out(block, threads))

    @property
    def cell_weights(self) -> Floats:
        """Total weight of the rows that observe each feature, shape (n_features,)."""
        return self._pattern_weights() @ self.block.observed

    @property
    def measured_weight(self) -> float:
        """Sum of the weights of rows in which something is observed."""
        return float(self._pattern_weights() @ self.block.observed.any(axis=1))

    def largest_ties(self) -> Floats:
        """Largest weight of rows that share a value of each feature, shape (n_features,).

        Examples
        --------
        >>> X = np.array([[1.0, 5.0], [1.0, np.nan], [2.0, 7.0]])
        >>> MemoryRows.from_matrix(X, Standardizer.identity(2)).largest_ties().tolist()
        [2.0, 1.0]
        """
        block, found = self.block, np.zeros(self.n_features)
        cells: list[list[Floats]] = [[] for _ in found]
        weights: list[list[Floats]] = [[] for _ in found]
        for position, n, pattern, first in block.tiles:
            features = np.flatnonzero(block.observed[pattern])
            tile = block.values[position : position + n * len(features)].reshape(-1, n)
            of_rows = block.weights[first : first + n] if len(block.weights) else np.ones(n)
            for j, column in zip(features, tile, strict=True):
                cells[j].append(column)
                weights[j].append(of_rows)
        for at, columns in enumerate(cells):
            if columns:
                kind = np.unique(np.concatenate(columns), return_inverse=True)[1]
                found[at] = np.bincount(kind, np.concatenate(weights[at])).max()
        return found

    @property
    def is_complete(self) -> bool:
        """Whether no cell is missing."""
        return bool(np.all(self.block.observed))

    @property
    def piece(self) -> Block | None:
        """All rows as one block, if they are not divided among threads, else None."""
        return self.parts[0] if len(self.parts) == 1 else None

    def gathered(self) -> Block:
        """All rows as one block."""
        return self.block

    def weights_in_table(self, n_rows: int) -> Floats | None:
        """Weights of the n rows of the table, 0 for those left out; None if all are 1.

        Examples
        --------
        >>> table, given = np.array([[1.0], [2.0], [3.0]]), np.array([2.0, 0.0, 0.5])
        >>> MemoryRows.from_matrix(table, Standardizer.identity(1), given).weights_in_table(3)
        array([2. , 0. , 0.5])
        """
        block = self.block
        if not len(block.weights) and self.n_rows == n_rows:
            return None
        weights = np.zeros(n_rows)
        weights[block.order if len(block.order) else slice(None)] = (
            block.weights if len(block.weights) else 1.0
        )
        return weights

    def fingerprint(self) -> str:
        """A digest that two tables share if they have the same numbers in the same order.

        Examples
        --------
        >>> unit = Standardizer.identity(1)
        >>> tables = (np.array([[1.0], [x]]) for x in (2.0, 2.0, 3.0))
        >>> one, same, other = (MemoryRows.from_matrix(X, unit).fingerprint() for X in tables)
        >>> one == same, one == other
        (True, False)
        """
        digest = hashlib.sha256()
        block = self.block
        for part in (block.values, block.observed, block.weights, block.order):
            digest.update(repr(part.shape).encode())
            digest.update(np.ascontiguousarray(part).data)
        return f"sha256:{digest.hexdigest()[:32]}"

    def _pattern_weights(self) -> Floats:
        """Total weight of the rows of each missingness pattern."""
        block = self.block
        _, n_rows, pattern, first = block.tiles.T
        of_tile = n_rows.astype(np.float64)
        if len(block.weights):
            of_tile = np.add.reduceat(block.weights, first)
        return np.bincount(pattern, of_tile, minlength=len(block.observed))

    def sum_blocks(self, f: Callable[[Block], Floats]) -> Floats:
        """Sum of ``f(block)`` over the blocks, with one thread per block."""
        if len(self.parts) == 1:
            return f(self.parts[0])
        first, *rest = self.parts
        others = [row_threads().submit(f, part) for part in rest]
        return reduce(np.add, (other.result() for other in others), f(first))


def group_by_pattern(
    values: Floats, weights: Floats | None
) -> tuple[Integers, Integers, npt.NDArray[np.bool_]]:
    """Order of the rows by missingness pattern, rows of each pattern, and the patterns.

    An empty order means that the rows keep the order of the table.
    """
    n_rows, n_features = values.shape
    kept = None if weights is None or np.all(weights > 0.0) else np.flatnonzero(weights > 0.0)
    packed = _packed_pattern(values)
    full = np.packbits(np.ones(n_features, dtype=bool))
    if np.all(packed == full):
        order = np.empty(0, np.int64) if kept is None else kept
        sizes = np.array([n_rows if kept is None else len(kept)])
        return order, sizes, np.ones((1, n_features), dtype=bool)
    if kept is not None:
        packed = packed[kept]
    keys = packed.view(np.dtype((np.void, packed.shape[1]))).ravel()
    codes, pattern, sizes = np.unique(keys, return_inverse=True, return_counts=True)
    order = np.argsort(pattern, kind="stable")
    observed = np.unpackbits(codes.view(np.uint8).reshape(len(codes), -1), axis=1)[:, :n_features]
    return order if kept is None else kept[order], sizes, observed.astype(bool)


def _packed_pattern(values: Floats) -> npt.NDArray[np.uint8]:
    """Which cells of each row are observed, one bit per cell."""
    n_rows, n_features = values.shape
    packed = np.zeros((n_rows, (n_features + 7) // 8), dtype=np.uint8)
    for j in range(n_features):
        packed[:, j // 8] |= np.isfinite(values[:, j]).astype(np.uint8) << np.uint8(7 - j % 8)
    return packed


def _stored_weights(weights: Floats | None, order: Integers) -> Floats:
    if weights is None or np.all(weights == 1.0):
        return np.empty(0)
    return np.ascontiguousarray(weights[order] if len(order) else weights, dtype=np.float64)


def tile_table(sizes: Integers, observed: npt.NDArray[np.bool_]) -> tuple[Integers, int]:
    """The tiles of a block, each with rows of a single pattern, and the total number of cells."""
    starts = np.cumsum(sizes) - sizes
    counts = -(-sizes // TILE)
    pattern = np.repeat(np.arange(len(sizes)), counts)
    rank = np.arange(len(pattern)) - np.repeat(np.cumsum(counts) - counts, counts)
    first = starts[pattern] + rank * TILE
    n_rows = np.minimum(TILE, sizes[pattern] - rank * TILE)
    cells = n_rows * observed.sum(axis=1)[pattern]
    return np.column_stack([np.cumsum(cells) - cells, n_rows, pattern, first]), int(cells.sum())


@compiled()
def fill_tiles(values, order, tiles, observed, shift, factor, cells):
    """Write the observed cells of a matrix, standardised, in the order of the tiles."""
    for t in range(len(tiles)):
        position, n, pattern, first = tiles[t]
        for j in range(observed.shape[1]):
            if observed[pattern, j]:
                for i in range(first, first + n):
                    row = order[i] if len(order) else i
                    cells[position] = (values[row, j] - shift[j]) * factor[j]
                    position += 1


@compiled()
def standardise_tiles(cells, tiles, observed, shift, factor):
    """Standardise the cells of tiles in place."""
    for t in range(len(tiles)):
        position, n = tiles[t, 0], tiles[t, 1]
        for j in range(observed.shape[1]):
            if observed[tiles[t, 2], j]:
                for i in range(position, position + n):
                    cells[i] = (cells[i] - shift[j]) * factor[j]
                position += n


def _share_out(block: Block, threads: int | None) -> tuple[Block, ...]:
    """Runs of tiles with about equal numbers of cells, one or more for each thread."""
    cells = len(block.values)
    parts = threads or _n_parts(cells)
    cuts = np.searchsorted(block.tiles[:, 0], np.linspace(0, cells, parts + 1)[1:-1])
    edges = np.unique(np.concatenate([[0], cuts, [len(block.tiles)]]))
    return tuple(block._replace(tiles=block.tiles[a:b]) for a, b in pairwise(edges)) or (block,)


def _n_parts(cells: int, cells_per_thread: int = 20_000) -> int:
    """One part per core, or several if there are many cells, so that slow cores process fewer.

    With fewer cells per thread, a second thread is slower than a single one.
    """
    cores = n_cores()
    if cores == 1 or cells < 2 * cells_per_thread:
        return 1
    parts_per_core = max(1, min(4, cells // (50 * cells_per_thread)))
    return int(min(cores * parts_per_core, cells // cells_per_thread))
