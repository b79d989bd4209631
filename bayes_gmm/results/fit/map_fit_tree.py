"""A MAP fit from the groups of its file.

::

    /               feature (names); attributes: what the file is, who wrote it and when, the prior
                    and the structure as JSON or text, the fit's single numbers; see also `checksum`
    /map            component (names); weights (component), means (component, feature),
                    covariances (component, feature, feature_bis), resolution: in the user's units,
                    or on the scale of the attribute transforms, JSON by feature
    /standardizer   shift, scale, rho2 (feature): variances of the recording error in the density
    /history        log_posterior (iteration)
    /modes/mode_1   as /map, with log_posterior, log_evidence and probability; mode_2, ...
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bayes_gmm.data.standardize import Standardizer
from bayes_gmm.model.structure import Structure
from bayes_gmm.results.fit.map_fit import FIT_NUMBERS, MODE_NUMBERS, MapFit, Mode
from bayes_gmm.results.io.mixture_group import mixture_from
from bayes_gmm.results.io.prior_json import prior_from_json

if TYPE_CHECKING:
    from xarray import DataTree


def map_fit_from(tree: DataTree) -> MapFit:
    """The fit that `MapFit.to_datatree` wrote."""
    features = tuple(str(name) for name in tree["feature"].values)
    mixture, units = mixture_from(tree["map"], features), tree["standardizer"]
    standardizer = Standardizer(shift=units["shift"].values, scale=units["scale"].values)
    rounding = (mixture.resolution / standardizer.scale) ** 2 / 12.0
    modes = (tree[f"modes/mode_{m + 1}"] for m in range(int(tree.attrs["n_modes"])))
    return MapFit(
        mixture=mixture,
        prior=prior_from_json(tree.attrs["prior"]),
        structure=Structure.parse(tree.attrs["structure"]),
        standardizer=standardizer,
        features=features,
        history=tree["history/log_posterior"].values,
        modes=tuple(_mode(node, features) for node in modes),
        rho2=units["rho2"].values if "rho2" in units else rounding,
        names=tuple(str(name) for name in tree["map/component"].values),
        **{name: kind(tree.attrs[name]) for name, kind in FIT_NUMBERS.items()},
    )


def _mode(node: DataTree, features: tuple[str, ...]) -> Mode:
    numbers = {name: float(node[name]) for name in MODE_NUMBERS}
    return Mode(mixture=mixture_from(node, features), **numbers)
