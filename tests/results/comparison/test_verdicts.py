"""Verdicts: codes and numbers of what each criterion supports, and how firmly."""

import inspect
import math
import re
from dataclasses import replace

import numpy as np
import pytest
from example_comparisons import by_bic, by_evidence, by_loo, comparison_of

import bayes_gmm as bg
from bayes_gmm.cli import commands
from bayes_gmm.diagnostics.kind import COMMAND_LINE, PYTHON
from bayes_gmm.results.comparison.verdicts import VerdictSettings, verdict_of

LOG_3, LOG_19 = math.log(3.0), math.log(19.0)


def evidence(comparison):
    return comparison.verdicts[comparison.evidence_criterion]


def shares(verdict):
    return {K: p for K, (p, _, _) in verdict.values["probabilities"].items()}


class TestEvidence:
    def test_one_probable_number(self):
        comparison = by_evidence({1: 0.0, 2: LOG_19 + 0.01, 3: -20.0})
        found = evidence(comparison)
        assert (found.code, found.n_components, found.numbers) == ("one_probable", 2, (2,))
        assert "2 segments" in comparison.headline
        assert "95 %" in comparison.headline
        assert "95 %" in found.text

    @pytest.mark.parametrize("criterion", ["evidence", "laplace"])
    def test_several_plausible_numbers_are_all_named(self, criterion):
        comparison = by_evidence({1: 0.0, 2: LOG_3, 3: -20.0}, criterion)
        found = evidence(comparison)
        assert (found.code, found.n_components, found.numbers) == ("several_probable", 2, (1, 2))
        assert shares(found) == pytest.approx({1: 0.25, 2: 0.75})
        assert "2 with 75 % and 1 with 25 %" in found.text
        assert "1 or 2" in comparison.headline

    def test_numbers_in_a_row_are_a_range(self):
        level = by_evidence({1: -40.0} | dict.fromkeys((5, 6, 7, 8), 0.0))
        assert "5 to 8" in level.headline

    def test_many_numbers_with_little_probability_each_have_a_first(self):
        found = evidence(by_evidence({K: 0.01 * (K == 7) for K in range(1, 41)}))
        assert (found.code, found.numbers) == ("several_probable", (7,))
        assert len(found.level) == 40

    def test_structures_are_weighed_too(self):
        values = {(1, "full"): -9.0, (1, "tied"): -9.0, (2, "full"): 0.0, (2, "tied"): LOG_3}
        found = evidence(by_evidence(values))
        assert (found.code, found.n_components, found.structure) == ("one_probable", 2, "tied")
        assert found.values["structures"] == pytest.approx({"tied": 0.75, "full": 0.25}, abs=1e-3)

    def test_numbers_that_the_prior_excludes_are_not_compared(self):
        ruled_out = replace(by_evidence({1: 0.0, 2: 50.0}), prior_over_k={1: 1.0, 2: 0.0})
        found = evidence(ruled_out)
        assert (found.code, found.n_components, found.edges) == ("one_probable", 1, ())
        unknown = replace(by_evidence({1: 0.0, 2: None}), prior_over_k={1: 0.0, 2: 1.0})
        assert evidence(unknown).code == "not_computed"
        assert "k_prior" in evidence(unknown).text
        assert "--k-prior" in unknown.verdicts_in(COMMAND_LINE)["evidence"].text


