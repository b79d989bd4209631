"""Codes for missing values, and atoms: values of a column that many rows share."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from bayes_gmm.data.checks.profile import Profile
from bayes_gmm.data.checks.settings import SharedValueSettings
from bayes_gmm.data.rows import Floats
from bayes_gmm.diagnostics.diagnostic import Diagnostic

USUAL_CODE = re.compile(r"-[1-9]|-?(9+|8+|9*9[78])")
"""Whole numbers that stand for missing: -1, -9, 99, 999, 888, 97, 998, ..."""


class Shared(NamedTuple):
    """A value and the weight of its rows; for a code at an end, also the nearest value."""

    value: float
    rows: float
    nearest: float | None = None
    sds: float | None = None


def shared_value_findings(
    profile: Profile, codes: list[Shared], found: list[Shared]
) -> Iterator[Diagnostic]:
    """A finding for each code and each atom."""
    for code in codes:
        values = {
            "value": code.value, "rows": code.rows, "fraction": code.rows / profile.n_rows,
            "nearest": code.nearest, "sds": code.sds,
        }  # fmt: skip
        yield Diagnostic("missing_code", (profile.name,), values)
    for atom in found:
        values = {
            "value": atom.value, "rows": atom.rows, "fraction": atom.rows / profile.n_rows,
        }  # fmt: skip
        yield Diagnostic("atom", (profile.name,), values)


def atoms_of(profile: Profile, settings: SharedValueSettings | None = None) -> list[Shared]:
    """Atoms of a column that is otherwise continuous, the most frequent first.

    Categories are not atoms: segments cannot collapse onto them, because the recording error of a
    column with coarse steps is large.
    """
    settings = settings or SharedValueSettings()
    found = atoms(profile.values, profile.counts, settings)
    if not found:
        return []
    rest = profile.without([atom.value for atom in found])
    return found if profile.step <= settings.fine * rest.sd else []


def atoms(values: Floats, counts: Floats, settings: SharedValueSettings) -> list[Shared]:
    """Values that far more rows share than any other, the most frequent first.

    Examples are zeros of those who bought nothing, and values cut off at an end. The most frequent
    value of a rounded column is not far more frequent than the next.

    Examples
    --------
    >>> settings = SharedValueSettings()
    >>> atoms(np.arange(20.0), np.array([90.0] + [3.0] * 19), settings)[0][:2]
    (0.0, 90.0)
    >>> atoms(np.arange(20.0), np.array([9.0] + [3.0] * 19), settings)
    []
    """
    total = float(counts.sum())
    if len(values) <= settings.fewest_others or counts.max() < settings.least_atom * total:
        return []
    first = max(len(counts) - settings.most_atoms - 1, 0)
    top = np.argpartition(counts, first)[first:]
    top = top[np.argsort(-counts[top], kind="stable")]
    for m in range(len(top) - 1, 0, -1):
        least, next_one = counts[top[m - 1]], counts[top[m]]
        others = total - float(counts[top[:m]].sum())
        enough = max(settings.fewest_others, min(settings.most_others_asked, others / 2))
        frequent = least >= settings.least_atom * total and least >= settings.stands_out * next_one
        if frequent and len(values) - m >= enough:
            return [Shared(float(values[v]), float(counts[v])) for v in top[:m]]
    return []


def codes_of(profile: Profile, settings: SharedValueSettings | None = None) -> list[Shared]:
    """Values that look like codes for missing: far from the others, and shared by several rows.

    A usual code (-1, 99, 999, ...) may be nearer to the others, and at any distance if far more
    rows share it. Zero is a code only if it is far and rare; otherwise it is an atom.

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(50.0, 10.0, 300)
    >>> x[:6], x[6:9] = 999.0, -1.0
    >>> [code[:2] for code in codes_of(Profile.of("Age", x))]
    [(-1.0, 3.0), (999.0, 6.0)]
    """
    settings = settings or SharedValueSettings()
    found: list[Shared] = []
    rest = profile
    for end in (1, -1):
        at_end = _codes_at_end(rest, end, settings)
        rest = rest.without([code.value for code in at_end])
        found += at_end
    return sorted(found + _codes_inside(rest, settings))


def is_usual_code(value: float) -> bool:
    """Whether a number is one that often stands for missing.

    Examples
    --------
    >>> [x for x in (-1.0, 0.0, 42.0, 98.0, -999.0, 99.5) if is_usual_code(x)]
    [-1.0, 98.0, -999.0]
    """
    return value.is_integer() and USUAL_CODE.fullmatch(f"{value:.0f}") is not None


def _codes_at_end(profile: Profile, end: int, settings: SharedValueSettings) -> list[Shared]:
    """Codes at the low end (1) or the high end (-1), at most a few side by side."""
    values, counts = profile.values[::end], profile.counts[::end]
    for m in range(1, settings.most_codes + 1):
        if len(values) - m < settings.most_others_asked or counts[m - 1] < settings.fewest_coded:
            return []
        if m > 1 and not all(map(is_usual_code, values[:m].tolist())):
            return []
        rest = profile.of_values(np.isin(profile.values, values[:m], invert=True))
        if _is_coded(values, counts, m, rest, settings):
            spread = rest.robust_sd or rest.sd
            gap = abs(float(values[m] - values[m - 1])) / spread
            nearest = float(values[m])
            return [
                Shared(float(v), float(n), nearest, gap)
                for v, n in zip(values[:m], counts[:m], strict=True)
            ]
    return []


def _is_coded(
    values: Floats, counts: Floats, m: int, rest: Profile, settings: SharedValueSettings
) -> bool:
    """Whether the first m values at an end of a column are codes, given the other values."""
    value, nearest = float(values[m - 1]), float(values[m])
    spread = rest.robust_sd or rest.sd
    far = abs(nearest - value) / spread
    if value == 0.0:
        rare = counts[0] < settings.least_atom * (counts[0] + rest.n_observed)
        return bool(rare and rest.values[0] > 0.0 and far >= settings.usual_gap)
    if is_usual_code(value):
        # A single negative value beside counts or amounts is a code at any distance, if it is at
        # least as frequent as the next value; the values of a tail become rarer.
        alone = value < 0.0 <= rest.values[0] and counts[m - 1] >= counts[m]
        return bool(far >= settings.usual_gap or alone)
    return far >= settings.other_gap and rest.step <= settings.fine * rest.sd


def _codes_inside(profile: Profile, settings: SharedValueSettings) -> list[Shared]:
    """A usual code of several digits within the range that far more rows share than any other."""
    rare = profile.counts.max(initial=0.0) < settings.fewest_coded_inside
    if rare or len(profile.values) <= settings.most_others_asked:
        return []
    top = np.argpartition(profile.counts, -2)[-2:]
    second, first = profile.counts[top]
    value = float(profile.values[top[1]])
    usual = abs(value) > 9.0 and is_usual_code(value)
    frequent = first >= max(settings.fewest_coded_inside, settings.stands_out * second)
    at_end = value in (profile.values[0], profile.values[-1])  # values may be cut off there
    if not (usual and frequent) or at_end:
        return []
    rest = profile.without([value])
    return [Shared(value, float(first))] if rest.step <= settings.fine * rest.sd else []
