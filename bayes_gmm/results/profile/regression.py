r"""Means of outside columns by segment, from the regression on responsibilities.

Let y be a column that the model does not contain, and suppose that its mean is linear in the
features within each segment, :math:`E[y | x, k] = a_k + b_k' (x - \mu_k)`. As
:math:`E[x | k] = \mu_k`, the mean of y in segment k is :math:`a_k`, and

.. math:: E[y | x] = \sum_k r_k(x) (a_k + b_k' (x - \mu_k))

with r the responsibilities. Hence least squares of y on :math:`r_k` and :math:`r_k x` estimates
:math:`a_k` without bias, however much segments overlap, both for columns that depend on the segment
alone (the assumption of Bolck, Croon & Hagenaars 2004) and for columns that follow the features. Of
a column that is linear in the features the estimates are the draw's own means. Averages of rows
weighted by responsibilities, or of rows with sampled memberships, are right only in the second
case: they are averages over several segments otherwise.

Uncertainty: each posterior draw has its own responsibilities and means, and a Bayesian bootstrap
of the rows (Rubin 1981). Row i has a weight :math:`g_i \sim Gamma(\omega_i (1 - h_i)^2)`, divided
by its mean up to a constant, with h the leverage: the variances are those of HC3 (MacKinnon & White
1985), which hold for few rows. A row of weight 2 counts as two copies.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bayes_gmm.data.rows import Floats
from bayes_gmm.results.profile.drawn import DrawnMixtures
from bayes_gmm.results.profile.settings import PROFILE, ProfileSettings
from bayes_gmm.results.profile.targets import ProfiledRows


@dataclass(frozen=True, eq=False)
class Sums:
    """Weighted sums over rows of products of regressors.

    Attributes
    ----------
    gram : ndarray, shape (S, G, K, 1 + d, K, 1 + d)
        Sums of :math:`r_k x_a r_l x_b`, with x_0 = 1, over the rows of each mask.
    right : ndarray, shape (S, K, 1 + d, C)
        Sums of :math:`r_k x_a y_c`.
    """

    gram: Floats
    right: Floats

    @property
    def n_rows(self) -> Floats:
        """Weighted number of observed rows of each segment, shape (S, G, K)."""
        return np.asarray(self.gram[:, :, :, 0, :, 0].sum(axis=-1))

    @property
    def totals(self) -> Floats:
        """Weighted sum of each column over all rows, shape (S, C)."""
        return np.asarray(self.right[:, :, 0].sum(axis=1))


def row_blocks(n_rows: int, cells_a_row: int, settings: ProfileSettings) -> Iterator[slice]:
    """Blocks of rows that keep products within the settings' number of cells."""
    step = max(64, settings.cells_at_once // cells_a_row)
    return (slice(start, min(start + step, n_rows)) for start in range(0, n_rows, step))


def sums_over_rows(
    drawn: DrawnMixtures,
    rows: ProfiledRows,
    shapes: Floats | None = None,
    rng: np.random.Generator | None = None,
    settings: ProfileSettings = PROFILE,
) -> Sums:
    """Sums over rows in each draw.

    Parameters
    ----------
    drawn : DrawnMixtures
    rows : ProfiledRows
    shapes : ndarray, shape (n,), optional
        Shapes of the Gamma weights of the Bayesian bootstrap; without them rows have their own
        weights.
    rng : Generator, optional
        Needed with `shapes`.
    """
    S, K, q = drawn.n_draws, drawn.n_components, rows.regressors.shape[1]
    first, second = np.triu_indices(K)
    i, j = np.triu_indices(q)
    G, C = rows.masks.shape[1], rows.targets.shape[1]
    gram = np.zeros((S * len(first), G * len(i)))
    right = np.zeros((S * K, q * C))
    for block in row_blocks(len(rows.values), S * len(first), settings):
        x = rows.regressors[block]
        xx = (rows.masks[block][:, :, None] * (x[:, i] * x[:, j])[:, None]).reshape(len(x), -1)
        xy = (x[:, :, None] * rows.targets[block][:, None]).reshape(len(x), -1)
        r = drawn.responsibilities(rows.values[block])
        weighted = r * _row_weights(rows.weights[block], shapes, block, S, rng)[:, None]
        right += weighted.reshape(S * K, -1) @ xy
        pairs = np.empty((S, len(first), len(x)))
        for p, (k, l) in enumerate(zip(first.tolist(), second.tolist(), strict=True)):
            np.multiply(r[:, k], weighted[:, l], out=pairs[:, p])
        gram += pairs.reshape(S * len(first), -1) @ xx
    whole = np.empty((S, G, K, q, K, q))
    halves = gram.reshape(S, len(first), G, len(i)).transpose(1, 3, 0, 2)
    for p, (k, l) in enumerate(zip(first.tolist(), second.tolist(), strict=True)):
        for e, (a, b) in enumerate(zip(i.tolist(), j.tolist(), strict=True)):
            for m, n in ((a, b), (b, a)):
                whole[:, :, k, m, l, n] = whole[:, :, l, m, k, n] = halves[p, e]
    return Sums(whole, right.reshape(S, K, q, C))


def _row_weights(
    weights: Floats, shapes: Floats | None, block: slice, n_draws: int,
    rng: np.random.Generator | None,
) -> Floats:  # fmt: skip
    """Weights of the rows of a block in each draw, with the row weights as means."""
    if shapes is None or rng is None:
        return weights[None]
    shape = shapes[block]
    drawn = rng.standard_gamma(shape, size=(n_draws, len(shape)))
    return np.asarray(drawn * (weights / np.maximum(shape, 1e-300)))


def leverages(
    drawn: DrawnMixtures, rows: ProfiledRows, settings: ProfileSettings = PROFILE
) -> Floats:
    """Leverage of each row in the regression of the first draw, shape (n,)."""
    sums = sums_over_rows(drawn, rows, settings=settings)
    K, q = sums.gram.shape[2:4]
    inverse = np.linalg.inv(_systems(drawn, sums.gram[:, 0], settings)[0])
    found = np.empty(len(rows.values))
    for block in row_blocks(len(found), (K * q) ** 2, settings):
        r, x = drawn.responsibilities(rows.values[block])[0], rows.regressors[block]
        D = (r.T[:, :, None] * x[:, None]).reshape(len(x), K * q)
        found[block] = ((D @ inverse) * D).sum(axis=1)
    return np.clip(found, 0.0, settings.max_leverage)


def _systems(drawn: DrawnMixtures, gram: Floats, settings: ProfileSettings) -> Floats:
    """Matrices of the normal equations with the penalty on slopes, (S, K (1+d), K (1+d)).

    The penalty on the slopes of segment k is d times b_k' Sigma_k b_k, so that it does not depend
    on the units.
    """
    S, K, q = gram.shape[:3]
    penalised = np.array(gram)
    ridge = settings.slope_rows * (q - 1) * drawn.covariances
    for k in range(K):
        penalised[:, k, 1:, k, 1:] += ridge[:, k]
        penalised[:, k, 0, k, 0] += 1e-9 * gram[:, :, 0, :, 0].sum(axis=(1, 2)) / K
    return penalised.reshape(S, K * q, K * q)


def segment_means(
    drawn: DrawnMixtures, gram: Floats, right: Floats, levels: Floats | None = None,
    settings: ProfileSettings = PROFILE,
) -> Floats:  # fmt: skip
    """Mean of each column in each segment and draw, shape (S, K, C).

    Parameters
    ----------
    drawn : DrawnMixtures
    gram : ndarray, shape (S, K, 1 + d, K, 1 + d)
        Sums over the rows in which the columns are observed.
    right : ndarray, shape (S, K, 1 + d, C)
    levels : ndarray, shape (S, K, C), optional
        Weights of prior rows at the mean of each segment, in which a single column is 1; the
        columns are then shares. The last column is left out of the sums.
    """
    S, K, q = gram.shape[:3]
    ones = np.concatenate([np.ones((S, K, 1)), drawn.means], axis=-1)
    if levels is not None:
        gram, prior = np.array(gram), levels.sum(axis=-1)
        for k in range(K):
            outer = ones[:, k, :, None] * ones[:, k, None]
            gram[:, k, :, k] += prior[:, k, None, None] * outer
        right = right + ones[..., None] * levels[:, :, None, : right.shape[-1]]
    systems = _systems(drawn, gram, settings)
    slopes = np.linalg.solve(systems, right.reshape(S, K * q, -1)).reshape(S, K, q, -1)
    return np.asarray((ones[..., None] * slopes).sum(axis=2))
