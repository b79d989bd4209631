"""The picture of the shape check."""

from itertools import batched

import numpy as np
import pytest
from matplotlib.figure import Figure

import bayes_gmm as bg
from bayes_gmm.views.plots import check
from bayes_gmm.views.shape_check import FLAGGED

LONG = "Annual income of the household in thousands of $ (declared), or $ (estimated)"


@pytest.fixture
def figure():
    return Figure(layout="constrained")


def segments_in_a_row(K, n=60):
    rng = np.random.default_rng(0)
    return np.concatenate([rng.normal([12.0 * k, 0.0], 1.0, (n, 2)) for k in range(K)])


@pytest.mark.parametrize("K", [1, 3, 12])
def test_two_panels_per_segment_that_show_all_its_rows(figure, K):
    X = segments_in_a_row(K)
    model = bg.BayesGMM(K, n_init=4, random_state=0).fit(X)
    assert check(model, X, figure=figure) is figure
    assert len(figure.axes) == 2 * K
    figure.canvas.draw()
    for histogram, distances in batched(figure.axes, 2, strict=True):
        areas = [bar.get_height() * bar.get_width() for bar in histogram.patches]
        assert sum(areas) == pytest.approx(1.0)
        assert len(distances.collections) == 1


def test_flagged_segments_have_red_titles(figure):
    rng = np.random.default_rng(0)
    X = np.r_[rng.normal(size=(200, 2)), 40.0 + rng.lognormal(0.0, 0.8, (150, 2))]
    with pytest.warns(bg.ShapeWarning):
        model = bg.BayesGMM(2, n_init=2, random_state=0).fit(X)
    first, second = check(model.map_fit_, X, figure=figure).axes[::2]
    assert [ax._left_title.get_color() for ax in (first, second)] == ["0.15", FLAGGED]
    assert figure.get_suptitle() == "1 segment of 2 not Gaussian"


def test_names_and_features_are_drawn_as_they_are(figure, posterior):
    renamed = posterior.rename({"Segment 1": LONG, "Segment 2": "$x$"})
    histogram, _, second, _ = check(renamed, figure=figure).axes
    figure.canvas.draw()
    assert "$x$" in second.get_title(loc="left")
    assert not second._left_title.get_parse_math()
    assert any(name in histogram.get_xlabel() for name in posterior.features)


def test_too_few_rows(figure):
    X = np.random.default_rng(0).normal(size=(70, 2))
    X[60:] += 50.0
    model = bg.BayesGMM(2, n_init=2, random_state=0).fit(X)
    few = check(model, X, figure=figure).axes[2:]
    assert few[0].get_title(loc="left").endswith("too few rows to check")
    assert not few[1].axison


@pytest.mark.parametrize("model", [3, None])
def test_what_is_no_fit(model):
    with pytest.raises(bg.DataError, match="plots.check needs a fitted BayesGMM"):
        check(model, [[0.0]])


def test_a_map_fit_needs_its_rows():
    model = bg.BayesGMM(1, n_init=1, random_state=0).fit(segments_in_a_row(1))
    with pytest.raises(bg.DataError, match="pass them as X"):
        check(model)


def test_ticks_along_a_transformed_feature_are_in_the_users_units(figure):
    rng = np.random.default_rng(0)
    logs = rng.gamma(1.5, 1.0, 400)
    X = np.exp(np.column_stack([logs, rng.normal(size=400)]))
    model = bg.BayesGMM(1, transforms={"x1": "log", "x2": "log"}, n_init=1)
    with pytest.warns(bg.ShapeWarning):
        model.fit(X)
    histogram = check(model, X, figure=figure).axes[0]
    figure.canvas.draw()
    shown = [float(label.get_text()) for label in histogram.get_xticklabels()]
    right = np.exp(logs.mean() + np.array([-2.0, 0.0, 2.0]) * logs.std())
    np.testing.assert_allclose(shown, right, rtol=6e-3)
    assert "x1" in histogram.get_xlabel()
    assert "log scale" in histogram.get_xlabel()
