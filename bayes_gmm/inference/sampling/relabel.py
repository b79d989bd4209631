r"""Relabelling: number the components of every draw like those of its mode.

The likelihood of a mixture does not depend on the numbers of its components, so a sampler may
permute them in every draw (Stephens 2000). Each draw :math:`\theta` is renumbered by the
permutation :math:`\tau` of least Kullback-Leibler divergence from the mode,

.. math:: \min_\tau \mathrm{KL}\{ p^*(z, x) \,\|\, p(z, x \mid \theta_\tau) \}
    = \mathrm{const} + \min_\tau \sum_l c_{\tau(l)\, l}, \quad
    c_{jl} = w^*_l \{ \tfrac12 |M_j^{-1}(\mu^*_l - \mu_j)|^2 + \tfrac12 |M_j^{-1} M^*_l|^2_F
    + \log |M_j| - \log w_j \},

where z is the component of a row, x its values, and the star denotes the mode. This minimises the
loss of Stephens (2000, section 4), with the distribution of the complete data instead of that of
the allocations, by linear assignment. The pivot is fixed, as for equivalence class
representatives (ECR: Papastamoulis & Iliopoulos 2010): the n w*_l rows of the l-th component of the
mode are assigned to the component of the draw with the largest likelihood. Therefore:

* No rows are used, so the cost does not depend on the number of rows, and small segments are not
  lost in a subsample. All parameters of a component count: the rule separates ellipses that cross
  at one mean, overlapping components with uncertain memberships, and empty components (with w*_l
  nearly 0).
* The rule depends on the data and the mode alone, not on other draws: renumbered draws are draws
  from the posterior restricted to one of its K! identical parts, and a parameter drawn from the
  prior is numbered by the same rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.special import expit

from bayes_gmm.data.rows import Floats, Integers
from bayes_gmm.inference.sampling.draws import Draws, thinning
from bayes_gmm.inference.sampling.settings import RelabelSettings
from bayes_gmm.jit.threads import one_blas_thread
from bayes_gmm.model.mixture import Mixture
from bayes_gmm.model.parameters import Layout
from bayes_gmm.model.points import Points, renumbered


@dataclass(frozen=True, eq=False)
class Relabelling:
    """Relabelling of draws.

    Attributes
    ----------
    order : ndarray of int, shape (chain, draw, K)
        ``order[c, s, k]`` is the number that component k had in draw s of chain c.
    confusion : ndarray, shape (K, K)
        For each pair, the probability that the two are swapped in a draw: 0 if the posterior
        separates them, 1/2 if they are interchangeable (see `confusion`).
    """

    order: Integers
    confusion: Floats

    @property
    def fraction_permuted(self) -> float:
        """Fraction of draws whose labels were changed."""
        return float(np.mean(np.any(self.order != np.arange(self.order.shape[-1]), axis=-1)))

    @property
    def ambiguity(self) -> float:
        """The largest confusion of any two components; 0 for a single one."""
        return float(self.confusion.max(initial=0.0))

    def ambiguous_pairs(
        self, empty: Sequence[bool] = (), settings: RelabelSettings = RelabelSettings()
    ) -> list[tuple[int, int]]:
        """Pairs of components with ambiguous labels, the worst first.

        Pairs with an `empty` component are left out.
        """
        counted = ~np.asarray(empty, bool) if len(empty) else np.ones(len(self.confusion), bool)
        ambiguous = (np.triu(self.confusion, 1) > settings.ambiguous) & np.outer(counted, counted)
        rows, columns = np.nonzero(ambiguous)
        worst = np.argsort(-self.confusion[rows, columns], kind="stable")
        return [(int(rows[i]), int(columns[i])) for i in worst]


def relabel(
    draws: Draws,
    references: Sequence[Mixture],
    rho2: Floats,
    settings: RelabelSettings = RelabelSettings(),
) -> tuple[Floats, Relabelling]:
    """Number the components of each draw like those of the mode to which it belongs.

    Parameters
    ----------
    draws : Draws
    references : sequence of Mixture
        The modes to which ``draws.mode`` refers, in standardised units, with consistent labels.
    rho2 : ndarray, shape (d,)
        Variance of the recording error of each feature in the density of the draws.
    settings : RelabelSettings

    Returns
    -------
    theta : ndarray, shape (chain, draw, layout.size)
        The draws, renumbered.
    Relabelling

    Examples
    --------
    >>> from bayes_gmm.model.structure import Structure
    >>> layout = Layout(2, 1, Structure.parse("full"))
    >>> low_first = [0.0, -1.0, 1.0, -1.0, -1.0]
    >>> high_first = [0.0, 1.1, -0.9, -1.0, -1.0]
    >>> draws = Draws(np.array([[low_first, high_first]]), layout, np.array([[0, 0]]))
    >>> mode = Mixture([0.5, 0.5], [[-1.0], [1.0]], 0.1 * np.ones((2, 1, 1)))
    >>> theta, done = relabel(draws, [mode], np.zeros(1))
    >>> theta[0, :, layout.means].tolist(), done.fraction_permuted
    ([[-1.0, 1.0], [-0.9, 1.1]], 0.5)
    """
    layout, mode = draws.layout, draws.mode.ravel()
    flat = draws.theta.reshape(-1, layout.size)
    order = np.empty((len(flat), layout.n_components), np.int64)
    with one_blas_thread():
        for m in np.unique(mode):
            of_mode = np.flatnonzero(mode == m)
            order[of_mode] = best_orders(layout, flat[of_mode], references[m], rho2, settings)
        flat = renumbered(layout, flat, order)
        within = _confusion_within_modes(layout, flat, mode, settings)
    done = Relabelling(order.reshape(*draws.mode.shape, -1), within)
    return flat.reshape(draws.theta.shape), done


def best_orders(
    layout: Layout,
    theta: Floats,
    reference: Mixture,
    rho2: Floats,
    settings: RelabelSettings = RelabelSettings(),
) -> Integers:
    """The permutation of each draw (n, p) that is nearest to the reference, shape (n, K)."""
    K, d = layout.n_components, layout.n_features
    orders = np.empty((len(theta), K), np.int64)
    step = max(1, settings.cells_at_once // (K * d * (K + 2 * d)))
    for start in range(0, len(theta), step):
        chunk = slice(start, start + step)
        cost = _costs(Points.of(layout, theta[chunk]), reference, rho2, settings.smallest_weight)
        orders[chunk] = _assignments(cost)
    return orders


def _costs(points: Points, reference: Mixture, rho2: Floats, least: float) -> Floats:
    """c_jl of the module's formula for each draw, shape (n, K, K)."""
    d = points.means.shape[-1]
    L = points.scale_trils
    M = np.linalg.cholesky(L @ L.mT + np.diag(rho2))
    M_inverse = np.linalg.solve(M, np.broadcast_to(np.eye(d), M.shape))
    gap = reference.means - points.means[:, :, None, :]
    distance = (np.einsum("njab,njlb->njla", M_inverse, gap) ** 2).sum(axis=-1)
    precision = (M_inverse.mT @ M_inverse).reshape(*M.shape[:2], d * d)
    V = reference.covariances + np.diag(reference.resolution**2 / 12.0)
    spread = precision @ V.reshape(-1, d * d).T
    log_det = np.log(np.diagonal(M, axis1=2, axis2=3)).sum(axis=-1)
    surprise = 0.5 * (distance + spread) + (log_det - points.log_weights)[:, :, None]
    return np.asarray(np.maximum(reference.weights, least) * surprise)


