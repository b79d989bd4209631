"""Verdicts: what is firm is said firmly, and what the rows cannot tell is said to be so."""

import math
from dataclasses import replace

import pytest
from example_comparisons import by_bic, by_evidence, comparison_of

from bayes_gmm.results.verdicts import closing, headline

LOG_3, LOG_19 = math.log(3.0), math.log(19.0)


def test_one_probable_number():
    comparison = by_evidence({1: 0.0, 2: LOG_19 + 0.01, 3: -20.0})
    assert comparison.verdicts["evidence"] == "Evidence: 2 segments, with probability 95 %."
    assert headline(comparison) == "2 segments, with probability 95 %"


@pytest.mark.parametrize("criterion", ["evidence", "laplace"])
def test_several_probable_numbers_are_all_named(criterion):
    comparison = by_evidence({1: 0.0, 2: LOG_3, 3: -20.0}, criterion)
    name = {"evidence": "Evidence", "laplace": "Laplace's evidence (approximate)"}[criterion]
    expected = f"{name}: the rows cannot tell how many segments: 2 (75 %), 1 (25 %)."
    assert comparison.verdicts[criterion] == expected
    assert headline(comparison) == "1 or 2 segments: the rows cannot tell"


def test_numbers_in_a_row_are_a_range():
    level = by_evidence({1: -40.0} | dict.fromkeys((5, 6, 7, 8), 0.0))
    assert headline(level) == "5 to 8 segments: the rows cannot tell"


def test_errors_of_sampling_are_told_where_they_matter():
    values = {1: 0.0, 2: LOG_3, 3: -20.0}
    rough = by_evidence(values, errors={1: 0.4, 2: 0.3, 3: 0.1})
    assert rough.probability_errors[2] == pytest.approx(0.75 * 0.25 * 0.5)
    assert rough.verdicts["evidence"].endswith("1 (25 %), give or take 9 % by sampling.")
    fine = by_evidence(values, errors={1: 0.004, 2: 0.003, 3: 0.001})
    assert "give or take" not in fine.verdicts["evidence"]


def test_numbers_without_evidence_are_named():
    said = by_evidence({1: 0.0, 2: 9.0, 3: None, 4: None}).verdicts["evidence"]
    assert said.endswith("probability > 99.9 %. Left out, for it is not known: 3 and 4.")


def test_draws_that_tell_nothing_of_the_error_are_told_of():
    blind = by_evidence({1: 0.0, 2: LOG_3, 3: -20.0}, errors={1: math.inf, 2: 0.3, 3: 0.1})
    said = blind.verdicts["evidence"]
    assert "(25 %), but the draws are too few to say how surely." in said


def test_structures_are_weighed_too():
    values = {(1, "full"): -9.0, (1, "tied"): -9.0, (2, "full"): 0.0, (2, "tied"): LOG_3}
    said = by_evidence(values).verdicts["evidence"]
    assert said.startswith("Evidence: 2 segments, with probability > 99.9 %.")
    assert "Structure: tied (75 %), full (25 %)." in said


@pytest.mark.parametrize(
    ("criterion", "values", "said"),
    [
        ("bic", {1: 30.0, 2: 10.0, 3: 14.5}, "BIC: lowest for 2 segments; next is 3 segments, "
         "4.5 higher."),
        ("icl", {1: 11.0, 2: 10.0, 3: 14.5}, "ICL: lowest for 2 segments; next is 1 segment, 1.0 "
         "higher, hardly a difference."),
        ("aic", {1: 10.0, 2: None}, "AIC: lowest for 1 segment. Left out, for it is not known: 2."),
        ("bic", {(1, "full"): 9.0, (1, "tied"): 9.0 + 1e-9, (2, "full"): 12.0, (2, "tied"): None},
         "BIC: lowest for 1 segment, full; next is 2 segments, full, 3.0 higher. Left out, for it "
         "is not known: 2 tied."),
        ("bic", {1: None, 2: None}, "BIC: not known for any number of segments."),
    ],
)  # fmt: skip
def test_differences_are_told(criterion, values, said):
    assert by_bic(values, criterion).verdicts[criterion] == said


def test_the_most_that_was_tried_is_no_answer_yet():
    said = by_bic({1: 30.0, 2: 20.0}).verdicts["bic"]
    assert said.endswith(" 2 segments were the most that were tried: try more.")
    alone = by_bic({2: 30.0}).verdicts["bic"]
    assert alone == "BIC: lowest for 2 segments. No other number of segments was tried."
    assert "try more" not in by_bic({1: 30.0, 2: 20.0, 3: 25.0}).verdicts["bic"]


