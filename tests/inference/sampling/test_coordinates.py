"""Chains move in coordinates that suit the posterior."""

import numpy as np
import pytest

from bayes_gmm.data.feature_matrix import feature_matrix
from bayes_gmm.inference.modes.multistart import find_modes
from bayes_gmm.inference.modes.row_sample import Sample
from bayes_gmm.inference.sampling.coordinates import frame_of, may_empty
from bayes_gmm.inference.sampling.laplace_approximation import peaks_of
from bayes_gmm.inference.sampling.settings import SamplerSettings
from bayes_gmm.model.prior import Prior
from bayes_gmm.model.structure import Structure
from bayes_gmm.model.table_density import density_of_table


def first_peak(n_rows, K, concentration, gap=8.0):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, 1)) + gap * (np.arange(n_rows) < 0.4 * n_rows)[:, None]
    density, units = density_of_table(
        feature_matrix(X), K, structure=Structure(), prior=Prior(concentration)
    )
    modes = find_modes(density, Sample.of(units.apply(X)), np.random.default_rng(0))
    return density, peaks_of(density, modes)[0]


@pytest.mark.parametrize(
    ("K", "concentration", "sparse"),
    [(2, 2.0, False), (4, 2.0, False), (2, 0.5, False), (4, 0.1, True), (1, 0.1, False)],
)
def test_weights_are_bent_where_components_may_be_empty(K, concentration, sparse):
    density, peak = first_peak(100, K, concentration)
    frame = frame_of(density, peak, np.random.default_rng(0))
    assert may_empty(density, peak) == sparse == (frame.bend is not None)
    if sparse:
        assert frame.bend == -np.log(100.0)
        assert (frame.target_accept, frame.tune) == (SamplerSettings.target_accept_sparse, 800)


def test_a_normal_posterior_has_the_modes_coordinates_and_a_bent_one_its_scales():
    density, peak = first_peak(1000, 2, 2.0)
    frame = frame_of(density, peak, np.random.default_rng(0))
    assert frame.factor is peak.factor
    assert frame.target_accept == SamplerSettings.target_accept
    density, peak = first_peak(30, 2, 2.0, gap=1.0)
    frame = frame_of(density, peak, np.random.default_rng(0))
    np.testing.assert_array_equal(frame.factor, np.diag(np.diagonal(frame.factor)))
    np.testing.assert_allclose((frame.factor**2).sum(1), (peak.factor**2).sum(1))
    assert frame.target_accept == SamplerSettings.target_accept_bent
