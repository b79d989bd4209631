"""Membership of rows, averaged over the posterior and with its own interval.

For a row x and a draw theta_s the probability of segment k is r_ks = w_ks p(x | k, theta_s) / p(x |
theta_s). Its mean over draws is reported as the probability of the segment given x and all data.
Quantiles of r_ks over draws show the uncertainty of that probability.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_gmm.data.matrix import ModelMatrix
from bayes_gmm.data.memory import MemoryRows
from bayes_gmm.data.rows import Floats, Integers
from bayes_gmm.errors import DataError
from bayes_gmm.inference.sampling.draws import evenly_spread
from bayes_gmm.model.kernel.kernel import log_joint
from bayes_gmm.model.points import Points
from bayes_gmm.results.checks import check_count
from bayes_gmm.results.draw_statistics import central_interval

if TYPE_CHECKING:
    import pandas as pd

    from bayes_gmm.results.posterior.draws import PosteriorDraws

Draw = tuple[Floats, Floats, Floats]
"""Log weights, means and Cholesky factors of a draw, standardised."""


@dataclass(frozen=True)
class MembershipSettings:
    """Numbers of draws to average over, and bounds on memory and threads."""

    cells_at_once: int = 1 << 22
    """Maximum number of probabilities in memory; rows are processed in chunks."""
    shortest_chunk: int = 64
    """Minimum number of rows in a chunk."""
    fewest_draws: int = 200
    """Minimum number of draws to average over, for many rows."""
    most_draws: int = 1000
    """Maximum number of draws to average over, for few rows."""
    row_draws: int = 10_000_000
    """Maximum product of rows and draws between these numbers of draws."""
    threads: int = min(4, os.cpu_count() or 1)
    """Number of threads, each for some of the draws."""
    most_pairs: int = 25_000_000
    """Maximum number of elements of a co-clustering matrix: 5,000 rows, 200 MB."""
    co_clustering_draws: int = 200
    """Number of draws to average over for co-clustering."""


SETTINGS = MembershipSettings()


@dataclass(frozen=True, eq=False)
class Membership:
    """Membership of rows, averaged over draws.

    Attributes
    ----------
    probabilities : ndarray, shape (n_rows, K)
        The mean over draws.
    lower, upper : ndarray, shape (n_rows,)
        Bounds of the probability of each row's most probable segment over draws.
    """

    probabilities: Floats
    lower: Floats
    upper: Floats

    @cached_property
    def entropy(self) -> Floats:
        """-sum_k p_k log p_k of each row, in nats."""
        with np.errstate(divide="ignore"):
            logs = np.maximum(np.log(self.probabilities), -1e300)
        return np.maximum(-(self.probabilities * logs).sum(axis=1), 0.0)


def membership_of(
    posterior: PosteriorDraws, matrix: ModelMatrix, ci_prob: float, max_draws: int | None = None
) -> Membership:
    """Memberships with their intervals, in one pass over the rows."""
    mean = np.empty((matrix.n_rows, len(posterior.names)))
    bounds = np.empty((2, matrix.n_rows))
    for rows, r in _chunks(posterior, matrix, max_draws):
        mean[rows] = r.mean(axis=0)
        best = mean[rows].argmax(axis=1)
        chosen = np.take_along_axis(r, best[None, :, None], axis=2)[:, :, 0]
        bounds[:, rows] = central_interval(chosen, ci_prob, axis=0)
    return Membership(mean, *bounds)


def membership_table(
    posterior: PosteriorDraws, X: Any, ci_prob: float, max_draws: int | None
) -> pd.DataFrame:
    """See `Posterior.membership`."""
    import pandas as pd

    found = membership_of(posterior, posterior.mixture.matrix_of(X), ci_prob, max_draws)
    best = found.probabilities.argmax(axis=1)
    return pd.DataFrame(
        {
            "segment": np.array(posterior.names, dtype=object)[best],
            "probability": found.probabilities.max(axis=1),
            "lower": found.lower,
            "upper": found.upper,
            "entropy": found.entropy,
        },
        index=getattr(X, "index", None) if isinstance(X, pd.DataFrame) else None,
    )


def mean_responsibilities(posterior: PosteriorDraws, X: Any, max_draws: int | None) -> Floats:
    """See `Posterior.predict_proba`."""
    matrix = posterior.mixture.matrix_of(X)
    mean = np.empty((matrix.n_rows, len(posterior.names)))
    for rows, r in _chunks(posterior, matrix, max_draws):
        mean[rows] = r.mean(axis=0)
    return mean


def co_clustering_matrix(posterior: PosteriorDraws, X: Any) -> Floats:
    """See `Posterior.co_clustering`."""
    matrix = posterior.mixture.matrix_of(X)
    n = matrix.n_rows
    if n * n > SETTINGS.most_pairs:
        raise DataError(
            f"X has {n:,} rows, so the co-clustering matrix would have {n * n:,} entries; "
            f"give a sample of at most {int(SETTINGS.most_pairs**0.5):,} rows"
        )
    together = np.zeros((n, n))
    points = thinned(posterior, SETTINGS.co_clustering_draws)
    each = max(1, SETTINGS.cells_at_once // (n * len(posterior.names)))
    for start in range(0, len(points), each):
        r = responsibilities_in(posterior, matrix, points[start : start + each])
        flat = r.transpose(1, 0, 2).reshape(n, -1)
        together += flat @ flat.T
    together /= len(points)
    np.fill_diagonal(together, 1.0)
    return np.clip(together, 0.0, 1.0)


def log_densities(posterior: PosteriorDraws, X: Any) -> Floats:
    """Log density of each row in each draw, in the user's units, shape (chain, draw, n_rows)."""
    matrix, theta = posterior.mixture.matrix_of(X), posterior.draws.theta
    result = np.empty((theta.shape[0] * theta.shape[1], matrix.n_rows))
    for rows, log_p in log_density_blocks(posterior, matrix, theta):
        result[:, rows] = log_p.T
    return result.reshape(*theta.shape[:2], -1)


