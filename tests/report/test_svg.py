"""Axes in the user's units, and escaped pictures."""

import re

import numpy as np
import pytest

from bayes_gmm.data.transform import Identity, Log, Log1p, Logit, Sqrt, YeoJohnson
from bayes_gmm.model.mixture import Mixture
from bayes_gmm.report.colors import lightened, luminance
from bayes_gmm.report.settings import PICTURES
from bayes_gmm.report.svg.axis import axis_of
from bayes_gmm.report.svg.element import element, label
from bayes_gmm.report.svg.marginals import badge_places


def value_of(tick):
    sizes = {"k": 1e3, "M": 1e6, "G": 1e9}
    text = tick.label.replace("−", "-")
    return float(text.rstrip("kMG")) * sizes.get(text[-1], 1.0)


@pytest.mark.parametrize(
    ("transform", "low", "high"),
    [
        (Identity(), -3.0, 250.0),
        (Identity(), 0.001, 0.0011),
        (Log(), np.log(0.5), np.log(2e6)),
        (Log(), np.log(90.0), np.log(110.0)),
        (Log1p(20.0), 0.0, np.log1p(5000.0)),
        (Sqrt(), 1.0, 30.0),
        (Logit(), -4.0, 5.0),
        (YeoJohnson(0.3), -6.0, 4.0),
    ],
)
def test_ticks_are_round_values_of_the_user_at_their_places(transform, low, high):
    axis = axis_of(transform, float(low), float(high))
    assert len(axis.ticks) >= 2
    for tick in axis.ticks:
        assert axis.low <= tick.at <= axis.high
        expected = float(transform.forward(np.array(value_of(tick))))
        assert tick.at == pytest.approx(expected, abs=1e-6 * (axis.high - axis.low))
    assert np.all(np.diff([tick.at for tick in axis.ticks]) > 0.0)


def test_places_are_linear_on_the_scale_of_the_model():
    axis = axis_of(Log(), 0.0, 2.0)
    assert axis.place(axis.low, 10.0, 90.0) == pytest.approx(10.0)
    assert axis.place((axis.low + axis.high) / 2, 10.0, 90.0) == pytest.approx(50.0)


def test_text_and_attributes_are_escaped():
    found = element("text", '<b>"&', title='"><script>', x=1.26)
    assert str(found) == '<text title="&#34;&gt;&lt;script&gt;" x="1.3">&lt;b&gt;&#34;&amp;</text>'


def test_long_names_are_shortened_to_one_isolated_line():
    found = label("a\n" + "b" * 200)
    assert len(found) <= PICTURES.name_width + 2
    assert (found[0], found[-1]) == ("\u2068", "\u2069")


@pytest.mark.parametrize("color", ["#000000", "#0072b2", "#4d4d4d", "#ffffff"])
def test_dark_colours_are_lightened(color):
    found = lightened(color)
    rgb = [int(part, 16) / 255.0 for part in re.findall("..", found[1:])]
    assert luminance(rgb) >= PICTURES.dark_luminance - 0.01


@pytest.mark.parametrize("gap", [0.0, 3.0, 60.0])
def test_numbers_of_curves_do_not_overlap(gap):
    peaks = np.column_stack([60.0 + gap * np.arange(12) % 200, np.linspace(30.0, 150.0, 12)])
    found = np.array(badge_places(peaks, (8.0, 322.0), 180.0))
    distances = np.linalg.norm(found[:, None] - found, axis=-1) + 99.0 * np.eye(12)
    assert distances.min() >= 18.0  # the diameter of a number
    assert (found >= 9.0).all()
    assert (found <= (313.0, 171.0)).all()


def test_typical_members_are_those_of_highest_density(posterior):
    import report_pages as pages

    from bayes_gmm.report.content.members import typical_members
    from bayes_gmm.report.write import source_of

    source = source_of(posterior, pages.table())
    best = typical_members(source, 1)[0]
    m = posterior.mean_mixture
    alone = Mixture([1.0], m.means[[1]], m.covariances[[1]], m.resolution)
    density = alone.log_prob(pages.table()[["Age", "Income"]])
    assert best.label == f"row {int(np.argmax(density)) + 1}"
