"""Coordinates of weights that may vanish.

With a concentration a below 1, the log weight of an empty component has the density exp(a log w),
with a tail 1 / a nats long, while that of a component with n rows has a standard deviation of about
1 / sqrt(n). Samplers need many steps for such different widths, or miss the narrow part. Here the
weights are functions of K numbers t_k,

    log g_k = bend + t_k + 1 - exp(-t_k),    w_k = g_k / sum_l g_l,    log sum_l g_l ~ Normal(0, s),

where the sum is an independent additional variable, so that all components are treated alike. For t
above 0, log g is nearly t. Below 0 it falls so fast that the density exp(a log g) of t is nearly a
Gumbel distribution, with a standard deviation of 1.3 for every a.
"""

from __future__ import annotations

import numpy as np
from scipy.special import wrightomega

from bayes_gmm.data.rows import Floats
from bayes_gmm.jit.compiled import compiled

SPREAD = 0.25
"""s, about the standard deviation of the log weight of a component with rows; weights do not depend
on it."""


def log_shares(bend: float, t: Floats) -> Floats:
    """log g for every t."""
    return np.asarray(bend + t - np.expm1(-t))


def bent_back(bend: float, log_g: Floats) -> Floats:
    """t for every log g, by Wright's function: x = t + 1 - exp(-t), t = x - 1 + omega(1 - x).

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
    """Write the weights in theta; return the log density of xi minus that of theta.

    It is log Normal(log sum g; 0, s) + sum_k log d log g_k / d t_k up to a constant.
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
    """Write the gradient of the weights; return its sum."""
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
