"""The fit of a table: findings about it, its modes, and their masses."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from bayes_gmm.data.snapshot import KeptMatrix
from bayes_gmm.data.validate import check_fit
from bayes_gmm.diagnostics.diagnostic import Diagnostic, warn
from bayes_gmm.inference.evidence.mode_masses import mode_masses
from bayes_gmm.inference.modes.laplace_evidence import laplace_log_evidence
from bayes_gmm.inference.modes.masses import ModeMasses
from bayes_gmm.inference.modes.modes import labelled
from bayes_gmm.inference.modes.multistart import find_modes
from bayes_gmm.inference.optimize.run import Run
from bayes_gmm.inference.precompile import compile_at_first_use
from bayes_gmm.jit.threads import one_blas_thread
from bayes_gmm.model.density import Density
from bayes_gmm.model.parameters import Layout
from bayes_gmm.results.checks import within_floating_point, without_maximum
from bayes_gmm.results.fit.doubts import doubts
from bayes_gmm.results.fit.fit_plan import FitPlan
from bayes_gmm.results.fit.given_table import GivenTable
from bayes_gmm.results.fit.map_fit import MapFit
from bayes_gmm.results.fit.prepared_table import PreparedTable
from bayes_gmm.results.fit.prior_influence import PriorInfluence, influence_at_mode
from bayes_gmm.results.shape.check import check_mixture
from bayes_gmm.results.shape.record import ShapeCheck


class FittedTable(NamedTuple):
    """A fit with what sampling and reports need."""

    fit: MapFit
    density: Density
    """On the fitted rows, in standardised units."""
    found: tuple[Run, ...]
    """The modes of `fit` in standardised units, in its order."""
    table: KeptMatrix | None
    """The rows in the user's units; None for a scan."""
    shape_check: ShapeCheck
    diagnostics: tuple[Diagnostic, ...]
    """Those of the table, of the fit and of its shape check."""

    def with_log_evidence(self) -> FittedTable:
        """The fit with the log evidence of its modes.

        A fit with one mode leaves it out, because it takes long and the probability is 1.
        """
        [first, *rest] = self.fit.modes
        if (
            rest
            or not math.isnan(first.log_evidence)
            or self.found[0].layout != self.density.layout
        ):
            return self
        [found] = self.found
        with one_blas_thread():
            log_evidence = laplace_log_evidence(self.density, found.theta)
        fit = replace(self.fit, modes=(replace(first, log_evidence=log_evidence),))
        return self._replace(fit=fit, found=(replace(found, log_evidence=log_evidence),))

    @property
    def prior_influence(self) -> PriorInfluence | None:
        """Influence of the prior on each segment; computed from the rows on access."""
        return influence_at_mode(self.density, self.fit.mixture, self.fit.standardizer)


def fit_table(given: GivenTable, plan: FitPlan, rng: np.random.Generator) -> FittedTable:
    """Fit a table.

    Parameters
    ----------
    given : GivenTable
    plan : FitPlan
    rng : Generator
        Random generator for the starts.

    Raises
    ------
    DataError
        If the table cannot be used.
    FitError
        If a parameter does not fit the table, or no start has a finite log-posterior.

    Warns
    -----
    DataWarning
        If a column is an identifier or holds a code for missing, if a segment may collapse onto a
        value that many rows share, if segments hold too few rows for their parameters, coincide, or
        are narrower than the steps of a column allow to measure.
    ConvergenceWarning
        If the density has no maximum, or the optimisation stopped before the gradient vanished.
    ShapeWarning
        If a segment is not Gaussian.
    """
    check_fit(given.matrix, given.weights, plan.n_components)
    findings = given.warned(stacklevel=3)
    transforms, choices = given.resolved(plan.transforms)
    compile_at_first_use()
    most_parameters = Layout(plan.n_components, given.matrix.n_features, plan.structure).size
    table = given.prepared(
        transforms, most_parameters=most_parameters, standardize=plan.standardize,
        resolution=plan.resolution,
    )  # fmt: skip
    density = table.density_of(plan.n_components, plan.structure, plan.prior)
    no_maximum = without_maximum(density)
    warn(no_maximum, stacklevel=3)
    found, masses = _searched(table, density, rng, plan.n_init)
    fit = table.fit_of(density, found, plan.prior, masses)
    doubtful = doubts(fit)
    warn(doubtful, stacklevel=3)
    shape = check_mixture(fit.mixture, fit.standardizer, table.rows, given.weights)
    warn((d for d in shape.diagnostics if d.severity == "warning"), stacklevel=3)
    return FittedTable(
        fit, density, found, table.kept, shape,
        (*findings, *choices, *no_maximum, *doubtful, *shape.diagnostics),
    )  # fmt: skip


def _searched(
    table: PreparedTable, density: Density, rng: np.random.Generator, n_init: int | None
) -> tuple[tuple[Run, ...], ModeMasses]:
    """The proper modes in order of decreasing mass, and their masses."""
    with within_floating_point():
        found = table.proper(
            density, find_modes(density, table.sample, rng, n_init=n_init, mass_if_alone=False)
        )
        masses = mode_masses(density, found)
        order = masses.order()
        ordered = [found[m] for m in order]
        found = tuple(ordered) if order[0] == 0 else labelled(density, table.sample, ordered)
        return found, masses.taken(order)
