"""Complete data of a mixture: a segment for each row, and values without error for its cells.

Given the parameters, the segment k of a row is drawn by its membership probabilities. Its values y
are drawn from their distribution given k and the observed cells O of the recorded values x,

    y ~ Normal(mu_k + S_.O V_OO^-1 (x_O - mu_O), S - S_.O V_OO^-1 S_O.),    V = S + diag(rho^2),

with S = Sigma_k. If the model is right, the completed rows of each segment are Gaussian, also if
segments overlap and if cells are missing or rounded (Gelman, Meng & Stern 1996; Yuan & Johnson
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
    """Maximum number of elements of covariance matrices in memory, for rows with missing cells."""
    candidates: int = 10
    """Number of rows in which distinct ones are searched, per requested row."""
    coarse: float = 0.25
    """Minimum recording step that is corrected, in standard deviations given other features."""
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
        """Cholesky factors of the covariances, computed from correlations for any scales."""
        sd = np.sqrt(np.diagonal(self.covariances, axis1=1, axis2=2))
        correlations = self.covariances / sd[:, :, None] / sd[:, None, :]
        return np.asarray(sd[:, :, None] * np.linalg.cholesky(correlations))

    @property
    def is_coarse(self) -> npt.NDArray[np.bool_]:
        """Whether a feature of a segment is coarsely recorded, given the others, shape (K,)."""
        if not self.steps.any():
            return np.zeros(len(self.means), dtype=np.bool_)
        precision = np.diagonal(np.linalg.inv(self.covariances), axis1=1, axis2=2)
        return np.asarray((self.steps * np.sqrt(precision) > SETTINGS.coarse).any(axis=1))

    @property
    def is_too_coarse(self) -> npt.NDArray[np.bool_]:
        """Whether a feature has too few values in a segment to show its shape, (K, d)."""
        sd = np.sqrt(np.diagonal(self.covariances, axis1=1, axis2=2))
        return np.asarray(self.steps > SETTINGS.too_coarse * sd)


class SampledRows(NamedTuple):
    """Rows of a table that represent all rows.

    Attributes
    ----------
    positions : ndarray of int, shape (n,)
        Positions in the table. Equal rows are included once, or in a coarsely recorded table as
        often as the model expects ties.
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
    """At most `size` distinct rows; rows are repeated if the model expects ties.

    Copies of a row give no information on the shape of a segment, but ties in coarse columns do.
    Therefore a row of weight w counts as min(w, m) rows if the model expects m rows with the same
    values (see `_expected_ties`). If the table has more than `candidates` * `size` rows, a random
    sample of this size is used.

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
    """Expected number of rows with the same values as each row.

    If values have the probability p (`cell`), N independent rows have them m = N p times on
    average, or m / (1 - exp(-m)) times if they occur at all (a zero-truncated Poisson variable). N
    is chosen so that the sum of these numbers is N; it is at most `most`.
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
    """Positions of distinct rows with at least one observed cell, and their weights."""
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
    (Hoffman & Ribak 1991). Complete rows with negligible error are unchanged. Cells that are too
    coarse to show a shape are drawn as if they were missing.
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
    """Draw rows from the model, and correct them to the observed cells."""
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
