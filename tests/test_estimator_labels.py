"""Labels of real chains stay put, whatever numbers a sampler gives its components."""

from dataclasses import replace

import numpy as np
import pytest
from arviz_stats.base.array import array_stats

from bayes_gmm import BayesGMM, Posterior
from bayes_gmm.model.points import renumbered


def three_clouds(seed=0):
    rng = np.random.default_rng(seed)
    centres = [([0.0, 0.0], 60), ([6.0, 1.0], 40), ([0.0, 7.0], 25)]
    return np.concatenate([rng.normal(centre, 1.0, (n, 2)) for centre, n in centres])


def crossing(n=120, seed=0):
    rng = np.random.default_rng(seed)
    arms = [[[1.0, r], [r, 1.0]] for r in (0.9, -0.9)]
    return np.concatenate([rng.multivariate_normal([0.0, 0.0], arm, n) for arm in arms])


def numbered_anew(posterior, model, order):
    """The posterior of the same draws, component k of each having been number ``order[..., k]``."""
    draws = posterior.draws
    raw = replace(draws, theta=renumbered(draws.layout, draws.theta, order))
    return raw, Posterior.from_draws(model.map_fit_, model._fitted.density, raw)


def diagnostics(theta):
    by_parameter = np.moveaxis(theta, -1, 0)
    ess = array_stats.ess(by_parameter, method="bulk")
    return array_stats.rhat(by_parameter).max(), ess.min()


def test_a_chain_of_nuts_with_other_labels_is_put_right():
    model = BayesGMM(3, random_state=0).fit(three_clouds())
    posterior = model.sample_posterior(progress=False)
    order = np.tile(np.arange(3), (*posterior.draws.mode.shape, 1))
    order[2] = [2, 0, 1]
    raw, aligned = numbered_anew(posterior, model, order)
    r_hat_raw, ess_raw = diagnostics(raw.theta)
    r_hat, ess = diagnostics(aligned.draws.theta)
    assert r_hat_raw > 1.5
    assert r_hat < 1.01
    assert ess_raw < 20
    assert ess == pytest.approx(diagnostics(posterior.draws.theta)[1])
    assert ess > 400
    assert aligned.labels.fraction_permuted == 0.25


def test_no_draw_of_ellipses_that_cross_is_misaligned():
    """Their means are the same, so that the sign of the correlation alone tells them apart."""
    model = BayesGMM(2, random_state=0).fit(crossing())
    posterior = model.sample_posterior(progress=False)
    rng = np.random.default_rng(0)
    order = rng.permuted(np.tile([0, 1], (*posterior.draws.mode.shape, 1)), axis=-1)
    for labelled in (posterior, numbered_anew(posterior, model, order)[1]):
        found = labelled.parameters.correlations[..., 0, 1]
        np.testing.assert_array_equal(
            np.sign(found), np.broadcast_to(np.sign(model.covariances_[:, 0, 1]), found.shape)
        )
        assert labelled.summary()["r_hat"].max() < 1.01


@pytest.mark.parametrize("table", [three_clouds, crossing])
def test_numbering_is_the_same_for_every_seed(table):
    """Of the fit and of the sampler: the same segments in the same places."""
    K = 3 if table is three_clouds else 2
    centres, shapes = [], []
    for seed in range(4):
        model = BayesGMM(K, random_state=seed).fit(table())
        posterior = model.sample_posterior(draws=250, random_state=10 + seed, progress=False)
        assert posterior.labels.ambiguity < 1e-6
        assert np.all(np.diff(model.weights_) <= 0.0)
        centres.append(posterior.parameters.means.mean(axis=(0, 1)))
        shapes.append(posterior.parameters.correlations[..., 0, 1].mean(axis=(0, 1)))
    np.testing.assert_allclose(centres, [centres[0]] * 4, atol=0.1)
    np.testing.assert_allclose(shapes, [shapes[0]] * 4, atol=0.1)
