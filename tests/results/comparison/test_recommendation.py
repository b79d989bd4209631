"""One recommendation from all criteria, which never claims more than the numbers support."""

import math
from dataclasses import replace

import numpy as np
import pytest
from example_comparisons import by_bic, by_evidence, by_loo, comparison_of

from bayes_gmm.diagnostics.kind import COMMAND_LINE, PYTHON
from bayes_gmm.results.comparison.recommendation_text import REASONS

NAN = math.nan
VALUES = {1: -60.0, 2: -20.0, 3: -9.0, 4: -3.5, 5: 0.0, 6: -3.8}
ERRORS = dict.fromkeys((1, 2, 3), 0.1) | {4: 0.4, 5: 3.7, 6: 3.8}
"""Of log evidences that rule out up to 3, and leave 4 to 6 open."""


def of_all(log_evidence, bic, icl=None, errors=None, **options):
    """A comparison by the evidence, BIC and ICL, each {K: value}."""
    icl = bic if icl is None else icl
    more = {K: {"bic": bic[K], "icl": icl[K]} for K in bic}
    errors = dict.fromkeys(log_evidence, 0.05) if errors is None else errors
    return comparison_of(
        "log_evidence", log_evidence, criteria=("bic", "icl", "evidence"), errors=errors, more=more,
        **options,
    )  # fmt: skip


def lowest_at(best, numbers):
    """BIC in steps of 10 from its lowest."""
    return {K: 10.0 * abs(K - best) for K in numbers}


class TestAgreement:
    def test_all_criteria_agree(self):
        found = of_all({1: -40.0, 2: -20.0, 3: 0.0, 4: -9.0}, lowest_at(3, range(1, 5)))
        found = found.recommendation
        assert (found.code, found.n_components, found.basis) == ("agreement", 3, "evidence")
        assert found.choices == dict.fromkeys(("evidence", "bic", "icl"), (3, "full"))
        assert (found.differing, found.edges, found.missing, found.unmixed) == ((), (), (), False)
        assert "3 segments" in found.text
        assert "> 99.9 %" in found.text
        assert not any(reason in found.text for reason in REASONS.values())

    def test_a_slight_difference_is_no_disagreement(self):
        found = of_all({2: -20.0, 3: 0.0, 4: -9.0}, {2: 0.0, 3: 1.5, 4: 9.0}).recommendation
        assert (found.code, found.n_components) == ("agreement", 3)

    def test_one_criterion_agrees_with_itself(self):
        found = by_bic({1: 30.0, 2: 10.0, 3: 14.5}).recommendation
        assert (found.code, found.n_components, found.basis) == ("agreement", 2, "bic")


class TestDisagreement:
    def test_the_evidence_decides_where_it_is_firm(self):
        icl = lowest_at(2, range(1, 6))
        found = of_all(
            {1: -40.0, 2: -30.0, 3: -9.0, 4: 0.0, 5: -9.0}, lowest_at(3, range(1, 6)), icl
        ).recommendation
        assert (found.code, found.n_components, found.basis) == ("decided", 4, "evidence")
        assert found.differing == ("bic", "icl")
        assert found.choices["bic"][0] == 3
        assert found.choices["icl"][0] == 2
        assert "BIC chooses 3 and ICL chooses 2" in found.text
        assert all(REASONS[kind] in found.text for kind in ("evidence", "bic", "icl"))
        assert REASONS["loo"] not in found.text

    def test_the_most_probable_of_several(self):
        evidence = {2: -2.4, 3: 0.0, 4: -2.0, 5: -9.0}
        found = of_all(evidence, lowest_at(2, evidence)).recommendation
        assert (found.code, found.n_components) == ("most_probable", 3)
        assert found.differing == ("bic", "icl")
        assert "plausible" in found.text

    def test_bic_decides_between_numbers_of_level_evidence(self):
        evidence = {2: -9.0, 3: 0.0, 4: 0.3, 5: -9.0}
        found = of_all(evidence, lowest_at(3, evidence)).recommendation
        assert (found.code, found.n_components, found.basis) == ("tie_broken", 3, "evidence")
        assert found.differing == ()

    def test_rules_of_thumb_without_evidence(self):
        icl = {K: {"icl": 10.0 * abs(K - 2)} for K in range(1, 6)}
        found = comparison_of(
            "bic", lowest_at(4, range(1, 6)), criteria=("icl", "bic"), more=icl
        ).recommendation
        assert (found.code, found.n_components, found.basis) == ("decided", 4, "bic")
        assert found.differing == ("icl",)

    def test_loo_alone_prefers_the_smallest_that_is_level(self):
        rows = np.random.default_rng(1).normal(size=(4, 200))
        elpd = {1: -5.0 + rows[0]} | {
            K: -4.0 + 0.001 * K + 0.1 * rows[K - 1] for K in (2, 3, 4)
        }  # fmt: skip
        found = by_loo(elpd).recommendation
        assert (found.code, found.n_components) == ("agreement", 2)
        assert "smallest" in found.text


