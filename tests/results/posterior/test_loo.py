"""Leaving out one row after the other, without fitting anew."""

from dataclasses import replace

import arviz as az
import numpy as np
import pytest
from example_posteriors import fit_and_density, normal_draws, two_groups

from bayes_gmm.data.feature_matrix import feature_matrix
from bayes_gmm.data.snapshot import KeptMatrix
from bayes_gmm.errors import DataError, FitError
from bayes_gmm.estimator import BayesGMM
from bayes_gmm.inference.sampling.draws import Draws
from bayes_gmm.inference.sampling.mode_assignment import resampled_by_mass, visits_of
from bayes_gmm.model.mixture import Mixture
from bayes_gmm.model.prior import Prior
from bayes_gmm.results.load import load
from bayes_gmm.results.posterior import loo as loo_module
from bayes_gmm.results.posterior.posterior import Posterior


def posterior_of(X, weights, theta=None, shape=(4, 250), K=2, **options):
    """About the MAP, or of the draws given."""
    model = BayesGMM(K, random_state=0, n_init=8, **options).fit(X, sample_weight=weights)
    density = model._fitted.density
    draws = normal_draws(density, model._fitted.found[0].theta, shape)
    if theta is not None:
        draws = replace(draws, theta=theta)
    return Posterior.from_draws(model.map_fit_, density, draws, table=model._fitted.table)


def some_draws(posterior, which):
    draws = posterior.draws
    kept = replace(draws, theta=draws.theta[which], mode=draws.mode[which], stats={})
    return replace(posterior, draws=kept)


@pytest.fixture(scope="module")
def with_gaps():
    """Rows with missing cells, recorded to the year."""
    X = two_groups()
    X[:, 0] = X[:, 0].round()
    X[::7, 1] = np.nan
    return posterior_of(X, None)


def test_arviz_says_the_same_of_the_tree(with_gaps):
    loo = with_gaps.loo()
    tree = with_gaps.to_datatree(log_likelihood=True)
    with pytest.warns(UserWarning, match="Estimated shape parameter of Pareto distribution"):
        theirs = az.loo(tree, reff=loo.relative_efficiency, pointwise=True)
    assert loo.elpd == pytest.approx(theirs.elpd, rel=1e-12)
    assert loo.se == pytest.approx(theirs.se, rel=1e-12)
    assert loo.p_loo == pytest.approx(theirs.p, rel=1e-10)
    assert loo.good_k == theirs.good_k
    assert loo.n_rows == len(loo.rows) == theirs.n_data_points
    np.testing.assert_allclose(loo.elpd_i, theirs.elpd_i, rtol=1e-12)
    np.testing.assert_allclose(loo.pareto_k, theirs.pareto_k, atol=1e-10)
    assert loo.n_high_k > 0
    assert loo.n_high_k == np.sum(theirs.pareto_k.values > theirs.good_k)
    assert loo.subsample_se == 0.0


def test_rows_count_with_what_they_observe_and_their_recording(with_gaps):
    """The log densities are those of each draw's mixture."""
    assert with_gaps.mixture.resolution[0] == pytest.approx(1.0, rel=1e-12)
    of = with_gaps.parameters
    log_p = np.array([
        Mixture(
            of.weights[0, s], of.means[0, s], of.covariances[0, s], with_gaps.mixture.resolution
        ).log_prob(with_gaps.table.values)
        for s in range(250)
    ])  # fmt: skip
    one_chain = some_draws(with_gaps, np.s_[:1])
    loo = one_chain.loo()
    elpd_i, k = loo_module.left_out(
        log_p.T.copy(), np.ones(log_p.shape[1]), loo.relative_efficiency
    )
    np.testing.assert_allclose(loo.elpd_i, elpd_i, rtol=1e-9)
    np.testing.assert_allclose(loo.pareto_k, k, atol=1e-6)


