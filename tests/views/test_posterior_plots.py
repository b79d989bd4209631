"""Pictures of a posterior show its intervals, not its MAP alone."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from example_posteriors import one_segment, two_segmentations
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import to_hex
from matplotlib.contour import ContourSet
from matplotlib.text import Text
from scipy.stats import norm

from bayes_gmm.errors import DataError, MultimodalWarning
from bayes_gmm.estimator import BayesGMM
from bayes_gmm.views import bands as credible
from bayes_gmm.views import plots
from bayes_gmm.views.palette import palette
from bayes_gmm.views.plane import plane_of_features
from bayes_gmm.views.plots import forest, membership, segments
from bayes_gmm.views.settings import PlotSettings


@pytest.fixture(scope="module")
def two_modes():
    with pytest.warns(MultimodalWarning):
        return two_segmentations()


@pytest.fixture
def ax():
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.6, 5.4), layout="constrained")
    FigureCanvasAgg(figure)
    return figure.add_subplot()


def legend_texts(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_segments_of_a_posterior_have_bands_and_intervals(posterior, ax):
    segments(posterior.rename({"Segment 2": "Older"}), posterior.table.values, ax=ax)
    w = posterior.parameters.weights[..., 1]
    low, high = np.quantile(w, [0.03, 0.97])
    assert (
        legend_texts(ax)[1]
        == f"Older ({100 * w.mean():.0f} %: {100 * low:.0f} to {100 * high:.0f} %)"
    )
    assert legend_texts(ax)[-2:] == ["94 % credible band", "draws of the posterior"]
    assert sum(isinstance(c, ContourSet) for c in ax.collections) == 2
    outlines = [c for c in ax.collections if isinstance(c, LineCollection)]
    assert [len(c.get_segments()) for c in outlines] == [PlotSettings.draws_shown] * 2
    crosses = [line.get_xydata()[0] for line in ax.lines if line.get_marker() == "X"]
    np.testing.assert_allclose(crosses, posterior.parameters.means.mean(axis=(0, 1)))


def test_points_lie_over_what_is_uncertain_and_under_lines_and_labels(posterior, ax):
    segments(posterior, posterior.table.values, ax=ax)
    of_kind = lambda kind: [c.zorder for c in ax.collections if isinstance(c, kind)]  # noqa: E731
    (points,) = of_kind(PathCollection)
    assert max(of_kind(ContourSet) + of_kind(LineCollection)) < points
    lines = [patch.zorder for patch in ax.patches if patch.get_linewidth() > 0]
    crosses_and_labels = [artist.zorder for artist in [*ax.lines, *ax.texts]]
    assert points < min(lines) <= max(lines) < min(crosses_and_labels)


def test_outlines_are_the_ellipses_of_draws(posterior, ax):
    segments(posterior, ax=ax)
    outline = next(c for c in ax.collections if isinstance(c, LineCollection)).get_segments()[0]
    mean, S = (getattr(posterior.parameters, name)[0, 0, 0] for name in ("means", "covariances"))
    gap = outline - mean
    distance = np.einsum("ni,ni->n", gap, np.linalg.solve(S, gap.T).T)
    np.testing.assert_allclose(distance, -2 * np.log(0.05), rtol=1e-9)


def test_the_band_is_where_draws_disagree(posterior, ax):
    """A point inside every draw's ellipse, or outside of all, is not in the band."""
    segments(posterior, ax=ax)
    band = next(c for c in ax.collections if isinstance(c, ContourSet))
    plane = plane_of_features(posterior.mean_mixture, (0, 1))
    means, factors = plane.ellipses(posterior, PlotSettings.draws_counted)
    rng = np.random.default_rng(0)
    x = means[0, 0] + 1.6 * rng.uniform(-1, 1, (400, 2)) @ np.abs(factors[0, 0]).T
    z = np.linalg.solve(factors[:, 0], (x.T - means[:, 0, :, None]))
    inside = ((z**2).sum(axis=1) <= 1.0).mean(axis=0)
    path = band.get_paths()[0]
    drawn = np.array([sum(p.contains_point(row) for p in _rings(path)) % 2 for row in x], bool)
    clear = np.minimum(abs(inside - 0.03), abs(inside - 0.97)) > 0.03
    disagree = (inside > 0.03) & (inside < 0.97)
    assert disagree[clear].any()
    assert (inside[clear] > 0.97).any()
    assert np.array_equal(drawn[clear], disagree[clear])


def _rings(path):
    """The closed rings of a path, whose interiors alternate."""
    from matplotlib.path import Path

    starts = np.flatnonzero(path.codes == Path.MOVETO)
    return [Path(part) for part in np.split(path.vertices, starts[1:])]


