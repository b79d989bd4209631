"""Chains set out from every mode that counts, and not from one place."""

import numpy as np
import pytest

from bayes_gmm.inference.sampling.initial_points import (
    chains_of_modes,
    dispersed_start,
    relative_masses,
)
from bayes_gmm.inference.sampling.peak import Peak
from bayes_gmm.inference.sampling.settings import SamplerSettings


def peaks_of_mass(*masses):
    with np.errstate(divide="ignore"):
        return [Peak(np.zeros(1), np.eye(1), 0.0, m) for m in -300.0 + np.log(masses)]


@pytest.mark.parametrize(
    ("masses", "chains", "expected"),
    [
        ([1.0], 4, [0, 0, 0, 0]),
        ([0.5, 0.5], 4, [0, 0, 1, 1]),
        ([0.9, 0.1], 4, [0, 0, 0, 1]),
        ([0.999, 0.001], 4, [0, 0, 0, 0]),
        ([0.6, 0.2, 0.2], 10, [0] * 6 + [1] * 2 + [2] * 2),
        ([0.4, 0.3, 0.3], 2, [0, 1]),
        ([0.6, 0.4], 1, [0]),
        ([0.5, np.nan, 0.3, 0.2], 2, [0, 2]),
        ([np.nan, np.nan], 2, [0, 0]),
    ],
)
def test_chains_are_shared_out_by_mass(masses, chains, expected):
    assert chains_of_modes(peaks_of_mass(*masses), chains).tolist() == expected


def test_a_mode_of_unknown_mass_has_none_unless_it_is_alone():
    assert relative_masses(peaks_of_mass(np.nan, 0.5, 0.5)).tolist() == [0.0, 0.5, 0.5]
    assert relative_masses(peaks_of_mass(np.nan)).tolist() == [1.0]


class Anything:
    """A density that is finite where it is told."""

    def __init__(self, within):
        self.within = within

    def value_and_gradient(self, theta, *, jacobian):
        assert jacobian
        inside = np.abs(theta).max() < self.within
        return (0.0 if inside else -np.inf), np.zeros_like(theta)


def test_starts_are_wider_than_the_posterior():
    rng = np.random.default_rng(0)
    peak = Peak(np.ones(2), np.diag([2.0, 0.5]), 0.0, 0.0)
    starts = np.array([dispersed_start(Anything(np.inf), peak, rng) for _ in range(4000)])
    np.testing.assert_allclose(starts.std(axis=0), SamplerSettings.overdispersion, rtol=0.04)
    np.testing.assert_allclose(starts.mean(axis=0), 0.0, atol=0.1)


def test_starts_have_a_density():
    rng = np.random.default_rng(1)
    peak = Peak(np.zeros(3), np.eye(3), 0.0, 0.0)
    for _ in range(50):
        assert np.abs(dispersed_start(Anything(0.7), peak, rng)).max() < 0.7