@pytest.mark.parametrize("weights", [1.0, 0.5, [2.0, 0.3, 1.0, 0.0, 1.0, 3.0, 0.7, 1.0, 1.0, 2.5]])
def test_it_agrees_with_leaving_rows_out(weights):
    """One component in one feature: the posterior without a copy of a row is known on a grid."""
    X = np.random.default_rng(3).normal(size=(10, 1))
    weights = np.broadcast_to(np.asarray(weights, float), 10).copy()
    model = BayesGMM(1, random_state=0, resolution=None).fit(X, sample_weight=weights)
    density, units = model._fitted.density, model.map_fit_.standardizer
    axes = np.linspace(-2.5, 2.5, 201), np.linspace(-1.5, 2.0, 201)
    theta = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
    height, _ = density.values_and_gradients(theta, jacobian=True)
    x = units.apply(X)[:, 0]
    log_p = -0.5 * ((x - theta[:, :1]) / np.exp(theta[:, 1:])) ** 2 - theta[:, 1:]
    log_p -= 0.5 * np.log(2 * np.pi) + np.log(units.scale[0])
    kept = np.exp(height - height.max())[:, None] * np.exp(-np.minimum(weights, 1.0) * log_p)
    exact = np.log((kept * np.exp(log_p)).sum(axis=0) / kept.sum(axis=0))
    share = np.exp(height - height.max())
    rng = np.random.default_rng(0)
    drawn = theta[rng.choice(len(theta), 4000, p=share / share.sum())]
    drawn += (rng.random(drawn.shape) - 0.5) * [axes[0][1] - axes[0][0], axes[1][1] - axes[1][0]]
    loo = posterior_of(X, weights, drawn.reshape(4, 1000, 2), (4, 1000), 1, resolution=None).loo()
    counted = weights > 0
    assert loo.n_high_k == 0
    np.testing.assert_allclose(loo.elpd_i, exact[counted], atol=0.05)
    assert loo.elpd == pytest.approx(weights @ exact, abs=0.1)
    assert loo.n_rows == pytest.approx(weights.sum())


@pytest.mark.parametrize("n_rows", [45, 300])
def test_weights_are_copies_and_none_is_absence(n_rows):
    X, times = two_groups(n_rows), np.arange(n_rows) % 4
    by_weight = posterior_of(X, times.astype(float))
    by_copies = posterior_of(np.repeat(X, times, axis=0), None, by_weight.draws.theta)
    a, b = by_weight.loo(), by_copies.loo()
    assert len(a.rows) == np.sum(times > 0) < len(b.rows) == times.sum() == a.n_rows
    for name in ("elpd", "se", "p_loo", "relative_efficiency"):
        assert getattr(a, name) == pytest.approx(getattr(b, name), rel=1e-9), name
    np.testing.assert_allclose(np.repeat(a.elpd_i, times[times > 0]), b.elpd_i, rtol=1e-9)


def test_units_change_nothing_but_the_units():
    X = two_groups(60)
    one = posterior_of(X, None)
    other = posterior_of(1e3 * X - 5.0, None, one.draws.theta)
    a, b = one.loo(), other.loo()
    assert b.elpd == pytest.approx(a.elpd - 60 * 2 * np.log(1e3), rel=1e-9)
    assert (b.se, b.p_loo) == pytest.approx((a.se, a.p_loo), rel=1e-6)


def test_a_row_with_nothing_observed_has_no_say():
    X = two_groups(60)
    without = posterior_of(X, None)
    with_it = posterior_of(np.r_[X, [[np.nan, np.nan]]], None, without.draws.theta)
    a, b = without.loo(), with_it.loo()
    assert a.n_rows == b.n_rows == len(b.rows) == len(b.row_weights) == 60
    assert (b.elpd, b.se, b.p_loo) == pytest.approx((a.elpd, a.se, a.p_loo), rel=1e-9)


@pytest.mark.slow
def test_a_sample_of_rows_is_as_near_as_it_says():
    """Over samples the error's square is in the mean what it is said to be."""
    posterior = posterior_of(two_groups(90), 0.5 + np.arange(90) % 3, shape=(2, 50))
    full = posterior.loo()
    found = [posterior.loo(max_rows=45, random_state=seed) for seed in range(60)]
    errors = np.array([part.elpd - full.elpd for part in found])
    expected = np.sqrt(np.mean([part.subsample_se**2 for part in found]))
    assert abs(errors.mean()) < 3.0 * expected / np.sqrt(60)
    assert np.sqrt(np.mean(errors**2)) == pytest.approx(expected, rel=0.3)
    assert expected < 0.2 * full.se
    assert np.mean([part.se for part in found]) == pytest.approx(full.se, rel=0.05)
    assert np.mean([part.p_loo for part in found]) == pytest.approx(full.p_loo, rel=0.1)
    assert len(found[0].rows) == len(np.unique(found[0].rows)) == 45


def test_the_sample_is_the_same_for_the_same_seed(posterior):
    a, b, c = (posterior.loo(max_rows=20, random_state=seed) for seed in (None, None, 1))
    np.testing.assert_array_equal(a.rows, b.rows)
    assert a.elpd == b.elpd != c.elpd


def test_draws_that_repeat_each_other_are_worth_less():
    posterior = posterior_of(two_groups(60), None)
    theta = np.repeat(posterior.draws.theta[:, :50], 5, axis=1)
    repeated = replace(posterior, draws=replace(posterior.draws, theta=theta))
    assert 0.6 < posterior.loo().relative_efficiency < 1.4
    assert 0.1 < repeated.loo().relative_efficiency < 0.3


def test_chains_are_thinned_where_draws_are_many(posterior, monkeypatch):
    monkeypatch.setattr(loo_module, "SETTINGS", loo_module.LooSettings(most_draws=500))
    every_other = some_draws(posterior, np.s_[:, ::2])
    assert posterior.loo().elpd == every_other.loo().elpd


