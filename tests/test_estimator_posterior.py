"""`BayesGMM.sample_posterior`: from a fit to draws, in one call."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from example_tables import four_corners
from scipy.stats import norm
from sklearn.exceptions import NotFittedError

from bayes_gmm import (
    BayesGMM,
    ConvergenceWarning,
    DataError,
    FitError,
    MultimodalWarning,
    Posterior,
    Prior,
    load,
)
from bayes_gmm.text import percent


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
    assert np.all(table["share lower"] < model.weights_)
    assert np.all(model.weights_ < table["share upper"])
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


@pytest.mark.filterwarnings("ignore::bayes_gmm.ShapeWarning")  # fewer segments than groups
def test_one_component_and_one_feature():
    posterior = sampled(BayesGMM(1, random_state=0).fit(two_groups(d=1)))
    assert posterior.parameters.weights.min() == 1.0
    np.testing.assert_array_equal(posterior.predict(two_groups(d=1)), 0)


def test_missing_cells_and_weights():
    X = two_groups()
    X[::7, 0] = np.nan
    model = BayesGMM(2, random_state=0).fit(X, sample_weight=np.tile([1.0, 2.0], 60))
    assert sampled(model).summary()["mean"].notna().all()


@pytest.mark.parametrize("method", ["nuts", "laplace"])
def test_a_weight_is_so_many_copies_in_the_posterior(method):
    X = two_groups(60)
    X[::9, 1] = np.nan
    copies = np.random.default_rng(0).integers(0, 4, len(X))
    weighted, copied = (
        sampled(BayesGMM(2, random_state=0).fit(rows, sample_weight=w), method=method, draws=1000)
        for rows, w in ((X, copies), (np.repeat(X, copies, axis=0), None))
    )
    one, other = weighted.summary(), copied.summary()
    apart = (one["mean"] - other["mean"]).abs()
    noise = np.hypot(one["sd"], other["sd"]) / np.sqrt(
        np.minimum(one["ess_bulk"], other["ess_bulk"])
    )
    assert (apart <= 4.0 * noise).all()
    np.testing.assert_allclose(one["sd"], other["sd"], rtol=0.2)
    np.testing.assert_allclose(weighted.loo().elpd, copied.loo().elpd, rtol=1e-2)


def test_a_component_that_the_prior_empties():
    model = BayesGMM(4, prior=Prior(concentration=0.05), random_state=0).fit(two_groups())
    assert np.sum(model.weights_ > 1e-6) < 4
    posterior = sampled(model)
    assert np.isfinite(posterior.parameters.means).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"draws": 0}, "draws must be a whole number of at least 1, got 0"),
        ({"chains": 0}, "chains must be a whole number of at least 1, got 0"),
        ({"tune": -1}, "tune must be a whole number of at least 1, got -1"),
        ({"method": "gibbs"}, "unknown method 'gibbs'; choose from nuts, laplace"),
        ({"sampler": "stan"}, "stan"),
        ({"sampler": None}, "sampler None is unknown; use nutpie, pymc"),
        (
            {"draws": 10**12},
            "1,000,000,000,000 draws and 0 warm-up draws in 2 chains would take 163,913",
        ),
        ({"tune": 10**12, "chains": 1}, "1,000,000,000,000 warm-up draws in 1 chains"),
        ({"random_state": -1}, "random_state must be None, a whole number"),
        ({"progress": "no"}, "progress must be True or False, got 'no'"),
    ],
)
def test_options_out_of_range_are_named(model, options, message):
    with pytest.raises(FitError, match=message) as caught:
        sampled(model, **options)
    assert "\n" not in str(caught.value)


def test_it_takes_a_fit():
    with pytest.raises(NotFittedError):
        BayesGMM(2).sample_posterior()


def test_columns_are_found_by_name_and_others_refused():
    table = pd.DataFrame(two_groups(), columns=["Age", "Income"])
    posterior = sampled(BayesGMM(2, random_state=0).fit(table))
    turned = table[["Income", "Age"]]
    np.testing.assert_array_equal(posterior.predict_proba(turned), posterior.predict_proba(table))
    for method in (posterior.predict, posterior.membership, posterior.co_clustering):
        with pytest.raises(DataError, match="'Income'"):
            method(table.rename(columns={"Income": "Wage"}))
        with pytest.raises(
            DataError, match="X has 3 features, but BayesGMM is expecting 2 features"
        ):
            method(np.ones((4, 3)))


@pytest.mark.parametrize("drawn_first", [True, False])
def test_a_table_that_was_written_to_is_not_taken_for_the_one_that_was_fitted(drawn_first):
    X = two_groups()
    model = BayesGMM(2, random_state=0).fit(X)
    if drawn_first:
        posterior = sampled(model)
    before = sampled(model).draws.theta
    X *= 2.0
    if not drawn_first:
        posterior = sampled(model)
    np.testing.assert_array_equal(posterior.draws.theta, before)
    with pytest.raises(DataError, match="the table of 120 rows was modified after its fit"):
        posterior.to_datatree(log_likelihood=True)
    with pytest.raises(DataError, match="fit a copy, or save and load the posterior"):
        _ = posterior.tree
    X /= 2.0
    assert posterior.tree["observed_data/x"].values.tolist() == X.tolist()


def test_new_rows_with_missing_cells_are_known_by_the_others(model):
    posterior = sampled(model)
    X = np.array([[6.0, np.nan], [np.nan, 0.0], [np.nan, np.nan]])
    table = posterior.membership(X)
    assert table["segment"].tolist() == ["Segment 2", "Segment 1", "Segment 1"]
    shares = posterior.parameters.weights.mean(axis=(0, 1))
    np.testing.assert_allclose(posterior.predict_proba(X)[2], shares, rtol=1e-9)


@pytest.mark.filterwarnings("ignore::bayes_gmm.ShapeWarning")  # fewer segments than groups
def test_few_draws_of_one_component_are_no_cause_for_warnings_of_numbers():
    """Its share is always 1."""
    posterior = sampled(BayesGMM(1, random_state=0).fit(two_groups()), draws=50, chains=1)
    found = [found for found in posterior.diagnostics if found.code == "unmixed_chains"]
    assert not any("weights" in str(each) for each in found)


def test_one_chain_has_no_r_hat_and_says_so(model):
    posterior = sampled(model, chains=1)
    with pytest.warns(ConvergenceWarning, match="R-hat cannot be computed for 1 chain"):
        table = posterior.summary()
    assert table["r_hat"].isna().all()
    assert "chains=4" in table.attrs["notes"]["one_chain"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*(fewer than|coincide):bayes_gmm.errors.DataWarning")
@pytest.mark.filterwarnings("ignore:the chains have not mixed")  # 50 draws in 54 dimensions
@pytest.mark.parametrize(("n", "d", "K"), [(2, 1, 1), (3, 2, 1), (4, 9, 1), (12, 12, 1)])
def test_fewer_rows_than_features_are_a_posterior_near_the_prior(n, d, K):
    X = np.random.default_rng(0).normal(size=(n, d))
    posterior = sampled(BayesGMM(K, random_state=0).fit(X), draws=50)
    assert np.isfinite(posterior.parameters.covariances).all()


def test_units_change_nothing_but_the_units(model):
    plain = sampled(model).parameters
    for unit in (1e-12, 1e12):
        scaled = sampled(BayesGMM(2, random_state=0).fit(unit * two_groups())).parameters
        np.testing.assert_allclose(scaled.weights.mean(), plain.weights.mean(), rtol=1e-6)
        for name in ("means", "scales"):
            ours, theirs = getattr(plain, name), getattr(scaled, name) / unit
            assert (
                np.abs(ours.mean((0, 1)) - theirs.mean((0, 1))).max() < 0.2 * ours.std((0, 1)).max()
            )


def test_models_and_posteriors_survive_other_processes(model):
    """What joblib sends: the copies draw and say the same."""
    posterior = sampled(model)
    copied = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(sampled(copied).draws.theta, posterior.draws.theta)
    pd.testing.assert_frame_equal(
        pickle.loads(pickle.dumps(posterior)).summary(), posterior.summary()
    )


def test_names_and_numbers_go_round_through_files(model, tmp_path):
    posterior = sampled(model)
    named = posterior.rename({"Segment 1": "Careful"})
    loaded = load(named.save(tmp_path / "m.nc"))
    pd.testing.assert_frame_equal(loaded.summary(), named.summary())
    back = loaded.align_to(posterior)
    assert back.names == posterior.names
    np.testing.assert_array_equal(back.draws.theta, posterior.draws.theta)
    assert load(back.align_to(named).save(tmp_path / "m.nc")).names == named.names


@pytest.mark.filterwarnings("ignore::bayes_gmm.ShapeWarning")  # fewer segments than groups
def test_two_segmentations_are_both_drawn_in_proportion():
    model = BayesGMM(2, random_state=0).fit(four_corners(30))
    with pytest.warns(MultimodalWarning, match="2 different segmentations"):
        posterior = sampled(model, draws=400, chains=4)
    masses = np.array([mode.probability for mode in model.modes_])
    shares = np.array([posterior.mode_fractions[m] for m in range(2)])
    np.testing.assert_allclose(shares, masses[:2], atol=0.15)
    with pytest.warns(MultimodalWarning):
        summary = posterior.summary()
    assert summary["r_hat_within_modes"].max() < 1.1


def three_groups():
    """For two segments: the middle goes with the right, or, as it is nearly as far, the left."""
    z = norm.ppf((np.arange(20) + 0.5) / 20)
    return np.concatenate([z - 6.0, z + 0.1, z + 6.0])[:, None]


def test_one_chain_cannot_be_of_two_segmentations():
    model = BayesGMM(2, random_state=0).fit(three_groups())
    mass = percent(model.modes_[1].probability)
    with pytest.warns(MultimodalWarning, match=f"no draws from mode 1, which holds {mass} of"):
        posterior = sampled(model, chains=1)
    assert posterior.modes_missed == {1: posterior.fit.modes[1].probability}
    assert sampled_quietly(model, chains=1, method="laplace").modes_missed == {}


def sampled_quietly(model, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return sampled(model, **options)


def test_a_chain_that_leaves_its_mode_in_warm_up_is_taken_anew():
    """With these seeds it did leave: no draw was of the second mode."""
    model = BayesGMM(2, random_state=0).fit(three_groups())
    for seed in (1, 5, 9):
        posterior = sampled_quietly(model, draws=1000, chains=4, random_state=seed)
        assert posterior.mode_fractions[1] == pytest.approx(0.285, abs=0.05)
        assert posterior.modes_missed == {}
