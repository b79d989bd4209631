"""Coordinates in which a climb to a mode is short."""

from __future__ import annotations

import numpy as np

from bayes_gmm.data.rows import Floats
from bayes_gmm.inference.covariances import expected_curvature
from bayes_gmm.model.density import Density
from bayes_gmm.model.parameters import Layout


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
        tau = density.prior.precision
        precision = np.maximum(n_k, 1e-3)[:, None, None] * np.eye(layout.n_features)
        inverse = np.linalg.inv(precision + tau * point.scale_trils.mT @ point.scale_trils)
        self.means = point.scale_trils @ np.linalg.cholesky(inverse)
        self.triangles: _Triangles | None = None
        if _has_triangles(layout):
            shared = layout.n_correlations == 1
            rows = np.array([n_k.sum()]) if shared else n_k
            L = point.scale_trils[:1] if shared else point.scale_trils
            self.triangles = _Triangles(L, rows + 1.0 + density.prior.corr_exponents[-1])

    def theta(self, xi: Floats) -> Floats:
        """The unconstrained vector at xi."""
        return self.theta0 + self.forward(xi)

    def forward(self, xi: Floats) -> Floats:
        """P xi."""
        layout = self.layout
        step = self.diagonal * xi
        by_component = xi[layout.means].reshape(self.means.shape[:2])
        step[layout.means] = np.einsum("kij,kj->ki", self.means, by_component).ravel()
        if self.triangles is not None:
            parts = self.triangles.forward(xi[layout.scales], xi[layout.correlations])
            step[layout.scales], step[layout.correlations] = parts
        return step

    def backward(self, gradient: Floats) -> Floats:
        """P' g: the gradient in xi."""
        layout = self.layout
        pulled = self.diagonal * gradient
        by_component = gradient[layout.means].reshape(self.means.shape[:2])
        pulled[layout.means] = np.einsum("kji,kj->ki", self.means, by_component).ravel()
        if self.triangles is not None:
            parts = self.triangles.backward(gradient[layout.scales], gradient[layout.correlations])
            pulled[layout.scales], pulled[layout.correlations] = parts
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
    """(log sigma, z) of Cholesky factors L against E, dL = L E / sqrt(n).

    With dL: d log sigma_j = sum_l dL_jl L_jl / sigma_j^2, and d z_jl = (dL_jl - z_jl dL_jj) / L_jj.
    The information of n rows is n times the squares of E below the diagonal, 2 n on it; the
    determinant of E -> (log sigma, z) is 1.
    """

    def __init__(self, L: Floats, n: Floats) -> None:
        d = L.shape[1]
        self.L = L
        self.rows, self.columns = np.tril_indices(d, -1)
        self.each = np.arange(d)
        self.sigma2 = (L**2).sum(axis=2)
        self.diagonal = np.diagonal(L, axis1=1, axis2=2)
        self.below = 1.0 / np.sqrt(n)[:, None]

    def forward(self, scales: Floats, correlations: Floats) -> tuple[Floats, Floats]:
        """The steps in log sigma and z of a whitened step."""
        n = len(self.L)
        E = np.zeros_like(self.L)
        E[:, self.each, self.each] = scales.reshape(n, -1) * self.below / np.sqrt(2.0)
        E[:, self.rows, self.columns] = correlations.reshape(n, -1) * self.below
        dL = self.L @ E
        log_sigma = (dL * self.L).sum(axis=2) / self.sigma2
        z = self.L / self.diagonal[:, :, None]
        dz = (dL - z * dL[:, self.each, self.each][:, :, None]) / self.diagonal[:, :, None]
        return log_sigma.ravel(), dz[:, self.rows, self.columns].ravel()

    def backward(self, scales: Floats, correlations: Floats) -> tuple[Floats, Floats]:
        """The whitened gradient of a gradient in log sigma and z."""
        n = len(self.L)
        dz = np.zeros_like(self.L)
        dz[:, self.rows, self.columns] = correlations.reshape(n, -1)
        dz /= self.diagonal[:, :, None]
        dL = dz + (scales.reshape(n, -1) / self.sigma2)[:, :, None] * self.L
        dL[:, self.each, self.each] -= (dz * self.L).sum(axis=2) / self.diagonal
        dE = self.L.mT @ dL
        on = dE[:, self.each, self.each] * self.below / np.sqrt(2.0)
        return on.ravel(), (dE[:, self.rows, self.columns] * self.below).ravel()

    @property
    def log_det(self) -> float:
        """log |det| of the whole map."""
        log_below = np.log(self.below).sum()
        d = len(self.each)
        return float(len(self.rows) * log_below + d * log_below - len(self.L) * d * np.log(2.0) / 2)
