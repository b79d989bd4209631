"""The curvature in one pass over the rows is that of differences."""

import numpy as np
import pytest
from example_tables import random_table

from bayes_gmm.data.memory import MemoryRows
from bayes_gmm.data.standardize import Standardizer
from bayes_gmm.inference.optimize.hessian import hessian, hessian_cost, pass_cost
from bayes_gmm.inference.optimize.settings import HessianSettings
from bayes_gmm.inference.optimize.whitening import Whitening
from bayes_gmm.model.density import Density
from bayes_gmm.model.parameters import Layout
from bayes_gmm.model.prior import Prior
from bayes_gmm.model.structure import Structure


def density_of(X, K, structure=None, weights=None, threads=1):
    d = X.shape[1]
    rows = MemoryRows.from_matrix(X, Standardizer.identity(d), weights, threads=threads)
    layout = Layout(K, d, structure or Structure())
    return Density(rows, layout, Prior().constants(K, d, layout.structure), np.full(d, 0.01))


def both_ways(density, theta, *, jacobian=False):
    whitening = Whitening(density, theta)
    return [
        hessian(
            density, theta, whitening, jacobian=jacobian,
            settings=HessianSettings(cost_without_rows=cost),
        )
        for cost in (np.inf, 0.0)
    ]  # fmt: skip


@pytest.mark.parametrize("jacobian", [False, True])
def test_one_pass_is_enough(structure, jacobian):
    X = random_table(0, 700, 3)
    density = density_of(X, 3, structure, weights=np.random.default_rng(1).uniform(0.5, 2, 700))
    theta = 0.3 * np.random.default_rng(2).normal(size=density.layout.size)
    differences, in_one = both_ways(density, theta, jacobian=jacobian)
    np.testing.assert_allclose(in_one, differences, atol=1e-5 * np.abs(differences).max())


@pytest.mark.parametrize("d", [1, 5])
@pytest.mark.parametrize("K", [1, 4])
def test_of_any_size(d, K):
    density = density_of(random_table(3, 900, d), K, threads=3)
    theta = 0.3 * np.random.default_rng(4).normal(size=density.layout.size)
    differences, in_one = both_ways(density, theta)
    np.testing.assert_allclose(in_one, differences, atol=1e-5 * np.abs(differences).max())


def test_rows_with_missing_cells_take_differences():
    density = density_of(random_table(5, 400, 2, missing=0.1), 2)
    theta = 0.3 * np.random.default_rng(6).normal(size=density.layout.size)
    differences, again = both_ways(density, theta)
    np.testing.assert_array_equal(differences, again)


def test_one_pass_is_taken_where_it_costs_less():
    X = random_table(7, 20_000, 4)
    many, few = density_of(X, 6), density_of(X[:100], 6)
    assert hessian_cost(many) < 2 * many.layout.size * pass_cost(many)
    assert hessian_cost(few) == 2 * few.layout.size * pass_cost(few)
