"""One component fewer, or more: the change of variables, and what it says of the evidence."""

import numpy as np
import pytest

from bayes_gmm.data.feature_matrix import feature_matrix
from bayes_gmm.inference.evidence.bayes_factor import added, removed, without_one
from bayes_gmm.model.parameters import Layout
from bayes_gmm.model.points import renumbered
from bayes_gmm.model.prior import LKJ, LogNormal, Prior
from bayes_gmm.model.structure import Structure
from bayes_gmm.model.table_density import density_of_table

LAYOUTS = [
    Layout(K, d, structure) for K, d in ((2, 1), (2, 3), (4, 2)) for structure in Structure.all()
]


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda each: f"{each.structure.name}-{each.size}")
def test_what_is_removed_can_be_added_again(layout):
    theta = np.random.default_rng(0).normal(size=(3, layout.size))
    for k in range(layout.n_components):
        rest, extra = removed(layout, theta, k)
        last = np.r_[np.delete(np.arange(layout.n_components), k), k]
        np.testing.assert_allclose(added(layout, rest, extra), renumbered(layout, theta, last))
        odds = np.exp(extra[:, 0])
        weights = np.exp([layout.point(x).log_weights[k] for x in theta])
        np.testing.assert_allclose(odds / (1.0 + odds), weights)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda each: f"{each.structure.name}-{each.size}")
def test_volumes_change_by_what_the_density_counts(layout):
    """|d theta / d (theta_-k, e_k)| = (K - 1) / K: K terms of equal weight 1 / (K - 1)."""
    K = layout.n_components
    rest, extra = removed(layout, np.random.default_rng(1).normal(size=(1, layout.size)), 0)
    x, n_rest, step = np.r_[rest[0], extra[0]], rest.shape[1], 1e-5

    def whole(x):
        return added(layout, x[None, :n_rest], x[None, n_rest:])[0]

    J = [(whole(x + step * e) - whole(x - step * e)) / (2 * step) for e in np.eye(layout.size)]
    assert abs(np.linalg.det(J)) == pytest.approx((K - 1) / K, rel=1e-6)


@pytest.mark.parametrize("structure", Structure.all(), ids=lambda each: each.name)
def test_the_smaller_posterior_keeps_the_priors_of_the_others(structure):
    """That of two components, but for the median scale under LKJ, which is that of three."""
    X = np.random.default_rng(2).normal(size=(10, 2))
    density, _ = density_of_table(feature_matrix(X), 3, structure=structure, prior=Prior())
    fewer = without_one(density)
    separate = LKJ(scales=LogNormal(3 ** (-1 / 2)))
    covariances = None if structure.n_covariances(3, 2) else separate
    by_itself, _ = density_of_table(
        feature_matrix(X), 2, structure=structure, prior=Prior(covariances=covariances)
    )
    theta = np.random.default_rng(3).normal(size=fewer.layout.size)
    assert fewer.log_posterior(theta, jacobian=True) == pytest.approx(
        by_itself.log_posterior(theta, jacobian=True), rel=1e-12
    )
