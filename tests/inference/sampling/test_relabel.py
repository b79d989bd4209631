"""Draws keep the labels of their mode, however the sampler numbered them."""

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from arviz_stats.base.array import array_stats
from example_posteriors import exact_draws, fit_and_density, normal_draws
from scipy.stats import multivariate_normal

from bayes_gmm.inference.sampling.relabel import best_orders, confusion, relabel
from bayes_gmm.model.mixture import Mixture
from bayes_gmm.model.parameters import Layout
from bayes_gmm.model.points import Points, renumbered
from bayes_gmm.model.structure import Structure


def reference(density, theta):
    point = density.layout.point(theta)
    return Mixture(np.exp(point.log_weights), point.means, point.scale_trils @ point.scale_trils.mT)


def shuffled(draws, seed=0):
    """The draws numbered at random, each anew."""
    rng = np.random.default_rng(seed)
    K = draws.layout.n_components
    order = rng.permuted(np.tile(np.arange(K), (*draws.mode.shape, 1)), axis=-1)
    return replace(draws, theta=renumbered(draws.layout, draws.theta, order))


def groups(*places, n=100, seed=0):
    """Rows of one feature about (mean, sd) of each place."""
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.normal(mean, sd, n) for mean, sd in places])[:, None]


def crossing(correlation=0.9, n=120, seed=3):
    """Two ellipses of one mean, at right angles."""
    rng = np.random.default_rng(seed)
    arms = [[[1.0, r], [r, 1.0]] for r in (correlation, -correlation)]
    return np.concatenate([rng.multivariate_normal([0.0, 0.0], arm, n) for arm in arms])


@pytest.fixture(scope="module")
def three_groups():
    _, density, thetas = fit_and_density(groups((0, 1), (6, 1), (14, 2)), 3)
    return density, thetas[0], exact_draws(density, thetas[0])


def per_parameter(theta):
    return np.moveaxis(theta, -1, 0)


def test_a_chain_with_other_labels_spoils_r_hat_and_alignment_restores_it(three_groups):
    density, mode, draws = three_groups
    order = np.tile(np.arange(3), (*draws.mode.shape, 1))
    order[0] = [1, 2, 0]
    raw = replace(draws, theta=renumbered(draws.layout, draws.theta, order))
    aligned, done = relabel(raw, [reference(density, mode)], density.rho2)
    assert array_stats.rhat(per_parameter(raw.theta)).max() > 1.5
    assert array_stats.rhat(per_parameter(aligned)).max() < 1.01
    ess_raw = array_stats.ess(per_parameter(raw.theta), method="bulk").min()
    ess = array_stats.ess(per_parameter(aligned), method="bulk").min()
    ess_original = array_stats.ess(per_parameter(draws.theta), method="bulk").min()
    assert ess == pytest.approx(ess_original)
    assert ess > 50 * ess_raw
    assert done.fraction_permuted == 0.25
    np.testing.assert_allclose(aligned, draws.theta, rtol=1e-12, atol=1e-12)


def test_where_ellipses_cross_at_one_mean_no_draw_is_misaligned():
    _, density, thetas = fit_and_density(crossing(), 2)
    draws = exact_draws(density, thetas[0])
    sign = np.sign(density.layout.point(thetas[0]).corr_chol[:, 1, 0])
    aligned, done = relabel(shuffled(draws), [reference(density, thetas[0])], density.rho2)
    found = Points.of(density.layout, aligned).corr_chol[..., 1, 0]
    assert np.all(np.sign(found) == sign)
    assert done.ambiguity < 1e-6
    assert 0.4 < done.fraction_permuted < 0.6


@pytest.mark.parametrize(
    ("X", "K"),
    [
        (groups((0, 1), (2, 1)), 2),
        (groups((0, 1), (0, 4)), 2),
        (groups((0, 1), (5, 1)), 3),
        (crossing(0.6), 2),
    ],
    ids=["overlap", "one inside the other", "one too many", "crossing softly"],
)
def test_numbering_does_not_depend_on_the_samplers(X, K):
    _, density, thetas = fit_and_density(X, K)
    draws = normal_draws(density, thetas[0], (2, 200))
    mode = reference(density, thetas[0])
    one, _ = relabel(shuffled(draws, 1), [mode], density.rho2)
    other, _ = relabel(shuffled(draws, 2), [mode], density.rho2)
    np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)


