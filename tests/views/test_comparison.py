"""The picture of a comparison shows the numbers of its table."""

import numpy as np
import pytest
from example_comparisons import by_bic, by_evidence, by_loo, comparison_of
from matplotlib.container import ErrorbarContainer

from bayes_gmm.errors import DataError
from bayes_gmm.views import plots

pytestmark = pytest.mark.usefixtures("pyplot")


def error_bars(ax):
    return [c for c in ax.containers if isinstance(c, ErrorbarContainer)]


def half_lengths(container):
    bars = np.array([bar[:, 1] for bar in container[2][0].get_segments()])
    return np.diff(bars, axis=1).ravel() / 2


def test_lines_are_differences_from_the_best_with_their_errors():
    errors = {1: 0.5, 2: 0.2, 3: 0.3}
    comparison = by_evidence({1: -40.0, 2: -10.0, 3: -12.0}, errors=errors)
    panel, _ = plots.comparison(comparison).axes
    (container,) = error_bars(panel)
    np.testing.assert_allclose(container[0].get_xydata(), [(1, -30), (2, 0), (3, -2)])
    np.testing.assert_allclose(half_lengths(container), list(errors.values()))
    ring = panel.lines[-1].get_xydata()
    assert ring.tolist() == [[2.0, 0.0]]
    assert panel.get_ylabel() == "below −10.0"


@pytest.mark.parametrize("farthest", [15.0, 500.0])
def test_error_bars_are_within_the_panel(farthest):
    values = {1: -farthest, 2: 0.0, 3: -1.0}
    panel = plots.comparison(by_evidence(values, errors={1: 0.1, 2: 7.0, 3: 8.0})).axes[0]
    assert max(panel.get_ylim()) > 7.0


def test_bars_of_loo_are_errors_of_the_difference():
    rows = np.random.default_rng(1).normal(size=(2, 50))
    comparison = by_loo({1: -5.0 + rows[0], 2: -4.0 + rows[1]})
    (panel,) = plots.comparison(comparison).axes
    (container,) = error_bars(panel)
    gap = comparison.elpd_diff[comparison.candidates[0]]
    np.testing.assert_allclose(container[0].get_xydata(), [(1, -gap.elpd), (2, 0)])
    np.testing.assert_allclose(half_lengths(container), [gap.se, 0.0])


@pytest.mark.parametrize(("farthest", "scale"), [(15.0, "linear"), (500.0, "symlog")])
def test_what_is_far_behind_does_not_hide_what_is_near(farthest, scale):
    (panel,) = plots.comparison(by_bic({1: 10.0 + farthest, 2: 10.0, 3: 14.0})).axes
    assert panel.get_yscale() == scale
    low, high = panel.get_ylim()
    assert low < 0.0 < farthest < high
    assert panel.get_ylabel() == "above 10.0"


def test_bars_are_the_probabilities_with_their_errors():
    values = {(1, "full"): 0.0, (1, "tied"): 1.0, (2, "full"): 1.5, (2, "tied"): -1.0}
    errors = {(1, "full"): 0.5, (1, "tied"): 0.2, (2, "full"): 0.3, (2, "tied"): 0.1}
    comparison = by_evidence(values, errors=errors)
    panel = plots.comparison(comparison).axes[-1]
    heights = [bar.get_height() for bar in panel.patches]
    by_structure = comparison.table["probability"].to_numpy().reshape(2, 2).T
    np.testing.assert_allclose(heights, 100 * by_structure.ravel())
    tops = [bar.get_y() + bar.get_height() for bar in panel.patches[2:]]
    np.testing.assert_allclose(tops, 100 * comparison.probabilities)
    (container,) = error_bars(panel)
    ends = np.array([bar[:, 1] for bar in container[2][0].get_segments()])
    np.testing.assert_allclose(ends, 100 * comparison.probability_intervals)
    assert not any(bar.get_hatch() for bar in panel.patches)


def test_an_evidence_that_determines_nothing_is_drawn_so():
    values = {3: -30.0, 4: -3.5, 5: 0.0, 6: -3.8}
    comparison = by_evidence(values, errors={3: 0.1, 4: 0.4, 5: 3.7, 6: 3.8})
    panel = plots.comparison(comparison).axes[-1]
    assert all(bar.get_hatch() for bar in panel.patches)
    (said,) = panel.texts
    assert "3.8 nats" in said.get_text()
    assert panel.get_ylim()[1] > 120.0
    (container,) = error_bars(panel)
    ends = np.array([bar[:, 1] for bar in container[2][0].get_segments()])
    np.testing.assert_allclose(ends, 100 * comparison.probability_intervals.loc[4:])
    assert comparison.headline in panel.figure.get_suptitle()


