"""Rows in the stores of several processes, of one machine or of many.

A store is written once by the process that owns it. For each pass a small record goes to every
store, and one vector comes back; vectors are summed in the order of the stores, so that results do
not depend on which process answers first. A process that lacks the files of a store, after the loss
of another process, writes them from the source.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from bayes_gmm.data.memory import MemoryRows
from bayes_gmm.data.rows import Block, Floats
from bayes_gmm.data.spool.lock import locked
from bayes_gmm.data.spool.store import Recipe, standard_rows, write_store
from bayes_gmm.data.spool.summary import Summary
from bayes_gmm.data.standardize import Standardizer
from bayes_gmm.errors import DataError, FitError


class Engine(Protocol):
    """What runs functions in other processes; `DaskEngine` is one."""

    @property
    def n_workers(self) -> int:
        """Number of processes."""
        ...

    def submit(self, worker: int, function: Callable[..., Any], *arguments: Any) -> Any:
        """Start a function, if possible in process number `worker`; the value has ``result()``."""
        ...


class DaskEngine:
    """Processes of a Dask cluster.

    Parameters
    ----------
    client : distributed.Client
    """

    def __init__(self, client: Any) -> None:
        self.client = client
        self.workers = sorted(client.scheduler_info(n_workers=-1)["workers"])
        if not self.workers:
            raise FitError("the Dask cluster has no workers; start some before the scan")

    @property
    def n_workers(self) -> int:
        """Number of workers at the time of the scan."""
        return len(self.workers)

    def submit(self, worker: int, function: Callable[..., Any], *arguments: Any) -> Any:
        """Start a function on a worker, or on another one if that worker is lost."""
        return self.client.submit(
            function, *arguments, workers=[self.workers[worker]], allow_other_workers=True,
            pure=False,
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Store:
    """Where the rows of some parts are, and how to write them.

    Attributes
    ----------
    folder : str
        On the machine of the process that owns the store.
    recipe : Recipe
    units : Standardizer or None
        Of the whole table; None before all stores are written.
    """

    folder: str
    recipe: Recipe
    units: Standardizer | None = None


class Sums(NamedTuple):
    """Sums over the rows of a store."""

    n_rows: int
    total_weight: float
    measured_weight: float
    cell_weights: Floats
    is_complete: bool

    @classmethod
    def of(cls, rows: MemoryRows) -> Sums:
        """Those of standardised rows."""
        return cls(
            rows.n_rows, rows.total_weight, rows.measured_weight, rows.cell_weights,
            rows.is_complete,
        )  # fmt: skip

    def merged(self, other: Sums) -> Sums:
        """Those of the rows of both."""
        return Sums(
            self.n_rows + other.n_rows, self.total_weight + other.total_weight,
            self.measured_weight + other.measured_weight, self.cell_weights + other.cell_weights,
            self.is_complete and other.is_complete,
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class ClusterRows:
    """Standardised rows in stores of several processes (see `Rows`).

    Attributes
    ----------
    engine : Engine
    stores : tuple of Store
    sums : Sums
    """

    engine: Engine
    stores: tuple[Store, ...]
    sums: Sums

    @property
    def n_rows(self) -> int:
        """Rows of positive weight."""
        return self.sums.n_rows

    @property
    def n_features(self) -> int:
        """Columns of the table."""
        return len(self.stores[0].recipe.features)

    @property
    def total_weight(self) -> float:
        """Sum of the row weights."""
        return self.sums.total_weight

    @property
    def measured_weight(self) -> float:
        """Sum of the weights of rows in which something is observed."""
        return self.sums.measured_weight

    @property
    def cell_weights(self) -> Floats:
        """Total weight of the rows that observe each feature, shape (n_features,)."""
        return self.sums.cell_weights

    @property
    def is_complete(self) -> bool:
        """Whether no cell is missing."""
        return self.sums.is_complete

    @property
    def piece(self) -> Block | None:
        """None: the rows are in other processes."""
        return None

    def gathered(self) -> Block:
        """Raise, because the rows are in other processes."""
        raise FitError(
            "NUTS and PyMC need all rows in one process; use method='laplace', or scan the table "
            "without a cluster"
        )

    def sum_blocks(self, f: Callable[[Block], Floats]) -> Floats:
        """Sum of ``f(block)`` over the stores, in their order; f must be a picklable record."""
        found = _at_all(self.engine, _sum_of_known, [store.folder for store in self.stores], f)
        for i, value in enumerate(found):
            if value is None:
                found[i] = self.engine.submit(i, _sum_of_store, self.stores[i], f).result()
        return reduce(np.add, found)

    def largest_ties(self) -> Floats:
        """Raise, because only a fit without recording error needs the ties."""
        raise FitError("resolution=None or 0 needs a table in one process; give a resolution")

    def weights_in_table(self, n_rows: int) -> Floats | None:
        """Raise, because the rows are in other processes."""
        raise DataError("the rows of a cluster have no weights by row")

    def fingerprint(self) -> str:
        """A digest of the names of the stores, which stand for their contents."""
        names = " ".join(Path(store.folder).name for store in self.stores)
        return f"sha256:{hashlib.sha256(names.encode()).hexdigest()[:32]}"


def cluster_rows(engine: Engine, recipe: Recipe, folder: Path) -> tuple[ClusterRows, Summary]:
    """Write one store for each worker, and standardise all by the moments of the whole table."""
    shares = np.array_split(np.arange(len(recipe.parts)), engine.n_workers)
    recipes = [_only(recipe, share) for share in shares if len(share)]
    stores = [Store(f"{folder}-{i}of{len(recipes)}", each) for i, each in enumerate(recipes)]
    summary = reduce(Summary.merged, _at_all(engine, _summary_of_store, stores))
    if not summary.moments.weight.any():
        raise DataError("the table has no observed cells in rows of positive weight")
    units = summary.moments.standardizer
    stores = [Store(store.folder, store.recipe, units) for store in stores]
    sums = reduce(Sums.merged, _at_all(engine, _sums_of_store, stores))
    return ClusterRows(engine, tuple(stores), sums), summary


def _only(recipe: Recipe, share: Any) -> Recipe:
    parts = tuple(recipe.parts[i] for i in share)
    return Recipe(parts, recipe.features, recipe.transforms, recipe.weights)


def _at_all(
    engine: Engine,
    function: Callable[..., Any],
    stores: Sequence[Store] | Sequence[str],
    *arguments: Any,
) -> list[Any]:
    """Values of a function at all stores or their folders, in order."""
    futures = [engine.submit(i, function, store, *arguments) for i, store in enumerate(stores)]
    return [future.result() for future in futures]


_MAPPED: dict[str, MemoryRows] = {}
"""Rows of the stores that this process has mapped, by folder."""


def _summary_of_store(store: Store) -> Summary:
    folder = Path(store.folder)
    with locked(folder):
        return write_store(folder, store.recipe).summary


def _rows_of(store: Store) -> MemoryRows:
    if store.folder not in _MAPPED:
        if store.units is None:
            raise DataError("a store is standardised after all stores are written")
        folder = Path(store.folder)
        with locked(folder):
            state = write_store(folder, store.recipe)
            _MAPPED[store.folder] = standard_rows(folder, state, store.units, threads=1)
    return _MAPPED[store.folder]


def _sums_of_store(store: Store) -> Sums:
    return Sums.of(_rows_of(store))


def _sum_of_known(folder: str, f: Callable[[Block], Floats]) -> Floats | None:
    """The sum over a store that this process has mapped, else None: recipes are long to send."""
    return f(_MAPPED[folder].block) if folder in _MAPPED else None


def _sum_of_store(store: Store, f: Callable[[Block], Floats]) -> Floats:
    return f(_rows_of(store).block)
