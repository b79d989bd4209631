"""Every number on the page is the API's, and text of the user stays text."""

import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import report_pages as pages
from example_posteriors import fit_and_density, normal_draws, two_segmentations

import bayes_gmm as bg
from bayes_gmm.data.feature_matrix import feature_matrix
from bayes_gmm.diagnostics.kind import PYTHON
from bayes_gmm.errors import ShapeWarning
from bayes_gmm.report.content.answer import start
from bayes_gmm.report.content.checks import checks
from bayes_gmm.report.content.members import typical_members
from bayes_gmm.report.content.outside import also, apart, outside
from bayes_gmm.report.content.page import page as page_of
from bayes_gmm.report.words import plain_text
from bayes_gmm.report.write import save, source_of
from bayes_gmm.results.posterior.posterior import Posterior

BOUNDS = ("", "lower", "upper")


def key(base, bound):
    return f"{base}/{bound}" if bound else base


def test_shares_and_middles_are_those_of_segments(page, posterior):
    table = posterior.segments()
    for bound in BOUNDS:
        for k in range(2):
            assert page.numbers[key(f"share/{k}", bound)] == table[f"share {bound}".strip()][k]
            for j, name in enumerate(posterior.features):
                column = f"{name} (mean) {bound}".strip()
                assert page.numbers[key(f"mean/{k}/{j}", bound)] == table[column][k]


def test_members_are_those_of_membership(page, posterior):
    table = posterior.membership(pages.table())
    listed = [k for k in page.numbers if re.fullmatch(r"membership/row \d+", k)]
    assert len(listed) >= 6
    for name in listed:
        row = table.iloc[int(name.rpartition(" ")[2]) - 1]
        assert page.numbers[name] == row["probability"]
        assert page.numbers[f"{name}/lower"] == row["lower"]
        assert page.numbers[f"{name}/upper"] == row["upper"]
    sizes = posterior.predict_proba(pages.table()).sum(axis=0)
    assert [page.numbers[f"size/{k}"] for k in range(2)] == pytest.approx(sizes, rel=1e-12)
    clear = table["probability"] >= 0.9
    assert page.numbers["rows/clear"] == clear.sum()
    assert page.numbers["rows"] == sum(page.numbers[f"assigned/{k}"] for k in range(2)) == 150
    counts = table["segment"][clear].value_counts()
    assert [page.numbers[f"clear/{k}"] for k in range(2)] == [counts[n] for n in posterior.names]


def test_the_profile_is_that_of_the_posterior(page, posterior):
    """Of the features the page holds what segments hold of their totals."""
    profile = posterior.profile(pages.table(), ["Basket", "City", *posterior.features])
    for i, row in enumerate(profile.table.to_dict(orient="records")):
        k = posterior.names.index(row["segment"])
        if row["quantity"] == "mean":
            for bound in BOUNDS:
                held = f"share of total {bound}".strip()
                assert page.numbers[key(f"total/{row['column']}/{k}", bound)] == row[held]
        if row["column"] in posterior.features:
            continue
        base = f"profile/{i // 2}/{k}"
        for bound in BOUNDS:
            assert page.numbers[key(base, bound)] == row[bound or "estimate"]
        assert page.numbers[f"{base}/index"] == row["index"]
        assert page.numbers[f"{base}/above"] == row["P(above average)"]
    for row in profile.features.to_dict(orient="records"):
        place = posterior.names.index(row["segment"]), posterior.features.index(row["feature"])
        base = "apart/{}/{}".format(*place)
        for name, column in (("bits", "bits"), ("bits/lower", "lower"), ("bits/upper", "upper"),
                             ("limit", "limit"), ("centre", "segment centre"),
                             ("rest", "rest centre")):  # fmt: skip
            assert page.numbers[f"{base}/{name}"] == row[column]


def test_figures_of_the_checks_are_those_of_the_summary(page, posterior):
    summary = posterior.summary()
    assert page.numbers["r_hat"] == summary["r_hat"].max()
    assert page.numbers["ess"] == summary["ess_bulk"].min()
    assert page.numbers["divergences"] == 0
    assert page.numbers["shape"] == posterior.check().p_value
    assert page.numbers["label_confusion"] == posterior.labels.confusion.max()
    assert page.numbers["prior_influence"] == np.nanmax(posterior.prior_influence.largest)


