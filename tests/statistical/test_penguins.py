"""Penguins as they were measured, all 344, two of them without a single measure."""

import warnings

import numpy as np
import pytest
from palmerpenguins import load_penguins
from sklearn.metrics import adjusted_rand_score

from bayes_gmm import BayesGMM, DataWarning

pytestmark = pytest.mark.slow

MEASURES = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]


@pytest.fixture(scope="module")
def penguins():
    return load_penguins()


@pytest.fixture(scope="module")
def model(penguins):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return BayesGMM(3, random_state=0).fit(penguins[MEASURES])


def test_species_are_found_and_no_row_is_dropped(model, penguins):
    labels = model.predict(penguins[MEASURES])
    assert len(labels) == model.map_fit_.n_rows == 344
    measured = penguins[MEASURES].notna().any(axis=1)
    assert adjusted_rand_score(penguins["species"][measured], labels[measured]) > 0.95


def test_rows_without_a_cell_count_for_nothing(model, penguins):
    measured = penguins.dropna(subset=MEASURES)
    without = BayesGMM(3, random_state=0).fit(measured[MEASURES])
    assert len(measured) == 342
    assert without.log_likelihood_ == pytest.approx(model.log_likelihood_, abs=1e-4)
    np.testing.assert_allclose(without.means_, model.means_, rtol=1e-4)


def test_the_posterior_speaks_of_all_rows(model, penguins):
    posterior = model.sample_posterior(draws=250, progress=False)
    shares = posterior.segments()
    assert (shares["share lower"] < shares["share upper"]).all()
    told = posterior.membership(penguins[MEASURES])
    assert len(told) == 344
    assert told.notna().all(axis=None)
    cells = posterior.impute(penguins[MEASURES])
    assert len(cells) == 8
    assert np.isfinite(cells.select_dtypes("number")).all(axis=None)
    completed = posterior.completed(penguins[MEASURES])
    assert completed.notna().all(axis=None)
