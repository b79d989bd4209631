"""The state of a scan in a file, so that an interrupted scan continues."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from bayes_gmm.data.spool.moments import Moments
from bayes_gmm.data.spool.sketch import Smallest
from bayes_gmm.data.spool.summary import SAMPLE, Summary
from bayes_gmm.data.spool.writer import FILES, TileWriter, checksum

MOMENTS = ("weight", "mean", "scatter")
COLUMNS = ("slopes2", "low", "high")
ROWS = ("distinct", "drawn")
SKETCH = ("hashes", "items", "counts")


@dataclass(frozen=True, eq=False)
class State:
    """How far a scan has come.

    Attributes
    ----------
    n_parts : int
        Parts of the source that are written.
    n_rows : int
        Rows read, those of weight 0 included.
    writer : TileWriter
    summary : Summary
    is_written, is_standardised : bool
        Whether all parts are written, and whether they are standardised.
    """

    n_parts: int
    n_rows: int
    writer: TileWriter
    summary: Summary
    is_written: bool = False
    is_standardised: bool = False

    @classmethod
    def new(cls, folder: Path, n_features: int) -> State:
        """The state before the first part."""
        return cls(0, 0, TileWriter(folder, n_features), Summary.empty(n_features))


def save_state(state: State) -> None:
    """Write the state beside the files; a file is replaced only by a whole one."""
    writer, summary = state.writer, state.summary
    writer.flush()
    arrays = {
        "numbers": np.array(
            [state.n_parts, state.n_rows, writer.n_rows, state.is_written, state.is_standardised]
        ),
        "sizes": np.array([writer.sizes[name] for name in FILES]),
        "checksums": np.array([writer.checksums[name] for name in FILES]),
        "observed": writer.observed,
        "log_jacobian": np.array(summary.log_jacobian),
        **{name: getattr(summary, name) for name in COLUMNS},
        **{name: getattr(summary.moments, name) for name in MOMENTS},
    }
    for rows in ROWS:
        arrays |= {f"{rows}_{name}": getattr(getattr(summary, rows), name) for name in SKETCH}
    for j, sketch in enumerate(summary.values):
        arrays |= {f"column_{j}_{name}": getattr(sketch, name) for name in SKETCH}
    path = _path(writer.folder)
    with path.with_suffix(".part").open("wb") as stream:
        np.savez(stream, **arrays)
    os.replace(path.with_suffix(".part"), path)


def load_state(folder: Path) -> State | None:
    """The state that a folder holds; None if there is none, or it does not fit the files.

    The files are read once, to compare their checksums.
    """
    try:
        with np.load(_path(folder), allow_pickle=False) as stored:
            arrays = dict(stored)
    except (OSError, ValueError, BadZipFile, EOFError):
        return None
    sizes, checksums = (
        dict(zip(FILES, arrays[name].tolist(), strict=True)) for name in ("sizes", "checksums")
    )
    if any(checksum(folder / name, sizes[name]) != checksums[name] for name in FILES):
        return None
    n_parts, n_rows, n_kept, is_written, is_standardised = arrays["numbers"].tolist()
    observed = arrays["observed"]
    patterns = {row.tobytes(): i for i, row in enumerate(observed)}
    writer = TileWriter(folder, observed.shape[1], sizes, n_kept, patterns, checksums)

    def sketch(name: str, size: int) -> Smallest:
        return Smallest(size, *(arrays[f"{name}_{part}"] for part in SKETCH))

    summary = Summary(
        Moments(*(arrays[name] for name in MOMENTS)),
        sketch("distinct", SAMPLE.rows), sketch("drawn", SAMPLE.rows),
        tuple(sketch(f"column_{j}", SAMPLE.values) for j in range(writer.n_features)),
        float(arrays["log_jacobian"]), *(arrays[name] for name in COLUMNS),
    )  # fmt: skip
    return State(n_parts, n_rows, writer, summary, bool(is_written), bool(is_standardised))


def _path(folder: Path) -> Path:
    return folder / "state.npz"
