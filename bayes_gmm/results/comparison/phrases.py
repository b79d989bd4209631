"""Names and phrases that verdicts and recommendations share."""

from __future__ import annotations

import math
from collections.abc import Sequence

from bayes_gmm.diagnostics.kind import TEXT, OptionNames
from bayes_gmm.results.comparison.candidates import Candidates
from bayes_gmm.results.comparison.verdict import Verdict
from bayes_gmm.text import counted, first_upper, in_words, listed_numbers, percent

NAMES = {
    "bic": "BIC", "icl": "ICL", "aic": "AIC", "loo": "LOO", "evidence": "evidence",
    "laplace": "Laplace's evidence (approximate)",
}  # fmt: skip
SUBJECTS = NAMES | {"evidence": "the evidence", "laplace": "Laplace's approximate evidence"}
TITLES = NAMES | {"loo": "elpd by LOO", "evidence": "log evidence", "laplace": "log evidence"}


def title_of(criterion: str, column: str) -> str:
    """Heading for the values of a criterion, from the name of its column."""
    return "Laplace" if column == "log_evidence_laplace" else TITLES[criterion]


def wider(edges: Sequence[str], candidates: Candidates, options: OptionNames) -> str:
    """Advice to widen the range, in the same words for every criterion."""
    if not edges:
        return ""
    between = range_to_try(edges, candidates, options)
    return f" {first_upper(ends_tried(edges, candidates))} tried: widen the range ({between})."


def ends_tried(edges: Sequence[str], candidates: Candidates) -> str:
    """The ends of the range, for example "8 is the largest number"."""
    tried, words = candidates.n_components, {"lower": "smallest", "upper": "largest"}
    ends = {"lower": tried[0], "upper": tried[-1]}
    return " and ".join(f"{ends[side]} is the {words[side]} number" for side in edges)


def range_to_try(edges: Sequence[str], candidates: Candidates, options: OptionNames) -> str:
    """A wider range: up to 1.5 times the segments, at least four more, or down to one segment."""
    first, last = candidates.n_components[0], candidates.n_components[-1]
    if "upper" in edges:
        last += max(4, last // 2)
    return options.between(1 if "lower" in edges else first, last)


def more_draws(n: int | None, options: OptionNames) -> str:
    """Advice to reduce the Monte Carlo error of the evidence.

    Parameters
    ----------
    n : int or None
        Expected sufficient number of draws in a chain, if it is practical.
    options : OptionNames
    """
    return (
        f"sample more draws ({options.number(options.draws, n)})"
        if n is not None
        else (f"sample more draws (several times the current {options.draws})")
    )


def number_list(numbers: Sequence[int], word: str) -> str:
    """Sorted numbers as a range, or the first few of them."""
    if len(numbers) > 2 and numbers[-1] - numbers[0] == len(numbers) - 1:
        return listed_numbers(numbers, word)
    return in_words(cut([str(K) for K in numbers]), word)


def by_probability(verdict: Verdict) -> list[int]:
    """The plausible numbers, the most probable first."""
    return sorted(verdict.values["probabilities"], key=lambda K: -probability_of(verdict, K))


def probability_of(verdict: Verdict, K: int) -> float:
    """P(K) of a plausible number."""
    return float(verdict.values["probabilities"][K][0])


def percents(lower: float, upper: float) -> str:
    """The bounds of a probability, rounded outwards to whole percent.

    Examples
    --------
    >>> percents(0.021, 0.889), percents(1e-9, 1.0), percents(0.0, 1e-9), percents(0.9999, 1.0)
    ('2 to 89 %', '0 to 100 %', '< 0.1 %', '> 99.9 %')
    """
    if percent(lower) == percent(upper) or upper < TEXT.tiny or lower >= 1.0 - TEXT.tiny:
        return percent(upper if upper < TEXT.tiny else lower)
    return f"{math.floor(100 * lower + 1e-9)} to {math.ceil(100 * upper - 1e-9)} %"


def long_name(K: int, structure: str, candidates: Candidates) -> str:
    """For example "3 segments", with the structure if several were compared."""
    number = counted(K, "segment")
    return f"{number}, {structure}" if len(candidates.structures) > 1 else number


def short_name(K: int, structure: str, candidates: Candidates) -> str:
    """The number alone, with the structure if several were compared."""
    return f"{K} {structure}".strip() if len(candidates.structures) > 1 else str(K)


def cut(items: Sequence[str]) -> list[str]:
    """The first few items, and the number of further items."""
    if len(items) <= TEXT.most_items:
        return list(items)
    return [*items[: TEXT.most_items - 1], f"{len(items) - TEXT.most_items + 1} more"]
