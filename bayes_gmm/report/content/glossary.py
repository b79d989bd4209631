"""Terms of the report, explained for readers without statistics."""

from __future__ import annotations

from collections.abc import Iterator

from bayes_gmm.report.settings import WORDING
from bayes_gmm.report.source import Source
from bayes_gmm.text import percent

Term = tuple[str, str]


def glossary(source: Source, is_compared: bool) -> tuple[Term, ...]:
    """Terms and explanations, those that the page uses."""
    found = [*_rows_and_segments(source), *_values(source)]
    if source.posterior is not None:
        found += _uncertainty(source)
    found += [
        ("Segmentation, mode", "One way to divide all rows into segments. If several ways fit "
         "nearly as well, each has a probability."),
        ("Prior assumptions", "What the computation assumes before it sees the rows. They matter "
         "only for segments with few rows."),
    ]  # fmt: skip
    if is_compared:
        found.append(
            ("Evidence, BIC, ICL, LOO", "Measures that compare numbers of segments. The evidence "
             "gives a probability to each number, and BIC and ICL approximate it. LOO measures how "
             "well each row is predicted from the others.")
        )  # fmt: skip
    return tuple(found)


def _rows_and_segments(source: Source) -> Iterator[Term]:
    yield "Row", "One line of the table, such as one customer."
    yield "Feature", "A column of the table that was used to find the segments."
    yield "Segment", "A group of rows with similar values in the features."
    yield (
        "Share",
        "The size of a segment: the part of all rows that belong to it. It describes everybody "
        "whom the rows were drawn from, so that it differs slightly from a count of the rows.",
    )
    if source.rows is None:
        return
    yield (
        "Probability of a segment",
        "How certain it is that a row belongs to a segment. Of 100 rows with a probability of "
        "90 %, about 90 belong to it.",
    )
    yield (
        "Clear, doubtful",
        "A row is clear if the probability of its most probable segment is "
        f"{percent(WORDING.clear)} or more, and doubtful if it is below "
        f"{percent(WORDING.doubtful)}.",
    )


def _values(source: Source) -> Iterator[Term]:
    if source.mixture.transforms.changed:
        yield (
            "Middle",
            "The average of a segment. For a transformed feature it is the median: half of the "
            "members have lower values, and half have higher ones.",
        )
        yield (
            "Transformed feature",
            "A feature with a few very large values, which is fitted on another scale, such as "
            "its logarithm. All values on this page are in the units of the table.",
        )
    else:
        yield "Middle", "The average of the members of a segment."
    yield (
        "Middle two thirds",
        "The range that holds the middle 68 % of a segment: 16 % of its members lie below it, and "
        "16 % above.",
    )
    yield (
        "High, low, average",
        "A segment is high (low) in a feature if its middle is at least "
        f"{WORDING.apart:g} standard deviations above (below) the average of the table, and very "
        f"high (very low) from {WORDING.far:g}. The standard deviation is a typical distance of a "
        "row from the average.",
    )
    if source.profile is not None and source.n_components > 1:
        yield (
            "Part of the total",
            "What the members of a segment hold of the sum of a column over all rows: of a "
            "revenue of 1 million, a segment with 40 % of the total brings 400,000.",
        )
        yield (
            "Bits",
            "A measure of how well one feature distinguishes the members of a segment from all "
            "other rows: 0 if it does not, and the stated maximum if it does so without error.",
        )


def _uncertainty(source: Source) -> Iterator[Term]:
    yield (
        f"{100.0 * source.ci_prob:g} % interval",
        "A limited number of rows does not determine a number exactly. The interval is the range "
        "that holds its true value with this probability, if the assumptions of the model hold.",
    )
    yield (
        "Draw",
        "One possible version of all segments that agrees with the rows. The numbers of the "
        "report are averages of thousands of draws, and the intervals come from their differences.",
    )
    yield (
        "R-hat, effective sample size, divergences, Pareto k-hat",
        "Figures for the analyst, which show whether the draws describe the uncertainty correctly.",
    )
