"""Standardising: laws of weights and units, and accuracy far from zero."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from bayes_gmm.data.standardize import Standardizer


def table(rng, n=60, d=3, missing=0.2):
    values = rng.normal(size=(n, d)) * [1.0, 50.0, 0.01] + [0.0, 200.0, -3.0]
    values[rng.random((n, d)) < missing] = np.nan
    return values


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def test_mean_and_population_sd_of_observed_cells(rng):
    values = table(rng)
    units = Standardizer.fit(values)
    assert_allclose(units.shift, np.nanmean(values, axis=0), rtol=1e-13)
    assert_allclose(units.scale, np.nanstd(values, axis=0), rtol=1e-13)


@pytest.mark.parametrize("order", ["C", "F"])
def test_values_are_read_only(rng, order):
    values = np.array(table(rng), order=order)
    values.flags.writeable = False
    Standardizer.fit(values, rng.integers(0, 3, size=len(values)).astype(float))


@given(seed=st.integers(0, 10_000))
def test_a_weight_is_so_many_copies_and_zero_is_absence(seed):
    rng = np.random.default_rng(seed)
    values = table(rng, n=25)
    weights = rng.integers(0, 4, size=25)
    weights[0] = 1
    copied = Standardizer.fit(np.repeat(values, weights, axis=0))
    values[weights == 0] = 1e300
    weighted = Standardizer.fit(values, weights.astype(float))
    assert_allclose(weighted.shift, copied.shift, rtol=1e-12)
    assert_allclose(weighted.scale, copied.scale, rtol=1e-12)


@pytest.mark.parametrize("factor", [1e-300, 1e-9, 7.0, 1e9, 1e300])
def test_weights_count_relatively(rng, factor):
    values, weights = table(rng), rng.random(60)
    once, scaled = Standardizer.fit(values, weights), Standardizer.fit(values, weights * factor)
    assert_allclose(scaled.shift, once.shift, rtol=1e-13)
    assert_allclose(scaled.scale, once.scale, rtol=1e-13)


@pytest.mark.parametrize("weights", [None, np.linspace(0.5, 2.0, 60)])
@pytest.mark.parametrize("factor", [1e-300, 1e-12, 1e-9, 3.7, 1e9, 1e12, 1e290])
def test_equivariant_under_a_change_of_unit(rng, factor, weights):
    values = table(rng)
    once, scaled = Standardizer.fit(values, weights), Standardizer.fit(values * factor, weights)
    assert_allclose(scaled.shift, once.shift * factor, rtol=1e-13)
    assert_allclose(scaled.scale, once.scale * factor, rtol=1e-13)


@pytest.mark.parametrize("weights", [None, np.linspace(0.5, 2.0, 60)])
@pytest.mark.parametrize("shift", [-1e8, 1e4, 1e8])
def test_equivariant_under_a_shift_of_many_sd(rng, shift, weights):
    values = table(rng)
    # The shifted cells are rounded; what is left of them is what must be found exactly.
    moved = values + shift * np.nanstd(values, axis=0)
    kept = moved - shift * np.nanstd(values, axis=0)
    once, far = Standardizer.fit(kept, weights), Standardizer.fit(moved, weights)
    assert_allclose(far.scale, once.scale, rtol=1e-9)
    assert_allclose(far.apply(moved), once.apply(kept), atol=5e-8)


def test_exact_where_the_mean_is_1e8_sd_away():
    # Exactly representable: the textbook E[x^2] - mean^2 gives 0 or a negative variance here.
    values = 1e8 + np.array([[-1.0], [1.0]] * 500)
    units = Standardizer.fit(values)
    assert units.shift[0] == 1e8
    assert units.scale[0] == 1.0


def test_powers_of_two_change_nothing_at_all(rng):
    values = table(rng)
    once, scaled = Standardizer.fit(values), Standardizer.fit(values * 2.0**40)
    assert (scaled.scale == once.scale * 2.0**40).all()
    assert (scaled.shift == once.shift * 2.0**40).all()


def test_rows_in_any_order(rng):
    values = table(rng)
    once, mixed = Standardizer.fit(values), Standardizer.fit(rng.permutation(values))
    assert_allclose(mixed.shift, once.shift, rtol=1e-13)
    assert_allclose(mixed.scale, once.scale, rtol=1e-13)


def test_largest_and_smallest_floats():
    values = np.array([[1.7e308, 5e-324], [-1.7e308, 1e-323]])
    units = Standardizer.fit(values)
    assert_allclose(units.shift[0], 0.0)
    assert_allclose(units.scale[0], 1.7e308)
    assert units.scale[1] > 0.0


def test_constant_and_unobserved_columns_keep_their_unit():
    units = Standardizer.fit(np.array([[3.0, np.nan], [3.0, np.nan], [np.nan, np.nan]]))
    assert units.shift.tolist() == [3.0, 0.0]
    assert units.scale.tolist() == [1.0, 1.0]


def test_there_and_back(rng):
    units = Standardizer.fit(table(rng))
    means = rng.normal(size=(4, 3))
    factors = rng.normal(size=(4, 3, 3))
    covariances = factors @ factors.transpose(0, 2, 1)
    assert_allclose(units.standard_means(units.means(means)), means, atol=1e-12)
    assert_allclose(units.standard_covariances(units.covariances(covariances)), covariances)


def test_moments_go_with_the_rows(rng):
    values = table(rng, n=500, missing=0.0)
    units = Standardizer.fit(values)
    standard = units.apply(values)
    covariance = np.cov(values, rowvar=False)
    assert_allclose(units.means(standard.mean(axis=0)), values.mean(axis=0))
    assert_allclose(units.covariances(np.cov(standard, rowvar=False)), covariance, rtol=1e-9)


def test_log_jacobian_makes_densities_per_unit(rng):
    values = table(rng, n=40, d=3, missing=0.0)
    units = Standardizer.fit(values)
    z = units.apply(values)
    log_normal = -0.5 * (z**2).sum(axis=1) - 1.5 * math.log(2 * math.pi) + units.log_jacobian
    by_hand = -0.5 * ((values - units.shift) / units.scale) ** 2 - np.log(
        units.scale * math.sqrt(2 * math.pi)
    )
    assert_allclose(log_normal, by_hand.sum(axis=1))


def test_identity_changes_nothing(rng):
    values = table(rng)
    units = Standardizer.identity(3)
    assert_allclose(units.apply(values), values)
    assert units.log_jacobian == 0.0


def test_apply_leaves_the_table_alone(rng):
    values = table(rng)
    before = values.copy()
    applied = Standardizer.fit(values).apply(values)
    assert_allclose(values, before)
    assert (np.isnan(applied) == np.isnan(values)).all()
