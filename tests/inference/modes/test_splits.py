"""Split and merge: out of optima that EM cannot leave, and never to a worse one."""

import numpy as np
import pytest

from bayes_gmm.inference.modes import split_merge
from bayes_gmm.inference.modes.guesses import Moments
from bayes_gmm.inference.modes.row_sample import Sample, responsibilities
from bayes_gmm.inference.modes.runs import in_turn
from bayes_gmm.inference.modes.split_merge import Memory, improved
from bayes_gmm.inference.modes.splits import best_splits
from bayes_gmm.inference.optimize.em import run_em
from bayes_gmm.model.density import Density
from bayes_gmm.model.parameters import Layout
from bayes_gmm.model.prior import LKJ, Prior
from bayes_gmm.model.structure import Structure

CENTERS = np.array([[0.0, 0.0], [6.0, 0.0], [0.0, 6.0], [6.0, 6.0]])


def groups(labels, seed=0):
    """Rows about the centers that their labels name, standardised."""
    X = CENTERS[labels] + np.random.default_rng(seed).normal(size=(len(labels), 2))
    return (X - X.mean(axis=0)) / X.std(axis=0)


def problem(X, K, structure="full"):
    sample = Sample.of(X)
    layout = Layout(K, 2, Structure.parse(structure))
    prior = Prior(covariances=LKJ(2.5)).constants(K, 2, layout.structure)
    return Density(sample.rows, layout, prior, np.full(2, 1e-7)), sample


def run_from(density, sample, X, labels):
    """EM from the moments of labelled rows of X."""
    of_sample = np.argsort(np.lexsort(X.T))
    sorted_labels = np.empty_like(labels)
    sorted_labels[of_sample] = labels
    theta = Moments.of_labels(sample, sorted_labels, density.layout.n_components).theta(
        density.layout, density.prior
    )
    return run_em(density, theta, max_iter=300, tolerance=1e-6)


def improve(density, sample, run):
    """The best optimum that moves lead to."""
    return improved(density, sample, [run], Memory(), in_turn)[0]


@pytest.mark.parametrize("structure", ["full", "tied", "diag", "spherical", "component/shared"])
def test_a_group_shared_by_two_is_given_to_one(structure):
    """Two components share a group and one covers two others: the classic wrong optimum."""
    truth = np.repeat([0, 1, 2, 3], 80)
    X = groups(truth)
    density, sample = problem(X, 4, structure)
    right = run_from(density, sample, X, truth)
    wrong_labels = np.array([0, 0, 2, 3])[truth]
    halved = truth == 3
    wrong_labels[halved] = np.where(X[halved, 0] > np.median(X[halved, 0]), 3, 1)
    wrong = run_from(density, sample, X, wrong_labels)
    assert wrong.log_posterior < right.log_posterior - 20.0
    better = improve(density, sample, wrong)
    assert better.log_posterior == pytest.approx(right.log_posterior, abs=0.05)


def test_a_group_may_be_hidden_at_first():
    """Several moves in a row: three components in one group, and one over three."""
    truth = np.repeat([0, 1, 2, 3], [80, 80, 80, 240])
    X = groups(truth, seed=1)
    density, sample = problem(X, 4)
    right = run_from(density, sample, X, truth)
    third = truth == 3
    wrong_labels = np.zeros_like(truth)
    wrong_labels[third] = 1 + np.argsort(np.argsort(X[third, 1])) * 3 // 240
    wrong = run_from(density, sample, X, wrong_labels)
    assert wrong.log_posterior < right.log_posterior - 100.0
    better = improve(density, sample, wrong)
    assert better.log_posterior == pytest.approx(right.log_posterior, abs=0.05)


@pytest.mark.slow
@pytest.mark.parametrize("K", [1, 2, 3, 4])
@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_made_worse(K, seed):
    """Wherever EM has come to; its own optimum is given back where none is better."""
    rng = np.random.default_rng(seed)
    X = groups(rng.integers(0, 4, size=150), seed)
    density, sample = problem(X, K)
    run = run_from(density, sample, X, rng.integers(0, K, size=150))
    better = improve(density, sample, run)
    assert better is run or better.log_posterior > run.log_posterior + 0.05
    assert better.log_posterior == pytest.approx(density.log_posterior(better.theta), rel=1e-12)
    assert improve(density, sample, better) is better


def test_an_optimum_is_explored_once(monkeypatch):
    """Also from another run that came to the same place."""
    rng = np.random.default_rng(0)
    X = groups(rng.integers(0, 4, size=150))
    density, sample = problem(X, 3)
    memory = Memory()
    runs = improved(
        density, sample, [run_from(density, sample, X, np.arange(150) % 3)], memory, in_turn
    )
    again = run_em(density, runs[0].theta, max_iter=3, tolerance=0.0)
    monkeypatch.setattr(split_merge, "neighbours", None)
    assert improved(density, sample, runs, memory, in_turn) == runs
    assert improved(density, sample, [again], memory, in_turn, best=1) == [again]


def test_nothing_is_tried_where_components_may_close():
    """Without a prior and a resolution, moves would lead to components that close on few rows."""
    X = groups(np.arange(60) % 4)
    sample = Sample.of(X)
    layout = Layout(3, 2, Structure())
    density = Density(
        sample.rows, layout, Prior.flat().constants(3, 2, layout.structure), np.zeros(2)
    )
    run = run_from(density, sample, X, np.arange(60) % 3)
    assert improved(density, sample, [run], Memory(), in_turn) == [run]


def split_of(X, labels, k, K):
    density, sample = problem(X, K)
    run = run_from(density, sample, X, labels)
    point = density.layout.point(run.theta)
    r = responsibilities(density, sample, point)
    return best_splits(density, sample, r[:, k], point, k)[0]


def test_a_split_finds_two_groups_under_one_component():
    truth = np.repeat([0, 1, 2], [100, 50, 100])
    X = groups(truth)
    gain, halves = split_of(X, np.array([0, 0, 1])[truth], 0, K=2)
    assert gain > 50.0
    order = np.argsort(-halves.n)
    np.testing.assert_allclose(halves.n[order], [100, 50], atol=5)
    for k, half in enumerate(order):
        np.testing.assert_allclose(halves.means[half], X[truth == k].mean(axis=0), atol=0.1)
        np.testing.assert_allclose(halves.covariances[half], np.cov(X[truth == k].T), atol=0.1)


@pytest.mark.parametrize(
    ("one", "other"),
    [((4.0, 0.3), (0.3, 4.0)), ((0.2, 0.2), (3.0, 3.0))],
    ids=["crossed", "nested"],
)
def test_a_split_finds_groups_with_one_mean(one, other):
    rng = np.random.default_rng(3)
    X = np.r_[rng.normal(size=(150, 2)) * one, rng.normal(size=(150, 2)) * other]
    gain, _ = split_of(X / X.std(axis=0), np.zeros(300, int), 0, K=1)
    assert gain > 50.0


def test_a_split_of_one_group_gains_little():
    truth = np.repeat([0, 1], 150)
    gain, halves = split_of(groups(truth), truth, 0, K=2)
    assert gain < 5.0
    assert halves.n.sum() == pytest.approx(150, abs=2)


def test_a_component_without_rows_is_not_split():
    density, sample = problem(groups(np.zeros(50, int)), 2)
    point = density.layout.point(np.zeros(density.layout.size))
    [(gain, halves)] = best_splits(density, sample, np.full(50, 1e-3), point, 0)
    assert gain == -np.inf
    assert halves.means.shape == (2, 2)
