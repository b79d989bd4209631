"""Dispersed initial points of chains near the modes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bayes_gmm.data.rows import Floats, Integers
from bayes_gmm.errors import FitError
from bayes_gmm.inference.modes.masses import ModeMasses
from bayes_gmm.inference.sampling.peak import Peak
from bayes_gmm.inference.sampling.settings import SamplerSettings
from bayes_gmm.model.density import Density


def chains_of_modes(
    peaks: Sequence[Peak], chains: int, settings: SamplerSettings = SamplerSettings()
) -> Integers:
    """The mode in which each chain starts: proportional to mass, at least one per relevant mode.

    Parameters
    ----------
    peaks : sequence of Peak
        Sorted by decreasing mass.
    chains : int
    settings : SamplerSettings

    Returns
    -------
    ndarray of int, shape (chains,)
        Rising.
    """
    masses = relative_masses(peaks)
    counted = masses >= settings.relevant_mass
    counted &= np.cumsum(counted) <= chains
    counted[0] |= not counted.any()
    fractions = np.where(counted, masses, 0.0) / masses[counted].sum()
    wanted = np.maximum(fractions * chains, counted)
    given = np.where(counted, 1, 0)
    while given.sum() < chains:
        given[np.argmax(np.where(counted, wanted - given, -np.inf))] += 1
    return np.repeat(np.arange(len(peaks)), given)


def relative_masses(peaks: Sequence[Peak]) -> Floats:
    """Masses of the modes, summing to 1; unknown masses are set to 0."""
    fractions = ModeMasses.by_laplace([peak.log_evidence for peak in peaks]).fractions
    return np.asarray(np.eye(len(peaks))[0]) if np.isnan(fractions[0]) else fractions


def dispersed_start(
    density: Density,
    peak: Peak,
    rng: np.random.Generator,
    settings: SamplerSettings = SamplerSettings(),
) -> Floats:
    """Coordinates xi near a mode: more dispersed than the posterior, and of finite density.

    Raises
    ------
    FitError
        If no such point is found.
    """
    for attempt in range(settings.tries):
        xi = settings.overdispersion * 0.8**attempt * rng.normal(size=len(peak.theta))
        value, gradient = density.value_and_gradient(peak.theta + peak.factor @ xi, jacobian=True)
        if np.isfinite(value) and np.all(np.isfinite(gradient)):
            return xi
    raise FitError(
        "no starting point for a chain: the log-posterior is not finite at "
        f"{settings.tries} points near a mode; give a resolution or a stronger prior"
    )
