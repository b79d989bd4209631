"""Verdicts of each criterion of a comparison: rules and records, without text."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from bayes_gmm.results.comparison.candidates import Candidate, Candidates
from bayes_gmm.results.comparison.verdict import Verdict


@dataclass(frozen=True)
class VerdictSettings:
    """Thresholds of verdicts and recommendations."""

    plausible: float = 0.05
    """Probability above which a number of segments is plausible; if such a number is at an end of
    the range, a wider range is advised."""
    widest_interval: float = 0.5
    """Width of the Monte Carlo interval of the largest probability above which the evidence does
    not determine the number. The interval of two equally probable candidates has this width if
    their difference has an error of .6 nats."""
    slight_ratio: float = 3.0
    """Maximum ratio of probabilities at which two numbers of segments are hardly distinguished
    (Kass & Raftery 1995)."""
    slight_difference: float = 2.0
    """Maximum difference of BIC, ICL or AIC at which two numbers of segments are hardly
    distinguished (Kass & Raftery 1995, section 3.2)."""
    target_error: float = 0.4
    """Target for the Monte Carlo error of a log evidence, in nats, at which equal candidates have
    an interval of `widest_interval`."""
    most_draws: int = 20_000
    """Largest number of draws in a chain that is advised."""


DEFAULTS = VerdictSettings()


def verdict_of(
    candidates: Candidates, criterion: str, settings: VerdictSettings = DEFAULTS
) -> Verdict:
    """The verdict by one criterion."""
    best = candidates.best.get(criterion)
    missing = _missing(candidates, criterion)
    if best is None:
        return Verdict(criterion, "not_computed", missing=missing)
    if criterion == candidates.evidence_criterion:
        if candidates.probabilities.notna().any():
            return _by_probability(candidates, criterion, missing, settings)
        code = "one_known" if candidates.prior_over_k[best.n_components] > 0.0 else "not_computed"
        # A single number has no probability, so it gives no recommendation.
        return Verdict(criterion, code, missing=missing, values={"known": best.n_components})
    return _by_value(candidates, criterion, best, missing, settings)


def _missing(candidates: Candidates, criterion: str) -> tuple[tuple[int, str], ...]:
    """Candidates without the criterion, unless the prior excludes their number."""
    known = set(candidates.known(criterion))
    found: list[tuple[int, str]] = []
    for K in candidates.n_components:
        if criterion == candidates.evidence_criterion and candidates.prior_over_k[K] == 0.0:
            continue
        of_number = [c for c in candidates.candidates if c.n_components == K]
        lacking = [c for c in of_number if c not in known]
        whole = len(lacking) == len(of_number)
        found += [(K, "")] if whole else [(K, c.structure) for c in lacking]
    return tuple(found)


def _by_probability(
    candidates: Candidates,
    criterion: str,
    missing: tuple[tuple[int, str], ...],
    settings: VerdictSettings,
) -> Verdict:
    """The verdict by P(K), summed over structures, and its Monte Carlo intervals."""
    p = {int(K): float(v) for K, v in candidates.probabilities.items() if v >= 0.0}
    bounds = candidates.probability_intervals
    lower, upper = bounds["lower"].to_dict(), bounds["upper"].to_dict()
    top = max(p, key=lambda K: p[K])
    plausible = tuple(K for K in p if p[K] > settings.plausible or top == K)
    determined = not upper[top] - lower[top] > settings.widest_interval  # NaN: no error is known
    if not determined:
        plausible = tuple(K for K in p if upper[K] > settings.plausible)
    code = _code_of(candidates, determined, plausible, p[top])
    ratio = settings.slight_ratio
    values: dict[str, Any] = {
        "probabilities": {K: (p[K], lower[K], upper[K]) for K in plausible},
        "structures": _structures(candidates, settings),
    }
    if not determined:
        errors = [
            c.values["log_evidence_se"]
            for c in candidates.known(criterion) if c.n_components in plausible
        ]  # fmt: skip
        values["error"] = max(errors)
        values["draws"] = _draws_needed(candidates.draws, max(errors), settings)
    return Verdict(
        criterion, code, top, _structure_by_probability(candidates, top), plausible,
        tuple(K for K in p if p[K] * ratio >= p[top]),
        _edges(candidates, top, [K for K in p if p[K] > settings.plausible]), missing, values,
    )  # fmt: skip


def _code_of(
    candidates: Candidates, determined: bool, plausible: tuple[int, ...], p_top: float
) -> str:
    if len(candidates.n_components) == 1:
        return "one_number"
    if not determined:
        return "not_determined"
    # If many numbers have a small probability each, several are plausible.
    return "one_probable" if len(plausible) == 1 and p_top > 0.5 else "several_probable"


def _draws_needed(draws: int | None, error: float, settings: VerdictSettings) -> int | None:
    """Number of draws in a chain to reach the target error; None if too large or unknown.

    The error falls with the square root of the draws once chains have mixed.
    """
    times = max((error / settings.target_error) ** 2, 2.0)
    if draws is None or draws * times > settings.most_draws:
        return None
    return 100 * math.ceil(draws * times / 100)


def _structures(candidates: Candidates, settings: VerdictSettings) -> dict[str, float]:
    """Probabilities of the plausible structures, if several were compared."""
    if len(candidates.structures) == 1:
        return {}
    p = candidates.table.groupby("structure", sort=False)["probability"].sum()
    p = p[p > settings.plausible].sort_values(ascending=False)
    return {str(name): float(value) for name, value in p.items()}


def _structure_by_probability(candidates: Candidates, K: int) -> str:
    table = candidates.table[candidates.table["n_components"] == K]
    return str(table.loc[table["probability"].idxmax(), "structure"])


def _edges(candidates: Candidates, best: int, carrying: list[int]) -> tuple[str, ...]:
    """The ends of the range that are best or have relevant probability."""
    tried = candidates.n_components
    ends = {"lower": tried[0], "upper": tried[-1]}
    if len(tried) == 1:
        return ()
    return tuple(
        side
        for side, end in ends.items()
        if (end == best or end in carrying) and (side, end) != ("lower", 1)
    )


def _by_value(
    candidates: Candidates,
    criterion: str,
    best: Candidate,
    missing: tuple[tuple[int, str], ...],
    settings: VerdictSettings,
) -> Verdict:
    """The verdict by the value of a criterion, with the difference to the next candidate."""
    by_loo = criterion == "loo" and bool(candidates.elpd_diff)
    if by_loo:
        gaps = {c: (gap.elpd, gap.se) for c, gap in candidates.elpd_diff.items() if c is not best}
    else:
        gaps = _gaps(candidates, criterion, best)
    values: dict[str, Any] = {}
    if gaps:
        following = min(gaps, key=lambda c: gaps[c][0])
        values["next"] = (following.n_components, following.structure)
        values["gap"], values["gap_se"] = gaps[following]
    if by_loo:
        level = [c for c in gaps if not candidates.elpd_diff[c].is_clear]
        values["n_high_k"] = best.loo.n_high_k if best.loo is not None else 0
    else:
        slight = settings.slight_difference if candidates.is_lower_better(criterion) else 0.0
        level = [c for c in gaps if gaps[c][0] < slight]
    values["level"] = [(c.n_components, c.structure) for c in level]
    numbers = tuple(sorted({best.n_components, *(c.n_components for c in level)}))
    code = (
        "one_number" if len(candidates.candidates) == 1 else "level" if by_loo and level else "best"
    )
    return Verdict(
        criterion, code, best.n_components, best.structure,
        numbers, numbers, _edges(candidates, best.n_components, []), missing, values,
    )  # fmt: skip


def _gaps(
    candidates: Candidates, criterion: str, best: Candidate
) -> dict[Candidate, tuple[float, float]]:
    column = candidates.column_of(criterion)
    return {
        c: (abs(c.values[column] - best.values[column]), math.nan)
        for c in candidates.known(criterion)
        if c is not best and not _is_same(c, best, column)
    }


def _is_same(a: Candidate, b: Candidate, column: str) -> bool:
    """Whether two candidates are the same mixture, for example K = 1 with full and tied."""
    return (
        a.n_components == b.n_components
        and a.values["df"] == b.values["df"]
        and bool(np.isclose(a.values[column], b.values[column], rtol=1e-6, atol=0.0))
    )
