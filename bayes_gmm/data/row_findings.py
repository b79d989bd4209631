"""What deserves a word in a table's rows: too few, empty, or the same twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from bayes_gmm.data.finding import Finding, percent, rows
from bayes_gmm.data.profile import Profile
from bayes_gmm.data.profile_findings import COARSE
from bayes_gmm.data.rows import Floats
from bayes_gmm.data.table import FeatureMatrix
from bayes_gmm.errors import shown

FEWEST_ROWS = 5.0
"""Rows that a parameter of one segment should have at least."""
REPEATED = 0.01
"""Share of rows that repeat another from which on it is told of."""

MOST_COLUMNS, MOST_PAIRS = 500, 3
"""Looked at for pairs that are never observed together; pairs told of."""
ROWS_AT_ONCE = 1 << 16

ODD = np.uint64(0x9E3779B97F4A7C15)
"""2^64 over the golden ratio, made odd: a multiplier that spreads bits (Knuth 1998, 6.4)."""


def of_rows(
    matrix: FeatureMatrix, weights: Floats | None, profiles: Sequence[Profile]
) -> Iterator[Finding]:
    """All that is to be said of the rows, whose weights are positive."""
    yield from _few(matrix, weights)
    empty = ~matrix.measured()
    if empty.any() and not empty.all():
        yield _empty(int(empty.sum()), matrix.n_rows)
    yield from _never_together(matrix)
    fine = any(profile.step < COARSE * profile.sd for profile in profiles if profile.span > 0.0)
    if matrix.n_features > 1 and fine:
        yield from _repeated(matrix.values[~empty] if empty.any() else matrix.values, profiles)


def _few(matrix: FeatureMatrix, weights: Floats | None) -> Iterator[Finding]:
    d = matrix.n_features
    n_parameters = d + d * (d + 1) // 2
    n_rows = matrix.n_rows if weights is None else float(weights.sum())
    ratio = n_rows / n_parameters
    if ratio < FEWEST_ROWS <= matrix.n_rows / n_parameters:
        sentence = (
            f"the weights sum to {n_rows:.4g}, so that {rows(matrix.n_rows)} count as no more than "
            "that: BIC, evidence and intervals are those of so few; divide the weights by their "
            "mean if each row is one row"
        )
        yield Finding((), "few rows", ratio, sentence)
    elif ratio < FEWEST_ROWS:
        sentence = (
            f"{rows(n_rows)} are few for {d} columns: one segment with a full covariance "
            f"has {n_parameters:,} parameters, and the prior decides where rows do not; take "
            f"structure='diag' ({2 * d:,} parameters), or fewer columns"
        )
        yield Finding((), "few rows", ratio, sentence)


def _empty(n_empty: int, n_rows: int) -> Finding:
    sentence = (
        f"{rows(n_empty)} ({percent(n_empty / n_rows)}) with every column missing: nothing is told "
        "by them, and they belong to segments as likely as the segments are large"
    )
    return Finding((), "missing", n_empty / n_rows, sentence)


def _never_together(matrix: FeatureMatrix) -> Iterator[Finding]:
    """Pairs of columns that no row observes both of, though it observes each somewhere."""
    if not 2 <= matrix.n_features <= MOST_COLUMNS:
        return
    together = np.zeros((matrix.n_features, matrix.n_features))
    for start in range(0, matrix.n_rows, ROWS_AT_ONCE):
        observed = (~np.isnan(matrix.values[start : start + ROWS_AT_ONCE])).astype(np.float32)
        together += observed.T @ observed
    alone = np.diagonal(together) > 0.0
    apart = np.argwhere(np.triu(together == 0.0) & alone & alone[:, None])
    for i, j in apart[:MOST_PAIRS]:
        names = (matrix.features[i], matrix.features[j])
        more = f" (and {len(apart) - MOST_PAIRS} more such pairs)" * (len(apart) > MOST_PAIRS)
        sentence = (
            f"columns {shown(names[0])} and {shown(names[1])} are never observed in the same row: "
            f"their correlation in a segment is the prior's, whatever the rows say{more}"
        )
        yield Finding(names, "missing", 0.0, sentence)


def _repeated(values: Floats, profiles: Sequence[Profile]) -> Iterator[Finding]:
    """Rows that repeat another; those of a rounded table do so by chance and are not told of."""
    most = max(len(profile.values) for profile in profiles)
    n_rows = len(values)
    n_repeated = n_rows - count_distinct_rows(values)
    if n_repeated >= REPEATED * n_rows and most >= 0.5 * (n_rows - n_repeated):
        sentence = (
            f"{rows(n_repeated)} ({percent(n_repeated / n_rows)}) repeat another row cell by cell: "
            "each counts; drop them if they are copies by mistake"
        )
        yield Finding((), "duplicates", n_repeated / n_rows, sentence)


def count_distinct_rows(values: Floats) -> int:
    """Distinct rows, told by 64 bits of hash each; missing cells are equal to each other.

    Examples
    --------
    >>> count_distinct_rows(np.array([[1.0, np.nan], [0.0, 2.0], [1.0, np.nan], [-0.0, 2.0]]))
    2
    """
    key = np.zeros(len(values), dtype=np.uint64)
    for column in values.T:
        key ^= _bits(column)
        key *= ODD
        key ^= key >> np.uint64(32)
    key.sort()
    return int(np.count_nonzero(key[1:] != key[:-1])) + 1


def _bits(column: Floats) -> npt.NDArray[np.uint64]:
    one_zero = column + 0.0
    one_zero[np.isnan(one_zero)] = np.nan
    bits: npt.NDArray[np.uint64] = one_zero.view(np.uint64)
    return bits
