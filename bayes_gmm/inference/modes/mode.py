"""A mode of the posterior, and the masses of several."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import softmax

from bayes_gmm.data.rows import Floats, Integers
from bayes_gmm.inference.optimize.optimum import Optimum
from bayes_gmm.model.density import Density
from bayes_gmm.model.parameters import Layout, Point
from bayes_gmm.model.prior.constants import PriorConstants
from bayes_gmm.model.prior.scales import HALF_NORMAL, LOG_NORMAL


@dataclass(frozen=True)
class FoundMode(Optimum):
    """An optimum of the log-posterior, in standardised units.

    Attributes
    ----------
    theta : ndarray
    layout : Layout
        Of theta: that of the density, without components that are empty.
    log_posterior : float
    log_evidence : float
        Laplace's estimate of its mass, for one labelling.
    converged : bool
    history : tuple of float
        Log-posterior at each iteration, on all rows.
    log_volume : float
        Approximate log volume of the posterior about the mode (see
        `bayes_gmm.inference.optimize.volume`).
    """

    theta: Floats
    layout: Layout
    log_posterior: float
    log_evidence: float
    converged: bool
    history: tuple[float, ...]
    log_volume: float = 0.0

    def point(self, density: Density) -> Point:
        """The parameters of the mode, with the components of the density that it leaves empty."""
        point = self.layout.point(self.theta)
        return padded(point, density.layout.n_components, density.prior)


@dataclass(frozen=True)
class ModeMasses:
    """Relative masses of the modes found.

    Attributes
    ----------
    shares : ndarray, shape (M,)
    errors : ndarray, shape (M,)
        Monte-Carlo standard errors; NaN for shares by Laplace's approximation.
    """

    shares: Floats
    errors: Floats

    @classmethod
    def by_laplace(cls, log_masses: Sequence[float]) -> ModeMasses:
        """Relative masses from Laplace's log masses; all NaN if none is known."""
        known = np.nan_to_num(np.asarray(log_masses, dtype=np.float64), nan=-np.inf)
        unknown = np.full(len(known), np.nan)
        if not np.isfinite(known.max()):
            return cls(unknown, unknown)
        return cls(softmax(known), unknown)

    def taken(self, chosen: Sequence[int] | Integers) -> ModeMasses:
        """Shares of some of the modes, of the mass of these alone."""
        held = self.shares[chosen].sum()
        return ModeMasses(self.shares[chosen] / held, self.errors[chosen] / held)

    def order(self, *, errors: float = 3.0) -> Integers:
        """The modes by falling share, but the first stays first unless another clearly holds more.

        Parameters
        ----------
        errors : float
            Standard errors of the difference that are clear.

        Examples
        --------
        >>> ModeMasses(np.array([0.4, 0.1, 0.5]), np.array([0.1, 0.02, 0.1])).order()
        array([0, 2, 1])
        >>> ModeMasses(np.array([0.1, 0.1, 0.8]), np.array([0.05, 0.02, 0.05])).order()
        array([2, 0, 1])
        """
        order = np.asarray(np.argsort(-self.shares, kind="stable"), np.int64)
        heaviest = order[0]
        doubt = math.hypot(self.errors[heaviest], self.errors[0])
        if self.shares[heaviest] - self.shares[0] > errors * doubt:
            return order
        return np.concatenate([[0], order[order != 0]])


def padded(point: Point, n_components: int, prior: PriorConstants) -> Point:
    """The point with empty components added: of weight 0, at the middle of the prior."""
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
