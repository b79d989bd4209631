"""What tests of several floors ask for by name."""

import pytest
from example_tables import three_groups

from bayes_gmm.model.structure import Structure


@pytest.fixture(params=Structure.all(), ids=lambda structure: structure.name)
def structure(request):
    """Each of the twelve in turn."""
    return request.param


@pytest.fixture(scope="module")
def X():
    """Rows in three groups."""
    return three_groups()


@pytest.fixture(scope="module")
def model(X):
    """Their fit."""
    from example_fits import fitted

    return fitted(X)


@pytest.fixture(scope="session")
def posterior():
    """Two groups of customers: 4 chains of 250 draws."""
    from example_posteriors import two_segments

    return two_segments()
