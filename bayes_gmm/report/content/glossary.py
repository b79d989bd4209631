"""Terms of the report, explained for readers without statistics."""

from __future__ import annotations

from bayes_gmm.report.settings import WORDING
from bayes_gmm.report.source import Source
from bayes_gmm.text import percent


def glossary(source: Source, is_compared: bool) -> tuple[tuple[str, str], ...]:
    """Terms and explanations, those that the page uses."""
    found = [
        ("Segment", "A group of rows with similar values. The model describes each segment by its "
         "share, its average and its spread in every feature."),
        ("Share", "The fraction of all rows that a segment holds, in the population that the rows "
         "are a sample of."),
        ("Expected size and assigned rows", "The expected size is the sum of the probabilities of "
         "all rows to belong to the segment. Assigned rows are those whose most probable segment "
         "it is."),
        ("Clear", "A row is clear if the probability of its segment is "
         f"{percent(WORDING.clear)} or more, and doubtful below {percent(WORDING.doubtful)}."),
        ("High, low, average", "A segment is called high (low) in a feature if its middle is at "
         f"least {WORDING.apart:g} standard deviations above (below) the average of the table, and "
         f"very high (very low) from {WORDING.far:g}."),
        ("Middle two thirds", "The range that holds the middle 68 % of a segment: 16 % of its "
         "members lie below it, and 16 % above."),
        ("Bits", "A measure of how well one feature distinguishes the members of a segment from "
         "all other rows: 0 if it does not, and the stated maximum if it does so without error."),
    ]  # fmt: skip
    if source.posterior is not None:
        ci = f"{100.0 * source.ci_prob:g} %"
        found += [
            (f"{ci} interval", "The range that holds the true value with this probability, given "
             "the rows and the assumptions of the model."),
            ("Draw", "One possible version of all segments that agrees with the rows. Averages "
             "over thousands of draws give the numbers of the report, and their "
             "differences give the intervals."),
            ("R-hat, effective sample size, divergences", "Measures of whether the draws describe "
             "the uncertainty correctly: independent repetitions must agree (R-hat near 1), "
             "contain enough information, and have met no numerical problem."),
            ("Pareto k-hat", "Measures how well a fast approximation of the uncertainty fits; 0.7 "
             "or less is good."),
        ]  # fmt: skip
    found += [
        ("Segmentation, mode", "One way to divide all rows into segments. If several ways fit "
         "nearly as well, each has a probability."),
        ("Prior assumptions", "What the model assumes before it sees rows. They matter only for "
         "segments with few rows."),
    ]  # fmt: skip
    if is_compared:
        found.append(
            ("Evidence, BIC, ICL, LOO", "Criteria that compare numbers of segments. The evidence "
             "gives a probability to each number; BIC and ICL approximate it; LOO measures how "
             "well each row is predicted from the others.")
        )  # fmt: skip
    if source.mixture.transforms.changed:
        found.append(
            ("Transformed feature", "A feature with a long tail is fitted on another scale, such "
             "as its logarithm. Its middle is then the median, and all values are in the units "
             "of the table.")
        )  # fmt: skip
    return tuple(found)
