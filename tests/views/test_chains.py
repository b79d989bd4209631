"""Traces and ranks are of the chains as they ran."""

from dataclasses import replace

import numpy as np
import pytest
from example_posteriors import one_segment, resampled_segmentations
from matplotlib.figure import Figure

from bayes_gmm.errors import DataError, MultimodalWarning
from bayes_gmm.views import chains, plots

pytestmark = pytest.mark.usefixtures("pyplot")


@pytest.fixture(scope="module")
def resampled():
    """Four chains that never meet, their draws resampled by mass."""
    with pytest.warns(MultimodalWarning):
        return resampled_segmentations()


def panel(figure, title):
    (found,) = [ax for ax in figure.axes if title in ax.get_title()]
    return found


@pytest.mark.parametrize("kind", ["trace", "ranks"])
def test_chains_are_drawn_by_arviz_with_the_names_of_segments(posterior, kind):
    figure = getattr(plots, kind)(posterior.rename({"Segment 1": "Young"}), ["weights"])
    titles = " ".join(panel.get_title() for panel in figure.axes)
    assert "Young" in titles
    assert "Segment 2" in titles


def test_a_trace_is_of_the_chains_and_not_of_a_resample(resampled):
    lines = panel(plots.trace(resampled, ["means"]), "Segment 1, x").lines
    drawn = np.array([line.get_ydata() for line in lines])
    sampled = resampled.tree["posterior_as_sampled/means"][..., 0, 0]
    np.testing.assert_array_equal(drawn, sampled)
    assert np.any(drawn != resampled.tree["posterior/means"][..., 0, 0])


def test_divergent_draws_are_marked_where_they_were(resampled):
    origin = resampled.draws.origin
    diverging = np.zeros(origin.mode.shape, bool)
    diverging[1, 42] = True
    origin = replace(origin, stats={"diverging": diverging})
    draws = replace(resampled.draws, origin=origin, stats={"diverging": ~diverging})
    marks = panel(
        plots.trace(replace(resampled, draws=draws), ["means"]), "Segment 1, x"
    ).collections
    assert [x for mark in marks for x in mark.get_offsets()[:, 0].tolist()] == [42.0]


def test_ranks_tell_chains_apart_that_never_meet(resampled):
    texts = panel(plots.ranks(resampled, ["means"]), "Segment 1, x").texts
    assert [text.get_text().strip() for text in texts] == ["p=0.00(α=0.01)"]


def test_one_chain_has_none_to_be_compared_with(posterior):
    draws = posterior.draws
    one = replace(draws, theta=draws.theta[:1], mode=draws.mode[:1], stats={})
    with pytest.raises(
        DataError, match="ranks compares chains, but there is only 1; sample at least 2"
    ):
        plots.ranks(replace(posterior, draws=one))


def test_parameters_are_named_singly_or_together(posterior):
    assert len(plots.trace(posterior, "weights").axes) == 2
    with pytest.raises(DataError, match="unknown parameter 'weight'; choose from: weights, means"):
        plots.trace(posterior, ["means", "weight"])


@pytest.mark.parametrize("kind", ["trace", "ranks"])
def test_more_panels_are_drawn_than_arviz_allows_by_default(posterior, kind):
    from arviz_base import rc_context, rcParams

    with rc_context({"plot.max_subplots": 2}):
        figure = getattr(plots, kind)(posterior)
        assert rcParams["plot.max_subplots"] == 2
    assert sum(bool(ax.get_title()) for ax in figure.axes) == 6


def test_more_panels_than_a_picture_holds_are_refused_with_what_to_do(posterior, monkeypatch):
    monkeypatch.setattr(chains, "SETTINGS", chains.ChainPlotSettings(max_panels=3))
    with pytest.raises(DataError, match=r"6 parameters .* 3 panels .*coords=\{\"component\""):
        plots.trace(posterior)
    assert len(plots.trace(posterior, coords={"component": "Segment 1"}).axes) >= 3
    assert len(plots.trace(posterior, "weights").axes) == 2


def test_matrices_are_drawn_by_name(posterior):
    titles = [ax.get_title() for ax in plots.trace(posterior, "covariances").axes]
    assert len(titles) == 8
    assert [ax.get_title() for ax in plots.ranks(posterior, "correlation_pairs").axes] == [
        "correlation_pairs\nSegment 1, Age, Income", "correlation_pairs\nSegment 2, Age, Income"
    ]  # fmt: skip


def test_a_weight_that_is_always_1_has_no_ranks():
    one = one_segment()
    assert [ax.get_title() for ax in plots.ranks(one).axes] == ["means\nSegment 1, x1"]
    with pytest.raises(DataError, match="weight of a single segment is 1 in every draw"):
        plots.ranks(one, "weights")


@pytest.mark.parametrize("kind", ["trace", "ranks"])
def test_titles_of_long_names_stay_in_their_panels(posterior, kind):
    names = {
        "Segment 1": "Careful high earners of the northern region in 2024",
        "Segment 2": "Careful_high_earners_of_the_northern_region_in_2025",
    }
    figure = getattr(plots, kind)(posterior.rename(names))
    figure.canvas.draw()
    boxes = [ax.title.get_window_extent() for ax in figure.axes]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    titles = [ax.get_title() for ax in figure.axes if ax.get_title()]
    assert len(set(titles)) == len(titles) == 6
    assert "weights\nCareful high…egion in 2024" in titles


@pytest.mark.parametrize("kind", ["trace", "ranks"])
def test_chains_are_drawn_on_a_part_of_a_figure(posterior, kind):
    whole = Figure(layout="constrained")
    left, right = whole.subfigures(1, 2)
    one = {"component": "Segment 2"}
    assert getattr(plots, kind)(posterior, "means", coords=one, figure=left) is left
    assert [ax.get_title() for ax in left.axes] == [
        f"means\nSegment 2, {feature}" for feature in posterior.features
    ]
    assert not right.axes
