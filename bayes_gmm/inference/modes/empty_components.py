"""Removal of components that are empty under a concentration below 1.

The Dirichlet density is then unbounded as a weight tends to 0, so a mode has only the components
to which rows belong (Figueiredo & Jain 2002); the others have weight 0.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from bayes_gmm.data.rows import Floats
from bayes_gmm.inference.optimize.em import run_em
from bayes_gmm.inference.optimize.run import Run
from bayes_gmm.inference.optimize.settings import EM
from bayes_gmm.inference.optimize.volume import log_volume
from bayes_gmm.model.density import Density
from bayes_gmm.model.parameters import Layout


def without_empty(density: Density, runs: list[Run]) -> tuple[Density, list[Run]]:
    """The density of the components that the heaviest run occupies, and the runs with as many.

    Returns both as given if no concentration is below 1.
    """
    if not np.any(density.prior.concentration < 1.0):
        return density, runs
    # EM empties vanishing components; Newton's method would not converge.
    runs = [run_em(density, run.theta, max_iter=2000, tolerance=1e-7) for run in runs]
    runs.sort(key=lambda run: -_log_mass(density, run))
    occupied = [_occupied(density, run) for run in runs]
    fewer = _restricted(density, occupied[0])
    kept = [
        replace(run, theta=_selected(density, run, mask), layout=fewer.layout, history=())
        for run, mask in zip(runs, occupied, strict=True)
        if mask.sum() == fewer.layout.n_components
    ]
    return fewer, kept


def _selected(density: Density, run: Run, occupied: npt.NDArray[np.bool_]) -> Floats:
    """The vector of the occupied components."""
    return density.layout.selected(run.theta, np.flatnonzero(occupied))


def _restricted(density: Density, occupied: npt.NDArray[np.bool_]) -> Density:
    """The density of a mixture of some of the components."""
    layout = density.layout
    fewer = Layout(int(occupied.sum()), layout.n_features, layout.structure)
    prior = density.prior.with_components(
        density.prior.concentration[occupied], fewer.n_covariances
    )
    return replace(density, layout=fewer, prior=prior)


def _log_mass(density: Density, run: Run) -> float:
    """Rough log mass of a run, with the parameters of empty components integrated out.

    With m of K components occupied, it is that of the mixture of these m, times the ratio of the
    Dirichlet-multinomial probabilities and the K! / (K - m)! numberings.
    """
    occupied = _occupied(density, run)
    fewer = _restricted(density, occupied)
    theta = _selected(density, run, occupied)
    alpha, n = density.prior.concentration, density.rows.total_weight
    total, held = alpha.sum(), alpha[occupied].sum()
    weights = gammaln(total) - gammaln(n + total) + gammaln(n + held) - gammaln(held)
    K, m = len(alpha), int(occupied.sum())
    numberings = gammaln(K + 1) - gammaln(K - m + 1)
    rough = fewer.log_posterior(theta) + log_volume(fewer, theta)
    return float(rough + weights + numberings)


def _occupied(density: Density, run: Run) -> npt.NDArray[np.bool_]:
    log_weights = density.layout.point(run.theta).log_weights
    may_empty = density.prior.concentration < 1.0
    occupied = ~may_empty | (log_weights > np.log(2.0 * EM.smallest_weight))
    occupied[log_weights.argmax()] = True
    return np.asarray(occupied)
