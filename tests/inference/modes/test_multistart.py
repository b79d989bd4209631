"""The search goes on for as long as starts bring something new, on however many cores."""

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from bayes_gmm import BayesGMM, compare
from bayes_gmm.data.feature_matrix import feature_matrix
from bayes_gmm.inference.modes import multistart as searching
from bayes_gmm.inference.modes.multistart import SETTINGS, search
from bayes_gmm.inference.modes.row_sample import Sample
from bayes_gmm.inference.modes.runs import SETTINGS as RUNS
from bayes_gmm.inference.modes.stopping_rule import SETTINGS as STOPPING
from bayes_gmm.inference.modes.stopping_rule import most_starts
from bayes_gmm.model.prior import Prior
from bayes_gmm.model.structure import Structure
from bayes_gmm.model.table_density import density_of_table

BELOW = SETTINGS.starts_below
"""Starts that look for a mixture of one component less."""


@pytest.fixture
def starts(monkeypatch):
    """How many starts of its own search has asked for, but for those with one component less."""
    asked = []
    diverse_starts = searching.diverse_starts

    def counted(n, first=None):
        for start in diverse_starts(n, first):
            asked.append(start)
            yield start

    monkeypatch.setattr(searching, "diverse_starts", counted)
    return asked


def searched(X, K, seed=0, **options):
    density, units = density_of_table(
        feature_matrix(X), K, structure=Structure.parse("full"), prior=Prior()
    )
    sample = Sample.of(units.apply(X))
    return search(density.on(sample.rows), sample, np.random.default_rng(seed), **options)


def groups(n_rows, sd=0.3):
    rng = np.random.default_rng(2)
    means = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0], [5.0, 5.0]])
    return means[rng.integers(0, 4, n_rows)] + sd * rng.normal(size=(n_rows, 2))


@pytest.mark.parametrize("n_rows", [200, 2 * RUNS.few_rows])
def test_what_every_start_finds_takes_few(starts, n_rows):
    searched(groups(n_rows), 4)
    assert len(starts) == STOPPING.batch + BELOW


def test_where_starts_differ_they_go_on(starts):
    searched(np.random.default_rng(0).normal(size=(150, 3)), 4)
    assert len(starts) == most_starts(4, 150) + BELOW


@pytest.mark.parametrize("n_init", [1, 5, 40])
def test_as_many_as_are_asked_for(starts, n_init):
    searched(groups(200), 4, n_init=n_init)
    assert len(starts) == n_init + BELOW


@pytest.mark.parametrize("n_init", [1, 5])
def test_a_fit_with_a_number_of_starts_makes_no_other(starts, n_init):
    BayesGMM(4, n_init=n_init, random_state=0).fit(groups(200))
    assert len(starts) == n_init * SETTINGS.short_runs


def test_more_components_have_more_starts():
    assert most_starts(1, 100) == 1
    for n_rows in (100, 100_000):
        counts = [most_starts(K, n_rows) for K in range(1, 30)]
        assert counts == sorted(counts)
        assert counts[1] >= STOPPING.batch
    assert most_starts(4, 100) > most_starts(4, 100_000)


def parallel_groups(n_rows=200, seed=0):
    """Log list price and log price paid after a discount of 0, 7 or 14 %."""
    rng = np.random.default_rng(seed)
    labels = np.repeat([0, 1, 2], n_rows // 3)
    log_list = rng.normal(8.0, 0.5, size=len(labels))
    discount = np.log1p(-np.array([0.0, 0.07, 0.14]))[labels]
    return np.column_stack(
        [log_list, log_list + discount + rng.normal(0, 0.01, len(labels))]
    ), labels


@pytest.mark.filterwarnings("ignore::bayes_gmm.ShapeWarning")  # of one table in fifty by chance
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_thin_parallel_groups_are_told_apart(seed):
    """EM alone crawls along the ridge: no start that cuts across the groups leads to them."""
    X, labels = parallel_groups(seed=seed)
    model = BayesGMM(3, random_state=seed).fit(X)
    assert adjusted_rand_score(labels, model.predict(X)) > 0.98
    comparison = compare(X, [2, 3], criteria=("laplace",), random_state=seed, progress=False)
    assert comparison.best["laplace"].n_components == 3
    assert comparison.best["laplace"].fit.log_posterior == pytest.approx(
        model.log_posterior_, abs=0.1
    )


@pytest.mark.slow
def test_seeds_lead_to_one_optimum_and_so_does_a_grid():
    """Few rows and components that overlap have many optima, some within a nat of the highest."""
    rng = np.random.default_rng(1)
    means = 1.2 * rng.normal(size=(5, 2))
    X = means[rng.integers(0, 5, size=120)] + 0.8 * rng.normal(size=(120, 2))
    heights = [searched(X, 4, seed)[0].log_posterior for seed in range(3)]
    cells = compare(X, [3, 4], criteria=("bic",), random_state=3, progress=False).candidates
    heights.append(cells[-1].values["log_posterior"])
    assert np.ptp(heights) < 0.1


def test_cores_change_nothing(monkeypatch):
    X = groups(2 * RUNS.few_rows, sd=1.5)
    found = {}
    for cores in (1, 3):
        monkeypatch.setattr("bayes_gmm.jit.threads.n_cores", lambda cores=cores: cores)
        found[cores] = searched(X, 3, n_init=12)
    assert len(found[1]) == len(found[3])
    for one, other in zip(*found.values(), strict=True):
        np.testing.assert_array_equal(one.theta, other.theta)
