"""Twelve structures: what they share, what they are called, how many parameters they have."""

import numpy as np
import pytest
from sklearn.mixture import GaussianMixture

from bayes_gmm.model.parameters import Layout
from bayes_gmm.model.structure import ALIASES, CORRELATIONS, SCALES, Structure

SIZES = [(1, 1), (1, 4), (2, 1), (3, 2), (4, 5)]

sizes = pytest.mark.parametrize(("K", "d"), SIZES)


def test_there_are_twelve():
    assert len(set(Structure.all())) == len(SCALES) * len(CORRELATIONS) == 12


def test_a_name_names_its_structure(structure):
    assert Structure.parse(structure.name) == structure
    assert Structure.parse(f"{structure.scales}/{structure.correlations}") == structure
    assert Structure.parse(structure) is structure


@pytest.mark.parametrize("name", ["fulll", "", "tied/none", "component", "component/full", "a/b/c"])
def test_an_unknown_name_is_refused_by_name(name):
    with pytest.raises(ValueError, match=f"'{name}' is unknown; use full, tied, diag, spherical"):
        Structure.parse(name)


def test_unknown_parts_are_refused_by_name():
    with pytest.raises(ValueError, match="scales must be one of component-feature, .*'features'"):
        Structure("features", "none")
    with pytest.raises(ValueError, match="correlations must be one of component, .*'own'"):
        Structure("feature", "own")


@sizes
def test_parameters_are_counted(structure, K, d):
    assert structure.n_parameters(K, d) == Layout(K, d, structure).size


@pytest.mark.parametrize("alias", ALIASES)
@sizes
def test_scikit_learn_counts_as_many_parameters(alias, K, d):
    mixture = GaussianMixture(K, covariance_type=alias)
    mixture.means_ = np.zeros((K, d))
    assert Structure.parse(alias).n_parameters(K, d) == mixture._n_parameters()


@sizes
def test_scales_are_shared_as_named(structure, K, d):
    index = structure.scale_index(K, d)
    by_component = structure.scales in ("component-feature", "component")
    by_feature = structure.scales in ("component-feature", "feature")
    k, j = np.indices((K, d)).reshape(2, -1)
    same = index.ravel()[:, None] == index.ravel()
    expected = np.ones_like(same)
    if by_component:
        expected &= k[:, None] == k
    if by_feature:
        expected &= j[:, None] == j
    np.testing.assert_array_equal(same, expected)
    assert set(index.ravel()) == set(range(int(np.prod(structure.scale_shape(K, d)))))


@sizes
def test_correlations_are_shared_as_named(structure, K, d):
    index = structure.corr_index(K, d)
    n = structure.n_correlations(K, d)
    if d == 1 or structure.correlations == "none":
        assert n == 0
        np.testing.assert_array_equal(index, np.full(K, -1))
    elif structure.correlations == "shared":
        assert n == 1
        np.testing.assert_array_equal(index, np.zeros(K))
    else:
        assert n == K
        np.testing.assert_array_equal(index, np.arange(K))
