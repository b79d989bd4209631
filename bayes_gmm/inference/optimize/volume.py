"""Approximate volume of the posterior at an optimum, so that optima can be compared by mass.

The height of a mode does not determine its mass. The log-posterior is a density of precision
matrices under a hierarchical Wishart prior, and of standard deviations s and Cholesky factors C of
the correlations under `LKJ`. The log volume is that of complete data, with known labels and n_k
rows in component k, up to a constant.

The integral over the weights is exact: sum_k [log Gamma(n_k + alpha_k) - (n_k + alpha_k - 1)
log w_k]. It matters if alpha_k < 1, where the density is unbounded as w_k tends to 0.

With precision matrices it is exact for a given scale matrix of the prior. The density of P_m and of
the means is |P_m|^a exp(-tr(P_m S)) with a = n_m / 2 + c_0 - (d + 1) / 2, at its mode P_m = a / S,
and the integral of the Wishart kernel gives, with r the number of means per matrix,

    sum_k [log |Sigma_k| / 2 - d log(n_k + 1) / 2] + sum_m [-(d + 1) log |Sigma_m| / 2
    + log Gamma_d(a + (d + 1 - r) / 2) - (a + (d + 1 - r) / 2) d log a + a d].

With standard deviations and correlations it is Laplace's approximation if each component has its
own covariance or all share one; if components share some entries, it is less accurate. It is the
sum of

    log |Sigma_k| / 2 - d log(n_k + 1) / 2                      for each component's mean,
    log s - log(n + 1) / 2                                      for each standard deviation,
    sum_i (i + 1) log C_ii - d (d - 1) log(n + b) / 4           for each correlation matrix,

where n is the number of rows that determine the parameter, and b = 2 eta + d - 1 is the number of
rows to which the prior of a correlation is equivalent. This follows from the information
n tr(Sigma^-1 dSigma)^2 / 2 and from |dSigma / d(s, C)| = 2^d prod_i s_i^d C_ii^(d - i). Under flat
priors masses are undefined, and the volume is set to a constant.
"""

from __future__ import annotations

import math

import numpy as np

from bayes_gmm.data.rows import Floats
from bayes_gmm.jit.addresses import compile_for
from bayes_gmm.jit.compiled import compiled
from bayes_gmm.model.density import Density
from bayes_gmm.model.parameters import Layout, unpack
from bayes_gmm.model.prior.constants import constants_of_one
from bayes_gmm.model.structure import Structure


def log_volume(density: Density, theta: Floats) -> float:
    """Approximate log volume of the posterior at theta; 0 under flat priors.

    Parameters
    ----------
    density : Density
    theta : ndarray, shape (p,)
    """
    layout, prior = density.layout, density.prior
    if prior.is_improper:
        return 0.0
    volume = _precision_volume if prior.n_covariances else _scale_volume
    found = volume(
        theta, layout.indices, layout.point(theta), prior, density.rows.total_weight
    )  # fmt: skip
    return float(found)


def compile_volumes() -> None:
    """Compile both volumes without evaluating them."""
    layout, prior = Layout(1, 1, Structure()), constants_of_one()
    theta = np.zeros(layout.size)
    indices, point = layout.indices, layout.point(theta)
    for volume in (_precision_volume, _scale_volume):
        compile_for(volume, theta, indices, point, prior, 1.0)


def log_mode(density: Density, theta: Floats) -> Floats:
    """Approximate mode of the density of theta, from a mode of precision matrices.

    The density of the logarithms of a precision matrix has its mode where the matrix is larger by
    1 + (d + 1) / (2 a). Under priors on scales and correlations theta is returned unchanged.

    Parameters
    ----------
    density : Density
    theta : ndarray, shape (p,)
    """
    layout, prior = density.layout, density.prior
    if not prior.n_covariances:
        return theta
    n = density.rows.total_weight * np.exp(layout.point(theta).log_weights)
    if prior.n_covariances < layout.n_components:
        n = np.full_like(n, n.sum())
    d = layout.n_features
    a = np.array([_mode_power(of, prior.c0, d) for of in n])
    moved = theta.copy()
    log_scales = moved[layout.scales]
    shift = np.broadcast_to(-0.5 * np.log1p(0.5 * (d + 1) / a)[:, None], layout.indices.scale.shape)
    log_scales[layout.indices.scale] = theta[layout.scales][layout.indices.scale] + shift
    moved[layout.scales] = log_scales
    return moved


