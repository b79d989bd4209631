"""Segments that hold too few rows for their parameters: counted, named, and warned of."""

import warnings

import numpy as np
import pytest

from bayes_gmm.diagnostics.diagnostic import Diagnostic
from bayes_gmm.errors import DataWarning
from bayes_gmm.estimator import BayesGMM
from bayes_gmm.model.prior import Prior
from bayes_gmm.results.fit.small_segments import expected_rows, small_segments


@pytest.fixture(scope="module")
def X():
    """Groups of 60, 25 and 3 rows."""
    rng = np.random.default_rng(0)
    centres = np.repeat([[0.0, 0.0], [20.0, 0.0], [0.0, 20.0]], [60, 25, 3], axis=0)
    return centres + rng.normal(size=centres.shape)


def quiet(X, K, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return BayesGMM(K, n_init=2, random_state=0, **options).fit(X)


def test_expected_rows_are_sums_of_memberships(X):
    for prior in (Prior(), Prior(concentration=5.0)):
        model = quiet(X, 3, prior=prior)
        rows = model.predict_proba(X).sum(axis=0)
        np.testing.assert_allclose(expected_rows(model.map_fit_), rows, atol=1e-3)


def test_a_segment_of_three_rows_is_large_enough_for_two_features_and_not_for_three(X):
    assert small_segments(quiet(X, 3).map_fit_) == []
    wide = np.column_stack([X, np.random.default_rng(1).normal(size=88)])
    [found] = small_segments(quiet(wide, 3).map_fit_)
    assert (found.subject, found.values["needed"]) == (("Segment 3",), 4)
    assert found.values["rows"] == pytest.approx([3.0], abs=1e-3)
    assert small_segments(quiet(wide, 3, structure="diag").map_fit_) == []


def test_a_fit_warns_in_the_line_that_asked_for_it(X):
    wide = np.column_stack([X, np.random.default_rng(1).normal(size=88)])
    with pytest.warns(DataWarning, match=r"1 of 3 segments holds fewer than 4 rows") as said:
        BayesGMM(3, n_init=2, random_state=0).fit(wide)
    assert [warning.filename for warning in said] == [__file__]


def test_more_segments_than_rows_allow_are_counted():
    X = np.random.default_rng(2).normal(size=(40, 3))
    [found] = small_segments(quiet(X, 12).map_fit_)
    assert len(found.subject) == len(found.values["rows"]) > 6
    assert f"{len(found.subject)} of 12 segments hold fewer than 4 rows" in str(found)
    assert found.json()["values"]["rows"] == found.values["rows"]


def test_a_sparse_prior_asks_for_empty_segments(X):
    fit = quiet(X[:85], 4, prior=Prior(concentration=0.02)).map_fit_
    rows = expected_rows(fit)
    named = [name for found in small_segments(fit) for name in found.subject]
    assert all(rows[int(name.split()[1]) - 1] >= 0.5 for name in named)
    assert (rows < 0.5).any()


def test_the_sentence_has_at_most_five_names():
    names = tuple(f"Segment {k}" for k in range(1, 61))
    values = {"rows": [1.25] * 60, "needed": 3, "n_components": 60, "n_features": 2}
    said = str(Diagnostic("small_segments", names, values))
    assert "60 of 60 segments hold fewer than 3 rows, as few as 1.2 (Segment 1, " in said
    assert "Segment 5 and 55 more" in said
