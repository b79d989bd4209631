"""`BayesGMM.sample_posterior`: from a fit to draws, in one call."""

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from bayes_gmm import (
    AmbiguousLabelsWarning,
    BayesGMM,
    FitError,
    MultimodalWarning,
    Posterior,
    Prior,
)


def two_groups(n=120, d=2, seed=0):
    rng = np.random.default_rng(seed)
    sizes = (2 * n // 3, n // 3)
    return np.concatenate([rng.normal(0, 1, (sizes[0], d)), rng.normal(6, 1, (sizes[1], d))])


@pytest.fixture(scope="module")
def model():
    return BayesGMM(2, random_state=0).fit(two_groups())


def sampled(model, **options):
    return model.sample_posterior(**{"draws": 200, "chains": 2, "progress": False, **options})


@pytest.mark.parametrize("method", ["nuts", "laplace"])
def test_intervals_hold_the_map(model, method):
    posterior = sampled(model, method=method)
    assert isinstance(posterior, Posterior)
    assert dict(posterior.tree.posterior.sizes)["draw"] == 200
    table = posterior.segments(ci_prob=0.999)
    assert np.all(table["share from"] < model.weights_)
    assert np.all(model.weights_ < table["share to"])
    assert posterior.predict(two_groups()).tolist() == model.predict(two_groups()).tolist()


def test_the_seed_settles_the_draws(model):
    same = [sampled(model, random_state=3).draws.theta for _ in range(2)]
    np.testing.assert_array_equal(*same)
    assert np.any(sampled(model, random_state=4).draws.theta != same[0])


def test_the_models_own_state_is_the_default(model):
    np.testing.assert_array_equal(
        sampled(model).draws.theta, sampled(model, random_state=0).draws.theta
    )
    assert sampled(model, random_state=np.random.default_rng(5)).draws.n_chains == 2


def test_one_component_and_one_feature():
    posterior = sampled(BayesGMM(1, random_state=0).fit(two_groups(d=1)))
    assert posterior.parameters.weights.min() == 1.0
    np.testing.assert_array_equal(posterior.predict(two_groups(d=1)), 0)


def test_missing_cells_and_weights():
    X = two_groups()
    X[::7, 0] = np.nan
    model = BayesGMM(2, random_state=0).fit(X, sample_weight=np.tile([1.0, 2.0], 60))
    assert sampled(model).summary()["mean"].notna().all()


def test_a_component_that_the_prior_empties():
    model = BayesGMM(4, prior=Prior(concentration=0.05), random_state=0).fit(two_groups())
    assert np.sum(model.weights_ > 1e-6) < 4
    with pytest.warns(AmbiguousLabelsWarning, match="cannot be told apart"):
        posterior = sampled(model)
    assert np.isfinite(posterior.parameters.means).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"draws": 0}, "draws must be a whole number of at least 1, got 0"),
        ({"chains": 0}, "chains must be a whole number of at least 1, got 0"),
        ({"tune": -1}, "tune must be a whole number of at least 1, got -1"),
        ({"method": "gibbs"}, "no method 'gibbs'; choose one of nuts, laplace"),
        ({"sampler": "stan"}, "stan"),
        ({"random_state": -1}, "random_state must be None, a whole number"),
    ],
)
def test_options_out_of_range_are_named(model, options, message):
    with pytest.raises(FitError, match=message) as caught:
        sampled(model, **options)
    assert "\n" not in str(caught.value)


def test_it_takes_a_fit():
    with pytest.raises(NotFittedError):
        BayesGMM(2).sample_posterior()


def corners(n=30, seed=0):
    """Four groups at the corners of a square: two pairings of them are about as good."""
    rng = np.random.default_rng(seed)
    centres = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
    return np.concatenate([rng.normal(3.0 * centre, 1.0, (n, 2)) for centre in centres])


def test_two_segmentations_are_both_drawn_in_proportion():
    model = BayesGMM(2, random_state=0).fit(corners())
    with pytest.warns(MultimodalWarning, match="2 different segmentations"):
        posterior = sampled(model, draws=400, chains=4)
    masses = np.array([mode.probability for mode in model.modes_])
    shares = np.array([posterior.modes_visited[m] for m in range(2)])
    np.testing.assert_allclose(shares, masses[:2], atol=0.15)
    with pytest.warns(MultimodalWarning):
        summary = posterior.summary()
    assert summary["r_hat_within_modes"].max() < 1.1
