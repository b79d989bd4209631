"""Rows in several separate blocks: the simplest second implementation of `Rows`."""

import hashlib
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import pairwise

import numpy as np

from bayes_gmm.data.memory import MemoryRows
from bayes_gmm.data.rows import Block


@dataclass(frozen=True)
class SeparateRows:
    """Three runs of rows, each held in memory by itself."""

    runs: tuple[MemoryRows, ...]
    starts: tuple[int, ...]
    n_features: int

    @classmethod
    def from_matrix(cls, values, standardizer, weights=None, *, threads=None):
        if threads is not None:  # rows that the caller wants in pieces of its own
            return MemoryRows.from_matrix(values, standardizer, weights, threads=threads)
        edges = np.unique(np.linspace(0, len(values), 4).astype(int))
        slices = [slice(a, b) for a, b in pairwise(edges)]
        of_rows = [None if weights is None else weights[part] for part in slices]
        used = [i for i, w in enumerate(of_rows) if w is None or np.any(w > 0.0)]
        runs = (
            MemoryRows.from_matrix(values[slices[i]], standardizer, of_rows[i], threads=1)
            for i in used
        )
        return cls(tuple(runs), tuple(int(edges[i]) for i in used), values.shape[1])

    def _sum(self, name):
        return sum(getattr(run, name) for run in self.runs)

    n_rows = property(lambda self: self._sum("n_rows"))
    total_weight = property(lambda self: self._sum("total_weight"))
    measured_weight = property(lambda self: self._sum("measured_weight"))
    cell_weights = property(lambda self: self._sum("cell_weights"))
    is_complete = property(lambda self: all(run.is_complete for run in self.runs))
    piece = None

    def sum_blocks(self, f):
        return reduce(np.add, (run.sum_blocks(f) for run in self.runs))

    @cached_property
    def _gathered(self):
        blocks = [run.block for run in self.runs]
        weighted = any(len(block.weights) for block in blocks)
        before = np.cumsum([0, *(run.n_rows for run in self.runs[:-1])])
        kept_order = np.array_equal(before, self.starts) and not any(
            len(block.order) for block in blocks
        )
        values, tiles, observed, weights, order = [], [], [], [], []
        cells = rows = patterns = 0
        for run, block, start in zip(self.runs, blocks, self.starts, strict=True):
            values.append(block.values)
            tiles.append(block.tiles + np.array([cells, 0, patterns, rows]))
            observed.append(block.observed)
            weights.append(block.weights if len(block.weights) else np.ones(run.n_rows))
            own = block.order if len(block.order) else np.arange(run.n_rows)
            order.append(own + start)
            cells, rows = cells + len(block.values), rows + run.n_rows
            patterns += len(block.observed)
        return Block(
            np.concatenate(values), np.concatenate(tiles), np.concatenate(observed),
            np.concatenate(weights) if weighted else np.empty(0),
            np.empty(0, np.int64) if kept_order else np.concatenate(order),
        )  # fmt: skip

    def gathered(self):
        return self._gathered

    def _as_one(self):
        block = self.gathered()
        return MemoryRows(block, self.n_rows, self.n_features, self.total_weight, (block,))

    def largest_ties(self):
        return self._as_one().largest_ties()

    def weights_in_table(self, n_rows):
        return self._as_one().weights_in_table(n_rows)

    def fingerprint(self):
        parts = "".join(run.fingerprint() for run in self.runs)
        return f"sha256:{hashlib.sha256(parts.encode()).hexdigest()[:32]}"
