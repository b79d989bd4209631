"""Tests of all segments: averages over draws, and a correction for the number of tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from bayes_gmm.data.rows import Floats
from bayes_gmm.results.shape.normality import kurtosis_quantile, skewness_quantile
from bayes_gmm.results.shape.record import GAUSSIAN, ShapeCheckSettings, ShapeStatistic
from bayes_gmm.results.shape.statistics import ShapeStatistics


@dataclass(frozen=True, eq=False)
class SegmentTests:
    """T statistics of each of K segments: D of skewness, D of kurtosis and the radial kurtosis.

    Attributes
    ----------
    values : ndarray, shape (K, T)
        Averages over the draws; NaN if most draws have too few rows.
    p_values : ndarray, shape (K, T)
        Two-sided p-values of single statistics, without correction.
    rows_behind : ndarray, shape (K, T)
        Effective numbers of rows, averaged over the draws.
    n_rows : ndarray, shape (K,)
        Effective number of rows of each segment.
    directions : ndarray, shape (K, D, d)
        Directions in one of the draws, as coefficients of features with sd 1.
    sd : ndarray, shape (K, d)
        Standard deviations of the features in that draw.
    """

    values: Floats
    p_values: Floats
    rows_behind: Floats
    n_rows: Floats
    directions: Floats
    sd: Floats

    @classmethod
    def of(cls, draws: Sequence[Sequence[ShapeStatistics]]) -> SegmentTests:
        """Average the statistics over draws; each draw is a sequence of K segments."""
        scores = np.array([[s.scores for s in draw] for draw in draws])
        known = np.isfinite(scores)
        enough = known.mean(axis=0) >= 0.5

        def averaged(x: Floats) -> Floats:
            total = np.where(known, x, 0.0).sum(axis=0)
            return np.where(enough, total / np.maximum(known.sum(axis=0), 1), np.nan)

        tails = [averaged(ndtr(scores)), averaged(ndtr(-scores))]
        first = draws[0]
        return cls(
            averaged(np.array([[s.values for s in draw] for draw in draws])),
            2.0 * np.minimum(*tails),
            averaged(np.array([[s.rows_behind for s in draw] for draw in draws])),
            np.mean([[s.n_effective for s in draw] for draw in draws], axis=0),
            np.array([s.directions for s in first]),
            np.array([s.sd for s in first]),
        )

    @property
    def checked(self) -> npt.NDArray[np.bool_]:
        """Whether each segment has enough rows for a statistic, shape (K,)."""
        return np.asarray(np.isfinite(self.p_values).any(axis=1))

    @cached_property
    def n_tests(self) -> Floats:
        """Factor by which the p-value of each statistic is multiplied, shape (T,).

        A third of alpha is used for each of skewness, kurtosis and radial kurtosis, and divided
        equally among segments and directions (Bonferroni). The many directions therefore do not
        reduce the power of the radial kurtosis.
        """
        D = self.directions.shape[1]
        known = np.isfinite(self.p_values).sum(axis=0)
        sizes = np.array([known[:D].sum(), known[D : 2 * D].sum(), known[2 * D :].sum()])
        return np.repeat(sizes * np.count_nonzero(sizes), [D, D, 1]).astype(np.float64)

    @cached_property
    def corrected(self) -> Floats:
        """P-values times `n_tests`, at most 1, shape (K, T)."""
        return np.minimum(self.p_values * self.n_tests, 1.0)

    def worst(
        self, k: int, statistic: str, scale: Floats, settings: ShapeCheckSettings
    ) -> ShapeStatistic | None:
        """A statistic of segment k along the direction of its largest departure; None if unknown.

        Parameters
        ----------
        k : int
        statistic : str
            One of `STATISTICS`.
        scale : ndarray, shape (d,)
            Units of the directions, in units of the table.
        settings : ShapeCheckSettings
        """
        D, d = self.directions.shape[1:]
        start, stop = {"skewness": (0, D), "kurtosis": (D, 2 * D)}.get(statistic, (2 * D, None))
        p = self.corrected[k, start:stop]
        if not np.isfinite(p).any():
            return None
        gap = np.abs(self.values[k, start:stop] - GAUSSIAN[statistic])
        least = settings.min_skewness if statistic == "skewness" else settings.min_excess
        flagged = (p < settings.alpha) & (gap >= least)
        order = np.argsort(np.where(np.isfinite(p), self.p_values[k, start:stop], np.inf))
        radial = statistic == "radial kurtosis"
        named = () if radial else tuple(int(j) for j in order if flagged[j] and j < d)
        at = named[0] if named else int(next((j for j in order if flagged[j]), order[0]))
        u = np.empty(0) if radial else self.directions[k, at]
        lower, upper = self._bounds(k, start + at, statistic, settings)
        return ShapeStatistic(
            segment=k,
            statistic=statistic,
            direction=() if radial else tuple((u / self.sd[k] / scale).tolist()),
            main_features=_main_features(u, settings),
            features=named or (() if radial or at >= d else (at,)),
            observed=float(self.values[k, start + at]),
            lower=lower,
            upper=upper,
            p_value=float(p[at]),
            flagged=bool(flagged[at]),
        )

    def _bounds(
        self, k: int, at: int, statistic: str, settings: ShapeCheckSettings
    ) -> tuple[float, float]:
        """Bounds of the statistic at which the corrected p-value is alpha."""
        score = float(ndtri(settings.alpha / (2.0 * self.n_tests[at])))
        n = self.rows_behind[k, at]
        if statistic == "skewness":
            return float(skewness_quantile(score, n)), float(skewness_quantile(-score, n))
        d = 1 if statistic == "kurtosis" else self.directions.shape[2]
        return float(kurtosis_quantile(score, n, d)), float(kurtosis_quantile(-score, n, d))


def _main_features(u: Floats, settings: ShapeCheckSettings) -> tuple[int, ...]:
    """Positions of the largest coefficients of a direction, the largest first."""
    size = np.abs(u)
    order = np.argsort(-size)[: settings.most_features].tolist()
    return tuple(j for j in order if size[j] >= settings.min_coefficient * size.max(initial=0.0))
