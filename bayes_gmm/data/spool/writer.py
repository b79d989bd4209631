"""Tiles of rows in files that grow batch by batch, and are mapped into memory when complete."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bayes_gmm.data.memory import (
    MemoryRows,
    fill_tiles,
    group_by_pattern,
    standardise_tiles,
    tile_table,
)
from bayes_gmm.data.rows import Block, Floats
from bayes_gmm.data.standardize import Standardizer

FILES: dict[str, Any] = {"cells": np.float64, "tiles": np.int64, "weights": np.float64}
"""Arrays of a block that are files, and their types."""


@dataclass(eq=False)
class TileWriter:
    """Files of the tiles of a table.

    Attributes
    ----------
    folder : Path
    n_features : int
    sizes : dict of str to int
        Numbers written to each file so far; anything after them in a file is ignored.
    n_rows : int
        Rows written so far.
    patterns : dict of bytes to int
        Number of each missingness pattern.
    checksums : dict of str to int
        CRC-32 of what is written to each file so far.
    """

    folder: Path
    n_features: int
    sizes: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FILES, 0))
    n_rows: int = 0
    patterns: dict[bytes, int] = field(default_factory=dict)
    checksums: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FILES, 0))

    def __post_init__(self) -> None:
        self._files = {name: self._opened(name) for name in FILES}

    def _opened(self, name: str) -> Any:
        path = self.folder / name
        path.touch()
        stream = path.open("r+b")
        stream.seek(self.sizes[name] * 8)
        stream.truncate()
        return stream

    def append(self, values: Floats, weights: Floats | None) -> None:
        """Write rows (n, d) on the scale of the model, with positive weights."""
        order, sizes, observed = group_by_pattern(values, None)
        tiles, n_cells = tile_table(sizes, observed)
        cells, none = np.empty(n_cells), np.zeros(self.n_features)
        fill_tiles(values, order, tiles, observed, none, none + 1.0, cells)
        tiles += [self.sizes["cells"], 0, 0, self.n_rows]
        known = [self.patterns.setdefault(p.tobytes(), len(self.patterns)) for p in observed]
        tiles[:, 2] = np.array(known)[tiles[:, 2]]
        written = {"cells": cells, "tiles": tiles.ravel()}
        if weights is not None:
            written["weights"] = weights[order] if len(order) else weights
        for name, array in written.items():
            data = np.ascontiguousarray(array).data
            self._files[name].write(data)
            self.checksums[name] = zlib.crc32(data, self.checksums[name])
            self.sizes[name] += len(array)
        self.n_rows += len(values)

    def flush(self) -> None:
        """Hand everything that was written over to the operating system."""
        for stream in self._files.values():
            if not stream.closed:
                stream.flush()

    def close(self) -> None:
        """Close the files."""
        for stream in self._files.values():
            stream.close()

    @property
    def observed(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Missingness patterns, shape (n_patterns, d)."""
        return np.array([np.frombuffer(p, bool) for p in self.patterns]).reshape(
            -1, self.n_features
        )


def checksum(path: Path, size: int) -> int:
    """CRC-32 of the first `size` numbers of a file, or -1 if the file is shorter."""
    if not path.is_file() or path.stat().st_size < size * 8:
        return -1
    return zlib.crc32(np.memmap(path, np.uint64, "r", shape=(size,)).data) if size else 0


def mapped_rows(
    folder: Path,
    observed: Any,
    n_rows: int,
    *,
    writable: bool = False,
    threads: int | None = None,
) -> MemoryRows:
    """Rows whose arrays are files of a folder."""
    arrays = {}
    for name, kind in FILES.items():
        path = folder / name
        n = path.stat().st_size // 8
        mapped = np.memmap(path, kind, "r+" if writable else "r") if n else np.empty(0, kind)
        arrays[name] = np.asarray(mapped)
    tiles = arrays["tiles"].reshape(-1, 4)
    block = Block(arrays["cells"], tiles, observed, arrays["weights"], np.empty(0, np.int64))
    return MemoryRows.of_block(block, n_rows, observed.shape[1], threads)


def standardise(rows: MemoryRows, units: Standardizer) -> None:
    """Standardise mapped rows in place."""

    def part(block: Block) -> Floats:
        standardise_tiles(block.values, block.tiles, block.observed, units.shift, 1.0 / units.scale)
        return np.zeros(1)

    rows.sum_blocks(part)