def test_one_feature_has_a_band_about_each_curve(posterior, ax):
    segments(posterior, posterior.table.values, features="Age", ax=ax)
    assert legend_texts(ax)[-1] == "94 % credible band"
    assert len(ax.collections) == 2


def test_the_band_of_a_curve_is_the_interval_of_its_height(posterior, monkeypatch):
    counted = PlotSettings(draws_counted=posterior.draws.mode.size)
    monkeypatch.setattr(credible, "PLOTS", counted)
    of, ages = posterior.parameters, np.array([20.0, 25.0, 60.0])
    w, mean, sd = (
        values.reshape(-1, 2, 1) for values in (of.weights, of.means[..., 0], of.scales[..., 0])
    )
    expected = np.quantile(w * norm(mean, sd).pdf(ages), [0.03, 0.97], axis=0)
    np.testing.assert_allclose(credible.band_of_curves(posterior, 0, ages), expected, rtol=1e-9)


def test_forest_bars_are_the_intervals(posterior, pyplot):
    panels = forest(posterior.rename({"Segment 1": "Young"}), ci_prob=0.8).axes
    assert [panel.get_xlabel() for panel in panels] == ["share (%)", "Age", "Income"]
    assert [text.get_text() for text in panels[0].get_yticklabels()] == ["Young", "Segment 2"]
    income = posterior.parameters.means[..., 1, 1]
    bars = [line.get_xdata() for line in panels[2].lines if len(line.get_xdata()) == 2]
    np.testing.assert_allclose(bars[2], np.quantile(income, [0.1, 0.9]))
    np.testing.assert_allclose(bars[3], np.quantile(income, [0.25, 0.75]))
    ticks = [line.get_xdata()[0] for line in panels[2].lines if len(line.get_xdata()) == 1]
    assert ticks[1] == pytest.approx(income.mean())


def test_a_mean_is_seen_however_narrow_its_bar_is(posterior, pyplot):
    draws = posterior.draws
    middle = draws.theta.mean(axis=(0, 1))
    narrow = replace(posterior, draws=replace(draws, theta=middle + 1e-5 * (draws.theta - middle)))
    panel = forest(narrow).axes[1]
    dots = [line for line in panel.lines if line.get_marker() == "o"]
    assert [to_hex(dot.get_markeredgecolor()) for dot in dots] == palette(2)
    panel.figure.canvas.draw()
    image = np.asarray(panel.figure.canvas.buffer_rgba())[..., :3].astype(int)
    for dot, color in zip(dots, palette(2), strict=True):
        x, y = panel.transData.transform(dot.get_xydata()[0])
        around = image[len(image) - int(y) - 6 : len(image) - int(y) + 6, int(x) - 6 : int(x) + 6]
        rgb = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)])
        assert (np.abs(around - rgb).max(axis=-1) < 40).sum() >= 8


def test_pictures_have_the_intervals_that_are_asked_for(posterior, ax):
    segments(posterior, ax=ax, ci_prob=0.5)
    low, high = np.quantile(posterior.parameters.weights[..., 1], [0.25, 0.75])
    assert legend_texts(ax)[1].endswith(f": {100 * low:.0f} to {100 * high:.0f} %)")
    assert legend_texts(ax)[-2] == "50 % credible band"
    with pytest.raises(DataError, match="ci_prob must be a number between 0 and 1"):
        segments(posterior, ax=ax, ci_prob=50)


def test_a_picture_of_one_segmentation_says_so(two_modes, pyplot):
    alone = two_modes.of_mode(1)
    assert "all draws are from mode 1, which holds 50 % of the mass" in said_in(forest(alone))
    crosses = [line.get_xydata()[0] for line in segments(alone).lines if line.get_marker() == "X"]
    np.testing.assert_allclose(crosses, alone.parameters.means.mean(axis=(0, 1)))


def test_forest_shows_the_features_asked_for(posterior, pyplot):
    assert [panel.get_xlabel() for panel in forest(posterior, "Income").axes] == [
        "share (%)",
        "Income",
    ]
    with pytest.raises(DataError, match="no feature 'Incme'; did you mean 'Income'"):
        forest(posterior, ["Incme"])


