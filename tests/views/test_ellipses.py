"""Ellipses hold the probability that they say they hold."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy.stats import chi2

from bayes_gmm.model.mixture import Mixture
from bayes_gmm.views.ellipses import draw_component, draw_ellipse, legend_handles


@pytest.fixture
def ax():
    return Figure().add_subplot()


@pytest.fixture
def mixture():
    covariances = [[[4.0, 1.9], [1.9, 1.0]], [[1.0, 0.0], [0.0, 9.0]]]
    return Mixture([0.6, 0.4], [[0.0, 0.0], [10.0, 5.0]], covariances, features=("a", "b"))


@pytest.mark.parametrize("prob", [0.5, 0.95])
@pytest.mark.parametrize("k", [0, 1])
def test_ends_of_the_axes_lie_on_the_chi_square_contour(ax, mixture, k, prob):
    patch = draw_ellipse(ax, mixture, k, prob)
    ends = np.vstack([patch.get_vertices(), patch.get_co_vertices()]) - mixture.means[k]
    squared = np.einsum("ij,jk,ik->i", ends, np.linalg.inv(mixture.covariances[k]), ends)
    assert squared == pytest.approx(chi2.ppf(prob, 2))


@pytest.mark.parametrize("prob", [0.5, 0.95])
def test_ellipse_holds_its_share_of_draws(ax, mixture, prob):
    patch = draw_ellipse(ax, mixture, 0, prob)
    draws = np.random.default_rng(1).multivariate_normal([0, 0], mixture.covariances[0], 20_000)
    outline = patch.get_patch_transform().transform_path(patch.get_path())
    four_standard_errors = 4 * np.sqrt(prob * (1 - prob) / len(draws))
    assert outline.contains_points(draws).mean() == pytest.approx(prob, abs=four_standard_errors)


def test_features_may_be_swapped_by_name(ax, mixture):
    patch = draw_ellipse(ax, mixture, 1, 0.5, features=("b", "a"))
    assert patch.get_center() == (5.0, 10.0)
    lengths = patch.get_vertices() + patch.get_co_vertices()
    assert np.ptp([x for x, _ in lengths]) == pytest.approx(2 * 3 * np.sqrt(chi2.ppf(0.5, 2)))


def test_ellipse_far_from_the_data_widens_the_axes(ax, mixture):
    ax.plot([0.0, 1.0], [0.0, 1.0])
    draw_component(ax, mixture, 1, (0, 1), "red")
    ax.autoscale_view()
    assert ax.get_xlim()[1] > 10 + np.sqrt(chi2.ppf(0.95, 2))


def test_legend_names_the_mass_and_matches_the_lines(ax, mixture):
    draw_component(ax, mixture, 0, (0, 1), "red")
    handles = legend_handles()
    assert [h.get_label() for h in handles] == ["50 % of a segment", "95 % of a segment"]
    drawn = {patch.get_linestyle() for patch in ax.patches if patch.get_linewidth() > 0}
    assert len(drawn) == 2
