"""Records of the check of segments against Gaussian shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_gmm.diagnostics.diagnostic import Diagnostic
from bayes_gmm.diagnostics.fits import combination
from bayes_gmm.errors import listed, one_line

if TYPE_CHECKING:
    import pandas as pd

STATISTICS = ("skewness", "kurtosis", "radial kurtosis")
GAUSSIAN = {"skewness": 0.0, "kurtosis": 3.0, "radial kurtosis": 3.0}
"""Value of each statistic for a Gaussian."""


@dataclass(frozen=True)
class ShapeCheckSettings:
    """Thresholds for flagging a segment, and the numbers of rows and draws to use."""

    alpha: float = 0.02
    """Probability of flagging any segment of a table in which all are Gaussian."""
    min_skewness: float = 0.2
    """Minimum skewness to flag; less can be significant with many rows but has little effect."""
    min_excess: float = 0.3
    """Minimum difference of the kurtosis from 3 to flag."""
    skewness_ratio: float = 1.0 / 3.0
    """Ratio of squared skewness to excess kurtosis above which heavy tails are attributed to
    skewness. The ratio is .67 for a gamma distribution, .44 for a log-normal(.8), 0 for a t."""
    most_features: int = 3
    """Maximum number of features that describe a direction."""
    min_coefficient: float = 0.3
    """Minimum coefficient of a feature that describes a direction, relative to the largest."""
    max_rows: int = 5000
    """Maximum number of rows; larger tables are sampled systematically."""
    max_draws: int = 20
    """Number of posterior draws over which p-values are averaged."""
    seed: int = 0
    """Seed for the random segments and halves of rows, so that results are reproducible."""


@dataclass(frozen=True)
class ShapeStatistic:
    """A statistic of a segment along the direction of its largest departure from a Gaussian.

    If it is flagged along features, the direction is the feature with the largest departure.

    Attributes
    ----------
    segment : int
        Position, from 0.
    statistic : str
        One of `STATISTICS`. "radial kurtosis" is 3 / (d (d + 2)) times the mean of |y|^4 of
        whitened rows y; it has no direction.
    direction : tuple of float
        Coefficients u of the projection u'x, in units of the table; empty if not applicable.
    main_features : tuple of int
        Positions of the features with the largest coefficients, for features of equal sd.
    features : tuple of int
        Positions of the features along which it is flagged, the largest departure first; if none
        is flagged, the position of the feature that is the direction, if any.
    observed : float
        Value of the statistic, averaged over draws.
    lower, upper : float
        If all segments are Gaussian, all statistics of the table lie within these bounds with
        probability 1 - alpha.
    p_value : float
        p-value, corrected for the number of statistics of all segments.
    flagged : bool
        Whether the p-value is below alpha, and the departure large enough to matter.
    """

    segment: int
    statistic: str
    direction: tuple[float, ...]
    main_features: tuple[int, ...]
    features: tuple[int, ...]
    observed: float
    lower: float
    upper: float
    p_value: float
    flagged: bool

    @property
    def departure(self) -> str:
        """The kind of departure: "skewed", "heavy tails" or "flat", even if not flagged."""
        if self.statistic == "skewness":
            return "skewed"
        return "heavy tails" if self.observed > GAUSSIAN[self.statistic] else "flat"


@dataclass(frozen=True, repr=False)
class ShapeCheck:
    """Whether the rows of each segment look like a Gaussian sample.

    Attributes
    ----------
    statistics : tuple of ShapeStatistic
        Sorted by segment, then by `STATISTICS`; segments with too few rows have none.
    names : tuple of str
        Names of the segments.
    features : tuple of str
    n_rows : tuple of float
        Effective number of rows of each segment.
    checked : tuple of bool
        Whether each segment has enough rows (20) for a check.
    settings : ShapeCheckSettings

    Examples
    --------
    >>> import warnings
    >>> import bayes_gmm as bg
    >>> rng = np.random.default_rng(0)
    >>> X = np.concatenate([rng.normal(0, 1, (300, 2)), 20 + rng.lognormal(0, 0.8, (200, 2))])
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", bg.ShapeWarning)
    ...     check = bg.BayesGMM(2, random_state=0).fit(X).shape_check_
    >>> [check.names[k] for k in check.flagged], check.departures(1)[0].departure
    (['Segment 2'], 'skewed')
    """

    statistics: tuple[ShapeStatistic, ...]
    names: tuple[str, ...]
    features: tuple[str, ...]
    n_rows: tuple[float, ...]
    checked: tuple[bool, ...]
    settings: ShapeCheckSettings

    def __repr__(self) -> str:
        """Flagged segments and p-value; see `table` for all statistics."""
        flagged = [self.names[k] for k in self.flagged]
        return (
            f"ShapeCheck({len(self.names)} segments, flagged: {listed(flagged) or 'none'}, "
            f"p-value {self.p_value:.2g})"
        )

    @cached_property
    def flagged(self) -> tuple[int, ...]:
        """Positions of the segments that are not Gaussian."""
        return tuple(sorted({s.segment for s in self.statistics if s.flagged}))

    @property
    def p_value(self) -> float:
        """The smallest p-value, a test of the hypothesis that every segment is Gaussian."""
        return min((s.p_value for s in self.statistics), default=1.0)

    def departures(self, segment: int) -> tuple[ShapeStatistic, ...]:
        """The flagged statistics of a segment, the main departure first.

        A skewed distribution also has heavy tails, and heavy tails can make a sample skewed.
        Skewness comes first if its square is at least `skewness_ratio` times the excess kurtosis.
        """
        found = [s for s in self.statistics if s.segment == segment and s.flagged]
        excess = max((s.observed - 3.0 for s in found if s.statistic != "skewness"), default=0.0)
        least = self.settings.skewness_ratio * excess

        def order(s: ShapeStatistic) -> tuple[bool, float]:
            skewed = s.statistic == "skewness"
            return (s.observed**2 < least if skewed else False), s.p_value - 2.0 * skewed

        return tuple(sorted(found, key=order))

    @cached_property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Segments that are not Gaussian, and segments with too few rows to check."""
        found, few = [], [k for k, checked in enumerate(self.checked) if not checked]
        for code, segments in (("not_gaussian", self.flagged), ("shape_not_checked", few)):
            names = tuple(self.names[k] for k in segments)
            departures = [[self._departure(s) for s in self.departures(k)] for k in segments]
            values = {"departures": departures, "rows": [self.n_rows[k] for k in segments]}
            found += [Diagnostic(code, names, values)] * bool(names)
        return tuple(found)

    def _departure(self, statistic: ShapeStatistic) -> dict[str, Any]:
        """A departure for `diagnostics`."""
        direction = "combination" if statistic.direction else "all"
        features = statistic.features or statistic.main_features
        return {
            "departure": statistic.departure, "statistic": statistic.statistic,
            "direction": "feature" if statistic.features else direction,
            "features": [self.features[j] for j in features],
            "observed": statistic.observed, "lower": statistic.lower, "upper": statistic.upper,
        }  # fmt: skip

    @property
    def table(self) -> pd.DataFrame:
        """One row per segment and statistic.

        Columns segment, statistic, direction, observed, lower, upper, p_value, flagged (see
        `ShapeStatistic`). Segments with too few rows have NaN instead of numbers.
        """
        import pandas as pd

        rows = [
            (self.names[s.segment], s.statistic, direction_words(s, self.features), s.observed,
             s.lower, s.upper, s.p_value, s.flagged)
            for s in self.statistics
        ]  # fmt: skip
        rows += [
            (name, "", "too few rows to check", np.nan, np.nan, np.nan, np.nan, False)
            for name, checked in zip(self.names, self.checked, strict=True)
            if not checked
        ]
        columns = ["segment", "statistic", "direction", "observed", "lower", "upper", "p_value",
                   "flagged"]  # fmt: skip
        return pd.DataFrame(rows, columns=columns)


def direction_words(statistic: ShapeStatistic, features: Sequence[str]) -> str:
    """A direction, named by the features with the largest standardised coefficients.

    Examples
    --------
    ``"Income"`` for a feature, ``"combination of Income and Age"``, ``"mostly Income"``, and
    ``"all"`` for the radial kurtosis, which has no direction.
    """
    if statistic.features:
        return features[statistic.features[0]]
    if not statistic.direction:
        return "all"
    return combination([one_line(features[j], 40) for j in statistic.main_features])
