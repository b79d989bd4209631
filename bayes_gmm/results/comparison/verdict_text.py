"""Text of verdicts, for Python and for the command line."""

from __future__ import annotations

import math
from collections.abc import Mapping

from bayes_gmm.diagnostics.kind import PYTHON, TEXT, OptionNames
from bayes_gmm.results.comparison.candidates import Candidates
from bayes_gmm.results.comparison.phrases import (
    NAMES,
    SUBJECTS,
    by_probability,
    cut,
    long_name,
    more_draws,
    number_list,
    percents,
    probability_of,
    short_name,
    wider,
)
from bayes_gmm.results.comparison.verdict import Verdict
from bayes_gmm.results.shape.text import pieces_sentence
from bayes_gmm.text import counted, first_upper, in_words, percent, sentence


def verdict_text(verdict: Verdict, candidates: Candidates, options: OptionNames = PYTHON) -> str:
    """The number that a criterion supports, missing values, and whether the range is too narrow."""
    said = sentence(_of_verdict(verdict, candidates, options))
    if verdict.code == "not_computed":
        return said
    if verdict.missing:
        missing = [short_name(K, s, candidates) for K, s in verdict.missing]
        said += f" Not computed for {in_words(cut(missing), 'and')}."
    if len(candidates.n_components) == 1 and verdict.code != "one_number":
        said += f" Only {counted(candidates.n_components[0], 'segment')} {_were(candidates)} tried."
    return (
        said + wider(verdict.edges, candidates, options) + _of_pieces(verdict, candidates, options)
    )


def _of_pieces(verdict: Verdict, candidates: Candidates, options: OptionNames) -> str:
    """A sentence if the segments may be pieces of fewer, non-Gaussian segments."""
    structure = str(verdict.structure)
    chosen = candidates.candidate(int(verdict.n_components or 0), structure)
    pieces = None if chosen is None else candidates.pieces_in(chosen)
    smaller = None if pieces is None else candidates.candidate(pieces.n_groups, structure)
    if pieces is None or smaller is None or smaller.shape_check is None:
        return ""
    return f" {pieces_sentence(pieces, smaller.shape_check, options)}"


def headline(candidates: Candidates, verdicts: Mapping[str, Verdict]) -> str:
    """The result in a few words, of the evidence if it was computed, else the first criterion."""
    verdict = verdicts.get(str(candidates.evidence_criterion))
    if verdict is not None and verdict.level:
        lacking = [short_name(K, s, candidates) for K, s in verdict.missing]
        but = f" ({in_words(cut(lacking), 'and')} not computed)" if lacking else ""
        return _of_evidence_in_short(verdict) + but
    computed = [v for v in verdicts.values() if v.level]
    if computed:
        first = computed[0]
        number = long_name(int(first.n_components or 0), str(first.structure), candidates)
        return f"{number} by {NAMES[first.criterion]}"
    if candidates.has_fits:
        return "No criterion could be computed for any number of segments"
    return "No number of segments could be fitted"


def _of_evidence_in_short(verdict: Verdict) -> str:
    K = int(verdict.n_components or 0)
    if verdict.code == "one_number":
        return f"{counted(K, 'segment')}: no other number was tried"
    if verdict.code == "one_probable":
        return f"{counted(K, 'segment')}, with probability {percent(probability_of(verdict, K))}"
    if verdict.code == "not_determined":
        return "Number of segments not determined"
    if len(verdict.numbers) == 1:
        return "Many numbers of segments are plausible"
    return f"{number_list(verdict.numbers, 'or')} segments are plausible"


