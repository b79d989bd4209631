"""Sentences on the shape of segments."""

from __future__ import annotations

from collections.abc import Sequence

from bayes_gmm.errors import listed, one_line
from bayes_gmm.results.shape.pieces import Pieces
from bayes_gmm.results.shape.record import ShapeCheck, ShapeStatistic, combination
from bayes_gmm.text import counted, in_words

MOST_NAMED = 3
"""Maximum number of segments or features listed by name."""
MOST_DEPARTURES = 2
"""Maximum number of departures listed for one segment."""
ADVICE = {
    "skewed": "transform skewed columns, for instance by the logarithm",
    "heavy tails": "check rows with extreme values for outliers",
    "flat": "try more segments if there are several peaks",
}


def sentences(check: ShapeCheck) -> tuple[str, ...]:
    """One sentence per flagged segment, then one for segments with too few rows to check."""
    said = [_of_segment(check, k) for k in check.flagged]
    few = [name for name, checked in zip(check.names, check.checked, strict=True) if not checked]
    if few:
        said.append(f"Too few rows to check the shape of {listed(few)}.")
    return tuple(said)


def warning(check: ShapeCheck) -> str | None:
    """Warning text for segments that are not Gaussian, else None."""
    if not check.flagged:
        return None
    return (
        f"{_named_departures(check)}: intervals of non-Gaussian segments can be too narrow, and "
        f"other segments can be pieces of them; {advice(check)} (see shape_check_)"
    )


def shape_advice(check: ShapeCheck) -> str:
    """Consequences of non-Gaussian segments, and advice."""
    return (
        "Intervals of non-Gaussian segments can be too narrow, and other segments can be pieces of "
        f"them. Advice: {advice(check)}."
    )


def advice(check: ShapeCheck) -> str:
    """Advice for the kinds of departures found."""
    kinds = {check.departures(k)[0].departure for k in check.flagged}
    return in_words([text for kind, text in ADVICE.items() if kind in kinds], "and")


def pieces_sentence(pieces: Pieces, check: ShapeCheck) -> str:
    """Warn that segments may be pieces of fewer segments; `check` is that of the fewer segments."""
    return (
        "Some segments may be pieces of a non-Gaussian segment: the "
        f"{pieces.n_components} segments overlap and form "
        f"{counted(pieces.n_groups, 'clear group')}, and in the fit with "
        f"{counted(pieces.n_groups, 'segment')} {_named_departures(check)}; {advice(check)}."
    )


def _named_departures(check: ShapeCheck) -> str:
    """The flagged segments and their main departures, the first few if there are many."""
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
