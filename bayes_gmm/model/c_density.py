"""The log-density of theta and its gradient as one C function, for samplers in other languages.

Priors, change of variables, Jacobian, kernel, and an affine change of coordinates

    theta = theta0 + P xi,    d / d xi = P' d / d theta,    P lower triangular

in one call without Python's lock. If components may be empty, the coordinates of weights are
transformed (see `weight_transform`).

The function is the same for all tables, priors and structures, so it is compiled once and cached on
disk. Samplers pass a pointer to the data of a particular density.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numba import carray, types  # type: ignore[attr-defined]
from numba.extending import intrinsic

from bayes_gmm.data.rows import Block, Floats, Integers
from bayes_gmm.jit.addresses import call
from bayes_gmm.jit.compiled import c_function, compiled, inlined
from bayes_gmm.model.density import Density, evaluate_address
from bayes_gmm.model.kernel.kernel import kernel_address
from bayes_gmm.model.parameters import Indices, Point
from bayes_gmm.model.points import Points
from bayes_gmm.model.prior.constants import PriorConstants
from bayes_gmm.model.weight_transform import bend_weights, bent_back, log_shares, unbend_slope

_intrinsic: Any = intrinsic

SIZES = 11
"""Number of sizes, which come first in the data of a sampler."""
HEADER = SIZES + 22
"""Number of all items: after the sizes come addresses of arrays, the kernel and the density."""
NOT_FINITE = 3
"""Return code if the density or the gradient is not finite: a divergence."""


@dataclass(frozen=True)
class FusedDensity:
    """log p(rows, theta) in coordinates xi, theta = theta0 + P xi, for callers of C functions.

    It owns the workspace of the function, so each sampling thread needs one of its own.

    Attributes
    ----------
    density : Density
        Density on rows in memory.
    theta0 : ndarray, shape (p,)
    factor : ndarray, shape (p, p)
        Lower triangular P; entries above the diagonal are ignored.
    bend : float, optional
        The log weight below which the coordinates of weights are transformed. The first K elements
        of xi are then t_1, ..., t_K, and the last p - K + 1 rows and columns of P map the others to
        the other parameters. None means no transformation.

    Examples
    --------
    >>> import numpy as np
    >>> from bayes_gmm.data.feature_matrix import feature_matrix
    >>> from bayes_gmm.model.prior import Prior
    >>> from bayes_gmm.model.structure import Structure
    >>> table = feature_matrix([[1.0], [2.0], [4.0], [8.0]])
    >>> from bayes_gmm.model.table_density import density_of_table
    >>> density, _ = density_of_table(table, 2, structure=Structure(), prior=Prior())
    >>> fused = FusedDensity(density, np.zeros(5), 0.5 * np.eye(5))
    >>> value, gradient = fused.value_and_gradient(np.full(5, 0.2))
    >>> expected, slope = density.value_and_gradient(np.full(5, 0.1), jacobian=True)
    >>> bool(np.isclose(value, expected)), bool(np.allclose(gradient, 0.5 * slope))
    (True, True)
    """

    density: Density
    theta0: Floats
    factor: Floats
    bend: float | None = None
    _arrays: tuple[Any, ...] = field(init=False, repr=False, compare=False)
    _header: Integers = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        block = self.density.rows.gathered()
        data = _data(self.density, block, self.bend or 0.0)
        arrays = tuple(np.ascontiguousarray(array) for array in (*data, self.theta0, self.factor))
        arrays += tuple(_workspace(self.density))
        sizes = (*_sizes(self.density, block), self._n_bent)
        addresses = [*(array.ctypes.data for array in arrays), kernel_address(), evaluate_address()]
        object.__setattr__(self, "_arrays", arrays)
        object.__setattr__(self, "_header", np.array([*sizes, *addresses], dtype=np.int64))

    @property
    def size(self) -> int:
        """Length of xi."""
        return self.density.layout.size + (self.bend is not None)

    @property
    def _n_bent(self) -> int:
        return 0 if self.bend is None else self.density.layout.n_components

    @property
    def function_address(self) -> int:
        """Address of ``int64 f(uint64 p, double *xi, double *gradient, double *value, void *)``."""
        return int(log_density().address)

    @property
    def map_address(self) -> int:
        """Address of ``int64 f(uint64 p, uint64 p, double *xi, double *theta, void *data)``."""
        return int(unconstrained_vector().address)

    @property
    def data_address(self) -> int:
        """The argument ``data`` of the function, valid as long as this object exists."""
        return int(self._header.ctypes.data)

    def value_and_gradient(self, xi: Floats) -> tuple[float, Floats]:
        """The log-density of theta, Jacobian included, and its gradient in xi."""
        return self._evaluate(xi)[1:]

    def return_code(self, xi: Floats) -> int:
        """0, or `NOT_FINITE`."""
        return self._evaluate(xi)[0]

    def _evaluate(self, xi: Floats) -> tuple[int, float, Floats]:
        xi = np.ascontiguousarray(xi, dtype=np.float64)
        gradient, value = np.empty_like(xi), np.empty(1)
        addresses = [array.ctypes.data for array in (xi, gradient, value)]
        code = _as_python()(len(xi), *addresses, self.data_address)
        return int(code), float(value[0]), gradient

    def theta(self, xi: Floats) -> Floats:
        """The unconstrained vectors at coordinates of shape (..., p)."""
        if self.bend is None:
            return self.theta0 + xi @ np.tril(self.factor).T
        K = self._n_bent
        log_g = log_shares(self.bend, xi[..., :K])
        y = log_g - log_g.mean(axis=-1, keepdims=True)
        others = self.theta0[K - 1 :] + xi[..., K:] @ np.tril(self.factor[K - 1 :, K - 1 :]).T
        return np.concatenate([y[..., : K - 1], others], axis=-1)

    def coordinates(self, theta: Floats) -> Floats:
        """The xi of vectors (..., p); for transformed weights, the one with sum_l g_l = 1."""
        others = theta - self.theta0
        if self.bend is None:
            return np.linalg.solve(np.tril(self.factor), others[..., None])[..., 0]
        K = self._n_bent
        t = bent_back(self.bend, Points.of(self.density.layout, theta).log_weights)
        factor = np.tril(self.factor[K - 1 :, K - 1 :])
        xi = np.linalg.solve(factor, others[..., K - 1 :, None])[..., 0]
        return np.concatenate([t, xi], axis=-1)


def _sizes(density: Density, block: Block) -> tuple[int, ...]:
    """Sizes that `_log_density` reads, in its order."""
    layout = density.layout
    return (
        layout.n_components, layout.n_features, layout.n_scales, layout.n_correlations,
        density.prior.n_covariances, density.prior.family, len(block.values), len(block.tiles),
        len(block.observed), len(block.weights),
    )  # fmt: skip


def _data(density: Density, block: Block, bend: float) -> tuple[Any, ...]:
    """Arrays that are constant during sampling, in the order of `_log_density`."""
    prior, indices = density.prior, density.layout.indices
    numbers = np.array([
        prior.location, prior.precision, prior.first, prior.second, prior.weights_constant,
        prior.mean_constant, prior.scale_constant, prior.corr_constant, prior.c0, prior.g0,
        prior.wishart_constant, bend,
    ])  # fmt: skip
    return (
        numbers, prior.concentration, prior.corr_exponents, prior.G0, indices.scale, indices.corr,
        block.values, block.tiles, block.observed, block.weights, density.rho2,
    )  # fmt: skip


def _workspace(density: Density) -> tuple[Floats, ...]:
    """theta, its point and the gradient; elements above diagonals remain 0."""
    layout = density.layout
    theta, slope = np.zeros(layout.size), np.zeros(layout.size)
    return theta, *layout.point(theta), slope


@cache
def log_density() -> Any:
    """The C function, compiled or loaded from disk at the first call."""
    return c_function(_log_density, _signature(sizes=1, arrays=3))


@cache
def unconstrained_vector() -> Any:
    """The C function that maps xi to theta."""
    return c_function(_unconstrained_vector, _signature(sizes=2, arrays=2))


def _signature(*, sizes: int, arrays: int) -> Any:
    """Signature of a C function of sizes, arrays and the data of a sampler; it returns a code."""
    pointers = [types.CPointer(types.double)] * arrays
    return types.int64(*[types.uint64] * sizes, *pointers, types.voidptr)


@cache
def _as_python() -> Any:
    kind = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_uint64, *[ctypes.c_void_p] * 4)
    return kind(log_density().address)


@_intrinsic
def _pointer(typing_context, address):
    """An address as numba's pointer."""

    def code(context, builder, signature, arguments):
        return builder.inttoptr(arguments[0], context.get_value_type(types.voidptr))

    return types.voidptr(address), code


