r"""Information of single features about segments, in bits.

With :math:`r_k(x_j)` the probability of segment k given feature j alone, under the marginal mixture
of this feature, the mutual information of the feature and the indicator of the segment is

.. math:: I_{kj} = h(w_k) - \sum_l w_l \, E_{N(\mu_{lj}, \sigma_{lj}^2)} [h(r_k(x_j))],
    \quad h(p) = -p \log_2 p - (1 - p) \log_2 (1 - p)

(Cover & Thomas 2006, section 2.4). It is 0 for a feature that does not distinguish the segment from
the rest, and :math:`h(w_k) \le 1` for a feature that separates it without error. It is the same in
any units, and on the scale of any transformation.
"""

from __future__ import annotations

import numpy as np
from scipy.special import entr

from bayes_gmm.data.rows import Floats
from bayes_gmm.results.profile.settings import INFORMATION, InformationSettings


def binary_entropy(p: Floats) -> Floats:
    """Entropy of an event of probability p, in bits.

    Examples
    --------
    >>> binary_entropy(np.array([0.0, 0.5])).tolist()
    [0.0, 1.0]
    """
    return np.asarray((entr(p) + entr(1.0 - p)) / np.log(2.0))


def segment_bits(
    log_weights: Floats,
    means: Floats,
    sds: Floats,
    settings: InformationSettings = INFORMATION,
) -> tuple[Floats, Floats]:
    """Information of each feature about each segment in each draw, and its upper limit.

    Parameters
    ----------
    log_weights : ndarray, shape (S, K)
    means, sds : ndarray, shape (S, K, d)

    Returns
    -------
    bits : ndarray, shape (S, K, d)
    limit : ndarray, shape (S, K)
        Entropy of the indicator of each segment.

    Examples
    --------
    >>> means = np.array([[[-1.0, 0.0, -9.0], [1.0, 0.0, 9.0]]])
    >>> bits, limit = segment_bits(np.log([[0.5, 0.5]]), means, np.ones((1, 2, 3)))
    >>> bits[0, 0].round(3).tolist(), limit[0].tolist()
    ([0.486, 0.0, 1.0], [1.0, 1.0])
    """
    S, K, d = means.shape
    limit = binary_entropy(np.exp(log_weights))
    bits = np.empty((S, K, d))
    each = max(1, settings.cells_at_once // (K * K * settings.nodes))
    for j in range(d):
        for start in range(0, S, each):
            some = slice(start, start + each)
            left = _remaining(log_weights[some], means[some, :, j], sds[some, :, j], settings)
            bits[some, :, j] = limit[some] - left
    return np.clip(bits, 0.0, limit[..., None]), limit


def _remaining(log_w: Floats, mu: Floats, sd: Floats, settings: InformationSettings) -> Floats:
    """Expected entropy of each segment's indicator given one feature, shape (S, K).

    The trapezoidal rule on standardised nodes is accurate to rounding for smooth integrands.
    """
    z = np.linspace(-settings.reach, settings.reach, settings.nodes)
    mass = np.exp(-0.5 * z**2)
    mass /= mass.sum()
    x = (mu[..., None] + sd[..., None] * z).reshape(len(mu), 1, -1)
    log_p = -0.5 * ((x - mu[..., None]) / sd[..., None]) ** 2
    log_p += (log_w - np.log(sd))[..., None]
    log_p -= log_p.max(axis=1, keepdims=True)
    r = np.exp(log_p, out=log_p)
    r /= r.sum(axis=1, keepdims=True)
    share = (np.exp(log_w)[..., None] * mass).reshape(len(mu), 1, -1)
    return np.asarray((binary_entropy(r) * share).sum(axis=-1))
