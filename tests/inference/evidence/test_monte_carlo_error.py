"""The errors of bridges are those that repeating them shows."""

import numpy as np
import pytest

from bayes_gmm.inference.evidence.bridge import bridge_span
from bayes_gmm.inference.evidence.monte_carlo_error import halves, inefficiency, mass_of_span


def autocorrelated(rng, n, rho, chains=4):
    """Normal(0, 1) numbers in chains, each correlated with the one before by rho."""
    x = rng.normal(size=(chains, n))
    for t in range(1, n):
        x[:, t] = rho * x[:, t - 1] + np.sqrt(1 - rho**2) * x[:, t]
    return x


@pytest.mark.parametrize("rho", [0.0, 0.9])
def test_the_error_is_that_of_repetitions(rho):
    """p = Normal(0, 1), q = Normal(1, 1)."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(100):
        x, y = autocorrelated(rng, 500, rho), 1.0 + rng.normal(size=2000)
        span = bridge_span(0.5 - x.ravel(), 0.5 - y)
        found.append(mass_of_span(span, np.split(span.of_draws, 4)))
    values, errors, _ = np.transpose(found)
    assert np.mean(values) == pytest.approx(0.0, abs=0.02)
    assert np.std(values) == pytest.approx(np.mean(errors), rel=0.25)


def test_chains_that_disagree_count_as_few():
    x = np.random.default_rng(1).normal(size=(4, 500)) * 0.01
    assert inefficiency(list(x)) < 2.0
    assert inefficiency(list(x + np.array([[0.0], [0.0], [1.0], [1.0]]))) > 100.0


def test_a_bridge_on_two_draws_has_no_error():
    span = bridge_span(np.r_[np.zeros(2), np.full(998, 900.0)], np.full(1000, -900.0))
    assert mass_of_span(span, [span.of_draws]).error == np.inf


@pytest.mark.parametrize("counts", [[100], [100, 100], [100, 0, 100, 40], [0, 100, 3]])
def test_halves_share_nothing_and_leave_nothing_out(counts):
    here = np.arange(100) < np.array(counts)[:, None]
    one, other = halves(here)
    assert not np.any(one & other)
    np.testing.assert_array_equal(one | other, here)
    assert min(one.sum(), other.sum()) >= here.sum() / 4


def test_units_of_what_is_bridged_change_nothing():
    x, y = np.random.default_rng(2).normal(size=(2, 400))
    spans = [bridge_span(shift + 0.5 * x, shift - 0.5 * y) for shift in (0.0, -2000.0, 2000.0)]
    first, *others = (mass_of_span(span, np.split(span.of_draws, 4)) for span in spans)
    for other in others:
        assert other.error == pytest.approx(first.error, rel=1e-6)


@pytest.mark.parametrize("apart", [5.0, 6.0])
def test_few_effective_numbers_are_no_surer_than_they_are(apart):
    """q lies far from p: of 400 draws few are where proposals are, and that shows."""
    rng = np.random.default_rng(3)
    found = []
    for _ in range(300):
        x, y = rng.normal(size=400), apart + rng.normal(size=400)
        of_draws, of_proposals = (0.5 * apart**2 - apart * v for v in (x, y))
        span = bridge_span(of_draws, of_proposals)
        found.append(mass_of_span(span, np.split(span.of_draws, 4)))
    values, errors, ess = np.transpose([mass for mass in found if np.isfinite(mass.error)])
    assert np.median(ess) < 40.0
    z = values / errors
    assert np.sqrt(np.mean(z**2)) < 1.2
    assert np.mean(np.abs(z) > 3.0) < 0.02


def test_samples_that_saw_different_modes_bound_the_mass():
    """p has a mode at 0 and exp(-5) of it at 30, q one at 30 and exp(-40) of it at 0.

    Every draw has the same log p - log q, and every proposal another one: effective sample sizes
    are those of perfect agreement.
    """
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=400), 30.0 + rng.normal(size=400)

    def log_ratio(z):
        near, far = -0.5 * z**2, -0.5 * (z - 30.0) ** 2
        return np.logaddexp(near, far - 5.0) - np.logaddexp(near - 40.0, far)

    span = bridge_span(log_ratio(x), log_ratio(y))
    mass = mass_of_span(span, np.split(span.of_draws, 4))
    exact = np.logaddexp(0.0, -5.0) - np.logaddexp(0.0, -40.0)
    assert span.lower < exact < span.upper
    assert mass.ess < 1e-3
    assert abs(mass.log_mass - exact) < mass.error < 30.0


def test_bounds_too_far_apart_give_no_number():
    span = bridge_span(np.full(400, 60.0), np.full(400, -60.0))
    assert mass_of_span(span, [span.of_draws]).error == np.inf


def test_the_overlap_is_the_share_that_both_densities_have_in_common():
    """p is uniform on (0, 1) and q on (0, 2): p q / (p / 2 + q / 2) is 2 / 3 on (0, 1)."""
    y = np.random.default_rng(5).uniform(0.0, 2.0, size=20_000)
    span = bridge_span(np.full(20_000, np.log(2.0)), np.where(y < 1.0, np.log(2.0), -np.inf))
    assert span.overlap == pytest.approx(2 / 3, abs=0.01)
    assert span.least_variance == pytest.approx(0.5 * 2 / 20_000, rel=0.03)
