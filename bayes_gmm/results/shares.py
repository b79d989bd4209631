r"""Probabilities of models by their evidence, and what its Monte-Carlo error makes of them.

.. math:: p_i = \frac{\pi_i e^{z_i}}{\sum_j \pi_j e^{z_j}}, \quad
    \mathrm{Var}\, P_g = \sum_i p_i^2 s_i^2 \, (1[i \in g] - P_g)^2, \quad P_g = \sum_{i \in g} p_i,

for log evidences z with independent errors s, prior probabilities pi and a group g of models.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bayes_gmm.data.rows import Floats


def shares(log_evidence: Floats, prior: Floats) -> Floats:
    """The p above; NaN where there is no evidence.

    Examples
    --------
    >>> shares(np.array([0.0, np.log(3.0), np.nan]), np.array([0.5, 0.5, 0.5])).round(3)
    array([0.25, 0.75,  nan])
    """
    known = np.isfinite(log_evidence)
    p = np.full(len(known), np.nan)
    if np.any(known & (prior > 0.0)):
        with np.errstate(divide="ignore"):
            log_p = log_evidence[known] + np.log(prior[known])
        weights = np.exp(log_p - log_p.max())
        p[known] = weights / weights.sum()
    return p


def share_errors(p: Floats, error: Floats, groups: npt.NDArray[np.generic]) -> Floats:
    """Standard error of the probability of each group, by rising group.

    NaN where an error that counts is not known, infinite where one is.

    Examples
    --------
    >>> p, error = np.array([0.5, 0.3, 0.2]), np.array([0.1, 0.1, 0.1])
    >>> share_errors(p, error, np.array([1, 2, 2])).round(4)
    array([0.0308, 0.0308])
    """
    counts = p > 0.0  # not where it is NaN
    spread = p[counts] * error[counts]
    names = np.unique(groups)
    if np.isinf(spread).any():
        found = np.full(len(names), np.inf)
    else:
        member = groups[counts] == names[:, None]
        gap = member - (member @ p[counts])[:, None]
        found = np.sqrt(np.sum((spread * gap) ** 2, axis=1))
    known = (~np.isnan(p) & (groups == names[:, None])).any(axis=1)
    return np.where(known, found, np.nan)
