"""Coordinates in which a climb to a mode is short."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from bayes_gmm.data.rows import Floats
from bayes_gmm.inference.covariances import expected_curvature
from bayes_gmm.model.density import Density
from bayes_gmm.model.parameters import Layout

SMALL = 300
"""Parameters up to which the change of coordinates is kept as a matrix."""


class Whitening:
    """Coordinates xi about theta0 whose expected information of complete data is the identity.

    theta = theta0 + P xi. For means, P is L_k / sqrt(n_k). For covariances of their own, or one
    that all components share, xi is a triangular E with dL = L E / sqrt(n) and twice the
    information on its diagonal. For everything else P is diagonal.
    """

    def __init__(self, density: Density, theta: Floats) -> None:
        layout = density.layout
        point = layout.point(theta)
        n_k = np.exp(point.log_weights) * density.rows.total_weight
        curvature = np.empty(layout.size)
        expected_curvature(n_k, layout.indices, point, density.prior, curvature)
        self.theta0 = theta
        self.layout = layout
        self.diagonal = 1.0 / np.sqrt(curvature)
        M = point.scale_trils
        if np.any(density.rho2 > 0.0):
            M = np.linalg.cholesky(M @ M.mT + np.diag(density.rho2))
        precision = np.maximum(n_k, 1e-3)[:, None, None] * np.eye(layout.n_features)
        inverse = np.linalg.inv(precision + density.prior.precision * M.mT @ M)
        self.means = M @ np.linalg.cholesky(inverse)
        self.triangles: _Triangles | None = None
        if _has_triangles(layout):
            own = layout.n_correlations == layout.n_components
            rows = n_k if own else np.array([n_k.sum()])
            prior_rows = 1.0 + density.prior.corr_exponents[-1]
            self.triangles = _Triangles(point.corr_chol, rows + prior_rows)

    def theta(self, xi: Floats) -> Floats:
        """The unconstrained vector at xi."""
        return self.theta0 + self.forward(xi)

    def forward(self, xi: Floats) -> Floats:
        """P xi, of one vector or of each row of a matrix."""
        return self._forward(xi) if self._matrix is None else xi @ self._matrix

    def backward(self, gradient: Floats) -> Floats:
        """P' g, the gradient in xi, of one vector or of each row of a matrix."""
        return self._backward(gradient) if self._matrix is None else gradient @ self._matrix.T

    @cached_property
    def _matrix(self) -> Floats | None:
        """P', where it is small enough to be quicker than what it is made of."""
        size = self.layout.size
        return self._forward(np.eye(size)) if size <= SMALL else None

    def _forward(self, xi: Floats) -> Floats:
        layout = self.layout
        step = self.diagonal * xi
        by_component = xi[..., layout.means].reshape(*xi.shape[:-1], *self.means.shape[:2])
        moved = np.einsum("kij,...kj->...ki", self.means, by_component)
        step[..., layout.means] = moved.reshape(*xi.shape[:-1], -1)
        if self.triangles is not None:
            parts = self.triangles.forward(xi[..., layout.scales], xi[..., layout.correlations])
            step[..., layout.scales], step[..., layout.correlations] = parts
        return step

    def _backward(self, gradient: Floats) -> Floats:
        layout = self.layout
        lead = gradient.shape[:-1]
        pulled = self.diagonal * gradient
        by_component = gradient[..., layout.means].reshape(*lead, *self.means.shape[:2])
        moved = np.einsum("kji,...kj->...ki", self.means, by_component)
        pulled[..., layout.means] = moved.reshape(*lead, -1)
        if self.triangles is not None:
            scales, correlations = gradient[..., layout.scales], gradient[..., layout.correlations]
            parts = self.triangles.backward(scales, correlations)
            pulled[..., layout.scales], pulled[..., layout.correlations] = parts
        return pulled

    @property
    def log_det(self) -> float:
        """log |det P|."""
        layout = self.layout
        diagonal = np.log(self.diagonal)
        diagonal[layout.means] = np.log(np.diagonal(self.means, axis1=1, axis2=2)).ravel()
        if self.triangles is None:
            return float(diagonal.sum())
        return float(diagonal[: layout.means.stop].sum()) + self.triangles.log_det


def _has_triangles(layout: Layout) -> bool:
    """Whether each Cholesky factor of a covariance has parameters that no other has a part in."""
    own = layout.structure.scales == "component-feature"
    one = layout.structure.scales == "feature" and layout.n_correlations == 1
    return one or (own and layout.n_correlations == layout.n_components)


class _Triangles:
    """(log sigma, z) of Cholesky factors L = diag(sigma) C against E, dL = L E / sqrt(n).

    With dC = C E / sqrt(n): d log sigma_j = sum_l dC_jl C_jl, d z_jl = (dC_jl - z_jl dC_jj) / C_jj.
    The information of n rows is n times the squares of E below the diagonal, 2 n on it; the
    determinant of E -> (log sigma, z) is 1.
    """

    def __init__(self, C: Floats, n: Floats) -> None:
        d = C.shape[1]
        self.C = C
        self.rows, self.columns = np.tril_indices(d, -1)
        self.each = np.arange(d)
        self.diagonal = np.diagonal(C, axis1=1, axis2=2)
        self.below = 1.0 / np.sqrt(n)[:, None]

    def forward(self, scales: Floats, correlations: Floats) -> tuple[Floats, Floats]:
        """The steps in log sigma and z of a whitened step."""
        lead, n = scales.shape[:-1], len(self.C)
        E = np.zeros((*lead, *self.C.shape))
        on = scales.reshape(*lead, n, -1) * self.below / np.sqrt(2.0)
        E[..., self.each, self.each] = on
        E[..., self.rows, self.columns] = correlations.reshape(*lead, n, -1) * self.below
        dC = self.C @ E
        log_sigma = (dC * self.C).sum(axis=-1)
        z = self.C / self.diagonal[:, :, None]
        dz = (dC - z * dC[..., self.each, self.each][..., None]) / self.diagonal[:, :, None]
        dz = dz[..., self.rows, self.columns]
        return log_sigma.reshape(*lead, -1), dz.reshape(*lead, -1)

    def backward(self, scales: Floats, correlations: Floats) -> tuple[Floats, Floats]:
        """The whitened gradient of a gradient in log sigma and z."""
        lead, n = scales.shape[:-1], len(self.C)
        dz = np.zeros((*lead, *self.C.shape))
        dz[..., self.rows, self.columns] = correlations.reshape(*lead, n, -1)
        dz /= self.diagonal[:, :, None]
        dC = dz + scales.reshape(*lead, n, -1)[..., None] * self.C
        dC[..., self.each, self.each] -= (dz * self.C).sum(axis=-1) / self.diagonal
        dE = self.C.mT @ dC
        on = dE[..., self.each, self.each] * self.below / np.sqrt(2.0)
        off = dE[..., self.rows, self.columns] * self.below
        return on.reshape(*lead, -1), off.reshape(*lead, -1)

    @property
    def log_det(self) -> float:
        """log |det| of the whole map."""
        log_below = np.log(self.below).sum()
        d = len(self.each)
        return float(len(self.rows) * log_below + d * log_below - len(self.C) * d * np.log(2.0) / 2)
