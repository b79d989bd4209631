"""Coordinates in which the curvature at a mode is about the identity."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from bayes_gmm.data.rows import Floats
from bayes_gmm.inference.optimize.m_step import expected_curvature
from bayes_gmm.jit.compiled import compiled
from bayes_gmm.model.density import Density
from bayes_gmm.model.parameters import Layout

FARTHEST = 30.0
"""Largest change of the logarithm of a Cholesky factor's diagonal, which prevents overflow."""


class Whitening:
    """Coordinates xi about theta0 whose expected information of complete data is the identity.

    The mean of component k changes by L_k xi / sqrt(n_k). If components have their own covariances,
    or all share one, its Cholesky factor L becomes L T with T = I + E / sqrt(n), except that the
    diagonal of T is an exponential. The coordinates xi are E, whose diagonal has twice the
    information. In these coordinates a narrow component stays narrow even after long steps. All
    other parameters are scaled one by one.
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
            prior = density.prior
            prior_rows = 2.0 * prior.c0 if prior.n_covariances else 1.0 + prior.corr_exponents[-1]
            self.triangles = _Triangles(point.corr_chol, rows + prior_rows)

    def theta(self, xi: Floats) -> Floats:
        """The unconstrained vector at xi, or at each row of a matrix."""
        layout = self.layout
        theta = self.theta0 + self.diagonal * xi
        by_component = xi[..., layout.means].reshape(*xi.shape[:-1], *self.means.shape[:2])
        moved = np.einsum("kij,...kj->...ki", self.means, by_component)
        theta[..., layout.means] = self.theta0[layout.means] + moved.reshape(*xi.shape[:-1], -1)
        if self.triangles is not None:
            log_sigma, z = self.triangles.moved(
                xi[..., layout.scales], xi[..., layout.correlations]
            )
            theta[..., layout.scales] = self.theta0[layout.scales] + log_sigma
            theta[..., layout.correlations] = z
        return theta

    def pull_back(self, xi: Floats, gradient: Floats) -> Floats:
        """Gradients with respect to xi, from one or more gradients with respect to theta."""
        layout = self.layout
        lead = gradient.shape[:-1]
        pulled = self.diagonal * gradient
        by_component = gradient[..., layout.means].reshape(*lead, *self.means.shape[:2])
        moved = np.einsum("kji,...kj->...ki", self.means, by_component)
        pulled[..., layout.means] = moved.reshape(*lead, -1)
        if self.triangles is not None:
            pulled[..., layout.scales], pulled[..., layout.correlations] = self.triangles.pulled(
                xi[..., layout.scales], xi[..., layout.correlations],
                gradient[..., layout.scales], gradient[..., layout.correlations],
            )  # fmt: skip
        return pulled

    def forward(self, xi: Floats) -> Floats:
        """P xi, P = d theta / d xi at theta0: the step in theta to first order."""
        return np.asarray(xi @ self._matrix.T)

    @cached_property
    def _matrix(self) -> Floats:
        size = self.layout.size
        return self.pull_back(np.zeros((size, size)), np.eye(size))

    @property
    def log_det(self) -> float:
        """log |det d theta / d xi| at theta0."""
        layout = self.layout
        diagonal = np.log(self.diagonal)
        diagonal[layout.means] = np.log(np.diagonal(self.means, axis1=1, axis2=2)).ravel()
        if self.triangles is None:
            return float(diagonal.sum())
        return float(diagonal[: layout.means.stop].sum()) + self.triangles.log_det


def _has_triangles(layout: Layout) -> bool:
    """Whether no two different Cholesky factors of covariances share parameters."""
    own = layout.structure.scales == "component-feature"
    one = layout.structure.scales == "feature" and layout.n_correlations == 1
    return one or (own and layout.n_correlations == layout.n_components)


class _Triangles:
    """(log sigma, z) of Cholesky factors diag(sigma) C T as functions of E / sqrt(n) in T.

    With A = C T, log sigma_j changes by log |A_j|, and z_jl = A_jl / A_jj. The information of n
    rows is n for elements of E below the diagonal and 2 n on it. At T = I the determinant of the
    map E / sqrt(n) -> (log sigma, z) is 1.
    """

    def __init__(self, C: Floats, n: Floats) -> None:
        self.C = C
        self.below = 1.0 / np.sqrt(n)

    def _by_factor(self, values: Floats) -> Floats:
        """Values by Cholesky factor, of one or more vectors, shape (m, n_correlations, ?)."""
        each = values.shape[-1] // len(self.C)
        return np.ascontiguousarray(values).reshape(-1, len(self.C), each)

    def moved(self, scales: Floats, correlations: Floats) -> tuple[Floats, Floats]:
        """The changes of log sigma, and the values of z, at E."""
        log_sigma, z = np.empty(scales.shape), np.empty(correlations.shape)
        E = self._by_factor(scales), self._by_factor(correlations)
        move(self.C, self.below, *E, self._by_factor(log_sigma), self._by_factor(z))
        return log_sigma, z

    def pulled(
        self, scales: Floats, correlations: Floats, d_log_sigma: Floats, d_z: Floats
    ) -> tuple[Floats, Floats]:
        """Gradient with respect to E, from the gradient with respect to log sigma and z."""
        on, off = np.empty(scales.shape), np.empty(correlations.shape)
        given = (self._by_factor(x) for x in (scales, correlations, d_log_sigma, d_z))
        pull(self.C, self.below, *given, self._by_factor(on), self._by_factor(off))
        return on, off

    @property
    def log_det(self) -> float:
        """log |det| of the map at T = I."""
        n, d = self.C.shape[:2]
        log_below = np.log(self.below).sum()
        return float(log_below * d * (d + 1) / 2 - n * d * np.log(2.0) / 2)


@compiled()
def move(C, below, scales, correlations, log_sigma, z):
    """Write the changes of log sigma, and z, for each E."""
    n, d = C.shape[:2]
    T, A = np.zeros((d, d)), np.zeros((d, d))
    for i in range(len(scales)):
        for c in range(n):
            _multiply_triangles(C[c], below[c], scales[i, c], correlations[i, c], T, A)
            t = 0
            for j in range(d):
                norm2 = 0.0
                for l in range(j + 1):
                    norm2 += A[j, l] ** 2
                log_sigma[i, c, j] = 0.5 * np.log(norm2)
                for l in range(j):
                    z[i, c, t] = A[j, l] / A[j, j]
                    t += 1


@compiled(from_python=False)
def _multiply_triangles(C, below, scales, correlations, T, A):
    """Write T, and A = C T, for one E."""
    d = len(C)
    t = 0
    for j in range(d):
        for l in range(j):
            T[j, l] = below * correlations[t]
            t += 1
        on = below * scales[j] / np.sqrt(2.0)
        T[j, j] = np.exp(min(max(on, -FARTHEST), FARTHEST))
    for j in range(d):
        for l in range(j + 1):
            A[j, l] = 0.0
            for m in range(l, j + 1):
                A[j, l] += C[j, m] * T[m, l]


@compiled()
def pull(C, below, scales, correlations, d_log_sigma, d_z, on, off):
    """Write the gradient for each E: dA from log sigma and z, dT = C' dA, dE from dT."""
    n, d = C.shape[:2]
    T, A, dA = np.zeros((d, d)), np.zeros((d, d)), np.zeros((d, d))
    for i in range(len(scales)):
        for c in range(n):
            _multiply_triangles(C[c], below[c], scales[i, c], correlations[i, c], T, A)
            t = 0
            for j in range(d):
                norm2 = 0.0
                for l in range(j + 1):
                    norm2 += A[j, l] ** 2
                dA[j, j] = d_log_sigma[i, c, j] * A[j, j] / norm2
                for l in range(j):
                    slope = d_z[i, c, t] / A[j, j]
                    dA[j, l] = d_log_sigma[i, c, j] * A[j, l] / norm2 + slope
                    dA[j, j] -= slope * A[j, l] / A[j, j]
                    t += 1
            t = 0
            for m in range(d):
                for l in range(m + 1):
                    dT = 0.0
                    for j in range(m, d):
                        dT += C[c, j, m] * dA[j, l]
                    if l < m:
                        off[i, c, t] = below[c] * dT
                        t += 1
                    else:
                        on[i, c, m] = below[c] / np.sqrt(2.0) * T[m, m] * dT
