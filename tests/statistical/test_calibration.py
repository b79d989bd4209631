"""Posteriors of tables that were drawn from the prior: the truth has any rank with one chance.

A short version of benchmarks/calibration.py, which says more of what is measured here.
"""

import numpy as np
import pytest
import simulations
from calibration import SETTINGS
from scipy.stats import norm
from simulations import Setting, lkj_cholesky, log_likelihood, quantities, simulated
from uniformity import INTERVALS, coverage, excess

from bayes_gmm.estimator import BayesGMM
from bayes_gmm.model.points import Points

pytestmark = pytest.mark.slow

TABLES = {2: 12, 3: 4}
"""Of each setting with so many segments; three take longer."""
OF_ALL = (
    "weight 0", "weight 1", "mean 0,0", "mean 1,0", "scale 0,0", "scale 1,0",
    "invariant: log-likelihood", "invariant: smallest weight", "invariant: largest weight",
    "invariant: entropy", "invariant: mean of a row",
)  # fmt: skip
"""Quantities that every setting has, whose ranks can be pooled."""


@pytest.fixture(scope="module")
def outcomes():
    """Of 2 and 3 segments in 1 and 2 features, apart and overlapping, and 2 apart in 3 features."""
    chosen = [s for s in SETTINGS if s.n_features < 3 or (s.n_components, s.mean_scale) == (2, 10)]
    return [simulated(s, seed, draws=250) for s in chosen for seed in range(TABLES[s.n_components])]


def ranks(outcomes, name):
    return [outcome.ranks[name] for outcome in outcomes]


def test_the_truth_has_any_rank_with_one_chance(outcomes):
    """All ECDFs stay within bands that one of them would leave by chance in 1 % of runs."""
    outside = {n: excess(ranks(outcomes, n), 1.0 - 0.01 / len(OF_ALL)) for n in OF_ALL}
    assert {name: by for name, by in outside.items() if by > 0.0} == {}


@pytest.mark.parametrize("interval", INTERVALS)
def test_intervals_hold_the_truth_as_often_as_they_say(outcomes, interval):
    below = np.array([[outcome.below[name] for name in OF_ALL] for outcome in outcomes])
    assert abs(coverage(below, interval).z) < 3.0


def test_a_truth_that_is_not_aligned_is_noticed(monkeypatch):
    """The mode's first segment is the largest, the prior's first is any."""
    setting = Setting(2, 1, 10.0)
    monkeypatch.setattr(simulations, "aligned", lambda model, truth: truth[None, None])
    unaligned = [simulated(setting, seed, draws=250) for seed in range(32)]
    assert excess(ranks(unaligned, "mean 0,0"), 1.0 - 0.01 / len(OF_ALL)) > 0.0


def test_bands_hold_uniform_ranks_as_often_as_they_say():
    rng = np.random.default_rng(0)
    left = np.mean([excess(rng.uniform(size=64)) > 0.0 for _ in range(2000)])
    assert 0.004 < left < 0.018


@pytest.mark.parametrize(("narrower", "shift"), [(0.55, 0.0), (2.2, 0.0), (1.0, 0.7)])
def test_posteriors_too_narrow_too_wide_or_off_are_noticed(narrower, shift):
    """Draws with this times the right sd, or off by so many of it, in nearly every run."""
    z = np.random.default_rng(1).normal(size=(200, 64))
    noticed = [
        excess(norm.cdf((sample + shift) / narrower), 1.0 - 0.01 / len(OF_ALL)) > 0 for sample in z
    ]
    assert np.mean(noticed) > 0.9


def test_the_prior_drawn_from_is_lkj():
    """Each correlation r of LKJ(eta) has E r = 0 and E r^2 = 1 / (2 eta + d - 1)."""
    rng = np.random.default_rng(0)
    C = np.stack([lkj_cholesky(3, 2.5, rng) for _ in range(20_000)])
    R = C @ C.mT
    np.testing.assert_allclose(R[:, [0, 1, 2], [0, 1, 2]], 1.0)
    r = R[:, [1, 2, 2], [0, 0, 1]]
    np.testing.assert_allclose(r.mean(axis=0), 0.0, atol=0.012)
    np.testing.assert_allclose((r**2).mean(axis=0), 1.0 / 7.0, atol=0.006)


def test_the_log_likelihood_written_out_is_the_models():
    setting, rng = Setting(2, 2, 1.0, resolution=0.5), np.random.default_rng(0)
    theta = setting.parameters(rng)
    X = setting.table(theta, rng)
    model = BayesGMM(
        2, prior=setting.prior, standardize=False, resolution=0.5, random_state=0
    ).fit(X)  # fmt: skip
    density = model._fitted.density
    written_out = log_likelihood(setting, Points.of(setting.layout, theta), X)
    assert written_out == pytest.approx(density.statistics(density.layout.point(theta))[0])
    named = quantities(setting, theta, X)
    assert named["weight 0"] + named["weight 1"] == pytest.approx(1.0)
