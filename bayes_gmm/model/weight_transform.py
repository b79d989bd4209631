"""Weights that may vanish, in coordinates that do not run away.

With a concentration a below 1 the log weight of an empty component has the density exp(a log w):
its tail is 1 / a nats long, while that of one with n rows is known to 1 / sqrt(n). Samplers that
go from one to the other need many steps, or miss what is narrow. Here weights are K numbers t_k,

    log g_k = bend + t_k + 1 - exp(-t_k),    w_k = g_k / sum_l g_l,    log sum_l g_l ~ Normal(0, s),

where the sum is a variable of its own, independent of all others: no component is the one that the
others are measured by, and may yet be emptied. Above 0, log g is nearly t; below it falls so fast
that exp(a log g) is in t about a Gumbel distribution, 1.3 wide whatever a is.
"""

from __future__ import annotations

import numpy as np
from scipy.special import wrightomega

from bayes_gmm.data.rows import Floats
from bayes_gmm.jit.compiled import compiled

SPREAD = 0.25
"""s, of no consequence for the weights: about what the log of one with rows is known to."""


def log_shares(bend: float, t: Floats) -> Floats:
    """The log g of every t."""
    return np.asarray(bend + t - np.expm1(-t))


def bent_back(bend: float, log_g: Floats) -> Floats:
    """The t of every log g, by Wright's function: x = t + 1 - exp(-t), t = x - 1 + omega(1 - x).

    Examples
    --------
    >>> bent_back(-3.0, log_shares(-3.0, np.array([-5.0, 0.0, 4.0]))).round(12)
    array([-5.,  0.,  4.])
    """
    x = log_g - bend
    return np.asarray(x - 1.0 + wrightomega(1.0 - x))


@compiled(from_python=False)
def _log_g(bend, t):
    return bend + t - np.expm1(-t)


@compiled(from_python=False)
def _log_sum_g(bend, n_bent, xi):
    largest = _log_g(bend, xi[0])
    for k in range(1, n_bent):
        largest = max(largest, _log_g(bend, xi[k]))
    total = 0.0
    for k in range(n_bent):
        total += np.exp(_log_g(bend, xi[k]) - largest)
    return largest + np.log(total)


@compiled(from_python=False)
def bend_weights(bend, n_bent, xi, theta):
    """Fill in the weights' part of theta; returns what the density in xi has beside theta's.

    That is log Normal(log sum g; 0, s) + sum_k log d log g_k / d t_k but for a constant.
    """
    if n_bent == 0:
        return 0.0
    mean, stretch = 0.0, 0.0
    for k in range(n_bent):
        mean += _log_g(bend, xi[k]) / n_bent
        stretch += np.log1p(np.exp(-abs(xi[k]))) + max(-xi[k], 0.0)
    for k in range(n_bent - 1):
        theta[k] = _log_g(bend, xi[k]) - mean
    return stretch - 0.5 * (_log_sum_g(bend, n_bent, xi) / SPREAD) ** 2


@compiled(from_python=False)
def unbend_slope(bend, n_bent, xi, slope, gradient):
    """Fill in the weights' part of the gradient; returns its sum."""
    if n_bent == 0:
        return 0.0
    log_sum, mean, total = _log_sum_g(bend, n_bent, xi), 0.0, 0.0
    for k in range(n_bent - 1):
        mean += slope[k] / n_bent
    for k in range(n_bent):
        share = np.exp(_log_g(bend, xi[k]) - log_sum)
        pull = -mean - share * log_sum / SPREAD**2
        if k < n_bent - 1:
            pull += slope[k]
        gradient[k] = (1.0 + np.exp(-xi[k])) * pull - 1.0 / (1.0 + np.exp(xi[k]))
        total += gradient[k]
    return total
