"""What deserves a word in one column, told from its distinct values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from bayes_gmm.data.checks import check_column
from bayes_gmm.data.finding import Finding, percent, rows
from bayes_gmm.data.profile import Profile
from bayes_gmm.data.rows import Floats
from bayes_gmm.errors import DataError, listed, shown

LEAST_ATOM = 0.05
"""Share of the rows that a value must hold to be an atom."""
STANDS_OUT = 5.0
"""Times that an atom must be as frequent as values that are none."""
MOST_ATOMS = 3
"""Of one column: an end, another end, and zero."""
FEWEST_OTHERS, MOST_OTHERS_ASKED = 3, 10
"""Distinct values besides: of a column with fewer each value is a category, and none an atom."""

FINE = 0.25
"""Largest step of a column that counts as continuous, in standard deviations without the atoms."""

NEARLY_CONSTANT = 0.95
"""Share of the rows."""
FAR_OUT = 8.0
"""Robust standard deviations from the median."""
FEW_FAR, FEW_FAR_SHARE = 3, 0.02
"""More rows than these, whichever are more, are a group or a tail, not outliers."""
SKEWED, STRAIGHTENED = 2.0, 0.5
"""A skewness that is told of, where a logarithm leaves no more than this part of it."""
COARSE = 0.5
"""A step that is told of, in standard deviations."""


def of_column(profile: Profile) -> Iterator[Finding]:
    """All that is to be said of a column."""
    yield from _missing(profile)
    try:
        check_column(profile.name, profile.values, profile.n_rows, profile.n_observed)
    except DataError as error:
        if len(profile.values):
            kind = "constant" if "constant" in f"{error}" else "unusable"
            yield Finding((profile.name,), kind, 1.0, f"{error}")
        return
    found = atoms_of(profile)
    if found:
        yield from (_atom(profile, *atom) for atom in found)
    elif profile.counts.max() >= NEARLY_CONSTANT * profile.n_observed:
        yield _nearly_constant(profile)
    rest = profile.without(np.array([value for value, _ in found])) if found else profile
    is_skewed = rest.values[0] >= 0.0 and rest.skewness > SKEWED
    if is_skewed and abs(rest.log_skewness) <= STRAIGHTENED * rest.skewness:
        yield _skewed(rest, without=[value for value, _ in found])
    else:
        yield from _outliers(rest)
    if profile.step >= COARSE * profile.sd:
        yield _coarse(profile)


def atoms_of(profile: Profile) -> list[tuple[float, float]]:
    """Atoms of a column that is otherwise continuous, and their rows.

    On a grid of categories no segment closes: the step is in the model as recording error.
    """
    found = atoms(profile.values, profile.counts)
    if not found:
        return []
    rest = profile.without(np.array([value for value, _ in found]))
    return found if profile.step <= FINE * rest.sd else []


def atoms(values: Floats, counts: Floats) -> list[tuple[float, float]]:
    """Values that so many rows share that they stand out, the most frequent first, and the rows.

    Such are zeros of those who bought nothing, and what is cut off at an end. The most frequent of
    a rounded column's values do not stand out from the next.

    Examples
    --------
    >>> atoms(np.arange(20.0), np.array([90.0] + [3.0] * 19))
    [(0.0, 90.0)]
    >>> atoms(np.arange(20.0), np.array([9.0] + [3.0] * 19))
    []
    """
    if len(values) <= FEWEST_OTHERS:
        return []
    first = max(len(counts) - MOST_ATOMS - 1, 0)
    top = np.argpartition(counts, first)[first:]
    top = top[np.argsort(-counts[top], kind="stable")]
    total = float(counts.sum())
    for m in range(len(top) - 1, 0, -1):
        least, next_one = counts[top[m - 1]], counts[top[m]]
        others = total - float(counts[top[:m]].sum())
        enough = max(FEWEST_OTHERS, min(MOST_OTHERS_ASKED, others / 2))
        stands_out = least >= LEAST_ATOM * total and least >= STANDS_OUT * next_one
        if stands_out and len(values) - m >= enough:
            return [(float(values[v]), float(counts[v])) for v in top[:m]]
    return []


def atom_words(profile: Profile, value: float, count: float) -> str:
    """Column, value and share."""
    share = percent(count / profile.n_rows)
    return f"column {shown(profile.name)} is {value:g} in {share} of the rows"


def _atom(profile: Profile, value: float, count: float) -> Finding:
    sentence = (
        f"{atom_words(profile, value, count)}, which no other of its values comes near: a segment "
        "may close on that value, with next to no spread; fit those rows apart, or read such a "
        "segment as a mark of them"
    )
    return Finding((profile.name,), "atom", count / profile.n_rows, sentence)


def _missing(profile: Profile) -> Iterator[Finding]:
    n_missing = profile.n_rows - profile.n_observed
    if not len(profile.values):
        sentence = f"column {shown(profile.name)} is missing in all rows, and is refused: leave it "
        yield Finding((profile.name,), "missing", 1.0, sentence + "out")
    elif n_missing > 1e-12 * profile.n_rows:
        share = n_missing / profile.n_rows
        sentence = (
            f"column {shown(profile.name)} is missing in {rows(n_missing)} ({percent(share)}): "
            "the rows stay, and these cells are integrated out as missing at random"
        )
        yield Finding((profile.name,), "missing", share, sentence)


def _nearly_constant(profile: Profile) -> Finding:
    place = int(profile.counts.argmax())
    share = float(profile.counts[place]) / profile.n_rows
    sentence = (
        f"column {shown(profile.name)} is nearly constant, {profile.values[place]:g} in "
        f"{percent(share)} of the rows: it says little of most rows, and much of the others; "
        "leave it out unless those are looked for"
    )
    return Finding((profile.name,), "constant", share, sentence)


def _outliers(profile: Profile) -> Iterator[Finding]:
    spread = profile.robust_sd
    if not spread > 0.0:
        return
    z = np.abs(profile.values - profile.median) / spread
    far = float(profile.counts[z > FAR_OUT].sum())
    if not 0.0 < far <= max(FEW_FAR, FEW_FAR_SHARE * profile.n_observed):
        return
    furthest = int(z.argmax())
    sentence = (
        f"column {shown(profile.name)} has {rows(far)} far out, the furthest at "
        f"{profile.values[furthest]:g}, {z[furthest]:.3g} robust standard deviations from the "
        "median: they pull at a segment or take one; correct them, make them missing, or leave "
        "them out"
    )
    yield Finding((profile.name,), "outliers", far / profile.n_rows, sentence)


def _skewed(profile: Profile, without: Sequence[float]) -> Finding:
    """Of a column, or of its rows without some values, of which there may be no logarithm."""
    logarithm = "logarithm" if profile.values[0] > 0.0 else "logarithm of 1 + x"
    rest = f" in the rows where it is not {listed([f'{x:g}' for x in without])}" if without else ""
    sentence = (
        f"column {shown(profile.name)} has a long tail{rest} (skewness {profile.skewness:.2g}, "
        f"{profile.log_skewness:.2g} of its {logarithm}): several bells will share what may be one "
        f"segment; fit its {logarithm}{' there' if without else ''}"
    )
    return Finding((profile.name,), "skewed", profile.skewness, sentence)


def _coarse(profile: Profile) -> Finding:
    in_sds = profile.step / profile.sd
    sentence = (
        f"column {shown(profile.name)} is recorded in steps of {profile.step:g}, {in_sds:.2g} of "
        f"its standard deviation ({len(profile.values)} values): the step counts as rounding "
        "error, and segments nearer than it are hard to tell apart"
    )
    return Finding((profile.name,), "coarse", in_sds, sentence)
