r"""Posterior probabilities of models, and their uncertainty by Monte Carlo.

.. math:: p_i = \frac{\pi_i e^{z_i}}{\sum_j \pi_j e^{z_j}}

for log evidences z and prior probabilities pi. Estimates of z with standard errors s make p
uncertain. The intervals here are quantiles of p under independent :math:`z_i' \sim N(z_i, s_i^2)`.
Unlike p plus or minus a standard error, they lie between 0 and 1 for every s.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from bayes_gmm.data.rows import Floats
from bayes_gmm.results.draw_statistics import central_interval

LARGE = 1e8
"""Replaces an infinite error: the probability of the model may be anything between 0 and 1."""


class Intervals(NamedTuple):
    """Bounds of probabilities; NaN if no error is known."""

    lower: Floats
    upper: Floats


def probabilities(log_evidence: Floats, prior: Floats) -> Floats:
    """Posterior probabilities p_i of models; NaN for models without evidence.

    Examples
    --------
    >>> log_evidence = np.array([0.0, np.log(3.0), np.nan])
    >>> probabilities(log_evidence, np.array([0.5, 0.5, 0.5])).round(3)
    array([0.25, 0.75,  nan])
    """
    known = np.isfinite(log_evidence)
    p = np.full(len(known), np.nan)
    if np.any(known & (prior > 0.0)):
        with np.errstate(divide="ignore"):
            p[known] = softmax(log_evidence[known] + np.log(prior[known]))
    return p


def probability_intervals(
    p: Floats,
    errors: Floats,
    groups: npt.NDArray[np.generic],
    *,
    mass: float = 0.94,
    n_simulated: int = 4000,
) -> Intervals:
    """Equal-tailed intervals of the probability of each group of models, by increasing group.

    Parameters
    ----------
    p : ndarray, shape (n,)
        Probabilities of models; NaN for those without evidence, which are left out.
    errors : ndarray, shape (n,)
        Standard errors of their log evidences: NaN if unknown, infinite if the estimate gives no
        information.
    groups : ndarray, shape (n,)
        The group of each model.
    mass : float
        Probability within an interval.
    n_simulated : int
        Simulated vectors z', from a fixed seed.

    Examples
    --------
    >>> p, groups = np.array([0.5, 0.3, 0.2]), np.array([1, 2, 2])
    >>> probability_intervals(p, np.array([0.1, 0.1, 0.1]), groups).lower.round(2)
    array([0.44, 0.44])
    >>> probability_intervals(p, np.array([7.0, 7.0, 7.0]), groups).upper.round(2)
    array([1., 1.])
    """
    names = np.unique(groups)
    counts = p > 0.0  # False where p is NaN
    member = groups[counts] == names[:, None]
    known = (~np.isnan(p) & (groups == names[:, None])).any(axis=1)
    if not counts.any() or np.isnan(errors[counts]).any():
        unknown = np.full(len(names), np.nan)
        return Intervals(unknown, unknown)
    noise = np.random.default_rng(0).standard_normal((n_simulated, int(counts.sum())))
    z = np.log(p[counts]) + noise * np.minimum(errors[counts], LARGE)
    simulated = softmax(z, axis=1) @ member.T
    point = member @ p[counts]
    lower, upper = central_interval(simulated, mass, axis=0)
    return Intervals(
        np.where(known, np.minimum(lower, point), np.nan),
        np.where(known, np.maximum(upper, point), np.nan),
    )
