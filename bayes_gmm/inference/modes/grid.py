"""The cells of a grid of numbers of components and structures, and the order of their search."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from bayes_gmm.model.structure import Structure


class Cell(NamedTuple):
    """A cell of the grid.

    Attributes
    ----------
    n_components : int
    structure : Structure
    """

    n_components: int
    structure: Structure


def waves(cells: list[Cell]) -> Iterator[list[Cell]]:
    """Waves of one cell, two, four, ...: later waves use the optima of earlier ones.

    Examples
    --------
    >>> cells = [Cell(1, structure) for structure in Structure.all()]
    >>> [len(wave) for wave in waves(cells)]
    [1, 2, 4, 5]
    """
    size = 1
    while cells:
        yield cells[:size]
        cells, size = cells[size:], 2 * size
