"""The bundled customers are what their generator draws, and what their truth says."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import bayes_gmm.data.datasets as datasets
from bayes_gmm.data.resolution import detect_resolution


@pytest.fixture(scope="module")
def customers():
    return datasets.load_customers()


def test_the_file_is_what_the_generator_draws(customers):
    drawn = datasets.simulate_customers()
    pd.testing.assert_frame_equal(customers.table, drawn.table)
    assert (customers.segment == drawn.segment).all()


def test_a_row_per_customer(customers):
    assert len(customers.table) == len(customers.segment) == 400
    assert list(customers.labelled) == [*customers.truth.features, "Segment"]
    assert set(customers.labelled["Segment"]) == set(customers.truth.names)


def test_values_a_shop_could_record(customers):
    table = customers.table
    assert table["Age"].min() >= 18
    assert table["Spending score"].between(0, 100).all()
    assert (table > 0).all().all()
    assert_allclose(detect_resolution(table.to_numpy(float)), [1.0, 0.1, 1.0, 0.01])


def test_truth_is_a_mixture(customers):
    truth = customers.truth
    assert_allclose(truth.weights.sum(), 1.0)
    assert_allclose(truth.covariances, truth.covariances.transpose(0, 2, 1))
    assert (np.linalg.eigvalsh(truth.covariances) > 0.0).all()


def test_draws_follow_the_truth():
    many = datasets.simulate_customers(n_customers=100_000, seed=1)
    truth = many.truth
    shares = np.bincount(many.segment) / 100_000
    assert_allclose(shares, truth.weights, atol=0.006)
    for k, covariance in enumerate(truth.covariances):
        rows = many.table.to_numpy(float)[many.segment == k]
        sd = np.sqrt(np.diag(covariance))
        assert_allclose(rows.mean(axis=0), truth.means[k], atol=0.05 * sd.max())
        assert_allclose(np.cov(rows.T) / np.outer(sd, sd), covariance / np.outer(sd, sd), atol=0.05)