def test_printed_numbers_round_the_values(page):
    for name, text in page.texts.items():
        digits = re.fullmatch(r"([+−-]?[\d,]+(\.\d+)?)( %)?", text)
        if digits is None:
            assert text.startswith(("<", ">", "probability of being above")), (name, text)
            continue
        factor = 100.0 if digits[3] else 1.0
        shown = float(digits[1].replace(",", "").replace("−", "-"))
        unit = 10.0 ** -len((digits[2] or ".")[1:])
        value = factor * page.numbers[name]
        assert abs(shown - value) <= max(0.51 * unit, 5e-4 * abs(value)), (name, text)


def test_the_file_is_complete_in_itself(report, page):
    assert all(address.startswith(("#", "data:")) for address in page.addresses)
    text = report.read_text(encoding="utf-8")
    assert not re.search(r"url\((?!#)|@import", text)
    assert len(re.findall(r"\bid=\"([^\"]+)\"", text)) == len(
        set(re.findall(r"\bid=\"([^\"]+)\"", text))
    )


def test_the_answer_names_the_number_of_segments_and_where_to_start(page, posterior):
    assert page.numbers["n_segments"] == 2
    assert "was chosen before the fit and is not a result" in page.text
    assert "Most rows: " in page.text
    assert page.text.index("Not checked: 2 was chosen") < page.text.index("Computation")
    assert page.numbers["highest/1"] == 1.0


def test_the_answer_says_that_the_number_of_segments_was_chosen(posterior):
    source = source_of(posterior, pages.table())
    assert "The number of segments, 2, was chosen before the fit" in said(source)
    assert PYTHON.compare in said(source)


def test_columns_outside_the_model_are_ranked_by_their_average(posterior):
    source = source_of(posterior, pages.table())
    of_page = {h.column: h.word for h in page_of(source).start.highest}
    assert {of_page[name] for name in posterior.features} == {"a middle"}
    assert {of_page[c] for c in set(of_page) - set(posterior.features)} == {"an average"}


def test_other_columns_that_differ_are_named_with_the_segment(posterior):
    table = pages.table().assign(Noise=np.random.default_rng(3).random(150))
    others = outside(source_of(posterior, table))
    for k, mark in enumerate(("below", "above")):
        found = also(others, k)
        assert found[0].column == "Basket"
        assert found[0].cells[k].mark == mark
        assert "Noise" not in {line.column for line in found}
    assert also(outside(source_of(posterior.fit, table)), 1) == ()


def test_codes_of_categories_are_not_ranked(posterior):
    table = pages.table()
    table["Region"] = np.arange(len(table)) % 3 + 1
    table["Flag"] = np.arange(len(table)) % 2
    source = source_of(posterior, table)
    others = outside(source)
    assert others.codes == ("Region",)
    first = page_of(source).start
    ranked, divided = ({x.column for x in part} for part in (first.highest, first.totals))
    assert "Region" not in ranked | divided
    assert "Flag" in ranked & divided


def test_totals_are_of_amounts_and_the_most_uneven_comes_first(posterior):
    table = pages.table().assign(Gain=lambda t: t["Basket"] - 30.0)
    table["Spend"] = np.where(table["Age"] > 45.0, 9.0, 1.0) * np.arange(1.5, 2.25, 0.005)
    first = page_of(source_of(posterior, table)).start
    assert first.totals[0].column == "Spend"
    assert "Gain" not in {total.column for total in first.totals}
    held = {h.column: h.held for h in first.highest}
    assert held["Gain"] is None
    assert [first.highest[0].column, first.highest[-1].column] == ["Spend", "Gain"]
    old = table["Age"] > 45.0
    exact = table["Spend"][old].sum() / table["Spend"].sum()
    assert held["Spend"].value.value == pytest.approx(exact, abs=0.01)
    assert held["Spend"].lower.value < exact < held["Spend"].upper.value
    assert first.totals[0].cells[1] == held["Spend"]


