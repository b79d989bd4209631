"""Conversion of a mixture to a group of a model file, and back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from bayes_gmm.model.mixture import Mixture, segment_labels

if TYPE_CHECKING:
    from xarray import Dataset, DataTree


def mixture_group(mixture: Mixture, names: Sequence[str] | None = None) -> Dataset:
    """Weights, means, covariances, resolution and transformations, with names of the segments."""
    import xarray as xr

    square = ("component", "feature", "feature_bis")
    return xr.Dataset(
        {
            "weights": ("component", np.asarray(mixture.weights)),
            "means": (("component", "feature"), np.asarray(mixture.means)),
            "covariances": (square, np.asarray(mixture.covariances)),
            "resolution": ("feature", np.asarray(mixture.resolution)),
        },
        coords={
            "component": segment_labels(mixture.n_components) if names is None else list(names)
        },
        attrs=attributes_of(mixture),
    )


def mixture_from(node: DataTree, features: tuple[str, ...]) -> Mixture:
    """The mixture of a group."""
    names = ("weights", "means", "covariances", "resolution")
    transforms = json.loads(node.attrs.get("transforms", "{}"))
    values = {name: node[name].values for name in names}
    return Mixture(**values, features=features, transforms=transforms)


def attributes_of(mixture: Mixture) -> dict[str, str]:
    """Transformations by feature as JSON, if there are any."""
    specs = mixture.transforms.specs(mixture.features)
    return {"transforms": json.dumps(specs)} if specs else {}
