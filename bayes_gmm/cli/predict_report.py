"""Report of `predict`: the rows assigned to segments."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayes_gmm.cli.layout import shortened
from bayes_gmm.cli.settings import REPORT
from bayes_gmm.text import counted, percent

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Assigned:
    """Rows with the segments assigned to them.

    Attributes
    ----------
    table : str
        Name of the table, as given by the user.
    n_rows : int
    sizes : ndarray, shape (K,)
        Sum of the probabilities of each segment.
    counts : ndarray, shape (K,)
        Number of rows whose most probable segment is each segment.
    names : tuple of str
        Names of the segments.
    """

    table: str
    n_rows: int
    sizes: Array
    counts: Array
    names: tuple[str, ...]

    @classmethod
    def of(cls, table: str, membership: Array, names: tuple[str, ...]) -> Assigned:
        """The numbers of rows with probabilities (n_rows, K)."""
        top = np.bincount(membership.argmax(axis=1), minlength=membership.shape[1])
        return cls(table, len(membership), membership.sum(axis=0), top.astype(float), names)

    @property
    def assigned(self) -> list[int]:
        """Number of rows whose most probable segment is each segment."""
        return [int(n) for n in self.counts]

    def text(self) -> str:
        """Report as text."""
        n_rows = self.n_rows
        labels = [shortened(name) for name in self.names]
        width = max(map(len, labels))
        rows = counted(n_rows, "row")
        lines = [f"{rows} of {Path(self.table).name}, by their most probable segment"]
        for label, n in zip(labels, self.assigned, strict=True):
            lines.append(f"  {label:<{width}}   {n:>9,}   {percent(n / n_rows):>7}")
        return "\n".join(lines)

    def json(self) -> dict[str, Any]:
        """Report as JSON, with size and assigned as in `fit`."""
        sizes = self.sizes.round(REPORT.size_decimals).tolist()
        segments = [
            {"segment": name, "size": size, "assigned": n}
            for name, size, n in zip(self.names, sizes, self.assigned, strict=True)
        ]
        return {"table": self.table, "n_rows": self.n_rows, "segments": segments}
