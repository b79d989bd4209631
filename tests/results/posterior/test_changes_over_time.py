"""Changes between two posteriors: known changes, new and vanished segments."""

import numpy as np
import pytest
from example_posteriors import fit_and_density, normal_draws

import bayes_gmm as bg
from bayes_gmm.data.feature_matrix import feature_matrix
from bayes_gmm.results.posterior.posterior import Posterior


def posterior_of(rows, K, seed=0):
    matrix = feature_matrix(rows, ("Age", "Income"))
    fit, density, thetas = fit_and_density(matrix, K)
    draws = normal_draws(density, thetas[0], (2, 250), seed=seed)
    return Posterior.from_draws(fit, density, draws, table=matrix)


def groups(sizes, means, seed):
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.normal(m, (3.0, 2.0), (n, 2)) for n, m in zip(sizes, means)])  # noqa: B905


@pytest.fixture(scope="module")
def last():
    return posterior_of(groups((200, 100), ((30, 20), (60, 40)), 1), 2)


@pytest.fixture(scope="module")
def now():
    """The larger segment is the other one, and one mean has moved by 1 in each feature."""
    return posterior_of(groups((100, 200), ((30, 20), (61, 41)), 2), 2)


def test_changes_are_of_the_same_segments(now, last):
    found = now.compare_to(last.rename({"Segment 1": "Young"}))
    assert found.matches["segment"].tolist() == ["Young", "Segment 2"]
    assert found.matches["after"].tolist() == ["Segment 2", "Segment 1"]
    assert found.new == found.vanished == ()
    rows = found.table.set_index(["segment", "quantity"])
    assert list(rows.loc["Young"].index) == ["share", "Age (mean)", "Income (mean)"]
    share = rows.loc[("Young", "share")]
    assert share["before"] == pytest.approx(2 / 3, abs=0.01)
    assert share["change"] == pytest.approx(-1 / 3, abs=0.01)
    assert share["lower"] < -1 / 3 < share["upper"] < 0.0
    assert share["P(change > 0)"] == 0.0
    for name, sd in (("Age (mean)", 3.0), ("Income (mean)", 2.0)):
        moved = rows.loc[("Segment 2", name)]
        assert moved["lower"] < 1.0 < moved["upper"]
        width = 2 * 1.88 * sd * np.sqrt(1 / 100 + 1 / 200)
        assert moved["upper"] - moved["lower"] == pytest.approx(width, rel=0.25)
        assert moved["P(change > 0)"] > 0.95


def test_draws_with_equal_seeds_are_not_paired(last):
    """A posterior compared to itself has no change, and an interval as of independent tables."""
    found = last.compare_to(last).table
    assert found["change"].abs().max() < 1e-9
    of = last.segments()
    half = (of["Age (mean) upper"] - of["Age (mean) lower"]).to_numpy() / 2
    rows = found[found["quantity"] == "Age (mean)"]
    np.testing.assert_allclose((rows["upper"] - rows["lower"]) / 2, np.sqrt(2) * half, rtol=0.2)
    assert rows["P(change > 0)"].between(0.4, 0.6).all()


def test_new_and_vanished_segments_are_named(now, last):
    more = posterior_of(groups((100, 200, 80), ((30, 20), (61, 41), (90, 10)), 3), 3)
    found = more.compare_to(last)
    assert found.new == ("Segment 3",)
    assert found.vanished == ()
    new = found.table[found.table["status"] == "new"]
    assert new["before"].isna().all()
    assert new["after"].notna().all()
    assert new["lower"].isna().all()
    assert last.compare_to(more).vanished == ("Segment 3",)


def test_a_distant_segment_is_new_and_the_old_one_vanished(last):
    far = posterior_of(groups((200, 100), ((30, 20), (60, 60)), 4), 2)
    found = far.compare_to(last)
    assert found.vanished == ("Segment 2",)
    assert found.new == ("Segment 3",)
    assert far.compare_to(last, max_distance=1e6).new == ()


def test_only_posteriors_of_the_same_features_are_compared(now, last):
    with pytest.raises(bg.DataError, match="cannot compare to a MapFit"):
        now.compare_to(last.fit)
