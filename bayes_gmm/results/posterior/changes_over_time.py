"""Changes of segments between two posteriors, such as those of two quarters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_gmm.data.rows import Floats
from bayes_gmm.errors import DataError
from bayes_gmm.results.draw_statistics import central_interval, fraction_above_zero
from bayes_gmm.results.posterior.align import comparable_mixture, matched, names_following
from bayes_gmm.results.posterior.draws import PosteriorDraws
from bayes_gmm.results.posterior.tables import Quantity, quantities
from bayes_gmm.text import counted

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class MatchSettings:
    """When segments of two posteriors are the same segment."""

    max_distance: float = 1.0
    """Largest Bhattacharyya distance. It is D^2 / 8 for segments of equal shape whose means are D
    standard deviations apart: 1 for D = 2.8, where segments share 16 % of their area."""


@dataclass(frozen=True, eq=False)
class ChangesOverTime:
    """How the segments of a posterior differ from those of an earlier one.

    Attributes
    ----------
    table : DataFrame
        One row per segment and quantity (share, and the mean of each feature, or the median and
        mean of a transformed one): status ("matched", "new" or "vanished"), the estimates before
        and after, and for matched segments the change, the bounds (lower, upper) of its credible
        interval, and P(change > 0).
    matches : DataFrame
        One row per segment: its name in the table, its name before and after, its status, and the
        Bhattacharyya distance of a matched segment between the two posteriors.
    ci_prob : float
        Probability of the intervals.
    """

    table: pd.DataFrame
    matches: pd.DataFrame
    ci_prob: float

    @property
    def new(self) -> tuple[str, ...]:
        """Segments of the later posterior that match none of the earlier one."""
        return tuple(self.matches.loc[self.matches["status"] == "new", "segment"])

    @property
    def vanished(self) -> tuple[str, ...]:
        """Segments of the earlier posterior that match none of the later one."""
        return tuple(self.matches.loc[self.matches["status"] == "vanished", "segment"])

    def __repr__(self) -> str:
        n = int((self.matches["status"] == "matched").sum())
        return (
            f"ChangesOverTime({counted(n, 'matched segment')}, {len(self.new)} new, "
            f"{len(self.vanished)} vanished)"
        )

    def _repr_html_(self) -> str:
        return self.table.to_html(index=False, float_format="{:.4g}".format, na_rep="")


def changes_over_time(
    posterior: PosteriorDraws,
    last: Any,
    ci_prob: float,
    max_distance: float | None = None,
) -> ChangesOverTime:
    """See `Posterior.compare_to`."""
    import pandas as pd

    if not isinstance(last, PosteriorDraws):
        raise DataError(
            f"cannot compare to a {type(last).__name__}: give the earlier Posterior, whose draws "
            "are needed for the intervals of changes"
        )
    theirs = comparable_mixture(posterior, last)
    limit = MatchSettings.max_distance if max_distance is None else max_distance
    pairs = matched(posterior.mixture, theirs, limit)
    matches = pd.DataFrame(_matches(posterior, last, pairs))
    rows = [
        _row(segment, then, now, last, ci_prob)
        for segment in matches.to_dict("records")
        for then, now in _both(posterior, last, segment)
    ]
    shown = matches.drop(columns=["position before", "position after"])
    return ChangesOverTime(pd.DataFrame(rows), shown, ci_prob)


def _matches(
    posterior: PosteriorDraws, last: PosteriorDraws, pairs: Sequence[tuple[int, int, float]]
) -> list[dict[str, Any]]:
    """Matched segments in the order of the earlier posterior, then new and vanished ones."""
    found: list[dict[str, Any]] = [
        {
            "segment": last.names[l], "before": last.names[l], "after": posterior.names[k],
            "status": "matched", "distance": distance, "position before": l, "position after": k,
        }
        for k, l, distance in sorted(pairs, key=lambda pair: pair[1])
    ]  # fmt: skip
    alone = sorted(set(range(posterior.n_components)) - {k for k, _, _ in pairs})
    new_names = names_following(posterior, alone, [each["segment"] for each in found], last.names)
    for k, name in zip(alone, new_names, strict=True):
        found.append(
            {"segment": name, "before": None, "after": posterior.names[k], "status": "new",
             "distance": np.nan, "position before": -1, "position after": k}
        )  # fmt: skip
    for l in sorted(set(range(last.n_components)) - {l for _, l, _ in pairs}):
        found.append(
            {"segment": last.names[l], "before": last.names[l], "after": None,
             "status": "vanished", "distance": np.nan, "position before": l, "position after": -1}
        )  # fmt: skip
    return found


def _both(
    posterior: PosteriorDraws, last: PosteriorDraws, segment: dict[str, Any]
) -> list[tuple[Quantity | None, Quantity | None]]:
    """Quantities of one segment before and after; None where there is no such segment."""
    now, then = ([q.of_segment(k) for q in quantities(of) if q.is_location] if k >= 0 else None
                 for of, k in ((posterior, segment["position after"]),
                               (last, segment["position before"])))  # fmt: skip
    if now is None or then is None:
        known = now or then or []
        return [(None, q) if then is None else (q, None) for q in known]
    return list(zip(then, now, strict=True))


def _row(
    segment: dict[str, Any], then: Quantity | None, now: Quantity | None, last: PosteriorDraws,
    ci_prob: float,
) -> dict[str, Any]:  # fmt: skip
    known = then or now
    assert known is not None
    row: dict[str, Any] = {
        "segment": segment["segment"], "quantity": known.name, "status": segment["status"],
        "before": np.nan if then is None else float(then.estimate(then.draws)),
        "after": np.nan if now is None else float(now.estimate(now.draws)),
        "change": np.nan, "lower": np.nan, "upper": np.nan, "P(change > 0)": np.nan,
    }  # fmt: skip
    if then is not None and now is not None:
        change = independent_difference(now.draws, then.draws, last.draws.seed)
        row["change"] = float(now.estimate(change))
        row["lower"], row["upper"] = central_interval(change, ci_prob, axis=(0, 1))
        row["P(change > 0)"] = float(fraction_above_zero(change))
    return row


def independent_difference(now: Floats, then: Floats, seed: int) -> Floats:
    """Differences of draws of two independent posteriors, shape (1, S).

    The draws are shuffled: samplers with equal seeds give correlated draws.

    Examples
    --------
    >>> draws = np.random.default_rng(0).normal(size=(2, 500))
    >>> round(float(independent_difference(draws, draws, 0).std()), 1)
    1.4
    """
    n = max(now.size, then.size)
    rng = np.random.default_rng(seed)
    later, earlier = (np.resize(rng.permutation(draws.ravel()), n) for draws in (now, then))
    return np.asarray(later - earlier)[None]
