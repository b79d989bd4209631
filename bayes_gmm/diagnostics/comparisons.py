"""Diagnostics of the candidates of a comparison: missing fits and criteria."""

from __future__ import annotations

from collections.abc import Mapping

from bayes_gmm.diagnostics.kind import Kind, fixed

KINDS: Mapping[str, Kind] = {
    "not_fitted": Kind("error", fixed("{message}")),
    "fit_interrupted": Kind("error", fixed("interrupted before it was fitted")),
    "draws_interrupted": Kind("error", fixed("interrupted before its posterior was sampled")),
    "no_draws": Kind("error", fixed("the posterior could not be sampled: {message}")),
    "no_loo": Kind("error", fixed("LOO not computed: {message}")),
    "no_evidence": Kind("error", fixed("evidence not computed: {message}")),
    "no_laplace": Kind("error", fixed("Laplace's evidence not computed: {message}")),
    "constant_draws_loo": Kind(
        "error", fixed("LOO not computed: too few distinct draws", "increase {options.draws}")
    ),
    "few_draws_evidence": Kind(
        "error",
        fixed(
            "evidence not computed: the draws are too few or too correlated",
            "increase {options.draws}",
        ),
    ),
    "not_normal": Kind(
        "error",
        fixed("Laplace's evidence not computed: the posterior near the mode is far from normal"),
    ),
    "evidence_below_laplace": Kind(
        "warning",
        fixed("evidence unreliable: {excess:,.0f} nats below Laplace's approximation"),
    ),
}
