"""Segments of every row of a scanned table, written batch by batch to a Parquet file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bayes_gmm.data.matrix import FeatureMatrix
from bayes_gmm.data.rows import Floats
from bayes_gmm.data.spool.batches import Source, features_of, read_again
from bayes_gmm.data.spool.record import Scan
from bayes_gmm.errors import DataError, file_named, listed, shown
from bayes_gmm.model.typicality import typicality

if TYPE_CHECKING:
    from bayes_gmm.results.fit.map_fit import MapFit
    from bayes_gmm.results.posterior.posterior import Posterior


def write_assignments(
    model: Any, scan: Scan, path: str | os.PathLike[str], columns: Sequence[str] = ()
) -> Path:
    """Write the segment of every row of a scanned table to a Parquet file.

    The source is read again in batches, so that memory does not grow with the table.

    Parameters
    ----------
    model : BayesGMM, MapFit or Posterior
        Its features are columns of the source.
    scan : Scan
        Of files; its rows are written in the order of the source, those of weight 0 included.
    path : path
        Name of the file, which is replaced when all rows are written.
    columns : sequence of str
        Columns of the source that are kept, such as an identifier.

    Returns
    -------
    Path
        The file: the kept columns, then ``segment``, its ``probability``, the ``typicality`` of
        the row (see `typicality`) and the probability of each segment.

    Raises
    ------
    DataError
        If the scan read a stream, a file has changed since the scan or would be overwritten, the
        source lacks a feature of the model or a column, or a kept column or a segment has the name
        of a column that is written.
    """
    if not isinstance(scan, Scan):
        raise DataError(
            f"scan is of type {type(scan).__name__}; use predict_proba for a table in memory"
        )
    path = Path(path).expanduser()
    assign_rows(getattr(model, "map_fit_", model), scan.source, path, columns)
    return path


class Assigned(NamedTuple):
    """Numbers of rows that were assigned.

    Attributes
    ----------
    n_rows : int
        All rows, those of weight 0 included.
    sizes : ndarray, shape (K,)
        Sum of the probabilities of each segment, weighted.
    counts : ndarray, shape (K,)
        Total weight of the rows whose most probable segment is each segment.
    some : FeatureMatrix
        A sample of the rows in the user's units.
    """

    n_rows: int
    sizes: Floats
    counts: Floats
    some: FeatureMatrix


@dataclass(frozen=True)
class AssignmentSettings:
    """Samples of the rows that are assigned."""

    rows_each: int = 1000
    """Rows of each batch that are kept to check whether rows are beyond all segments."""


SETTINGS = AssignmentSettings()


def assign_rows(
    fit: MapFit | Posterior,
    source: Source,
    path: Path,
    columns: Sequence[str] = (),
    weights: str | None = None,
) -> Assigned:
    """Write the segment of every row of files as `write_assignments` does, and count the rows.

    Parameters
    ----------
    fit : MapFit or Posterior
    source : Source
    path : Path
    columns : sequence of str
        Columns that are kept.
    weights : str, optional
        Column of row weights, for the counts.
    """
    import pyarrow.parquet as pq

    if path.suffix.lower() not in (".parquet", ".pq"):
        raise DataError(f"{file_named(path)} is written as Parquet; end its name in .parquet")
    if not path.parent.is_dir():
        raise DataError(f"there is no folder {shown(str(path.parent))} for {file_named(path)}")
    refuse_overwriting(source, path)
    columns = [columns] if isinstance(columns, str) else columns
    refuse_columns(source, fit.features, columns, fit.names)
    draft = path.with_name(f".{path.name}.part")
    writer, found = None, []
    try:
        for matrix, held, copied in read_again(source, fit.features, columns, weights):
            shares = fit.predict_proba(rows := fit.mixture.matrix_of(matrix))
            table = _table(fit, rows, shares, copied)
            writer = writer or pq.ParquetWriter(draft, table.schema)
            writer.write_table(table)
            found.append(_counted(matrix, shares, held))
        if writer is None:
            raise DataError(f"the table has no rows, so {file_named(path)} is not written")
        writer.close()
        os.replace(draft, path)
    finally:
        if writer is not None:
            writer.close()
        draft.unlink(missing_ok=True)
    return Assigned(
        sum(one.n_rows for one in found), np.sum([one.sizes for one in found], axis=0),
        np.sum([one.counts for one in found], axis=0),
        FeatureMatrix(np.concatenate([one.some.values for one in found]), fit.features),
    )  # fmt: skip


def _counted(matrix: FeatureMatrix, shares: Floats, weights: Floats | None) -> Assigned:
    """The numbers of a batch."""
    w = np.ones(len(shares)) if weights is None else weights
    top = np.bincount(shares.argmax(axis=1), w, minlength=shares.shape[1])
    every = -(-len(shares) // SETTINGS.rows_each) or 1
    return Assigned(len(shares), w @ shares, top, matrix.only(slice(None, None, every)))


def refuse_overwriting(source: Source, path: Path) -> None:
    """Raise if a path is one of the files of a source."""
    if path.resolve() in {each.resolve() for each in source.paths}:
        raise DataError(f"{file_named(path)} is one of the files that are read; choose another")


def refuse_columns(
    source: Source, features: Sequence[str], columns: Sequence[str], segments: Sequence[str]
) -> None:
    """Raise if a source lacks a column, or a kept column has the name of one that is written.

    Parameters
    ----------
    source : Source
    features, columns : sequence of str
        Features of the model, and columns that are kept.
    segments : sequence of str
        Names of the segments.
    """
    known = source.schema.names
    for name in columns:
        if name not in known:
            raise DataError(f"there is no column {shown(name)}; there are: {listed(known)}")
    features_of(source, features)
    taken = {*_NEW, *segments} & set(columns)
    if names := sorted({*_NEW} & set(segments)):
        raise DataError(
            f"a segment has the name {shown(names[0])}, which is a column of the file; rename it"
        )
    if taken:
        raise DataError(
            f"the file gets columns of its own named {listed(sorted(taken))}; leave these columns "
            "out, or rename them or the segments"
        )


_NEW = ("segment", "probability", "typicality")


def _table(fit: MapFit | Posterior, rows: FeatureMatrix, shares: Floats, kept: Any) -> Any:
    """Kept columns and memberships of a batch as an Arrow table."""
    import pyarrow as pa

    top = shares.argmax(axis=1).astype(np.int32)
    found = {name: kept.column(name) for name in kept.schema.names}
    found["segment"] = pa.DictionaryArray.from_arrays(top, list(fit.names)).cast(pa.string())
    found["probability"] = shares.max(axis=1)
    found["typicality"] = typicality(fit.mixture, rows)
    found |= {name: shares[:, k] for k, name in enumerate(fit.names)}
    return pa.table(found)
