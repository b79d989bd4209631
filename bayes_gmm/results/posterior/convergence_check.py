"""Whether chains have mixed: the parameters with the worst R-hat and effective sample size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from bayes_gmm.data.rows import Floats
from bayes_gmm.diagnostics.diagnostic import Diagnostic
from bayes_gmm.results.posterior.convergence import Chains, doubts
from bayes_gmm.results.posterior.draws import PosteriorDraws
from bayes_gmm.results.posterior.parameters import SegmentDraws
from bayes_gmm.results.thresholds import THRESHOLDS


class Parameter(NamedTuple):
    """One scalar parameter of one segment."""

    label: str
    draws: Floats
    segment: int | None
    """None for parameters that all segments share."""


def parameters_of(posterior: PosteriorDraws, of: SegmentDraws) -> Iterator[Parameter]:
    """All free parameters, and medians of transformed features, with their names in ArviZ."""
    structure = posterior.fit.structure
    names, features = posterior.names, posterior.features
    d = len(features)
    for k, segment in enumerate(names):
        yield Parameter(f"weights[{segment}]", of.weights[..., k], k)
    for k, segment in enumerate(names):
        for j, feature in enumerate(features):
            yield Parameter(f"means[{segment}, {feature}]", of.means[..., k, j], k)
    transforms = posterior.mixture.transforms
    if not transforms.is_identity:
        medians = transforms.inverse(of.means)
        for k, segment in enumerate(names):
            for j, feature in enumerate(features):
                yield Parameter(f"medians[{segment}, {feature}]", medians[..., k, j], k)
    by_segment = structure.scales.startswith("component")
    for k, segment in enumerate(names if by_segment else ["all"]):
        for j, feature in enumerate(features):
            label = f"scales[{segment}, {feature}]"
            yield Parameter(label, of.scales[..., k, j], k if by_segment else None)
    if structure.correlations == "none":
        return
    by_segment = structure.correlations == "component"
    for k, segment in enumerate(names if by_segment else ["all"]):
        for i in range(d):
            for j in range(i + 1, d):
                label = f"correlations[{segment}, {features[i]}, {features[j]}]"
                yield Parameter(label, of.correlations[..., k, i, j], k if by_segment else None)


def unmixed_chains(posterior: PosteriorDraws) -> list[Diagnostic]:
    """A diagnostic if the chains have not mixed: the highest R-hat and the smallest effective size.

    Segments with ambiguous labels are left out, since their parameters are swapped between draws.
    Divergent draws then have the same cause and remedy, so they are not reported either, unless the
    swapped segments are empty. The log density does not depend on labels and is always checked.
    """
    draws = posterior.draws
    if draws.method == "laplace":
        return []
    doubtful = {k for pair in posterior.labels.ambiguous_pairs() for k in pair}
    told = [
        row
        for row in parameters_of(posterior, posterior.parameters_as_sampled)
        if row.segment not in doubtful
    ]
    if "lp" in draws.as_sampled.stats:
        lp = np.asarray(draws.as_sampled.stats["lp"], float)
        told.append(Parameter("the log density", lp, None))
    values: dict[str, Any] = {}
    if told:
        chains = Chains(np.stack([row.draws for row in told]), draws)
        for name, doubt in doubts(chains)._asdict().items():
            if doubt is not None:
                values |= {name: doubt.value, f"{name}_of": told[doubt.quantity].label}
        if "ess" in values:
            values["needed"] = chains.least_effective
    passed_over = bool(posterior.labels.ambiguous_pairs(posterior.empty))
    diverging = np.asarray(draws.as_sampled.stats.get("diverging", False), float).mean()
    if not passed_over and diverging > THRESHOLDS.max_divergent:
        values["divergent"] = float(diverging)
    of = tuple(dict.fromkeys(values[name] for name in ("r_hat_of", "ess_of") if name in values))
    return [Diagnostic("unmixed_chains", of, values)] if values else []