def test_a_draw_is_numbered_by_the_divergence_of_complete_data():
    """Against Monte Carlo of KL{p*(z, x) || p(z, x | draw)} over every permutation."""
    K, d = 3, 2
    layout = Layout(K, d, Structure())
    rng = np.random.default_rng(5)
    mode, draw = 0.6 * rng.normal(size=(2, layout.size))
    star, point = layout.point(mode), layout.point(draw)
    V = star.scale_trils @ star.scale_trils.mT
    rho2 = np.array([0.01, 0.02])
    surprise = np.empty((K, K))
    for l in range(K):
        x = rng.multivariate_normal(star.means[l], V[l] + np.diag(rho2), 20_000)
        for j in range(K):
            S = point.scale_trils[j] @ point.scale_trils[j].T + np.diag(rho2)
            log_joint = point.log_weights[j] + multivariate_normal(point.means[j], S).logpdf(x)
            surprise[j, l] = -np.exp(star.log_weights[l]) * log_joint.mean()
    best = min(permutations(range(K)), key=lambda order: surprise[list(order), range(K)].sum())
    found = best_orders(layout, draw[None], Mixture(np.exp(star.log_weights), star.means, V), rho2)
    assert tuple(found[0]) == best


def test_draws_are_numbered_like_the_mode_they_belong_to():
    X = groups((0, 1), (5, 1))
    _, density, thetas = fit_and_density(X, 2)
    first = reference(density, thetas[0])
    other = Mixture(first.weights[::-1], first.means[::-1], first.covariances[::-1])
    draws = normal_draws(density, thetas[0], (2, 100))
    mode = np.repeat([[0], [1]], 100, axis=1)
    aligned, _ = relabel(replace(shuffled(draws), mode=mode), [first, other], density.rho2)
    means = Points.of(density.layout, aligned).means[..., 0]
    lower = int(np.argmin(first.means[:, 0]))
    assert np.all(means[0].argmin(axis=-1) == lower)
    assert np.all(means[1].argmin(axis=-1) == 1 - lower)


def test_an_empty_component_of_the_mode_takes_what_is_left():
    layout = Layout(3, 1, Structure())
    far = layout.pack(
        np.array([0.001, 0.6, 0.399]), np.array([9.0, -1.0, 1.0]), np.full(3, 0.5), np.empty(0)
    )
    mode = Mixture(
        np.array([0.6, 0.4, 0.0]), np.array([[-1.0], [1.0], [0.0]]), np.full((3, 1, 1), 0.25)
    )
    assert best_orders(layout, far[None], mode, np.zeros(1)).tolist() == [[1, 2, 0]]


def pair(gap, n=2000, seed=0):
    """Draws of two components, numbered by their means, which are `gap` sd apart."""
    rng = np.random.default_rng(seed)
    means = np.sort(rng.normal([-gap / 2, gap / 2], np.sqrt(0.5), (n, 2)), axis=1)
    flat = np.zeros((n, 2))
    return Points(
        np.log(np.full((n, 2), 0.5)), means[..., None], np.exp(flat)[..., None],
        np.ones((n, 2, 1, 1)),
    )  # fmt: skip


def test_confusion_is_none_where_the_numberings_are_far_apart():
    assert confusion(pair(gap=8.0))[0, 1] < 1e-6


def test_confusion_is_that_of_two_normals_where_they_touch():
    """At 1.5 sd to either side of 0 the chance of the other side is that of a normal, 7 %."""
    assert confusion(pair(gap=1.5))[0, 1] == pytest.approx(0.067, abs=0.015)


def test_confusion_grows_to_a_half_where_there_is_nothing_to_tell_components_apart():
    found = [confusion(pair(gap))[0, 1] for gap in (3.0, 2.0, 1.0, 0.0)]
    assert found == sorted(found)
    assert found[-1] > 0.3


def test_confusion_has_a_row_and_a_column_for_each_component(three_groups):
    _, _, draws = three_groups
    found = confusion(Points.of(draws.layout, draws.theta[0]))
    assert found.shape == (3, 3)
    assert np.array_equal(found, found.T)
    assert not found.diagonal().any()
    assert found.max() < 1e-6


def test_a_single_component_has_nothing_to_align():
    _, density, thetas = fit_and_density(groups((0, 1)), 1)
    draws = normal_draws(density, thetas[0], (1, 50))
    aligned, done = relabel(draws, [reference(density, thetas[0])], density.rho2)
    assert np.array_equal(aligned, draws.theta)
    assert (done.fraction_permuted, done.ambiguity, done.ambiguous_pairs()) == (0.0, 0.0, [])
