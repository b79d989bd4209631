"""`Comparison`: criteria, verdicts and a recommendation for numbers of segments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from bayes_gmm.diagnostics.diagnostic import Diagnostic
from bayes_gmm.diagnostics.kind import PYTHON, OptionNames
from bayes_gmm.results.comparison.candidates import Candidate, Candidates
from bayes_gmm.results.comparison.recommendation import Recommendation, recommendation_of
from bayes_gmm.results.comparison.recommendation_text import recommendation_text
from bayes_gmm.results.comparison.verdict import Verdict
from bayes_gmm.results.comparison.verdict_text import headline, verdict_text
from bayes_gmm.results.comparison.verdicts import verdict_of
from bayes_gmm.text import html_block

__all__ = ["Candidate", "Comparison"]


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(Candidates):
    """Comparison of candidates, as returned by `compare`.

    Attributes
    ----------
    candidates : tuple of Candidate
        Sorted by n_components, then in the given order of the structures.
    criteria : tuple of str
        Requested criteria.
    prior_over_k : mapping of int to float
        Prior probability of each number of segments, divided equally among structures.
    features : tuple of str
    draws : int, optional
        Number of draws in each chain, if a criterion needs draws.

    Examples
    --------
    >>> import bayes_gmm as bg
    >>> X = bg.datasets.load_customers().table[["Annual income (k$)", "Spending score"]]
    >>> comparison = bg.compare(X, range(3, 7), criteria=("bic", "laplace"), random_state=0)
    >>> comparison.best["bic"].n_components, int(comparison.probabilities.idxmax())
    (5, 5)
    >>> comparison.recommendation.n_components
    5
    """

    def _repr_html_(self) -> str:
        table = self.table.dropna(axis=1, how="all")
        shown = table.to_html(
            index=False, border=0, float_format=lambda x: f"{x:,.4g}", max_rows=40
        )
        return html_block(self.headline, shown, [str(self.recommendation)])

    @cached_property
    def verdicts(self) -> Mapping[str, Verdict]:
        """The number of segments that each criterion supports; ``str(verdict)`` is its text.

        Examples
        --------
        >>> import bayes_gmm as bg
        >>> X = bg.datasets.load_customers().table[["Annual income (k$)", "Spending score"]]
        >>> comparison = bg.compare(X, range(4, 7), criteria=("bic", "laplace"), random_state=0)
        >>> comparison.verdicts["bic"].n_components, comparison.verdicts["bic"].code
        (5, 'best')
        >>> print(comparison.verdicts["bic"])
        BIC is lowest for 5 segments; next is 4 segments (3.1 higher).
        """
        return self.verdicts_in(PYTHON)

    @cached_property
    def recommendation(self) -> Recommendation:
        """The recommended number of segments, and the reasons why criteria differ.

        The evidence decides if it was requested and its Monte Carlo error is small enough; BIC and
        ICL decide between numbers that the evidence barely distinguishes.
        `Recommendation.n_components` is None if no number is supported, and `code` gives the
        reason: the evidence does not determine the number, or the best number is at an end of the
        range. ``str(recommendation)`` is its text.

        Examples
        --------
        >>> import bayes_gmm as bg
        >>> X = bg.datasets.load_customers().table[["Annual income (k$)", "Spending score"]]
        >>> comparison = bg.compare(X, range(4, 7), criteria=("bic", "icl"), random_state=0)
        >>> print(comparison.recommendation)
        Recommendation: 5 segments; BIC and ICL agree.
        """
        return self.recommendation_in(PYTHON)

    @property
    def diagnostics(self) -> dict[tuple[int, str], tuple[Diagnostic, ...]]:
        """Diagnostics by number of segments and structure, for candidates that have any."""
        return {
            (c.n_components, c.structure): c.diagnostics for c in self.candidates if c.diagnostics
        }

    @property
    def headline(self) -> str:
        """The result in a few words."""
        return headline(self, self.verdicts)

    def verdicts_in(self, options: OptionNames) -> dict[str, Verdict]:
        """The verdicts, with the option names of one interface."""
        found = {criterion: verdict_of(self, criterion) for criterion in self.criteria}
        return {c: replace(v, text=verdict_text(v, self, options)) for c, v in found.items()}

    def recommendation_in(self, options: OptionNames) -> Recommendation:
        """The recommendation, with the option names of one interface."""
        found = recommendation_of(self, self.verdicts)
        text = recommendation_text(found, self.verdicts, self, options)
        return replace(found, text=text)
