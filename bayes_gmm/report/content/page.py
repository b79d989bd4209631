"""The whole content of the report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bayes_gmm.report.content.answer import Start, answer, start, title
from bayes_gmm.report.content.checks import checks, unchecked_number
from bayes_gmm.report.content.glossary import glossary
from bayes_gmm.report.content.members import certainty, listed_features, typical_members
from bayes_gmm.report.content.modes import Modes, modes
from bayes_gmm.report.content.number_of_segments import NumberOfSegments, number_of_segments
from bayes_gmm.report.content.outside import also, apart, of_sample, outside
from bayes_gmm.report.content.records import Card, Certainty, Check, Line, Outside
from bayes_gmm.report.content.segments import cards
from bayes_gmm.report.content.tables import Data, Setting, data, method
from bayes_gmm.report.content.together import Together, together
from bayes_gmm.report.content.totals import totals
from bayes_gmm.report.settings import WORDING
from bayes_gmm.report.source import ROW, Source
from bayes_gmm.report.words import Words
from bayes_gmm.text import percent

if TYPE_CHECKING:
    from bayes_gmm.results.comparison.comparison import Comparison


@dataclass(frozen=True)
class Page:
    """Everything that the report says, in its order.

    Attributes
    ----------
    title : Words
    answer : tuple of Words
        The result in three sentences.
    start : Start
        Which segment to address first.
    number : NumberOfSegments or None
        If numbers of segments were compared.
    cards : tuple of Card
        One per segment.
    outside : Outside or None
        Columns that are no features, by segment.
    also : tuple of tuple of Line
        Of each segment the columns in which it differs most from the average.
    certainty : Certainty or None
        Memberships of the rows, if there are rows.
    together : Together or None
        Stability of the segments, if there are draws and rows.
    modes : Modes
        Other segmentations.
    checks : tuple of Check
    data : Data
        Findings in the table, and transformations.
    method : tuple of Setting
    glossary : tuple of (str, str)
    member_features : tuple of str
        Columns of the lists of rows.
    label_name : str
        What the labels of rows are.
    member_files : str
        Where lists of all members come from if the page does not hold them; else empty.
    note : str or None
        What readers must know first.
    n_shown : int
        Rows in pictures and in the list.
    n_rows : int
        Rows of the table with positive weight; 0 without a table.
    has_draws : bool
    interval : str
        Such as "94 % interval".
    clear, doubtful : str
        Probability from which on a row is clear, and below which it is doubtful.
    sample : str
        From how many rows columns are profiled if not from all; else empty.
    """

    title: Words
    answer: tuple[Words, ...]
    start: Start
    number: NumberOfSegments | None
    cards: tuple[Card, ...]
    outside: Outside | None
    also: tuple[tuple[Line, ...], ...]
    certainty: Certainty | None
    together: Together | None
    modes: Modes
    checks: tuple[Check, ...]
    data: Data
    method: tuple[Setting, ...]
    glossary: tuple[tuple[str, str], ...]
    member_features: tuple[str, ...]
    label_name: str
    member_files: str
    note: str | None
    n_shown: int
    n_rows: int
    has_draws: bool
    interval: str
    clear: str
    doubtful: str
    sample: str


def page(source: Source, comparison: Comparison | None = None) -> Page:
    """Compute everything that the report says."""
    number = None if comparison is None else number_of_segments(source, comparison)
    of_each = range(source.n_components)
    of_segments = cards(
        source,
        [apart(source, k) for k in of_each],
        [typical_members(source, k) for k in of_each],
    )
    of_rows, checked = certainty(source), checks(source)
    others, rows = outside(source), source.rows
    return Page(
        title=title(source),
        answer=answer(source, of_segments, of_rows, checked, number is not None),
        start=start(source, of_segments, others, totals(source)),
        number=number,
        cards=of_segments,
        outside=others,
        also=tuple(also(others, k) for k in of_each),
        certainty=of_rows,
        together=together(source),
        modes=modes(source),
        checks=checked if number is not None else (unchecked_number(source), *checked),
        data=data(source),
        method=method(source),
        glossary=glossary(source, number is not None),
        member_features=tuple(source.features[j] for j in listed_features(source)),
        label_name=ROW if rows is None else rows.label_name,
        member_files="" if rows is None or rows.are_all_on_page else source.options.members,
        note=source.note,
        n_shown=0 if rows is None else len(rows.shown),
        n_rows=0 if rows is None else rows.n,
        has_draws=source.posterior is not None,
        interval=f"{100.0 * source.ci_prob:g}\N{NO-BREAK SPACE}% interval",
        doubtful=percent(WORDING.doubtful),
        clear=percent(WORDING.clear),
        sample=of_sample(source),
    )
