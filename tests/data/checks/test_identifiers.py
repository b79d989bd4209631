"""Columns that number the rows: found however sorted, and warned of in fits."""

import numpy as np
import pandas as pd
import pytest
from example_fits import fitted

from bayes_gmm.data.checks.check_table import check_table, fit_findings
from bayes_gmm.data.feature_matrix import feature_matrix
from bayes_gmm.errors import DataWarning


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def with_column(name, values, rng):
    return pd.DataFrame({name: values, "Spend": rng.normal(50.0, 10.0, len(values))})


@pytest.mark.parametrize(
    "number",
    [
        lambda rng: np.arange(1.0, 401.0),
        lambda rng: rng.permutation(np.arange(400.0)),
        lambda rng: 10_000.0 - 5.0 * np.arange(400.0),
        lambda rng: rng.choice(np.arange(1000.0, 2000.0), 400, replace=False),
        lambda rng: np.repeat(np.arange(100.0), 4),
    ],
    ids=["sorted", "shuffled", "steps of 5", "gaps", "four rows each"],
)
def test_running_numbers_are_identifiers(number, rng):
    table = with_column("Customer", number(rng), rng)
    [finding] = check_table(table)
    assert (finding.code, finding.subject) == ("identifier", ("Customer",))
    assert finding.values["pattern"] == "running"
    assert finding.values["first"] == table["Customer"].min()
    assert check_table(table.sample(frac=1.0, random_state=1)) == (finding,)


def test_unique_numbers_are_identifiers_by_their_name_only(rng):
    numbers = rng.choice(10**8, 300, replace=False).astype(float)
    [finding] = check_table(with_column("customer_id", numbers, rng))
    assert (finding.code, finding.values["pattern"]) == ("identifier", "unique")
    assert check_table(with_column("Balance", numbers, rng)) == ()


@pytest.mark.parametrize(
    "measured",
    [
        lambda rng: rng.normal(40_000.0, 9_000.0, 400).round(),
        lambda rng: rng.integers(0, 1000, 400),
        lambda rng: rng.normal(50.0, 15.0, 400).round(),
        lambda rng: rng.normal(size=400),
        lambda rng: np.repeat(np.arange(10.0), 40),
    ],
    ids=["income", "scores", "ages", "continuous", "balanced categories"],
)
def test_measurements_are_no_identifiers(measured, rng):
    for _ in range(4):
        found = check_table(with_column("Customer", measured(rng), rng))
        assert "identifier" not in {finding.code for finding in found}


def test_row_weights_leave_an_identifier_one(rng):
    table = with_column("Customer", rng.permutation(np.arange(300.0)), rng)
    [finding] = check_table(table, sample_weight=rng.uniform(0.5, 3.0, 300))
    assert finding.code == "identifier"


@pytest.mark.filterwarnings("ignore::bayes_gmm.ShapeWarning")  # the findings are tested
def test_a_fit_warns_of_an_identifier_among_its_features(rng):
    table = with_column("CustomerID", np.arange(60.0), rng)
    with pytest.warns(DataWarning, match="column 'CustomerID' is a running number") as caught:
        fitted(table, 1, n_init=1)
    assert [warning.filename for warning in caught if warning.category is DataWarning] == [
        fitted.__code__.co_filename
    ]
    assert [f.code for f in fit_findings(feature_matrix(table), None)] == ["identifier"]
    assert fit_findings(feature_matrix(table[["Spend"]]), None) == ()
