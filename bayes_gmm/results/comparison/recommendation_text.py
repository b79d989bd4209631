"""Text of recommendations, for Python and for the command line."""

from __future__ import annotations

from collections.abc import Mapping

from bayes_gmm.diagnostics.kind import PYTHON, OptionNames
from bayes_gmm.results.comparison.candidates import Candidates
from bayes_gmm.results.comparison.phrases import (
    SUBJECTS,
    cut,
    ends_tried,
    more_draws,
    number_list,
    probability_of,
    range_to_try,
    short_name,
    wider,
)
from bayes_gmm.results.comparison.recommendation import VOTERS, Recommendation
from bayes_gmm.results.comparison.verdict import Verdict
from bayes_gmm.text import counted, first_upper, in_words, percent, sentence

REASONS = {
    "bic": "BIC adds a penalty of log(N) for each parameter, whatever the prior",
    "icl": "ICL also penalises overlap between segments",
    "loo": "LOO measures predictive accuracy, which superfluous segments hardly reduce",
    "aic": "AIC adds a penalty of only 2 for each parameter and often selects superfluous segments",
    "laplace": "Laplace's approximation of the evidence is inaccurate where segments overlap",
    "evidence": "the evidence averages the likelihood over the prior",
}
"""Reasons why criteria differ."""


def recommendation_text(
    recommendation: Recommendation,
    verdicts: Mapping[str, Verdict],
    candidates: Candidates,
    options: OptionNames = PYTHON,
) -> str:
    """The recommendation, the reasons why criteria differ, and advice to confirm it."""
    words = _Words(recommendation, verdicts, candidates, options)
    parts = [words.lead(), words.support(), words.of_prior(), words.differences(), *words.doubts()]
    said = " ".join(sentence(part) for part in parts if part)
    if recommendation.n_components is not None:
        said += wider(recommendation.edges, candidates, options)
    return f"Recommendation: {said[0].lower()}{said[1:]}"


