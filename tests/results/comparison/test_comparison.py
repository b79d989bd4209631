"""A comparison: its table, the probabilities and their errors, the best by each criterion."""

from dataclasses import replace

import numpy as np
import pytest
from example_comparisons import by_bic, by_evidence, comparison_of, interrupted
from scipy.special import expit, softmax
from scipy.stats import norm

from bayes_gmm.errors import FitError
from bayes_gmm.results.comparison.comparison import Comparison


def test_probabilities_are_evidence_times_prior():
    values = {1: -3.0, 2: 0.5, 3: 0.0}
    comparison = by_evidence(values)
    assert comparison.probabilities.tolist() == pytest.approx(softmax(list(values.values())))
    weighted = Comparison(
        comparison.candidates, comparison.criteria, {1: 0.0, 2: 0.2, 3: 0.8}, ("Age", "Income")
    )
    odds = weighted.probabilities[3] / weighted.probabilities[2]
    assert odds == pytest.approx(4 * np.exp(-0.5))
    assert weighted.probabilities[1] == 0.0


def test_structures_share_what_their_number_has():
    """Twice the same evidence under two structures tells for neither number of segments."""
    both = by_evidence({(1, "full"): 0.0, (1, "tied"): 0.0, (2, "full"): 0.0, (2, "tied"): 0.0})
    assert both.probabilities.tolist() == pytest.approx([0.5, 0.5])
    assert both.table["probability"].tolist() == pytest.approx([0.25] * 4)
    assert both.structures == ("full", "tied")


def test_one_that_could_not_be_fitted_has_no_share():
    comparison = by_evidence({1: 0.0, 2: 0.0, 3: None})
    assert comparison.probabilities[:2].tolist() == pytest.approx([0.5, 0.5])
    assert np.isnan(comparison.probabilities[3])
    assert comparison.table["note"].tolist() == ["", "", "no 3 distinct rows"]


def test_intervals_of_probabilities_are_what_noise_in_the_evidence_does():
    values = {(1, "full"): 0.0, (1, "tied"): 0.4, (2, "full"): 1.0, (2, "tied"): -0.5}
    errors = {(1, "full"): 0.2, (1, "tied"): 0.1, (2, "full"): 0.3, (2, "tied"): 0.2}
    comparison = by_evidence(values, errors=errors)
    noise = np.random.default_rng(1).normal(size=(20_000, 4)) * list(errors.values())
    shares = softmax(list(values.values()) + noise, axis=1)
    of_table = comparison.table[["probability_lower", "probability_upper"]].to_numpy().T
    np.testing.assert_allclose(of_table, np.quantile(shares, [0.03, 0.97], axis=0), atol=0.006)
    by_number = shares.reshape(-1, 2, 2).sum(axis=2)
    bounds = comparison.probability_intervals
    assert bounds.columns.tolist() == ["lower", "upper"]
    expected = np.quantile(by_number, [0.03, 0.97], axis=0)
    np.testing.assert_allclose(bounds.to_numpy().T, expected, atol=0.008)


@pytest.mark.parametrize("gap", [0.0, 1.0, 3.0])
@pytest.mark.parametrize("error", [0.0, 0.5, 7.0, np.inf])
def test_intervals_of_two_numbers_are_known(gap, error):
    """P = expit(z), z normal about the gap."""
    bounds = by_evidence({1: 0.0, 2: gap}, errors={1: 0.0, 2: error}).probability_intervals.loc[2]
    reach = norm.ppf(0.97) * np.array([-1.0, 1.0]) * min(error, 1e8)
    np.testing.assert_allclose(bounds, expit(gap + reach), atol=0.015)


def test_laplace_has_no_known_error():
    comparison = by_evidence({1: 0.0, 2: 0.3}, "laplace")
    assert comparison.probability_intervals.isna().all(axis=None)
    assert comparison.table["probability_lower"].isna().all()


def test_numbers_that_the_prior_excludes_have_no_interval_above_0():
    comparison = by_evidence({1: 0.0, 2: 0.0, 3: 9.0}, errors=dict.fromkeys((1, 2, 3), 0.5))
    without = replace(comparison, prior_over_k={1: 0.5, 2: 0.5, 3: 0.0}).probability_intervals
    assert without.loc[3].tolist() == [0.0, 0.0]


def test_probabilities_need_evidence():
    with pytest.raises(FitError, match="add 'evidence' or 'laplace' to criteria"):
        by_bic({1: 1.0}).probabilities  # noqa: B018


@pytest.mark.parametrize(
    ("column", "criterion", "best"),
    [("bic", "bic", 2), ("aic", "aic", 2), ("elpd_loo", "loo", 3), ("log_evidence", "laplace", 3)],
)
def test_the_best_is_the_lowest_or_the_highest(column, criterion, best):
    values = {1: 5.0, 2: 1.0, 3: 9.0, 4: None}
    comparison = comparison_of(column, values, criteria=(criterion,))
    assert comparison.best[criterion].n_components == best
    assert comparison.column_of(criterion) == column
    assert comparison.is_lower_better(criterion) == (best == 2)


def test_one_that_is_known_for_none_has_no_best():
    assert by_bic({1: None, 2: None}).best == {}


def test_laplace_beside_the_bridge_has_a_column_of_its_own():
    more = {1: {"log_evidence_laplace": -1.0}, 2: {"log_evidence_laplace": -4.0}}
    comparison = comparison_of(
        "log_evidence", {1: 0.0, 2: 3.0}, criteria=("laplace", "evidence"), more=more
    )
    assert comparison.best["laplace"].n_components == 1
    assert comparison.best["evidence"].n_components == 2
    assert comparison.evidence_criterion == "evidence"


def test_the_table_has_the_columns_asked_for():
    assert by_bic({1: 210.0}).table.columns.tolist() == [
        "n_components", "structure", "log_likelihood", "log_posterior", "df", "bic", "note"
    ]  # fmt: skip
    columns = by_evidence({1: 0.0}).table.columns.tolist()
    assert columns[5:] == [
        "log_evidence", "log_evidence_se", "probability", "probability_lower",
        "probability_upper", "note",
    ]  # fmt: skip


def test_an_interruption_is_known():
    assert interrupted().interrupted
    assert not by_bic({1: 210.0, 2: None}).interrupted
