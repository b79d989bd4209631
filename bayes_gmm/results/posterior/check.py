"""The check of whether segments are Gaussian, averaged over draws of the posterior."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bayes_gmm.data.matrix import ModelMatrix
from bayes_gmm.data.rows import Floats
from bayes_gmm.results.posterior.draws import PosteriorDraws
from bayes_gmm.results.posterior.membership import responsibilities_in, thinned
from bayes_gmm.results.posterior.observed_data import observed
from bayes_gmm.results.shape.check import DEFAULTS, Draw, checked, weights_to_check
from bayes_gmm.results.shape.complete_rows import Gaussians, sampled_rows
from bayes_gmm.results.shape.record import ShapeCheck, ShapeCheckSettings


def rows_to_check(
    posterior: PosteriorDraws, X: Any, sample_weight: Any
) -> tuple[ModelMatrix, Floats]:
    """The given or stored rows on the scale of the model, with their weights."""
    if X is None:
        kept = observed(posterior, None, sample_weight)
        return kept.matrix, kept.weights
    matrix = posterior.mixture.matrix_of(X)
    return matrix, weights_to_check(matrix, sample_weight)


def check_posterior(
    posterior: PosteriorDraws,
    matrix: ModelMatrix,
    weights: Floats | None,
    settings: ShapeCheckSettings = DEFAULTS,
) -> ShapeCheck:
    """The check of a posterior, on rows of these weights (see `Posterior.check`)."""
    fit = posterior.fit
    rows = sampled_rows(
        matrix, weights, settings.max_rows, fit.mixture.log_prob, fit.mixture.resolution
    )
    some = matrix.only(rows.positions)
    x = fit.standardizer.apply(some.values)
    draws = _posterior_draws(posterior, some, settings.max_draws)
    return checked(x, rows, draws, posterior.names, fit.features, fit.standardizer.scale, settings)


def _posterior_draws(posterior: PosteriorDraws, rows: ModelMatrix, n_draws: int) -> Iterator[Draw]:
    steps = posterior.mixture.resolution / posterior.fit.standardizer.scale
    for draw in thinned(posterior, n_draws):
        _, means, trils = draw
        r = responsibilities_in(posterior, rows, [draw])[0]
        yield Draw(Gaussians(means, trils @ trils.mT, steps), r)
