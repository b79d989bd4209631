"""One thing in a table that a user should know before a fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bayes_gmm.data.checks.finding_text import KINDS, sentence_of

__all__ = ["KINDS", "Finding"]


@dataclass(frozen=True)
class Finding:
    """What was found in a table.

    Attributes
    ----------
    columns : tuple of str
        The columns concerned; none where the finding is about rows.
    kind : str
        One of `KINDS`.
    number : float
        The main figure: the share of the rows, unless `check_table` names another one for the kind.
    values : dict
        All figures of the sentence, by name; JSON can hold them.

    Examples
    --------
    >>> finding = Finding(("Age",), "missing", 0.1, {"rows": 20.0})
    >>> print(finding)
    column 'Age' is missing in 20 rows (10 %): the fit keeps these rows and integrates the missing \
cells out, assuming that they are missing at random
    """

    columns: tuple[str, ...]
    kind: str
    number: float
    values: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def sentence(self) -> str:
        """What was found, in which column and how many rows, and what to do; on one line."""
        return sentence_of(self.kind, self.columns, self.number, self.values)

    def __str__(self) -> str:
        return self.sentence

    def json(self) -> dict[str, Any]:
        """The finding as JSON can hold it.

        Examples
        --------
        >>> list(Finding(("Age",), "missing", 0.1, {"rows": 20.0}).json())
        ['columns', 'kind', 'number', 'values', 'sentence']
        """
        return {
            "columns": list(self.columns), "kind": self.kind, "number": self.number,
            "values": dict(self.values), "sentence": self.sentence,
        }  # fmt: skip
