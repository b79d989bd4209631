"""The picture of segments says what the mixture says."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from bayes_gmm.errors import DataError
from bayes_gmm.model.mixture import Mixture
from bayes_gmm.views import points
from bayes_gmm.views.palette import faded, palette
from bayes_gmm.views.plots import save_segments, segments
from bayes_gmm.views.settings import PlotSettings

NAMES = ("Income ($)", "Score ($)", "Age")


@pytest.fixture
def ax():
    figure = Figure(figsize=(9.6, 5.4), layout="constrained")
    FigureCanvasAgg(figure)
    return figure.add_subplot()


def mixture_of(n_components, n_features=2, spacing=10.0):
    """Unit spheres in a row along every axis, the first the heaviest."""
    weights = np.arange(n_components, 0, -1.0)
    return Mixture(
        weights / weights.sum(),
        spacing * np.arange(n_components)[:, None] * np.ones(n_features),
        np.tile(np.eye(n_features), (n_components, 1, 1)),
        features=NAMES[:n_features],
    )


def legend_texts(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def note(ax):
    return " ".join(text.get_text() for text in ax.texts if "row" in text.get_text())


def test_legend_gives_shares_and_explains_the_lines(ax):
    segments(mixture_of(3), ax=ax)
    assert legend_texts(ax) == [
        "Segment 1 (50 %)",
        "Segment 2 (33 %)",
        "Segment 3 (17 %)",
        "50 % of a segment",
        "95 % of a segment",
    ]


def test_axes_carry_the_column_names_as_they_are(ax):
    segments(mixture_of(2), ax=ax)
    assert (ax.get_xlabel(), ax.get_ylabel()) == NAMES[:2]
    assert not ax.xaxis.label.get_parse_math()  # two dollar signs are no formula


def test_crosses_stand_at_the_means(ax):
    mixture = mixture_of(3)
    segments(mixture, ax=ax)
    crosses = [line.get_xydata()[0] for line in ax.lines if line.get_marker() == "X"]
    assert np.array(crosses) == pytest.approx(mixture.means)


def test_each_segment_has_both_ellipses(ax):
    segments(mixture_of(3), ax=ax)
    lines = [patch.get_linestyle() for patch in ax.patches if patch.get_linewidth() > 0]
    assert len(lines) == 6
    assert lines.count(lines[0]) == 3


def test_certain_rows_have_the_colour_of_their_segment(ax):
    segments(mixture_of(2), X=[[0.0, 0.0], [10.0, 10.0]], ax=ax)
    drawn = ax.collections[0].get_facecolors()[:, :3]
    assert drawn == pytest.approx(np.array([to_rgb(color) for color in palette(2)]))


def test_uncertain_rows_fade():
    certain, likely, open_ = faded(palette(2), np.array([[1.0, 0.0], [0.8, 0.2], [0.5, 0.5]]))
    saturation = [np.ptp(rgba[:3]) for rgba in (certain, likely, open_)]
    assert saturation[0] > saturation[1] > saturation[2] == 0.0
    assert certain[3] > likely[3] > open_[3] > 0.0


def test_rows_are_judged_by_all_features_and_drawn_by_two(ax):
    mixture = Mixture(
        [0.5, 0.5], [[0, 0, 0], [0, 0, 9]], np.tile(np.eye(3), (2, 1, 1)), features=NAMES
    )
    segments(mixture, X=[[0.0, 0.0, 0.0], [0.0, 0.0, 9.0]], ax=ax)
    drawn = ax.collections[0].get_facecolors()[:, :3]
    assert drawn == pytest.approx(np.array([to_rgb(color) for color in palette(2)]))


@pytest.mark.parametrize("chosen", [("Age", "Income ($)"), (2, 0)])
def test_features_choose_the_axes(ax, chosen):
    table = pd.DataFrame([[1.0, 2.0, 3.0]], columns=NAMES)
    segments(mixture_of(2, 3), table, features=chosen, ax=ax)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("Age", "Income ($)")
    assert ax.collections[0].get_offsets().tolist() == [[3.0, 1.0]]


def test_columns_of_a_table_are_found_by_name(ax):
    table = pd.DataFrame({"other": ["x"], NAMES[1]: [2.0], NAMES[0]: [1.0]})
    segments(mixture_of(2), table, ax=ax)
    assert ax.collections[0].get_offsets().tolist() == [[1.0, 2.0]]


def test_rows_with_a_missing_cell_are_ticks_at_the_axis_of_the_other(ax):
    nan = np.nan
    segments(mixture_of(2), X=[[1, 2], [3, nan], [nan, 4], [nan, 5], [nan, nan]], ax=ax)
    at_x = [c for c in ax.collections if c.get_offset_transform() == ax.get_xaxis_transform()]
    at_y = [c for c in ax.collections if c.get_offset_transform() == ax.get_yaxis_transform()]
    assert at_x[0].get_offsets()[:, 0].tolist() == [3.0]
    assert at_y[0].get_offsets()[:, 1].tolist() == [4.0, 5.0]
    assert "3 rows with one cell missing" in note(ax)
    assert "1 row with both cells missing: not drawn" in note(ax)


def test_many_rows_are_thinned_and_the_picture_says_so(ax, monkeypatch):
    monkeypatch.setattr(points, "PLOTS", PlotSettings(max_points=50))
    mixture = mixture_of(2)
    segments(mixture, mixture.sample(200, 0)[0], ax=ax)
    assert len(ax.collections[0].get_offsets()) == 50
    assert note(ax) == "50 of 200 rows drawn"


def test_beyond_six_segments_the_points_change_shape_and_colours_stay_apart(ax):
    mixture = mixture_of(20)
    assert len(set(palette(20))) == 20
    segments(mixture, mixture.means, ax=ax)
    shapes = {c.get_paths()[0].vertices.tobytes() for c in ax.collections}
    assert len(shapes) == 4


@pytest.mark.parametrize("n_components", [1, 2, 5, 25])
def test_legend_hides_no_data(ax, n_components):
    mixture = mixture_of(n_components)
    segments(mixture, mixture.means, ax=ax)
    ax.figure.canvas.draw()
    legend = ax.get_legend().get_window_extent()
    assert legend.x0 > ax.get_window_extent().x1
    assert legend.x1 <= ax.figure.bbox.x1
    assert legend.y0 >= 0


def test_one_feature_is_a_histogram_with_curves_of_the_same_area(ax):
    mixture = mixture_of(2, n_features=1)
    X = np.vstack([mixture.sample(300, 0)[0], [[np.nan]]])
    segments(mixture, X, ax=ax)
    bars = ax.patches
    assert sum(bar.get_height() for bar in bars) == 300
    bar_area = sum(bar.get_height() * bar.get_width() for bar in bars)
    curves = [line.get_xydata().T for line in ax.lines if line.get_linestyle() == "-"]
    areas = [np.trapezoid(y, x) for x, y in curves if len(x) > 1]
    assert np.array(areas) / bar_area == pytest.approx(mixture.weights, rel=1e-3)
    assert note(ax) == "1 row with a missing cell: not drawn"
    assert legend_texts(ax)[2:] == ["middle 50 % of a segment", "middle 95 % of a segment"]


def test_bins_hold_whole_steps_of_a_rounded_column(ax):
    mixture = Mixture([1.0], [[50.0]], [[[100.0]]], resolution=1.0, features=("Age",))
    rows = np.round(mixture.sample(2_000, 0)[0])
    segments(mixture, rows, ax=ax)
    widths = {round(bar.get_width(), 9) for bar in ax.patches}
    assert widths == {round(ax.patches[0].get_width())}
    assert ax.patches[0].get_x() % 1 == 0.5


def test_one_of_many_features_may_be_shown_alone(ax):
    segments(mixture_of(2, 3), features="Age", ax=ax)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("Age", "density")


def test_title_counts_segments_and_rows(ax):
    segments(mixture_of(1), X=[[0.0, 0.0]], ax=ax)
    assert ax.get_title(loc="left") == "1 segment in 1 row"


def test_unknown_feature_is_answered_with_the_nearest(ax):
    with pytest.raises(DataError, match=r"no feature 'Incme'; did you mean 'Income \(\$\)'"):
        segments(mixture_of(2), features=("Incme", "Score ($)"), ax=ax)


def test_three_features_do_not_fit_a_picture(ax):
    with pytest.raises(DataError, match="features has 3 columns"):
        segments(mixture_of(2, 3), features=(0, 1, 2), ax=ax)


def test_what_is_no_fit_is_refused_by_its_kind(ax):
    with pytest.raises(DataError, match="cannot draw a dict"):
        segments({}, ax=ax)


def test_a_fit_is_drawn_by_its_mixture(ax):
    class Fit:
        mixture = mixture_of(2)

    class Estimator:
        mixture_ = mixture_of(2)

    for model in (Fit(), Estimator()):
        ax.clear()
        assert segments(model, ax=ax) is ax
        assert legend_texts(ax)[0] == "Segment 1 (67 %)"


def test_without_axes_a_figure_is_made():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("agg")
    axes = segments(mixture_of(2))
    assert axes.figure is pyplot.gcf()
    pyplot.close(axes.figure)


@pytest.mark.slow
def test_saving_needs_neither_pyplot_nor_a_display(tmp_path):
    code = (
        "import sys, numpy as np\n"
        "from bayes_gmm.model.mixture import Mixture\n"
        "from bayes_gmm.views.plots import save_segments\n"
        "mixture = Mixture([1.0], [[0, 0]], [np.eye(2)])\n"
        "save_segments(mixture, sys.argv[1])\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    picture = tmp_path / "segments.png"
    subprocess.run([sys.executable, "-c", code, picture], check=True)
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_saved_picture_has_the_size_of_a_slide(tmp_path):
    from matplotlib.image import imread

    path = save_segments(mixture_of(2), tmp_path / "segments.png", dpi=50)
    assert imread(path).shape[:2] == (270, 480)
