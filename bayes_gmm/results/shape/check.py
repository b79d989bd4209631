"""Posterior predictive check of whether the rows of each segment are Gaussian.

For each draw of the parameters, segments of rows and values of missing and coarse cells are imputed
(`complete_rows`). If the model is right, the rows of a segment are then a Gaussian sample, and the
distribution of their skewness and kurtosis is known (`shape_statistics`). The p-value is the
probability of a larger departure in replicated rows, averaged over draws (Meng 1994), with a
Bonferroni correction for the number of statistics of all segments.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from bayes_gmm.data.matrix import FeatureMatrix, ModelMatrix
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
    matrix: ModelMatrix,
    weights: Floats | None,
    settings: ShapeCheckSettings = DEFAULTS,
    *,
    names: Sequence[str] | None = None,
) -> ShapeCheck:
    """Check a fitted mixture on weighted rows (see `MapFit.check`)."""
    rows, x, draw = mixture_draw(mixture, units, matrix, weights, settings)
    called = tuple(segment_labels(mixture.n_components) if names is None else names)
    return checked(x, rows, [draw], called, mixture.features, units.scale, settings)


def mixture_draw(
    mixture: Mixture,
    units: Standardizer,
    matrix: ModelMatrix,
    weights: Floats | None,
    settings: ShapeCheckSettings,
) -> tuple[SampledRows, Floats, Draw]:
    """A standardised sample of the rows, and the mixture with their membership probabilities."""
    rows = sampled_rows(matrix, weights, settings.max_rows, mixture.log_prob, mixture.resolution)
    some = matrix.only(rows.positions)
    gaussians = Gaussians(
        units.standard_means(mixture.means),
        units.standard_covariances(mixture.covariances),
        mixture.resolution / units.scale,
    )
    return rows, units.apply(some.values), Draw(gaussians, mixture.responsibilities(some))


def weights_to_check(matrix: FeatureMatrix, sample_weight: Any) -> Floats:
    """Row weights; raise if none is positive."""
    weights = check_weights(sample_weight, matrix.n_rows)
    found = np.ones(matrix.n_rows) if weights is None else weights
    if not np.any(found * matrix.measured() > 0.0):
        raise DataError(
            "X has no row with positive weight and an observed cell, so there is nothing to check"
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
    """Check the segments, averaged over draws of the parameters.

    Parameters
    ----------
    x : ndarray, shape (n, d)
        Standardised rows.
    rows : SampledRows
        Positions and weights of the rows.
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
    """A segment for each row, and the rows with missing and coarse cells imputed."""
    segments = drawn_segments(draw.responsibilities, rng)
    return segments, completed_rows(x, segments, draw.gaussians, rng)
