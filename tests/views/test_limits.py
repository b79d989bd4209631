"""Axes follow the rows, and numbers of segments stay apart."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from bayes_gmm.model.mixture import Mixture
from bayes_gmm.views.numbers import _offsets
from bayes_gmm.views.plots import segments


@pytest.mark.parametrize("features", [("a", "b"), "a"])
def test_a_wide_small_segment_does_not_set_the_limits(features):
    mixture = Mixture(
        [0.99, 0.01], [[5, 5], [5, 5]], [np.eye(2), 1e4 * np.eye(2)], features=("a", "b")
    )
    X = np.random.default_rng(0).uniform(0, 10, (100, 2))
    axes = segments(mixture, X, features, ax=Figure().add_subplot())
    low, high = axes.get_xlim()
    assert -2.5 < low < X[:, 0].min()
    assert X[:, 0].max() < high < 12.5


def test_limits_of_a_logarithmic_axis_are_positive_and_hold_all_rows():
    mixture = Mixture(
        [1.0], [[2.0, 3.0]], [0.5 * np.eye(2)], features=("a", "b"), transforms={"a": "log"}
    )
    X = mixture.sample(200, 0)[0]
    axes = segments(mixture, X, ax=Figure().add_subplot())
    low, high = axes.get_xlim()
    assert axes.get_xscale() == "log"
    assert 0.0 < low < X[:, 0].min() < X[:, 0].max() < high


def test_numbers_of_segments_stay_apart_where_their_means_coincide():
    places = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0], [3.0, 1.0]])
    numbers = places + _offsets(places, 12.0)
    gaps = np.linalg.norm(numbers[:, None] - np.concatenate([numbers, places]), axis=-1)
    assert np.sort(gaps, axis=1)[:, 1].min() > 0.9 * 12.0


def test_an_axis_of_amounts_does_not_extend_to_negative_amounts():
    mixture = Mixture([1.0], [[1.0, 5.0]], [np.diag([9.0, 1.0])], features=("a", "b"))
    X = np.random.default_rng(0).uniform(0, 9, (100, 2))
    low, high = segments(mixture, X, ax=Figure().add_subplot()).get_xlim()
    assert -0.05 * (high - low) < low < 0.0
