"""The fit of a table by the command line, with the posterior and the findings to report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bayes_gmm.cli.fit_report import Report
from bayes_gmm.cli.sampling import SamplingOptions
from bayes_gmm.diagnostics import tables
from bayes_gmm.diagnostics.diagnostic import without_warnings
from bayes_gmm.errors import DataWarning
from bayes_gmm.model.typicality import warn_rows_beyond
from bayes_gmm.results.checks import generator
from bayes_gmm.results.fit.doubts import with_names_of
from bayes_gmm.results.fit.fit import fit_table
from bayes_gmm.results.fit.fit_plan import FitPlan
from bayes_gmm.results.fit.given_table import GivenTable


@dataclass(frozen=True)
class FitOptions:
    """Options of a fit, as `BayesGMM` takes them."""

    seed: int = 0
    structure: str = "full"
    resolution: Any = "auto"
    n_init: str | int = "auto"
    transforms: dict[str, Any] | None = None


def fitted(
    name: str,
    given: GivenTable,
    components: int,
    options: FitOptions,
    sampling: SamplingOptions | None = None,
    names: Mapping[str, str] | None = None,
) -> Report:
    """Fit a table, sample the posterior if requested, rename segments, and collect the report.

    Of a scan, the probabilities in the report are those of its sample.
    """
    matrix, row_weights, scan = given.matrix, given.weights, given.scan
    plan = FitPlan.of(
        components, options.structure, None, options.n_init,
        standardize=True, resolution=options.resolution, transforms=options.transforms,
    )  # fmt: skip
    with without_warnings(DataWarning):
        model = fit_table(given, plan, generator(options.seed))
    fit = model.fit
    changed = fit.mixture.transforms.specs(matrix.features)
    findings = tuple(
        found
        for found in given.findings()
        if not (found.code in ("skewed", "skewed_segments") and found.subject[0] in changed)
    )
    reported = {*tables.KINDS, *(d.code for d in model.shape_check.diagnostics)}
    fit = fit.rename(names or {})
    found = with_names_of(fit, [d for d in model.diagnostics if d.code not in reported])
    weights = np.ones(matrix.n_rows) if row_weights is None else row_weights
    if sampling is None:
        scaled = fit.mixture.matrix_of(matrix)
        warn_rows_beyond(fit.mixture, scaled)
        return Report(
            name, fit, fit.predict_proba(scaled), weights, findings=findings, diagnostics=found,
            shape_check=replace(model.shape_check, names=fit.names),
            prior_influence=model.prior_influence, scan=scan,
        )  # fmt: skip
    from bayes_gmm.cli.drawing import drawn
    from bayes_gmm.results.posterior.membership import membership_of

    posterior = drawn(model, sampling, options.seed, names or {})
    rows = membership_of(posterior, posterior.mixture.matrix_of(matrix), sampling.ci_prob)
    return Report(
        name, fit, rows.probabilities, weights, posterior, findings, found,
        posterior.check() if scan is None else posterior.check(matrix, weights),
        ci_prob=sampling.ci_prob, row_intervals=rows, scan=scan,
    )  # fmt: skip
