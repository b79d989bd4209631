"""Posterior predictive check of whether the rows of each segment are Gaussian.

For a draw of the parameters, rows get segments, and missing and coarse cells get values
(`complete_rows`); then the rows of a segment are a Gaussian sample if the model is right, and
the distribution of their skewness and kurtosis is known (`shape_statistics`). A p-value is the
probability that replicated rows of the segment depart further, averaged over the draws (Meng 1994).
It is corrected for the number of statistics of all segments (Bonferroni).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from bayes_gmm.data.matrix import FeatureMatrix
from bayes_gmm.data.rows import Floats, Integers
from bayes_gmm.data.standardize import Standardizer
from bayes_gmm.data.validate import check_weights
from bayes_gmm.errors import DataError
from bayes_gmm.model.mixture import Mixture, segment_labels
from bayes_gmm.results.shape.complete_rows import (
    Gaussians,
    SampledRows,
    completed_rows,
    drawn_segments,
    sampled_rows,
)
from bayes_gmm.results.shape.record import STATISTICS, ShapeCheck, ShapeCheckSettings
from bayes_gmm.results.shape.statistics import ShapeStatistics, shape_statistics
from bayes_gmm.results.shape.tests import SegmentTests

DEFAULTS = ShapeCheckSettings()


class Draw(NamedTuple):
    """A draw of the parameters in standardised units, and memberships (n, K) of the rows."""

    gaussians: Gaussians
    responsibilities: Floats


def check_mixture(
    mixture: Mixture,
    units: Standardizer,
    matrix: FeatureMatrix,
    weights: Floats | None,
    settings: ShapeCheckSettings = DEFAULTS,
) -> ShapeCheck:
    """The check of a fitted mixture, on rows of these weights (see `MapFit.check`)."""
    rows, x, draw = mixture_draw(mixture, units, matrix, weights, settings)
    names = tuple(segment_labels(mixture.n_components))
    return checked(x, rows, [draw], names, mixture.features, units.scale, settings)


def mixture_draw(
    mixture: Mixture,
    units: Standardizer,
    matrix: FeatureMatrix,
    weights: Floats | None,
    settings: ShapeCheckSettings,
) -> tuple[SampledRows, Floats, Draw]:
    """Rows that represent all, standardised, and the mixture with their memberships."""
    rows = sampled_rows(matrix, weights, settings.max_rows, mixture.log_prob, mixture.resolution)
    x = matrix.values[rows.positions]
    gaussians = Gaussians(
        units.standard_means(mixture.means),
        units.standard_covariances(mixture.covariances),
        mixture.resolution / units.scale,
    )
    return rows, units.apply(x), Draw(gaussians, mixture.responsibilities(x))


def weights_to_check(matrix: FeatureMatrix, sample_weight: Any) -> Floats:
    """Weights of given rows, at least one of which counts."""
    weights = check_weights(sample_weight, matrix.n_rows)
    found = np.ones(matrix.n_rows) if weights is None else weights
    if not np.any(found * matrix.measured() > 0.0):
        raise DataError(
            "X has no row of positive weight in which something is measured; "
            "there is nothing to check"
        )
    return found


def checked(
    x: Floats,
    rows: SampledRows,
    draws: Iterable[Draw],
    names: tuple[str, ...],
    features: tuple[str, ...],
    scale: Floats,
    settings: ShapeCheckSettings,
) -> ShapeCheck:
    """The check of segments in draws of the parameters.

    Parameters
    ----------
    x : ndarray, shape (n, d)
        Standardised rows.
    rows : SampledRows
        Which rows they are, and their weights.
    draws : iterable of Draw
    names, features : tuple of str
    scale : ndarray, shape (d,)
        Units of the features.
    settings : ShapeCheckSettings
    """
    rng = np.random.default_rng(settings.seed)
    tests = SegmentTests.of([_statistics_in(draw, x, rows.weights, rng) for draw in draws])
    found = (
        tests.worst(k, statistic, scale, settings)
        for k in range(len(names))
        for statistic in STATISTICS
    )
    return ShapeCheck(
        tuple(statistic for statistic in found if statistic is not None),
        names, features, tuple(tests.n_rows.tolist()), tuple(tests.checked.tolist()), settings,
    )  # fmt: skip


def _statistics_in(
    draw: Draw, x: Floats, weights: Floats, rng: np.random.Generator
) -> list[ShapeStatistics]:
    """Statistics of each segment in completed rows."""
    segments, complete = completed(draw, x, rng)
    half = rng.random(len(x)) < 0.5
    return [
        shape_statistics(complete[own], weights[own], half[own])
        for own in (segments == k for k in range(draw.responsibilities.shape[1]))
    ]


def completed(draw: Draw, x: Floats, rng: np.random.Generator) -> tuple[Integers, Floats]:
    """A segment for each row, and the rows without missing or coarse cells."""
    segments = drawn_segments(draw.responsibilities, rng)
    return segments, completed_rows(x, segments, draw.gaussians, rng)
