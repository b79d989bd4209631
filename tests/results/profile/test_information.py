"""Bits against sampled mutual information, limits and invariances."""

import numpy as np
import pytest

from bayes_gmm.results.profile.information import binary_entropy, segment_bits


def test_bits_are_the_mutual_information():
    """Against Monte Carlo, with components of very different widths."""
    w, mu, sd = np.array([0.5, 0.3, 0.2]), np.array([0.0, 0.1, 2.0]), np.array([1.0, 0.02, 3.0])
    bits, limit = segment_bits(np.log(w)[None], mu[None, :, None], sd[None, :, None])
    rng = np.random.default_rng(0)
    z = rng.choice(3, size=400_000, p=w)
    x = mu[z] + sd[z] * rng.normal(size=len(z))
    p = w * np.exp(-0.5 * ((x[:, None] - mu) / sd) ** 2) / sd
    p /= p.sum(axis=1, keepdims=True)
    expected = binary_entropy(w) - binary_entropy(p).mean(axis=0)
    np.testing.assert_allclose(bits[0, :, 0], expected, atol=0.004)
    np.testing.assert_allclose(limit[0], binary_entropy(w))


def test_a_feature_that_separates_reaches_the_limit():
    means = np.array([[[0.0, 0.0], [100.0, 0.0]]])
    bits, limit = segment_bits(np.log([[0.2, 0.8]]), means, np.ones((1, 2, 2)))
    np.testing.assert_allclose(bits[0, :, 0], limit[0])
    np.testing.assert_allclose(bits[0, :, 1], 0.0, atol=1e-12)


def test_bits_do_not_depend_on_units_or_blocks():
    from bayes_gmm.results.profile.settings import InformationSettings

    rng = np.random.default_rng(0)
    log_w, mu = np.log(rng.dirichlet(np.ones(3), 6)), rng.normal(size=(6, 3, 2))
    sd = rng.uniform(0.5, 2.0, (6, 3, 2))
    bits, _ = segment_bits(log_w, mu, sd)
    other, _ = segment_bits(log_w, 7.0 + 1e3 * mu, 1e3 * sd, InformationSettings(cells_at_once=1))
    np.testing.assert_allclose(bits, other, atol=1e-9)


def test_few_nodes_give_the_same_bits():
    """With components of very different widths, near each other and far apart."""
    from bayes_gmm.results.profile.settings import InformationSettings

    means = np.array([[[0.0], [0.1], [2.0]], [[0.0], [9.0], [1e3]]])
    args = np.log(np.full((2, 3), 1 / 3)), means, np.array([[[1.0], [0.001], [3.0]]] * 2)
    coarse, fine = (segment_bits(*args, InformationSettings(nodes=n))[0] for n in (8, 100))
    assert coarse == pytest.approx(fine, abs=1e-5)
