"""Outliers and long tails of a column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from bayes_gmm.data.checks.profile import Profile
from bayes_gmm.data.checks.settings import TailSettings
from bayes_gmm.data.rows import Floats
from bayes_gmm.diagnostics.diagnostic import Diagnostic

Mask = npt.NDArray[np.bool_]


def tail_findings(
    rest: Profile,
    without: Sequence[float],
    settings: TailSettings | None = None,
    far: Mask | None = None,
) -> Iterator[Diagnostic]:
    """Outliers and a long tail of a column without its atoms and codes.

    A few far values are outliers if the column is not skewed without them. If it is, they belong to
    its tail unless they are far on the log scale too.

    Parameters
    ----------
    rest : Profile
    without : sequence of float
        The atoms and codes that were left out.
    settings : TailSettings, optional
    far : ndarray of bool, optional
        The `far_values` of the column, where they are known.

    Examples
    --------
    >>> income = np.random.default_rng(0).normal(40.0, 8.0, 2200)
    >>> income[7] = 666666.0
    >>> [finding.code for finding in tail_findings(Profile.of("Income", income), [])]
    ['outliers']
    """
    settings = settings or TailSettings()
    far = far_values(rest, settings) if far is None else far
    if far.any() and rest.of_values(~far).skewness <= settings.straight:
        yield _outliers(rest, far)
        return
    tail, negative = _non_negative(rest, settings)
    if tail is not None and tail.skewness > settings.skewed:
        isolated = isolated_values(tail.log, settings)
        body = tail.of_values(~isolated) if isolated.any() else tail
        if body.skewness > settings.skewed and (
            abs(body.log_skewness) <= settings.straightened * body.skewness
        ):
            if isolated.any():
                yield _outliers(tail, isolated, scale="log")
            yield _skewed(body, without, negative)
            return
    if far.any():
        yield _outliers(rest, far)


def far_values(profile: Profile, settings: TailSettings) -> Mask:
    """Which values are far from the median, if only few rows have them.

    Only values beyond a gap count, because a wide segment has a tail without gaps.
    """
    none = np.zeros(len(profile.values), dtype=bool)
    if not profile.robust_sd > 0.0:
        return none
    if np.abs(profile.score(profile.values[[0, -1]])).max() <= settings.far_out:
        return none
    far: Mask = np.abs(profile.score(profile.values)) > settings.far_out
    far &= isolated_values(profile, settings)
    return far if profile.counts[far].sum() <= _few(profile, settings) else none


def isolated_values(profile: Profile, settings: TailSettings) -> Mask:
    """Far values beyond a gap that the spacing of the values below it does not explain.

    Each gap is compared with the mean excess of the values below it, which is constant for an
    exponential tail (a Pareto tail on the log scale) and falls for lighter tails.
    """
    found = np.zeros(len(profile.values), dtype=bool)
    if not profile.robust_sd > 0.0:
        return found
    few = _few(profile, settings)
    for end in (1, -1):
        values, counts = end * profile.values[::end], profile.counts[::end]
        limit = end * profile.median + settings.far_on_log * profile.robust_sd
        first = int(np.searchsorted(values, limit, side="right"))
        # The values below the first far one are those that its gap is compared with.
        start = max(first - settings.neighbours - 1, 0)
        place = _isolated_from(values[start:], counts[start:], first - start, few, settings)
        found[::end][start + place :] = True
    return found


def _isolated_from(
    values: Floats, counts: Floats, first: int, few: float, settings: TailSettings
) -> int:
    """Position of the first isolated value from `first` on; the number of values without one."""
    beyond = np.cumsum(counts[::-1])[::-1]
    asked = np.arange(max(first, settings.fewest_neighbours + 1), len(values))
    asked = asked[beyond[asked] <= few]
    k = np.minimum(settings.neighbours, asked - 1)
    upto = np.append(0.0, np.cumsum(values))
    excess = (upto[asked] - upto[asked - k]) / k - values[asked - k - 1]
    isolated = values[asked] - values[asked - 1] >= settings.isolated * excess
    return int(asked[isolated.argmax()]) if isolated.any() else len(values)


def _few(profile: Profile, settings: TailSettings) -> float:
    return max(settings.few_far, settings.few_far_share * profile.n_observed)


def _non_negative(profile: Profile, settings: TailSettings) -> tuple[Profile | None, float]:
    """The non-negative rows, and the number of negative ones; None if these are many."""
    kept = profile.values >= 0.0
    negative = float(profile.counts[~kept].sum())
    if negative > _few(profile, settings) or np.count_nonzero(kept) < 2:
        return None, negative
    return (profile if kept.all() else profile.of_values(kept)), negative


def _outliers(profile: Profile, far: Mask, scale: str = "own") -> Diagnostic:
    on_scale = profile.log if scale == "log" else profile
    score = np.where(far, np.abs(on_scale.score(on_scale.values)), 0.0)
    furthest = int(score.argmax())
    n = float(profile.counts[far].sum())
    values = {
        "rows": n, "fraction": n / profile.n_rows, "furthest": float(profile.values[furthest]),
        "sds": float(score[furthest]), "scale": scale,
    }  # fmt: skip
    return Diagnostic("outliers", (profile.name,), values)


def _skewed(profile: Profile, without: Sequence[float], negative: float) -> Diagnostic:
    values = {
        "skewness": profile.skewness, "log_skewness": profile.log_skewness,
        "zeros": bool(profile.values[0] == 0.0),
        "without": [float(x) for x in without], "negative": negative,
    }  # fmt: skip
    return Diagnostic("skewed", (profile.name,), values)
