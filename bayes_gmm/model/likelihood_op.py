"""The kernel as a PyTensor Op: value and gradient from one pass, in Python and in numba."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import DisconnectedType, disconnected_type
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.link.numba.dispatch.basic import (
    numba_njit,
    register_funcify_default_op_cache_key,
)

from bayes_gmm.data.rows import Block
from bayes_gmm.jit.compiled import source_stamp
from bayes_gmm.model.kernel.kernel import accumulate, expectations

ARRAYS = tuple(name for name in Block._fields if name != "order")
"""Fields of a block that a sum over rows needs."""


class LogLikelihood(Op):
    """Log-likelihood of a mixture on a block of rows and its gradient, by one pass of the kernel.

    Inputs are log w (K,), mu (K, d), L (K, d, d), rho^2 (d,) and the arrays of a `Block` except
    `order`; outputs are the log-likelihood and its derivatives in log w, mu and L.
    """

    __props__ = ()

    def make_node(self, *inputs: Any) -> Apply:
        """Apply the Op to its inputs."""
        inputs = tuple(pt.as_tensor(value) for value in inputs)
        return Apply(self, list(inputs), [pt.dscalar(), pt.dvector(), pt.dmatrix(), pt.dtensor3()])

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        """Derivatives have the shapes of the inputs."""
        return [(), *shapes[:3]]

    def perform(self, node: Apply, inputs: Any, output_storage: Any) -> None:
        """Run the kernel from Python."""
        log_weights, means, scale_trils, rho2 = map(np.ascontiguousarray, inputs[:4])
        arrays = dict(zip(ARRAYS, inputs[4:], strict=True))
        block = Block(**arrays, order=np.empty(0, np.int64))
        K, d = means.shape
        stats = expectations(block, log_weights, means, scale_trils, rho2)
        value, n, d_means, G = np.split(stats, np.cumsum([1, K, K * d]))
        d_scale_trils = 2.0 * np.tril(G.reshape(K, d, d) @ scale_trils)
        results = (value.reshape(()), n, d_means.reshape(K, d), d_scale_trils)
        for storage, result in zip(output_storage, results, strict=True):
            storage[0] = result

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Only derivatives with respect to the parameters of the mixture exist."""
        return [[i < 3] * len(node.outputs) for i in range(len(node.inputs))]

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        """Derivatives, which the pass for the value has already computed."""
        value, *others = cotangents
        if not all(isinstance(other.type, DisconnectedType) for other in others):
            raise NotImplementedError("the kernel provides only first derivatives")
        return [value * gradient for gradient in outputs[1:]] + [
            disconnected_type() for _ in inputs[3:]
        ]


log_likelihood = LogLikelihood()


@register_funcify_default_op_cache_key(LogLikelihood)
def _numba_log_likelihood(op, **kwargs):  # type: ignore[no-untyped-def]
    """The function that numba compiles, and its version in PyTensor's disk cache."""

    @numba_njit
    def value_and_gradient(  # type: ignore[no-untyped-def]
        log_weights, means, scale_trils, rho2,
        values, tiles, observed, weights,
    ):  # fmt: skip
        K, d = means.shape
        stats = np.zeros(1 + K * (1 + d + d * d))
        # Contiguous, so that the kernel is compiled for one kind of array only.
        L = np.ascontiguousarray(scale_trils)
        accumulate(
            values, tiles, observed, weights, np.empty(0, np.int64),
            np.ascontiguousarray(log_weights), np.ascontiguousarray(means), L, rho2,
            stats, np.empty((0, 0)),
        )  # fmt: skip
        G = stats[1 + K * (1 + d) :].reshape((K, d, d))
        d_scale_trils = np.zeros((K, d, d))
        for k in range(K):
            for j in range(d):
                for l in range(j + 1):
                    for m in range(l, d):
                        d_scale_trils[k, j, l] += 2.0 * G[k, j, m] * L[k, m, l]
        d_means = stats[1 + K : 1 + K * (1 + d)].reshape((K, d))
        return np.array(stats[0]), stats[1 : 1 + K].copy(), d_means.copy(), d_scale_trils

    return value_and_gradient, int(source_stamp(), 16)
