"""The model in PyMC, the reference specification for all other computations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
from pymc.distributions import transforms
from pytensor.tensor.variable import TensorConstant, TensorVariable

from bayes_gmm.data.checks.transform_choice import resolve_transforms
from bayes_gmm.data.feature_matrix import feature_matrix
from bayes_gmm.data.rows import Floats, Rows
from bayes_gmm.data.validate import check_fit, check_weights
from bayes_gmm.model.density import Density
from bayes_gmm.model.likelihood_op import ARRAYS, log_likelihood
from bayes_gmm.model.mixture import segment_labels
from bayes_gmm.model.prior.lkj import LKJ
from bayes_gmm.model.prior.prior import Prior
from bayes_gmm.model.prior.scales import HalfNormal, InverseGamma, LogNormal
from bayes_gmm.model.structure import Structure
from bayes_gmm.model.table_density import density_of_table
from bayes_gmm.model.wishart_variable import (
    precisions_variable,
    scale_trils_of,
    scales_and_corr_chol,
)


def build_model(
    X: Any,
    n_components: int,
    *,
    structure: str | Structure = "full",
    prior: Prior = Prior(),  # noqa: B008  (frozen)
    resolution: Any = "auto",
    sample_weight: Any = None,
    standardize: bool = True,
    transforms: Any = None,
) -> pm.Model:
    r"""A Bayesian Gaussian mixture of a table as a PyMC model.

    .. math::
        w &\sim \mathrm{Dirichlet}(\alpha), \quad
        \mu_{kj} \sim \mathrm{Normal}(m, s) \\
        (\Sigma_1^{-1}, \dots, \Sigma_K^{-1}) &\sim
            \mathrm{HierarchicalWishart}(c_0, g_0, G_0), \quad\text{or}\quad
        \sigma \sim \mathrm{LogNormal}(\log \tilde\sigma, \tau), \;
        C_k \sim \mathrm{LKJ}(\eta), \; L_k = \mathrm{diag}(\sigma_k) C_k \\
        x_i &\sim \sum_k w_k \mathrm{Normal}(\mu_k, \Sigma_k + \mathrm{diag}(\rho^2)), \quad
        \Sigma_k = L_k L_k'

    Its variables are `weights`, `means`, `scales` and, if there are correlations, `corr_chol`.
    Under a hierarchical Wishart prior, the default for two or more features, the free variable is
    `precisions`, and `scales` and `corr_chol` are computed from it. The rows are the observed
    `likelihood`, with the components summed out and missing cells integrated out. **All are in
    standardised units**: a mean of 1 lies one standard deviation of the column above the mean of
    the column. Components are exchangeable, so their labels are arbitrary.

    Parameters
    ----------
    X : data frame or array-like, shape (n_rows, n_features)
        The table; NaN is a missing cell.
    n_components : int
        Components K.
    structure : str or Structure
        Which scales and correlations components share.
    prior : Prior
        Prior in standardised units.
    resolution : "auto", None, float or sequence of n_features floats
        The smallest step of each column, in the user's units.
    sample_weight : array-like, shape (n_rows,), optional
        A weight of 2 equals two copies of the row.
    standardize : bool
        False leaves the table unchanged; the prior is then in the units of the table.
    transforms : mapping, "auto" or None
        Transformations of columns, as in `BayesGMM`, before they are standardised. The likelihood
        is that of the transformed rows: the Jacobian is a constant and not included.

    Raises
    ------
    DataError
        If the table or the weights cannot be used.

    Examples
    --------
    >>> model = build_model([[1.0, 5.0], [2.0, 4.5], [8.0, 1.0], [9.0, 0.5]], n_components=2)
    >>> [variable.name for variable in model.free_RVs]
    ['weights', 'means', 'precisions']
    >>> [variable.name for variable in model.deterministics]
    ['scales', 'corr_chol']
    >>> model.coords["component"], model.coords["feature"]
    (('Segment 1', 'Segment 2'), ('x1', 'x2'))
    """
    matrix = feature_matrix(X)
    weights = check_weights(sample_weight, matrix.n_rows)
    check_fit(matrix, weights, n_components)
    structure = Structure.parse(structure)
    density, _ = density_of_table(
        matrix, n_components, structure=structure, prior=prior, resolution=resolution,
        weights=weights, standardize=standardize,
        transforms=resolve_transforms(transforms, matrix, weights)[0],
    )  # fmt: skip
    return model_of(density, matrix.features, structure, prior)


def model_of(
    density: Density, features: tuple[str, ...], structure: Structure, prior: Prior
) -> pm.Model:
    """The PyMC model that corresponds to a density.

    Parameters
    ----------
    density : Density
        Density on rows in memory.
    features : tuple of str
        Names of the columns.
    structure : Structure
    prior : Prior
        The prior from which the constants of the density were computed.
    """
    table = density.rows
    order = table.gathered().order
    K, d = density.layout.n_components, density.layout.n_features
    coords = {
        "component": segment_labels(K),
        "feature": list(features),
        "feature_bis": list(features),
        "row": np.sort(order) if len(order) else np.arange(table.n_rows),
    }
    with pm.Model(coords=coords) as model:
        concentration = np.broadcast_to(prior.concentration, K)
        weights = pm.Dirichlet("weights", concentration, dims="component")
        means = _means(prior)
        covariances = prior.covariance_prior(structure, d)
        if isinstance(covariances, LKJ):
            scale_trils = _separate_scale_trils(covariances, structure, K, d)
        else:
            scale_trils = _wishart_scale_trils(density, structure)
        _likelihood(table, density.rho2, weights, means, scale_trils * pt.ones((K, d, d)))
    return model


def _wishart_scale_trils(density: Density, structure: Structure) -> TensorVariable:
    """Free precision matrices, with the scales and correlations that follow from them."""
    own = structure.scales.startswith("component")
    by_component = ("component",) if own else ()
    precisions = precisions_variable(density.prior, (*by_component, "feature", "feature_bis"))
    scale_trils = scale_trils_of(precisions)
    scales, corr_chol = scales_and_corr_chol(scale_trils)
    if density.layout.n_features == 1:
        scales = scales.reshape(density.layout.structure.scale_shape(*density.layout.sizes))
    pm.Deterministic("scales", scales, dims=_scale_dims(structure))
    if density.layout.n_correlations:
        pm.Deterministic("corr_chol", corr_chol, dims=(*by_component, "feature", "feature_bis"))
    return scale_trils


def _separate_scale_trils(covariances: LKJ, structure: Structure, K: int, d: int) -> TensorVariable:
    """Free scales and correlations."""
    scales = _scales(covariances, structure, K, d)
    if structure.scales == "component":
        scales = scales[:, None]
    scales = scales * pt.ones((K, d))
    correlated = structure.n_correlations(K, d) > 0
    corr_chol = _corr_chol(covariances, structure, K, d) if correlated else pt.eye(d)
    return scales[:, :, None] * corr_chol


def _double(value: float) -> TensorVariable:
    """A constant in double precision; PyTensor stores a float such as 3.0 in single precision."""
    return pt.constant(value, dtype="float64")


def _means(prior: Prior) -> TensorVariable:
    dims = ("component", "feature")
    if np.isinf(prior.means.scale):
        return pm.Flat("means", dims=dims)
    return pm.Normal("means", _double(prior.means.location), _double(prior.means.scale), dims=dims)


def _scale_dims(structure: Structure) -> tuple[str, ...]:
    return {
        "component-feature": ("component", "feature"),
        "component": ("component",),
        "feature": ("feature",),
        "shared": (),
    }[structure.scales]


def _scales(prior: LKJ, structure: Structure, K: int, d: int) -> TensorVariable:
    dims = _scale_dims(structure)
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


def _corr_chol(prior: LKJ, structure: Structure, K: int, d: int) -> TensorVariable:
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

    # Without an initial value, LKJCorr compiles its loop for draws, to find the shape of a point.
    flat = prior.eta == 0.0
    return pm.CustomDist(
        "corr_chol", _double(prior.eta),
        **({"logp": flat_logp} if flat else {"dist": dist, "logp": logp}),
        support_point=support_point, signature=f"()->({d},{d})", class_name="LKJCorr",
        transform=transforms.CholeskyCorrTransform(n=d), shape=shape, dims=dims,
    )  # fmt: skip


def _likelihood(
    table: Rows,
    rho2: Floats,
    weights: TensorVariable,
    means: TensorVariable,
    scale_trils: TensorVariable,
) -> None:
    """Register the observed rows, their density given the mixture, and how to draw new rows."""
    # A constant, because PyMC would impute the missing cells of an array.
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
            raise NotImplementedError("the likelihood needs the rows that the model was built with")
        return log_likelihood(pt.log(weights), means, scale_trils, *data)[0]

    pm.CustomDist(
        "likelihood", weights, means, scale_trils, dist=dist, logp=logp,
        signature="(k),(k,d),(k,d,d)->(n,d)", class_name="GaussianMixture",
        observed=observed, dims=("row", "feature"),
    )  # fmt: skip


def _cells(table: Rows) -> Floats:
    """The rows of positive weight as a matrix, in the order of the user's table."""
    block = table.gathered()
    matrix = np.full((table.n_rows, table.n_features), np.nan)
    for offset, n, pattern, first in block.tiles:
        features = np.flatnonzero(block.observed[pattern])
        cells = block.values[offset : offset + n * len(features)].reshape(len(features), n)
        matrix[first : first + n, features] = cells.T
    return matrix[np.argsort(block.order)] if len(block.order) else matrix


def _shared_data(table: Rows, rho2: Floats) -> list[TensorVariable]:
    """rho^2 and the block as shared variables, so that one compiled graph serves all tables."""
    block = table.gathered()
    arrays = {"rho2": rho2, **{name: getattr(block, name) for name in ARRAYS}}
    return [
        pytensor.shared(array, name=f"likelihood_{name}", borrow=True)
        for name, array in arrays.items()
    ]
