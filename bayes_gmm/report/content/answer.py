"""The answer in three sentences, and the segments that stand out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bayes_gmm.report.content.records import ORDER, Card, Cell, Certainty, Check, Outside, Total
from bayes_gmm.report.settings import WORDING
from bayes_gmm.report.source import Source
from bayes_gmm.report.words import (
    Estimate,
    Number,
    Quoted,
    Segment,
    Words,
    count,
    frequency,
)
from bayes_gmm.text import counted, percent

STATES = {
    "good": "All checks of the computation and of the model passed.",
    "warning": "Some checks need attention before you rely on details: see ",
    "bad": "Do not rely on these numbers yet: at least one check failed, see ",
    "missing": "Some parts of the result were not computed: see ",
}


@dataclass(frozen=True)
class Highest:
    """The segment with the highest middle or average of a column, and the probability of this.

    `held` is what the segment holds of the total of the column, None for columns without a total,
    and `rows` its share of the rows.
    """

    column: str
    segment: Segment
    centre: Estimate
    word: str
    probability: Number | None
    is_sure: bool
    held: Estimate | None = None
    rows: Number | None = None


@dataclass(frozen=True)
class Start:
    """Segments that stand out by their number of rows or by a column.

    Attributes
    ----------
    advice : Words
    highest : tuple of Highest
        For each feature and each numeric column outside the model, in the order of the totals.
    totals : tuple of Total
        For each of these columns without negative values.
    """

    advice: Words
    highest: tuple[Highest, ...]
    totals: tuple[Total, ...]


def answer(
    source: Source,
    cards: Sequence[Card],
    certainty: Certainty | None,
    checks: Sequence[Check],
    is_compared: bool,
) -> tuple[Words, ...]:
    """The result: sizes, memberships, and how far to rely on them.

    `is_compared` says whether the number of segments was compared with others.
    """
    return (
        _sizes(source, cards),
        _memberships(source, certainty),
        (*(() if is_compared else _chosen(source)), *_trust(checks)),
    )


def _sizes(source: Source, cards: Sequence[Card]) -> Words:
    K = source.n_components
    n, rows = count("n_rows", source.fit.n_rows), source.rows
    which, other = " rows of the table ", ""
    if rows is not None and rows.n != source.fit.n_rows:
        which = " rows of the fit "
        other = f" The table of this report has {rows.n:,} rows instead."
    elif any(d.code == "other_rows" for d in source.findings):
        which, other = " rows of the fit ", " The table of this report has other rows."
    if source.fit.total_weight != source.fit.n_rows:
        which = f"{which.rstrip()}, with a total weight of {source.fit.total_weight:,.4g}, "
        other += unweighted(source)
    if K == 1:
        return ("The ", n, which, f"form one segment.{other}")
    large = max(cards, key=lambda card: card.share.value.value)
    small = min(cards, key=lambda card: card.share.value.value)
    return (
        "The ", n, which, "fall into ", Number("n_segments", K, str(K)),
        " segments: the largest, ", large.segment, ", holds ", *_share(large.share),
        " of them, and the smallest, ", small.segment, ", ", *_share(small.share), f".{other}",
    )  # fmt: skip


def unweighted(source: Source) -> str:
    """That rows are counted without the weights that the fit used, if so."""
    if source.rows is None or source.rows.is_weighted:
        return ""
    return " The fit used row weights, but the counts of rows in this report do not."


def _share(share: Estimate) -> Words:
    if share.lower is None or share.upper is None:
        return "about ", share.value
    return share.value, " (between ", share.lower, " and ", share.upper, ")"


def _memberships(source: Source, certainty: Certainty | None) -> Words:
    if certainty is None:
        return (
            "Who belongs to which segment is not shown, because the report was made without the "
            "rows of the table.",
        )
    if source.n_components == 1:
        return ("Every row belongs to this segment.",)
    clear = percent(WORDING.clear)
    if certainty.clear.value == certainty.rows.value:
        return (f"Every row belongs to one segment with a probability of {clear} or more.",)
    others = certainty.rows.value - certainty.clear.value
    assert source.rows is not None
    unit = " rows, counted by their weights" if source.rows.is_weighted else " rows"
    return (
        "The segment is clear for ", certainty.clear, " of ", certainty.rows, unit, " (",
        certainty.clear_share, f"), where its probability is {clear} or more; the other ",
        count("rows/unclear", others), " lie between segments, ", certainty.doubtful,
        f" of them with a probability below {percent(WORDING.doubtful)}.",
    )  # fmt: skip


def _trust(checks: Sequence[Check]) -> Words:
    """One sentence for each state of checks that did not pass, the most important first."""
    found = [(state, [c.title for c in checks if c.state == state]) for state in ORDER[:-1]]
    said = [f"{STATES[state]}{', '.join(titles)}." for state, titles in found if titles]
    return (" ".join(said or [STATES["good"]]),)


def _chosen(source: Source) -> Words:
    """That the number of segments is an assumption."""
    return (
        f"The number of segments, {source.n_components}, was chosen before the fit and is not a "
        f"result; the analyst can run {source.options.compare} to learn how probable other numbers "
        "are. ",
    )


def start(
    source: Source, cards: Sequence[Card], others: Outside | None, divided: Sequence[Total] = ()
) -> Start:
    """Which segment reaches most rows, which is highest in each column, and what each holds."""
    order = sorted(cards, key=_reach, reverse=True)
    named = (*highest(source, cards), *(() if others is None else highest_outside(others)))
    of_column = {total.column: total.cells for total in divided}
    places = {column: i for i, column in enumerate(of_column)}
    named = tuple(sorted(named, key=lambda h: places.get(h.column, len(places))))
    return Start(
        _advice(source, order),
        tuple(
            replace(h, held=of_column[h.column][h.segment.position],
                    rows=cards[h.segment.position].share.value)
            if h.column in of_column else h
            for h in named
        ),
        tuple(divided),
    )  # fmt: skip


def _reach(card: Card) -> tuple[float, float]:
    share = card.share.value.value
    return (share, share) if card.clear is None else (card.clear.value, share)


def _advice(source: Source, order: Sequence[Card]) -> Words:
    first = order[0]
    if len(order) == 1:
        return ("There is only one segment, so there is nothing to choose.",)
    if first.clear is None or not first.clear.value:
        return ("Most rows: ", first.segment, " is the largest segment.")
    return (
        "Most rows: ", first.segment, ". ", first.clear, " rows belong to it clearly, and no other "
        "segment has more.",
    )  # fmt: skip


def highest(source: Source, cards: Sequence[Card]) -> tuple[Highest, ...]:
    """For each feature, the segment with the highest middle value."""
    found = []
    for j, feature in enumerate(source.features):
        if len(cards) < 2:
            continue
        k = int(np.argmax([card.places[j].middle.value.value for card in cards]))
        p = None
        if source.posterior is not None:
            # Transformations are increasing: the order of means is that of medians.
            draws = source.posterior.parameters.means[..., j]
            p = frequency(f"highest/{j}", float(np.mean(draws.argmax(axis=-1) == k)))
        is_sure = p is not None and p.value >= WORDING.sure
        middle = cards[k].places[j].middle
        found.append(Highest(feature, cards[k].segment, middle, "a middle", p, is_sure))
    return tuple(found)


def highest_outside(others: Outside) -> Iterator[Highest]:
    """The segment with the highest mean of each numeric column that is no feature and no code."""
    for line in others.lines:
        known = [(k, c) for k, c in enumerate(line.cells) if c.estimate is not None]
        if line.level is not None or line.column in others.codes or len(known) < 2:
            continue
        k, best = max(known, key=lambda pair: _mean(pair[1]))
        is_sure = best.highest is not None and best.highest.value >= WORDING.sure
        assert best.estimate is not None
        yield Highest(
            line.column, others.segments[k], best.estimate, "an average", best.highest, is_sure
        )


def _mean(cell: Cell) -> float:
    return -np.inf if cell.estimate is None else cell.estimate.value.value


def title(source: Source) -> Words:
    """Title of the page."""
    if source.title is not None:
        return (Quoted(source.title),)
    of = () if source.table_name is None else (" in ", Quoted(source.table_name))
    return (counted(source.n_components, "segment"), *of)
