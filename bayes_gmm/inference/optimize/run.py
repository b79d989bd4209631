"""`Run`: an optimisation of the log-posterior and the point where it ended."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from bayes_gmm.data.rows import Floats
from bayes_gmm.model.density import Density
from bayes_gmm.model.parameters import Layout, Point
from bayes_gmm.model.prior.constants import HALF_NORMAL, LOG_NORMAL, PriorConstants


@dataclass(frozen=True, eq=False)
class Run:
    """An optimisation of the log-posterior, in standardised units; a mode if it converged.

    Attributes
    ----------
    theta : ndarray
        The last vector whose log-posterior is known.
    layout : Layout
        Layout of theta: that of the density without empty components.
    log_posterior : float
    history : tuple of float
        Log-posterior of each accepted step.
    converged : bool
        Whether the gradient vanished, allowing for rounding; always False after EM alone.
    slope : float
        Largest gradient left in whitened coordinates; NaN after EM.
    expected_gain : float
        Nats that EM is predicted to gain if it continued, from its rate of convergence.
    log_volume : float
        Approximate log volume of the posterior about theta (see
        `bayes_gmm.inference.optimize.volume`).
    log_evidence : float
        Laplace's approximation of the log mass of the mode, for one labelling; NaN if unknown.
    """

    theta: Floats
    layout: Layout
    log_posterior: float
    history: tuple[float, ...] = ()
    converged: bool = False
    slope: float = math.nan
    expected_gain: float = 0.0
    log_volume: float = 0.0
    log_evidence: float = math.nan

    @property
    def rough_log_mass(self) -> float:
        """Approximate log mass; the search compares optima by it."""
        return self.log_posterior + self.log_volume

    @property
    def prospect(self) -> float:
        """Approximate log mass at which the run is predicted to converge."""
        return self.rough_log_mass + self.expected_gain

    def point(self, density: Density) -> Point:
        """Parameters at theta, including the components of the density that are empty."""
        return _padded(self.layout.point(self.theta), density.layout.n_components, density.prior)


def _padded(point: Point, n_components: int, prior: PriorConstants) -> Point:
    """The point, with components of weight 0 added at the centre of the prior."""
    missing, d = n_components - len(point.means), point.means.shape[1]
    if missing == 0:
        return point
    middle = np.tile(_middle_scale(prior) * np.eye(d), (missing, 1, 1))
    return point._replace(
        log_weights=np.concatenate([point.log_weights, np.full(missing, -np.inf)]),
        means=np.concatenate([point.means, np.full((missing, d), prior.location)]),
        scale_trils=np.concatenate([point.scale_trils, middle]),
    )


def _middle_scale(prior: PriorConstants) -> float:
    if prior.n_covariances:
        return float(np.sqrt(prior.c0 / prior.g0 * len(prior.G0) / np.trace(prior.G0)))
    if prior.family == LOG_NORMAL:
        return float(np.exp(prior.first))
    if prior.family == HALF_NORMAL:
        return float(prior.first**-0.5) if prior.first > 0.0 else 1.0
    return float(np.sqrt(prior.second / (prior.first + 1.0)))