class TestEveryCriterionIsNamed:
    """Those that support the number beside those that differ."""

    def test_where_some_differ(self):
        evidence = {2: -30.0, 3: -9.0, 4: 0.0, 5: -9.0}
        found = of_all(evidence, lowest_at(4, evidence), lowest_at(2, evidence)).recommendation
        assert (found.code, found.differing) == ("decided", ("icl",))
        assert "BIC also supports 4" in found.text
        assert "ICL chooses 2" in found.text

    def test_a_prior_over_numbers_that_decides(self):
        """P(K) follows the prior, the evidence alone does not: each choice is explained."""
        evidence = {1: -30.0, 2: -2.0, 3: 0.0, 4: -9.0}
        comparison = of_all(evidence, lowest_at(3, evidence), lowest_at(2, evidence))
        comparison = replace(comparison, prior_over_k={1: 0.001, 2: 0.997, 3: 0.001, 4: 0.001})
        for options, name in ((PYTHON, "k_prior"), (COMMAND_LINE, "--k-prior")):
            found = comparison.recommendation_in(options)
            assert (found.code, found.n_components, found.differing) == ("decided", 2, ("bic",))
            assert f"alone is highest for 3; with {name} 2" in found.text
            assert "BIC chooses 3" in found.text
            assert "ICL also supports 2" in found.text
        even = replace(comparison, prior_over_k=dict.fromkeys(evidence, 0.25))
        assert "k_prior" not in even.recommendation.text


class TestUndetermined:
    def test_bic_replaces_it_among_the_numbers_left_open(self):
        comparison = of_all(VALUES, lowest_at(5, VALUES), errors=ERRORS, draws=100)
        found = comparison.recommendation
        assert (found.code, found.n_components, found.basis) == ("replaced", 5, "bic")
        assert "draws=" in found.text

    def test_no_number_where_bic_chooses_one_that_is_excluded(self):
        comparison = of_all(VALUES, lowest_at(3, VALUES), errors=ERRORS)
        found = comparison.recommendation
        assert (found.code, found.n_components, found.basis) == ("not_determined", None, "evidence")
        assert found.differing == ("bic", "icl")
        assert "4 to 6" in found.text
        assert "sample more" in found.text
        assert "%" not in found.text
        assert "--draws" in comparison.recommendation_in(COMMAND_LINE).text

    def test_both_steps_at_the_end_of_the_range(self):
        """Mall customers: BIC and ICL 4, the evidence 7 to 12 with errors above its differences."""
        evidence = {4: -10.8, 5: -6.4, 6: -3.5, 7: -1.3, 8: -0.5, 9: 0.0, 10: -0.1, 11: -0.6,
                    12: -0.9}  # fmt: skip
        errors = {K: 0.2 * (K - 3) for K in evidence}
        comparison = of_all(evidence, lowest_at(4, evidence), errors=errors, draws=100)
        found = comparison.recommendation
        assert (found.code, found.n_components) == ("not_determined", None)
        assert found.differing == ("bic", "icl")
        assert (found.basis, found.edges) == ("evidence", ("upper",))
        said = comparison.recommendation_in(COMMAND_LINE).text
        assert "--components 4-18" in said
        assert "--draws" in said
        precise = of_all(evidence, lowest_at(4, evidence), errors=dict.fromkeys(evidence, 0.1))
        assert precise.recommendation.code == "wider_range"
        assert precise.recommendation.differing == ("bic", "icl")

    @pytest.mark.parametrize("lacking", [3, 4])
    def test_an_evidence_that_lacks_a_rival_does_not_decide(self, lacking):
        """One that BIC chooses, or one next to the best."""
        evidence = {1: -20.0, 2: 0.0, 3: -9.0, 4: -9.0} | {lacking: NAN}
        found = of_all(evidence, lowest_at(lacking, evidence)).recommendation
        assert found.n_components != 2
        assert found.missing == (lacking,)

    def test_a_missing_number_without_a_rival_is_named(self):
        evidence = {1: -20.0, 2: 0.0, 3: -9.0, 4: NAN}
        found = of_all(evidence, lowest_at(2, evidence)).recommendation
        assert (found.code, found.n_components, found.missing) == ("agreement", 2, (4,))
        assert "could not be computed for 4" in found.text


