"""Records that several sections of the page use, without HTML."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bayes_gmm.report.words import Estimate, Number, Segment, Words

State = Literal["good", "warning", "bad", "missing"]
SIGNS: dict[State, str] = {
    "good": "Passed", "warning": "Attention", "bad": "Failed", "missing": "Not available",
}  # fmt: skip
ORDER: tuple[State, ...] = ("bad", "missing", "warning", "good")
"""States of checks, the most important first."""


@dataclass(frozen=True)
class Member:
    """A row of the table.

    Attributes
    ----------
    label : str
    cells : tuple of Number or None
        Values of the features in `listed_features`; None if missing.
    segment : Segment
        Most probable segment.
    probability : Estimate
        Of this segment.
    second : Segment or None
        The next segment.
    second_probability : Number or None
    """

    label: str
    cells: tuple[Number | None, ...]
    segment: Segment
    probability: Estimate
    second: Segment | None
    second_probability: Number | None


@dataclass(frozen=True)
class Border:
    """Rows between two segments."""

    first: Segment
    second: Segment
    rows: Number


@dataclass(frozen=True)
class Certainty:
    """Memberships of all rows.

    Attributes
    ----------
    rows : Number
        Total weight of the rows.
    clear, middle, doubtful : Number
        Rows with a probability of at least 90 %, in between, and below 60 %.
    clear_share : Number
    bins : tuple of (float, float, Number)
        Histogram of the probability: lower and upper end, and rows.
    borders : tuple of Border
        Pairs of segments with most rows that are not clear.
    members : tuple of Member
        The most uncertain rows, the most uncertain first.
    """

    rows: Number
    clear: Number
    middle: Number
    doubtful: Number
    clear_share: Number
    bins: tuple[tuple[float, float, Number], ...]
    borders: tuple[Border, ...]
    members: tuple[Member, ...]


@dataclass(frozen=True)
class Cell:
    """A column in one segment.

    Attributes
    ----------
    estimate : Estimate or None
        Mean or share; None if the segment has too few rows.
    index : Number or None
        100 is the average of the table.
    above : Number or None
        Probability that the segment is above the average.
    highest : Number or None
        Probability that the segment is the highest.
    mark : {"above", "below", ""}
        Whether the segment is above or below the average with sufficient probability.
    """

    estimate: Estimate | None
    index: Number | None
    above: Number | None
    highest: Number | None
    mark: str


@dataclass(frozen=True)
class Line:
    """A numeric column, or a level of a category, in all segments."""

    column: str
    level: str | None
    whole: Number
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Total:
    """How the total of a column is divided among the segments.

    Attributes
    ----------
    column : str
    cells : tuple of Estimate or None
        Share of each segment in the total; None if the segment has too few rows.
    most : int
        Position of the segment that holds most.
    """

    column: str
    cells: tuple[Estimate | None, ...]
    most: int


@dataclass(frozen=True)
class Outside:
    """Columns outside the model.

    Attributes
    ----------
    segments : tuple of Segment
    lines : tuple of Line
    more : int
        Lines that are not listed.
    sure : str
        Probability from which on a segment is marked as above or below the average.
    left_out : tuple of (str, str)
        Columns that are not profiled, and why.
    codes : tuple of str
        Numeric columns with so few whole numbers that these may be codes of categories.
    """

    segments: tuple[Segment, ...]
    lines: tuple[Line, ...]
    more: int
    sure: str
    left_out: tuple[tuple[str, str], ...]
    codes: tuple[str, ...]


@dataclass(frozen=True)
class Apart:
    """What a feature says about a segment.

    Attributes
    ----------
    feature : str
    direction : str
        "higher", "lower" or "similar on average".
    centre, rest : Number
        Middle of the segment, and of all other rows.
    bits : Estimate
        Information between the feature and membership of the segment.
    limit : Number
        Its largest possible value.
    spread : str
        How the spread of the segment differs, if it sets the segment apart and the difference of
        the middles is small; else empty.
    """

    feature: str
    direction: str
    centre: Number
    rest: Number
    bits: Estimate
    limit: Number
    spread: str = ""

    @property
    def fraction(self) -> float:
        """Bits relative to their limit, from 0 to 1."""
        return min(self.bits.value.value / max(self.limit.value, 1e-12), 1.0)


@dataclass(frozen=True)
class Place:
    """Where a segment lies on one feature.

    Attributes
    ----------
    feature : str
    position : int
        Of the feature, from 0.
    middle : Estimate
        Mean, or median of a transformed feature.
    low, high : Number
        Bounds of the middle two thirds of the segment.
    standing : Number
        Distance of the middle from the average of the table, in standard deviations.
    word : str
        "very high", "high", "average", "low" or "very low".
    """

    feature: str
    position: int
    middle: Estimate
    low: Number
    high: Number
    standing: Number
    word: str


@dataclass(frozen=True)
class Card:
    """A segment.

    Attributes
    ----------
    segment : Segment
    description : Words
        The segment in a few words.
    share : Estimate
    size : Number or None
        Expected number of rows; None without rows.
    assigned : Number or None
        Rows whose most probable segment it is.
    clear : Number or None
        Those whose probability is 90 % or more.
    clear_share : Number or None
        Fraction of the assigned rows; None without any.
    places : tuple of Place
    apart : tuple of Apart
        What distinguishes the segment from the rest.
    typical : tuple of Member
    """

    segment: Segment
    description: Words
    share: Estimate
    size: Number | None
    assigned: Number | None
    clear: Number | None
    clear_share: Number | None
    places: tuple[Place, ...]
    apart: tuple[Apart, ...]
    typical: tuple[Member, ...]


@dataclass(frozen=True)
class Figure:
    """A number of a check, and the value that it should have."""

    name: str
    number: Number
    target: str = ""


@dataclass(frozen=True)
class Check:
    """A check of the computation or of the model.

    Attributes
    ----------
    title : str
    state : {"good", "warning", "bad", "missing"}
    said : str
        The result in plain words.
    figures : tuple of Figure
    details : tuple of str
        Texts of the diagnostics.
    """

    title: str
    state: State
    said: str
    figures: tuple[Figure, ...] = ()
    details: tuple[str, ...] = ()

    @property
    def sign(self) -> str:
        """The state in a word."""
        return SIGNS[self.state]
