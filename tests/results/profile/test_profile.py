"""`profile` of a posterior, a MAP fit and an estimator."""

import numpy as np
import pandas as pd
import pytest
from example_posteriors import one_segment

import bayes_gmm as bg

PROBABILITIES = ["P(above average)", "P(highest)"]
BOUNDS_OF_TOTAL = ["share of total lower", "share of total upper"]


@pytest.fixture(scope="module")
def table(posterior):
    """The rows of the fit with other columns, in two well separated segments."""
    X = posterior.table.values
    rng = np.random.default_rng(0)
    old = X[:, 0] > 45.0
    frame = pd.DataFrame(X, columns=list(posterior.features))
    frame["Visits"] = np.where(old, 10.0, 4.0) + rng.normal(size=len(X))
    frame["Member"] = rng.random(len(X)) < np.where(old, 0.8, 0.3)
    frame["City"] = rng.choice(["Pisa", "Rome", "Nice"], len(X))
    frame.loc[:19, "City"] = None
    frame["Customer"] = [f"c{i}" for i in range(len(X))]
    frame["Number"] = np.arange(1001, 1001 + len(X))
    return frame


@pytest.fixture(scope="module")
def profile(posterior, table):
    return posterior.profile(table)


def test_means_and_shares_of_separated_segments(profile, table):
    """Intervals as of rows with known segments."""
    rows = profile.table.set_index(["column", "level", "segment"])
    old = table["Age"] > 45.0
    for name, members in (("Segment 1", ~old), ("Segment 2", old)):
        of_segment = profile.table[profile.table["segment"] == name]
        visits = of_segment[of_segment["column"] == "Visits"].iloc[0]
        seen = table.loc[members, "Visits"]
        assert visits["estimate"] == pytest.approx(seen.mean(), abs=0.1)
        width = 2 * 1.88 * seen.std() / np.sqrt(len(seen))
        assert visits["upper"] - visits["lower"] == pytest.approx(width, rel=0.2)
        assert visits["n_rows"] == pytest.approx(members.sum(), rel=0.05)
        assert visits["whole table"] == pytest.approx(table["Visits"].mean(), rel=0.01)
        assert visits["index"] == pytest.approx(
            100 * visits["estimate"] / visits["whole table"], rel=0.01
        )
        member = rows.loc[("Member", "True", name)]
        n, k = members.sum(), table.loc[members, "Member"].sum()
        assert member["estimate"] == pytest.approx((k + 0.5) / (n + 1), abs=0.02)
    ordered = profile.table[profile.table["column"] == "Visits"]
    assert ordered[PROBABILITIES].to_numpy().round(3).tolist() == [[0.0, 0.0], [1.0, 1.0]]


def test_shares_of_levels_sum_to_one(profile):
    cities = profile.table[profile.table["column"] == "City"]
    sums = cities.groupby("segment")[["estimate", "whole table"]].sum()
    np.testing.assert_allclose(sums, 1.0, atol=0.01)
    n = cities.groupby("segment")["n_rows"].first().sum()
    assert n == pytest.approx(130, rel=0.02)
    columns = profile.columns.set_index("column")
    assert columns.loc["City", ["observed", "missing"]].tolist() == [130, 20]


def test_what_each_segment_holds_is_the_sum_over_its_members(profile, table):
    """Of an amount, and of the rows with a level; the members are known."""
    rows = profile.table.set_index(["column", "level", "segment"])
    old = table["Age"] > 45.0
    for column, level, values in (
        ("Visits", np.nan, table["Visits"]), ("Member", "True", table["Member"]),
    ):  # fmt: skip
        held = rows.loc[(column, level, "Segment 2")]
        exact = values[old].sum() / values.sum()
        assert held["share of total"] == pytest.approx(exact, abs=0.01)
        lower, upper = held[BOUNDS_OF_TOTAL]
        assert lower < exact < upper
    sums = profile.table.groupby(["column", "level"], dropna=False)["share of total"].sum()
    np.testing.assert_allclose(sums, 1.0, atol=1e-12)


def test_amounts_of_overlapping_segments_are_divided_like_their_members():
    """Hard assignment, as a control, gives the smaller segment too little."""
    rng = np.random.default_rng(0)
    small = rng.random(20_000) < 0.25
    frame = pd.DataFrame({"x": np.where(small, 2.0, 0.0) + rng.normal(size=len(small))})
    frame["Spend"] = np.where(small, 4.0, 1.0) * rng.exponential(size=len(small))
    model = bg.BayesGMM(2, structure="tied", n_init=2, random_state=0).fit(frame[["x"]])
    found = model.profile(frame, "Spend").table
    exact = frame["Spend"][small].sum() / frame["Spend"].sum()
    assert found["share of total"][1] == pytest.approx(exact, abs=0.03)
    hard = model.predict(frame[["x"]]) == 1
    assert frame["Spend"][hard].sum() / frame["Spend"].sum() < exact - 0.06


def test_transformed_features_are_averaged_by_responsibilities():
    """The responsibilities are functions of the features, as the column is."""
    rng = np.random.default_rng(0)
    wide = rng.random(400) < 0.4
    spend = np.exp(np.where(wide, 1.5 * rng.normal(size=400), 0.8 + 0.4 * rng.normal(size=400)))
    model = bg.BayesGMM(2, transforms={"Spend": "log"}, n_init=2, random_state=0)
    frame = pd.DataFrame({"Spend": spend})
    model.fit(frame)
    found = model.map_fit_.profile(frame, "Spend").table
    r = model.predict_proba(frame)
    np.testing.assert_allclose(found["estimate"], spend @ r / r.sum(axis=0), rtol=1e-9)
    np.testing.assert_allclose(found["share of total"], spend @ r / spend.sum(), atol=0.01)