def test_chains_that_never_meet_count_by_the_masses_of_their_modes():
    """Of a resample, whose order says nothing, the chains tell what draws are worth."""
    fit, density, thetas = fit_and_density(two_groups(60), 2)
    about = normal_draws(density, thetas[0])
    theta = np.repeat(about.theta[:, :50], 5, axis=1)
    mode = np.repeat([[0], [0], [1], [1]], 250, axis=1)
    chains = Draws(theta, density.layout, mode)
    fit = replace(fit, modes=(fit.modes[0], fit.modes[0]))
    both = resampled_by_mass(chains, visits_of(mode, 2), np.ones(2), np.random.default_rng(0))
    table = KeptMatrix.of(feature_matrix(two_groups(60)))
    posterior = Posterior(fit, both, None, ("Segment 1", "Segment 2"), {}, table)
    assert 0.1 < posterior.loo().relative_efficiency < 0.3


def test_one_draw_that_outweighs_all_has_no_tail_to_fit():
    log_p = np.full((1, 1000), -2.0)
    log_p[0, :400] = -900.0
    log_p[0, -1] = -1.5
    elpd, k = loo_module.left_out(log_p, np.ones(1))
    assert k[0] == np.inf
    assert elpd[0] == pytest.approx(-900.0 + np.log(1000 / 400), abs=1.0)


def test_draws_that_repeat_each_other_have_no_tail_to_fit():
    """Of ties among the largest ratios the fit makes no number: those are in doubt, and one."""
    log_p = np.sort(np.random.default_rng(0).normal(-2.0, 0.5, size=(8, 1000)), axis=1)
    for row, (low, high) in zip(log_p, [(40, 95), (60, 110), (0, 60), (0, 200)] * 2, strict=True):
        row[low:high] = row[low]
    log_p[4:] = np.round(log_p[4:])
    elpd, k = loo_module.left_out(log_p, np.ones(8))
    assert np.isfinite(elpd).all()
    assert not np.isnan(k).any()
    np.testing.assert_allclose(elpd, -np.log(np.mean(np.exp(-log_p), axis=1)), atol=0.1)


def test_a_table_that_was_written_to_is_refused():
    X = two_groups(60)
    posterior = posterior_of(X, None)
    X += 100.0
    for asked in (posterior.loo, posterior.occupied):
        with pytest.raises(DataError, match="was modified after its fit"):
            asked()


def test_a_file_keeps_no_rows_so_they_must_be_given(tmp_path):
    X, weights = two_groups(60), np.tile([1.0, 2.0], 30)
    posterior = posterior_of(X, weights)
    loaded = load(posterior.save(tmp_path / "model.nc"))
    with pytest.raises(DataError, match="does not contain the rows of the table; pass") as caught:
        loaded.loo()
    assert "\n" not in str(caught.value)
    assert loaded.loo(X, weights).elpd == pytest.approx(posterior.loo().elpd, rel=1e-12)
    with pytest.raises(DataError, match="total weight 90, but X has 60 rows of total weight 60"):
        loaded.loo(X)
    with pytest.raises(DataError, match="X is not the table that the model was fitted to: its log"):
        loaded.loo(X + np.random.default_rng(0).normal(size=X.shape), weights)
    with pytest.raises(DataError, match="sample_weight needs X"):
        posterior.loo(sample_weight=weights)


def test_the_rows_are_known_in_any_order_and_place(posterior):
    """Those that a model was fitted to, far from 0 as they may be."""
    X = posterior.table.values
    assert posterior.loo(X[::-1]).elpd == pytest.approx(posterior.loo().elpd, rel=1e-12)
    far = posterior_of(two_groups(60) + 1e9, None)
    assert far.loo(two_groups(60) + 1e9).elpd == far.loo().elpd


@pytest.mark.parametrize("given", [0, 1.5, "all"])
def test_rows_to_look_at_are_a_whole_number(posterior, given):
    with pytest.raises(DataError, match="max_rows must be a whole number of at least 1"):
        posterior.loo(max_rows=given)


def test_few_draws_are_too_few(posterior):
    few = some_draws(posterior, np.s_[:, :6])
    with pytest.raises(FitError, match="loo needs at least 25 draws, got 24; sample more"):
        few.loo()


def test_empty_components_of_a_mode_are_no_hindrance():
    X = two_groups(60)
    model = BayesGMM(4, prior=Prior(concentration=0.05), random_state=0, n_init=8).fit(X)
    assert np.any(model.weights_ == 0.0)
    posterior = model.sample_posterior(draws=100, tune=200, chains=2, progress=False)
    assert posterior.loo().elpd == pytest.approx(posterior.loo(X).elpd, rel=1e-12)
