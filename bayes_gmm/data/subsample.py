"""Representative samples of rows, independent of the order of the rows."""

from __future__ import annotations

import numpy as np

from bayes_gmm.data.rows import Floats, Integers

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
"""2^64 over the golden ratio, rounded to an odd number: spreads the bits (Knuth 1998, 6.4)."""

Hashes = np.ndarray[tuple[int], np.dtype[np.uint64]]


def sample_rows(values: Floats, weights: Floats | None, size: int) -> tuple[Integers, Floats]:
    """Positions of about `size` rows that represent all, and the weight of each.

    All rows are taken if there are at most `size`. If at most `size` are distinct, each distinct
    row is taken once, with the total weight of its copies. Otherwise a systematic sample of the
    distinct rows is taken in the order of a hash of their values, in proportion to weight, so that
    a row of weight 2 is equivalent to two copies. The extremes of each column are included.

    Examples
    --------
    >>> import numpy as np
    >>> rows, weights = sample_rows(np.arange(6.0)[:, None], None, size=10)
    >>> rows, weights
    (array([0, 1, 2, 3, 4, 5]), array([1., 1., 1., 1., 1., 1.]))
    """
    if weights is not None and not np.all(weights > 0.0):
        kept = np.flatnonzero(weights > 0.0)
        chosen, held = sample_rows(values[kept], weights[kept], size)
        return kept[chosen], held
    if len(values) <= size:
        return np.arange(len(values)), np.ones(len(values)) if weights is None else weights
    kinds, upto = _kinds(values, weights)
    if len(kinds) <= size:
        return kinds, np.diff(upto, prepend=0.0)
    taken, times = at_equal_steps(upto, size)
    missed = np.setdiff1d(_extremes(values, kinds), taken)
    times = np.append(times, np.ones(len(missed)))
    return kinds[np.append(taken, missed)], times * min(1.0, upto[-1] / size)


def distinct_rows(values: Floats, weights: Floats | None, size: int) -> tuple[Integers, Floats]:
    """Positions of at most `size` distinct rows that represent all, and the weight of each.

    Equal rows count as one row with their total weight. If more than `size` rows are distinct, a
    systematic sample is taken in the order of a hash of their values, in proportion to weight.
    Extremes are not included, unlike in `sample_rows`.

    Examples
    --------
    >>> import numpy as np
    >>> rows, weights = distinct_rows(np.array([[1.0], [2.0], [1.0]]), None, size=10)
    >>> sorted(zip(rows.tolist(), weights.tolist()))
    [(0, 2.0), (1, 1.0)]
    """
    if weights is not None and not np.all(weights > 0.0):
        kept = np.flatnonzero(weights > 0.0)
        chosen, held = distinct_rows(values[kept], weights[kept], size)
        return kept[chosen], held
    kinds, upto = _kinds(values, weights)
    if len(kinds) <= size:
        return kinds, np.diff(upto, prepend=0.0)
    taken, times = at_equal_steps(upto, size)
    return kinds[taken], times.astype(np.float64)


def at_equal_steps(upto: Floats | Integers, size: int) -> tuple[Integers, Integers]:
    """Positions selected by `size` equal steps in cumulative weight, and how often each is.

    Examples
    --------
    >>> at_equal_steps(np.cumsum([1.0, 8.0, 1.0]), 2)
    (array([1]), array([2]))
    """
    steps = (np.arange(size) + 0.5) * (upto[-1] / size)
    return np.unique(np.searchsorted(upto, steps, side="right"), return_counts=True)


def _kinds(values: Floats, weights: Floats | None) -> tuple[Integers, Floats | Integers]:
    """Positions of distinct rows in the order of their hashes, and their cumulative weights.

    Memory is limited to a few numbers per row, as a table may have many rows.
    """
    hashes = hash_rows(values)
    order = np.argsort(hashes)
    hashes = hashes[order]
    firsts = np.flatnonzero(np.append(True, hashes[1:] != hashes[:-1]))
    del hashes
    ends = np.append(firsts[1:], len(order))
    if weights is None:
        return order[firsts], ends
    return order[firsts], np.cumsum(weights[order])[ends - 1]


def _extremes(values: Floats, kinds: Integers) -> Integers:
    """Positions in `kinds` of the rows with the smallest and largest value of each column."""
    found = []
    for column in values.T:
        seen = column[kinds]
        if np.isfinite(seen).any():
            found += [np.nanargmin(seen), np.nanargmax(seen)]
    return np.array(found, dtype=np.int64)


def hash_rows(values: Floats) -> Hashes:
    """A 64-bit hash of each row, multiplying and folding its cells in turn.

    Examples
    --------
    >>> a, b, c = hash_rows(np.array([[0.0, np.nan], [-0.0, np.nan], [np.nan, 0.0]])).tolist()
    >>> a == b, a == c
    (True, False)
    """
    hashes = np.zeros(len(values), dtype=np.uint64)
    for column in values.T:
        cells = column + 0.0  # -0.0 and 0.0 are equal but have different bits
        cells[np.isnan(cells)] = np.nan
        hashes ^= cells.view(np.uint64)
        hashes *= GOLDEN
        hashes ^= hashes >> np.uint64(29)
    return hashes
