"""What a comparison says in plain words, also when it is that the rows cannot tell."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from bayes_gmm.results.shape_words import pieces_sentence
from bayes_gmm.results.wording import counted, in_words, listed_numbers, percent

if TYPE_CHECKING:
    from bayes_gmm.results.comparison import Candidate, Comparison

NAMES = {
    "bic": "BIC",
    "icl": "ICL",
    "aic": "AIC",
    "loo": "LOO",
    "laplace": "Laplace's evidence (approximate)",
    "evidence": "Evidence",
}
QUESTIONS = {
    "bic": "how many bell-shaped groups the rows were drawn from",
    "evidence": "how many bell-shaped groups the rows were drawn from",
    "laplace": "how many bell-shaped groups the rows were drawn from",
    "icl": "how many groups stand clear of each other",
    "loo": "what foretells new rows best",
    "aic": "what foretells new rows best",
}
"""What each criterion answers."""

PLAUSIBLE = 0.05
"""Probability from which on a number of segments is not ruled out."""
SLIGHT = 2.0
"""Difference between criteria that is worth a bare mention (Kass & Raftery 1995, section 3.2)."""
WORTH_SAYING = 0.01
"""Monte-Carlo error of a probability."""
MOST_NAMED = 6
"""Candidates that are named one by one where they are not known."""


def verdicts(comparison: Comparison) -> dict[str, str]:
    """A sentence or two for each criterion: what it says, and how firmly.

    See `Comparison.verdicts`.
    """
    return {criterion: _verdict(comparison, criterion) for criterion in comparison.criteria}


def headline(comparison: Comparison) -> str:
    """The answer in a few words: by evidence where there is some, else by the first criterion."""
    if comparison.has_evidence:
        plausible = plausible_numbers(dict(comparison.probabilities))
        unknown = _unknown(comparison, str(comparison.evidence_criterion))
        but = f" ({in_words(unknown, 'and')} not known)" if unknown else ""
        if plausible and len(comparison.n_components) == 1:
            return f"{counted(next(iter(plausible)), 'segment')}: no other number was tried{but}"
        if _is_firm(plausible):
            K, p = next(iter(plausible.items()))
            return f"{counted(K, 'segment')}, with probability {percent(p)}{but}"
        if plausible:
            return f"{listed_numbers(sorted(plausible), 'or')} segments: the rows cannot tell{but}"
    for criterion in comparison.criteria:
        best = comparison.best.get(criterion)
        if best is None:
            continue
        if _is_alone(best, comparison, criterion):
            return f"{counted(best.n_components, 'segment')}: of no other number is anything known"
        return f"{_named(best, comparison)} by {NAMES[criterion]}"
    if comparison.has_fits:
        return "Of no number of segments is anything known by these criteria"
    return "No number of segments could be fitted"


def plausible_numbers(probabilities: Mapping[int, float]) -> dict[int, float]:
    """Numbers of segments that are not ruled out, the most probable first, which always is one.

    Examples
    --------
    >>> plausible_numbers({1: 0.01, 2: 0.29, 3: 0.7})
    {3: 0.7, 2: 0.29}
    """
    top = max((p for p in probabilities.values() if p > 0.0), default=math.inf)
    worth = {int(K): float(p) for K, p in probabilities.items() if p > PLAUSIBLE or p == top}
    return dict(sorted(worth.items(), key=lambda item: -item[1]))


def closing(comparison: Comparison) -> str:
    """Why criteria differ, where they do; else empty."""
    answers = {c: best.n_components for c, best in comparison.best.items()}
    if len(set(answers.values())) < 2:
        return ""
    asked: dict[str, list[str]] = {}
    for criterion in answers:
        asked.setdefault(QUESTIONS[criterion], []).append(NAMES[criterion])
    if len(asked) < 2:
        return ""
    parts = "; ".join(f"{' and '.join(names)}: {what}" for what, names in asked.items())
    return f"The criteria answer different questions. {parts}."


def _verdict(comparison: Comparison, criterion: str) -> str:
    name, best = NAMES[criterion], comparison.best.get(criterion)
    if best is None:
        return f"{name}: not known for any number of segments."
    K = best.n_components
    if criterion == comparison.evidence_criterion:
        plausible = plausible_numbers(dict(comparison.probabilities))
        if plausible:
            K = next(iter(plausible))
            said = _of_evidence(comparison, name, plausible)
        elif _is_possible(best, comparison, criterion):
            said = f"{name}: known for {counted(K, 'segment')} alone, so there is no probability."
        else:
            return f"{name}: not known for any number of segments that k_prior allows."
    elif criterion == "loo" and comparison.elpd_behind:
        said = _of_predictions(comparison, best)
    else:
        said = _of_differences(comparison, criterion, best)
    unknown = _unknown(comparison, criterion)
    if unknown:
        said += f" Left out, for it is not known: {in_words(unknown, 'and')}."
    return said + _of_what_was_tried(comparison, K) + _of_pieces(comparison, K, best)


def _of_what_was_tried(comparison: Comparison, K: int) -> str:
    """Whether the answer lies at the end of the numbers that there was to choose from."""
    tried = comparison.n_components
    if len(tried) == 1:
        return " No other number of segments was tried."
    if 1 < K == max(tried):
        return f" {counted(K, 'segment')} were the most that were tried: try more."
    return ""


def _of_pieces(comparison: Comparison, K: int, best: Candidate) -> str:
    """Whether the segments counted may be pieces of fewer that are not Gaussian."""
    of_it = [
        c for c in comparison.candidates if (c.n_components, c.structure) == (K, best.structure)
    ]
    pieces = comparison.pieces_in(of_it[0]) if of_it else None
    if pieces is None:
        return ""
    smaller = next(
        c for c in comparison.candidates
        if (c.n_components, c.structure) == (pieces.n_groups, best.structure)
    )  # fmt: skip
    return "" if smaller.shape_check is None else f" {pieces_sentence(pieces, smaller.shape_check)}"


def _is_known(candidate: Candidate, comparison: Comparison, criterion: str) -> bool:
    return bool(np.isfinite(candidate.values.get(comparison.column_of(criterion), np.nan)))


def _is_alone(best: Candidate, comparison: Comparison, criterion: str) -> bool:
    """Whether of several numbers that were tried the criterion knows this one only."""
    known = {c.n_components for c in comparison.candidates if _is_known(c, comparison, criterion)}
    return known == {best.n_components} != set(comparison.n_components)


def _is_possible(candidate: Candidate, comparison: Comparison, criterion: str) -> bool:
    """Whether the prior over numbers allows it, where the criterion asks for that."""
    by_prior = criterion == comparison.evidence_criterion
    return not by_prior or comparison.prior_over_k[candidate.n_components] > 0.0


def _unknown(comparison: Comparison, criterion: str) -> list[str]:
    """What the criterion does not know of: "7" for all with 7 segments, "7 tied" for some."""
    names = []
    for K in comparison.n_components:
        of_it = [c for c in comparison.candidates if c.n_components == K]
        missing = [c for c in of_it if not _is_known(c, comparison, criterion)]
        if missing and _is_possible(missing[0], comparison, criterion):
            whole = len(missing) == len(of_it)
            names += [str(K)] if whole else [_short(c, comparison) for c in missing]
    if len(names) <= MOST_NAMED:
        return names
    return [*names[: MOST_NAMED - 1], f"{len(names) - MOST_NAMED + 1} more"]


def _of_evidence(comparison: Comparison, name: str, plausible: Mapping[int, float]) -> str:
    """By the probabilities, which weigh structures together."""
    top = next(iter(plausible))
    error = comparison.probability_errors[top]
    sole = len(comparison.n_components) == 1
    give = f", give or take {percent(error)} by sampling" if error > WORTH_SAYING else ""
    if math.isinf(error):
        give = ", but the draws are too few to say how surely"
    if sole:
        said = f"{name}: {counted(top, 'segment')}"
    elif _is_firm(plausible):
        said = (
            f"{name}: {counted(top, 'segment')}, with probability {percent(plausible[top])}{give}"
        )
    else:
        shares = ", ".join(f"{K} ({percent(p)})" for K, p in plausible.items())
        said = f"{name}: the rows cannot tell how many segments: {shares}{give}"
    return f"{said}.{_of_structures(comparison)}"


def _is_firm(plausible: Mapping[int, float]) -> bool:
    """Whether there is one answer; of many numbers none may reach what is plausible."""
    return len(plausible) == 1 and max(plausible.values()) > 0.5


def _of_structures(comparison: Comparison) -> str:
    """The probable structures, where there are several to choose from."""
    if len(comparison.structures) == 1:
        return ""
    by_structure = comparison.table.groupby("structure", sort=False)["probability"].sum()
    shares = by_structure[by_structure > PLAUSIBLE].sort_values(ascending=False)
    text = ", ".join(f"{name} ({percent(p)})" for name, p in shares.items())
    return f" Structure: {text}."


def _of_predictions(comparison: Comparison, best: Candidate) -> str:
    """What predicts rows best, and what does so as well as can be told."""
    leading = f"LOO: highest for {_named(best, comparison)}"
    behind = {c: gap for c, gap in comparison.elpd_behind.items() if c is not best}
    level = [_short(c, comparison) for c, gap in behind.items() if not gap.is_clear]
    if level:
        said = f"{leading}, which the rows cannot tell from {in_words(level, 'or')} by predictions"
    elif behind:
        following, gap = min(behind.items(), key=lambda item: item[1].elpd)
        said = (
            f"{leading}; next is {_named(following, comparison)}, "
            f"{gap.elpd:,.1f} ± {gap.se:,.1f} lower"
        )
    else:
        said = leading
    doubtful = best.loo.n_high_k if best.loo is not None else 0
    if doubtful:
        said += f"; {counted(doubtful, 'row')} too influential for it to be trusted"
    return f"{said}."


def _of_differences(comparison: Comparison, criterion: str, best: Candidate) -> str:
    """By how far the next number of segments is behind."""
    name, lower = NAMES[criterion], comparison.is_lower_better(criterion)
    column = comparison.column_of(criterion)
    leading = f"{name}: {'lowest' if lower else 'highest'} for {_named(best, comparison)}"
    behind = {
        candidate: abs(candidate.values[column] - best.values[column])
        for candidate in comparison.candidates
        if _is_known(candidate, comparison, criterion) and not _is_same(candidate, best, column)
    }
    if not behind:
        return f"{leading}."
    next_best, gap = min(behind.items(), key=lambda item: item[1])
    step = f"{gap:,.1f} {'higher' if lower else 'lower'}"
    slight = ", hardly a difference" if lower and gap < SLIGHT else ""
    return f"{leading}; next is {_named(next_best, comparison)}, {step}{slight}."


def _is_same(a: Candidate, b: Candidate, column: str) -> bool:
    """Whether they are one mixture, as those of one segment are that differ in what is shared."""
    return (
        a.n_components == b.n_components
        and a.values["df"] == b.values["df"]
        and math.isclose(a.values[column], b.values[column], rel_tol=1e-6)
    )


def _named(candidate: Candidate, comparison: Comparison) -> str:
    said = counted(candidate.n_components, "segment")
    if len(comparison.structures) == 1:
        return said
    return f"{said}, {candidate.structure}"


def _short(candidate: Candidate, comparison: Comparison) -> str:
    if len(comparison.structures) == 1:
        return str(candidate.n_components)
    return f"{candidate.n_components} {candidate.structure}"
