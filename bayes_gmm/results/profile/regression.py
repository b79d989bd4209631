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
case: they are averages over several segments otherwise. They are used for features that the model
transforms, which are functions of the features, but not linear ones.

Uncertainty: each posterior draw has its own responsibilities and means, and a Bayesian bootstrap
of the rows (Rubin 1981). Row i has a weight :math:`g_i \sim Gamma(\omega_i (1 - h_i)^2)`, divided
by its mean up to a constant, with h the leverage: the variances are those of HC3 (MacKinnon & White
1985), which hold for few rows. A row of weight 2 counts as two copies.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bayes_gmm.data.rows import Floats, Integers
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

    def averages(self, mask: int, place: slice) -> Floats:
        """Averages of columns weighted by responsibilities, shape (S, K, columns)."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(self.right[:, :, 0, place] / self.n_rows[:, mask, :, None])


def row_blocks(n_rows: int, step: int) -> Iterator[slice]:
    """Blocks of rows."""
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
    i, j = np.triu_indices(q)
    G, C, n_pairs = rows.masks.shape[1], rows.targets.shape[1], K * (K + 1) // 2
    gram, right = np.zeros((S, n_pairs, G * len(i))), np.zeros((S, K, q * C))
    for block in row_blocks(len(rows.values), settings.rows_at_once):
        x, mask, y = rows.regressors[block], rows.masks[block], rows.targets[block]
        xx = (mask[:, :, None] * (x[:, i] * x[:, j])[:, None]).reshape(len(x), -1)
        xy = (x[:, :, None] * y[:, None]).reshape(len(x), -1)
        w = _row_weights(rows.weights[block], shapes, block, rng, settings)
        for s, (r, of_rows) in enumerate(zip(drawn.by_draw(rows.values[block]), w, strict=False)):
            weighted = r * of_rows
            right[s] += weighted @ xy
            gram[s] += _pairs(r, weighted) @ xx
    return Sums(_unfolded(gram.reshape(S, n_pairs, G, len(i)), K, q), right.reshape(S, K, q, C))


def _pairs(r: Floats, weighted: Floats) -> Floats:
    """Products r_k (w r_l) of all pairs k <= l, in the order of `numpy.triu_indices`."""
    K, n = r.shape
    products, start = np.empty((K * (K + 1) // 2, n)), 0
    for k in range(K):
        np.multiply(r[k], weighted[k:], out=products[start : start + K - k])
        start += K - k
    return products


def _unfolded(halves: Floats, K: int, q: int) -> Floats:
    """Symmetric sums (S, G, K, q, K, q) from those of pairs k <= l and a <= b, (S, pairs, G, .)."""
    segments, features = _places(K), _places(q)
    return halves.transpose(0, 2, 1, 3)[:, :, segments[:, None, :, None], features[None, :, None]]


def _places(n: int) -> Integers:
    """Position of each entry of a symmetric matrix among those of its upper triangle."""
    places = np.empty((n, n), dtype=np.int64)
    k, l = np.triu_indices(n)
    places[k, l] = places[l, k] = np.arange(len(k))
    return places


def _row_weights(
    weights: Floats, shapes: Floats | None, block: slice, rng: np.random.Generator | None,
    settings: ProfileSettings,
) -> Iterator[Floats]:  # fmt: skip
    """Weights of the rows of a block in one draw after the other; their means are the weights."""
    if shapes is None or rng is None:
        while True:
            yield weights
    shape = shapes[block]
    if np.abs(shape - 1.0).max() < settings.exponential:
        while True:
            yield rng.standard_exponential(len(shape))
    scale = weights / np.maximum(shape, 1e-300)
    while True:
        yield scale * rng.standard_gamma(shape)


def leverages(
    drawn: DrawnMixtures, rows: ProfiledRows, settings: ProfileSettings = PROFILE
) -> Floats:
    """Leverage of each row in the regression of the first draw, shape (n,)."""
    sums = sums_over_rows(drawn, rows, settings=settings)
    K, q = sums.gram.shape[2:4]
    inverse = np.linalg.inv(_systems(drawn, sums.gram[:, 0], settings)[0])
    found = np.empty(len(rows.values))
    for block in row_blocks(len(found), settings.rows_at_once):
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
