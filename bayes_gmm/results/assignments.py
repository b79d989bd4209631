"""Segments of every row of a scanned table, written batch by batch to a Parquet file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_gmm.data.spool.record import Scan
from bayes_gmm.errors import DataError, file_named, listed, shown
from bayes_gmm.model.typicality import typicality

if TYPE_CHECKING:
    from bayes_gmm.data.matrix import FeatureMatrix
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
        Its features are columns of the scan.
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
        If the scan read a stream, lacks a feature of the model or a column, or a kept column has
        the name of a column that is written.
    """
    import pyarrow.parquet as pq

    path = Path(path).expanduser()
    if not isinstance(scan, Scan):
        raise DataError(
            f"scan is of type {type(scan).__name__}; use predict_proba for a table in memory"
        )
    if path.suffix.lower() not in (".parquet", ".pq"):
        raise DataError(f"{file_named(path)} is written as Parquet; end its name in .parquet")
    if not path.parent.is_dir():
        raise DataError(f"there is no folder {shown(str(path.parent))} for {file_named(path)}")
    fit = getattr(model, "map_fit_", model)
    _refuse_names(fit, scan, columns)
    draft = path.with_name(f".{path.name}.part")
    writer = None
    try:
        for matrix, kept in scan.batches(columns):
            table = _table(fit, matrix, kept)
            writer = writer or pq.ParquetWriter(draft, table.schema)
            writer.write_table(table)
        if writer is None:
            raise DataError(f"the scan has no rows, so {file_named(path)} is not written")
        writer.close()
        os.replace(draft, path)
    finally:
        if writer is not None:
            writer.close()
        draft.unlink(missing_ok=True)
    return path


def _refuse_names(fit: MapFit | Posterior, scan: Scan, columns: Sequence[str]) -> None:
    known = scan.source.schema.names
    for name in [*fit.features, *columns]:
        if name not in known:
            raise DataError(f"the scan has no column {shown(name)}; it has: {listed(known)}")
    missing = [name for name in fit.features if name not in scan.features]
    if missing:
        raise DataError(f"the scan was made without {listed(missing)}; scan these columns too")
    taken = {*_NEW, *fit.names} & set(columns)
    if taken:
        raise DataError(
            f"the file gets columns of its own named {listed(sorted(taken))}; leave these columns "
            "out, or rename them or the segments"
        )


_NEW = ("segment", "probability", "typicality")


def _table(fit: MapFit | Posterior, matrix: FeatureMatrix, kept: Any) -> Any:
    """Kept columns and memberships of a batch as an Arrow table."""
    import pyarrow as pa

    rows = fit.mixture.matrix_of(matrix)
    shares = fit.predict_proba(rows)
    top = shares.argmax(axis=1).astype(np.int32)
    found = {name: kept.column(name) for name in kept.schema.names}
    found["segment"] = pa.DictionaryArray.from_arrays(top, list(fit.names)).cast(pa.string())
    found["probability"] = shares.max(axis=1)
    found["typicality"] = typicality(fit.mixture, rows)
    found |= {name: shares[:, k] for k, name in enumerate(fit.names)}
    return pa.table(found)
