"""The plot of a profile: dots, intervals, colours and labels."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

import bayes_gmm as bg
from bayes_gmm.views.palette import palette

NAME = "Cost & benefit of $1 and $2 in <b>May</b>"


@pytest.fixture(scope="module")
def profile(posterior):
    X = posterior.table.values
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(X, columns=list(posterior.features))
    frame[NAME] = rng.normal(size=len(X)) ** 2
    frame["City"] = rng.choice(["Pisa", "Rome", "Nice"], len(X))
    return posterior.rename({"Segment 1": "A_1 $x$"}).profile(frame)


def lines_of(panel, color):
    return [line for line in panel.lines if to_hex(line.get_color()) == color]


def test_dots_and_intervals_are_those_of_the_table(profile, pyplot):
    panels = bg.plots.profile(profile).axes
    assert len(panels) == 2
    for panel, name, factor in zip(panels, (NAME, "City"), (1.0, 100.0), strict=True):
        table = profile.table[profile.table["column"] == name]
        for segment, color in zip(profile.names, palette(2), strict=True):
            rows = table[table["segment"] == segment]
            bars = [np.sort(line.get_xdata()) for line in lines_of(panel, color)
                    if len(line.get_xdata()) == 2]  # fmt: skip
            dots = [line.get_xdata()[0] for line in lines_of(panel, color)
                    if len(line.get_xdata()) == 1]  # fmt: skip
            np.testing.assert_allclose(bars, factor * rows[["lower", "upper"]])
            np.testing.assert_allclose(dots, factor * rows["estimate"])
    assert [t.get_text() for t in panels[0].get_yticklabels()] == list(profile.names)
    assert len(panels[1].get_yticklabels()) == 3
    panels[0].figure.canvas.draw()  # names are no formulas


def test_columns_and_figure_are_those_given(profile, posterior, pyplot, tmp_path):
    figure = pyplot.figure()
    assert bg.plots.profile(profile, "City", figure=figure) is figure
    assert len(figure.axes) == 1
    assert bg.plots.save_profile(profile, tmp_path / "a.png").stat().st_size > 10_000
    with pytest.raises(bg.DataError, match="no profiled column 'Cty'"):
        bg.plots.profile(profile, "Cty")
    with pytest.raises(bg.DataError, match="needs a Profile"):
        bg.plots.profile(posterior)
