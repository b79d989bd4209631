"""The interface of rows, wherever they are stored; its one expensive method is `sum_blocks`."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

EPSILON = float(np.finfo(np.float64).eps)
"""Relative distance of neighbouring floats."""

LARGEST_WHOLE = 2.0**53
"""Number up to which floats represent every whole number."""

TILE = 256
"""Rows in a full tile: enough for vectorised loops, and few enough for the first-level cache."""


class Block(NamedTuple):
    """A run of tiles of rows, laid out for a kernel that vectorises over rows.

    A tile holds up to `TILE` rows that observe the same features, feature-major: a tile with n rows
    that starts at `offset` is ``values[offset : offset + n_observed * n]`` read as (n_observed, n).

    Attributes
    ----------
    values : ndarray, float64
        Standardised cells of all tiles, one tile after the other, without missing cells.
    tiles : ndarray of int, shape (n_tiles, 4)
        For each tile: its start in `values`, its number of rows, its row of `observed`, and the
        position of its first row in `weights` and `order`.
    observed : ndarray of bool, shape (n_patterns, n_features)
        Which features each missingness pattern observes.
    weights : ndarray, float64, shape (n_rows_in_all,) or (0,)
        Row weights; empty when all are 1.
    order : ndarray of int, shape (n_rows_in_all,) or (0,)
        Position of each row in the table; empty if the rows have the order of the table.
    """

    values: Floats
    tiles: Integers
    observed: npt.NDArray[np.bool_]
    weights: Floats
    order: Integers


class Rows(Protocol):
    """Standardised rows of a table, wherever they are stored."""

    @property
    def n_rows(self) -> int:
        """Rows of positive weight."""
        ...

    @property
    def n_features(self) -> int:
        """Columns of the table."""
        ...

    @property
    def total_weight(self) -> float:
        """Sum of the row weights."""
        ...

    @property
    def measured_weight(self) -> float:
        """Sum of the weights of rows in which something is observed."""
        ...

    @property
    def cell_weights(self) -> Floats:
        """Total weight of the rows that observe each feature, shape (n_features,)."""
        ...

    @property
    def is_complete(self) -> bool:
        """Whether no cell is missing."""
        ...

    @property
    def piece(self) -> Block | None:
        """All rows as one block, if they are not divided among threads, else None."""
        ...

    def gathered(self) -> Block:
        """All rows as one block in memory."""
        ...

    def sum_blocks(self, f: Callable[[Block], Floats]) -> Floats:
        """Sum of ``f(block)`` over the blocks that together hold every row once."""
        ...

    def largest_ties(self) -> Floats:
        """Largest weight of rows that share a value of each feature, shape (n_features,)."""
        ...

    def weights_in_table(self, n_rows: int) -> Floats | None:
        """Weights of the n rows of the table, 0 for those left out; None if all are 1."""
        ...

    def fingerprint(self) -> str:
        """A digest that two tables share if they have the same numbers in the same order."""
        ...