class _Words:
    """The parts of the text of a recommendation."""

    def __init__(
        self,
        recommendation: Recommendation,
        verdicts: Mapping[str, Verdict],
        candidates: Candidates,
        options: OptionNames,
    ) -> None:
        self.recommendation, self.verdicts = recommendation, verdicts
        self.candidates, self.options = candidates, options
        self.K = recommendation.n_components or 0

    def lead(self) -> str:
        """The number and its basis, or the reason why there is none."""
        code, structure = self.recommendation.code, self.recommendation.structure
        if code == "not_computed":
            return "none, because no criterion could be computed"
        if code == "one_number":
            return self._lead_of_one_number()
        main = self.verdicts[str(self.recommendation.basis)]
        if code in ("not_determined", "wider_range"):
            return self._lead_without_number(main)
        number = counted(self.K, "segment")
        if structure:
            p = main.values.get("structures", {}).get(structure)
            number += f", structure {structure}" + (f" ({percent(p)})" if p else "")
        if code == "replaced":
            return (
                f"{number}, by {SUBJECTS[main.criterion]}, because the evidence does not determine "
                f"the number; to confirm it, {self._more_draws()}"
            )
        if code == "most_probable":
            return self._lead_of_most_probable(number, main)
        if code == "tie_broken":
            return self._lead_of_tie(number, main)
        return self._lead_of_decided(number, main)

    def _lead_of_one_number(self) -> str:
        only = self.candidates.n_components[0]
        between = self.options.between(1, max(8, 2 * only))
        structure = self.recommendation.structure
        best = f"; its best structure is {structure}" if structure else ""
        return f"none, because only {counted(only, 'segment')} can be assessed; use {between}{best}"

    def _lead_without_number(self, main: Verdict) -> str:
        """Advice if there is no number, with the numbers that the basis does not exclude."""
        edges, who = self.recommendation.edges, SUBJECTS[main.criterion]
        undetermined = self.recommendation.code == "not_determined"
        steps = [self._more_draws()] if undetermined else []
        if edges:
            between = range_to_try(edges, self.candidates, self.options)
            steps.append(f"widen the range ({between})")
        open_ = number_list(main.numbers, "or")
        leaves = f"leaves {open_} plausible" if len(main.numbers) > 1 else f"supports {open_}"
        if main.criterion not in ("evidence", "laplace"):
            leaves = f"is best for {main.n_components}"
        why = f"{who} {leaves}"
        if undetermined:
            why = f"{who} does not determine the number and {leaves}"
        if edges:
            why += f", and {ends_tried(edges, self.candidates)} tried"
        return f"no single number yet; {in_words(steps, 'and')}. {first_upper(why)}"

    def _more_draws(self) -> str:
        n = self.verdicts["evidence"].values.get("draws")
        return more_draws(n, self.options)

    def _lead_of_most_probable(self, number: str, main: Verdict) -> str:
        others = sorted(
            (k for k in main.numbers if k != self.K), key=lambda k: -probability_of(main, k)
        )
        named = [f"{k} ({percent(probability_of(main, k))})" for k in others]
        remain = "remain" if len(others) > 1 else "remains"
        return (
            f"{number}, the most probable number ({percent(probability_of(main, self.K))}), "
            f"although {in_words(cut(named), 'and')} {remain} plausible"
        )

    def _lead_of_tie(self, number: str, main: Verdict) -> str:
        chosen = self.recommendation.choices
        voters = [SUBJECTS[c] for c in VOTERS if c in chosen and chosen[c][0] == self.K]
        p = main.values.get("probabilities", {})
        level = [f"{k} ({percent(p[k][0])})" if k in p else str(k) for k in main.level]
        chooses = "choose" if len(voters) > 1 else "chooses"
        return (
            f"{number}. {first_upper(SUBJECTS[main.criterion])} hardly distinguishes "
            f"{in_words(cut(level), 'and')}, and {in_words(voters, 'and')} {chooses} {self.K}"
        )

    def _lead_of_decided(self, number: str, main: Verdict) -> str:
        agreeing = list(self.recommendation.choices)
        if self.recommendation.code == "agreement" and len(agreeing) > 1:
            return (
                f"{number}; {in_words([self._with_probability(c) for c in agreeing], 'and')} agree"
            )
        smallest = ", the smallest number that predicts as well as the best"
        return f"{number}, by {self._with_probability(main.criterion)}" + (
            smallest if main.criterion == "loo" and len(main.level) > 1 else ""
        )

    def _with_probability(self, criterion: str) -> str:
        """Name of a criterion, with the probability of the number by this criterion."""
        p = self.verdicts[criterion].values.get("probabilities", {})
        said = SUBJECTS[criterion]
        return f"{said} (probability {percent(p[self.K][0])})" if self.K in p else said

    def support(self) -> str:
        """Choices of the criteria that neither are the basis nor differ from it."""
        code, choices = self.recommendation.code, self.recommendation.choices
        if code in ("agreement", "one_number", "not_computed"):
            return ""
        said: dict[tuple[str, int], list[str]] = {}
        for criterion, (K, _) in choices.items():
            if criterion in (self.recommendation.basis, *self.recommendation.differing):
                continue
            if code == "tie_broken" and criterion in VOTERS and K == self.K:
                continue
            what = "chooses" if self.recommendation.n_components is None else "prefers"
            what = "supports" if K == self.K else what
            said.setdefault((what, K), []).append(criterion)
        return in_words([self._of_choice(*choice, c) for choice, c in said.items()], "and")

    def _of_choice(self, what: str, K: int, criteria: list[str]) -> str:
        """The criteria that choose a number, and whether they exclude the recommended number."""
        names = in_words([SUBJECTS[c] for c in criteria], "and")
        verb = what.removesuffix("s") if len(criteria) > 1 else what
        if what == "supports":
            return f"{names} also {verb} {K}"
        if what == "chooses":
            return f"{names} {verb} {K}, which remains plausible"
        return f"{names} {verb} {K}, but not clearly over {self.K}"

    def of_prior(self) -> str:
        """A sentence if the prior on the number of segments changes the choice."""
        basis = self.recommendation.basis
        if basis is None or basis != self.candidates.evidence_criterion:
            return ""
        probable, best = self.recommendation.choices[basis][0], self.candidates.best[basis]
        if best.n_components == probable:
            return ""
        return (
            f"{SUBJECTS[basis]} alone is highest for {best.n_components}; with "
            f"{self.options.k_prior} {probable} is the most probable number"
        )

    def differences(self) -> str:
        """The criteria that choose other numbers, and the reasons."""
        differing, choices = self.recommendation.differing, self.recommendation.choices
        if not differing:
            return ""
        by_choice: dict[tuple[int, str], list[str]] = {}
        for criterion in differing:
            by_choice.setdefault(choices[criterion], []).append(SUBJECTS[criterion])
        chosen = [
            f"{in_words(names, 'and')} {'choose' if len(names) > 1 else 'chooses'} "
            f"{short_name(K, structure, self.candidates)}"
            for (K, structure), names in by_choice.items()
        ]
        kinds = {str(self.recommendation.basis), *differing}
        if "icl" in kinds:
            kinds.add("bic")  # the reason for ICL refers to BIC
        reasons = [REASONS[kind] for kind in ("evidence", "laplace", "bic", "icl", "loo", "aic")
                   if kind in kinds]  # fmt: skip
        return f"{in_words(chosen, 'and')}. The criteria differ because {'; '.join(reasons)}"

    def doubts(self) -> list[str]:
        """Missing fits and criteria, and chains that have not mixed."""
        recommendation = self.recommendation
        if recommendation.code == "not_computed":
            return []
        fitted = {c.n_components for c in self.candidates.candidates if c.values}
        without_fit = [K for K in recommendation.missing if K not in fitted]
        without_value = [K for K in recommendation.missing if K in fitted]
        said = []
        if without_fit:
            said.append(f"{number_list(without_fit, 'and')} segments could not be fitted")
        if without_value:
            numbers = number_list(without_value, "and")
            who = "evidence" if "evidence" in self.verdicts else str(recommendation.basis)
            said.append(f"{SUBJECTS[who]} could not be computed for {numbers} segments")
        if recommendation.failed:
            failed = in_words([SUBJECTS[c] for c in recommendation.failed], "and")
            said.append(f"{failed} could not be computed")
        if recommendation.unmixed:
            said.append(
                f"the chains for {counted(self.K, 'segment')} have not mixed, so increase "
                f"{self.options.draws} to confirm this"
            )
        return said
