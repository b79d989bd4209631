"""The model as PyMC has it: the specification that every other computation must agree with."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
from pymc.distributions import transforms
from pytensor.gradient import DisconnectedType, disconnected_type
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.link.numba.dispatch.basic import (
    numba_njit,
    register_funcify_default_op_cache_key,
)
from pytensor.tensor.variable import TensorConstant, TensorVariable

from bayes_gmm.data import rows
from bayes_gmm.data.checks import check_fit, check_weights
from bayes_gmm.data.memory import MemoryRows
from bayes_gmm.data.rows import Block, Floats
from bayes_gmm.data.table import feature_matrix
from bayes_gmm.model.density import Density
from bayes_gmm.model.kernel import accumulate, expectations
from bayes_gmm.model.prior import HalfNormal, InverseGamma, LogNormal, Prior
from bayes_gmm.model.structure import Structure

_ARRAYS = tuple(name for name in Block._fields if name != "order")
"""What a sum over rows needs of a block."""


def build_model(
    X: Any,
    n_components: int,
    *,
    structure: str | Structure = "full",
    prior: Prior = Prior(),  # noqa: B008  (frozen)
    resolution: Any = "auto",
    sample_weight: Any = None,
    standardize: bool = True,
) -> pm.Model:
    r"""A Bayesian Gaussian mixture of a table as a PyMC model.

    .. math::
        w &\sim \mathrm{Dirichlet}(\alpha), \quad
        \mu_{kj} \sim \mathrm{Normal}(m, s), \quad
        \sigma \sim \mathrm{LogNormal}(\log \tilde\sigma, \tau), \quad
        C \sim \mathrm{LKJ}(\eta) \\
        x_i &\sim \sum_k w_k \mathrm{Normal}(\mu_k, L_k L_k' + \mathrm{diag}(\rho^2)), \quad
        L_k = \mathrm{diag}(\sigma_k) C_k

    Its variables are `weights`, `means`, `scales` and `corr_chol`, the last unless there is one
    feature or the structure has no correlations, and the rows are the observed `likelihood`, with
    the components summed out and missing cells integrated out. **All are in standardised units**: a
    mean of 1 lies one standard deviation of the column above the column's mean. Components are
    exchangeable: a sampler is free to number them as it likes.

    Parameters
    ----------
    X : data frame or array-like, shape (n_rows, n_features)
        The table; NaN is a missing cell.
    n_components : int
        Components K.
    structure : str or Structure
        Which scales and correlations components share.
    prior : Prior
        In standardised units.
    resolution : "auto", None, float or sequence of n_features floats
        The smallest step of each column, in the user's units.
    sample_weight : array-like, shape (n_rows,), optional
        A weight of 2 is two copies of the row.
    standardize : bool
        False takes the table as it is; the prior's units are then the table's.

    Raises
    ------
    DataError
        If the table or the weights cannot be used.

    Examples
    --------
    >>> model = build_model([[1.0, 5.0], [2.0, 4.5], [8.0, 1.0], [9.0, 0.5]], n_components=2)
    >>> [variable.name for variable in model.free_RVs]
    ['weights', 'means', 'scales', 'corr_chol']
    >>> model.coords["component"], model.coords["feature"]
    (('Segment 1', 'Segment 2'), ('x1', 'x2'))
    """
    matrix = feature_matrix(X)
    weights = check_weights(sample_weight, matrix.n_rows)
    check_fit(matrix, weights, n_components)
    structure = Structure.parse(structure)
    density, _ = Density.of_table(
        matrix, n_components, structure=structure, prior=prior, resolution=resolution,
        weights=weights, standardize=standardize,
    )  # fmt: skip
    return model_of(density, matrix.features, structure, prior)


def model_of(
    density: Density, features: tuple[str, ...], structure: Structure, prior: Prior
) -> pm.Model:
    """The PyMC model that a density is the computation of.

    Parameters
    ----------
    density : Density
        Rows in memory, their number of components, and their recording error.
    features : tuple of str
        Names of the columns.
    structure : Structure
    prior : Prior
        The prior whose constants the density has.
    """
    table = density.rows
    if not isinstance(table, MemoryRows):
        raise TypeError(f"a PyMC model needs its rows in memory; got {type(table).__name__}")
    K, d = density.layout.n_components, density.layout.n_features
    coords = {
        "component": [f"Segment {k + 1}" for k in range(K)],
        "feature": list(features),
        "feature_bis": list(features),
        "row": np.sort(table.block.order) if len(table.block.order) else np.arange(table.n_rows),
    }
    with pm.Model(coords=coords) as model:
        concentration = np.broadcast_to(prior.concentration, K)
        weights = pm.Dirichlet("weights", concentration, dims="component")
        means = _means(prior)
        scales = _scales(prior, structure, K, d)
        if structure.scales == "component":
            scales = scales[:, None]
        scales = scales * pt.ones((K, d))
        correlated = structure.n_correlations(K, d) > 0
        corr_chol = _corr_chol(prior, structure, K, d) if correlated else pt.eye(d)
        _likelihood(table, density.rho2, weights, means, scales[:, :, None] * corr_chol)
    return model


def _double(value: float) -> TensorVariable:
    """A constant in double precision: PyTensor takes a bare 3.0, and its logarithm, in single."""
    return pt.constant(value, dtype="float64")


def _means(prior: Prior) -> TensorVariable:
    dims = ("component", "feature")
    if np.isinf(prior.means.scale):
        return pm.Flat("means", dims=dims)
    return pm.Normal("means", _double(prior.means.location), _double(prior.means.scale), dims=dims)


def _scales(prior: Prior, structure: Structure, K: int, d: int) -> TensorVariable:
    dims = {
        "component-feature": ("component", "feature"),
        "component": ("component",),
        "feature": ("feature",),
        "shared": (),
    }[structure.scales]
    match prior.scales:
        case LogNormal(median, spread):
            location = np.log(median or K ** (-1 / d))
            return pm.LogNormal("scales", location, _double(spread), dims=dims)
        case HalfNormal(scale) if np.isinf(scale):
            return pm.HalfFlat("scales", dims=dims)
        case HalfNormal(scale):
            return pm.HalfNormal("scales", _double(scale), dims=dims)
        case InverseGamma(shape, scale):
            return _root_inverse_gamma(shape, scale, dims)
    raise TypeError(f"no scale prior: {prior.scales!r}")


def _root_inverse_gamma(shape: float, scale: float, dims: tuple[str, ...]) -> TensorVariable:
    """sigma with sigma^2 ~ InverseGamma(shape, scale): p(sigma) = 2 sigma p(sigma^2)."""

    def dist(shape: Any, scale: Any, size: Any) -> TensorVariable:
        return pt.sqrt(pm.InverseGamma.dist(shape, scale, size=size))

    def logp(value: Any, shape: Any, scale: Any) -> TensorVariable:
        return pm.logp(pm.InverseGamma.dist(shape, scale), value**2) + pt.log(2.0 * value)

    def support_point(rv: Any, size: Any, shape: Any, scale: Any) -> TensorVariable:
        return pt.full(size, pt.sqrt(scale / (shape + 1.0)))

    return pm.CustomDist(
        "scales", _double(shape), _double(scale), dist=dist, logp=logp, support_point=support_point,
        transform=transforms.log, class_name="RootInverseGamma", dims=dims,
    )  # fmt: skip


def _corr_chol(prior: Prior, structure: Structure, K: int, d: int) -> TensorVariable:
    """Cholesky factors with PyMC's LKJCorr; without a prior their density is 1."""
    dims: tuple[str, ...] = ("feature", "feature_bis")
    shape: tuple[int, ...] = (d, d)
    if structure.correlations == "component":
        dims, shape = ("component", *dims), (K, *shape)

    def dist(eta: Any, size: Any) -> TensorVariable:
        return pm.LKJCorr.dist(n=d, eta=eta, shape=shape)

    def logp(value: TensorVariable, eta: Any) -> TensorVariable:
        return pm.LKJCorr.logp(value, d, eta)

    def flat_logp(value: TensorVariable, eta: Any) -> TensorVariable:
        return pt.zeros(shape[:-2])

    def support_point(rv: TensorVariable, size: Any, eta: Any) -> TensorVariable:
        return pt.as_tensor(np.broadcast_to(np.eye(d), shape))

    # LKJCorr by itself compiles the loop that draws from it to learn the shape of a starting point.
    flat = prior.eta == 0.0
    return pm.CustomDist(
        "corr_chol", _double((d + 3) / 2 if prior.eta is None else prior.eta),
        **({"logp": flat_logp} if flat else {"dist": dist, "logp": logp}),
        support_point=support_point, signature=f"()->({d},{d})", class_name="LKJCorr",
        transform=transforms.CholeskyCorrTransform(n=d), shape=shape, dims=dims,
    )  # fmt: skip


def _likelihood(
    table: MemoryRows,
    rho2: Floats,
    weights: TensorVariable,
    means: TensorVariable,
    scale_trils: TensorVariable,
) -> None:
    """Register the observed rows, their density given the mixture, and how to draw others."""
    # A constant, as PyMC imputes the missing cells of an array.
    observed = pt.constant(_cells(table))
    data = _shared_data(table, rho2)
    rho = np.sqrt(rho2)

    def dist(weights: Any, means: Any, scale_trils: Any, size: Any) -> TensorVariable:
        component = pm.Categorical.dist(p=weights, size=observed.shape[0])
        y = pm.Normal.dist(size=observed.shape)
        error = pm.Normal.dist(0.0, 1.0, size=observed.shape)
        return means[component] + (scale_trils[component] @ y[:, :, None])[:, :, 0] + rho * error

    def logp(value: Any, weights: Any, means: Any, scale_trils: Any) -> TensorVariable:
        if not (isinstance(value, TensorConstant) and value.equals(observed)):
            raise NotImplementedError("the likelihood is that of the rows the model was built with")
        return log_likelihood(pt.log(weights), means, scale_trils, *data)[0]

    pm.CustomDist(
        "likelihood", weights, means, scale_trils, dist=dist, logp=logp,
        signature="(k),(k,d),(k,d,d)->(n,d)", class_name="GaussianMixture",
        observed=observed, dims=("row", "feature"),
    )  # fmt: skip


def _cells(table: MemoryRows) -> Floats:
    """The rows of positive weight as a matrix, in the order of the user's table."""
    block = table.block
    matrix = np.full((table.n_rows, table.n_features), np.nan)
    for offset, n, pattern, first in zip(
        block.offset, block.n_rows, block.pattern, block.first, strict=True
    ):
        features = np.flatnonzero(block.observed[pattern])
        cells = block.values[offset : offset + n * len(features)].reshape(len(features), n)
        matrix[first : first + n, features] = cells.T
    return matrix[np.argsort(block.order)] if len(block.order) else matrix


def _shared_data(table: MemoryRows, rho2: Floats) -> list[TensorVariable]:
    """rho^2 and the block, shared rather than constant: a graph compiled once fits all tables."""
    arrays = {"rho2": rho2, **{name: getattr(table.block, name) for name in _ARRAYS}}
    return [
        pytensor.shared(array, name=f"likelihood_{name}", borrow=True)
        for name, array in arrays.items()
    ]


class LogLikelihood(Op):
    """Log-likelihood of a mixture on a block of rows and its gradient, by one pass of the kernel.

    Inputs are log w (K,), mu (K, d), L (K, d, d), rho^2 (d,) and the arrays of a `Block` but
    for `order`; outputs are the log-likelihood and its derivatives in the first three.
    """

    __props__ = ()

    def make_node(self, *inputs: Any) -> Apply:
        """Apply the Op to its inputs."""
        inputs = tuple(pt.as_tensor(value) for value in inputs)
        return Apply(self, list(inputs), [pt.dscalar(), pt.dvector(), pt.dmatrix(), pt.dtensor3()])

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        """Derivatives have the shapes of what they are taken in."""
        return [(), *shapes[:3]]

    def perform(self, node: Apply, inputs: Any, output_storage: Any) -> None:
        """Run the kernel from Python."""
        log_weights, means, scale_trils, rho2 = map(np.ascontiguousarray, inputs[:4])
        arrays = dict(zip(_ARRAYS, inputs[4:], strict=True))
        block = Block(**arrays, order=np.empty(0, np.int64))
        K, d = means.shape
        stats = expectations(block, log_weights, means, scale_trils, rho2)
        value, n, d_means, G = np.split(stats, np.cumsum([1, K, K * d]))
        d_scale_trils = 2.0 * np.tril(G.reshape(K, d, d) @ scale_trils)
        results = (value.reshape(()), n, d_means.reshape(K, d), d_scale_trils)
        for storage, result in zip(output_storage, results, strict=True):
            storage[0] = result

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Only the parameters of the mixture can be differentiated in."""
        return [[i < 3] * len(node.outputs) for i in range(len(node.inputs))]

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        """Derivatives that the same pass has already computed."""
        value, *others = cotangents
        if not all(isinstance(other.type, DisconnectedType) for other in others):
            raise NotImplementedError("the kernel has first derivatives only")
        return [value * gradient for gradient in outputs[1:]] + [
            disconnected_type() for _ in inputs[3:]
        ]


log_likelihood = LogLikelihood()


@register_funcify_default_op_cache_key(LogLikelihood)
def _numba_log_likelihood(op, **kwargs):  # type: ignore[no-untyped-def]
    """What numba compiles, and a number by which PyTensor's cache on disk tells kernels apart."""

    @numba_njit
    def value_and_gradient(  # type: ignore[no-untyped-def]
        log_weights, means, scale_trils, rho2,
        values, offset, n_rows, pattern, first, observed, weights,
    ):  # fmt: skip
        K, d = means.shape
        block = Block(
            values, offset, n_rows, pattern, first, observed, weights, np.empty(0, np.int64)
        )
        stats = np.zeros(1 + K * (1 + d + d * d))
        # Contiguous, so that the kernel is compiled for one kind of array only.
        L = np.ascontiguousarray(scale_trils)
        accumulate(
            block, np.ascontiguousarray(log_weights), np.ascontiguousarray(means), L, rho2,
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

    sources = [Path(rows.__file__), *sorted(Path(__file__).parent.glob("*.py"))]
    return value_and_gradient, zlib.crc32(b"".join(source.read_bytes() for source in sources))
