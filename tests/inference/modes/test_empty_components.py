"""Components that a concentration below 1 leaves empty."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import gammaln

from bayes_gmm.data.feature_matrix import feature_matrix
from bayes_gmm.inference.modes.empty_components import _log_mass, without_empty
from bayes_gmm.inference.modes.guesses import Moments
from bayes_gmm.inference.modes.multistart import find_modes
from bayes_gmm.inference.modes.row_sample import Sample
from bayes_gmm.inference.optimize.em import run_em
from bayes_gmm.model.prior import LKJ, HierarchicalWishart, InverseGamma, Prior
from bayes_gmm.model.structure import Structure
from bayes_gmm.model.table_density import density_of_table

FAMILIES = {
    "lkj": LKJ(),
    "inverse-gamma": LKJ(scales=InverseGamma(3.0, 0.5)),
    "wishart": HierarchicalWishart(),
}


def three_groups(d):
    """Sixty rows in three groups of equal size, far from each other."""
    rng = np.random.default_rng(1)
    labels = np.repeat([0, 1, 2], 20)
    centres = np.array([-4.0, 0.0, 5.0])[:, None] * np.ones(d)
    return centres[labels] + 0.5 * rng.normal(size=(60, d))


def problem(X, K, prior):
    density, units = density_of_table(feature_matrix(X), K, structure=Structure(), prior=prior)
    return density, Sample.of(units.apply(X))


@pytest.mark.parametrize("concentration", [0.05, 0.1, 0.5])
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("d", [1, 2])
def test_three_separate_groups_stay_three(concentration, family, d):
    """Heights do not decide: the density is unbounded as a weight tends to 0."""
    X = three_groups(d)
    density, sample = problem(X, 6, Prior(concentration, covariances=FAMILIES[family]))
    mode = find_modes(density, sample, np.random.default_rng(0))[0]
    assert mode.layout.n_components == 3
    assert np.exp(mode.point(density).log_weights)[:3] == pytest.approx(1 / 3, abs=0.02)


@pytest.mark.parametrize("family", FAMILIES)
def test_without_empty_components_it_is_the_rough_mass_of_all_numberings(family):
    X = three_groups(2)
    density, sample = problem(X, 3, Prior(0.5, covariances=FAMILIES[family]))
    moments = Moments.of_labels(sample, np.digitize(sample.values[:, 0], [-0.5, 0.5]), 3)
    run = run_em(
        density, moments.theta(density.layout, density.prior), max_iter=500, tolerance=1e-8
    )
    assert _log_mass(density, run) == pytest.approx(run.rough_log_mass + gammaln(4), abs=1e-8)


def test_a_concentration_of_one_or_more_leaves_no_component_empty():
    density, _ = problem(three_groups(2), 3, Prior(1.0))
    runs = [
        replace(
            run_em(density, np.zeros(density.layout.size), max_iter=1, tolerance=0.0),
            log_posterior=value,
        )
        for value in (0.0, 1.0)
    ]
    assert without_empty(density, runs) == (density, runs)
