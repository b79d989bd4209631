"""A fitted cell of the grid, with its criteria."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from bayes_gmm.data.rows import Floats
from bayes_gmm.diagnostics.diagnostic import Diagnostic
from bayes_gmm.errors import (
    AmbiguousLabelsWarning,
    ConvergenceWarning,
    FitError,
    MultimodalWarning,
    PriorWarning,
)
from bayes_gmm.inference.evidence.log_evidence import (
    LogEvidence,
    Neighbour,
    bridge_evidence,
    laplace_evidence,
)
from bayes_gmm.inference.modes.modes import modes_from
from bayes_gmm.inference.optimize.run import Run
from bayes_gmm.model.density import Density
from bayes_gmm.results.checks import within_floating_point, without_maximum
from bayes_gmm.results.comparison.plan import GridPlan
from bayes_gmm.results.fit.information_criteria import Criteria, counts_of, log_certainty
from bayes_gmm.results.fit.map_fit import MapFit, unfinished
from bayes_gmm.results.fit.prepared_table import PreparedTable
from bayes_gmm.results.posterior.posterior import Posterior
from bayes_gmm.results.posterior.sample import sample_modes
from bayes_gmm.text import counted

if TYPE_CHECKING:
    from bayes_gmm.results.posterior.loo_result import Loo


@dataclass(frozen=True)
class EvidenceCheck:
    """Modes that the evidence needs, and the test of bridge sampling by Laplace's approximation."""

    window: float = 8.0
    """Maximum difference to the best mode in rough log mass; other modes are left out."""
    most_below: float = 5.0
    """Maximum excess of Laplace's approximation over bridge sampling, in nats. The approximation
    misses mass outside of the modes, so it is usually lower; if it is much higher, the bridge has
    missed mass."""

    def excess(self, evidence: LogEvidence, laplace: LogEvidence) -> float:
        """Excess of Laplace's approximation in nats; 0 if it is at most `most_below`.

        Examples
        --------
        >>> bridge, laplace = (LogEvidence(z, 0.7, "") for z in (298.7, 559.5))
        >>> round(EvidenceCheck().excess(bridge, laplace), 1)
        260.8
        >>> EvidenceCheck().excess(laplace, bridge)
        0.0
        """
        apart = laplace.value - evidence.value
        return apart if apart > self.most_below else 0.0


@dataclass(frozen=True, eq=False)
class FittedCell:
    """A fit with its criteria and diagnostics.

    Attributes
    ----------
    density : Density
    found : tuple of Run
    fit : MapFit
    values : mapping of str to float
        Values by column of the table.
    diagnostics : tuple of Diagnostic
    posterior : Posterior, optional
    evidence : LogEvidence, optional
        Evidence in the units of the density.
    loo : Loo, optional
    """

    density: Density
    found: tuple[Run, ...]
    fit: MapFit
    values: Mapping[str, float]
    diagnostics: tuple[Diagnostic, ...]
    posterior: Posterior | None = None
    evidence: LogEvidence | None = None
    loo: Loo | None = None

    def with_draws(
        self,
        plan: GridPlan,
        table: PreparedTable,
        below: FittedCell | None,
        *,
        number: int,
        say: Callable[[str], None] | None = None,
    ) -> FittedCell:
        """The cell with posterior draws and the criteria that need them.

        Parameters
        ----------
        plan : GridPlan
        table : PreparedTable
        below : FittedCell, optional
            The cell with one component fewer and the same structure.
        number : int
            Number of the cell, which determines its seed.
        say : callable, optional
            Called with a line on the time of the draws, if it is long or the rows are a scan.

        Raises
        ------
        KeyboardInterrupt
            If the sampler was interrupted.
        """
        seed = int(np.random.default_rng([plan.sampling.seed, number]).integers(2**31))
        K = self.fit.mixture.n_components
        announce = None if say is None else partial(_announce, say, K)
        sampling = replace(plan.sampling, seed=seed, progress=False, announce=announce)
        values, evidence, loo, noted = dict(self.values), None, None, list(self.diagnostics)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            fit, draws, peaks = sample_modes(
                self.fit, self.density, self.found, sampling, is_scan=not table.is_whole
            )
            posterior = Posterior.from_draws(fit, self.density, draws, table=table.kept)
            if posterior.draws.interrupted:
                raise KeyboardInterrupt
            if "loo" in plan.criteria:
                with _noted(noted, "no_loo", "constant_draws_loo"):
                    # One seed for all cells: they use the same sample of many rows.
                    loo = posterior.loo(random_state=plan.sampling.seed)
            if "evidence" in plan.criteria:
                with _noted(noted, "no_evidence", "few_draws_evidence"):
                    evidence = bridge_evidence(
                        self.density, peaks, posterior.draws, seed=seed,
                        below=None if below is None else below.as_neighbour(),
                    )  # fmt: skip
        if loo is not None:
            values |= {"elpd_loo": loo.elpd, "elpd_loo_se": loo.se, "n_high_k": loo.n_high_k}
        if evidence is not None:
            evidence = self._checked(evidence, noted)
            values["log_evidence"] = evidence.value - table.log_units(self.density)
            values["log_evidence_se"] = evidence.error
        _pass_on(caught)
        return replace(
            self, values=values, diagnostics=(*noted, *posterior.diagnostics),
            posterior=posterior, evidence=evidence, loo=loo,
        )  # fmt: skip

    def _checked(self, evidence: LogEvidence, noted: list[Diagnostic]) -> LogEvidence:
        """The evidence; its error is increased if Laplace's approximation is much higher."""
        if math.isnan(evidence.value):
            noted.append(Diagnostic("few_draws_evidence"))
        laplace = laplace_evidence(self.found, self.density.layout.n_components)
        excess = EvidenceCheck().excess(evidence, laplace)
        if not excess:
            return evidence
        noted.append(Diagnostic("evidence_below_laplace", values={"excess": excess}))
        return replace(evidence, error=max(evidence.error, excess))

    def as_neighbour(self) -> Neighbour | None:
        """The evidence and draws, to estimate the evidence with one component more."""
        if self.posterior is None or self.evidence is None or math.isinf(self.evidence.error):
            return None
        return Neighbour(self.density, self.posterior.draws, self.evidence)


