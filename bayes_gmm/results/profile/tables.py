"""Tables of a profile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_gmm.data.rows import Floats
from bayes_gmm.data.transforms import Transforms
from bayes_gmm.results.draw_statistics import central_interval, fraction_above_zero
from bayes_gmm.results.profile.columns import ColumnDraws
from bayes_gmm.results.profile.drawn import DrawnMixtures
from bayes_gmm.results.profile.information import segment_bits
from bayes_gmm.results.profile.settings import INFORMATION

if TYPE_CHECKING:
    import pandas as pd


def profile_table(
    found: Sequence[ColumnDraws], names: Sequence[str], ci_prob: float | None
) -> pd.DataFrame:
    """One row per column, level and segment (see `Profile`); empty without columns."""
    import pandas as pd

    parts = [_of_column(draws, names, ci_prob) for draws in found]
    if not parts:
        return pd.DataFrame(columns=["column", "level", "segment", "quantity", "estimate"])
    return pd.concat(parts, ignore_index=True)


def _of_column(draws: ColumnDraws, names: Sequence[str], ci_prob: float | None) -> pd.DataFrame:
    import pandas as pd

    column, K = draws.column, len(names)
    C = draws.segments.shape[2]
    levels = column.levels or (None,)
    numbers = _numbers(draws, ci_prob)
    return pd.DataFrame(
        {
            "column": column.name,
            "level": np.repeat(np.array(levels, dtype=object), K),
            "segment": np.tile(np.array(names, dtype=object), C),
            "quantity": "mean" if column.is_numeric else "share",
            **{name: np.asarray(value, dtype=float).T.ravel() for name, value in numbers.items()},
            "n_rows": np.tile(draws.n_rows, C),
        }
    )


def _numbers(draws: ColumnDraws, ci_prob: float | None) -> dict[str, Any]:
    """Numbers of each segment and level, each of shape (K, C)."""
    segments, whole = draws.segments, draws.whole[:, None]
    index, of_total = _index(draws), _of_total(draws)
    found = {"estimate": segments.mean(axis=0)}
    if ci_prob is not None:
        found["lower"], found["upper"] = central_interval(segments, ci_prob, axis=0)
    found["whole table"] = np.broadcast_to(whole.mean(axis=0), segments.shape[1:])
    found["index"] = index.mean(axis=0)
    if ci_prob is not None:
        found["index lower"], found["index upper"] = central_interval(index, ci_prob, axis=0)
        found["P(above average)"] = fraction_above_zero(segments - whole, axis=0)
        found["P(highest)"] = _highest(segments)
    found["share of total"] = of_total.mean(axis=0)
    if ci_prob is not None:
        bounds = central_interval(of_total, ci_prob, axis=0)
        found["share of total lower"], found["share of total upper"] = bounds
    return found


def _index(draws: ColumnDraws) -> Floats:
    """100 times the ratio to the whole table; NaN for columns with values below 0."""
    whole = draws.whole[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = 100.0 * draws.segments / whole
    return np.where(draws.is_nonnegative and (whole > 0.0), ratio, np.nan)


def _of_total(draws: ColumnDraws) -> Floats:
    """Share of the total of a column in each segment: weight times mean, relative to their sum.

    Shape (S, K, C); NaN for columns with values below 0. A segment with too few rows is left out.
    """
    held = draws.weights[..., None] * draws.segments
    total = np.nansum(held, axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(draws.is_nonnegative and (total > 0.0), held / total, np.nan)


def _highest(segments: Floats) -> Floats:
    """Share of the draws in which each segment has the highest value, shape (K, C)."""
    known = ~np.isnan(segments).any(axis=0)
    filled = np.where(known, segments, -np.inf)
    top = filled == filled.max(axis=1, keepdims=True)
    share = (top / top.sum(axis=1, keepdims=True)).mean(axis=0)
    return np.where(known, share, np.nan)


def feature_table(
    drawn: DrawnMixtures,
    transforms: Transforms,
    features: Sequence[str],
    names: Sequence[str],
    ci_prob: float | None,
) -> pd.DataFrame:
    """What sets each segment apart: one row per segment and feature, by falling information."""
    import pandas as pd

    some = slice(None, None, -(-drawn.n_draws // INFORMATION.draws))
    sds = np.sqrt(drawn.variances[some])
    bits, limit = segment_bits(drawn.log_weights[some], drawn.means[some], sds)
    user = drawn.standardizer.means
    inside = transforms.inverse(user(drawn.means).mean(axis=0))
    rest, above = _rest(drawn)
    outside = transforms.inverse(user(rest).mean(axis=0))
    parts = []
    for k, name in enumerate(names):
        order = np.argsort(-bits[:, k].mean(axis=0), kind="stable")
        columns: dict[str, Any] = {
            "segment": name,
            "rank": np.arange(1, len(features) + 1),
            "feature": [features[j] for j in order],
            "bits": bits[:, k].mean(axis=0)[order],
        }
        if ci_prob is not None:
            bounds = central_interval(bits[:, k], ci_prob, axis=0)
            columns["lower"], columns["upper"] = bounds[:, order]
        columns["limit"] = limit[:, k].mean()
        columns["segment centre"] = inside[k, order]
        columns["rest centre"] = outside[k, order]
        if ci_prob is not None:
            columns["P(above the rest)"] = above[k, order]
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True)


def _rest(drawn: DrawnMixtures) -> tuple[Floats, Floats]:
    """Means of the other segments together, shape (S, K, d), and P(segment above them), (K, d)."""
    w = np.exp(drawn.log_weights)[..., None]
    total = (w * drawn.means).sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        rest = (total - w * drawn.means) / (1.0 - w)
    if drawn.n_components == 1:
        rest = np.full_like(drawn.means, np.nan)
    return rest, fraction_above_zero(drawn.means - rest, axis=0)