def _assignments(cost: Floats) -> Integers:
    """The permutation of least cost for each draw, shape (n, K).

    No assignment problem is solved if the least entries of the columns are in different rows.
    """
    K = cost.shape[1]
    orders = cost.argmin(axis=1)
    contested = np.any(np.sort(orders, axis=1) != np.arange(K), axis=1)
    for i in np.flatnonzero(contested):
        rows, columns = linear_sum_assignment(cost[i])
        orders[i, columns] = rows
    return orders


def _confusion_within_modes(
    layout: Layout, theta: Floats, mode: Integers, settings: RelabelSettings
) -> Floats:
    """Mean of the confusions of the modes, weighted by their numbers of draws."""
    K = layout.n_components
    total = np.zeros((K, K))
    for m in np.unique(mode):
        of_mode = theta[mode == m]
        thinned = of_mode[:: thinning(len(of_mode), settings.confusion_draws)]
        if len(thinned) >= max(settings.fewest_draws, 3 * layout.size // K):
            confused = confusion(Points.of(layout, thinned), settings.confusion_steps)
            total += len(of_mode) / len(theta) * confused
    return total


def confusion(points: Points, steps: int = RelabelSettings.confusion_steps) -> Floats:
    r"""Probability that two components are swapped, shape (K, K).

    Let :math:`\delta` be the difference between components k and l in log weights, means, log
    standard deviations and correlations; exchanging their numbers changes its sign. Over posterior
    draws it is modelled as :math:`\tfrac12 N(m, V) + \tfrac12 N(-m, V)`, whose second moment
    M = V + mm' does not depend on the numbering. A draw is exchanged with the probability

    .. math:: P = 1 / \{1 + \exp(2 m' V^{-1} \delta)\},  \qquad  m = \mathrm{E}[(1 - 2P) \delta],

    solved by EM from P = 0, the given numbering (probabilistic relabelling: Sperrin, Jaki & Wit
    2010). The mean of P over draws is 0.03 if the two numberings are four standard deviations
    apart, 0.15 at two, where the density is no longer bimodal, and tends to 1/2 if the components
    are indistinguishable.

    Parameters
    ----------
    points : Points
        Parameters of renumbered draws, shape (n,).
    steps : int
        Maximum number of EM steps.
    """
    phi = _coordinates(points)
    K = phi.shape[1]
    result = np.zeros((K, K))
    for k in range(K):
        for l in range(k):
            result[k, l] = result[l, k] = _pair_confusion(phi[:, k] - phi[:, l], steps)
    return result


def _coordinates(points: Points) -> Floats:
    """Features of components in n draws, shape (n, K, 1 + 2 d + d (d - 1) / 2).

    Correlations are Fisher-transformed, because their draws accumulate at -1 and 1.
    """
    d = points.means.shape[2]
    rows, columns = np.tril_indices(d, -1)
    C = points.corr_chol
    correlations = np.clip((C @ C.mT)[..., rows, columns], -1 + 1e-12, 1 - 1e-12)
    return np.concatenate(
        [points.log_weights[..., None], points.means, np.log(points.scales)]
        + [np.arctanh(correlations)] * (d > 1),
        axis=-1,
    )


def _pair_confusion(delta: Floats, steps: int) -> float:
    u = _whitened(delta)
    m = u.mean(axis=0)
    before = 0.0
    for _ in range(steps):
        P = expit(-2.0 * (u @ m) / max(1.0 - float(m @ m), 1e-12))
        now = float(P.mean())
        if now < 1e-9 or abs(now - before) < 1e-5:
            break
        before = now
        m = ((1.0 - 2.0 * P) @ u) / len(u)
    return min(now, 0.5)


def _whitened(delta: Floats) -> Floats:
    """Draws of the difference without constant coordinates, scaled to the second moment I."""
    delta = delta[:, np.any(delta != 0.0, axis=0)]
    delta = delta / np.sqrt(np.square(delta).mean(axis=0))
    moment = delta.T @ delta / len(delta)
    values, vectors = np.linalg.eigh(moment)
    kept = values > 1e-10 * values[-1:].max(initial=0.0)
    return np.asarray(delta @ (vectors[:, kept] / np.sqrt(values[kept])))