def _announce(say: Callable[[str], None], n_components: int, cost: Diagnostic) -> None:
    """Say how long the draws of a candidate will take."""
    advice = "the criteria bic, icl and laplace need no draws"
    say(f"{counted(n_components, 'segment')}: {cost.found}; {advice}")


@contextmanager
def _noted(noted: list[Diagnostic], failed: str, degenerate: str = "") -> Iterator[None]:
    """Turn a failure into a diagnostic, so that other criteria are still computed."""
    try:
        yield
    except (FitError, ArithmeticError, np.linalg.LinAlgError) as error:
        is_degenerate = degenerate and isinstance(error, np.linalg.LinAlgError)
        values = {} if is_degenerate else {"message": str(error)}
        noted.append(Diagnostic(degenerate if is_degenerate else failed, values=values))


def _pass_on(caught: Sequence[warnings.WarningMessage]) -> None:
    """Issue again the caught warnings that are not among the diagnostics of the cell."""
    covered = (ConvergenceWarning, AmbiguousLabelsWarning, MultimodalWarning, PriorWarning)
    for warning in caught:
        if not issubclass(warning.category, covered):
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )


def fitted_cell(
    plan: GridPlan,
    table: PreparedTable,
    weights: Floats | None,
    density: Density,
    runs: list[Run],
) -> FittedCell:
    """The fit from optima on the sample, with the criteria that need no draws.

    Parameters
    ----------
    plan : GridPlan
    table : PreparedTable
    weights : ndarray, optional
        Row weights.
    density : Density
    runs : list of Run
        Optima on the sample, best first.

    Raises
    ------
    FitError
        If no optimum leads to a proper mixture.
    """
    with within_floating_point():
        found = modes_from(
            density, table.sample, runs, with_mass=plan.needs_mass,
            window=EvidenceCheck().window,
        )  # fmt: skip
    found = table.proper(density, found)
    fit = table.fit_of(density, found, plan.prior)
    heaviest = _roughly_heaviest(table, density, found, fit)
    criteria = Criteria(heaviest.log_likelihood, heaviest.n_parameters, heaviest.measured_weight)
    values = {
        "log_likelihood": heaviest.log_likelihood, "log_posterior": heaviest.log_posterior,
        "df": heaviest.n_parameters, "bic": criteria.bic, "aic": criteria.aic,
    }  # fmt: skip
    if "icl" in plan.criteria:
        membership = heaviest.predict_proba(table.rows)
        values["icl"] = criteria.icl(log_certainty(membership, counts_of(table.matrix, weights)))
    noted = [*without_maximum(density)]
    noted += dict.fromkeys([*unfinished(fit), *unfinished(heaviest)])
    if "laplace" in plan.criteria:
        both = "evidence" in plan.criteria
        column = "log_evidence_laplace" if both else "log_evidence"
        with _noted(noted, "no_laplace"):
            evidence = laplace_evidence(found, density.layout.n_components)
            values[column] = evidence.value - table.log_units(density)
            if math.isnan(evidence.value):
                noted.append(Diagnostic("not_normal"))
    return FittedCell(density, found, fit, values, tuple(noted))


def _roughly_heaviest(
    table: PreparedTable, density: Density, found: tuple[Run, ...], fit: MapFit
) -> MapFit:
    """The fit at the mode with the largest rough mass; it does not depend on the criteria."""
    heaviest = max(found, key=lambda mode: mode.rough_log_mass)
    return fit if heaviest is found[0] else table.fit_of(density, (heaviest,), fit.prior)
