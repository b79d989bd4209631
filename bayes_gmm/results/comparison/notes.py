"""Notes on candidates of a comparison: missing fits and criteria, and warnings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bayes_gmm.results.option_names import PYTHON, OptionNames

TEXTS = {
    "not_fitted": "{detail}",
    "fit_interrupted": "interrupted before it was fitted",
    "draws_interrupted": "interrupted before its posterior was sampled",
    "no_maximum": "{detail}",
    "not_converged": "{detail}",
    "no_draws": "the posterior could not be sampled: {detail}",
    "no_loo": "LOO not computed: {detail}",
    "no_evidence": "evidence not computed: {detail}",
    "constant_draws_loo": "LOO not computed: too few distinct draws; increase {draws}",
    "few_draws_evidence": "evidence not computed: the draws are too few or too correlated; "
    "increase {draws}",
    "evidence_below_laplace": "evidence unreliable: {detail} nats below Laplace's approximation",
    "not_normal": "Laplace's evidence not computed: the posterior near the mode is far from normal",
    "no_laplace": "Laplace's evidence not computed: {detail}",
    "interruption": "sampling was interrupted",
    "draws": "too few draws for intervals; increase {draws}",
    "labels": "some segments have ambiguous labels",
    "modes": "the posterior has several segmentations",
    "mixing": "the chains have not mixed",
    "prior": "the prior moves some segments by more than 1 posterior standard deviation",
}
INTERRUPTED = ("fit_interrupted", "draws_interrupted")


@dataclass(frozen=True)
class Note:
    """A finding about one candidate.

    Attributes
    ----------
    code : str
        A key of `TEXTS`.
    detail : str
        The message of the error or check that caused it, or a number, if there is one.

    Examples
    --------
    >>> Note("mixing").text()
    'the chains have not mixed'
    """

    code: str
    detail: str = ""

    def text(self, options: OptionNames = PYTHON) -> str:
        """Text of the note."""
        return TEXTS.get(self.code, "{detail}").format(detail=self.detail, draws=options.draws)


def notes_text(notes: Iterable[Note], options: OptionNames = PYTHON) -> str:
    """All distinct notes on one line."""
    return "; ".join(dict.fromkeys(note.text(options) for note in notes))
