"""The fit of a table by the command line, with the posterior and the findings to report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from bayes_gmm.cli.fit_report import Array, Report
from bayes_gmm.cli.sampling import SamplingOptions
from bayes_gmm.data.checks.check_table import check_table
from bayes_gmm.data.matrix import FeatureMatrix
from bayes_gmm.diagnostics import tables
from bayes_gmm.diagnostics.diagnostic import warn, without_warnings
from bayes_gmm.errors import DataWarning
from bayes_gmm.estimator import BayesGMM
from bayes_gmm.results.fit.doubts import with_names_of
from bayes_gmm.results.posterior.membership import membership_of
from bayes_gmm.results.posterior.posterior import Posterior
from bayes_gmm.results.posterior.segmentations import heaviest, main_segmentation, masses


def fitted(
    name: str,
    matrix: FeatureMatrix,
    row_weights: Array | None,
    components: int,
    options: dict[str, Any],
    sampling: SamplingOptions | None = None,
    names: Mapping[str, str] | None = None,
) -> Report:
    """Fit a table, sample the posterior if requested, rename segments, and collect the report."""
    with without_warnings(DataWarning):
        model = BayesGMM(components, **options).fit(matrix, sample_weight=row_weights)
    changed = model.mixture_.transforms.specs(matrix.features)
    findings = tuple(
        found
        for found in check_table(matrix, sample_weight=row_weights)
        if not (found.code in ("skewed", "skewed_segments") and found.subject[0] in changed)
    )
    reported = {*tables.KINDS, *(d.code for d in model.shape_check_.diagnostics)}
    fit = model.map_fit_.rename(names or {})
    found = with_names_of(fit, [d for d in model.diagnostics_ if d.code not in reported])
    weights = np.ones(matrix.n_rows) if row_weights is None else row_weights
    if sampling is None:
        membership = model.predict_proba(matrix)
        return Report(
            name, fit, membership, weights, findings=findings, diagnostics=found,
            shape_check=replace(model.shape_check_, names=fit.names),
            prior_influence=model.prior_influence_,
        )  # fmt: skip
    posterior = _drawn(model, sampling, names or {})
    rows = membership_of(posterior, posterior.mixture.matrix_of(matrix), sampling.ci_prob)
    return Report(
        name, fit, rows.probabilities, weights, posterior, findings, found,
        posterior.check(), ci_prob=sampling.ci_prob, row_intervals=rows,
    )  # fmt: skip


def _drawn(model: BayesGMM, options: SamplingOptions, names: Mapping[str, str]) -> Posterior:
    """Sample the posterior to report, and warn of its diagnostics."""
    with without_warnings():
        whole = model.sample_posterior(options.draws, options.tune, options.chains, options.method)
        shown = _shown(whole.rename(names), options.segmentation)
    warn(shown.diagnostics, stacklevel=2)
    return shown


def _shown(whole: Posterior, segmentation: str | None) -> Posterior:
    """The draws of one segmentation, or all draws."""
    if segmentation == "all":
        return whole
    mode = main_segmentation(whole)
    if mode is None and segmentation == "main" and len(masses(whole)) > 1:
        mode = heaviest(whole)
    return whole if mode is None else whole.of_mode(mode)
