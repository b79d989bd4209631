"""Sentences on the shape of segments."""

from __future__ import annotations

from collections.abc import Sequence

from bayes_gmm.errors import listed, one_line
from bayes_gmm.results.shape.pieces import Pieces
from bayes_gmm.results.shape.record import ShapeCheck, ShapeStatistic, combination
from bayes_gmm.text import counted, in_words

MOST_NAMED = 3
"""Segments that a warning names one by one."""
MOST_DEPARTURES = 2
"""Of one segment, in its sentence."""
ADVICE = {
    "skewed": "transform a skewed column, for instance by its logarithm",
    "heavy tails": "look for outliers in rows with extreme values",
    "flat": "try more segments where there are several peaks",
}


def sentences(check: ShapeCheck) -> tuple[str, ...]:
    """One per flagged segment, then one on segments with too few rows to check."""
    said = [_of_segment(check, k) for k in check.flagged]
    few = [name for name, checked in zip(check.names, check.checked, strict=True) if not checked]
    if few:
        said.append(f"Too few rows to check the shape of {listed(few)}.")
    return tuple(said)


def warning(check: ShapeCheck) -> str | None:
    """The text of the warning about segments that are not Gaussian, or None without any."""
    if not check.flagged:
        return None
    return (
        f"{_named_departures(check)}: the intervals of such a segment can be too narrow, and "
        f"further segments can be pieces of it; {advice(check)} (see shape_check_)"
    )


def shape_advice(check: ShapeCheck) -> str:
    """What not being Gaussian means for results, and what to try."""
    return (
        "The intervals of a segment that is not Gaussian can be too narrow, and further segments "
        f"can be pieces of it. What to try: {advice(check)}."
    )


def advice(check: ShapeCheck) -> str:
    """What to try, by the kinds of departures found."""
    kinds = {check.departures(k)[0].departure for k in check.flagged}
    return in_words([text for kind, text in ADVICE.items() if kind in kinds], "and")


def pieces_sentence(pieces: Pieces, check: ShapeCheck) -> str:
    """That segments may be pieces of fewer that are not Gaussian; `check` is of the latter."""
    return (
        f"The number may count pieces of segments: the {pieces.n_components} overlap and form "
        f"{counted(pieces.n_groups, 'clear group')}, and with "
        f"{counted(pieces.n_groups, 'segment')} {_named_departures(check)}; {advice(check)}."
    )


def _named_departures(check: ShapeCheck) -> str:
    """The flagged segments and what each departs by, the first few of many."""
    named = [
        f"{one_line(check.names[k])} ({_summary(check.departures(k)[0], check.features)})"
        for k in check.flagged[:MOST_NAMED]
    ]
    more = len(check.flagged) - len(named)
    named += [f"{more} more"] * (more > 0)
    are = "is" if len(check.flagged) == 1 else "are"
    return f"{in_words(named, 'and')} {are} not Gaussian"


def _of_segment(check: ShapeCheck, k: int) -> str:
    departures = check.departures(k)[:MOST_DEPARTURES]
    parts = [
        f"{_summary(s, check.features)} ({s.statistic} {s.observed:.2f}, "
        f"expected {s.lower:.2f} to {s.upper:.2f})"
        for s in departures
    ]
    rows = counted(round(check.n_rows[k]), "row")
    return f"{one_line(check.names[k])} is not Gaussian: {in_words(parts, 'and')}, in {rows}."


def _summary(statistic: ShapeStatistic, features: Sequence[str]) -> str:
    """One departure in a few words."""
    where = _where(statistic, features)
    if statistic.departure == "skewed":
        return f"skewed {where}"
    if statistic.departure == "flat":
        return f"flat or with several peaks {where}"
    return f"heavy tails {where}"


def _where(statistic: ShapeStatistic, features: Sequence[str]) -> str:
    if statistic.features:
        names = [f"'{one_line(features[j])}'" for j in statistic.features[:MOST_NAMED]]
        more = len(statistic.features) - len(names)
        return f"in {in_words([*names, *[f'{more} more'] * (more > 0)], 'and')}"
    if not statistic.direction:
        return "over all features"
    names = [f"'{one_line(features[j])}'" for j in statistic.main_features]
    return f"along {'' if len(names) == 1 else 'a '}{combination(names)}"
