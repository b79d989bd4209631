"""Posterior predictive check of whether the rows of each segment are Gaussian.

For a draw of the parameters, rows get segments, and missing and coarse cells get values
(`complete_rows`); then the rows of a segment are a Gaussian sample if the model is right, and
the distribution of their skewness and kurtosis is known (`shape_statistics`). A p-value is the
probability that replicated rows of the segment depart further, averaged over the draws (Meng 1994).
It is corrected for the number of statistics of all segments (Bonferroni).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bayes_gmm.data.rows import Floats, Integers
from bayes_gmm.data.table import FeatureMatrix
from bayes_gmm.data.validate import check_weights
from bayes_gmm.errors import DataError
from bayes_gmm.model.mixture import segment_labels
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

if TYPE_CHECKING:
    from bayes_gmm.results.fit.map_fit import MapFit
    from bayes_gmm.results.posterior.posterior import Posterior

DEFAULTS = ShapeCheckSettings()


class Draw(NamedTuple):
    """A draw of the parameters in standardised units, and memberships (n, K) of the rows."""

    gaussians: Gaussians
    responsibilities: Floats


def check_map_fit(
    fit: MapFit,
    matrix: FeatureMatrix,
    weights: Floats | None,
    settings: ShapeCheckSettings = DEFAULTS,
) -> ShapeCheck:
    """The check of a MAP fit, on rows of these weights (see `MapFit.check`)."""
    rows, x, draw = map_draw(fit, matrix, weights, settings)
    names = tuple(segment_labels(fit.mixture.n_components))
    return _checked(fit, x, rows, [draw], names, settings)


def map_draw(
    fit: MapFit, matrix: FeatureMatrix, weights: Floats | None, settings: ShapeCheckSettings
) -> tuple[SampledRows, Floats, Draw]:
    """Rows that represent all, their standardised values, and the MAP with their memberships."""
    units, mixture = fit.standardizer, fit.mixture
    rows = sampled_rows(matrix, weights, settings.max_rows, mixture.log_prob, mixture.resolution)
    x = matrix.values[rows.positions]
    gaussians = Gaussians(
        units.standard_means(mixture.means),
        units.standard_covariances(mixture.covariances),
        mixture.resolution / units.scale,
    )
    return rows, units.apply(x), Draw(gaussians, mixture.responsibilities(x))


def check_posterior(
    posterior: Posterior,
    matrix: FeatureMatrix,
    weights: Floats | None,
    settings: ShapeCheckSettings = DEFAULTS,
) -> ShapeCheck:
    """The check of a posterior, on rows of these weights (see `Posterior.check`)."""
    fit = posterior.fit
    rows = sampled_rows(
        matrix, weights, settings.max_rows, fit.mixture.log_prob, fit.mixture.resolution
    )
    some = FeatureMatrix(matrix.values[rows.positions], matrix.features)
    x = fit.standardizer.apply(some.values)
    draws = _posterior_draws(posterior, some, settings.max_draws)
    return _checked(fit, x, rows, draws, posterior.names, settings)


def _posterior_draws(posterior: Posterior, rows: FeatureMatrix, n_draws: int) -> Iterator[Draw]:
    from bayes_gmm.results.posterior.membership import responsibilities_in, thinned

    steps = posterior.mixture.resolution / posterior.fit.standardizer.scale
    for draw in thinned(posterior, n_draws):
        _, means, trils = draw
        r = responsibilities_in(posterior, rows, [draw])[0]
        yield Draw(Gaussians(means, trils @ trils.mT, steps), r)


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


def _checked(
    fit: MapFit,
    x: Floats,
    rows: SampledRows,
    draws: Iterable[Draw],
    names: tuple[str, ...],
    settings: ShapeCheckSettings,
) -> ShapeCheck:
    rng = np.random.default_rng(settings.seed)
    tests = SegmentTests.of([_statistics_in(draw, x, rows.weights, rng) for draw in draws])
    found = (
        tests.worst(k, statistic, fit.standardizer.scale, settings)
        for k in range(len(names))
        for statistic in STATISTICS
    )
    return ShapeCheck(
        tuple(statistic for statistic in found if statistic is not None),
        names, fit.features, tuple(tests.n_rows.tolist()), tuple(tests.checked.tolist()), settings,
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