def test_identifiers_are_left_out_unless_requested(profile, posterior, table):
    assert {d.subject[0] for d in profile.diagnostics} == {"Customer", "Number"}
    asked = posterior.profile(table, ["Number"])
    assert set(asked.table["column"]) == {"Number"}
    assert asked.diagnostics == ()


def test_features_are_ranked(profile):
    found = profile.features
    assert found["rank"].tolist() == [1, 2, 1, 2]
    assert (found["bits"].to_numpy()[::2] >= found["bits"].to_numpy()[1::2]).all()
    assert (found["lower"] <= found["bits"]).all()
    assert (found["bits"] <= found["limit"] + 1e-9).all()
    age = found[found["feature"] == "Age"].set_index("segment")
    assert age.loc["Segment 2", "segment centre"] == pytest.approx(60, abs=2)
    assert age.loc["Segment 2", "rest centre"] == pytest.approx(25, abs=2)
    assert age["P(above the rest)"].tolist() == [0.0, 1.0]


def test_a_table_without_features_has_the_rows_of_the_fit(profile, posterior, table):
    other = table.drop(columns=list(posterior.features))
    pd.testing.assert_frame_equal(posterior.profile(other).table, profile.table)
    with pytest.raises(bg.DataError, match="10 rows and none of the features"):
        posterior.profile(other[:10])
    with pytest.raises(bg.DataError, match="Income"):
        posterior.profile(table.drop(columns="Income"))
    with pytest.raises(bg.DataError, match="give one table with the features and the columns"):
        posterior.fit.profile(other)


def test_the_order_of_the_rows_matters_only_by_chance(profile, posterior, table):
    """Rows are found by their own features, not by position."""
    found = posterior.profile(table.iloc[::-1]).table
    for name in ("estimate", "lower", "upper"):
        numeric = profile.table["quantity"] == "mean"
        np.testing.assert_allclose(found[name][numeric], profile.table[name][numeric], atol=0.1)


def test_a_map_fit_has_values_without_intervals(profile, posterior, table):
    found = posterior.fit.profile(table)
    missing = {"lower", "upper", "index lower", "index upper", *PROBABILITIES, *BOUNDS_OF_TOTAL}
    assert set(profile.table) - set(found.table) == missing
    assert found.ci_prob is None
    np.testing.assert_allclose(
        found.table["estimate"], profile.table["estimate"], rtol=0.05, atol=0.02
    )
    assert "[" not in found._repr_html_()


def test_weights_are_those_of_the_fit_by_default(table):
    frame, weights = table[["Age", "Income", "Visits", "Member"]], np.arange(len(table)) % 3
    model = bg.BayesGMM(2, n_init=2, random_state=0).fit(frame[["Age", "Income"]], None, weights)
    copies = frame.loc[np.repeat(np.arange(len(frame)), weights)]
    expected = model.map_fit_.profile(copies).table
    for found in (
        model.profile(frame),
        model.profile(frame[["Visits", "Member"]]),
        model.map_fit_.profile(frame, weights=weights),
    ):
        np.testing.assert_allclose(found.table["estimate"], expected["estimate"], rtol=1e-6)


@pytest.mark.filterwarnings("ignore::bayes_gmm.ShapeWarning")
def test_a_loaded_posterior_needs_a_table_with_the_features(table, tmp_path):
    features, others = table[["Age", "Income"]], table[["Visits", "City"]]
    weights = np.where(table["Age"] > 45.0, 2.0, 1.0)
    model = bg.BayesGMM(2, transforms={"Income": "log"}, n_init=2, random_state=0)
    model.fit(features, sample_weight=weights)
    posterior = model.sample_posterior(draws=100, chains=2, method="laplace", random_state=0)
    loaded = bg.load(posterior.save(tmp_path / "model.nc"))
    with pytest.raises(bg.DataError, match=r"features of the model \(Age, Income\)"):
        loaded.profile(others, weights=weights)
    found = loaded.profile(features.join(others), weights=weights)
    pd.testing.assert_frame_equal(found.table, posterior.profile(others).table)
    pd.testing.assert_frame_equal(found.features, posterior.profile(others).features)


def test_columns_with_negative_values_have_no_index(posterior, table):
    found = posterior.profile(table.assign(Gain=table["Visits"] - 9.0), "Gain").table
    assert found[["index", "share of total", *BOUNDS_OF_TOTAL]].isna().all(axis=None)
    assert found["P(highest)"].notna().all()


def test_one_segment():
    posterior = one_segment()
    X = np.random.default_rng(0).normal(size=80)  # as in `one_segment`
    frame = pd.DataFrame({"x1": X, "y": np.arange(80.0) % 7})
    found = posterior.profile(frame, "y")
    assert found.table["estimate"].item() == pytest.approx(frame["y"].mean(), abs=0.05)
    assert found.table["P(highest)"].item() == 1.0
    assert found.features["bits"].item() == pytest.approx(0.0, abs=1e-9)


def test_reading(profile):
    assert repr(profile) == "Profile(3 columns by 2 segments, 94 % intervals)"
    wide = profile.wide()
    assert list(wide.columns) == ["whole table", "Segment 1", "Segment 2"]
    assert "<table" in profile._repr_html_()


@pytest.mark.parametrize(
    ("columns", "message"),
    [("Cty", "no column 'Cty'"), ("Gap", "column 'Gap' is Duration")],
)
def test_errors_name_the_column(posterior, table, columns, message):
    frame = table.assign(Gap=pd.to_timedelta(table["Visits"], unit="D"))
    with pytest.raises(bg.DataError, match=message):
        posterior.profile(frame, columns)


def test_a_matrix_is_no_table(posterior, table):
    with pytest.raises(bg.DataError, match="give a data frame"):
        posterior.profile(table.to_numpy())