@compiled()
def _precision_volume(theta, indices, point, prior, total_weight):
    """Log volume of means and precision matrices."""
    unpack(theta, indices, point)
    K, d = point.means.shape
    means_of_each = K // prior.n_covariances
    volume = _weight_volume(point.log_weights, prior, total_weight)
    for k in range(K):
        rows = total_weight * np.exp(point.log_weights[k])
        log_det = 0.0
        for j in range(d):
            log_det += 2.0 * np.log(point.scale_trils[k, j, j])
        volume += 0.5 * log_det - 0.5 * d * np.log(rows + 1.0)
        if means_of_each == 1 or k == 0:
            n = rows if means_of_each == 1 else total_weight
            volume -= 0.5 * (d + 1) * log_det
            volume += _kernel_volume(_mode_power(n, prior.c0, d), d, means_of_each)
    return volume


@compiled()
def _weight_volume(log_weights, prior, total_weight):
    """Log volume of the weights; a component with hardly a hundredth of a row counts as empty."""
    alpha = prior.concentration
    total = total_weight + (alpha - 1.0).sum()
    volume = 0.0
    for k in range(len(alpha)):
        power = np.exp(log_weights[k]) * total  # n + alpha - 1 at the mode
        if alpha[k] < 1.0 and power < 0.01:
            power = alpha[k] - 1.0
        volume += math.lgamma(power + 1.0) - power * log_weights[k]
    return volume


@compiled()
def _mode_power(n, c0, d):
    """Power of the determinant of a precision matrix in its density, with n rows; at least 1/2.

    A component without rows has 1/2 under the default prior.
    """
    return max(0.5 * n + c0 - 0.5 * (d + 1), 0.5)


@compiled()
def _kernel_volume(a, d, n_means):
    """Log of the integral of a Wishart kernel with mode 1, divided by its value at the mode.

    Means are integrated out.
    """
    half = max(a + 0.5 * (d + 1 - n_means), 0.5 * d)
    total = a * d - half * d * np.log(a)
    for j in range(d):
        total += math.lgamma(half - 0.5 * j)
    return total


@compiled()
def _scale_volume(theta, indices, point, prior, total_weight):
    """Log volume of means, standard deviations and Cholesky factors of correlations."""
    unpack(theta, indices, point)
    K, d = point.means.shape
    n_scales, n_corr = indices.scale.max() + 1, indices.corr.max() + 1
    scale_rows, log_scale = np.zeros(n_scales), np.zeros(n_scales)
    corr_rows, log_diagonal = np.zeros(n_corr), np.zeros(n_corr)
    volume = _weight_volume(point.log_weights, prior, total_weight)
    for k in range(K):
        n = total_weight * np.exp(point.log_weights[k])
        volume -= 0.5 * d * np.log(n + 1.0)
        diagonal = 0.0
        for j in range(d):
            s2 = (point.scale_trils[k, j] ** 2).sum()
            log_C = np.log(point.scale_trils[k, j, j]) - 0.5 * np.log(s2)
            volume += 0.5 * np.log(s2) + log_C
            diagonal += (j + 2.0) * log_C
            scale_rows[indices.scale[k, j]] += n
            log_scale[indices.scale[k, j]] = 0.5 * np.log(s2)
        if n_corr:
            corr_rows[indices.corr[k]] += n
            log_diagonal[indices.corr[k]] = diagonal
    volume += (log_scale - 0.5 * np.log(scale_rows + 1.0)).sum()
    counted = prior.corr_exponents[d - 1] + d + 1.0
    return volume + (log_diagonal - 0.25 * d * (d - 1) * np.log(corr_rows + counted)).sum()
