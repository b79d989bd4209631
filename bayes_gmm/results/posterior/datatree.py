"""A posterior as ArviZ's DataTree with named dimensions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_gmm.data.rows import Floats
from bayes_gmm.errors import DataError
from bayes_gmm.inference.sampling.draws import Draws
from bayes_gmm.results.io.mixture_group import attributes_of
from bayes_gmm.results.posterior.membership import log_densities
from bayes_gmm.results.posterior.parameters import SegmentDraws

if TYPE_CHECKING:
    from xarray import Dataset, DataTree

    from bayes_gmm.results.posterior.draws import PosteriorDraws

SAMPLE = ("chain", "draw")
MATRICES = ["correlations", "covariances"]
COORDINATES = (
    "The matrices correlations and covariances are coordinates, so that summaries leave out their "
    "constant and repeated elements; correlation_pairs holds the free correlations."
)


@dataclass(frozen=True)
class TreeSettings:
    """Bounds on memory."""

    most_cells: int = 1 << 28
    """Maximum number of elements of an optional group: 2 GiB."""


SETTINGS = TreeSettings()


def data_tree(posterior: PosteriorDraws) -> DataTree:
    """The groups posterior, sample_stats and constant_data, and optional groups.

    There is a group observed_data if rows are available, and a group posterior_as_sampled if draws
    were resampled.
    """
    import xarray as xr

    groups = {
        "posterior": posterior_group(posterior, posterior.parameters),
        "sample_stats": sample_stats_group(posterior),
        "constant_data": _constant_data(posterior),
    }
    if posterior.draws.origin is not None:
        groups["posterior_as_sampled"] = posterior_group(posterior, posterior.parameters_as_sampled)
    if posterior.table is not None:
        values = posterior.table.as_fitted().values
        groups["observed_data"] = _dataset(posterior, {"x": (("row", "feature"), values)}, {})
    return xr.DataTree.from_dict({"/": xr.Dataset(attrs=dict(posterior.provenance)), **groups})


def posterior_group(posterior: PosteriorDraws, of: SegmentDraws) -> Dataset:
    """Draws of the segments' parameters, in the user's units.

    Variables are the free parameters: weights, means, scales and the correlation of each pair of
    features. The matrices `correlations` and `covariances`, with constant and repeated elements,
    and the weight of a single segment are coordinates. They can be read by name like variables, but
    ArviZ's functions, which iterate over variables, leave them out; R-hat of a constant would be
    NaN.
    """
    square = (*SAMPLE, "component", "feature", "feature_bis")
    weights = ((*SAMPLE, "component"), of.weights)
    variables: dict[str, Any] = {
        "means": ((*SAMPLE, "component", "feature"), of.means),
        "scales": ((*SAMPLE, "component", "feature"), of.scales),
    }
    fixed: dict[str, Any] = {
        "correlations": (square, of.correlations),
        "covariances": (square, of.covariances),
    }
    if posterior.n_components > 1:
        variables = {"weights": weights, **variables}
    else:
        fixed["weights"] = weights
    transforms = posterior.mixture.transforms
    if not transforms.is_identity:
        medians = transforms.inverse(of.means)
        variables["medians"] = ((*SAMPLE, "component", "feature"), medians)
    names, pairs = _pairs_of_features(posterior)
    if names:
        variables["correlation_pairs"] = ((*SAMPLE, "component", "pair"), of.correlations[pairs])
    attrs = {**posterior.provenance, "comment": COORDINATES, **attributes_of(posterior.mixture)}
    found = _dataset(posterior, {**variables, **fixed}, attrs, pair=names)
    return found.set_coords(list(fixed))


def _pairs_of_features(posterior: PosteriorDraws) -> tuple[list[str], Any]:
    """Names of pairs of features, and the indices of their correlations.

    The pairs are those below the diagonal of the matrix, row by row. There are none with a single
    feature, or if all correlations are 0.
    """
    features = posterior.features
    if posterior.fit.structure.correlations == "none":
        return [], ()
    rows, columns = np.tril_indices(len(features), -1)
    named = [f"{features[j]}, {features[i]}" for i, j in zip(rows, columns, strict=True)]
    return named, (..., rows, columns)


def sample_stats_group(posterior: PosteriorDraws) -> Dataset:
    """Sampler statistics of each draw, and its mode."""
    stats = stats_of(posterior.draws)
    permuted = np.any(posterior.labels.order != np.arange(len(posterior.names)), axis=-1)
    stats["permuted"] = (SAMPLE, permuted)
    return _dataset(posterior, stats, dict(posterior.provenance))


def stats_of(draws: Draws) -> dict[str, Any]:
    """Statistics of draws, including their mode, with their dimensions."""
    stats: dict[str, Any] = {name: (SAMPLE, np.asarray(x)) for name, x in draws.stats.items()}
    return {**stats, "mode": (SAMPLE, draws.mode)}


def log_likelihood_group(posterior: PosteriorDraws, X: Any) -> Dataset:
    """Log density of each row in each draw, in the user's units."""
    _refuse_too_large(posterior, "log_likelihood", posterior.mixture.columns_of(X).n_rows)
    values = log_densities(posterior, X)
    return _dataset(posterior, {"x": ((*SAMPLE, "row"), values)}, {})