@inlined
def _floats(address, shape):
    return carray(_pointer(address), shape, np.float64)


@inlined
def _integers(address, shape):
    return carray(_pointer(address), shape, np.int64)


def _log_density(p, xi_, gradient_, value_, data_):
    """Write value and gradient; return 0 or `NOT_FINITE`. Most lines unpack the data."""
    h = carray(data_, (HEADER,), np.int64)
    K, d, n_scales, n_corr, n_cov, family, n_values, n_tiles, n_patterns, n_weights, n_bent = (
        h[0], h[1], h[2], h[3], h[4], h[5], h[6], h[7], h[8], h[9], h[10],
    )  # fmt: skip
    xi, gradient = carray(xi_, (p,), np.float64), carray(gradient_, (p,), np.float64)
    q = p - np.int64(n_bent > 0)
    value = carray(value_, (1,), np.float64)
    c = _floats(h[11], (12,))
    prior = PriorConstants(
        _floats(h[12], (K,)), c[0], c[1], n_cov, family, c[2], c[3], _floats(h[13], (d,)),
        c[4], c[5], c[6], c[7], c[8], c[9], _floats(h[14], (d, d)), c[10],
    )  # fmt: skip
    bend = c[11]
    indices = Indices(_integers(h[15], (K, d)), _integers(h[16], (K,)))
    values, tiles = _floats(h[17], (n_values,)), _integers(h[18], (n_tiles, 4))
    observed = carray(_pointer(h[19]), (n_patterns, d), np.bool_)
    weights, order = _floats(h[20], (n_weights,)), _integers(h[18], (0,))
    rho2, theta0, factor = _floats(h[21], (d,)), _floats(h[22], (q,)), _floats(h[23], (q, q))
    theta = _floats(h[24], (1, q))
    point = Point(
        _floats(h[25], (K,)), _floats(h[26], (K, d)), _floats(h[27], (n_scales,)),
        _floats(h[28], (n_corr, d, d)), _floats(h[29], (K, d, d)),
    )  # fmt: skip
    slope = _floats(h[30], (1, q))

    _forward(theta0, factor, n_bent, xi, theta[0])
    log_stretch = bend_weights(bend, n_bent, xi, theta[0])
    block = Block(values, tiles, observed, weights, order)
    call(h[32], (h[31], block, theta, point, indices, prior, rho2, 1.0, value, slope))
    value[0] += log_stretch
    total = _backward(factor, n_bent, slope[0], gradient)
    total += unbend_slope(bend, n_bent, xi, slope[0], gradient)
    return 0 if np.isfinite(value[0] + total) else NOT_FINITE


