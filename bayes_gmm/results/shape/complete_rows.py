"""Complete data of a mixture: a segment for each row, and values without error for its cells.

Given the parameters, a row's segment k is drawn with its membership probabilities, and its values
y from their distribution given k and the observed cells O of the recorded values x,

    y ~ Normal(mu_k + S_.O V_OO^-1 (x_O - mu_O), S - S_.O V_OO^-1 S_O.),    V = S + diag(rho^2),

with S = Sigma_k. Where the model is right, rows completed so are Gaussian in each segment, however
much segments overlap, and whatever is missing or rounded (Gelman, Meng & Stern 1996; Yuan & Johnson
2012).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

from bayes_gmm.data.matrix import FeatureMatrix, ModelMatrix
from bayes_gmm.data.rows import Floats, Integers
from bayes_gmm.data.subsample import distinct_rows


@dataclass(frozen=True)
class CompletionSettings:
    """Imputation of missing and coarse cells."""

    cells_at_once: int = 1 << 20
    """Entries of the covariance matrices that are held at once for rows with missing cells."""
    candidates: int = 10
    """Number of rows to search for distinct ones, per requested row."""
    coarse: float = 0.25
    """Recording step, in standard deviations given the other features, from which on it matters."""
    too_coarse: float = 1.0
    """Recording step, in standard deviations, above which a feature's shape cannot be checked."""


SETTINGS = CompletionSettings()


class Gaussians(NamedTuple):
    """Parameters of the segments, in the units of the rows.

    Attributes
    ----------
    means : ndarray, shape (K, d)
    covariances : ndarray, shape (K, d, d)
        Without recording error.
    steps : ndarray, shape (d,)
        Recording resolution of each feature; 0 for none.
    """

    means: Floats
    covariances: Floats
    steps: Floats

    @property
    def recorded(self) -> Floats:
        """Covariances of recorded values, V_k = Sigma_k + diag(step^2 / 12)."""
        return np.asarray(self.covariances + np.diag(self.steps**2 / 12.0))

    @property
    def roots(self) -> Floats:
        """Cholesky factors of the covariances, by way of correlations, whatever the scales."""
        sd = np.sqrt(np.diagonal(self.covariances, axis1=1, axis2=2))
        correlations = self.covariances / sd[:, :, None] / sd[:, None, :]
        return np.asarray(sd[:, :, None] * np.linalg.cholesky(correlations))

    @property
    def is_coarse(self) -> npt.NDArray[np.bool_]:
        """Segments for which a feature is recorded coarsely, given the others, shape (K,)."""
        if not self.steps.any():
            return np.zeros(len(self.means), dtype=np.bool_)
        precision = np.diagonal(np.linalg.inv(self.covariances), axis1=1, axis2=2)
        return np.asarray((self.steps * np.sqrt(precision) > SETTINGS.coarse).any(axis=1))

    @property
    def is_too_coarse(self) -> npt.NDArray[np.bool_]:
        """Features whose recorded values are too few in a segment to show its shape, (K, d)."""
        sd = np.sqrt(np.diagonal(self.covariances, axis1=1, axis2=2))
        return np.asarray(self.steps > SETTINGS.too_coarse * sd)


class SampledRows(NamedTuple):
    """Rows of a table that represent all.

    Attributes
    ----------
    positions : ndarray of int, shape (n,)
        In the table. Rows that are equal stand once, or as often as the model expects equal rows
        of a coarsely recorded table.
    weights : ndarray, shape (n,)
    """

    positions: Integers
    weights: Floats


def sampled_rows(
    matrix: FeatureMatrix,
    weights: Floats | None,
    size: int,
    log_prob: Callable[[ModelMatrix], Floats],
    steps: Floats,
) -> SampledRows:
    """At most `size` distinct rows, those that the model expects to be tied as several.

    Copies of a row give no information on the shape of a segment, but ties in coarse columns
    are rows of their own. So a row of weight w stands as min(w, m) rows, where the model expects m
    rows with these very values (see `_expected_ties`). Of a table of more than
    `candidates` * `size` rows, a random sample of this size is used.

    Parameters
    ----------
    matrix : FeatureMatrix
    weights : ndarray, shape (n_rows,), optional
    size : int
    log_prob : callable
        Log density of rows.
    steps : ndarray, shape (d,)
        Recording resolution of each feature, on the scale of the model.
    """
    rows, held = _distinct(matrix, weights, size)
    held = held * min(1.0, size / held.sum())
    times = np.ones(len(rows), np.int64)
    if held.max() >= 2.0 and np.all(steps > 0.0):
        x = matrix.values[rows]
        log_cell = np.where(np.isnan(x), 0.0, np.log(steps)).sum(axis=1)
        # Without the Jacobian: steps are those of the scale of the model.
        log_p = log_prob(ModelMatrix.plain(x, matrix.features))
        cell = np.exp(np.minimum(log_p + log_cell, 0.0))
        times = np.maximum(np.minimum(_expected_ties(cell, held.sum()), held), 1.0)
        times = np.floor(times).astype(np.int64)
    return SampledRows(np.repeat(rows, times), np.repeat(held / times, times))


