"""Estimates by bridge sampling, with their Monte Carlo errors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from bayes_gmm.data.rows import Floats
from bayes_gmm.inference.evidence.bridge import Span
from bayes_gmm.inference.evidence.settings import BridgeSettings
from bayes_gmm.inference.sampling.draws import longest_length


class Mass(NamedTuple):
    """log of an integral, its standard error, and its effective sample size."""

    log_mass: float
    error: float
    ess: float


Mask = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]


def halves(here: Mask, fewest: int = BridgeSettings.fewest) -> tuple[Mask, Mask]:
    """Two halves of draws that are as independent as possible.

    Chains are sorted by their number of draws and assigned to the halves in turn, so that regions
    that some chains have not visited appear as a difference between the halves. If nearly all draws
    are in one chain, the halves are its earlier and its later draws.

    Parameters
    ----------
    here : ndarray of bool, shape (chains, draws)
        The draws to divide.
    fewest : int
        Number of draws of the second chain below which chains are divided by time.

    Examples
    --------
    >>> [half.sum(axis=1).tolist() for half in halves(np.ones((4, 100), bool))]
    [[100, 0, 100, 0], [0, 100, 0, 100]]
    >>> [half.sum(axis=1).tolist() for half in halves(np.arange(100) < [[90], [2]])]
    [[45, 1], [45, 1]]
    """
    counts = here.sum(axis=1)
    order = np.argsort(-counts, kind="stable")
    first = np.zeros_like(here)
    first[order[::2]] = True
    if len(order) < 2 or counts[order[1]] < min(fewest, counts[order[0]] / 2):
        first = np.cumsum(here, axis=1) <= (counts / 2)[:, None]
    return here & first, here & ~first


def by_chain(values: Floats, kept: Mask) -> list[Floats]:
    """The values of the selected draws, by chain."""
    return [part for part in np.split(values, np.cumsum(kept.sum(axis=1))[:-1]) if len(part)]


def both_ways(one: Mass, other: Mass) -> Mass:
    """Mean of two estimates; its error includes their difference.

    If one of them is unknown, the other is returned.

    Examples
    --------
    >>> both_ways(Mass(-3.0, 0.3, 50.0), Mass(-2.0, 0.4, 40.0))
    Mass(log_mass=-2.5, error=0.5, ess=40.0)
    """
    if not (math.isfinite(one.error) and math.isfinite(other.error)):
        return min(one, other, key=lambda mass: mass.error)
    # Both estimates depend on both halves of the draws, so errors do not average out. The larger
    # counts, because autocorrelation tends to be underestimated from two chains.
    error = max(one.error, other.error, abs(one.log_mass - other.log_mass) / 2)
    middle = (one.log_mass + other.log_mass) / 2
    return Mass(middle, error, min(one.ess, other.ess))


def agreed(one: Mass, other: Mass) -> Mass:
    """Weighted mean of two dependent estimates, by their errors.

    The error of the mean is the smaller of the two errors. It is multiplied by the ratio of the
    difference between the estimates to its expected value, if that is above 1 (Birge 1932).

    Examples
    --------
    >>> mass = agreed(Mass(-3.0, 0.6, 50.0), Mass(-1.0, 0.8, 40.0))
    >>> round(mass.log_mass, 6), mass.error
    (-2.28, 1.2)
    """
    if not (math.isfinite(one.error) and math.isfinite(other.error)):
        return min(one, other, key=lambda mass: mass.error)
    together = math.hypot(one.error, other.error) or 1.0
    share = (other.error / together) ** 2
    middle = share * one.log_mass + (1.0 - share) * other.log_mass
    apart = abs(one.log_mass - other.log_mass) / together
    error = min(one.error, other.error) * max(1.0, apart)
    return Mass(middle, error, max(one.ess, other.ess))


def mass_of_span(
    span: Span,
    of_draws: Sequence[Floats],
    of_proposals: Sequence[Floats] = (),
    settings: BridgeSettings = BridgeSettings(),
) -> Mass:
    """The estimate of a bridge and its error, from the relative errors of both means.

    The error is at least the one that the overlap of both densities implies (see `Span`). It is
    multiplied by sqrt(`firm` / n) if the effective sample size n is below `firm`. If n is below
    `shaky`, the error is the distance to the farther bound of the mass.

    Parameters
    ----------
    span : Span
    of_draws : sequence of ndarray
        log q h by chain, for the autocorrelation.
    of_proposals : sequence of ndarray
        log p h by chain, if proposals are chains too.
    settings : BridgeSettings
    """
    ess = span.ess
    if not math.isfinite(span.log_mass):
        return Mass(span.log_mass, math.inf, ess)
    if ess < settings.shaky:
        apart = span.from_bounds
        return Mass(span.log_mass, apart if apart <= settings.widest else math.inf, ess)
    relative2 = _relative_variance(span.of_draws) * inefficiency(of_draws)
    relative2 += _relative_variance(span.of_proposals) * inefficiency(of_proposals)
    relative2 = max(relative2, span.least_variance)
    # A small effective sample size tends to be overestimated, so the error is increased.
    unsure = math.sqrt(max(1.0, settings.firm / ess))
    return Mass(span.log_mass, unsure * math.sqrt(relative2), ess)


def _relative_variance(log_values: Floats) -> float:
    """Relative variance of the mean of independent values."""
    values = np.exp(log_values - log_values.max())
    return float(values.var() / values.mean() ** 2 / len(values))


def inefficiency(chains: Sequence[Floats]) -> float:
    """Ratio of the number of values in chains to their effective sample size for the mean.

    Parameters
    ----------
    chains : sequence of ndarray
        Logarithms of the values; chains much shorter than others are ignored.
    """
    from arviz_stats.base import array_stats  # type: ignore[attr-defined]

    if not chains:
        return 1.0
    lengths = np.array([len(chain) for chain in chains])
    length = longest_length(lengths)
    if length < 4:
        return 1.0
    logs: Floats = np.array([chain[:length] for chain in chains if len(chain) >= length])
    values = np.exp(logs - logs.max())
    if np.ptp(values) == 0.0:
        return 1.0
    ess = float(array_stats.ess(values, chain_axis=0, draw_axis=1, method="mean"))
    return max(1.0, float(values.size) / ess)