class TestRange:
    @pytest.mark.parametrize("make", [by_bic, by_evidence])
    def test_the_best_at_the_upper_end_is_no_recommendation(self, make):
        sign = -1.0 if make is by_bic else 1.0
        found = make({K: sign * 20.0 * K for K in range(1, 9)}).recommendation
        assert (found.code, found.n_components, found.edges) == ("wider_range", None, ("upper",))
        assert "range(1, 13)" in found.text

    def test_the_best_at_the_lower_end(self):
        found = by_bic({3: 0.0, 4: 20.0, 5: 40.0}).recommendation
        assert (found.code, found.n_components, found.edges) == ("wider_range", None, ("lower",))
        assert by_bic({1: 0.0, 2: 20.0}).recommendation.n_components == 1

    def test_little_probability_at_the_end_keeps_the_number(self):
        found = by_evidence({1: -40.0, 2: -20.0, 3: 0.0, 4: -2.2}).recommendation
        assert (found.code, found.n_components, found.edges) == ("most_probable", 3, ("upper",))
        assert "widen the range" in found.text

    def test_the_end_by_another_criterion_does_not_matter(self):
        bic = {K: -20.0 * K for K in range(1, 5)}
        found = of_all({1: -40.0, 2: 0.0, 3: -20.0, 4: -30.0}, bic).recommendation
        assert (found.code, found.n_components, found.edges) == ("decided", 2, ())

    def test_one_number_alone(self):
        found = by_evidence({(3, "full"): 0.0, (3, "tied"): 2.0}).recommendation
        assert (found.code, found.n_components, found.structure) == ("one_number", None, "tied")
        assert by_bic({4: 1.0}).recommendation.code == "one_number"
        assert by_bic({4: 1.0}).recommendation.n_components is None


class TestFailures:
    def test_numbers_that_could_not_be_fitted(self):
        found = by_bic({1: 30.0, 2: 10.0, 3: 25.0, 4: None, 5: None}).recommendation
        assert (found.code, found.n_components, found.missing) == ("agreement", 2, (4, 5))
        assert "4 and 5 segments could not be fitted" in found.text

    def test_a_criterion_that_failed_is_named(self):
        evidence = dict.fromkeys(range(1, 5), NAN)
        found = of_all(evidence, lowest_at(3, evidence)).recommendation
        assert (found.code, found.n_components, found.basis) == ("agreement", 3, "bic")
        assert found.failed == ("evidence",)
        assert "the evidence" in found.text.lower()

    def test_nothing_is_known(self):
        found = by_bic({1: None, 2: None}).recommendation
        assert (found.code, found.n_components, found.basis) == ("not_computed", None, None)

    def test_chains_that_have_not_mixed(self):
        evidence = {1: -20.0, 2: 0.0, 3: -9.0}
        notes = {2: ("unmixed_chains",), 3: ("ambiguous_labels",)}
        comparison = of_all(evidence, lowest_at(2, evidence), notes=notes)
        assert comparison.recommendation.unmixed
        assert "--draws" in comparison.recommendation_in(COMMAND_LINE).text
        other = of_all(evidence, lowest_at(2, evidence), notes={3: ("unmixed_chains",)})
        assert not other.recommendation.unmixed


class TestStructures:
    def test_the_structure_is_that_of_the_basis(self):
        values = {(1, "full"): -9.0, (1, "tied"): -9.0, (2, "full"): 0.0, (2, "tied"): 1.0,
                  (3, "full"): -9.0, (3, "tied"): -9.0}  # fmt: skip
        found = by_evidence(values).recommendation
        assert (found.code, found.n_components, found.structure) == ("agreement", 2, "tied")
        assert "tied" in found.text
        assert by_evidence({1: -9.0, 2: 0.0, 3: -9.0}).recommendation.structure is None

    def test_the_number_may_be_probable_in_sum_where_no_single_candidate_is(self):
        values = {(1, "full"): -30.0, (1, "tied"): -30.0,
                  (2, "full"): 0.0, (2, "tied"): -9.0, (3, "full"): -0.2, (3, "tied"): -0.2,
                  (4, "full"): -9.0, (4, "tied"): -9.0}  # fmt: skip
        found = by_evidence(values).recommendation
        assert (found.n_components, found.choices["evidence"][0]) == (3, 3)
