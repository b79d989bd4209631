"""Neighbours in a grid help each other, and no cell is worse for it."""

from itertools import pairwise

import numpy as np
import pytest
from example_tables import random_table, three_groups

import bayes_gmm.inference.modes.grid_search as sweep_module
import bayes_gmm.inference.modes.multistart as search_module
from bayes_gmm.data.feature_matrix import feature_matrix
from bayes_gmm.inference.modes.grid import Cell
from bayes_gmm.inference.modes.grid_search import GridSearch
from bayes_gmm.inference.modes.modes import modes_from
from bayes_gmm.inference.modes.multistart import find_modes, search
from bayes_gmm.inference.modes.row_sample import Sample
from bayes_gmm.inference.modes.splits import merges, splits
from bayes_gmm.model.density import Density
from bayes_gmm.model.parameters import Layout
from bayes_gmm.model.prior import Prior
from bayes_gmm.model.structure import Structure
from bayes_gmm.results.fit.prepared_table import PreparedTable

FULL, TIED, DIAG = Structure(), Structure.parse("tied"), Structure.parse("diag")


def swept(X, Ks, structures=(FULL,), prior=None, seed=0, resolution="auto", **options):
    table = PreparedTable.of(feature_matrix(X), None, most_parameters=100, resolution=resolution)
    prior = prior or Prior()
    cells = [Cell(K, s) for K in Ks for s in structures]
    densities = {cell: table.density_of(*cell, prior) for cell in cells}
    grid = GridSearch(densities, table.sample, np.random.default_rng(seed), **options)
    steps = list(grid.steps())
    up = sorted(cells, key=lambda cell: cell.n_components)
    assert steps == up + sorted(cells, key=lambda cell: -cell.n_components)
    return grid, densities, table.sample


def heights(grid, densities, sample):
    return {
        cell: max(m.log_posterior for m in modes_from(densities[cell], sample, runs))
        for cell, runs in grid.found.items()
    }


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("table", ["groups", "cloud"])
def test_no_cell_is_worse_than_a_search_of_its_own(table, seed):
    X = three_groups() if table == "groups" else random_table(4, 300, 2)
    grid, densities, sample = swept(X, range(1, 6), (FULL, TIED), seed=seed)
    ours = heights(grid, densities, sample)
    rng = np.random.default_rng(seed)
    worse = [
        cell
        for cell, density in densities.items()
        if ours[cell] < max(m.log_posterior for m in find_modes(density, sample, rng)) - 1e-2
    ]
    assert len(worse) <= 0.1 * len(densities), worse


@pytest.mark.slow
def test_more_components_and_richer_structures_fit_better_where_nothing_is_charged():
    X = random_table(2, 400, 2)
    grid, densities, sample = swept(
        X, range(1, 6), (FULL, TIED, DIAG), prior=Prior.flat(), resolution=0.5
    )
    ours = heights(grid, densities, sample)
    for structure in (FULL, TIED, DIAG):
        for few, many in pairwise(range(1, 6)):
            assert ours[Cell(many, structure)] > ours[Cell(few, structure)] - 1e-6
    for K in range(1, 6):
        assert ours[Cell(K, FULL)] > max(ours[Cell(K, TIED)], ours[Cell(K, DIAG)]) - 1e-6


def test_splits_find_what_a_fresh_start_misses(monkeypatch):
    """A 3 x 3 grid of groups: one start of 9 misses some, one split after the other does not."""
    rng = np.random.default_rng(0)
    corners = np.array([[x, y] for x in range(3) for y in range(3)])
    X = (8.0 * corners[:, None] + rng.normal(size=(9, 40, 2))).reshape(-1, 2)
    for module in (search_module, sweep_module):
        monkeypatch.setattr(
            module, "improved", lambda density, sample, runs, *more, **options: list(runs)
        )
    monkeypatch.setattr(search_module, "group_starts", lambda *arguments: [])
    chain = [swept(X, range(1, 10), seed=seed, n_init=1)[0] for seed in range(3)]
    monkeypatch.setattr(search_module, "splits", lambda *arguments: [])
    alone = [swept(X, [9], seed=seed, n_init=1)[0] for seed in range(12)]
    cell = Cell(9, FULL)
    best = max(grid.found[cell][0].log_posterior for grid in chain)
    assert min(grid.found[cell][0].log_posterior for grid in chain) > best - 0.1
    assert min(grid.found[cell][0].log_posterior for grid in alone) < best - 10.0


def test_same_seed_same_optima():
    X = random_table(1, 1500, 2)
    one, other = (swept(X, (2, 3), (FULL, DIAG), seed=3)[0] for _ in range(2))
    for cell, runs in one.found.items():
        for a, b in zip(runs, other.found[cell], strict=True):
            np.testing.assert_array_equal(a.theta, b.theta)


def test_gaps_in_k_are_no_neighbours():
    grid, *_ = swept(three_groups(), (1, 4))
    assert sorted(cell.n_components for cell in grid.found) == [1, 4]


@pytest.fixture(scope="module")
def optimum():
    X = three_groups()
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    sample = Sample.of(X)
    density = Density(sample.rows, Layout(3, 3, FULL), Prior().constants(3, 3), np.zeros(3))
    return density, sample, search(density, sample, np.random.default_rng(0))[0]


class TestSeeds:
    """What neighbours give: merges keep all rows and their moments, splits the other components."""

    def test_merges(self, optimum):
        density, sample, run = optimum
        point = density.layout.point(run.theta)
        w = np.exp(point.log_weights)
        second = point.scale_trils @ point.scale_trils.mT
        second = second + point.means[:, :, None] * point.means[:, None, :]
        for merged in merges(density, sample, run):
            assert merged.n.shape == (2,)
            share = merged.n / merged.n.sum()
            np.testing.assert_allclose(share @ merged.means, w @ point.means)
            again = merged.covariances + merged.means[:, :, None] * merged.means[:, None, :]
            np.testing.assert_allclose(
                np.tensordot(share, again, 1), np.tensordot(w, second, 1), atol=1e-12
            )

    def test_the_best_split_is_first(self, optimum):
        density, sample, run = optimum
        known = {}
        found = splits(density, sample, run, known)
        assert {len(moments.n) for moments in found} == {4}
        assert len(found) == sum(len(by_gain) for by_gain in known[run])
        gains = [by_gain[0][0] for by_gain in known[run]]
        for by_gain in known[run]:
            assert [gain for gain, _ in by_gain] == sorted((g for g, _ in by_gain), reverse=True)
        k = int(np.argmax(gains))
        np.testing.assert_array_equal(found[0].means[k], known[run][k][0][1].means[0])