def test_rows_are_labelled_by_the_column_that_identifies_them(posterior, tmp_path):
    table = pages.table()
    table["CustomerID"] = np.arange(2001, 2151)
    source = source_of(posterior, table)
    assert source.rows.label_name == "CustomerID"
    assert source.rows.labels[0] == "2001"
    page = pages.read(bg.write_report(posterior.fit, tmp_path / "ids.html", table))
    best = typical_members(source, 0)[0].label
    assert f"CustomerID {best} : " in page.text
    given = source_of(posterior, table, labels=pd.Series(np.arange(150), name="Key"))
    assert (given.rows.label_name, given.rows.labels[0]) == ("Key", "0")
    assert source_of(posterior, pages.table()).rows.labels[0] == "row 1"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A report whose names, values, labels and title try to be markup."""
    rng = np.random.default_rng(0)
    n, names = 120, pages.HOSTILE
    X = np.concatenate([rng.normal(0, 1, (n // 2, 6)), rng.normal(6, 1, (n // 2, 6))])
    X[3, :2] = np.nan
    matrix = feature_matrix(pd.DataFrame(X, columns=names))
    fit, density, thetas = fit_and_density(matrix, 2)
    drawn = Posterior.from_draws(fit, density, normal_draws(density, thetas[0]), table=matrix)
    frame = pd.DataFrame(X, columns=names)
    frame["<i>city"] = np.array(names)[np.arange(n) % 6]
    path = tmp_path_factory.mktemp("hostile") / "report.html"
    source = source_of(
        drawn, frame, names=names[:2], title=names[0],
        labels=[f"{names[i % 6]}{i}" for i in range(n)], command=f"bayes-gmm {names[2]}",
    )  # fmt: skip
    save(source, path)
    return path


def test_text_of_the_user_is_no_markup(hostile):
    page = pages.read(hostile)
    assert page.tags.count("script") == 2
    assert not {"img", "b", "i"} & set(page.tags)
    for text in pages.HOSTILE:
        assert " ".join(text.split()) in page.text
    numbers = hostile.read_text(encoding="utf-8").split('id="numbers">')[1].split("</script>")[0]
    assert json.loads(numbers)["features"] == [
        pages.HOSTILE[pages.HOSTILE.index(name)] for name in json.loads(numbers)["features"]
    ]
    assert "<" not in numbers


def test_a_narrow_segment_within_a_wide_one_is_set_apart_by_its_spread():
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(0.0, 1.0, (200, 2)), rng.normal(0.0, 12.0, (200, 2))])
    model = bg.BayesGMM(2, n_init=2, random_state=0).fit(X)
    drawn = model.sample_posterior(draws=200, method="laplace", random_state=0)
    source = source_of(drawn, X)
    narrow = int(np.argmin(drawn.mean_mixture.standard_deviations[:, 0]))
    assert {a.spread for a in apart(source, narrow)} == {"lie closer together"}
    assert {a.spread for a in apart(source, 1 - narrow)} == {"are more spread out"}
    source = source_of(model)
    narrow = int(np.argmin(model.mixture_.standard_deviations[:, 0]))
    found = apart(source, narrow)
    assert {a.direction for a in found} == {"similar on average"}  # without draws too
    assert {a.spread for a in found} == {"lie closer together"}
    words = plain_text(page_of(source).cards[narrow].description)
    assert words.startswith("close to the average in every feature; its values of ")
    assert "lie closer together than in the rest" in words


def test_segments_with_other_middles_are_not_set_apart_by_their_spread(posterior):
    source = source_of(posterior, pages.table())
    assert {a.spread for k in range(2) for a in apart(source, k)} == {""}
    source = source_of(posterior.fit, pages.table())
    found = {(k, a.feature): a for k in range(2) for a in apart(source, k)}
    assert {a.spread for a in found.values()} == {""}
    assert [found[k, "Age"].direction for k in range(2)] == ["lower", "higher"]


def test_a_fit_without_draws_says_what_is_missing(posterior, tmp_path):
    page = pages.read(bg.write_report(posterior.fit, tmp_path / "map.html", pages.table()))
    table = posterior.fit.segments()
    assert page.numbers["share/0"] == table["share"][0]
    assert page.numbers["mean/1/0"] == table["Age (mean)"][1]
    assert not [name for name in page.numbers if name.endswith(("/lower", "/upper"))]
    assert "sample_posterior()" in page.text
    assert page.text.count("Not available") == 2  # one entry for all, and the number of segments
    assert "was not computed" not in page.text


def test_a_fitted_model_reports_the_influence_of_the_prior():
    X = pages.table()[["Age", "Income"]]
    model = bg.BayesGMM(2, n_init=2, random_state=0).fit(X)
    found = {check.title: check for check in checks(source_of(model))}
    figure = found["Weight of prior assumptions"].figures[0].number
    assert figure.value == np.nanmax(model.prior_influence_.largest)
    assert [check.title for check in found.values() if check.state == "missing"] == [
        "What is missing"
    ]


def test_without_rows_there_are_no_members(posterior, tmp_path):
    page = pages.read(bg.write_report(posterior.fit, tmp_path / "map.html"))
    assert "share/0" in page.numbers
    assert not [name for name in page.numbers if name.startswith(("membership", "size", "rows"))]


def test_many_rows_are_sampled(posterior, tmp_path):
    X = np.tile(pages.table()[["Age", "Income"]].to_numpy(), (20, 1))
    path = bg.write_report(posterior.fit, tmp_path / "map.html", X)
    page = pages.read(path)
    assert page.numbers["rows"] == 3000
    assert "2,000 of 3,000 rows" in page.text
    assert page.tags.count("button") == 5
    assert "To list all members" not in page.text
    assert path.stat().st_size < 1.5e6


def test_files_of_members_need_a_page_that_holds_all_rows(posterior, tmp_path):
    X = np.tile(pages.table()[["Age", "Income"]].to_numpy(), (60, 1))
    labels = [f"{i:060}" for i in range(len(X))]
    path = bg.write_report(posterior.fit, tmp_path / "map.html", X, labels=labels)
    page = pages.read(path)
    assert "To list all members of a segment, use posterior.membership(X)" in page.text
    assert page.tags.count("button") == 3  # of the toolbar alone
    assert path.stat().st_size < 1.5e6


def test_row_weights_count_rows(posterior):
    weights = np.r_[np.full(100, 2.0), np.zeros(50)]
    source = source_of(posterior.fit, pages.table()[["Age", "Income"]], sample_weight=weights)
    assert source.rows.n == 100
    assert source.rows.weights.sum() == 200.0


def test_other_segmentations_have_their_masses(tmp_path, recwarn):
    posterior = two_segmentations()
    page = pages.read(bg.write_report(posterior.of_mode(0), tmp_path / "one.html"))
    assert page.numbers["mode/mass"] == pytest.approx(0.5)
    assert page.numbers["mode/1/mass"] == pytest.approx(0.5)
    averaged = pages.read(bg.write_report(posterior, tmp_path / "both.html"))
    assert "averages over several segmentations" in averaged.text
    assert "Attention" in averaged.text


def test_failed_checks_are_marked(posterior):
    draws = replace(posterior.draws, interrupted=True)
    source = source_of(replace(posterior, draws=draws))
    found = checks(source)
    assert [check.state for check in found if check.title == "Computation"] == ["bad"]
    assert "at least one check failed, see Computation." in said(source)


def said(source):
    return plain_text(page_of(source).answer[-1])


def test_rows_of_another_unit_are_reported(posterior):
    table = pages.table()
    table[posterior.features[0]] *= 1000.0
    source = source_of(posterior, table)
    assert [d.code for d in source.beyond] == ["rows_beyond"]
    assert "at least one check failed, see Rows of the table." in said(source)
    assert source_of(posterior, pages.table()).beyond == ()


def test_other_rows_than_those_of_the_fit_are_named(posterior):
    source = source_of(posterior, pages.table()[:40])
    sizes = plain_text(page_of(source).answer[0])
    assert "The 150 rows of the fit fall into 2" in sizes
    assert "The table of this report has 40 rows instead." in sizes
    assert source.findings[0].code == "other_rows"
    assert source.findings[0].values["fitted"] == 150


@pytest.mark.parametrize("is_loaded", [False, True])
def test_as_many_other_rows_are_named(posterior, tmp_path, is_loaded):
    if is_loaded:
        posterior = bg.load(posterior.save(tmp_path / "model.nc"))
    table = pages.table()
    other = table.assign(Age=table["Age"].to_numpy()[::-1])
    for model in (posterior, posterior.fit):
        source = source_of(model, other)
        page = page_of(source)
        first = page.data.findings[0]
        assert (first.code, first.severity) == ("other_rows", "warning")
        assert "The table of this report has other rows." in plain_text(page.answer[0])
        same = page_of(source_of(model, table[::-1]))
        assert not [f for f in same.data.findings if f.code.startswith("other_")]


def test_constant_columns_are_left_out(posterior):
    table = pages.table()
    table["Country"], table["Year"] = "DE", 2024
    found = posterior.profile(table).diagnostics
    assert {d.subject[0] for d in found if d.values.get("reason") == "constant"} == {
        "Country", "Year",
    }  # fmt: skip


def test_a_fit_among_other_segmentations_is_marked(posterior):
    fit = posterior.fit
    source = source_of(replace(fit, modes=(replace(fit.modes[0], probability=0.25),)))
    assert "see Other ways to divide the rows" in said(source)
    assert "Other ways" not in said(source_of(fit))


def test_tables_without_a_column_to_profile_are_reported(posterior, tmp_path):
    table = pages.table()[list(posterior.features)].assign(Id=np.arange(150), Country="DE")
    page = pages.read(bg.write_report(posterior, tmp_path / "r.html", table))
    assert "2 columns left out" in page.text
    with pytest.raises(bg.DataError, match="no column to profile: column 'Id'"):
        posterior.profile(table)


def test_labels_are_one_per_row(posterior, tmp_path):
    with pytest.raises(bg.DataError, match="1 entries for 150 rows"):
        bg.write_report(posterior, tmp_path / "r.html", pages.table(), labels=["a"])


def test_missing_weights_are_named(posterior):
    fit = replace(posterior.fit, total_weight=300.0)
    table = pages.table()
    sizes = [
        plain_text(page_of(s).answer[0])
        for s in (source_of(fit, table), source_of(fit, table, sample_weight=np.full(150, 2.0)))
    ]
    assert all("with a total weight of 300" in text for text in sizes)
    assert ["The fit used row weights" in text for text in sizes] == [True, False]
    fit = replace(fit, measured_weight=300.0)
    assert source_of(fit, table).findings[0].code == "other_weights"


def test_a_segment_without_clear_rows_is_not_recommended_for_them(posterior):
    source = source_of(posterior, pages.table())
    none = [replace(card, clear=replace(card.clear, value=0.0)) for card in page_of(source).cards]
    advice = plain_text(start(source, none, None).advice)
    assert "is the largest segment" in advice
    assert "clearly" not in advice


def test_the_answer_names_warnings_also_if_checks_are_missing(posterior):
    features = pages.table()[list(posterior.features)]
    with pytest.warns(ShapeWarning):
        fit = bg.BayesGMM(1, random_state=0).fit(features).map_fit_
    text = said(source_of(fit, pages.table()))
    assert "were not computed: see What is missing" in text
    assert "need attention before you rely on details: see Shape of the segments" in text


@pytest.mark.parametrize("names", ["ab", ["one"], {"Segment 9": "x"}])
def test_wrong_names_are_refused(posterior, names):
    with pytest.raises(bg.DataError, match="name|segment"):
        source_of(posterior.fit, names=names)


def test_only_fits_are_reported(tmp_path):
    with pytest.raises(bg.DataError, match="cannot report a list"):
        bg.write_report([1], tmp_path / "report.html")


def test_a_comparison_adds_its_section(tmp_path):
    from example_tables import three_groups

    X = three_groups()
    comparison = bg.compare(X, range(2, 5), criteria=("bic", "laplace"), random_state=0)
    fit = comparison.best["bic"].fit
    page = pages.read(bg.write_report(fit, tmp_path / "c.html", X, comparison=comparison))
    for K, p in comparison.probabilities.items():
        assert page.numbers[f"P(K)/{K}"] == p if f"P(K)/{K}" in page.numbers else True
    table = comparison.table.set_index("n_components")
    assert page.numbers["compared/3/full/bic"] == table.loc[3, "bic"]
    assert page.numbers["compared/3/full/probability"] == table.loc[3, "probability"]
    assert str(comparison.recommendation) in page.text


def test_what_is_not_known_is_computed(posterior):
    source = source_of(posterior, pages.table(), shape=None, findings=())
    assert source.shape is not None
    assert source.findings == ()
