"""Segments with the same location and shape: counted, named, and warned of."""

import json
import warnings
from dataclasses import replace

import numpy as np
import pytest

from bayes_gmm.errors import DataWarning
from bayes_gmm.estimator import BayesGMM
from bayes_gmm.model.mixture import Mixture
from bayes_gmm.model.prior import Prior
from bayes_gmm.results.fit.coinciding_segments import CoincidingSettings, coinciding_segments


def quiet(X, K, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return BayesGMM(K, n_init=2, random_state=0, **options).fit(X).map_fit_


@pytest.fixture(scope="module")
def fit():
    rng = np.random.default_rng(0)
    return quiet(np.concatenate([rng.normal(0, 1, (60, 1)), rng.normal(9, 1, (30, 1))]), 2)


def with_segments(fit, means, sds, weights=None):
    K = len(means)
    weights = np.full(K, 1.0 / K) if weights is None else weights
    mixture = Mixture(weights, np.c_[means], np.square(sds).reshape(K, 1, 1), 0.0, fit.features)
    return replace(fit, mixture=mixture, names=())


@pytest.mark.parametrize(("apart", "coincide"), [(0.6, True), (0.7, False)])
def test_equal_segments_coincide_within_two_thirds_of_a_standard_deviation(fit, apart, coincide):
    """The coefficient is exp(-apart^2 / 8)."""
    found = coinciding_segments(with_segments(fit, [0.0, apart, 9.0], [1.0, 1.0, 1.0]))
    assert len(found) == coincide
    if coincide:
        assert found[0].values["groups"] == [["Segment 1", "Segment 2"]]
        assert found[0].values["coefficient"] == pytest.approx(np.exp(-(apart**2) / 8))
        assert found[0].values["n_distinct"] == 2


def test_segments_of_other_shape_are_distinct(fit):
    """The coefficient of equal means is sqrt(2 r / (1 + r^2)), r the ratio of the sds."""
    nested = with_segments(fit, [0.0, 0.0], [1.0, 3.0])
    assert coinciding_segments(nested) == []
    [found] = coinciding_segments(nested, CoincidingSettings(min_coefficient=0.7))
    assert found.values["coefficient"] == pytest.approx(np.sqrt(0.6))


def test_groups_are_separate_and_chains_are_one(fit):
    [found] = coinciding_segments(with_segments(fit, [0, 5, 0.5, 9, 1.0, 5.2, 20], [1.0] * 7))
    assert found.values["groups"] == [
        ["Segment 1", "Segment 3", "Segment 5"], ["Segment 2", "Segment 6"]
    ]  # fmt: skip
    assert (found.values["n_components"], found.values["n_distinct"]) == (7, 4)
    assert json.loads(json.dumps(found.json()))["values"]["n_distinct"] == 4


def test_far_too_many_segments_are_warned_of():
    X = np.random.default_rng(0).normal(size=(40, 2))
    with pytest.warns(DataWarning, match="of 12 segments coincide") as said:
        model = BayesGMM(12, n_init=2, random_state=0).fit(X)
    assert {warning.filename for warning in said} == {__file__}
    [found] = coinciding_segments(model.map_fit_)
    assert found in model.diagnostics_
    assert found.values["n_distinct"] < 12


def test_a_sparse_prior_asks_for_segments_without_rows(fit):
    X = np.random.default_rng(0).normal(size=(60, 1))
    assert coinciding_segments(quiet(X, 4, prior=Prior(concentration=0.02))) == []
    assert coinciding_segments(fit) == []