def posterior_predictive_group(posterior: PosteriorDraws, X: Any, seed: Any) -> Dataset:
    """Replicated rows of each draw, with recording error, as many as X has."""
    n_rows = posterior.mixture.columns_of(X).n_rows
    _refuse_too_large(posterior, "posterior_predictive", n_rows * len(posterior.features))
    values = _replicated(posterior, n_rows, np.random.default_rng(seed))
    return _dataset(posterior, {"x": ((*SAMPLE, "row", "feature"), values)}, {})


def _constant_data(posterior: PosteriorDraws) -> Dataset:
    """The recording resolution of the features."""
    return _dataset(posterior, {"resolution": ("feature", posterior.mixture.resolution)}, {})


def _dataset(
    posterior: PosteriorDraws, variables: dict[str, Any], attrs: dict[str, Any], **named: list[str]
) -> Dataset:
    import xarray as xr

    named |= {
        "component": list(posterior.names),
        "feature": list(posterior.features),
        "feature_bis": list(posterior.features),
    }
    sizes = {
        dim: size
        for dims, values in variables.values()
        for dim, size in zip((dims,) if isinstance(dims, str) else dims, values.shape, strict=True)
    }
    coords = {dim: named.get(dim, np.arange(size)) for dim, size in sizes.items()}
    return xr.Dataset(variables, coords=coords, attrs=attrs)


def rows_of(posterior: PosteriorDraws, X: Any) -> Any:
    """X, or the rows that the model was fitted to."""
    if X is not None:
        return X
    if posterior.table is None:
        raise DataError("this posterior does not contain the rows of the table; pass them as X")
    return posterior.table.as_fitted()


def _refuse_too_large(posterior: PosteriorDraws, group: str, cells_a_draw: int) -> None:
    n_draws = posterior.draws.mode.size
    if n_draws * cells_a_draw > SETTINGS.most_cells:
        raise DataError(
            f"{group} with {n_draws:,} draws and {cells_a_draw:,} values each would take "
            f"{8 * n_draws * cells_a_draw / 2**30:.0f} GiB; use at most "
            f"{SETTINGS.most_cells // n_draws:,} values per draw: pass a sample of the rows as X"
        )


def _replicated(posterior: PosteriorDraws, n_rows: int, rng: np.random.Generator) -> Floats:
    """n rows of each draw, shape (chain, draw, n_rows, d)."""
    of = posterior.parameters
    d = len(posterior.features)
    upper = np.cumsum(of.weights, axis=-1)
    upper[..., -1] = np.inf
    rows = rng.standard_normal((*of.weights.shape[:2], n_rows, d))
    u = rng.random(rows.shape[:-1])
    factors = of.scales[..., None] * np.linalg.cholesky(of.correlations)
    component = (u[..., None] > upper[..., None, :-1]).sum(axis=-1)
    for k in range(len(posterior.names)):
        chain, draw, row = np.nonzero(component == k)
        step = np.einsum("nij,nj->ni", factors[chain, draw, k], rows[chain, draw, row])
        rows[chain, draw, row] = of.means[chain, draw, k] + step
    recording = posterior.mixture.resolution / np.sqrt(12.0)
    rows += recording * rng.standard_normal(rows.shape)
    return posterior.mixture.transforms.inverse(rows)