def _expected_ties(cell: Floats, most: float) -> Floats:
    """How many rows have the values that some row has, of which each has probability `cell`.

    N independent rows have m = N p of them on average, and m / (1 - exp(-m)) if there is one at
    all (a zero-truncated Poisson variable). N, `most` at most, is that for which these add up to N.
    """
    cell = np.maximum(cell, np.finfo(np.float64).tiny)

    def excess(n: float) -> float:
        return float((cell / -np.expm1(-n * cell)).sum()) - 1.0

    fewest = min(float(len(cell)), most)
    if excess(most) >= 0.0 or excess(fewest) <= 0.0:
        n = most if excess(most) >= 0.0 else fewest
    else:
        n = float(brentq(excess, fewest, most))
    return np.asarray(n * cell / -np.expm1(-n * cell))


def _distinct(matrix: FeatureMatrix, weights: Floats | None, size: int) -> tuple[Integers, Floats]:
    """Positions of distinct rows in which something is measured, and their weights."""
    part = np.arange(min(matrix.n_rows, SETTINGS.candidates * size))
    if len(part) < matrix.n_rows:
        part = np.sort(np.random.default_rng(0).choice(matrix.n_rows, len(part), replace=False))
    values = matrix.values[part]
    counted = np.ones(len(part)) if weights is None else weights[part]
    counted = np.where(FeatureMatrix(values, matrix.features).measured(), counted, 0.0)
    rows, held = distinct_rows(values, counted, size)
    return part[rows], held


def drawn_segments(responsibilities: Floats, rng: np.random.Generator) -> Integers:
    """A segment for each row, drawn with the probabilities (n, K)."""
    upto = np.cumsum(responsibilities[:, :-1], axis=1)
    return np.asarray((rng.random(len(upto))[:, None] > upto).sum(axis=1))


def completed_rows(
    x: Floats, segments: Integers, gaussians: Gaussians, rng: np.random.Generator
) -> Floats:
    """Rows (n, d) without missing cells or recording error, given the segment of each.

    A row (y~, x~) of the model, y~ ~ Normal(mu, Sigma), x~ = y~ + recording error, is corrected to
    the observed cells: y~ + Sigma_.O V_OO^-1 (x_O - x~_O) has the distribution of y given x_O
    (Hoffman & Ribak 1991). Complete rows are left as they are where the error is negligible. Cells
    that are too coarse to show a shape are drawn as if they were missing.
    """
    observed = ~(np.isnan(x) | gaussians.is_too_coarse[segments])
    coarse = gaussians.is_coarse[segments]
    drawn = np.flatnonzero(coarse | ~observed.all(axis=1))
    if not len(drawn):
        return x
    x, d = x.copy(), x.shape[1]
    each = max(1, SETTINGS.cells_at_once // (d * d))
    for start in range(0, len(drawn), each):
        rows = drawn[start : start + each]
        x[rows] = _corrected(x[rows], observed[rows], segments[rows], gaussians, rng)
    return x


def _corrected(
    x: Floats,
    observed: npt.NDArray[np.bool_],
    k: Integers,
    gaussians: Gaussians,
    rng: np.random.Generator,
) -> Floats:
    """Rows of the model, corrected to the observed cells."""
    d, V = x.shape[1], gaussians.recorded
    noise = rng.standard_normal((2, *x.shape))
    y = gaussians.means[k] + (gaussians.roots[k] @ noise[0][..., None])[..., 0]
    error = gaussians.steps / np.sqrt(12.0) * noise[1]
    gap = np.where(observed, x - y - error, 0.0)
    if observed.all():
        solved = (np.linalg.inv(V)[k] @ gap[..., None])[..., 0]
    else:
        both = observed[:, :, None] & observed[:, None, :]
        solved = np.linalg.solve(np.where(both, V[k], np.eye(d)), gap[..., None])[..., 0]
    return np.asarray(y + (gaussians.covariances[k] @ solved[..., None])[..., 0])
