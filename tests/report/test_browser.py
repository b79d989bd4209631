"""The page in a browser: no message, no request, and what its script does."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import report_pages as pages
from browser import Visit, launched, needs_chromium

import bayes_gmm as bg

pytestmark = [needs_chromium, pytest.mark.slow]

LIT = "Array.from(document.querySelectorAll('[data-seg].lit'), part => part.dataset.seg)"


@pytest.fixture(scope="module")
def browser():
    with launched() as found:
        yield found


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    """A report of hostile names in three features, one of them on a logarithmic scale."""
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(c, 1, (60, 3)) for c in (0.0, 6.0)])
    X[:, 2] = np.exp(X[:, 2] / 3)
    X[0, 0] = np.nan
    mixture = bg.BayesGMM(2, n_init=2, random_state=0, transforms={pages.HOSTILE[4]: "log"})
    frame = pd.DataFrame(X, columns=[pages.HOSTILE[i] for i in (0, 3, 4)])
    fit = mixture.fit(frame).map_fit_
    path = tmp_path_factory.mktemp("three") / "report.html"
    labels = [f"{pages.HOSTILE[i % 6]}{i}" for i in range(len(X))]
    return bg.write_report(fit, path, frame, names=pages.HOSTILE[1:3], labels=labels)


@pytest.fixture(params=["report", "three"])
def visit(request, browser):
    found = Visit(browser, request.getfixturevalue(request.param))
    yield found
    assert found.messages == []
    assert len(found.requests) == 1
    found.page.close()


def test_a_segment_is_highlighted_everywhere_until_escape(visit):
    page = visit.page
    button = page.locator(".toolbar [data-seg='1']")
    button.click()
    assert button.get_attribute("aria-pressed") == "true"
    lit = visit.evaluate(LIT)
    assert len(lit) > 8
    assert set(lit) == {"1"}
    page.wait_for_function(  # the opacity changes gradually
        "getComputedStyle(document.querySelector('#points [data-seg=\"0\"]')).opacity < 1"
    )
    page.keyboard.press("Escape")
    assert visit.evaluate(LIT) == []
    assert button.get_attribute("aria-pressed") == "false"


def test_the_keyboard_highlights_too(visit):
    visit.page.locator(".toolbar [data-seg='0']").focus()
    visit.page.keyboard.press("Tab")
    assert set(visit.evaluate(LIT)) == {"1"}
    visit.page.keyboard.press("Enter")
    visit.page.keyboard.press("Tab")
    assert set(visit.evaluate(LIT)) == {"1"}


def test_hovering_highlights_for_the_moment(visit):
    visit.page.locator(".glance tr[data-seg='1'] td").first.hover()
    assert set(visit.evaluate(LIT)) == {"1"}
    visit.page.locator("h1").hover()
    assert visit.evaluate(LIT) == []


def test_features_of_the_scatter_are_chosen(browser, three):
    visit = Visit(browser, three)
    page = visit.page
    drawn = "document.querySelector('#ellipses path').getAttribute('d')"
    before = visit.evaluate(drawn)
    names = page.locator("#x-feature option").all_inner_texts()
    page.select_option("#x-feature", "2")
    assert visit.evaluate(drawn) != before
    assert names[2][:10] in page.locator("#x-name").text_content()
    page.select_option("#y-feature", "2")  # the features change places
    assert page.locator("#x-feature").input_value() == "1"
    page.select_option("#x-feature", "0")
    page.select_option("#y-feature", "1")
    assert visit.evaluate(drawn) == before
    shown = visit.evaluate(
        "Array.from(document.querySelectorAll('.centres th[data-feature]'))"
        ".filter(cell => !cell.hidden).map(cell => cell.dataset.feature)"
    )
    assert shown == ["0", "1"]
    hidden = visit.evaluate("document.querySelectorAll('#points [display=none]').length")
    missing = pages.HOSTILE[0] in names[:2]
    assert hidden == int(missing)
    assert visit.messages == []
    page.close()


def test_the_script_draws_what_the_file_holds(browser, three):
    plain = Visit(browser, three, java_script_enabled=False)
    drawn = Visit(browser, three)
    for part, attribute in (("#ellipses path", "d"), ("#points circle", "cx"),
                            ("#axes line", "x1"), ("#axes text", "x")):  # fmt: skip
        values = []
        for visit in (plain, drawn):
            found = visit.page.locator(part).evaluate_all(
                "(parts, name) => parts.map(part => part.getAttribute(name))", attribute
            )
            values.append([numbers_of(text) for text in found if text])
        assert len(values[0]) == len(values[1]) > 3
        if attribute == "d":  # both start elsewhere on the same ellipse
            values = [[[min(v[::2]), max(v[::2]), min(v[1::2]), max(v[1::2])] for v in each]
                      for each in values]  # fmt: skip
        np.testing.assert_allclose(values[0], values[1], atol=0.7 if attribute == "d" else 0.11)
    plain.page.close()
    drawn.page.close()


def numbers_of(text):
    return [float(x) for x in text.strip("MZ").replace("L", " ").split()]


def test_tables_are_sorted_by_their_numbers(visit):
    share = visit.page.locator(".glance thead th").nth(2)
    values = (
        "Array.from(document.querySelectorAll('.glance tbody tr'), r => +r.cells[2].dataset.sort)"
    )
    share.get_by_role("button").click()
    found = visit.evaluate(values)
    assert found == sorted(found)
    assert share.get_attribute("aria-sort") == "ascending"
    share.get_by_role("button").click()
    assert visit.evaluate(values) == found[::-1]
    assert share.get_attribute("aria-sort") == "descending"


def test_rows_are_filtered_by_certainty_and_segment(visit):
    page = visit.page
    data = visit.evaluate("JSON.parse(document.getElementById('numbers').textContent).rows")
    p, segment = np.array(data["probability"]), np.array(data["segment"])
    bound = 100 if (p >= 1.0).any() else 99
    page.locator("#least").fill(str(bound))
    page.select_option("#of-segment", "1")
    kept = (p >= bound / 100) & (segment == 1)
    assert 0 < kept.sum() < len(p)
    assert page.locator("#found").inner_text().startswith(f"{kept.sum()} of {len(p)} rows")
    assert page.locator("#found-rows tbody tr").count() == min(kept.sum(), 25)
    assert page.locator("#points circle.out").count() == (~kept).sum()
    labels = page.locator("#found-rows tbody th").all_inner_texts()
    wanted = [" ".join(data["label"][n].split()) for n in np.flatnonzero(kept)[:25]]
    assert [" ".join(label.split()) for label in labels] == wanted


def test_members_of_a_segment_are_saved(browser, report, three, tmp_path):
    for path in (report, three):
        visit = Visit(browser, path)
        rows = visit.evaluate("JSON.parse(document.getElementById('numbers').textContent).rows")
        with visit.page.expect_download() as saved:
            visit.page.locator("[data-members='1']").click()
        saved.value.save_as(tmp_path / "members.csv")
        found = pd.read_csv(tmp_path / "members.csv", dtype={"Row": str})
        mine = np.flatnonzero(np.array(rows["segment"]) == 1)
        assert sorted(found["Row"]) == sorted(rows["label"][n] for n in mine)
        assert found["probability"].is_monotonic_decreasing
        kept = dict(zip(rows["label"], rows["probability"], strict=True))
        assert found["probability"].tolist() == [kept[label] for label in found["Row"]]
        assert found["segment"].nunique() == 1
        assert visit.messages == []
        visit.page.close()


@pytest.mark.parametrize("width", [400, 900, 1400])
def test_nothing_is_wider_than_the_window(browser, report, three, width):
    for path in (report, three):
        visit = Visit(browser, path, viewport={"width": width, "height": 900})
        assert visit.evaluate("document.documentElement.scrollWidth") <= width
        visit.page.close()


def test_reasons_for_transformations_fit_into_a_small_window(browser, tmp_path):
    x = 100.0 * np.expm1(np.random.default_rng(0).normal(2.0, 0.8, (200, 1)).clip(0.0))
    frame = pd.DataFrame(x, columns=["Detergents_Paper_and_more"])
    model = bg.BayesGMM(1, n_init=1, random_state=0, transforms="auto").fit(frame)
    path = bg.write_report(model, tmp_path / "report.html", frame)
    visit = Visit(browser, path, viewport={"width": 390, "height": 900})
    assert visit.page.locator("#data td", has_text="lowers the BIC").count() == 1
    assert visit.evaluate("document.documentElement.scrollWidth") <= 390
    visit.page.close()
    path = bg.write_report(model.map_fit_, tmp_path / "report.html")  # which has no reasons
    assert "chosen by the user" not in pages.read(path).text.lower()


def test_without_script_everything_is_readable_and_controls_are_hidden(browser, report):
    visit = Visit(browser, report, java_script_enabled=False)
    assert visit.page.locator("#points circle").count() == 150
    assert visit.page.locator(".needs-js:visible, [data-members]:visible").count() == 0
    assert visit.page.locator("main").inner_text().count("Segment 1") > 5
    assert len(visit.page.pdf(format="A4")) > 10_000
    visit.page.close()


@pytest.mark.skipif("AXE" not in os.environ, reason="AXE is not the path of axe.min.js (npm)")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_finding_of_axe(browser, report, three, scheme):
    for path in (report, three):
        # axe is evaluated by the browser, not added to the page, whose policy refuses scripts.
        visit = Visit(browser, path, color_scheme=scheme)
        visit.evaluate(Path(os.environ["AXE"]).read_text(encoding="utf-8"))
        found = visit.evaluate("axe.run().then(result => result.violations)")
        serious = [v for v in found if v["impact"] in ("serious", "critical")]
        assert [(v["id"], v["nodes"][0]["html"][:200]) for v in serious] == []
        visit.page.close()
