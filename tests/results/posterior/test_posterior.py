"""What a posterior says, in the user's units, is what its draws say."""

import warnings
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from arviz_stats.base.array import array_stats
from example_posteriors import fit_and_density, normal_draws, two_segmentations

from bayes_gmm.errors import (
    AmbiguousLabelsWarning,
    ConvergenceWarning,
    DataError,
    FitError,
    MultimodalWarning,
)
from bayes_gmm.model.mixture import Mixture
from bayes_gmm.model.points import renumbered
from bayes_gmm.results.posterior import datatree as trees
from bayes_gmm.results.posterior.posterior import Posterior


def mixture_of_draw(posterior, chain, draw):
    of = posterior.parameters
    return Mixture(
        of.weights[chain, draw], of.means[chain, draw], of.covariances[chain, draw],
        posterior.mixture.resolution, posterior.features,
    )  # fmt: skip


@pytest.fixture(scope="module")
def two_modes():
    """Four groups at the corners of a square, taken for two: left and right, or up and down."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        posterior = two_segmentations()
    return posterior, [str(w.message) for w in said if w.category is MultimodalWarning]


def test_draws_in_the_users_units_are_those_of_the_standardised_ones(posterior):
    of, draws, units = posterior.parameters, posterior.draws, posterior.fit.standardizer
    for chain, draw in [(0, 0), (3, 249)]:
        point = draws.layout.point(draws.theta[chain, draw])
        np.testing.assert_allclose(of.weights[chain, draw], np.exp(point.log_weights))
        np.testing.assert_allclose(of.means[chain, draw], units.means(point.means))
        S = units.covariances(point.scale_trils @ point.scale_trils.mT)
        np.testing.assert_allclose(of.covariances[chain, draw], S)
        np.testing.assert_allclose(of.scales[chain, draw], np.sqrt(np.diagonal(S, 0, 1, 2)))


def test_tree_is_what_arviz_expects(posterior):
    tree = posterior.tree
    assert tree["posterior/means"].dims == ("chain", "draw", "component", "feature")
    assert tree["posterior/covariances"].dims[2:] == ("component", "feature", "feature_bis")
    age = tree["posterior/means"].sel(component="Segment 2", feature="Age")
    np.testing.assert_array_equal(age, posterior.parameters.means[..., 1, 0])
    np.testing.assert_array_equal(tree["observed_data/x"], posterior.table.values)
    assert {"lp", "diverging", "mode", "permuted"} <= set(tree["sample_stats"].data_vars)
    assert tree.attrs["data_fingerprint"].startswith("sha256:")
    assert tree.attrs["seed"] == 7


@pytest.mark.parametrize("name", ["posterior", "one", "round"])
def test_arvizs_summary_of_the_tree_has_a_row_for_all_that_varies(name, request):
    """The 1s of correlation matrices, and of a single weight, would have an R-hat of NaN."""
    import arviz_stats

    shown = request.getfixturevalue(name)
    table = arviz_stats.summary(shown.tree, round_to="none")
    assert table["r_hat"].notna().all()
    ours = [row.replace("correlations", "correlation_pairs") for row in shown.summary().index]
    assert set(table.index) == set(ours) - {"weights[Segment 1]"} | (
        {"weights[Segment 1]"} if shown.n_components > 1 else set()
    )
    matrices = shown.tree["posterior/correlations"]
    assert matrices.dims == ("chain", "draw", "component", "feature", "feature_bis")
    np.testing.assert_array_equal(matrices, shown.parameters.correlations)
    np.testing.assert_array_equal(shown.tree["posterior/weights"], shown.parameters.weights)


@pytest.fixture(scope="module")
def one():
    """A single segment of three features."""
    fit, density, thetas = fit_and_density(np.random.default_rng(0).normal(size=(80, 3)), 1)
    return Posterior.from_draws(fit, density, normal_draws(density, thetas[0], (2, 100)))


@pytest.fixture(scope="module")
def round():
    """A single segment without correlations."""
    fit, density, thetas = fit_and_density(np.random.default_rng(0).normal(size=(80, 2)), 1, "diag")
    return Posterior.from_draws(fit, density, normal_draws(density, thetas[0], (2, 100)))


def test_pairs_of_features_have_the_correlations_of_the_matrix(one):
    pairs = one.tree["posterior/correlation_pairs"]
    assert pairs["pair"].values.tolist() == ["x1, x2", "x1, x3", "x2, x3"]
    for pair in pairs["pair"].values:
        i, j = pair.split(", ")
        np.testing.assert_array_equal(
            pairs.sel(pair=pair), one.tree["posterior/correlations"].sel(feature=j, feature_bis=i)
        )


def test_the_mean_mixture_has_the_numbers_of_the_segments(posterior):
    mean, table = posterior.mean_mixture, posterior.segments()
    assert mean.weights.tolist() == pytest.approx(table["share"].tolist())
    for j, feature in enumerate(posterior.features):
        assert mean.means[:, j].tolist() == pytest.approx(table[f"{feature} (mean)"].tolist())
        sds = table[f"{feature} (sd)"].tolist()
        assert mean.standard_deviations[:, j].tolist() == pytest.approx(sds)


def test_log_likelihood_of_a_row_is_that_of_each_draws_mixture(posterior):
    X = posterior.table.values[:20].copy()
    X[3, 0] = np.nan
    tree = posterior.to_datatree(X, log_likelihood=True)
    for chain, draw in [(0, 0), (2, 100)]:
        expected = mixture_of_draw(posterior, chain, draw).log_prob(X)
        np.testing.assert_allclose(tree["log_likelihood/x"][chain, draw], expected, rtol=1e-9)


def test_rows_drawn_anew_have_the_moments_of_the_mixture(posterior):
    tree = posterior.to_datatree(posterior_predictive=True, random_state=0)
    x = tree["posterior_predictive/x"].values.reshape(-1, 2)
    w, mu, S = (
        getattr(posterior.parameters, name).mean((0, 1)) for name in ("weights", "means", "scales")
    )
    mean = w @ mu
    sd = np.sqrt(w @ (S**2 + (mu - mean) ** 2))
    np.testing.assert_allclose((x.mean(0) - mean) / sd, 0.0, atol=0.02)
    np.testing.assert_allclose(x.std(0), sd, rtol=0.02)


def test_groups_that_would_not_fit_are_refused_by_name(posterior, monkeypatch):
    monkeypatch.setattr(trees, "SETTINGS", trees.TreeSettings(most_cells=10_000))
    with pytest.raises(
        DataError, match=r"log_likelihood with 1,000 draws and 150 values.*at most 10"
    ):
        posterior.to_datatree(log_likelihood=True)
    with pytest.raises(DataError, match="posterior_predictive with 1,000 draws and 300"):
        posterior.to_datatree(posterior_predictive=True)


def test_without_its_rows_a_posterior_asks_for_them(posterior):
    alone = replace(posterior, table=None)
    assert "observed_data" not in alone.tree
    with pytest.raises(DataError, match="pass them as X"):
        alone.to_datatree(log_likelihood=True)


@pytest.mark.parametrize("ci_kind", ["eti", "hdi"])
def test_summary_has_arvizs_columns_and_numbers(posterior, ci_kind):
    import arviz_stats

    table = posterior.summary(ci_prob=0.9, ci_kind=ci_kind)
    names = ["weights", "means", "scales"]
    theirs = arviz_stats.summary(
        posterior.tree, var_names=names, ci_prob=0.9, ci_kind=ci_kind, round_to="none"
    )
    assert list(table.columns) == list(theirs.columns)
    same = [column for column in theirs if column != "ess_tail"]
    np.testing.assert_allclose(table.loc[theirs.index, same], theirs[same], rtol=1e-9)
    assert "correlations[Segment 1, Age, Income]" in table.index
    assert len(table) == len(theirs) + 2
    assert table.attrs["notes"] == {}


def test_tail_ess_is_that_of_the_5_and_95_percent_quantiles(posterior):
    draws = posterior.parameters.weights[..., 0]
    expected = array_stats.ess(draws, method="tail", prob=(0.05, 0.95))
    assert posterior.summary().loc["weights[Segment 1]", "ess_tail"] == pytest.approx(expected)


def test_one_chain_has_no_r_hat_and_the_summary_says_so(posterior):
    draws = posterior.draws
    part = replace(draws, theta=draws.theta[:1], mode=draws.mode[:1], stats={})
    one = replace(posterior, draws=part)
    with pytest.warns(ConvergenceWarning, match="R-hat cannot be computed for 1 chain"):
        table = one.summary()
    assert table["r_hat"].isna().all()
    assert np.isfinite(table["ess_bulk"]).all()
    assert list(table.attrs["notes"]) == ["one_chain"]


def test_independent_draws_have_no_r_hat_and_need_none():
    fit, density, thetas = fit_and_density(np.random.default_rng(0).normal(size=(80, 1)), 1)
    draws = normal_draws(density, thetas[0], (1, 400), method="laplace")
    table = Posterior.from_draws(fit, density, draws).summary()
    assert table["r_hat"].isna().all()
    assert "independent_draws" in table.attrs["notes"]


def test_proposals_drawn_more_than_once_count_for_less():
    fit, density, thetas = fit_and_density(np.random.default_rng(0).normal(size=(80, 1)), 1)
    draws = normal_draws(density, thetas[0], (2, 100), method="laplace")
    theta = draws.theta.copy()
    theta[1] = theta[0]
    twice = Posterior.from_draws(fit, density, replace(draws, theta=theta)).summary()
    assert twice["ess_bulk"].tolist() == pytest.approx([100.0] * len(twice))
    row = twice.loc["means[Segment 1, x1]"]
    assert row["mcse_mean"] == pytest.approx(row["sd"] / 10.0)


def test_a_single_component_works():
    X = np.random.default_rng(0).normal([5.0, -3.0], size=(80, 2))
    fit, density, thetas = fit_and_density(X, 1)
    one = Posterior.from_draws(fit, density, normal_draws(density, thetas[0], (2, 100)))
    table = one.summary()
    assert table.loc["weights[Segment 1]", "mean"] == 1.0
    assert len(table) == 6
    assert one.segments()["share lower"].tolist() == [1.0]
    assert one.membership(X)["probability"].eq(1.0).all()
    assert one.co_clustering(X[:5]).min() == 1.0


def test_shared_parameters_are_told_once():
    fit, density, thetas = fit_and_density(np.random.default_rng(0).normal(size=(80, 2)), 1, "tied")
    one = Posterior.from_draws(fit, density, normal_draws(density, thetas[0], (2, 100)))
    assert "scales[all, x1]" in one.summary().index
    assert "correlations[all, x1, x2]" in one.summary().index


def test_segments_are_told_by_posterior_mean_and_interval(posterior):
    table = posterior.segments(ci_prob=0.5)
    draws = posterior.parameters.means[..., 1, 1]
    row = table.iloc[1]
    assert row["segment"] == "Segment 2"
    assert row["Income (mean)"] == pytest.approx(draws.mean())
    assert [row["Income (mean) lower"], row["Income (mean) upper"]] == pytest.approx(
        np.quantile(draws, [0.25, 0.75])
    )
    assert table["share"].sum() == pytest.approx(1.0)


def test_a_contrast_is_of_the_difference_in_each_draw(posterior):
    table = posterior.contrast("Segment 2", 0)
    difference = posterior.parameters.weights @ [-1.0, 1.0]
    row = table.loc["share"]
    assert row["difference"] == pytest.approx(difference.mean())
    assert [row["lower"], row["upper"]] == pytest.approx(np.quantile(difference, [0.03, 0.97]))
    assert row["P(difference > 0)"] == np.mean(difference > 0)
    assert table.loc["Age (mean)", "P(difference > 0)"] == 1.0
    assert posterior.contrast(0, 1).loc["Age (mean)", "P(difference > 0)"] == 0.0


def test_what_segments_share_is_as_likely_more_as_less():
    X = np.concatenate([np.full(60, 0.0), np.full(60, 9.0)]) + np.random.default_rng(0).normal(
        size=120
    )
    fit, density, thetas = fit_and_density(X[:, None], 2, "tied")
    tied = Posterior.from_draws(fit, density, normal_draws(density, thetas[0], (2, 100)))
    assert tied.contrast(0, 1).loc["x1 (sd)", "P(difference > 0)"] == 0.5


@pytest.mark.parametrize("segment", ["Segmnt 2", 2, -1])
def test_unknown_segments_are_refused_by_name(posterior, segment):
    with pytest.raises(DataError, match=r"no segment"):
        posterior.contrast("Segment 1", segment)


def test_renamed_segments_carry_their_names_everywhere(posterior):
    named = posterior.rename({"Segment 2": "Careful high earners"})
    assert named.segments()["segment"].tolist() == ["Segment 1", "Careful high earners"]
    assert "weights[Careful high earners]" in named.summary().index
    assert "Careful high earners" in named.tree["posterior"]["component"].values
    assert posterior.names == ("Segment 1", "Segment 2")
    with pytest.raises(DataError, match=r"no segment 'Segment 3'; did you mean 'Segment"):
        posterior.rename({"Segment 3": "x"})
    with pytest.raises(DataError, match="two segments would be named 'Segment 1'"):
        posterior.rename({"Segment 2": "Segment 1"})


def test_a_posterior_takes_the_numbers_and_names_of_another(posterior):
    turned = posterior.rename({"Segment 1": "A", "Segment 2": "B"})
    swapped = Mixture(
        posterior.mixture.weights[::-1], posterior.mixture.means[::-1],
        posterior.mixture.covariances[::-1], 0.0, posterior.features,
    )  # fmt: skip
    aligned = turned.align_to(swapped)
    assert aligned.names == ("Segment 1", "Segment 2")
    for name in ("weights", "means", "scales", "covariances"):
        theirs = getattr(aligned.parameters, name)
        np.testing.assert_allclose(theirs, getattr(turned.parameters, name)[:, :, ::-1])
    np.testing.assert_array_equal(aligned.mixture.means, swapped.means)
    X = posterior.table.values
    np.testing.assert_allclose(aligned.predict_proba(X), turned.predict_proba(X)[:, ::-1])
    back = aligned.align_to(turned)
    assert back.names == ("A", "B")
    np.testing.assert_allclose(back.draws.theta, turned.draws.theta, rtol=1e-12, atol=1e-12)


def test_segments_without_a_partner_come_last(posterior):
    one = Mixture(
        [1.0], posterior.mixture.means[1:], posterior.mixture.covariances[1:], 0.0,
        posterior.features,
    )  # fmt: skip
    aligned = posterior.align_to(one)
    assert aligned.names == ("Segment 1", "Segment 2")
    np.testing.assert_array_equal(aligned.mixture.means[0], posterior.mixture.means[1])
    with pytest.raises(DataError, match="features x1, but this posterior has Age, Income"):
        posterior.align_to(Mixture([1.0], [[0.0]], [[[1.0]]]))
    with pytest.raises(DataError, match="cannot align to a dict"):
        posterior.align_to({})


@pytest.mark.parametrize(
    ("ours", "theirs", "named"),
    [
        (("Segment 1", "Segment 2"), "A", ("A", "Segment 2")),
        (("Segment 1", "Segment 2"), "Segment 2", ("Segment 2", "Segment 3")),
        (("Old", "Young"), "A", ("A", "Old")),
        (("A", "B"), "A", ("A", "Segment 2")),
        (("Segment 2", "B"), "A", ("A", "Segment 2")),
    ],
)
def test_an_extra_segment_gets_a_name_that_nothing_has(posterior, ours, theirs, named):
    """Its own, if it was given one that is free; else the number of its place."""
    named_posterior = replace(posterior, names=ours)
    last = replace(
        posterior.mixture, weights=[1.0], means=posterior.mixture.means[1:],
        covariances=posterior.mixture.covariances[1:],
    )  # fmt: skip
    other = SimpleNamespace(mixture=last, names=(theirs,))
    assert named_posterior.align_to(other).names == named


def test_several_modes_are_told_by_share_and_by_r_hat_within(two_modes):
    posterior, said = two_modes
    assert posterior.mode_fractions == {0: 0.5, 1: 0.5}
    assert "2 different segmentations (mode 0: 50 %, mode 1: 50 %)" in said[0]
    with pytest.warns(MultimodalWarning, match="averages mix draws from 2"):
        table = posterior.summary()
    assert table["r_hat"].max() > 1.5
    assert table["r_hat_within_modes"].max() < 1.1
    for table in (posterior.segments, lambda: posterior.contrast(0, 1)):
        with pytest.warns(MultimodalWarning, match="averages mix draws from 2") as warned:
            notes = table().attrs["notes"]
        assert notes == {"several_modes": said[0]}
        assert warned[0].filename == __file__


def test_labels_that_mean_little_are_warned_of():
    """Draws so wide that either segment may be on either side."""
    X = np.concatenate([np.full(60, 0.0), np.full(60, 4.0)]) + np.random.default_rng(0).normal(
        size=120
    )
    fit, density, thetas = fit_and_density(X[:, None], 2)
    draws = normal_draws(density, thetas[0], (2, 300))
    wide = replace(draws, theta=thetas[0] + 20.0 * (draws.theta - thetas[0]))
    with pytest.warns(AmbiguousLabelsWarning, match="Segment 1 and Segment 2 may be swapped"):
        posterior = Posterior.from_draws(fit, density, wide)
    assert posterior.labels.ambiguity > 0.05
    assert posterior.labels.fraction_permuted > 0.05


def test_well_separated_segments_are_taken_without_a_word(posterior):
    assert posterior.labels.ambiguity < 1e-6
    assert posterior.labels.fraction_permuted == 0.0


def test_shuffled_draws_give_the_same_posterior():
    X = np.concatenate([np.zeros(80), np.full(40, 8.0)]) + np.random.default_rng(0).normal(size=120)
    fit, density, thetas = fit_and_density(X[:, None], 2)
    draws = normal_draws(density, thetas[0], (2, 100))
    order = np.tile([0, 1], (2, 100, 1))
    order[1] = [1, 0]
    turned = replace(draws, theta=renumbered(draws.layout, draws.theta, order))
    one, other = (Posterior.from_draws(fit, density, d) for d in (draws, turned))
    pd.testing.assert_frame_equal(one.summary(), other.summary())
    assert other.labels.fraction_permuted == 0.5


@pytest.mark.parametrize("shape", [(2, 1), (2, 3), (3, 4)])
def test_few_draws_are_summed_up_as_far_as_they_go(shape):
    X = np.random.default_rng(0).normal(size=(40, 1))
    fit, density, thetas = fit_and_density(X, 1)
    draws = normal_draws(density, thetas[0], shape)
    with pytest.warns(ConvergenceWarning, match=f"there are {draws.mode.size} draws in total"):
        few = Posterior.from_draws(fit, density, draws)
    table = few.summary()
    assert np.isfinite(table["mean"]).all()
    assert table["ess_bulk"].isna().all() == (shape[1] < 4)
    assert len(few.membership(X)) == 40


def test_no_draws_are_refused(posterior):
    fit, density, thetas = fit_and_density(np.random.default_rng(0).normal(size=(40, 1)), 1)
    draws = normal_draws(density, thetas[0], (1, 20))
    for shape in [(0, 20), (1, 0)]:
        none = replace(draws, theta=np.empty((*shape, 2)), mode=np.empty(shape, int), stats={})
        with pytest.raises(FitError, match="at least 1 draw in 1 chain"):
            Posterior.from_draws(fit, density, none)
    lost = draws.theta.copy()
    lost[0, 3, 0] = np.nan
    with pytest.raises(FitError, match="a draw is not finite"):
        Posterior.from_draws(fit, density, replace(draws, theta=lost))
    with pytest.raises(FitError, match="a draw has mode 5, but"):
        Posterior.from_draws(fit, density, replace(draws, mode=draws.mode + 5))


@pytest.mark.parametrize("ci_prob", [0.0, 1.0, 94, "0.9", None, float("nan"), True])
def test_an_interval_of_no_probability_is_refused(posterior, ci_prob):
    with pytest.raises(DataError, match="ci_prob must be a number between 0 and 1, got"):
        posterior.summary(ci_prob)
