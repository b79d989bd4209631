"""Pairs of features, co-clustering and patterns of missing cells."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from bayes_gmm.errors import DataError
from bayes_gmm.model.mixture import Mixture
from bayes_gmm.views import co_clustering as pairs_of_rows
from bayes_gmm.views import missingness as patterns
from bayes_gmm.views.palette import palette
from bayes_gmm.views.plots import co_clustering, missingness, pairs
from bayes_gmm.views.settings import PlotSettings


def mixture_of(n_components, d):
    means = 4.0 * np.arange(n_components)[:, None] * np.arange(1, d + 1)
    names = tuple(f"feature {j + 1}" for j in range(d))
    return Mixture(
        np.full(n_components, 1 / n_components), means, np.tile(np.eye(d), (n_components, 1, 1)),
        features=names,
    )  # fmt: skip


def lower_triangle(panels, d):
    """Panels by row and column, from their list; raises if there are others."""
    return dict(zip(zip(*np.tril_indices(d), strict=True), panels, strict=True))


def test_pairs_fill_the_lower_triangle_and_share_axes():
    mixture = mixture_of(2, 3)
    figure = Figure()
    assert pairs(mixture, mixture.sample(40, 0)[0], figure=figure) is figure
    panels = lower_triangle(figure.axes, 3)
    assert panels[2, 0].get_xlim() == panels[0, 0].get_xlim() == panels[1, 0].get_xlim()
    assert panels[2, 1].get_xlabel() == "feature 2"
    drawn = [patch for patch in panels[1, 0].patches if patch.get_linewidth() > 0]
    assert len(drawn) == 4
    assert sum(len(c.get_offsets()) for c in panels[2, 1].collections) == 40


def test_pairs_are_of_two_to_twelve_features():
    panels = pairs(mixture_of(2, 13), figure=Figure()).axes
    labels = [panel.get_xlabel() for panel in panels]
    assert len(panels) == 12 * 13 // 2
    assert "feature 1" not in labels  # it separates least
    with pytest.raises(DataError, match="at most 12 features, got 13"):
        pairs(mixture_of(2, 13), features=range(13), figure=Figure())
    with pytest.raises(DataError, match="at least two different features"):
        pairs(mixture_of(2, 2), features=["feature 1"], figure=Figure())


def test_co_clustering_is_ordered_by_segment_and_certainty(posterior, monkeypatch):
    monkeypatch.setattr(pairs_of_rows, "PLOTS", PlotSettings(max_co_clustering=30))
    axes = co_clustering(posterior, ax=Figure().add_subplot())
    drawn = np.asarray(axes.images[0].get_array())
    assert drawn.shape == (30, 30)
    np.testing.assert_allclose(drawn, drawn.T)
    assert len(axes.patches) == 4  # a bar at either side for each segment
    assert any("30 of" in text.get_text() for text in axes.texts)
    first = int(axes.patches[0].get_width())
    within, across = drawn[:first, :first].mean(), drawn[:first, first:].mean()
    assert within > across


def test_patterns_are_counted_with_the_membership_of_their_rows():
    nan = np.nan
    mixture = mixture_of(2, 2)
    X = [[0, 0], [nan, 8], [nan, 8], [4, nan], [0, 0.1], [nan, nan]]
    r = mixture.responsibilities(X)
    found = patterns.patterns_of(np.isnan(X), r)
    assert found.counts.tolist() == [2, 2, 1, 1]
    assert not found.missing[0].any()
    np.testing.assert_allclose(found.shares[1], r[1])
    panels = missingness(mixture, X, figure=Figure()).axes
    widths = [bar.get_width() for bar in panels[1].patches]
    np.testing.assert_allclose(widths, 100 * found.shares.T.ravel(), atol=1e-9)
    assert panels[0].get_xticklabels()[0].get_text() == "feature 1 (50 %)"


def test_twelve_colours_are_distinct_and_keep_their_segments():
    assert len(set(palette(12))) == 12
    assert palette(12)[:5] == palette(5)


@pytest.mark.parametrize("picture", [pairs, missingness])
def test_a_part_of_a_figure_is_drawn_on_and_returned(picture):
    whole = Figure(layout="constrained")
    left, right = whole.subfigures(1, 2)
    mixture = mixture_of(2, 2)
    assert picture(mixture, mixture.means, figure=left) is left
    assert left.axes
    assert not right.axes
    whole.canvas.draw()