class TestMonteCarloError:
    def test_an_error_below_the_differences_leaves_the_verdict(self):
        values = {1: 0.0, 2: LOG_3, 3: -20.0}
        rough = evidence(by_evidence(values, errors={1: 0.3, 2: 0.3, 3: 0.1}))
        assert rough.code == "several_probable"
        assert "Monte Carlo" in rough.text
        fine = evidence(by_evidence(values, errors={1: 0.004, 2: 0.003, 3: 0.001}))
        assert "Monte Carlo" not in fine.text

    def test_an_error_above_the_differences_determines_nothing(self):
        values = {4: -30.0, 5: 0.0, 6: -0.44, 7: -2.1}
        comparison = by_evidence(values, errors=dict.fromkeys(values, 7.0), draws=1000)
        found = evidence(comparison)
        assert (found.code, found.numbers) == ("not_determined", (5, 6, 7))
        assert (found.values["error"], found.values["draws"]) == (7.0, None)
        assert "not determined" in comparison.headline
        assert "7.0 nats" in found.text
        assert not re.search(r"\d segments, with probability", found.text)

    def test_a_large_error_that_leaves_one_number_is_firm(self):
        values = {1: -60.0, 2: 0.0, 3: -70.0}
        found = evidence(by_evidence(values, errors=dict.fromkeys(values, 7.0)))
        assert (found.code, found.numbers) == ("one_probable", (2,))

    def test_an_error_that_changes_the_answer_is_not_hidden_by_a_high_probability(self):
        found = evidence(by_evidence({4: -3.5, 5: 0.0, 6: -3.8}, errors={4: 0.4, 5: 3.7, 6: 3.8}))
        assert shares(found)[5] > 0.9
        assert (found.code, found.numbers) == ("not_determined", (4, 5, 6))

    def test_infinite_errors_determine_nothing(self):
        blind = by_evidence({1: 0.0, 2: LOG_3, 3: -20.0}, errors={1: math.inf, 2: 0.3, 3: 0.1})
        found = evidence(blind)
        assert found.code == "not_determined"
        assert (found.values["draws"], found.values["error"]) == (None, math.inf)

    def test_draws_that_would_be_enough_are_advised(self):
        values = {1: -30.0, 2: 0.0, 3: 0.0}
        comparison = by_evidence(values, errors=dict.fromkeys(values, 0.8), draws=1000)
        found = evidence(comparison)
        assert (found.code, found.values["draws"]) == ("not_determined", 4000)
        assert "draws=4000" in found.text
        assert "--draws 4000" in comparison.verdicts_in(COMMAND_LINE)["evidence"].text
        reached = by_evidence(values, errors=dict.fromkeys(values, 0.4), draws=4000)
        assert evidence(reached).code == "several_probable"

    def test_thresholds_are_settings(self):
        values = {1: -30.0, 2: 0.0, 3: 0.0}
        comparison = by_evidence(values, errors=dict.fromkeys(values, 0.8))
        wide = verdict_of(comparison, "evidence", VerdictSettings(widest_interval=1.0))
        assert wide.code == "several_probable"


class TestValues:
    @pytest.mark.parametrize(
        ("criterion", "values", "expected"),
        [
            ("bic", {1: 30.0, 2: 10.0, 3: 14.5}, (2, "full", (2,), (3, "full"), 4.5)),
            ("icl", {1: 11.0, 2: 10.0, 3: 14.5}, (2, "full", (1, 2), (1, "full"), 1.0)),
            ("bic", {(1, "full"): 9.0, (1, "tied"): 9.0 + 1e-9, (2, "full"): 12.0},
             (1, "full", (1,), (2, "full"), 3.0)),
        ],
    )  # fmt: skip
    def test_the_best_and_the_next(self, criterion, values, expected):
        found = by_bic(values, criterion).verdicts[criterion]
        best, structure, level, following, gap = expected
        assert (found.code, found.n_components, found.structure) == ("best", best, structure)
        assert (found.level, found.values["next"]) == (level, following)
        assert found.values["gap"] == pytest.approx(gap)

    def test_loo_with_rows_that_are_too_influential(self):
        rows = np.random.default_rng(1).normal(size=(2, 200))
        comparison = by_loo({1: -5.0 + rows[0], 2: -4.0 + rows[1]}, n_high_k=3)
        found, gap = comparison.verdicts["loo"], comparison.elpd_diff[comparison.candidates[0]]
        assert (found.code, found.n_components, found.level) == ("best", 2, (2,))
        assert (found.values["next"], found.values["n_high_k"]) == ((1, "full"), 3)
        assert (found.values["gap"], found.values["gap_se"]) == gap
        assert f"{gap.elpd:.1f} ± {gap.se:.1f}" in found.text
        assert "3 rows" in found.text


class TestRange:
    """One rule for every criterion: an end that is the best or carries probability."""

    @pytest.mark.parametrize("last", [2, 3, 8, 12])
    @pytest.mark.parametrize("criterion", ["bic", "icl", "aic", "evidence", "laplace"])
    def test_the_best_at_the_upper_end(self, criterion, last):
        make = by_evidence if criterion in ("evidence", "laplace") else by_bic
        sign = 1.0 if make is by_evidence else -1.0
        values = {K: sign * 20.0 * K for K in range(1, last + 1)}
        found = make(values, criterion).verdicts[criterion]
        assert found.edges == ("upper",)
        assert f"n_components=range(1, {last + max(4, last // 2) + 1})" in found.text

    @pytest.mark.parametrize("last", [8, 12])
    def test_some_probability_at_the_upper_end(self, last):
        values = dict.fromkeys(range(1, last + 1), -40.0) | {last - 1: 0.0, last: math.log(0.06)}
        found = evidence(by_evidence(values))
        assert (found.n_components, found.edges) == (last - 1, ("upper",))
        values[last] = math.log(0.03)
        assert evidence(by_evidence(values)).edges == ()

    def test_the_best_at_the_lower_end(self):
        found = by_bic({3: 10.0, 4: 30.0, 5: 30.0})
        assert found.verdicts["bic"].edges == ("lower",)
        assert "--components 1-5" in found.verdicts_in(COMMAND_LINE)["bic"].text
        assert by_bic({1: 10.0, 2: 30.0}).verdicts["bic"].edges == ()

    def test_inside_the_range(self):
        assert by_bic({1: 30.0, 2: 20.0, 3: 25.0}).verdicts["bic"].edges == ()

    def test_the_last_that_is_known_is_not_the_last_that_was_tried(self):
        found = by_bic({1: 30.0, 2: 20.0, 3: None}).verdicts["bic"]
        assert (found.edges, found.missing) == ((), ((3, ""),))
        ruled_out = replace(by_evidence({1: 0.0, 2: 9.0, 3: 12.0}), prior_over_k={1: 1, 2: 1, 3: 0})
        assert evidence(ruled_out).edges == ()

    def test_one_number_alone_is_no_choice(self):
        alone = by_evidence({(3, "full"): 0.0, (3, "tied"): LOG_3})
        found = evidence(alone)
        assert (found.code, found.n_components, found.edges) == ("one_number", 3, ())
        assert found.values["structures"] == pytest.approx({"tied": 0.75, "full": 0.25})
        assert "3 segments" in alone.headline
        assert by_bic({2: 30.0}).verdicts["bic"].code == "one_number"


