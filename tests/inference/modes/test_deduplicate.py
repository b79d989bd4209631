"""Copies of an optimum are known whatever the numbering; what differs is kept."""

from itertools import permutations
from typing import NamedTuple

import numpy as np
import pytest

from bayes_gmm.data.rows import Floats
from bayes_gmm.inference.modes.deduplicate import distinct
from bayes_gmm.model.parameters import Layout
from bayes_gmm.model.structure import Structure


class Run(NamedTuple):
    """Where a climb is, and how high."""

    theta: Floats
    log_posterior: float

    @property
    def rough_log_mass(self):
        return self.log_posterior


def somewhere(layout, seed=0):
    return np.random.default_rng(seed).normal(size=layout.size)


@pytest.fixture
def layout(structure):
    return Layout(3, 2, structure)


def test_another_numbering_is_the_same_place(layout):
    theta = somewhere(layout)
    runs = [Run(layout.selected(theta, np.array(p)), -1.0 * i)
            for i, p in enumerate(permutations(range(3)))]  # fmt: skip
    assert distinct(layout, runs[::-1], distance=1e-6) == runs[:1]


def test_each_component_has_a_like_of_its_own():
    """Two components near one of the other's do not make up for one that is far."""
    layout = Layout(3, 1, Structure())
    one, other = (
        layout.pack(np.full(3, 1 / 3), np.array(means), np.ones(3), np.empty(0))
        for means in ([0.0, 0.1, 5.0], [0.0, 5.0, 5.1])
    )
    runs = [Run(one, 1.0), Run(other, 0.0)]
    assert distinct(layout, runs, distance=0.3) == runs
    assert distinct(layout, runs, distance=5.5) == runs[:1]


@pytest.mark.parametrize("part", ["means", "scales"])
def test_what_has_moved_farther_is_another_place(part):
    layout = Layout(3, 2, Structure())
    theta = 0.1 * somewhere(layout)
    moved = theta.copy()
    moved[getattr(layout, part).start] += 1.0
    runs = [Run(theta, 1.0), Run(moved, 0.5)]
    assert distinct(layout, runs, distance=0.3) == runs
    assert distinct(layout, runs, distance=5.0) == runs[:1]


def test_near_places_of_other_heights_are_kept_where_height_counts():
    layout = Layout(2, 2, Structure())
    runs = [Run(somewhere(layout), height) for height in (3.0, 2.5, 1.0)]
    assert distinct(layout, runs, distance=0.3, height=1.0) == [runs[0], runs[2]]
    assert distinct(layout, runs, distance=0.3) == runs[:1]


def test_components_that_coincide_are_matched_one_by_one():
    layout = Layout(3, 2, Structure())
    means = np.array([[0.0, 0.0], [0.0, 0.0], [3.0, 1.0]])
    theta = layout.pack(np.full(3, 1 / 3), means, np.ones(6), np.tile(np.eye(2), (3, 1, 1)))
    runs = [Run(theta, 1.0), Run(layout.selected(theta, np.array([2, 1, 0])), 0.0)]
    assert distinct(layout, runs, distance=0.01) == runs[:1]
