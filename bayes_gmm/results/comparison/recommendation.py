"""Rule that recommends a number of segments from the verdicts of all criteria."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bayes_gmm.results.comparison.candidates import Candidates
from bayes_gmm.results.comparison.verdict import Verdict

ORDER = ("evidence", "laplace", "bic", "icl", "loo", "aic")
"""Criteria by precedence: the first that was computed is the basis of the recommendation."""
RULES_OF_THUMB = ("bic", "icl", "loo", "aic")
"""Criteria that can replace an evidence that is not determined, by precedence."""
VOTERS = ("bic", "icl")
"""Criteria that decide between numbers that the basis barely distinguishes."""


@dataclass(frozen=True)
class Recommendation:
    """Recommended number of segments, based on all criteria.

    Attributes
    ----------
    code : str
        "agreement": all criteria support the number. "decided": the basis supports the number, and
        other criteria differ. "most_probable": several numbers are plausible by the basis, and this
        one is the most probable. "tie_broken": the basis barely distinguishes several numbers, and
        other criteria choose this one. "replaced": the evidence does not determine the number, and
        another criterion chooses this one among the plausible numbers. Codes without a number:
        "not_determined", "wider_range" (the best number is at an end of the range), "one_number"
        (only one was tried), "not_computed".
    n_components : int or None
    structure : str or None
        The best structure with that number, by the basis, if several were compared.
    basis : str or None
        The criterion that determines the number.
    choices : mapping of str to (int, str)
        The best number and structure by each criterion that could be computed.
    differing : tuple of str
        Criteria that do not support the number; if there is no number, those that differ from the
        basis.
    edges : tuple of str
        "lower", "upper": the ends of the range beyond which the basis should be computed.
    missing : tuple of int
        Numbers for which the basis, or the evidence that it replaces, could not be computed.
    failed : tuple of str
        Criteria that could not be computed for any number.
    unmixed : bool
        Whether the basis needs draws and the chains for this number have not mixed.
    text : str
        Text with names of Python arguments; also ``str(recommendation)``.

    Examples
    --------
    >>> Recommendation("agreement", 3, basis="bic").n_components
    3
    """

    code: str
    n_components: int | None = None
    structure: str | None = None
    basis: str | None = None
    choices: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    differing: tuple[str, ...] = ()
    edges: tuple[str, ...] = ()
    missing: tuple[int, ...] = ()
    failed: tuple[str, ...] = ()
    unmixed: bool = False
    text: str = ""

    def __str__(self) -> str:
        return self.text


def recommendation_of(candidates: Candidates, verdicts: Mapping[str, Verdict]) -> Recommendation:
    """The recommendation by the verdicts of all criteria.

    The basis is the first criterion of `ORDER` that was computed. If it barely distinguishes some
    numbers, BIC and ICL decide between them, if either chooses one of them.
    """
    known = {c: verdicts[c] for c in ORDER if c in verdicts and verdicts[c].level}
    if not known:
        return Recommendation("not_computed", failed=tuple(verdicts))
    main = next(iter(known.values()))
    code, number, basis = _choice(candidates, known, main)
    differing = _differing(known, main, number)
    if code == "decided" and not differing:
        code = "agreement"
    structure = None
    if len(candidates.structures) > 1 and (number is not None or code == "one_number"):
        structure = _best_structure(candidates, basis, number or candidates.n_components[0])
    failed = tuple(c for c in verdicts if c not in known)
    return Recommendation(
        code, number, structure, basis.criterion,
        {c: (int(v.n_components or 0), str(v.structure)) for c, v in known.items()},
        differing, basis.edges, tuple(sorted(_lacking(main) | _lacking(basis))), failed,
        number is not None and _is_unmixed(candidates, basis, number, structure),
    )  # fmt: skip


def _choice(
    candidates: Candidates, known: Mapping[str, Verdict], main: Verdict
) -> tuple[str, int | None, Verdict]:
    """The code of the recommendation, the number, and the verdict on which it is based."""
    if len(candidates.n_components) == 1:
        return "one_number", None, main
    if main.code == "not_determined" or _is_incomplete(candidates, known, main):
        other = _replacement(known, main)
        return ("replaced", other.n_components, other) if other else ("not_determined", None, main)
    if _is_open_ended(candidates, main):
        return "wider_range", None, main
    votes = {K: sum(known[c].n_components == K for c in VOTERS if c in known) for K in main.level}
    best = main.n_components
    if main.criterion in VOTERS:  # the basis itself has a vote
        return "decided", best, main
    most = max(votes.values())
    if len(main.level) > 1 and most:
        number = min(K for K in main.level if votes[K] == most)
        return "tie_broken", number, main
    if main.criterion == "loo":  # LOO hardly decreases with superfluous segments
        return "decided", min(main.level), main
    return ("most_probable" if len(main.numbers) > 1 else "decided"), best, main


def _lacking(verdict: Verdict) -> set[int]:
    """Numbers for which the criterion could not be computed with any structure."""
    return {K for K, structure in verdict.missing if not structure}


def _is_incomplete(candidates: Candidates, known: Mapping[str, Verdict], main: Verdict) -> bool:
    """Whether the evidence lacks a number that was fitted and may be the best.

    Such a number is chosen by another criterion or is next to the best one.
    """
    if main.criterion != "evidence" or main.n_components is None:
        return False
    fitted = {c.n_components for c in candidates.candidates if c.values}
    rivals = {known[c].n_components for c in ("laplace", *VOTERS) if c in known}
    rivals |= {main.n_components - 1, main.n_components + 1}
    return bool(_lacking(main) & fitted & rivals)


def _replacement(known: Mapping[str, Verdict], main: Verdict) -> Verdict | None:
    """The first criterion whose best number is inside the range and not excluded by `main`."""
    left = _lacking(main).union(main.numbers)
    return next(
        (
            known[c]
            for c in RULES_OF_THUMB
            if c in known and known[c].n_components in left and not known[c].edges
        ),
        None,
    )


def _is_open_ended(candidates: Candidates, main: Verdict) -> bool:
    """Whether an end of the range is the best number, or barely worse."""
    ends = {"lower": candidates.n_components[0], "upper": candidates.n_components[-1]}
    best = min(main.level) if main.criterion == "loo" else main.n_components
    if main.criterion in ("evidence", "laplace"):
        return any(ends[side] in main.level for side in main.edges)
    return any(ends[side] == best for side in main.edges)


def _differing(known: Mapping[str, Verdict], main: Verdict, number: int | None) -> tuple[str, ...]:
    """Criteria that do not support the number, or whose best number the basis excludes."""
    if number is None:
        left = _lacking(main).union(main.numbers)
        return tuple(c for c, v in known.items() if v is not main and v.n_components not in left)
    return tuple(
        c
        for c, v in known.items()
        if number not in (v.numbers if c in ("evidence", "laplace") else v.level)
    )


def _best_structure(candidates: Candidates, basis: Verdict, number: int) -> str:
    of_number = [
        c for c in candidates.known(basis.criterion) if c.n_components == number
    ]  # fmt: skip
    column = candidates.column_of(basis.criterion)
    sign = -1.0 if candidates.is_lower_better(basis.criterion) else 1.0
    return max(of_number, key=lambda c: sign * c.values[column]).structure


def _is_unmixed(candidates: Candidates, basis: Verdict, number: int, structure: str | None) -> bool:
    if basis.criterion not in ("evidence", "loo"):
        return False
    return any(
        c.has("unmixed_chains")
        for c in candidates.candidates
        if c.n_components == number and structure in (None, c.structure)
    )
