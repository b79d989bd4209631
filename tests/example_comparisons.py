"""Comparisons made by hand: what is said of them is known."""

from types import SimpleNamespace

import numpy as np

from bayes_gmm.diagnostics.diagnostic import Diagnostic
from bayes_gmm.results.comparison.comparison import Candidate, Comparison


def comparison_of(column, values, *, criteria, errors=None, more=None, draws=None, notes=None):
    """A comparison whose candidates have values of one column: {(K, structure): value}.

    `errors` are of the log evidence, `more` other columns by number, `notes` codes by number; None
    as a value is a candidate without a fit, NaN one without the criterion.
    """
    values = {key if isinstance(key, tuple) else (key, "full"): v for key, v in values.items()}
    errors = errors or {}
    candidates = []
    for (K, structure), value in values.items():
        if value is None:
            why = Diagnostic("not_fitted", values={"message": f"no {K} distinct rows"})
            candidates.append(Candidate(K, structure, {}, diagnostics=(why,)))
            continue
        found = {"log_likelihood": -100.0, "log_posterior": -110.0, "df": 5.0 * K, column: value}
        if (K, structure) in errors or K in errors:
            found["log_evidence_se"] = errors.get((K, structure), errors.get(K))
        doubts = tuple(Diagnostic(code) for code in (notes or {}).get(K, ()))
        found |= (more or {}).get(K, {})
        candidates.append(Candidate(K, structure, found, diagnostics=doubts))
    numbers = sorted({K for K, _ in values})
    prior = dict.fromkeys(numbers, 1.0 / len(numbers))
    return Comparison(tuple(candidates), tuple(criteria), prior, ("Age", "Income"), draws)


def by_evidence(values, criterion="evidence", **more):
    return comparison_of("log_evidence", values, criteria=(criterion,), **more)


def by_bic(values, criterion="bic", **more):
    return comparison_of(criterion, values, criteria=(criterion,), **more)


def by_loo(elpd_i, n_high_k=0):
    """A comparison by the log densities of rows that were left out, {K: elpd_i}."""
    candidates = []
    for K, values in elpd_i.items():
        n = len(values)
        loo = SimpleNamespace(
            elpd=float(values.sum()), elpd_i=values, rows=np.arange(n),
            row_weights=np.ones(n), subsample_se=0.0, n_high_k=n_high_k,
        )  # fmt: skip
        columns = {"elpd_loo": loo.elpd, "elpd_loo_se": 9.0, "n_high_k": float(n_high_k)}
        candidates.append(Candidate(K, "full", columns, loo=loo))
    prior = dict.fromkeys(elpd_i, 1.0 / len(elpd_i))
    return Comparison(tuple(candidates), ("loo",), prior, ("Age", "Income"))


def interrupted():
    """One candidate was fitted, one was not."""
    done = by_bic({1: 210.0}).candidates
    left = Candidate(2, "full", {}, diagnostics=(Diagnostic("fit_interrupted"),))
    return Comparison((*done, left), ("bic",), {1: 0.5, 2: 0.5}, ("Age", "Income"))