class TestMissing:
    def test_candidates_without_a_value_are_named(self):
        found = evidence(by_evidence({1: 0.0, 2: 9.0, 3: None, 4: None}))
        assert (found.code, found.missing) == ("one_probable", ((3, ""), (4, "")))
        assert "3 and 4" in found.text
        some = by_bic({(1, "full"): 9.0, (1, "tied"): 9.0, (2, "full"): 12.0, (2, "tied"): None})
        assert some.verdicts["bic"].missing == ((2, "tied"),)

    def test_many_are_counted(self):
        comparison = by_bic({K: 1.0 if K == 1 else None for K in range(1, 41)})
        assert "2, 3, 4, 5, 6 and 34 more" in comparison.verdicts["bic"].text

    def test_one_number_that_is_known_of_several_has_no_probability(self):
        alone = by_evidence({1: 0.0, 2: None, 3: None})
        assert alone.probabilities.isna().all()
        found = evidence(alone)
        assert (found.code, found.n_components, found.values["known"]) == ("one_known", None, 1)
        possible = replace(alone, prior_over_k={1: 1.0, 2: 0.0, 3: 0.0})
        assert possible.probabilities[1] == 1.0

    def test_nothing_is_known(self):
        assert by_bic({1: None, 2: None}).verdicts["bic"].code == "not_computed"
        fitted = comparison_of("log_evidence", {1: math.nan, 2: math.nan}, criteria=("evidence",))
        assert evidence(fitted).code == "not_computed"
        assert fitted.headline != by_bic({1: None}).headline

    def test_headlines_name_what_is_missing(self):
        assert "3 and 4" in by_evidence({1: -9.0, 2: 0.0, 3: None, 4: None}).headline
        values = {(2, "full"): 0.0, (2, "tied"): None, (3, "full"): LOG_3, (3, "tied"): -50}
        assert "2 tied" in by_evidence(values).headline

    def test_headlines_without_evidence(self):
        assert by_bic({1: 30.0, 2: 20.0}).headline == "2 segments by BIC"
        tied = by_bic({(1, "full"): 30.0, (1, "tied"): 29.0})
        assert tied.headline == "1 segment, tied by BIC"


OPTION, ASSIGNED = re.compile(r"--[\w-]+"), re.compile(r"(\w+)=")


class TestAdvice:
    """Advice names only what the interface has."""

    def test_of_the_command_line(self):
        asked = [commands.commands[name] for name in ("fit", "compare")]
        known = {option for command in asked for p in command.params for option in p.opts}
        named = {option for text in vars(COMMAND_LINE).values() for option in OPTION.findall(text)}
        assert {"--draws", "--criteria", "--segmentation", "--components"} <= named <= known

    def test_of_python(self):
        asked = (bg.BayesGMM, bg.compare, bg.BayesGMM.sample_posterior, bg.read_table)
        known = {name for function in asked for name in inspect.signature(function).parameters}
        bare = {name for name, text in vars(PYTHON).items() if name == text}
        assigned = {name for text in vars(PYTHON).values() for name in ASSIGNED.findall(text)}
        assert bare == {"draws", "tune", "chains", "k_prior", "resolution"}
        assert assigned == {
            "criteria", "method", "missing", "n_components", "resolution", "structure", "transforms"
        }  # fmt: skip
        assert bare | assigned <= known

    @pytest.mark.parametrize("options", [PYTHON, COMMAND_LINE])
    def test_texts_of_both(self, options):
        values = {3: 0.0, 4: 0.1, 5: None}
        comparison = by_evidence(values, errors={3: 7.0, 4: 7.0}, draws=100)
        said = comparison.verdicts_in(options)["evidence"].text
        said += comparison.recommendation_in(options).text
        assert ("--" in said) == (options is COMMAND_LINE)
        assert ("n_components" in said) == (options is PYTHON)
