r"""The plane of a plot: two features, or the two directions that separate the segments most.

With weights w_k, means mu_k and covariances Sigma_k on the scale of the model, the covariances
within and between segments are

.. math:: W = \sum_k w_k \Sigma_k, \qquad B = \sum_k w_k (\mu_k - \bar\mu)(\mu_k - \bar\mu)^T

The first direction v maximises v'Bv / v'Wv, and the second does so among directions that are
uncorrelated with the first within segments (Fisher 1936; Rao 1948). Both have v'Wv = 1: one unit is
one standard deviation within segments. The means of fewer than three segments span less than a
plane; the remaining directions then have the largest variance of standardised features.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_gmm.data.matrix import ModelMatrix
from bayes_gmm.inference.sampling.draws import evenly_spread
from bayes_gmm.model.mixture import Mixture
from bayes_gmm.text import minus, percent, shortened
from bayes_gmm.views.settings import PLOTS, STYLE

if TYPE_CHECKING:
    from bayes_gmm.results.posterior.draws import PosteriorDraws

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Plane:
    """Two axes of a plot, each a direction in the space of the transformed features.

    Attributes
    ----------
    mixture : Mixture
        The mixture of the two coordinates.
    source : Mixture
        The mixture of all features.
    shift : ndarray, shape (d,)
    directions : ndarray, shape (d, 2)
        A row y on the scale of the model has the coordinates ``(y - shift) @ directions``.
    shown : tuple of int, or None
        The two features of a plane of features.
    notes : tuple of str
        Notes for the subtitle.
    """

    mixture: Mixture
    source: Mixture
    shift: Array
    directions: Array
    shown: tuple[int, ...] | None = None
    notes: tuple[str, ...] = ()

    def points(self, values: Array) -> tuple[Array, NDArray[np.bool_] | None]:
        """Coordinates of rows, and for a projection which of them are expected values.

        A feature that is missing has no coordinate. Rows with missing cells are projected at their
        expected values given the observed cells; rows without any observed cell have none.
        """
        if self.shown is not None:
            return values[:, list(self.shown)], None
        matrix = self.source.matrix_of(values)
        missing = np.isnan(matrix.values)
        rows = (expected_rows(self.source, matrix) - self.shift) @ self.directions
        rows[missing.all(axis=1)] = np.nan
        return rows, missing.any(axis=1)

    def ellipses(self, posterior: PosteriorDraws, n: int) -> tuple[Array, Array]:
        """Centres (n, K, 2) of ellipses of draws, and maps (n, K, 2, 2) from the unit circle."""
        of = posterior.parameters
        chosen = evenly_spread(of.weights[..., 0].size, n)
        means, scales, correlations = (
            values.reshape(-1, *values.shape[2:])[chosen]
            for values in (of.means, of.scales, of.correlations)
        )
        factors = scales[..., :, None] * self.directions  # (n, K, d, 2)
        C = np.linalg.cholesky(factors.mT @ correlations @ factors)
        radius = np.sqrt(-2.0 * np.log1p(-PLOTS.ellipse_prob))
        return (means - self.shift) @ self.directions, radius * C


def plane_of_features(mixture: Mixture, shown: Sequence[int]) -> Plane:
    """The plane of two features."""
    directions = np.eye(mixture.n_features)[:, list(shown)]
    return Plane(
        mixture.marginal(shown), mixture, np.zeros(mixture.n_features), directions, tuple(shown)
    )


def discriminant_plane(mixture: Mixture) -> Plane:
    """The plane that separates the segments most.

    The label of an axis names the features that correlate most with it over all segments.

    Examples
    --------
    >>> mixture = Mixture(
    ...     [0.4, 0.3, 0.3], [[0, 0, 0], [9, 0, 0], [0, 0, 5]], np.tile(np.eye(3), (3, 1, 1)),
    ...     features=("a", "b", "c"),
    ... )
    >>> plane = discriminant_plane(mixture)
    >>> plane.mixture.features[0]
    'direction 1: a (+0.99), c (−0.52)'
    """
    mean = mixture.weights @ mixture.means
    W = np.einsum("k,kij->ij", mixture.weights, mixture.covariances)
    gaps = np.sqrt(mixture.weights)[:, None] * (mixture.means - mean)
    T = W + gaps.T @ gaps
    sd = np.sqrt(np.diag(T))
    directions, values = _directions(W / np.outer(sd, sd), gaps / sd)
    directions /= sd[:, None]
    loadings = T @ directions / sd[:, None] / np.sqrt(np.diag(directions.T @ T @ directions))
    signs = np.sign(loadings[np.abs(loadings).argmax(axis=0), [0, 1]])
    directions, loadings = directions * signs, loadings * signs
    flat = Mixture(
        mixture.weights,
        (mixture.means - mean) @ directions,
        directions.T @ mixture.covariances @ directions,
        features=tuple(
            f"direction {i + 1}: {_largest(loadings[:, i], mixture.features)}" for i in range(2)
        ),
    )
    return Plane(flat, mixture, mean, directions, None, _notes(values))


def _directions(W: Array, gaps: Array) -> tuple[Array, Array]:
    """Two directions (d, 2) with v'Wv = 1, and all eigenvalues of W^-1 B in decreasing order."""
    L = np.linalg.cholesky(W)
    whitened = np.linalg.solve(L, gaps.T)
    U, s, _ = np.linalg.svd(whitened, full_matrices=True)
    n = int(np.count_nonzero(s[:2] > 1e-9 * max(s[0], 1e-9)))
    chosen = U[:, :n]
    if n < 2:
        rest = U[:, n:]
        inverse = np.linalg.inv(L.T @ L)
        chosen = np.hstack([chosen, rest @ np.linalg.eigh(rest.T @ inverse @ rest)[1][:, : 2 - n]])
    return np.linalg.solve(L.T, chosen), s**2


