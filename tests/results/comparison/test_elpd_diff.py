"""Differences in elpd: row by row, by weights as by copies, and what is clear."""

import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from example_comparisons import by_loo

from bayes_gmm.errors import ConvergenceWarning
from bayes_gmm.results.comparison.compare import compare
from bayes_gmm.results.comparison.elpd_diff import elpd_difference
from bayes_gmm.results.posterior import loo


def loo_of(elpd_i, rows=None, weights=None, subsample_se=0.0):
    """What `Loo` has and differences are made of."""
    rows = np.arange(len(elpd_i)) if rows is None else rows
    weights = np.ones(max(300, len(elpd_i))) if weights is None else weights
    return SimpleNamespace(
        elpd=float(weights[rows] @ elpd_i), elpd_i=elpd_i, rows=rows, row_weights=weights,
        subsample_se=subsample_se,
    )  # fmt: skip


@pytest.fixture
def pair():
    rng = np.random.default_rng(0)
    hard = rng.normal(-5.0, 3.0, size=300)
    return hard, hard - rng.normal(0.1, 0.2, size=300)


def test_it_is_the_sum_over_rows_with_the_error_of_a_sum(pair):
    a, b = pair
    difference = elpd_difference(loo_of(a), loo_of(b))
    assert difference.elpd == pytest.approx((a - b).sum())
    assert difference.se == pytest.approx(np.std(a - b, ddof=1) * np.sqrt(300))
    assert difference.se < 0.1 * np.std(a) * np.sqrt(300)
    back = elpd_difference(loo_of(b), loo_of(a))
    assert back == pytest.approx((-difference.elpd, difference.se))


def test_weights_count_as_copies_of_rows(pair):
    a, b = pair
    copies = np.tile([1, 2, 3], 100)
    weighted = elpd_difference(loo_of(a, weights=copies), loo_of(b, weights=copies))
    a, b = np.repeat(a, copies), np.repeat(b, copies)
    assert weighted == pytest.approx(elpd_difference(loo_of(a), loo_of(b)))


def test_a_sample_of_rows_tells_the_error_of_all(pair):
    a, b = pair
    some = np.arange(0, 300, 2)
    whole = elpd_difference(loo_of(a), loo_of(b))
    parts = (loo_of(values[some], some, subsample_se=0.3) for values in (a, b))
    part = elpd_difference(*parts)
    assert part.se == pytest.approx(np.hypot(whole.se, np.hypot(0.3, 0.3)), rel=0.1)


def test_different_rows_tell_no_error(pair):
    a, b = pair
    other = elpd_difference(loo_of(a), loo_of(b, np.arange(300)[::-1]))
    assert np.isnan(other.se)
    assert not other.is_clear


def test_a_comparison_tells_who_is_clearly_behind():
    """Two is level with three, one is not."""
    rows = np.random.default_rng(1).normal(size=(3, 200))
    comparison = by_loo({1: -5.0 + rows[0], 2: -4.005 + 0.1 * rows[1], 3: -4.0 + 0.1 * rows[2]})
    assert comparison.best["loo"].n_components == 3
    behind = list(comparison.elpd_diff.values())
    assert [gap.is_clear for gap in behind] == [True, False, False]
    table = comparison.table
    assert table["elpd_diff"].tolist() == [gap.elpd for gap in behind]
    assert table["dse"].tolist() == [gap.se for gap in behind]
    assert table["elpd_diff"][2] == table["dse"][2] == 0.0
    verdict = comparison.verdicts["loo"]
    assert (verdict.code, verdict.level, verdict.edges) == ("level", (2, 3), ("upper",))


def test_all_posteriors_look_at_the_same_of_many_rows(X, monkeypatch):
    monkeypatch.setattr(loo, "SETTINGS", loo.LooSettings(most_rows=30))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        comparison = compare(
            X, [1, 2], criteria=("loo",), draws=50, chains=2, random_state=0, progress=False
        )
    rows = [candidate.loo.rows for candidate in comparison.candidates]
    assert len(rows[0]) == 30 < len(X)
    assert np.array_equal(*rows)
    assert np.isfinite([gap.se for gap in comparison.elpd_diff.values()]).all()
