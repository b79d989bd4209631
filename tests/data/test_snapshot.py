"""A table that was written to is found out, whatever its layout."""

import numpy as np
import pytest

from bayes_gmm.data.matrix import FeatureMatrix
from bayes_gmm.data.snapshot import KeptMatrix
from bayes_gmm.errors import DataError


@pytest.fixture(params=["C", "F"])
def values(request):
    X = np.random.default_rng(0).normal(size=(50, 3))
    X[::7, 1] = np.nan
    return np.asarray(X, order=request.param)


def kept(values):
    return KeptMatrix.of(FeatureMatrix(values, ("a", "b", "c")))


@pytest.mark.parametrize(
    "change",
    [
        lambda X: X.fill(0.0),
        lambda X: np.random.default_rng(1).shuffle(X),
        lambda X: X.__setitem__((49, 2), np.nextafter(X[49, 2], 9.0)),
        lambda X: X.__setitem__((0, 1), 0.0),
        lambda X: X.__setitem__((slice(None), [0, 2]), X[:, [2, 0]]),
    ],
    ids=["filled", "shuffled", "one bit", "no longer missing", "columns swapped"],
)
def test_what_was_written_to_is_refused(values, change):
    matrix = kept(values)
    assert matrix.as_fitted() is matrix
    change(values)
    with pytest.raises(DataError, match="table of 50 rows was modified after its fit") as caught:
        matrix.as_fitted()
    assert "\n" not in str(caught.value)


def test_nothing_is_copied_and_what_is_kept_stays_as_it_was(values):
    matrix = kept(values)
    assert matrix.values is values
    values[:] = 0.0
    assert KeptMatrix.of(matrix) is matrix