def _largest(loadings: Array, features: tuple[str, ...]) -> str:
    """The largest loadings with the names of their features."""
    first, *rest = np.argsort(-np.abs(loadings), kind="stable")[: PLOTS.loadings].tolist()
    order = [first, *(j for j in rest if abs(loadings[j]) >= PLOTS.least_loading)]
    names = [shortened(features[j], STYLE.loading_width) for j in order]
    numbers = [minus(f"({loadings[j]:+.2f})") for j in order]
    pairs = zip(names, numbers, strict=True)
    return ", ".join(f"{name} {number}" for name, number in pairs)


def _notes(values: Array) -> tuple[str, ...]:
    total = float(values.sum())
    if total <= 0.0:
        return ("projection with the largest variance; at the axes: correlations with features",)
    held = float(values[:2].sum()) / total
    return (
        f"projection with {percent(held)} of the separation of segments; "
        "at the axes: correlations with features",
    )


def expected_rows(mixture: Mixture, matrix: ModelMatrix) -> Array:
    """Rows on the scale of the model, with missing cells at their expected values.

    The expectation is over the mixture, given the observed cells of the row.
    """
    filled = np.array(matrix.values)
    missing = np.isnan(filled)
    some = np.flatnonzero(missing.any(axis=1))
    if not len(some):
        return filled
    r = mixture.responsibilities(matrix.only(some))
    patterns, of_row = np.unique(missing[some], axis=0, return_inverse=True)
    S = mixture.covariances
    for p, lacks in enumerate(patterns):
        rows, has = some[of_row.ravel() == p], ~lacks
        gaps = filled[rows][:, None, has] - mixture.means[:, has]
        slopes = np.linalg.solve(S[:, has][:, :, has], S[:, has][:, :, lacks])
        means = mixture.means[:, lacks] + np.einsum("nko,kom->nkm", gaps, slopes)
        cells = np.einsum("nk,nkm->nm", r[of_row.ravel() == p], means)
        filled[np.ix_(rows, np.flatnonzero(lacks))] = cells
    return filled
