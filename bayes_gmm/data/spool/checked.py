"""The sample of a scan as `check_table` uses it, with exact numbers where the scan counted them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bayes_gmm.data.checks.checked_table import CheckedTable
from bayes_gmm.data.checks.profile import Profile
from bayes_gmm.data.matrix import FeatureMatrix
from bayes_gmm.data.memory import MemoryRows
from bayes_gmm.data.rows import Floats, Rows
from bayes_gmm.data.spool.sketch import Smallest
from bayes_gmm.data.spool.summary import Summary
from bayes_gmm.data.subsample import hash_rows


@dataclass(frozen=True)
class CheckedSampleSettings:
    """Size of the rows that are checked."""

    most_copies: float = 10.0
    """Rows per distinct row of the sample, up to which copies are checked as rows of their own."""


SETTINGS = CheckedSampleSettings()


def checked_scan(summary: Summary, rows: Rows, features: tuple[str, ...]) -> CheckedTable:
    """The sample of a scan with the size of its table.

    Parameters
    ----------
    summary : Summary
    rows : Rows
        All rows of the scan.
    features : tuple of str
    """
    held = rows.cell_weights
    profiles = tuple(
        _profile(summary, j, name, rows.n_rows, rows.total_weight, float(held[j]))
        for j, name in enumerate(features)
    )
    samples = (_with_copies(summary.distinct, rows), summary.drawn.items)
    most_repeated = max(samples, key=_repeated)
    return CheckedTable(
        FeatureMatrix(most_repeated, features), profiles, rows.n_rows, rows.total_weight,
        rows.total_weight - rows.measured_weight,
        rows.block.observed if isinstance(rows, MemoryRows) else None,
    )  # fmt: skip


def _repeated(sample: Floats) -> float:
    """Fraction of the rows that repeat another one, without empty rows."""
    measured = sample[~np.isnan(sample).all(axis=1)]
    return 1.0 - len(np.unique(hash_rows(measured))) / max(len(measured), 1)


def _with_copies(distinct: Smallest, rows: Rows) -> Floats:
    """Distinct rows with all their copies in the table, if these are known and not too many."""
    counts = distinct.counts
    unweighted = rows.total_weight == rows.n_rows and np.array_equal(counts, np.rint(counts))
    if not unweighted or counts.sum() > SETTINGS.most_copies * len(counts):
        return distinct.items
    return np.repeat(distinct.items, counts.astype(np.int64), axis=0)


def _profile(
    summary: Summary, j: int, name: str, n_rows: int, total: float, held: float
) -> Profile:
    """The profile of column j: exact if all its distinct values are known, else of the sample.

    `held` is the total weight of its observed cells.
    """
    sketch = summary.values[j]
    order = np.argsort(sketch.items[:, 0])
    values, counts = sketch.items[order, 0], sketch.counts[order]
    n_entries = round(n_rows * held / total)
    if sketch.is_whole:
        return Profile(name, values, counts, total, n_entries)
    # Of balanced values, each has the same number of rows.
    numbers = Profile(
        name, *_with_ends(values, counts, summary.low[j], summary.high[j]), total, n_entries,
        distinct=held / float(counts.max()),
    )  # fmt: skip
    found = Profile.of(name, summary.drawn.items[:, j], summary.drawn.counts)
    each = held / found.n_observed
    return Profile(
        name, found.values, found.counts, total / each, found.n_entries, each, numbers
    )  # fmt: skip


def _with_ends(values: Floats, counts: Floats, low: float, high: float) -> tuple[Floats, Floats]:
    """Values of a column and their counts, with its smallest and its largest value."""
    ends = [end for end in (low, high) if end not in (values[0], values[-1])]
    places = np.searchsorted(values, ends)
    return np.insert(values, places, ends), np.insert(counts, places, counts.max())
