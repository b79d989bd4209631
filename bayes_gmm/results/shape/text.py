"""Sentences on the shape of segments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bayes_gmm.diagnostics.diagnostic import Diagnostic
from bayes_gmm.diagnostics.fits import departure_text, not_gaussian, shape_advice
from bayes_gmm.diagnostics.kind import PYTHON, TEXT, OptionNames
from bayes_gmm.errors import one_line
from bayes_gmm.results.shape.pieces import Pieces
from bayes_gmm.results.shape.record import ShapeCheck
from bayes_gmm.text import counted, in_words, sentence


def sentences(check: ShapeCheck, options: OptionNames = PYTHON) -> tuple[str, ...]:
    """One sentence per flagged segment with advice, and one for segments that were not checked."""
    said: list[str] = []
    for found in check.diagnostics:
        said += (
            _of_segments(found, options) if found.code == "not_gaussian" else [sentence(str(found))]
        )
    return tuple(said)


def pieces_sentence(pieces: Pieces, check: ShapeCheck, options: OptionNames = PYTHON) -> str:
    """Warn that segments may be pieces of fewer segments; `check` is of the fit with fewer."""
    found = next(each for each in check.diagnostics if each.code == "not_gaussian")
    return (
        "Some segments may be pieces of a non-Gaussian segment: the "
        f"{pieces.n_components} segments overlap and form "
        f"{counted(pieces.n_groups, 'clear group')}, and in the fit with "
        f"{counted(pieces.n_groups, 'segment')} {not_gaussian(found.subject, found.values)}; "
        f"{shape_advice(found.values, options)}."
    )


def _of_segments(found: Diagnostic, options: OptionNames) -> list[str]:
    values = found.values
    each = zip(found.subject, values["departures"], values["rows"], strict=True)
    advice = (
        "Intervals of non-Gaussian segments can be too narrow, and other segments can be pieces of "
        f"them. Advice: {shape_advice(values, options)}."
    )
    return [*(_of_segment(*segment) for segment in each), advice]


def _of_segment(name: str, departures: Sequence[Mapping[str, Any]], n_rows: float) -> str:
    parts = [
        f"{departure_text(d)} ({d['statistic']} {d['observed']:.2f}, "
        f"expected {d['lower']:.2f} to {d['upper']:.2f})"
        for d in departures[: TEXT.most_departures]
    ]
    rows = counted(round(n_rows), "row")
    return f"{one_line(name)} is not Gaussian: {in_words(parts, 'and')}, in {rows}."