def _of_verdict(verdict: Verdict, candidates: Candidates, options: OptionNames) -> str:
    who = SUBJECTS[verdict.criterion]
    if verdict.code == "not_computed":
        allowed = f" that {options.k_prior} allows" if "known" in verdict.values else ""
        return f"{who} could not be computed for any number of segments{allowed}"
    if verdict.code == "one_known":
        known = counted(verdict.values["known"], "segment")
        return f"{who} could be computed only for {known}, so there are no probabilities"
    if verdict.code == "one_number":
        tried = counted(candidates.n_components[0], "segment")
        return (
            f"{who} cannot be compared, because only {tried} {_were(candidates)} tried"
            + _of_structures(verdict)
        )
    if verdict.code == "one_probable":
        K = int(verdict.n_components or 0)
        probability = percent(probability_of(verdict, K))
        return (
            f"{who} supports {counted(K, 'segment')}, with probability {probability}"
            f"{_interval(verdict, K, ' within Monte Carlo error')}{_of_structures(verdict)}"
        )
    if verdict.code == "several_probable":
        return (
            f"{who} leaves several numbers of segments plausible: {_listed(verdict)}"
            f"{_of_structures(verdict)}"
        )
    if verdict.code == "not_determined":
        return _of_undetermined(verdict, candidates, options)
    return _of_values(verdict, candidates)


def _of_undetermined(verdict: Verdict, candidates: Candidates, options: OptionNames) -> str:
    numbers = number_list(verdict.numbers, "and")
    error = verdict.values["error"]
    size = f" (up to {error:.1f} nats)" if math.isfinite(error) else ""
    return (
        f"the evidence does not determine the number of segments, because its Monte Carlo "
        f"error{size} is too large to tell {numbers} apart: {_listed(verdict)}. "
        f"{_remedy(verdict, candidates, options)}"
    )


def _remedy(verdict: Verdict, candidates: Candidates, options: OptionNames) -> str:
    """Advice to reduce the Monte Carlo error, or to use another criterion."""
    rules = [NAMES[c] for c in ("bic", "icl") if c in candidates.criteria]
    instead = f"decide by {in_words(rules, 'or')}" if rules else f"use {options.criteria}"
    return f"{first_upper(more_draws(verdict.values['draws'], options))}, or {instead}"


def _of_values(verdict: Verdict, candidates: Candidates) -> str:
    """The best candidate, and the difference to the next."""
    values, lower = verdict.values, candidates.is_lower_better(verdict.criterion)
    best = long_name(int(verdict.n_components or 0), str(verdict.structure), candidates)
    said = f"{SUBJECTS[verdict.criterion]} is {'lowest' if lower else 'highest'} for {best}"
    if verdict.code == "level":
        level = [short_name(K, s, candidates) for K, s in values["level"]]
        said += f", but the difference to {in_words(cut(level), 'and')} is not clear"
    elif "next" in values:
        se = values["gap_se"]
        error = "" if math.isnan(se) else f" ± {se:,.1f}"
        slight = ", a slight difference" if lower and values["level"] else ""
        step = "higher" if lower else "lower"
        following = long_name(values["next"][0], values["next"][1], candidates)
        said += f"; next is {following} ({values['gap']:,.1f}{error} "
        said += f"{step}{slight})"
    if values.get("n_high_k"):
        said += f". Its estimate is unreliable for {counted(values['n_high_k'], 'row')} (Pareto k)"
    return said


def _listed(verdict: Verdict) -> str:
    """Numbers with their probabilities and Monte Carlo intervals, the most probable first."""
    order = by_probability(verdict)
    intervals = [_interval(verdict, K, "") for K in order]
    parts = [
        f"{K} with {percent(probability_of(verdict, K))}{interval}"
        for K, interval in zip(order, intervals, strict=True)
    ]
    some = in_words(cut(parts), "and")
    return f"{some} (in brackets: 94 % Monte Carlo intervals)" if any(intervals) else some


def _interval(verdict: Verdict, K: int, ending: str) -> str:
    """The Monte Carlo interval of P(K) in brackets; empty if narrow or unknown."""
    _, lower, upper = verdict.values["probabilities"][K]
    return f" ({percents(lower, upper)}{ending})" if upper - lower > TEXT.narrow else ""


def _of_structures(verdict: Verdict) -> str:
    structures = verdict.values.get("structures", {})
    text = ", ".join(f"{name} ({percent(p)})" for name, p in structures.items())
    return f". Structure: {text}" if structures else ""


def _were(candidates: Candidates) -> str:
    return "was" if candidates.n_components[0] == 1 else "were"
