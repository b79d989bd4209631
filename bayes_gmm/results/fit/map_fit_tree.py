"""A MAP fit as the groups of its file, and back.

::

    /               feature (names); attributes: what the file is, who wrote it and when, the prior
                    and the structure as JSON or text, the fit's single numbers; see also `seal`
    /map            weights (component), means (component, feature),
                    covariances (component, feature, feature_bis), resolution: in the user's units
    /standardizer   shift, scale (feature)
    /history        log_posterior (iteration)
    /modes/mode_1   as /map, with log_posterior, log_evidence and probability; mode_2, ...
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_gmm.data.standardize import Standardizer
from bayes_gmm.model.mixture import Mixture, segment_labels
from bayes_gmm.model.structure import Structure
from bayes_gmm.results.fit.map_fit import MapFit, Mode
from bayes_gmm.results.io.prior_json import prior_from_json, prior_to_json
from bayes_gmm.results.posterior.provenance import made_now

if TYPE_CHECKING:
    from xarray import Dataset, DataTree

FORMAT = "bayes_gmm"
FORMAT_VERSION = 1


def map_fit_tree(fit: MapFit) -> DataTree:
    """A fit as the groups of its file."""
    import xarray as xr

    names = list(fit.features)
    nodes = {
        "/": xr.Dataset(coords={"feature": names, "feature_bis": names}, attrs=_attributes(fit)),
        "/map": _mixture_dataset(fit.mixture),
        "/standardizer": xr.Dataset(
            {
                "shift": ("feature", np.asarray(fit.standardizer.shift)),
                "scale": ("feature", np.asarray(fit.standardizer.scale)),
            }
        ),
        "/history": xr.Dataset({"log_posterior": ("iteration", np.asarray(fit.history))}),
    }
    for number, mode in enumerate(fit.modes, start=1):
        numbers = {name: float(getattr(mode, name)) for name in MODE_NUMBERS}
        nodes[f"/modes/mode_{number}"] = _mixture_dataset(mode.mixture).assign(numbers)
    return xr.DataTree.from_dict(nodes)


MODE_NUMBERS = ("log_posterior", "log_evidence", "probability", "probability_error")
FIT_NUMBERS: dict[str, type] = {
    "n_rows": int,
    "total_weight": float,
    "measured_weight": float,
    "log_posterior": float,
    "log_likelihood": float,
    "converged": bool,
    "n_iter": int,
}


def _attributes(fit: MapFit) -> dict[str, Any]:
    numbers = {name: getattr(fit, name) for name in FIT_NUMBERS}
    return {
        **file_attributes("MapFit"),
        "structure": fit.structure.name,
        "prior": prior_to_json(fit.prior),
        "n_modes": len(fit.modes),
        **{name: int(x) if isinstance(x, bool | np.bool_) else x for name, x in numbers.items()},
    }


def file_attributes(kind: str) -> dict[str, Any]:
    """What says whose file this is, who wrote it and when."""
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "kind": kind,
        **made_now(),
    }


def _mixture_dataset(mixture: Mixture) -> Dataset:
    import xarray as xr

    square = ("component", "feature", "feature_bis")
    return xr.Dataset(
        {
            "weights": ("component", np.asarray(mixture.weights)),
            "means": (("component", "feature"), np.asarray(mixture.means)),
            "covariances": (square, np.asarray(mixture.covariances)),
            "resolution": ("feature", np.asarray(mixture.resolution)),
        },
        coords={"component": segment_labels(mixture.n_components)},
    )


def map_fit_from(tree: DataTree) -> MapFit:
    """The fit that `map_fit_tree` was made of."""
    features = tuple(str(name) for name in tree["feature"].values)
    standardizer = tree["standardizer"]
    modes = (tree[f"modes/mode_{m + 1}"] for m in range(int(tree.attrs["n_modes"])))
    return MapFit(
        mixture=_mixture(tree["map"], features),
        prior=prior_from_json(tree.attrs["prior"]),
        structure=Structure.parse(tree.attrs["structure"]),
        standardizer=Standardizer(
            shift=standardizer["shift"].values, scale=standardizer["scale"].values
        ),
        features=features,
        history=tree["history/log_posterior"].values,
        modes=tuple(_mode(node, features) for node in modes),
        **{name: kind(tree.attrs[name]) for name, kind in FIT_NUMBERS.items()},
    )


def _mode(node: DataTree, features: tuple[str, ...]) -> Mode:
    numbers = {name: float(node[name]) for name in MODE_NUMBERS}
    return Mode(mixture=_mixture(node, features), **numbers)


def _mixture(node: DataTree, features: tuple[str, ...]) -> Mixture:
    names = ("weights", "means", "covariances", "resolution")
    return Mixture(**{name: node[name].values for name in names}, features=features)
