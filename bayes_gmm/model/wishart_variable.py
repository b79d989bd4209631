"""The hierarchical Wishart prior as a PyMC variable: all precision matrices of a mixture."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pymc.logprob.transforms import Transform
from pytensor.tensor.variable import TensorVariable

from bayes_gmm.model.prior.constants import PriorConstants, wishart_log_constant


def precisions_variable(prior: PriorConstants, dims: tuple[str, ...]) -> TensorVariable:
    """Register P_1 ... P_m ~ HierarchicalWishart as the variable "precisions" of the open model.

    Its unconstrained values are log sigma_j and z_jl = C_jl / C_jj of each covariance
    P^-1 = diag(sigma) C C' diag(sigma), as in the package's own unconstrained vector.

    Parameters
    ----------
    prior : PriorConstants
        A hierarchical Wishart prior on m matrices.
    dims : tuple of str
        ("component", "feature", "feature_bis"), or the last two for one matrix that all share.
    """
    m, d = prior.n_covariances, len(prior.G0)
    shape = (m, d, d) if len(dims) == 3 else (d, d)

    def logp(value: TensorVariable, c0: Any, g0: Any, G0: Any) -> TensorVariable:
        value = value.reshape((m, d, d))
        constant = wishart_log_constant(prior.c0, prior.g0, prior.G0, m)
        powers = (c0 - 0.5 * (d + 1)) * _log_det(value).sum()
        return constant + powers - (g0 + m * c0) * _log_det(G0 + value.sum(axis=0))

    def draw(c0: Any, g0: Any, G0: Any, size: Any) -> TensorVariable:
        C0 = _wishart_draws(g0, G0, 1, d)[0]
        return _wishart_draws(c0, C0, m, d).reshape(shape)

    def support_point(rv: Any, size: Any, c0: Any, g0: Any, G0: Any) -> TensorVariable:
        return pt.as_tensor(np.broadcast_to(np.eye(d), shape))

    core = ",".join(map(str, shape))
    return pm.CustomDist(
        "precisions", _double(prior.c0), _double(prior.g0), _double(prior.G0),
        dist=draw, logp=logp, support_point=support_point,
        signature=f"(),(),({d},{d})->({core})", class_name="HierarchicalWishart",
        transform=PrecisionTransform(d), dims=dims, shape=shape,
    )  # fmt: skip


def scale_trils_of(precisions: TensorVariable) -> TensorVariable:
    """Lower triangular L with L L' = P^-1, of matrices (..., d, d).

    With P = U U', U upper triangular, L = U^-T; U is the Cholesky factor of P with rows and columns
    in reverse order, reversed again.
    """
    reverse = (..., slice(None, None, -1), slice(None, None, -1))
    U = pt.linalg.cholesky(precisions[reverse])[reverse]
    return _inverse_of_triangle(U.mT)


def scales_and_corr_chol(scale_trils: TensorVariable) -> tuple[TensorVariable, TensorVariable]:
    """The scales sigma and the matrix C of factors diag(sigma) C, where rows of C have norm 1."""
    scales = pt.sqrt(pt.sqr(scale_trils).sum(axis=-1))
    return scales, scale_trils / scales[..., None]


class PrecisionTransform(Transform):
    """Precision matrices from log sigma (d) and z (d (d - 1) / 2), one row of numbers for each.

    The volume changes by 2^d |P|^((d + 1) / 2).
    """

    name = "precision"
    ndim_supp = 1

    def __init__(self, n_features: int) -> None:
        self.d = n_features

    def backward(self, value: TensorVariable, *inputs: Any) -> TensorVariable:
        """P = L^-T L^-1."""
        inverse = _inverse_of_triangle(self._scale_trils(value))
        return inverse.mT @ inverse

    def forward(self, value: TensorVariable, *inputs: Any) -> TensorVariable:
        """Log sigma, and z row by row."""
        L = scale_trils_of(value)
        scales, C = scales_and_corr_chol(L)
        rows, columns = np.tril_indices(self.d, -1)
        return pt.concatenate([pt.log(scales), C[..., rows, columns] / C[..., rows, rows]], axis=-1)

    def log_jac_det(self, value: TensorVariable, *inputs: Any) -> TensorVariable:
        """log |dP / d value| of all matrices together."""
        diagonal = pt.diagonal(self._scale_trils(value), axis1=-2, axis2=-1)
        return (math.log(2.0) - (self.d + 1) * pt.log(diagonal)).sum()

    def _scale_trils(self, value: TensorVariable) -> TensorVariable:
        rows, columns = np.tril_indices(self.d, -1)
        shape = (*(value.shape[i] for i in range(value.ndim - 1)), self.d, self.d)
        Z = pt.zeros(shape) + np.eye(self.d)
        Z = Z[..., rows, columns].set(value[..., self.d :])
        C = Z / pt.sqrt(pt.sqr(Z).sum(axis=-1, keepdims=True))
        return pt.exp(value[..., : self.d])[..., None] * C


def _inverse_of_triangle(L: TensorVariable) -> TensorVariable:
    return pt.linalg.solve_triangular(L, pt.eye(L.shape[-1]), lower=True, b_ndim=2)


def _log_det(matrices: TensorVariable) -> TensorVariable:
    factors = pt.linalg.cholesky(matrices)
    return 2.0 * pt.log(pt.diagonal(factors, axis1=-2, axis2=-1)).sum(axis=-1)


def _wishart_draws(c: Any, C: TensorVariable, n: int, d: int) -> TensorVariable:
    """n draws of P ~ W(c, C), of density |P|^(c - (d + 1) / 2) exp(-tr C P), shape (n, d, d).

    P = U A A' U' with U U' = (2 C)^-1 and A lower triangular: A_jj^2 ~ chi^2(2 c - j), j from 0,
    and A_jl ~ Normal(0, 1) (Bartlett 1933). Only variables of PyTensor are used, so that every
    backend can compile it.
    """
    square = pm.ChiSquared.dist(2.0 * c - np.arange(d), size=(n, d))
    rows, columns = np.tril_indices(d, -1)
    normal = pm.Normal.dist(size=(n, len(rows)))
    A = pt.sqrt(square)[..., None] * np.eye(d)
    A = A[:, rows, columns].set(normal)
    root = _inverse_of_triangle(pt.linalg.cholesky(2.0 * C)).mT @ A
    return root @ root.mT


def _double(value: Any) -> TensorVariable:
    return pt.constant(value, dtype="float64")