def _unconstrained_vector(p, q, xi_, theta_, data_):
    """Write theta = theta0 + P xi."""
    h = carray(data_, (HEADER,), np.int64)
    xi, theta = carray(xi_, (p,), np.float64), carray(theta_, (q,), np.float64)
    _forward(_floats(h[22], (q,)), _floats(h[23], (q, q)), h[10], xi, theta)
    bend_weights(_floats(h[11], (12,))[11], h[10], xi, theta)
    return 0


@compiled(from_python=False, reordered=True)
def _forward(theta0, factor, n_bent, xi, theta):
    """theta = theta0 + P xi, except for transformed weights."""
    first = max(n_bent - 1, 0)
    shift = min(n_bent, 1)
    for i in range(first, len(theta)):
        s = 0.0
        for j in range(first, i + 1):
            s += factor[i, j] * xi[j + shift]
        theta[i] = theta0[i] + s


@compiled(from_python=False, reordered=True)
def _backward(factor, n_bent, slope, gradient):
    """gradient = P' slope, except for transformed weights; return its sum, to detect NaN."""
    first = max(n_bent - 1, 0)
    shift = min(n_bent, 1)
    for j in range(len(gradient)):
        gradient[j] = 0.0
    for i in range(first, len(slope)):
        for j in range(first, i + 1):
            gradient[j + shift] += factor[i, j] * slope[i]
    total = 0.0
    for j in range(len(gradient)):
        total += gradient[j]
    return total
