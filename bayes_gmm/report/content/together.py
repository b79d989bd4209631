"""How stably rows share a segment, averaged over pairs of segments; independent of labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bayes_gmm.report.settings import LIMITS
from bayes_gmm.report.source import Source
from bayes_gmm.report.words import Number, Segment, probability
from bayes_gmm.results.posterior.membership import co_clustering_matrix


@dataclass(frozen=True)
class Together:
    """Probability that two rows share a segment, by the segments they are assigned to.

    Attributes
    ----------
    segments : tuple of Segment
    cells : tuple of tuple of Number or None
        Averages over pairs of different rows; None for too few rows.
    n_rows : int
        Rows that were compared.
    """

    segments: tuple[Segment, ...]
    cells: tuple[tuple[Number | None, ...], ...]
    n_rows: int


def together(source: Source) -> Together | None:
    """Averages of `Posterior.co_clustering`; None without draws, rows or several segments."""
    rows, posterior = source.rows, source.posterior
    if rows is None or posterior is None or source.n_components < 2:
        return None
    rng = np.random.default_rng(LIMITS.seed)
    n = min(rows.n, LIMITS.together_rows)
    some = np.sort(rng.choice(rows.n, n, replace=False))
    pairs = co_clustering_matrix(posterior, rows.values[some])
    of = np.eye(source.n_components)[rows.segment[some]]
    sizes = of.sum(axis=0)
    n_pairs = np.outer(sizes, sizes) - np.diag(sizes)
    np.fill_diagonal(pairs, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        means = of.T @ pairs @ of / n_pairs
    cells = tuple(
        tuple(
            probability(f"together/{k}/{l}", means[k, l]) if n_pairs[k, l] > 0 else None
            for l in range(source.n_components)
        )
        for k in range(source.n_components)
    )
    return Together(tuple(Segment(k, name) for k, name in enumerate(source.names)), cells, n)
