"""Parameters of many unconstrained vectors at once, and permutation of their components."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bayes_gmm.data.rows import Floats, Integers
from bayes_gmm.model.parameters import SMALLEST_LOG_SCALE, Layout


@dataclass(frozen=True, eq=False)
class Points:
    """Parameters of many mixtures in standardised units; ``...`` is the shape of the collection.

    Attributes
    ----------
    log_weights : ndarray, shape (..., K)
    means : ndarray, shape (..., K, d)
    scales : ndarray, shape (..., K, d)
        Standard deviations of every component; shared ones are repeated.
    corr_chol : ndarray, shape (..., K, d, d)
        Cholesky factors of the correlation matrices; read-only where components share them.

    Examples
    --------
    >>> from bayes_gmm.model.structure import Structure
    >>> layout = Layout(2, 1, Structure.parse("full"))
    >>> points = Points.of(layout, np.array([[0.0, -1.0, 1.0, 0.0, np.log(2.0)]]))
    >>> np.exp(points.log_weights).tolist(), points.scales[..., 0].round(9).tolist()
    ([[0.5, 0.5]], [[1.0, 2.0]])
    """

    log_weights: Floats
    means: Floats
    scales: Floats
    corr_chol: Floats

    @classmethod
    def of(cls, layout: Layout, theta: Floats) -> Points:
        """Parameters of unconstrained vectors (..., layout.size) (see `parameters`)."""
        K, d = layout.n_components, layout.n_features
        log_weights = _centred_log_weights(layout, theta)
        log_weights -= log_weights.max(axis=-1, keepdims=True)
        log_weights -= np.log(np.exp(log_weights).sum(axis=-1, keepdims=True))
        scales = np.exp(np.maximum(theta[..., layout.scales], SMALLEST_LOG_SCALE))
        return cls(
            log_weights,
            theta[..., layout.means].reshape(*theta.shape[:-1], K, d),
            scales[..., layout.indices.scale],
            _corr_chol(layout, theta),
        )

    @property
    def scale_trils(self) -> Floats:
        """Cholesky factors L_k = diag(sigma_k) C_k, shape (..., K, d, d)."""
        return self.scales[..., None] * self.corr_chol


def renumbered(layout: Layout, theta: Floats, order: Integers) -> Floats:
    """The same mixtures with permuted components: ``order[..., k]`` becomes the k-th.

    Parameters
    ----------
    layout : Layout
    theta : ndarray, shape (..., layout.size)
    order : ndarray of int, shape (..., K)
        A permutation for each vector.

    Examples
    --------
    >>> from bayes_gmm.model.structure import Structure
    >>> layout = Layout(2, 1, Structure.parse("full"))
    >>> renumbered(layout, np.array([0.3, -1.0, 1.0, 0.0, 0.7]), np.array([1, 0])).tolist()
    [-0.3, 1.0, -1.0, 0.7, 0.0]
    """
    K = layout.n_components
    order = np.broadcast_to(order, (*theta.shape[:-1], K))
    theta = theta.copy()
    log_weights = _centred_log_weights(layout, theta)
    theta[..., : K - 1] = np.take_along_axis(log_weights, order, axis=-1)[..., : K - 1]
    parts = [layout.means]
    if layout.structure.scales.startswith("component"):
        parts.append(layout.scales)
    if layout.n_correlations == K:
        parts.append(layout.correlations)
    for part in parts:
        of_component = theta[..., part].reshape(*theta.shape[:-1], K, -1)
        chosen = np.take_along_axis(of_component, order[..., None], axis=-2)
        theta[..., part] = chosen.reshape(*theta.shape[:-1], -1)
    return theta


def _centred_log_weights(layout: Layout, theta: Floats) -> Floats:
    """Log weights up to a constant that makes them sum to 0, shape (..., K)."""
    free = theta[..., : layout.n_components - 1]
    return np.concatenate([free, -free.sum(axis=-1, keepdims=True)], axis=-1)


def _corr_chol(layout: Layout, theta: Floats) -> Floats:
    K, d, n = layout.n_components, layout.n_features, layout.n_correlations
    shape = theta.shape[:-1]
    if n == 0:
        return np.broadcast_to(np.eye(d), (*shape, K, d, d))
    C = np.zeros((*shape, n, d, d))
    rows, columns = np.tril_indices(d, -1)
    C[..., rows, columns] = theta[..., layout.correlations].reshape(*shape, n, -1)
    C[..., np.arange(d), np.arange(d)] = 1.0
    C /= np.sqrt((C * C).sum(axis=-1, keepdims=True))
    return C if n == K else np.broadcast_to(C, (*shape, K, d, d))
