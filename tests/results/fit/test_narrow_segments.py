"""Segments of unmeasured width are named; wider ones are not."""

import warnings

import numpy as np
import pytest

import bayes_gmm as bg
from bayes_gmm.errors import DiagnosticWarning
from bayes_gmm.results.fit.narrow_segments import narrow_segments


def found(sd, n_rows=10_000, **options):
    """Diagnostics of two segments of ratings around 2 and 6 in whole numbers."""
    rng = np.random.default_rng(0)
    X = (
        rng.normal(size=(n_rows, 2)) * [sd, 1.0]
        + np.array([[2.0, 0.0], [6.0, 0.0]])[rng.integers(0, 2, n_rows)]
    )
    X[:, 0] = np.round(X[:, 0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DiagnosticWarning)
        return narrow_segments(bg.BayesGMM(2, random_state=0, **options).fit(X).map_fit_)


@pytest.mark.parametrize("structure", ["full", "tied", "diag"])
def test_narrow_segments_are_named_with_column_and_step(structure):
    [one] = found(0.4, structure=structure)
    assert one.subject == ("Segment 1", "Segment 2")
    assert one.values["column"] == "x1"
    assert one.values["step"] == pytest.approx(1.0)
    assert one.values["largest"] > 0.5


@pytest.mark.parametrize("sd", [0.8, 2.0])
def test_segments_as_wide_as_a_step_are_not(sd):
    assert not found(sd)


def test_segments_in_columns_that_are_not_rounded_are_not():
    X = np.random.default_rng(0).normal(size=(500, 2)) * [0.4, 1.0]
    assert not narrow_segments(bg.BayesGMM(1, random_state=0).fit(X).map_fit_)
