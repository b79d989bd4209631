"""Groups of draws in a posterior's DataTree, with named dimensions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_gmm.inference.sampling.draws import Draws
from bayes_gmm.results.io.mixture_group import attributes_of
from bayes_gmm.results.posterior.parameters import SegmentDraws

if TYPE_CHECKING:
    from xarray import Dataset

    from bayes_gmm.results.posterior.draws import PosteriorDraws

SAMPLE = ("chain", "draw")
MATRICES = ["correlations", "covariances"]
COORDINATES = (
    "The matrices correlations and covariances are coordinates, so that summaries leave out their "
    "constant and repeated elements; correlation_pairs holds the free correlations."
)


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
    found = dataset(posterior, {**variables, **fixed}, attrs, pair=names)
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
    return dataset(posterior, stats, dict(posterior.provenance))


def stats_of(draws: Draws) -> dict[str, Any]:
    """Statistics of draws, including their mode, with their dimensions."""
    stats: dict[str, Any] = {name: (SAMPLE, np.asarray(x)) for name, x in draws.stats.items()}
    return {**stats, "mode": (SAMPLE, draws.mode)}


def dataset(
    posterior: PosteriorDraws, variables: dict[str, Any], attrs: dict[str, Any], **named: list[str]
) -> Dataset:
    """A dataset with coordinates for the dimensions of its variables."""
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
