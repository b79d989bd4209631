"""Approximate volume of the posterior at an optimum, so that optima can be compared by mass.

Under a hierarchical Wishart prior the log-posterior is the density of precision matrices. It is
lower for narrower components, so heights of modes do not show their masses. With known labels and
n_k rows in component k, the log volume in Laplace's approximation is, up to a constant,

    sum_k [log |Sigma_k| / 2 - d log(n_k + 1) / 2]
    - sum_m [(d + 1) log |Sigma_m| / 2 + d (d + 1) log(a_m) / 4]

where m runs over the free covariance matrices, n_m is the number of rows that determine each, and
a_m = n_m / 2 + c_0 - (d + 1) / 2. Under priors on scales and correlations (`LKJ`) the volume is
taken as constant, so heights are compared.
"""

from __future__ import annotations

import numpy as np

from bayes_gmm.data.rows import Floats
from bayes_gmm.jit.compiled import compiled
from bayes_gmm.model.density import Density
from bayes_gmm.model.parameters import unpack


def log_volume(density: Density, theta: Floats) -> float:
    """Approximate log volume of the posterior at theta; 0 under priors on scales and correlations.

    Parameters
    ----------
    density : Density
    theta : ndarray, shape (p,)
    """
    if not density.prior.n_covariances:
        return 0.0
    layout, point = density.layout, density.layout.point(theta)
    found = _log_volume(
        theta, layout.indices, point, density.prior.n_covariances, density.prior.c0,
        density.rows.total_weight,
    )  # fmt: skip
    return float(found)


@compiled()
def _log_volume(theta, indices, point, n_covariances, c0, total_weight):
    unpack(theta, indices, point)
    K, d = point.means.shape
    least = 0.5  # a_m of a component without rows under the default prior
    volume, log_det = 0.0, 0.0
    for k in range(K):
        n = total_weight * np.exp(point.log_weights[k])
        log_det = 0.0
        for j in range(d):
            log_det += 2.0 * np.log(point.scale_trils[k, j, j])
        volume += 0.5 * log_det - 0.5 * d * np.log(n + 1.0)
        if n_covariances == K:
            a = max(0.5 * n + c0 - 0.5 * (d + 1), least)
            volume -= 0.5 * (d + 1) * log_det + 0.25 * d * (d + 1) * np.log(a)
    if n_covariances < K:
        a = max(0.5 * total_weight + c0 - 0.5 * (d + 1), least)
        volume -= 0.5 * (d + 1) * log_det + 0.25 * d * (d + 1) * np.log(a)
    return volume
