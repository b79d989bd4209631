"""Which rows stand for the whole: chosen by their values, so that their order cannot matter."""

from __future__ import annotations

import numpy as np

from bayes_gmm.data.rows import Floats, Integers

GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def sample_rows(values: Floats, weights: Floats | None, size: int) -> Integers:
    """Numbers of `size` rows of positive weight: every n-th in the order of a hash of their values.

    All rows where there are no more than `size`. Equal rows stand together in that order, so each
    value is taken as often as its share of the table says; the extremes of each column come along.

    Examples
    --------
    >>> import numpy as np
    >>> sample_rows(np.arange(6.0)[:, None], None, size=10)
    array([0, 1, 2, 3, 4, 5])
    """
    kept = np.arange(len(values)) if weights is None else np.flatnonzero(weights > 0.0)
    if len(kept) <= size:
        return kept
    order = np.argsort(_hash_rows(values if len(kept) == len(values) else values[kept]))
    every = (np.arange(size) + 0.5) * (len(kept) / size)
    return np.union1d(kept[order[every.astype(np.int64)]], _extremes(values, kept))


def _extremes(values: Floats, kept: Integers) -> Integers:
    """Rows with the least and the greatest value of each column, which a sample may well miss."""
    rows = []
    for column in values.T:
        seen = column[kept]
        if np.isfinite(seen).any():
            rows += [kept[np.nanargmin(seen)], kept[np.nanargmax(seen)]]
    return np.array(rows, dtype=np.int64)


def _hash_rows(values: Floats) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """A 64-bit hash of each row, multiplying and folding its cells in turn."""
    hashes = np.zeros(len(values), dtype=np.uint64)
    for column in values.T:
        hashes ^= np.ascontiguousarray(column).view(np.uint64)
        hashes *= GOLDEN
        hashes ^= hashes >> np.uint64(29)
    return hashes
