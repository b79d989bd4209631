"""`Finding`: a possible problem of a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bayes_gmm.data.findings.finding_text import KINDS, sentence_of

__all__ = ["KINDS", "Finding"]


@dataclass(frozen=True)
class Finding:
    """A possible problem of a table.

    Attributes
    ----------
    columns : tuple of str
        The affected columns; empty if the finding is about rows.
    kind : str
        One of `KINDS`.
    number : float
        The main value: the fraction of the rows, unless `check_table` states another one.
    values : dict
        All values in the sentence, by name; they are JSON-compatible.

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
        """Text of the finding: column, number of rows and advice, on one line."""
        return sentence_of(self.kind, self.columns, self.number, self.values)

    def __str__(self) -> str:
        return self.sentence

    def json(self) -> dict[str, Any]:
        """The finding as a JSON-compatible dict.

        Examples
        --------
        >>> list(Finding(("Age",), "missing", 0.1, {"rows": 20.0}).json())
        ['columns', 'kind', 'number', 'values', 'sentence']
        """
        return {
            "columns": list(self.columns), "kind": self.kind, "number": self.number,
            "values": dict(self.values), "sentence": self.sentence,
        }  # fmt: skip
