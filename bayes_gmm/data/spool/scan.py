"""`scan`: a table in memory-mapped files, for fits of tables larger than memory."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bayes_gmm._version import __version__
from bayes_gmm.console import progress_console, say
from bayes_gmm.data.checks.transform_choice import resolve_transforms
from bayes_gmm.data.matrix import FeatureMatrix
from bayes_gmm.data.spool.batches import Source, features_of, is_dask_frame, source_of
from bayes_gmm.data.spool.cluster import DaskEngine, cluster_rows
from bayes_gmm.data.spool.lock import locked
from bayes_gmm.data.spool.record import Scan
from bayes_gmm.data.spool.store import (
    Recipe,
    batches_of,
    of_positive_weight,
    standard_rows,
    write_store,
)
from bayes_gmm.data.spool.summary import Summary
from bayes_gmm.data.transforms import Transforms
from bayes_gmm.diagnostics.diagnostic import Diagnostic
from bayes_gmm.errors import DataError, shown


def scan(
    source: Any,
    columns: Sequence[str] | None = None,
    *,
    transforms: Any = None,
    weights: str | None = None,
    cache: str | os.PathLike[str] | None = None,
    client: Any = None,
    progress: bool = True,
) -> Scan:
    """Read a table of any size once, and write its rows to memory-mapped files.

    Parameters
    ----------
    source : str, path, sequence of these, or Arrow stream
        Parquet or CSV files, by name or pattern (``"customers/*.parquet"``); or an object with
        ``__arrow_c_stream__``, such as a DuckDB relation, a polars frame or a pyarrow reader; or a
        Dask DataFrame.
    columns : sequence of str, optional
        The features; by default all columns of numbers.
    transforms : mapping, "auto" or None
        As `BayesGMM` takes them; "auto" reads the source twice.
    weights : str, optional
        Column of row weights; rows of weight 0 are left out.
    cache : path, optional
        Folder of the files; by default ``bayes_gmm`` in the user's cache folder. A scan of the
        same files with the same options uses the files that are there, and continues a scan that
        was interrupted; while another process writes them, it waits. Damaged files are written
        again. The files of a stream are in a temporary folder, unless `cache` is given,
        and are never used again.
    client : distributed.Client or Engine, optional
        A Dask cluster, or another engine with the methods of `Engine`: each worker reads its share
        of the parts (files, row groups or partitions) and keeps the rows. All workers must be able
        to read the source and write to the folder, each on its own disk or on a shared one.
    progress : bool
        Show rows per second and the time left on standard error, in a terminal or notebook.

    Returns
    -------
    Scan
        Its files take 8 bytes for each observed cell; `Scan.remove` deletes them.

    Raises
    ------
    DataError
        If a file cannot be read, or a column is missing or holds no finite numbers; the message
        names file and row group.
    """
    table = source_of(source)
    features, left_out = features_of(table, columns)
    if weights is not None and columns is None:
        features = tuple(name for name in features if name != weights)
    if weights is not None:
        features_of(table, [weights])
        if weights in features:
            raise DataError(f"column {shown(weights)} is a feature and the weights; choose one")
    recipe = Recipe(tuple(table.parts), features, Transforms.identity(len(features)), weights)
    by_column, choices = _transforms_of(transforms, table, recipe)
    recipe = replace(recipe, transforms=by_column)
    folder = _folder(table, recipe, cache)
    if client is not None:
        if table.key is None:
            raise DataError("a stream is read by one process; scan files, or leave client out")
        engine = DaskEngine(client) if hasattr(client, "scheduler_info") else client
        shared, summary = cluster_rows(engine, recipe, folder)
        return Scan(
            folder, table, features, tuple(left_out), by_column, choices, shared, summary, weights
        )
    title = f"Scanning to {folder}"
    if recipe.n_bytes:
        title += f" ({recipe.n_bytes / 1e6:,.0f} MB)"
    with locked(
        folder, lambda: say(f"Waiting for another process that writes {folder}", shown=progress)
    ):
        with _Progress(title, table.n_rows, shown=progress) as bar:
            state = write_store(folder, recipe, bar.advance)
        if not state.writer.n_rows:
            raise DataError("the table has no rows of positive weight")
        rows = standard_rows(folder, state, state.summary.moments.standardizer)
    return Scan(
        folder, table, features, tuple(left_out), by_column, choices, rows, state.summary, weights
    )


def scanned(X: Any) -> Scan | None:
    """A scan itself, or that of a Dask DataFrame by the current client; None for other tables."""
    if isinstance(X, Scan) or not is_dask_frame(X):
        return X if isinstance(X, Scan) else None
    from distributed import default_client

    try:
        client = default_client()
    except ValueError:  # there is none
        client = None
    return scan(X, client=client)


def _transforms_of(
    given: Any, table: Source, recipe: Recipe
) -> tuple[Transforms, tuple[Diagnostic, ...]]:
    """The transformations, chosen from a sample of all rows where they are "auto"."""
    features = recipe.features
    asked = given.values() if isinstance(given, Mapping) else (given,)
    if "auto" not in [spec for spec in asked if isinstance(spec, str)]:
        return Transforms.of(given, features), ()
    if table.key is None:
        raise DataError('transforms="auto" reads the source twice; scan files, not a stream')
    summary, n_rows = Summary.empty(len(features)), 0
    for part in recipe.parts:
        for batch in batches_of(part, recipe):
            values, held = of_positive_weight(*batch)
            if len(values):
                summary = summary.with_rows(values, values, held, recipe.transforms, first=n_rows)
            n_rows += len(batch[0])
    rows, counts = summary.sample
    return resolve_transforms(given, FeatureMatrix(rows, features), counts)


def _folder(table: Source, recipe: Recipe, cache: str | os.PathLike[str] | None) -> Path:
    """A folder whose name stands for the contents of the files and the options."""
    parent = None if cache is None else Path(cache).expanduser()
    if parent is not None and parent.exists() and not parent.is_dir():
        raise DataError(f"cache is {shown(str(parent))}, which is not a folder")
    if table.key is None:
        if parent is not None:
            parent.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix="scan-", dir=parent))
    specs = {name: repr(spec) for name, spec in recipe.transforms.specs(recipe.features).items()}
    about = json.dumps([__version__, table.key, recipe.features, specs, recipe.weights])
    name = hashlib.sha256(about.encode()).hexdigest()[:24]
    return (parent or _user_cache()) / f"scan-{name}"


def _user_cache() -> Path:
    given = os.environ.get("XDG_CACHE_HOME")
    return (Path(given) if given else Path.home() / ".cache") / "bayes_gmm"


class _Progress:
    """Rows read, rows per second and the time left; hidden unless in a terminal or notebook."""

    def __init__(self, title: str, n_rows: int | None, *, shown: bool) -> None:
        self.bar: Any = None
        console = progress_console(shown=shown)
        if console is not None:
            from rich.progress import Progress, TextColumn, TimeRemainingColumn

            self.bar = Progress(
                TextColumn("{task.description}", markup=False),
                TextColumn("{task.completed:,.0f} rows"),
                TextColumn("{task.fields[rate]:,.0f} rows/s"), TimeRemainingColumn(),
                console=console,
            )  # fmt: skip
            self.task = self.bar.add_task(title, total=n_rows, rate=0.0)

    def __enter__(self) -> _Progress:
        if self.bar is not None:
            self.bar.start()
        return self

    def advance(self, n_rows: int) -> None:
        """Count further rows."""
        if self.bar is not None:
            self.bar.advance(self.task, n_rows)
            [task] = self.bar.tasks
            self.bar.update(self.task, rate=task.speed or 0.0)

    def __exit__(self, *error: object) -> None:
        if self.bar is not None:
            self.bar.stop()