def test_a_line_per_structure_and_a_gap_where_there_is_no_fit():
    values = {(1, "full"): 30.0, (1, "tied"): 31.0, (2, "full"): 20.0, (2, "tied"): None}
    (panel,) = plots.comparison(by_bic(values)).axes
    drawn = [container[0].get_xydata() for container in error_bars(panel)]
    np.testing.assert_allclose(drawn[0], [(1, 10), (2, 0)])
    np.testing.assert_allclose(drawn[1], [(1, 11), (2, np.nan)])
    (legend,) = panel.figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["full", "tied"]


def test_numbers_far_apart_stand_at_equal_distances():
    panel, shares = plots.comparison(by_evidence({1: -4.0, 3: 0.0, 10: -3.0, 300: -9.0})).axes
    for ax in (panel, shares):
        assert ax.get_xticks().tolist() == [0.0, 1.0, 2.0, 3.0]
        assert [text.get_text() for text in ax.get_xticklabels()] == ["1", "3", "10", "300"]
    (container,) = error_bars(panel)
    assert container[0].get_xdata().tolist() == [0.0, 1.0, 2.0, 3.0]
    assert panel.lines[-1].get_xdata().tolist() == [1.0]
    near, _ = plots.comparison(by_evidence({1: -4.0, 2: 0.0, 4: -3.0})).axes
    assert near.get_xticks().tolist() == [1.0, 2.0, 4.0]


def test_labels_do_not_hide_each_other():
    *_, shares = plots.comparison(
        by_evidence({K: -0.02 * (K - 17) ** 2 for K in range(1, 31)})
    ).axes
    labelled = sorted(text.xy[0] for text in shares.texts)
    assert 17.0 in labelled
    assert min(np.diff(labelled)) >= 3.0
    assert len(shares.get_xticks()) <= 12


def test_one_number_alone_has_no_scale():
    panel, _ = plots.comparison(by_evidence({3: -50.0})).axes
    assert panel.get_yticks().tolist() == [0.0]


def test_panels_are_the_criteria_asked_for():
    icl = {1: {"icl": 3.0}, 2: {"icl": 4.0}}
    both = comparison_of("bic", {1: 3.0, 2: 1.0}, criteria=("bic", "icl"), more=icl)
    title = lambda panel: panel.get_title(loc="left")  # noqa: E731
    assert [title(panel) for panel in plots.comparison(both).axes] == ["BIC", "ICL"]
    assert [title(panel) for panel in plots.comparison(both, "icl").axes] == ["ICL"]
    with pytest.raises(DataError, match="no criterion 'aic'; it has: bic, icl"):
        plots.comparison(both, ["aic"])


def test_nothing_fitted_is_nothing_to_draw(tmp_path):
    with pytest.raises(DataError, match=r"cannot be drawn, .* \(no 1 distinct rows\)"):
        plots.save_comparison(by_bic({1: None}), tmp_path / "a.png")


def test_the_title_is_the_answer(tmp_path, pyplot):
    panels = plots.comparison(by_evidence({1: 0.0, 2: 9.0})).axes
    assert panels[0].figure.get_suptitle() == "2 segments, with probability > 99.9 %"
    pyplot.close("all")
    path = plots.save_comparison(by_evidence({1: 0.0, 2: 9.0}), tmp_path / "a.png", dpi=50)
    assert path.read_bytes().startswith(b"\x89PNG")
    assert pyplot.get_fignums() == []


def said_below(panel):
    return panel.figure.get_supxlabel().replace("\n", " ")


def test_a_range_that_may_be_too_narrow_and_an_approximation_are_stated():
    panel = plots.comparison(by_bic({1: 30.0, 2: 20.0})).axes[0]
    assert "2 is the largest number tried" in said_below(panel)
    inside = plots.comparison(by_bic({1: 30.0, 2: 20.0, 3: 40.0})).axes[0]
    assert said_below(inside) == ""
    laplace = plots.comparison(by_evidence({1: -9.0, 2: 0.0, 3: -9.0}, criterion="laplace")).axes
    assert "approximate" in said_below(laplace[0])
    values = {(K, structure): -9.0 * K for K in (1, 2) for structure in ("full", "tied")}
    figure = plots.comparison(by_evidence(values, criterion="laplace"))
    figure.canvas.draw()
    note = figure._supxlabel.get_window_extent()
    lines = figure._supxlabel.get_text().rstrip("\n").count("\n") + 1
    lowest = note.y1 - note.height * lines / (figure._supxlabel.get_text().count("\n") + 1)
    assert lowest >= figure.legends[0].get_window_extent().y1
    assert laplace[-1].get_title(loc="left") == "probability (approximate)"
