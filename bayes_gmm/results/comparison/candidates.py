"""Candidates of a comparison, with their criteria and probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from bayes_gmm.diagnostics.diagnostic import Diagnostic
from bayes_gmm.diagnostics.kind import PYTHON, OptionNames
from bayes_gmm.errors import FitError
from bayes_gmm.results.comparison.elpd_diff import Difference, elpd_difference
from bayes_gmm.results.comparison.model_probabilities import (
    Intervals,
    probabilities,
    probability_intervals,
)
from bayes_gmm.results.fit.map_fit import MapFit
from bayes_gmm.results.posterior.draws import PosteriorDraws
from bayes_gmm.results.shape.pieces import Pieces, pieces_of_segments
from bayes_gmm.text import listed_numbers

if TYPE_CHECKING:
    import pandas as pd

    from bayes_gmm.results.posterior.loo_result import Loo
    from bayes_gmm.results.shape.record import ShapeCheck

COLUMNS = {
    "bic": ("bic",),
    "icl": ("icl",),
    "aic": ("aic",),
    "loo": ("elpd_loo", "elpd_loo_se", "n_high_k"),
    "laplace": ("log_evidence", "log_evidence_se"),
    "evidence": ("log_evidence", "log_evidence_se"),
}
"""Columns of the table for each criterion; candidates are compared by the first."""
LOWER_IS_BETTER = ("bic", "icl", "aic")
ALWAYS = ("log_likelihood", "log_posterior", "df")
FROM_DRAWS = ("loo", "evidence")
OF_EVIDENCE = ("laplace", "evidence")
UNKNOWN = Difference(np.nan, np.nan)


@dataclass(frozen=True, eq=False)
class Candidate:
    """A number of segments with a structure, its fit and its criteria.

    Attributes
    ----------
    n_components : int
    structure : str
        Name of the `Structure`, and the transformations if alternatives are compared.
    values : mapping of str to float
        Values by column of the table; unknown values are left out.
    fit : MapFit or None
        Fit at the mode with the most mass, as in `BayesGMM`, if a criterion needs masses; else at
        the mode with the largest rough mass. None if the fit failed; `diagnostics` give the reason.
    posterior : Posterior or None
        Posterior draws, if a criterion needs them.
    loo : Loo or None
        Leave-one-out cross-validation, if requested.
    diagnostics : tuple of Diagnostic
        Reasons for a missing fit or criterion, and the diagnostics of fit and posterior.
    shape_check : ShapeCheck or None
        Whether the rows of each segment of `fit` are Gaussian.
    """

    n_components: int
    structure: str
    values: Mapping[str, float]
    fit: MapFit | None = None
    posterior: PosteriorDraws | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    loo: Loo | None = None
    shape_check: ShapeCheck | None = None

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value:.2f}" for name, value in self.values.items())
        return f"Candidate({self.n_components}, {self.structure!r}, {values or 'not fitted'})"

    @property
    def note(self) -> str:
        """All diagnostics in brief, on one line; empty if there are none."""
        return self.note_in(PYTHON)

    def note_in(self, options: OptionNames) -> str:
        """All diagnostics in brief, with the option names of one interface."""
        return "; ".join(dict.fromkeys(found.brief(options) for found in self.diagnostics))

    def has(self, *codes: str) -> bool:
        """Whether the candidate has a diagnostic with one of these codes."""
        return any(found.code in codes for found in self.diagnostics)


@dataclass(frozen=True, eq=False)
class Candidates:
    """The numerical results of a comparison; `Comparison` adds texts.

    Attributes
    ----------
    candidates : tuple of Candidate
        Sorted by n_components, then in the given order of the structures.
    criteria : tuple of str
        Requested criteria.
    prior_over_k : mapping of int to float
        Prior probability of each number of segments, divided equally among structures.
    features : tuple of str
    draws : int, optional
        Number of draws in each chain, if a criterion needs draws.
    """

    candidates: tuple[Candidate, ...]
    criteria: tuple[str, ...]
    prior_over_k: Mapping[int, float]
    features: tuple[str, ...]
    draws: int | None = None

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(segments: {listed_numbers(self.n_components, 'and')}; "
            f"structures: {', '.join(self.structures)}; criteria: {', '.join(self.criteria)})"
        )

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row per candidate.

        Columns: n_components, structure; log_likelihood, log_posterior (standardised), df (free
        parameters), bic, icl, aic (lower is better), all at the mode with the largest rough
        mass, which may differ from the mode used by `Candidate.fit` and `BayesGMM.bic`;
        elpd_loo, elpd_loo_se, elpd_diff (difference from the best candidate), dse (standard error
        of elpd_diff, from paired rows), n_high_k (number of rows whose Pareto k is too high);
        log_evidence (of the table in its own units), log_evidence_se (its Monte Carlo error, which
        accounts only for modes that starts or chains reached; NaN for Laplace's approximation),
        probability, probability_lower, probability_upper (94 % Monte Carlo interval); note.
        Criteria that were not requested have no columns. If both "laplace" and "evidence" are
        requested, the column of the former is log_evidence_laplace.
        """
        import pandas as pd

        columns: dict[str, object] = {
            "n_components": [c.n_components for c in self.candidates],
            "structure": [c.structure for c in self.candidates],
        }
        for name in self._columns:
            columns[name] = [c.values.get(name, np.nan) for c in self.candidates]
            if name == "elpd_loo_se":
                behind = [self.elpd_diff.get(c, UNKNOWN) for c in self.candidates]
                columns["elpd_diff"], columns["dse"] = zip(*behind, strict=True)
        if self.has_evidence:
            each = np.arange(len(self.candidates))
            columns["probability"] = self._evidence_and_errors[0]
            columns["probability_lower"], columns["probability_upper"] = self._intervals(each)
        columns["note"] = [c.note for c in self.candidates]
        return pd.DataFrame(columns)

    @property
    def _columns(self) -> list[str]:
        names = [*ALWAYS, *(name for c in self.criteria for name in COLUMNS[c])]
        if set(OF_EVIDENCE) <= set(self.criteria):
            names.append("log_evidence_laplace")
        return list(dict.fromkeys(names))

    @property
    def n_components(self) -> tuple[int, ...]:
        """Numbers of segments that were tried, in increasing order."""
        return tuple(sorted({c.n_components for c in self.candidates}))

    @property
    def has_fits(self) -> bool:
        """Whether any candidate could be fitted."""
        return any(c.values for c in self.candidates)

    @property
    def structures(self) -> tuple[str, ...]:
        """Names of the structures, in the given order."""
        return tuple(dict.fromkeys(c.structure for c in self.candidates))

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C interrupted the comparison."""
        return any(c.has("fit_interrupted", "draws_interrupted") for c in self.candidates)

    @property
    def evidence_criterion(self) -> str | None:
        """The criterion that determines the probabilities; None if there are none."""
        return next((c for c in reversed(OF_EVIDENCE) if c in self.criteria), None)

    @property
    def has_evidence(self) -> bool:
        """Whether "evidence" or "laplace" was requested, so that there are probabilities."""
        return self.evidence_criterion is not None

    @cached_property
    def _evidence_and_errors(self) -> tuple[np.ndarray, np.ndarray]:
        """P(K, structure) of candidates and the Monte Carlo errors of their log evidence.

        The probabilities are NaN if only one of several possible numbers has an evidence.
        """
        log_evidence = [c.values.get("log_evidence", np.nan) for c in self.candidates]
        errors = [c.values.get("log_evidence_se", np.nan) for c in self.candidates]
        prior = [self.prior_over_k[c.n_components] for c in self.candidates]
        p = probabilities(np.array(log_evidence), np.array(prior) / len(self.structures))
        possible = {K for K in self.n_components if self.prior_over_k[K] > 0.0}
        known = {c.n_components for c, share in zip(self.candidates, p, strict=True) if share >= 0}
        if len(known & possible) == 1 and not possible <= known:
            p = np.full(len(p), np.nan)
        return p, np.array(errors)

    def _intervals(self, groups: np.ndarray) -> Intervals:
        return probability_intervals(*self._evidence_and_errors, groups)

    @property
    def probabilities(self) -> pd.Series:
        """P(K), summed over structures; NaN if unknown.

        All are NaN if only one of several possible numbers has an evidence. See
        `probability_intervals` for the effect of Monte Carlo errors of the evidence.

        Raises
        ------
        FitError
            If neither "evidence" nor "laplace" is among the criteria.
        """
        self._check_evidence()
        by_k = self.table.groupby("n_components")["probability"]
        return by_k.sum(min_count=1).rename("probability")

    @cached_property
    def probability_intervals(self) -> pd.DataFrame:
        """94 % Monte Carlo intervals of P(K): columns lower and upper, one row per number.

        NaN if the error is unknown, as for Laplace's approximation. The errors of the log evidences
        are treated as independent.

        Raises
        ------
        FitError
            If neither "evidence" nor "laplace" is among the criteria.
        """
        import pandas as pd

        self._check_evidence()
        numbers = np.array([c.n_components for c in self.candidates])
        index = pd.Index(self.n_components, name="n_components")
        return pd.DataFrame(self._intervals(numbers)._asdict(), index=index)

    def _check_evidence(self) -> None:
        if not self.has_evidence:
            raise FitError(
                "probabilities need the evidence; add 'evidence' or 'laplace' to criteria"
            )

    @cached_property
    def best(self) -> Mapping[str, Candidate]:
        """The best candidate by each criterion that could be computed.

        For "evidence" and "laplace" this is the candidate with the largest evidence; `k_prior` is
        not used.
        """
        best = {}
        for criterion in self.criteria:
            known = self.known(criterion)
            sign = -1.0 if self.is_lower_better(criterion) else 1.0
            if known:
                column = self.column_of(criterion)
                best[criterion] = max(known, key=lambda c: sign * c.values[column])
        return best

    def known(self, criterion: str) -> list[Candidate]:
        """Candidates for which a criterion could be computed."""
        column = self.column_of(criterion)
        return [c for c in self.candidates if np.isfinite(c.values.get(column, np.nan))]

    @cached_property
    def elpd_diff(self) -> Mapping[Candidate, Difference]:
        """Difference in elpd between each candidate and the one with the highest elpd."""
        best = self.best.get("loo")
        if best is None or best.loo is None:
            return {}
        return {
            candidate: elpd_difference(best.loo, candidate.loo)
            for candidate in self.candidates
            if candidate.loo is not None
        }

    def candidate(self, n_components: int, structure: str) -> Candidate | None:
        """The candidate with this number and structure, if it was tried."""
        for candidate in self.candidates:
            if (candidate.n_components, candidate.structure) == (n_components, structure):
                return candidate
        return None

    def pieces_in(self, candidate: Candidate) -> Pieces | None:
        """Segments of a candidate that may be pieces of fewer, non-Gaussian segments."""
        if candidate.fit is None:
            return None
        checks = {
            c.n_components: c.shape_check
            for c in self.candidates
            if c.structure == candidate.structure and c.shape_check is not None
        }
        return pieces_of_segments(candidate.fit.mixture, checks)

    def column_of(self, criterion: str) -> str:
        """The column of the table by which a criterion compares candidates."""
        if criterion == "laplace" and "evidence" in self.criteria:
            return "log_evidence_laplace"
        return COLUMNS[criterion][0]

    def is_lower_better(self, criterion: str) -> bool:
        """Whether the smallest value of a criterion is the best."""
        return criterion in LOWER_IS_BETTER