def log_density_blocks(
    posterior: PosteriorDraws, matrix: ModelMatrix, theta: Floats
) -> Iterator[tuple[slice, Floats]]:
    """Iterate over chunks of rows and their log densities (rows, draws) in the user's units."""
    jacobian = matrix.log_units(posterior.fit.standardizer.scale)
    points = mixtures_of(posterior, theta)
    for rows in _row_slices(matrix.n_rows, len(points) * len(posterior.names)):
        joint = _log_joints(posterior, matrix, rows, points)
        log_p = np.logaddexp.reduce(joint, axis=2).T - jacobian[rows, None]
        yield rows, np.ascontiguousarray(log_p)


def responsibility_blocks(
    posterior: PosteriorDraws, matrix: ModelMatrix, points: list[Draw]
) -> Iterator[tuple[slice, Floats]]:
    """Iterate over chunks of rows and their responsibilities, shape (draws, rows, K)."""
    for rows in _row_slices(matrix.n_rows, len(points) * len(posterior.names)):
        yield rows, responsibilities_in(posterior, matrix, points, rows)


def _chunks(
    posterior: PosteriorDraws, matrix: ModelMatrix, max_draws: int | None
) -> Iterator[tuple[slice, Floats]]:
    """Chunks of rows and their responsibilities in thinned draws, shape (draws, rows, K)."""
    points = thinned(posterior, _n_draws(matrix.n_rows, max_draws))
    return responsibility_blocks(posterior, matrix, points)


def _n_draws(n_rows: int, max_draws: int | None) -> int:
    """Number of draws over which memberships are averaged."""
    if max_draws is not None:
        return check_count("max_draws", max_draws)
    return max(SETTINGS.fewest_draws, min(SETTINGS.most_draws, SETTINGS.row_draws // n_rows))


def _row_slices(n_rows: int, cells_a_row: int) -> Iterator[slice]:
    step = max(SETTINGS.shortest_chunk, SETTINGS.cells_at_once // cells_a_row)
    return (slice(start, min(start + step, n_rows)) for start in range(0, n_rows, step))


def thinned(posterior: PosteriorDraws, n_draws: int) -> list[Draw]:
    """At most n draws, evenly spread over all chains."""
    theta = posterior.draws.theta
    flat = theta.reshape(-1, theta.shape[-1])
    return mixtures_of(posterior, flat[evenly_spread(len(flat), n_draws)])


def mixtures_of(posterior: PosteriorDraws, theta: Floats) -> list[Draw]:
    """Iterate over the mixtures of parameter vectors, shape (..., p)."""
    points = Points.of(posterior.draws.layout, theta.reshape(-1, theta.shape[-1]))
    return list(zip(points.log_weights, points.means, points.scale_trils, strict=True))


def responsibilities_in(
    posterior: PosteriorDraws,
    matrix: ModelMatrix,
    points: list[Draw],
    rows: slice | Integers = slice(None),
) -> Floats:
    """Probability of each segment for each of the rows in each draw, shape (draws, rows, K)."""
    joint = _log_joints(posterior, matrix, rows, points)
    with np.errstate(invalid="ignore"):
        joint -= joint.max(axis=2, keepdims=True)
    np.exp(joint, out=joint)
    joint /= joint.sum(axis=2, keepdims=True)
    if not np.isfinite(joint).all():
        first = int((~np.isfinite(joint).all(axis=(0, 2))).argmax())
        row = int(np.arange(matrix.n_rows)[rows][first])
        raise posterior.mixture.unreachable_row(matrix.values, row)
    return joint


def _log_joints(
    posterior: PosteriorDraws,
    matrix: ModelMatrix,
    rows: slice | Integers,
    points: list[Draw],
) -> Floats:
    """log w_k p(x_i | k) of rows in draws, in standardised units, shape (draws, rows, K)."""
    fit = posterior.fit
    some = MemoryRows.from_matrix(matrix.values[rows], fit.standardizer, threads=1)
    joint = np.empty((len(points), some.n_rows, len(posterior.names)))

    def fill(first: int) -> None:
        for s in range(first, len(points), SETTINGS.threads):
            joint[s] = log_joint(some.parts, *points[s], fit.rho2, some.n_rows)

    with ThreadPoolExecutor(SETTINGS.threads) as pool:
        list(pool.map(fill, range(SETTINGS.threads)))
    return joint
