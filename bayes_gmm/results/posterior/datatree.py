"""A posterior as ArviZ's DataTree with named dimensions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_gmm.data.rows import Floats
from bayes_gmm.errors import DataError
from bayes_gmm.results.posterior.membership import log_densities
from bayes_gmm.results.posterior.tree_groups import (
    SAMPLE,
    dataset,
    posterior_group,
    sample_stats_group,
)

if TYPE_CHECKING:
    from xarray import Dataset, DataTree

    from bayes_gmm.results.posterior.draws import PosteriorDraws


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
        groups["observed_data"] = dataset(posterior, {"x": (("row", "feature"), values)}, {})
    return xr.DataTree.from_dict({"/": xr.Dataset(attrs=dict(posterior.provenance)), **groups})


def log_likelihood_group(posterior: PosteriorDraws, X: Any) -> Dataset:
    """Log density of each row in each draw, in the user's units."""
    _refuse_too_large(posterior, "log_likelihood", posterior.mixture.columns_of(X).n_rows)
    values = log_densities(posterior, X)
    return dataset(posterior, {"x": ((*SAMPLE, "row"), values)}, {})


def posterior_predictive_group(posterior: PosteriorDraws, X: Any, seed: Any) -> Dataset:
    """Replicated rows of each draw, with recording error, as many as X has."""
    n_rows = posterior.mixture.columns_of(X).n_rows
    _refuse_too_large(posterior, "posterior_predictive", n_rows * len(posterior.features))
    values = _replicated(posterior, n_rows, np.random.default_rng(seed))
    return dataset(posterior, {"x": ((*SAMPLE, "row", "feature"), values)}, {})


def _constant_data(posterior: PosteriorDraws) -> Dataset:
    """The recording resolution of the features."""
    return dataset(posterior, {"resolution": ("feature", posterior.mixture.resolution)}, {})


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
