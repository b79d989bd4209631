"""Profiles from posterior draws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_gmm.data.frames import as_frame
from bayes_gmm.inference.sampling.draws import evenly_spread
from bayes_gmm.model.points import Points
from bayes_gmm.results.checks import generator
from bayes_gmm.results.profile.drawn import DrawnMixtures
from bayes_gmm.results.profile.profile import profile_of
from bayes_gmm.results.profile.record import Profile
from bayes_gmm.results.profile.settings import PROFILE, ProfileSettings

if TYPE_CHECKING:
    from bayes_gmm.results.posterior.draws import PosteriorDraws


def posterior_profile(
    posterior: PosteriorDraws,
    table: Any,
    columns: Sequence[str] | str | None,
    weights: Any,
    ci_prob: float,
    random_state: Any,
) -> Profile:
    """See `Posterior.profile`."""
    frame = as_frame(table)
    n_rows = 1 if frame is None else max(len(frame), 1)
    return profile_of(
        posterior.mixture, drawn_mixtures(posterior, n_rows), table, columns, weights,
        names=posterior.names,
        fitted=None if posterior.table is None else posterior.table.as_fitted(),
        fitted_weights=posterior.row_weights,
        ci_prob=ci_prob,
        rng=generator(posterior.draws.seed if random_state is None else random_state),
    )  # fmt: skip


def drawn_mixtures(
    posterior: PosteriorDraws, n_rows: int, settings: ProfileSettings = PROFILE
) -> DrawnMixtures:
    """Draws evenly spread over all chains; fewer for many rows."""
    most = max(settings.fewest_draws, min(settings.most_draws, settings.row_draws // n_rows))
    theta = posterior.draws.theta
    flat = theta.reshape(-1, theta.shape[-1])
    points = Points.of(posterior.draws.layout, flat[evenly_spread(len(flat), most)])
    return DrawnMixtures(
        points.log_weights, points.means, np.asarray(points.scale_trils),
        posterior.fit.rho2, posterior.fit.standardizer,
    )  # fmt: skip
