"""What is said of a fit that may not be the optimum, and in whose line."""

from dataclasses import replace

import numpy as np
import pytest

from bayes_gmm.errors import ConvergenceWarning
from bayes_gmm.estimator import BayesGMM
from bayes_gmm.inference.modes import multistart
from bayes_gmm.model.prior import LKJ, HalfNormal, Prior
from bayes_gmm.results.fit import fit as fitting


@pytest.fixture
def X():
    return np.random.default_rng(0).normal(size=(40, 1))


def test_a_climb_that_stopped_early_is_told_where_the_fit_was_asked_for(X, monkeypatch):
    def stopped(*arguments, **options):
        return tuple(
            replace(m, converged=False) for m in multistart.find_modes(*arguments, **options)
        )

    monkeypatch.setattr(fitting, "find_modes", stopped)
    with pytest.warns(ConvergenceWarning, match=r"optimisation stopped after \d+ steps") as said:
        model = BayesGMM(1, random_state=0).fit(X)
    assert not model.converged_
    assert [warning.filename for warning in said] == [__file__]


def test_a_density_without_a_maximum_is_told_where_the_fit_was_asked_for(X):
    prior = Prior(covariances=LKJ(scales=HalfNormal(1.0)))
    with pytest.warns(ConvergenceWarning, match="the posterior has no maximum") as said:
        BayesGMM(2, prior=prior, resolution=None, random_state=0, n_init=2).fit(X)
    assert [warning.filename for warning in said] == [__file__]
