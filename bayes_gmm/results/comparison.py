"""How many segments, and of what shape: fits side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from bayes_gmm.errors import FitError
from bayes_gmm.results.elpd_difference import Difference, elpd_difference
from bayes_gmm.results.map_fit import MapFit
from bayes_gmm.results.pieces import Pieces, pieces_of_segments
from bayes_gmm.results.posterior import Posterior
from bayes_gmm.results.shares import share_errors, shares
from bayes_gmm.results.verdicts import verdicts

if TYPE_CHECKING:
    import pandas as pd

    from bayes_gmm.results.loo import Loo
    from bayes_gmm.results.shape_record import ShapeCheck

COLUMNS = {
    "bic": ("bic",),
    "icl": ("icl",),
    "aic": ("aic",),
    "loo": ("elpd_loo", "elpd_loo_se", "n_high_k"),
    "laplace": ("log_evidence", "log_evidence_se"),
    "evidence": ("log_evidence", "log_evidence_se"),
}
"""Columns of the table by criterion; the first of each is what is compared."""
LOWER_IS_BETTER = ("bic", "icl", "aic")
ALWAYS = ("log_likelihood", "log_posterior", "df")
FROM_DRAWS = ("loo", "evidence")
OF_EVIDENCE = ("laplace", "evidence")
UNKNOWN = Difference(np.nan, np.nan)
INTERRUPTED = "interrupted before"


@dataclass(frozen=True, eq=False)
class Candidate:
    """A number of segments with a structure, its fit and what criteria say of it.

    Attributes
    ----------
    n_components : int
    structure : str
        Name of the `Structure`.
    values : mapping of str to float
        By the table's columns; one that is not known is left out.
    fit : MapFit or None
        At the mode of most mass, as `BayesGMM` gives it, where a criterion needs masses; else at
        the highest mode. None where there is none; `note` says why.
    posterior : Posterior or None
        Where a criterion needed draws.
    loo : Loo or None
        Where it was asked for.
    shape_check : ShapeCheck or None
        Whether the rows of each segment of `fit` are Gaussian.
    note : str
        Why there is no fit, or the headlines of what is in doubt about it, of which the posterior
        says more; empty where there is nothing to say.
    """

    n_components: int
    structure: str
    values: Mapping[str, float]
    fit: MapFit | None = None
    posterior: Posterior | None = None
    note: str = ""
    loo: Loo | None = None
    shape_check: ShapeCheck | None = None


@dataclass(frozen=True, eq=False)
class Comparison:
    """Candidates side by side, as `compare` gives them.

    Attributes
    ----------
    candidates : tuple of Candidate
        By n_components, then in the order of the structures given.
    criteria : tuple of str
        As asked for.
    prior_over_k : mapping of int to float
        Probability of each number of segments before the table is seen; structures share it evenly.
    features : tuple of str

    Examples
    --------
    >>> import bayes_gmm as bg
    >>> X = bg.datasets.load_customers().table[["Annual income (k$)", "Spending score"]]
    >>> comparison = bg.compare(X, range(3, 7), criteria=("bic", "laplace"), random_state=0)
    >>> comparison.best["bic"].n_components, int(comparison.probabilities.idxmax())
    (5, 5)
    """

    candidates: tuple[Candidate, ...]
    criteria: tuple[str, ...]
    prior_over_k: Mapping[int, float]
    features: tuple[str, ...]

    @cached_property
    def table(self) -> pd.DataFrame:
        """A row per candidate.

        Columns: n_components, structure; log_likelihood, log_posterior (standardised), df (free
        parameters), bic, icl, aic (lower is better), all at the highest mode found, which need not
        be that of most mass, of which `Candidate.fit` and `BayesGMM.bic` are; elpd_loo,
        elpd_loo_se, elpd_behind (what it lacks to the best), elpd_behind_se (row by row, so far
        less), n_high_k (rows whose Pareto k is too high); log_evidence (of the table in its own
        units), log_evidence_se (its Monte-Carlo error, of the modes that starts or chains came to;
        NaN for Laplace's), probability, probability_se; note. What was not asked for is left out.
        Where "laplace" is asked for beside "evidence", log_evidence_laplace is its.
        """
        import pandas as pd

        columns: dict[str, object] = {
            "n_components": [c.n_components for c in self.candidates],
            "structure": [c.structure for c in self.candidates],
        }
        for name in self._columns:
            columns[name] = [c.values.get(name, np.nan) for c in self.candidates]
            if name == "elpd_loo_se":
                behind = [self.elpd_behind.get(c, UNKNOWN) for c in self.candidates]
                columns["elpd_behind"], columns["elpd_behind_se"] = zip(*behind, strict=True)
        if self.has_evidence:
            p, errors = self._of_evidence()
            columns["probability"] = p
            columns["probability_se"] = share_errors(p, errors, np.arange(len(p)))
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
        """Numbers of segments that were tried, rising."""
        return tuple(sorted({c.n_components for c in self.candidates}))

    @property
    def has_fits(self) -> bool:
        """Whether anything could be fitted."""
        return any(c.values for c in self.candidates)

    @property
    def structures(self) -> tuple[str, ...]:
        """Names of the structures, in the order given."""
        return tuple(dict.fromkeys(c.structure for c in self.candidates))

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended the work before all of it was done."""
        return any(INTERRUPTED in c.note for c in self.candidates)

    @property
    def evidence_criterion(self) -> str | None:
        """The criterion that probabilities are by; None where there is none."""
        return next((c for c in reversed(OF_EVIDENCE) if c in self.criteria), None)

    @property
    def has_evidence(self) -> bool:
        """Whether "evidence" or "laplace" was asked for, and so there are probabilities."""
        return self.evidence_criterion is not None

    def _of_evidence(self) -> tuple[np.ndarray, np.ndarray]:
        """P(K, structure) of candidates and the Monte-Carlo errors of their log evidence.

        Of one number alone, while others that are possible are not known, it would say nothing.
        """
        log_evidence = [c.values.get("log_evidence", np.nan) for c in self.candidates]
        errors = [c.values.get("log_evidence_se", np.nan) for c in self.candidates]
        prior = [self.prior_over_k[c.n_components] for c in self.candidates]
        p = shares(np.array(log_evidence), np.array(prior) / len(self.structures))
        possible = {K for K in self.n_components if self.prior_over_k[K] > 0.0}
        known = {c.n_components for c, share in zip(self.candidates, p, strict=True) if share >= 0}
        if len(known & possible) == 1 and not possible <= known:
            p = np.full(len(p), np.nan)
        return p, np.array(errors)

    @property
    def probabilities(self) -> pd.Series:
        """P(K), summed over structures; NaN where it is not known.

        So it is for all, where of all that are possible one alone is known.

        Raises
        ------
        FitError
            If neither "evidence" nor "laplace" is among the criteria.
        """
        if not self.has_evidence:
            raise FitError(
                "probabilities need the evidence; add 'evidence' or 'laplace' to criteria"
            )
        by_k = self.table.groupby("n_components")["probability"]
        return by_k.sum(min_count=1).rename("probability")

    @property
    def probability_errors(self) -> pd.Series:
        """Monte-Carlo standard errors of `probabilities`; NaN where there is none to tell.

        See `share_errors`.

        Raises
        ------
        FitError
            If neither "evidence" nor "laplace" is among the criteria.
        """
        import pandas as pd

        probabilities = self.probabilities
        numbers = np.array([c.n_components for c in self.candidates])
        errors = share_errors(*self._of_evidence(), numbers)
        return pd.Series(errors, index=probabilities.index, name="probability_se")

    @cached_property
    def verdicts(self) -> Mapping[str, str]:
        """What each criterion says, in a sentence or two, and where the rows cannot tell.

        Examples
        --------
        >>> import bayes_gmm as bg
        >>> X = bg.datasets.load_customers().table[["Annual income (k$)", "Spending score"]]
        >>> comparison = bg.compare(X, range(4, 7), criteria=("bic", "laplace"), random_state=0)
        >>> print(comparison.verdicts["bic"])
        BIC: lowest for 5 segments; next is 4 segments, 3.2 higher.
        >>> print(comparison.verdicts["laplace"])
        Laplace's evidence (approximate): 5 segments, with probability 96 %.
        """
        return verdicts(self)

    @cached_property
    def best(self) -> Mapping[str, Candidate]:
        """The best candidate by each criterion; one that could be told for none is left out.

        By "evidence" and "laplace" it is the one of greatest evidence, whatever the prior over K.
        """
        best = {}
        for criterion in self.criteria:
            column = self.column_of(criterion)
            known = [c for c in self.candidates if np.isfinite(c.values.get(column, np.nan))]
            sign = -1.0 if self.is_lower_better(criterion) else 1.0
            if known:
                best[criterion] = max(known, key=lambda c: sign * c.values[column])
        return best

    @cached_property
    def elpd_behind(self) -> Mapping[Candidate, Difference]:
        """By how much candidates predict rows worse than the best by LOO does."""
        best = self.best.get("loo")
        if best is None or best.loo is None:
            return {}
        return {
            candidate: elpd_difference(best.loo, candidate.loo)
            for candidate in self.candidates
            if candidate.loo is not None
        }

    def pieces_in(self, candidate: Candidate) -> Pieces | None:
        """Whether segments of a candidate may be pieces of fewer that are not Gaussian."""
        if candidate.fit is None:
            return None
        checks = {
            c.n_components: c.shape_check
            for c in self.candidates
            if c.structure == candidate.structure and c.shape_check is not None
        }
        return pieces_of_segments(candidate.fit.mixture, checks)

    def column_of(self, criterion: str) -> str:
        """The column of the table that a criterion compares."""
        if criterion == "laplace" and "evidence" in self.criteria:
            return "log_evidence_laplace"
        return COLUMNS[criterion][0]

    def is_lower_better(self, criterion: str) -> bool:
        """Whether the least value of a criterion is the best."""
        return criterion in LOWER_IS_BETTER
