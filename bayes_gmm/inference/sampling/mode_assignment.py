"""Assignment of draws to modes, crossings of chains between modes, and resampling by mass."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.sparse.csgraph import connected_components

from bayes_gmm.data.rows import Floats, Integers
from bayes_gmm.inference.modes.deduplicate import component_distances
from bayes_gmm.inference.sampling.draws import Draws
from bayes_gmm.inference.sampling.initial_points import relative_masses
from bayes_gmm.inference.sampling.peak import Peak
from bayes_gmm.inference.sampling.settings import SamplerSettings
from bayes_gmm.model.parameters import Layout
from bayes_gmm.model.points import renumbered


@dataclass(frozen=True)
class ModeVisits:
    """Visits of chains to modes.

    Attributes
    ----------
    crossings : ndarray of int, shape (M, M)
        Number of draws of mode j that follow a draw of mode i, in all chains.
    group : ndarray of int, shape (M,)
        Group of each mode: modes that chains cross between are in one group.
    visited : ndarray of bool, shape (M,)
        Whether the mode has any draws.
    """

    crossings: Integers
    group: Integers
    visited: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]

    @property
    def separate(self) -> bool:
        """Whether chains stay in the modes where they started, so that masses must be estimated."""
        return len(np.unique(self.group[self.visited])) > 1


def visits_of(
    mode: Integers, n_modes: int, settings: SamplerSettings = SamplerSettings()
) -> ModeVisits:
    """Count crossings, and group modes that chains cross between.

    Parameters
    ----------
    mode : ndarray of int, shape (chains, draws)
    n_modes : int
    settings : SamplerSettings

    Examples
    --------
    >>> stay = np.repeat([[0], [1]], 100, axis=1)
    >>> visits_of(stay, 3).separate
    True
    >>> visits_of(stay, 3).visited
    array([ True,  True, False])
    """
    crossings = np.zeros((n_modes, n_modes), np.int64)
    np.add.at(crossings, (mode[:, :-1].ravel(), mode[:, 1:].ravel()), 1)
    both_ways = crossings + crossings.T
    _, group = connected_components(both_ways >= settings.crossings, directed=False)
    return ModeVisits(crossings, np.asarray(group, np.int64), np.isin(np.arange(n_modes), mode))


def marked(draws: Draws, peaks: Sequence[Peak]) -> Draws:
    """The same draws, each with the mode to which it belongs.

    This is the mode whose normal approximation, multiplied by its mass, is highest at the draw,
    after the components of the draw are numbered like those of the mode.
    """
    theta = draws.theta.reshape(-1, draws.layout.size)
    mode = nearest_modes(theta, draws.layout, peaks).reshape(draws.mode.shape)
    return replace(draws, mode=mode)


def nearest_modes(theta: Floats, layout: Layout, peaks: Sequence[Peak]) -> Integers:
    """The mode to which each vector of shape (n, p) belongs."""
    if len(peaks) == 1:
        return np.zeros(len(theta), np.int64)
    heights = np.full((len(peaks), len(theta)), -np.inf)
    for m, (peak, mass) in enumerate(zip(peaks, relative_masses(peaks), strict=True)):
        if mass > 0.0:
            xi = peak.coordinates(numbered_like(theta, layout, peak.theta))
            heights[m] = math.log(mass) - 0.5 * (xi**2).sum(axis=1) - peak.log_det
    return np.argmax(heights, axis=0)


def numbered_like(theta: Floats, layout: Layout, reference: Floats) -> Floats:
    """Vectors of shape (n, p), with components numbered so that they are nearest to a reference."""
    cost = component_distances(layout, theta, reference)
    order = cost.argmin(axis=2)
    unsure = np.flatnonzero(_repeats(order))
    for i in unsure:
        order[i] = linear_sum_assignment(cost[i])[1]
    return renumbered(layout, theta, order)


def _repeats(order: Integers) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Whether each row has repeated values."""
    return np.any(np.diff(np.sort(order, axis=1), axis=1) == 0, axis=1)


def resampled_by_mass(
    draws: Draws, visits: ModeVisits, masses: Floats, rng: np.random.Generator
) -> Draws:
    """Resample draws so that groups of modes occur in proportion to their masses.

    Chains in separate modes give no information on the masses. Each new chain has draws of each
    group in proportion to its mass, evenly spaced over the draws of that group. Draws of a group
    keep their order, and groups alternate at random. The old chains are stored as ``origin``.

    Parameters
    ----------
    draws : Draws
        Draws with their modes.
    visits : ModeVisits
    masses : ndarray, shape (M,)
        Masses of the modes.
    rng : Generator
    """
    group = visits.group[draws.mode].ravel()
    present = np.unique(group)
    fractions = np.array([masses[visits.group == g].sum() for g in present])
    total = group.size
    edges = np.round(np.cumsum(fractions / fractions.sum()) * total).astype(np.int64)
    counts = np.diff(edges, prepend=0)
    chosen = np.empty(total, np.int64)
    slots = rng.permutation(total)
    for g, start, n in zip(present, edges - counts, counts, strict=True):
        members = np.flatnonzero(group == g)
        at = np.sort(slots[start : start + n])
        chosen[at] = members[((np.arange(n) + 0.5) * len(members) / max(n, 1)).astype(np.int64)]
    chain, draw = np.unravel_index(chosen.reshape(draws.mode.shape), draws.mode.shape)
    return replace(
        draws,
        theta=draws.theta[chain, draw],
        mode=draws.mode[chain, draw],
        stats={name: values[chain, draw] for name, values in draws.stats.items()},
        origin=draws,
    )
