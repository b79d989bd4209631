"""`Verdict`: the result of one criterion of a comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Verdict:
    """Result of one criterion.

    Attributes
    ----------
    criterion : str
    code : str
        "one_probable": a single number has more than 5 % probability. "several_probable": several
        numbers have more than 5 % probability. "not_determined": the Monte Carlo error of the
        evidence is larger than the differences. "best": the criterion has a best number. "level":
        other numbers predict equally well (LOO). "one_number": only one number was tried.
        "one_known": the evidence is known for only one number. "not_computed": the evidence is
        unknown for all numbers that `k_prior` allows.
    n_components : int or None
        The best number, or the most probable.
    structure : str or None
        Structure with that number.
    numbers : tuple of int
        Plausible numbers, in increasing order. By the evidence, these have more than 5 %
        probability (if not determined: an upper bound of more than 5 %). By other criteria, they
        hardly differ from the best number.
    level : tuple of int
        Numbers that the criterion hardly distinguishes.
    edges : tuple of str
        "lower", "upper": ends of the range that are best or have more than 5 % probability.
    missing : tuple of (int, str)
        Candidates without the criterion; an empty structure means all structures of that number.
    values : mapping
        Further values used in the text, by name.
    text : str
        Text of the verdict, with names of Python arguments; also ``str(verdict)``.

    Examples
    --------
    >>> verdict = Verdict("bic", "best", 3, "full", text="BIC is lowest for 3 segments.")
    >>> verdict.code, verdict.n_components, str(verdict)
    ('best', 3, 'BIC is lowest for 3 segments.')
    """

    criterion: str
    code: str
    n_components: int | None = None
    structure: str | None = None
    numbers: tuple[int, ...] = ()
    level: tuple[int, ...] = ()
    edges: tuple[str, ...] = ()
    missing: tuple[tuple[int, str], ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""

    def __str__(self) -> str:
        return self.text
