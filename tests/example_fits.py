"""Fits that several tests are about, and when two are the same."""

import numpy as np
import pytest

from bayes_gmm.estimator import BayesGMM


def fitted(X, K=3, sample_weight=None, **options):
    return BayesGMM(K, random_state=0, **options).fit(X, sample_weight=sample_weight)


def assert_same_fit(a, b, rtol=1e-6):
    np.testing.assert_allclose(a.weights_, b.weights_, atol=rtol)
    np.testing.assert_allclose(a.means_, b.means_, rtol=rtol, atol=rtol)
    np.testing.assert_allclose(a.covariances_, b.covariances_, rtol=10 * rtol, atol=rtol)
    assert a.log_likelihood_ == pytest.approx(b.log_likelihood_, rel=1e-8)
