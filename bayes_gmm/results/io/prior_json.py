"""Conversion of a prior to JSON, and back."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from bayes_gmm.model.prior.hierarchical_wishart import HierarchicalWishart
from bayes_gmm.model.prior.lkj import LKJ
from bayes_gmm.model.prior.prior import Normal, Prior
from bayes_gmm.model.prior.scales import HalfNormal, InverseGamma, LogNormal

CLASSES = {
    c.__name__: c
    for c in (Prior, Normal, LKJ, HierarchicalWishart, LogNormal, HalfNormal, InverseGamma)
}


def prior_to_json(prior: Prior) -> str:
    """JSON text of a prior; each part has the name of its class.

    Examples
    --------
    >>> prior_to_json(Prior(covariances=HierarchicalWishart(4.0))).partition('"covariances": ')[2]
    '{"class": "HierarchicalWishart", "c0": 4.0, "g0": null, "G0": null}}'
    """
    return json.dumps(_plain(prior))


def prior_from_json(text: str) -> Prior:
    """The prior from the text of `prior_to_json`.

    Raises
    ------
    KeyError, TypeError, ValueError
        If the text does not describe a prior.

    Examples
    --------
    >>> prior_from_json(prior_to_json(Prior(concentration=0.5))) == Prior(concentration=0.5)
    True
    """
    prior = _revived(json.loads(text))
    if not isinstance(prior, Prior):
        raise ValueError(f"the prior is a {type(prior).__name__}")
    return prior


def _plain(value: Any) -> Any:
    """Convert nested dataclasses of numbers to dictionaries for JSON."""
    if not dataclasses.is_dataclass(value):
        return value
    fields = {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    return {"class": type(value).__name__, **fields}


def _revived(value: Any) -> Any:
    """Convert dictionaries of `_plain`, as read from JSON, to dataclasses."""
    if isinstance(value, list):
        return tuple(_revived(part) for part in value)
    if not isinstance(value, dict):
        return value
    fields = {name: _revived(part) for name, part in value.items() if name != "class"}
    return CLASSES[value["class"]](**fields)
