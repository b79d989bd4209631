"""A posterior as the groups of its file, and back.

::

    /                         attributes: what the file is, who wrote it and when; the provenance;
                              the checksum; the one segmentation that the draws are of
    /posterior                weights, means, scales, correlations, covariances: for other readers
    /sample_stats             of the sampler, with each draw's mode
    /unconstrained_posterior  theta (chain, draw, parameter), from which the posterior is loaded
    /as_sampled               theta and statistics of the chains that the draws are a resample of
    /labels                   order (chain, draw, component), confusion (component, component_bis)
    /fit                      as the file of a MapFit
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bayes_gmm.inference.sampling.draws import Draws
from bayes_gmm.inference.sampling.relabel import Relabelling
from bayes_gmm.model.parameters import Layout
from bayes_gmm.results.fit.map_fit_tree import map_fit_from
from bayes_gmm.results.fit.prior_influence import PriorInfluence
from bayes_gmm.results.io.file_format import file_attributes
from bayes_gmm.results.posterior.draws import PosteriorDraws
from bayes_gmm.results.posterior.segmentation import Segmentation
from bayes_gmm.results.posterior.tree_groups import (
    SAMPLE,
    posterior_group,
    sample_stats_group,
    stats_of,
)

if TYPE_CHECKING:
    from xarray import DataTree

OURS = ("mode", "permuted", "theta")
"""Sample statistics that do not come from the sampler."""


def posterior_tree(posterior: PosteriorDraws) -> DataTree:
    """A posterior as the groups of its file."""
    import xarray as xr

    draws, labels = posterior.draws, posterior.labels
    numbering = xr.Dataset(
        {
            "order": ((*SAMPLE, "component"), labels.order),
            "confusion": (("component", "component_bis"), labels.confusion),
        },
        coords={"component": list(posterior.names)},
    )
    attributes = {
        **file_attributes("Posterior"),
        "provenance": json.dumps(dict(posterior.provenance)),
        "draws": json.dumps(_facts(draws)),
    }
    if posterior.segmentation is not None:
        attributes["segmentation"] = json.dumps(posterior.segmentation.to_dict())
    if posterior.prior_influence is not None:
        attributes["prior_influence"] = json.dumps(posterior.prior_influence.to_dict())
    fit = posterior.fit.to_datatree()
    return xr.DataTree.from_dict(
        {
            "/": xr.Dataset(attrs=attributes),
            "/posterior": posterior_group(posterior, posterior.parameters),
            "/sample_stats": sample_stats_group(posterior),
            "/unconstrained_posterior": xr.Dataset(_theta(draws)),
            "/labels": numbering,
            **_as_sampled(draws),
            **{f"/fit{node.path.rstrip('/')}": node.to_dataset(inherit=False)
               for node in fit.subtree},
        }
    )  # fmt: skip


def posterior_from[P: PosteriorDraws](tree: DataTree, kind: type[P]) -> P:
    """The posterior that `posterior_tree` wrote, without the table's rows."""
    names = tuple(str(name) for name in tree["labels/component"].values)
    fit = replace(map_fit_from(tree["fit"]), names=names)
    facts = json.loads(tree.attrs["draws"])
    K, d = fit.mixture.n_components, fit.mixture.n_features
    layout = Layout(K, d, fit.structure)
    draws = _draws(tree["unconstrained_posterior/theta"], tree["sample_stats"], layout, facts)
    if "as_sampled" in tree.children:
        chains = tree["as_sampled"]
        draws = replace(draws, origin=_draws(chains["theta"], chains, layout, facts))
    labels = tree["labels"]
    alone, influence = (tree.attrs.get(name) for name in ("segmentation", "prior_influence"))
    return kind(
        fit=fit,
        draws=draws,
        labels=Relabelling(labels["order"].values, labels["confusion"].values),
        names=names,
        provenance=json.loads(tree.attrs["provenance"]),
        segmentation=None if alone is None else Segmentation.from_dict(json.loads(alone)),
        prior_influence=(
            None if influence is None else PriorInfluence.from_dict(json.loads(influence))
        ),
    )


def _theta(draws: Draws) -> dict[str, Any]:
    return {"theta": ((*SAMPLE, "parameter"), draws.theta)}


def _as_sampled(draws: Draws) -> dict[str, Any]:
    import xarray as xr

    if draws.origin is None:
        return {}
    return {"/as_sampled": xr.Dataset({**_theta(draws.origin), **stats_of(draws.origin)})}


def _draws(theta: Any, stats: Any, layout: Layout, facts: dict[str, Any]) -> Draws:
    values = {str(name): x.values for name, x in stats.data_vars.items() if name not in OURS}
    return Draws(theta.values, layout, stats["mode"].values, values, **facts)


def _facts(draws: Draws) -> dict[str, Any]:
    """Single facts about the draws, as attributes of their group."""
    return {
        "method": draws.method,
        "sampler": draws.sampler,
        "tune": draws.tune,
        "seed": int(draws.seed),
        "khat": None if draws.khat is None else float(draws.khat),
        "interrupted": bool(draws.interrupted),
    }
