"""A store: the files of some parts of a table, written once."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bayes_gmm.data.matrix import FeatureMatrix
from bayes_gmm.data.memory import MemoryRows
from bayes_gmm.data.rows import Floats
from bayes_gmm.data.spool.batches import Part, matrix_of, read
from bayes_gmm.data.spool.state import State, load_state, save_state
from bayes_gmm.data.spool.writer import FILES, checksum, mapped_rows, standardise
from bayes_gmm.data.standardize import Standardizer
from bayes_gmm.data.transforms import Transforms
from bayes_gmm.data.validate import check_weights
from bayes_gmm.errors import DataError, shown

Advance = Callable[[int], None]
"""A function that is called with the number of rows of each batch."""


@dataclass(frozen=True)
class StoreSettings:
    """How a store is written."""

    seconds_between_states: float = 5.0
    """Time after which the state is written, so that an interruption loses no more."""


SETTINGS = StoreSettings()


@dataclass(frozen=True, eq=False)
class Recipe:
    """What a store holds.

    Attributes
    ----------
    parts : tuple of Part
    features : tuple of str
    transforms : Transforms
    weights : str or None
        Column of row weights.
    """

    parts: tuple[Part, ...]
    features: tuple[str, ...]
    transforms: Transforms
    weights: str | None

    @property
    def n_bytes(self) -> int:
        """Size of the files, where the parts say how many rows they have, else 0."""
        rows = sum(part.n_rows or 0 for part in self.parts)
        return 8 * rows * (len(self.features) + (self.weights is not None))


def write_store(folder: Path, recipe: Recipe, advance: Advance = lambda n_rows: None) -> State:
    """Write the rows, on the scale of the model, or continue where an interruption came.

    Raises
    ------
    DataError
        If a part cannot be read, or the disk has too little space.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = load_state(folder)
    if state is None:
        for name in FILES:  # not emptied, because a scan may have mapped the damaged files
            (folder / name).unlink(missing_ok=True)
        state = State.new(folder, len(recipe.features))
    with closing(state.writer):
        if not state.is_written:
            _refuse_little_space(folder, recipe.n_bytes)
            state = _with_all_parts(state, recipe, advance)
    return state


def standard_rows(
    folder: Path, state: State, units: Standardizer, threads: int | None = None
) -> MemoryRows:
    """The rows of a store that is written, standardised."""
    writer = state.writer
    if not state.is_standardised:
        # Without a state, files that are standardised in part are written again.
        (folder / "state.npz").unlink(missing_ok=True)
        standardise(mapped_rows(folder, writer.observed, writer.n_rows, writable=True), units)
        writer.checksums["cells"] = checksum(folder / "cells", writer.sizes["cells"])
        save_state(replace(state, is_standardised=True))
    return mapped_rows(folder, writer.observed, writer.n_rows, threads=threads)


def batches_of(part: Part, recipe: Recipe) -> Iterator[tuple[Floats, Floats | None]]:
    """Features, in the user's units, and weights of the batches of a part.

    Rows of weight 0 are included.
    """
    features, weights, first = recipe.features, recipe.weights, 0
    for batch in read(part, features if weights is None else (*features, weights)):
        values, held = matrix_of(batch, features, part.name, first), None
        if weights is not None:
            given = matrix_of(batch, [weights], part.name, first)[:, 0]
            name = f"{part.name}, column {shown(weights)}"
            held = check_weights(given, len(given), name, all_rows=False)
        first += len(values)
        yield values, held


def of_positive_weight(values: Floats, weights: Floats | None) -> tuple[Floats, Floats | None]:
    """The rows of positive weight, and their weights."""
    if weights is None or np.all(weights > 0.0):
        return values, weights
    return values[weights > 0.0], weights[weights > 0.0]


def _with_all_parts(state: State, recipe: Recipe, advance: Advance) -> State:
    """The state after all parts; it is saved from time to time."""
    saved = time.monotonic()
    for part in recipe.parts[state.n_parts :]:
        state = _with_part(state, part, recipe, advance)
        if time.monotonic() - saved >= SETTINGS.seconds_between_states:
            save_state(state)
            saved = time.monotonic()
    state = replace(state, is_written=True)
    save_state(state)
    return state


def _with_part(state: State, part: Part, recipe: Recipe, advance: Advance) -> State:
    """The state after one more part."""
    writer, summary, n_rows = state.writer, state.summary, state.n_rows
    for values, held in _ahead(batches_of(part, recipe)):
        n = len(values)
        n_rows += n
        advance(n)
        values, held = of_positive_weight(values, held)
        if len(values):
            on_scale = _transformed(
                values, recipe, f"{part.name}, after row {n_rows - n:,} of the table"
            )
            writer.append(on_scale, held)
            summary = summary.with_rows(values, on_scale, held, recipe.transforms, first=n_rows - n)
    return State(state.n_parts + 1, n_rows, writer, summary)


def _transformed(values: Floats, recipe: Recipe, where: str) -> Floats:
    try:
        return recipe.transforms.apply(FeatureMatrix(values, recipe.features)).values
    except DataError as error:
        raise DataError(f"{where}: {error}") from error


def _ahead[T](items: Iterator[T]) -> Iterator[T]:
    """The same items, each read while the one before is processed."""
    with ThreadPoolExecutor(1) as pool:
        nothing = object()
        coming = pool.submit(next, items, nothing)
        while (item := coming.result()) is not nothing:
            coming = pool.submit(next, items, nothing)
            yield item  # type: ignore[misc]


def _refuse_little_space(folder: Path, needed: int) -> None:
    """Raise if the disk has too little space for the files."""
    free = shutil.disk_usage(folder).free + sum(path.stat().st_size for path in folder.iterdir())
    if needed > free:
        raise DataError(
            f"the rows need {needed / 1e9:.1f} GB in {folder}, which has {free / 1e9:.1f} GB free; "
            "give cache= a folder on a larger disk, or choose fewer columns"
        )
