"""R-hat and effective sizes are of the chains as they were sampled, not of a resample of them."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
from arviz_stats.base.array import array_stats
from example_posteriors import fit_and_density, normal_draws

from bayes_gmm.data.feature_matrix import feature_matrix
from bayes_gmm.diagnostics.diagnostic import Diagnostic
from bayes_gmm.errors import ConvergenceWarning, MultimodalWarning
from bayes_gmm.inference.sampling.draws import Draws
from bayes_gmm.inference.sampling.mode_assignment import resampled_by_mass, visits_of
from bayes_gmm.model.mixture import Mixture
from bayes_gmm.model.parameters import Layout
from bayes_gmm.model.structure import Structure
from bayes_gmm.results.load import load
from bayes_gmm.results.posterior.convergence import Chains, _r_hat_and_bound, doubts
from bayes_gmm.results.posterior.posterior import Posterior
from bayes_gmm.results.thresholds import THRESHOLDS


@pytest.fixture(scope="module")
def stuck():
    """Two segmentations of four groups; three chains stay in the first, one in the second.

    Draws of each chain resemble those before them: 300 are worth about 75.
    """
    rng = np.random.default_rng(0)
    corners = [[x, y] for x in (-3, 3) for y in (-3, 3)]
    X = np.concatenate([rng.normal(corner, 1.0, (40, 2)) for corner in corners])
    fit, density, thetas = fit_and_density(feature_matrix(X, ["x", "y"]), 2)
    both = [normal_draws(density, thetas[m], (n, 300), mode=m) for m, n in ((0, 3), (1, 1))]
    for part, theta in zip(both, thetas, strict=False):
        for t in range(1, 300):
            part.theta[:, t] = (
                theta + 0.6 * (part.theta[:, t - 1] - theta) + 0.8 * (part.theta[:, t] - theta)
            )
    draws = replace(
        both[0],
        theta=np.concatenate([part.theta for part in both]),
        mode=np.concatenate([part.mode for part in both]),
        stats={"diverging": np.zeros((4, 300), bool)},
    )
    masses = np.array([0.6, 0.4])
    resampled = resampled_by_mass(draws, visits_of(draws.mode, 2), masses, rng)
    with pytest.warns(MultimodalWarning):
        return Posterior.from_draws(fit, density, resampled)


@pytest.fixture(scope="module")
def table(stuck):
    with pytest.warns(MultimodalWarning):
        return stuck.summary()


def test_chains_that_never_meet_have_a_high_r_hat(stuck, table):
    assert stuck.mode_fractions == {0: 0.6, 1: 0.4}
    assert table["r_hat"].max() > 1.5
    assert table["r_hat_within_modes"].max() < 1.2


def test_a_resample_is_worth_no_more_than_its_chains(stuck, table):
    x = stuck.parameters_as_sampled.means[:, :, 0, 0]
    one, other = (array_stats.ess(part, method="bulk") for part in (x[:3], x[3:]))
    expected = 1.0 / (0.6**2 / one + 0.4**2 / other)
    assert table.loc["means[Segment 1, x]", "ess_bulk"] == pytest.approx(expected)
    assert expected < one + other < 600
    assert array_stats.ess(stuck.parameters.means[:, :, 0, 0], method="bulk") > 1.5 * expected
    row = table.loc["means[Segment 1, x]"]
    one, other = (array_stats.ess(part, method="mean") for part in (x[:3], x[3:]))
    variance = row["sd"] ** 2 * (0.6**2 / one + 0.4**2 / other)
    assert row["mcse_mean"] == pytest.approx(np.sqrt(variance))


def test_files_keep_the_chains(stuck, table, tmp_path):
    with pytest.warns(MultimodalWarning):
        back = load(stuck.save(tmp_path / "stuck.nc"))
    with pytest.warns(MultimodalWarning):
        again = back.summary()
    np.testing.assert_array_equal(again, table)
    assert set(back.draws.origin.stats) == {"diverging"}


def test_another_numbering_is_the_chains_too(stuck, table):
    turned = stuck.align_to(Mixture(
        stuck.mixture.weights[::-1], stuck.mixture.means[::-1], stuck.mixture.covariances[::-1],
        stuck.mixture.resolution, stuck.features,
    ))  # fmt: skip
    with pytest.warns(MultimodalWarning):
        swapped = turned.summary()
    for ours, theirs in (("1", "2"), ("2", "1")):
        np.testing.assert_allclose(
            swapped.loc[f"means[Segment {ours}, x]"], table.loc[f"means[Segment {theirs}, x]"]
        )


def test_the_tree_has_the_chains_for_arviz(stuck, table):
    group = stuck.tree["posterior_as_sampled"]
    r_hat = array_stats.rhat(group["weights"].sel(component="Segment 1").values)
    assert table.loc["weights[Segment 1]", "r_hat"] == pytest.approx(r_hat)


def test_what_is_no_resample_has_no_second_group(posterior):
    assert "posterior_as_sampled" not in posterior.tree.children
    assert posterior.parameters_as_sampled is posterior.parameters


def test_chains_of_a_mode_are_cut_so_that_most_draws_remain():
    rng = np.random.default_rng(1)
    layout = Layout(1, 1, Structure())
    mode = np.zeros((3, 400), int)
    mode[0, 300:], mode[1, 20:] = 1, 1
    draws = Draws(rng.normal(size=(3, 400, layout.size)), layout, mode)
    chains = Chains(np.moveaxis(draws.theta, -1, 0), draws)
    assert [part.shape for part in chains.of_regions()] == [(2, 2, 300), (2, 2, 190)]


def chains_of(values, mode=None):
    """Quantities (p, chain, draw) as the draws of nothing in particular."""
    layout = Layout(1, 1, Structure())
    mode = np.zeros(values.shape[1:], int) if mode is None else mode
    return Chains(values, Draws(np.zeros((*mode.shape, layout.size)), layout, mode))


@pytest.mark.parametrize(("in_rare", "counted"), [(180, 1), (220, 2)])
def test_a_mode_of_little_mass_says_nothing_of_mixing(in_rare, counted):
    """4.5 and 5.5 % of the draws, which have not mixed there."""
    rng = np.random.default_rng(2)
    values, mode = rng.normal(size=(1, 4, 1000)), np.zeros((4, 1000), int)
    mode[0, :in_rare] = 1
    values[0, 0, : in_rare // 2] += 5.0
    chains = chains_of(values, mode)
    assert len(list(chains.of_regions())) == counted
    assert (chains.r_hat_within_modes().max() > 1.5) == (counted == 2)


def autoregressive(shape, rho, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=shape)
    for t in range(1, shape[-1]):
        x[..., t] = rho * x[..., t - 1] + np.sqrt(1.0 - rho**2) * x[..., t]
    return x


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(60, 4, 1000), (60, 2, 100), (20, 1, 200), (5, 4, 30)])
@pytest.mark.parametrize("rho", [-0.3, 0.0, 0.5])
def test_good_runs_are_taken_without_a_word(shape, rho):
    for seed in range(5):
        assert doubts(chains_of(autoregressive(shape, rho, seed))) == (None, None)


@pytest.mark.parametrize("rho", [0.0, 0.5])
def test_a_chain_apart_is_named(rho):
    x = autoregressive((6, 4, 1000), rho)
    x[4, 2] += 0.6
    found = doubts(chains_of(x))
    assert found.r_hat.quantity == 4
    assert found.r_hat.value == pytest.approx(array_stats.rhat(x[4]))
    wide = autoregressive((6, 4, 1000), rho)
    wide[1, 0] *= 2.0
    assert doubts(chains_of(wide)).r_hat.quantity == 1


def test_few_effective_draws_are_named():
    x = autoregressive((6, 4, 1000), 0.2)
    x[3] = autoregressive((4, 1000), 0.95)
    found = doubts(chains_of(x))
    assert found.ess.quantity == 3
    assert found.ess.value == pytest.approx(array_stats.ess(x[3], method="bulk"))
    assert found.ess.value < 400


@pytest.mark.parametrize(("mass", "few"), [(0.04, False), (0.2, True)])
def test_effective_draws_are_those_of_all_regions_by_their_masses(mass, few):
    """The slow chain of a light mode is worth few draws, and matters as its mass does."""
    x = autoregressive((2, 4, 1000), 0.2)
    x[1, 3] = autoregressive((1000,), 0.995)
    mode = np.repeat([[0], [0], [0], [1]], 1000, axis=1)
    sampled = chains_of(x, mode).draws
    resampled = (np.arange(4000).reshape(4, 1000) < 4000 * mass).astype(int)
    chains = Chains(x, replace(sampled, mode=resampled, origin=sampled))
    of_light = array_stats.ess(x[1, 3:], method="bulk")
    assert of_light < 20
    n = 1.0 / ((1 - mass) ** 2 / array_stats.ess(x[1, :3], method="bulk") + mass**2 / of_light)
    assert chains.ess(method="bulk")[1] == pytest.approx(n)
    found = doubts(chains).ess
    assert (n < 400) == few
    assert found == ((1, pytest.approx(n)) if few else None)


def test_a_warning_and_the_summary_count_the_same_effective_draws():
    def slow(theta):
        centre = theta.mean(axis=(0, 1))
        gap = theta - centre
        for t in range(1, theta.shape[1]):
            gap[:, t] = 0.97 * gap[:, t - 1] + 0.24 * gap[:, t]
        return centre + gap

    posterior, _ = drawn(theta=slow)
    [found] = [each for each in posterior.diagnostics if each.code == "unmixed_chains"]
    name, ess = found.values["ess_of"], found.values["ess"]
    assert name in found.subject
    assert found.values["needed"] == 40.0
    assert ess == pytest.approx(posterior.summary().loc[name, "ess_bulk"])
    assert ess == pytest.approx(posterior.summary()["ess_bulk"].min())
    assert f"effective sample size {ess:,.0f} for {name}, below 40" in str(found)


def test_where_few_draws_are_effective_r_hat_is_told_too():
    """Chains that wander so that chance could make any R-hat."""
    x = autoregressive((1, 4, 300), 0.99, seed=1)
    found = doubts(chains_of(x))
    r_hat, bound = _r_hat_and_bound(x[0], 1)
    assert r_hat > 1.1
    assert bound == THRESHOLDS.max_r_hat
    assert found.r_hat == (0, r_hat)
    assert found.ess.quantity == 0


def of_r_hat(name, r_hat):
    return Diagnostic("unmixed_chains", (name,), {"r_hat": r_hat, "r_hat_of": name})


def test_an_endless_r_hat_is_told_in_few_digits():
    said = str(of_r_hat("weights[Segment 1]", 5.97e15))
    assert "R-hat is above 1,000 for weights[Segment 1]" in said
    assert "R-hat is above 1,000 for" in str(of_r_hat("x", np.inf))
    assert "R-hat is 1000.00 for" in str(of_r_hat("x", 1000.0))


def test_chains_in_different_modes_are_no_doubt_of_mixing():
    x = autoregressive((6, 4, 1000), 0.2)
    mode = np.repeat([[0], [0], [1], [1]], 1000, axis=1)
    x += 5.0 * mode
    assert doubts(chains_of(x)).r_hat is not None
    assert doubts(chains_of(x, mode)) == (None, None)


def test_modes_of_little_mass_are_passed_over():
    mode = np.repeat([[0], [0], [0], [1]], 1000, axis=1)
    x = autoregressive((6, 4, 1000), 0.2)
    x[:, 3] = autoregressive((6, 1000), 0.99)
    kept = chains_of(x, mode)
    assert doubts(kept).ess is not None
    resampled = np.zeros_like(mode)
    resampled[:, :20] = 1
    assert doubts(Chains(x, replace(kept.draws, mode=resampled, origin=kept.draws))) == (None, None)


def drawn(**changes):
    """Draws of two groups, and what is said of them."""
    X = np.concatenate([np.zeros(60), np.full(60, 8.0)]) + np.random.default_rng(0).normal(size=120)
    fit, density, thetas = fit_and_density(X[:, None], 2)
    draws = normal_draws(density, thetas[0], (4, 200))
    draws = replace(
        draws, **{name: change(getattr(draws, name)) for name, change in changes.items()}
    )
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        posterior = Posterior.from_draws(fit, density, draws)
    return posterior, [w.message for w in said]


def test_chains_that_have_not_mixed_are_warned_of_once():
    def one_apart(theta):
        theta = theta.copy()
        theta[0, :, 1:3] += 0.3
        return theta

    posterior, [said] = drawn(theta=one_apart)
    assert type(said) is ConvergenceWarning
    assert said.diagnostic in posterior.diagnostics
    assert 1.01 < said.diagnostic.values["r_hat"] < 2.0
    assert "R-hat is 1." in str(said)
    assert "for means[Segment" in str(said)
    assert "\n" not in str(said)
    attrs = posterior.summary().attrs
    assert attrs["notes"] == {"unmixed_chains": str(said)}
    assert attrs["diagnostics"] == [said.diagnostic.json()]
    assert drawn()[1] == []
    assert drawn(theta=one_apart, method=lambda _: "laplace")[1] == []


@pytest.mark.parametrize(("share", "warned"), [(0.005, False), (0.02, True)])
def test_divergent_draws_are_warned_of_from_one_in_a_hundred(share, warned):
    def some(stats):
        return stats | {"diverging": np.arange(800).reshape(4, 200) < 800 * share}

    said = drawn(stats=some)[1]
    assert (len(said) == 1) == warned
    if warned:
        assert said[0].diagnostic.values == {"divergent": 0.02}
        assert "2 % of the draws diverged; use fewer components" in str(said[0])
