"""Bhattacharyya distances between the components of mixtures."""

from __future__ import annotations

import numpy as np

from bayes_gmm.data.rows import Floats


def bhattacharyya(
    means: Floats, covariances: Floats, other_means: Floats, other_covariances: Floats
) -> Floats:
    r"""Distance of each of K Gaussians to each of L others, shape (K, L); the same in any units.

    .. math:: D = \tfrac18 (\mu_1 - \mu_2)' \Sigma^{-1} (\mu_1 - \mu_2)
        + \tfrac12 \log \frac{|\Sigma|}{\sqrt{|\Sigma_1| |\Sigma_2|}}, \quad
        \Sigma = (\Sigma_1 + \Sigma_2) / 2

    (Bhattacharyya 1943).

    Examples
    --------
    >>> one, two = np.array([[0.0]]), np.array([[0.0], [4.0]])
    >>> bhattacharyya(one, np.ones((1, 1, 1)), two, np.ones((2, 1, 1))).tolist()
    [[0.0, 2.0]]
    """
    gaps = means[:, None] - other_means
    middle = (covariances[:, None] + other_covariances) / 2.0
    along = (gaps * np.linalg.solve(middle, gaps[..., None])[..., 0]).sum(axis=-1)
    log_det, other, log_middle = (
        np.linalg.slogdet(V)[1] for V in (covariances, other_covariances, middle)
    )
    return np.asarray(along / 8.0 + (log_middle - (log_det[:, None] + other) / 2.0) / 2.0)
