"""Uniform samples of distinct items in one pass: those with the smallest hashes.

An item that is among the k smallest hashes at the end was so at every earlier moment, so the number
of its copies is exact. The sample does not depend on the order of the items (Beyer et al. 2007,
SIGMOD, k minimum values).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bayes_gmm.data.rows import Floats
from bayes_gmm.data.subsample import Hashes


@dataclass(frozen=True, eq=False)
class Smallest:
    """Distinct items with the smallest hashes so far, in the order of their hashes.

    Attributes
    ----------
    size : int
        Largest number of items.
    hashes : ndarray of uint64, shape (n,)
    items : ndarray, shape (n, width)
    counts : ndarray, shape (n,)
        Total weight of the copies of each item.
    """

    size: int
    hashes: Hashes
    items: Floats
    counts: Floats

    @classmethod
    def empty(cls, size: int, width: int) -> Smallest:
        """A sample without items."""
        return cls(size, np.empty(0, np.uint64), np.empty((0, width)), np.empty(0))

    @property
    def is_whole(self) -> bool:
        """Whether every distinct item is in the sample."""
        return len(self.hashes) < self.size

    def merged(self, other: Smallest) -> Smallest:
        """The sample of the items of both."""
        return self.with_items(other.hashes, other.items, other.counts)

    def with_items(self, hashes: Hashes, items: Floats, weights: Floats | None) -> Smallest:
        """The sample after further items.

        Parameters
        ----------
        hashes : ndarray of uint64, shape (m,)
        items : ndarray, shape (m, width)
        weights : ndarray, shape (m,), optional

        Examples
        --------
        >>> sample = Smallest.empty(size=2, width=1)
        >>> hashes = np.array([7, 3, 7, 9], dtype=np.uint64)
        >>> sample = sample.with_items(hashes, hashes[:, None].astype(float), None)
        >>> sample.items.ravel().tolist(), sample.counts.tolist()
        ([3.0, 7.0], [1.0, 2.0])
        """
        if not self.is_whole:
            near = np.flatnonzero(hashes <= self.hashes[-1])
            hashes, items = hashes[near], items[near]
            weights = None if weights is None else weights[near]
        if not len(hashes):
            return self
        distinct, first, kind = np.unique(hashes, return_index=True, return_inverse=True)
        counts = np.bincount(kind, weights, minlength=len(distinct)).astype(np.float64)
        every = np.concatenate([self.hashes, distinct])
        merged, source, place = np.unique(every, return_index=True, return_inverse=True)
        totals = np.bincount(place, np.concatenate([self.counts, counts]), minlength=len(merged))
        kept = slice(0, self.size)
        rows = np.concatenate([self.items, items[first]])[source[kept]]
        return Smallest(self.size, merged[kept], rows, totals[kept])