def test_the_most_that_is_known_is_not_the_most_that_was_tried():
    said = by_bic({1: 30.0, 2: 20.0, 3: None}).verdicts["bic"]
    assert said.endswith("it is not known: 3.")
    ruled_out = replace(by_evidence({1: 0.0, 2: 9.0, 3: 12.0}), prior_over_k={1: 1, 2: 1, 3: 0})
    assert "most" not in ruled_out.verdicts["evidence"]


def test_one_number_alone_is_no_choice():
    alone = by_evidence({(3, "full"): 0.0, (3, "tied"): LOG_3})
    assert alone.verdicts["evidence"] == (
        "Evidence: 3 segments. Structure: tied (75 %), full (25 %). "
        "No other number of segments was tried."
    )
    assert headline(alone) == "3 segments: no other number was tried"


def test_one_number_that_is_known_of_several_has_no_probability():
    alone = by_evidence({1: 0.0, 2: None, 3: None})
    assert alone.probabilities.isna().all()
    assert alone.table["probability"].isna().all()
    assert alone.verdicts["evidence"] == (
        "Evidence: known for 1 segment alone, so there is no probability. "
        "Left out, for it is not known: 2 and 3."
    )
    assert headline(alone) == "1 segment: of no other number is anything known"
    assert headline(by_bic({2: 9.0, 3: None})) == headline(alone).replace("1 segment", "2 segments")
    possible = replace(alone, prior_over_k={1: 1.0, 2: 0.0, 3: 0.0})
    assert possible.probabilities[1] == 1.0


def test_fits_without_a_criterion_are_fits():
    fitted = comparison_of("log_evidence", {1: math.nan, 2: math.nan}, criteria=("evidence",))
    assert headline(fitted) == "Of no number of segments is anything known by these criteria"


def test_many_that_are_not_known_are_counted():
    comparison = by_bic({K: 1.0 if K == 1 else None for K in range(1, 41)})
    assert comparison.verdicts["bic"].endswith("not known: 2, 3, 4, 5, 6 and 34 more.")


def test_why_criteria_differ_is_told_where_they_do():
    icl = {1: {"icl": 1.0}, 2: {"icl": 4.0}}
    values = {1: 3.0, 2: 1.0}
    differ = comparison_of("bic", values, criteria=("bic", "icl"), more=icl)
    assert "ICL: how many groups stand clear of each other" in closing(differ)
    assert closing(by_bic(values)) == ""
    aic = {1: {"aic": 3.0}, 2: {"aic": 1.0}}
    assert closing(comparison_of("bic", values, criteria=("bic", "aic"), more=aic)) == ""


def test_a_headline_tells_what_is_not_known():
    comparison = by_evidence({1: -9.0, 2: 0.0, 3: None, 4: None})
    assert headline(comparison) == "2 segments, with probability > 99.9 % (3 and 4 not known)"
    some = by_evidence({(2, "full"): 0.0, (2, "tied"): None, (3, "full"): LOG_3, (3, "tied"): -50})
    assert headline(some) == "2 or 3 segments: the rows cannot tell (2 tied not known)"


def test_many_numbers_with_little_each_have_a_first():
    comparison = by_evidence({K: 0.01 * (K == 7) for K in range(1, 41)})
    assert "the rows cannot tell how many segments: 7 (3 %)" in comparison.verdicts["evidence"]
    assert headline(comparison) == "7 segments: the rows cannot tell"


def test_numbers_that_the_prior_rules_out_are_not_advised():
    comparison = by_evidence({1: 0.0, 2: 50.0})
    ruled_out = replace(comparison, prior_over_k={1: 1.0, 2: 0.0})
    assert ruled_out.verdicts["evidence"] == "Evidence: 1 segment, with probability 100 %."
    unknown = replace(by_evidence({1: 0.0, 2: None}), prior_over_k={1: 0.0, 2: 1.0})
    assert (
        "not known for any number of segments that k_prior allows" in (unknown.verdicts["evidence"])
    )


def test_headlines_without_evidence():
    assert headline(by_bic({1: 30.0, 2: 20.0})) == "2 segments by BIC"
    tied = by_bic({(1, "full"): 30.0, (1, "tied"): 29.0})
    assert headline(tied) == "1 segment, tied by BIC"
    assert headline(by_bic({1: None})) == "No number of segments could be fitted"