def test_map_colours_rows_by_probability_and_sizes_them_by_its_interval(posterior, ax):
    middle = posterior.mixture.means.mean(axis=0)
    X = pd.DataFrame(
        np.vstack([posterior.mixture.means, middle, [np.nan, 3e4]]), columns=["Age", "Income"]
    )
    membership(posterior, X, ax=ax)
    table = posterior.membership(X).iloc[:3]
    points = next(c for c in ax.collections if isinstance(c, PathCollection))
    width = (table["upper"] - table["lower"]).to_numpy()
    order = np.argsort(width, kind="stable")
    np.testing.assert_allclose(points.get_offsets(), X.to_numpy()[order])
    np.testing.assert_allclose(points.get_array(), table["probability"].to_numpy()[order])
    area = points.get_sizes() - points.get_sizes()[0]  # the least width is as good as none
    assert width[order][0] < 1e-6 < 0.01 < width[order][-1]
    np.testing.assert_allclose(area / area[-1], width[order] / width[order][-1], atol=1e-4)
    assert any("1 row with a missing cell: not drawn" in text.get_text() for text in ax.texts)


def test_a_map_needs_two_features(posterior, ax):
    with pytest.raises(DataError, match="membership needs two features, got 1"):
        membership(posterior, posterior.table.values, features="Age", ax=ax)


MIXED = "averages mix draws from 2 different segmentations (mode 0: 50 %, mode 1: 50 %)"


def said_in(figure):
    """All text of a figure, on one line."""
    return " ".join(text.get_text().replace("\n", " ") for text in figure.findobj(Text))


@pytest.mark.parametrize("features", [None, "x"])
def test_a_picture_says_itself_that_it_averages_over_segmentations(two_modes, ax, features):
    X = two_modes.table.values.copy()
    X[0] = np.nan
    segments(two_modes, X, features, ax=ax)
    assert MIXED in said_in(ax.figure)
    ax.figure.canvas.draw()
    (note,) = [text for text in ax.texts if "averages mix" in text.get_text()]
    renderer = ax.figure.canvas.get_renderer()
    assert not note.get_window_extent(renderer).overlaps(ax._left_title.get_window_extent(renderer))


def test_the_other_pictures_of_averages_say_so_too(two_modes, posterior, ax, pyplot):
    membership(two_modes, two_modes.table.values, ax=ax)
    assert MIXED in said_in(ax.figure)
    assert MIXED in said_in(forest(two_modes))
    assert "averages" not in said_in(forest(posterior))


def test_a_picture_names_the_mode_that_it_lacks(two_modes, pyplot):
    draws = replace(two_modes.draws, theta=two_modes.draws.theta[:2], mode=two_modes.draws.mode[:2])
    part = replace(two_modes, draws=draws)
    assert "no draws from mode 1, which holds" in said_in(forest(part))


@pytest.mark.parametrize("picture", ["forest", "membership", "trace", "ranks", "save_forest"])
def test_what_is_no_posterior_is_refused_with_where_to_get_one(posterior, picture, tmp_path):
    extra = {
        "membership": [posterior.table], "save_forest": [tmp_path / "a.png"]
    }.get(picture, [])  # fmt: skip
    for model in (BayesGMM(2), posterior.fit, posterior.tree, None):
        kind = type(model).__name__
        with pytest.raises(DataError, match=rf"a Posterior, got a {kind}; .*sample_posterior"):
            getattr(plots, picture)(model, *extra)


@pytest.mark.parametrize("features", [("Age", "Age"), (0, "Age"), (1, 1)])
def test_a_plane_needs_two_different_features(posterior, ax, features):
    for draw in (segments, membership):
        with pytest.raises(DataError, match=r"features contains '(Age|Income)' twice; give"):
            draw(posterior, posterior.table, features, ax=ax)


@pytest.mark.parametrize("ci_prob", [94, 0.0, None])
def test_a_forest_of_no_probability_is_refused(posterior, ci_prob):
    with pytest.raises(DataError, match="ci_prob must be a number between 0 and 1"):
        forest(posterior, ci_prob=ci_prob)


def test_a_single_draw_is_a_mark_in_the_colour_of_its_segment(posterior, pyplot):
    draws = posterior.draws
    one = replace(draws, theta=draws.theta[:1, :1], mode=draws.mode[:1, :1], stats={})
    panels = forest(replace(posterior, draws=one)).axes
    marks = [line for line in panels[1].lines if line.get_marker() == "D"]
    assert [to_hex(mark.get_color()) for mark in marks] == palette(2)
    means = posterior.parameters.means[0, 0, :, 0]
    assert [mark.get_xdata()[0] for mark in marks] == pytest.approx(means)
    assert not any(line.get_marker() == "D" for line in forest(posterior).axes[1].lines)


def test_the_share_of_a_single_segment_is_not_drawn(pyplot):
    assert [panel.get_xlabel() for panel in forest(one_segment()).axes] == ["x1"]
