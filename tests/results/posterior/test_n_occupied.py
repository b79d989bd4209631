"""The posterior of the number of segments that hold rows."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
from example_posteriors import two_groups

from bayes_gmm.data.feature_matrix import feature_matrix
from bayes_gmm.errors import AmbiguousLabelsWarning, PriorWarning
from bayes_gmm.estimator import BayesGMM
from bayes_gmm.inference.sampling.relabel import Relabelling
from bayes_gmm.model.prior import LKJ, InverseGamma, Normal, Prior
from bayes_gmm.results.load import load
from bayes_gmm.results.posterior.n_occupied import occupied_components
from bayes_gmm.results.posterior.observed_data import Observed

K, CONCENTRATION, SHAPE, SCALE, MEAN_SCALE = 6, 0.1, 3.0, 0.5, 3.0


def three_groups(n=60):
    """In one feature, well apart, of mean 0 and variance 1."""
    rng = np.random.default_rng(1)
    x = np.repeat([-4.0, 0.0, 5.0], n // 3) + 0.5 * rng.normal(size=n)
    return ((x - x.mean()) / x.std())[:, None]


@pytest.fixture(scope="module")
def sparse():
    """Of six components, under a prior that is strong beside twenty rows."""
    prior = Prior(CONCENTRATION, Normal(0.0, MEAN_SCALE), LKJ(scales=InverseGamma(SHAPE, SCALE)))
    model = BayesGMM(K, prior=prior, standardize=False, resolution=None, random_state=0)
    with pytest.warns(PriorWarning):
        return model.fit(three_groups()).sample_posterior(random_state=1, progress=False)


def by_gibbs(x, n_chains=100, burn=200, sweeps=800):
    """The number of components that hold rows in many chains of a sampler of its own.

    All conditional distributions given the rows' components are known (Diebolt & Robert 1994).
    """
    rng = np.random.default_rng(0)
    z = rng.integers(0, 3, size=(n_chains, len(x)))
    variance = np.ones((n_chains, K))
    found = np.zeros(n_chains)
    law = np.zeros((n_chains, K + 1))
    for t in range(burn + sweeps):
        member = z[..., None] == np.arange(K)
        n = member.sum(axis=1)
        if t >= burn:
            found = (n > 0).sum(axis=1)
            law[np.arange(n_chains), found] += 1.0 / sweeps
        # The log of a Gamma(a) variable, which for small a is beyond what a float can hold.
        a = CONCENTRATION + n
        log_g = np.log(rng.gamma(a + 1.0)) + np.log(rng.random(a.shape)) / a
        precision = MEAN_SCALE**-2 + n / variance
        mean = np.einsum("cnk,n->ck", member, x) / variance / precision
        mean += rng.normal(size=mean.shape) / np.sqrt(precision)
        gap2 = (x[:, None] - mean[:, None, :]) ** 2
        squares = (member * gap2).sum(axis=1)
        variance = (SCALE + 0.5 * squares) / rng.gamma(SHAPE + 0.5 * n)
        score = (log_g - 0.5 * np.log(variance))[:, None, :] - 0.5 * gap2 / variance[:, None, :]
        z = (score + rng.gumbel(size=score.shape)).argmax(axis=2)
    return law[:, 1:].mean(axis=0), law[:, 1:].std(axis=0, ddof=1) / np.sqrt(n_chains)


@pytest.mark.slow
def test_it_agrees_with_another_sampler(sparse):
    table = sparse.occupied()
    law, error = by_gibbs(three_groups()[:, 0])
    assert table.index.tolist() == [1, 2, 3, 4, 5, 6]
    assert table["probability"].sum() == pytest.approx(1.0)
    both = np.hypot(error, table["mcse"])
    assert error.max() < 0.01
    assert table["mcse"].max() < 0.03
    np.testing.assert_array_less(np.abs(table["probability"] - law), 4.0 * both)
    assert table["probability"].idxmax() == 3
    assert (table["mcse"] > 0.0).all()


def test_few_chains_diverge_and_they_mix(sparse):
    assert sparse.draws.stats["diverging"].mean() < 0.01
    assert "unmixed_chains" not in {found.code for found in sparse.diagnostics}
    assert sum(sparse.empty) == 3


def test_the_log_density_is_that_of_theta(sparse):
    """Whatever coordinates the chains moved in."""
    model = BayesGMM(
        K, prior=sparse.fit.prior, standardize=False, resolution=None, random_state=0
    ).fit(three_groups())
    theta = sparse.draws.theta[0, ::100]
    expected, _ = model._fitted.density.values_and_gradients(theta, jacobian=True)
    np.testing.assert_allclose(sparse.draws.stats["lp"][0, ::100], expected, rtol=1e-9)


@pytest.mark.slow
def test_rows_are_allocated_by_their_responsibilities(posterior):
    """Of two rows and two components the chance of an empty one is known; weights are copies."""
    theta = np.broadcast_to(posterior.draws.theta[0, 0], (2, 3000, posterior.draws.layout.size))
    draws = posterior.draws
    one = replace(draws, theta=draws.theta[:1, :1], mode=draws.mode[:1, :1], stats={})
    of = replace(posterior, draws=one)
    middle = posterior.mixture.means.mean(axis=0)
    line = middle + np.linspace(-0.3, 0.3, 200)[:, None] * np.diff(posterior.mixture.means, axis=0)
    r = of.predict_proba(line)
    X = line[[np.abs(r[:, 0] - 0.3).argmin(), np.abs(r[:, 0] - 0.6).argmin()]]
    a, b = of.predict_proba(X)[:, 0]
    assert 0.1 < a < 0.9
    assert 0.1 < b < 0.9
    rng = np.random.default_rng(0)
    for weights in ([1.0, 1.0], [3.0, 1.0], [0.5, 2.0], [2.25, 0.0]):
        held = occupied_components(
            of, Observed(feature_matrix(X), np.array(weights)), theta, rng
        ).reshape(-1, 2)
        missed = 1.0
        for share, w in zip((a, b), weights, strict=True):
            missed *= (1.0 - share) ** int(w) * (1.0 - share * (w - int(w)))
        assert 1.0 - held[:, 0].mean() == pytest.approx(missed, abs=0.025)
        if weights == [0.5, 2.0]:
            none = 1.0 - (held[:, 0] | held[:, 1]).mean()
            assert none == 0.0


@pytest.mark.slow
def test_copies_are_weights(sparse):
    X = three_groups()
    table = sparse.occupied()
    again = sparse.occupied(X, np.ones(60))
    np.testing.assert_allclose(table, again)
    other_seed = sparse.occupied(random_state=3)
    assert not np.array_equal(table, other_seed)
    np.testing.assert_allclose(table["probability"], other_seed["probability"], atol=0.02)


def test_segments_that_all_hold_rows(posterior):
    table = posterior.occupied()
    assert table.loc[2, "probability"] == 1.0
    assert 0.0 < table.loc[1, "mcse"] < 0.01
    assert posterior.empty == (False, False)


@pytest.mark.filterwarnings("ignore::bayes_gmm.errors.PriorWarning")
def test_a_file_needs_the_rows(sparse, tmp_path):
    loaded = load(sparse.save(tmp_path / "sparse.nc"))
    np.testing.assert_allclose(loaded.occupied(three_groups()), sparse.occupied(), rtol=1e-9)


def test_labels_of_empty_segments_are_nobodys_business():
    """They are confused half of the time, and nothing is said of it."""
    confusion = np.array([[0.0, 0.1, 0.0], [0.1, 0.0, 0.5], [0.0, 0.5, 0.0]])
    labels = Relabelling(np.zeros((1, 1, 3), int), confusion)
    assert labels.ambiguous_pairs() == [(1, 2), (0, 1)]
    assert labels.ambiguous_pairs([False, False, True]) == [(0, 1)]
    assert labels.ambiguous_pairs([False, True, True]) == []
    model = BayesGMM(5, prior=Prior(0.05), random_state=0).fit(two_groups())
    with warnings.catch_warnings():
        warnings.simplefilter("error", AmbiguousLabelsWarning)
        posterior = model.sample_posterior(draws=300, chains=2, random_state=0, progress=False)
    assert posterior.labels.ambiguous_pairs()
    assert posterior.occupied()["probability"].idxmax() == 2
