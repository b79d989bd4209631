"""Removal of components that are empty under a concentration below 1.

The Dirichlet density is then unbounded as a weight tends to 0, so a mode has only the components
to which rows belong (Figueiredo & Jain 2002); the others have weight 0.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from bayes_gmm.inference.optimize.em import run_em
from bayes_gmm.inference.optimize.run import Run
from bayes_gmm.inference.optimize.settings import EM
from bayes_gmm.model.density import Density
from bayes_gmm.model.parameters import Layout
from bayes_gmm.model.prior.hierarchical_wishart import log_density


def without_empty(density: Density, runs: list[Run]) -> tuple[Density, list[Run]]:
    """The density of the components that the first run occupies, and the runs that occupy as many.

    Both are returned unchanged if no component of the first run is empty.
    """
    if not np.any(density.prior.concentration < 1.0):
        return density, runs
    # EM empties vanishing components; Newton's method would not converge.
    runs = [run_em(density, run.theta, max_iter=2000, tolerance=1e-7) for run in runs]
    runs.sort(key=lambda run: -_without_empty_covariances(density, run))
    occupied = [_occupied(density, run) for run in runs]
    n_occupied = int(occupied[0].sum())
    layout = density.layout
    if n_occupied == layout.n_components:
        return density, runs
    fewer = Layout(n_occupied, layout.n_features, layout.structure)
    prior = density.prior.with_components(
        density.prior.concentration[occupied[0]], fewer.n_covariances
    )
    reduced = replace(density, layout=fewer, prior=prior)
    kept = [
        replace(
            run, theta=layout.selected(run.theta, np.flatnonzero(mask)), layout=fewer, history=()
        )
        for run, mask in zip(runs, occupied, strict=True)
        if mask.sum() == n_occupied
    ]
    return reduced, kept


def _without_empty_covariances(density: Density, run: Run) -> float:
    """The log-posterior without the prior density of the covariances of empty components.

    Under a hierarchical Wishart prior this is the density of the precision matrices of the empty
    components given the others. It has units, so values with different numbers of empty components
    cannot be compared unless it is removed.
    """
    prior, occupied = density.prior, _occupied(density, run)
    if prior.n_covariances < 2 or occupied.all():
        return run.log_posterior
    inverse = np.linalg.inv(density.layout.point(run.theta).scale_trils)
    precisions = inverse.mT @ inverse
    given = log_density(precisions, prior.c0, prior.g0, prior.G0) - log_density(
        precisions[occupied], prior.c0, prior.g0, prior.G0
    )
    return run.log_posterior - given


def _occupied(density: Density, run: Run) -> npt.NDArray[np.bool_]:
    log_weights = density.layout.point(run.theta).log_weights
    may_empty = density.prior.concentration < 1.0
    occupied = ~may_empty | (log_weights > np.log(2.0 * EM.smallest_weight))
    occupied[log_weights.argmax()] = True
    return np.asarray(occupied)
