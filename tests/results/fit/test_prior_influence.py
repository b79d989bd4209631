"""The prior's influence is that of its strength, and is nothing without a prior."""

import json

import numpy as np
import pytest

import bayes_gmm as bg
from bayes_gmm.errors import PriorWarning
from bayes_gmm.model.structure import Structure
from bayes_gmm.results.fit.prior_influence import (
    PriorInfluence,
    influence_at_mode,
    likelihood_estimate,
    point_of,
)

STRONG = bg.Prior(covariances=bg.LKJ(30.0))


def correlated(n=60, d=3, r=0.9, seed=0):
    rng = np.random.default_rng(seed)
    V = np.full((d, d), r) + (1.0 - r) * np.eye(d)
    return rng.multivariate_normal(np.zeros(d), V, n)


def fitted(X, K=1, **options):
    return bg.BayesGMM(K, random_state=0, **options).fit(X)


def at_map(model):
    return influence_at_mode(
        model._fitted.density, model.map_fit_.mixture, model.map_fit_.standardizer
    )


@pytest.mark.parametrize("structure", Structure.all(), ids=lambda s: s.name)
def test_without_a_prior_the_likelihood_says_what_the_mode_is(structure):
    """One M-step from a maximum of the likelihood stays there."""
    X = np.r_[correlated(80), correlated(50, r=0.3, seed=1) + 8.0]
    model = fitted(X, 2, structure=structure.name, prior=bg.Prior.flat(), resolution=0.3)
    influence = at_map(model)
    assert influence.scales.max() < 1e-3
    if structure.correlations == "component" and structure.scales == "component-feature":
        assert influence.correlations.max() < 1e-3


def test_a_strong_prior_is_noticed_and_a_weak_one_is_not():
    X = correlated()
    strong, weak = fitted(X, prior=STRONG).prior_influence_, fitted(X).prior_influence_
    assert strong.correlations[0] > 2.0
    assert strong.warned() == [0]
    assert weak.largest[0] < 0.5
    assert weak.warned() == []


@pytest.mark.filterwarnings("ignore::bayes_gmm.errors.PriorWarning")
@pytest.mark.parametrize("structure", ["component-feature/shared", "tied", "spherical"])
def test_shared_parameters_are_judged_by_all_rows_behind_them(structure):
    """The figures at the mode are near those of the draws, which know the posterior's sds."""
    X = np.r_[correlated(40), correlated(80) + 9.0]
    prior = bg.Prior(covariances=bg.LKJ(10.0, bg.LogNormal(0.2, 0.3)))
    model = fitted(X, 2, structure=structure, prior=prior)
    posterior = model.sample_posterior(draws=400, method="laplace", random_state=0)
    for name in ("scales", "correlations"):
        ours = getattr(model.prior_influence_, name)
        theirs = getattr(posterior.prior_influence, name)
        np.testing.assert_allclose(ours, theirs, rtol=0.35, atol=0.3)


def test_draws_say_the_same():
    model = fitted(correlated(), prior=STRONG)
    with pytest.warns(PriorWarning, match="the prior moves .* by up to .* \\(Segment 1\\)"):
        posterior = model.sample_posterior(draws=300, method="laplace", random_state=0)
    influence = posterior.prior_influence
    assert influence.correlations == pytest.approx(model.prior_influence_.correlations, rel=0.4)
    assert "prior_influence" in posterior.summary().attrs["notes"]
    named = posterior.rename({"Segment 1": "Everyone"})
    assert named.diagnostics[-1].subject == ("Everyone",)
    assert "Everyone" in named.segments().attrs["notes"]["prior_influence"]


def test_it_is_saved(tmp_path):
    model = fitted(np.r_[correlated(40), correlated(40) + 9.0], 2)
    posterior = model.sample_posterior(draws=100, method="laplace", random_state=0)
    loaded = bg.load(posterior.save(tmp_path / "model.nc"))
    assert loaded.prior_influence.to_dict() == posterior.prior_influence.to_dict()


def test_weights_are_copies():
    X = correlated(30)
    weighted = bg.BayesGMM(1, random_state=0).fit(X, sample_weight=np.full(30, 2.0))
    copied = fitted(np.repeat(X, 2, axis=0))
    for name in ("scales", "correlations"):
        one, other = (getattr(m.prior_influence_, name) for m in (weighted, copied))
        np.testing.assert_allclose(one, other, rtol=1e-5)


def test_the_estimate_is_the_samples_own():
    X = correlated()
    model = fitted(X, resolution=None)
    density, fit = model._fitted.density, model.map_fit_
    estimate = likelihood_estimate(density, point_of(density, fit.mixture, fit.standardizer))
    np.testing.assert_allclose(np.exp(estimate.log_scales[0]), 1.0, rtol=1e-9)
    lower = np.tril_indices(3, -1)
    np.testing.assert_allclose(
        np.tanh(estimate.fisher_z[0])[lower], np.corrcoef(X.T)[lower], rtol=1e-9
    )


@pytest.mark.filterwarnings("ignore::bayes_gmm.errors.DataWarning")
def test_too_few_rows_have_no_estimate():
    influence = fitted(correlated(4, 5)).prior_influence_
    assert np.isnan(influence.largest).all()
    assert influence.diagnostics(["Segment 1"]) == []
    assert json.loads(json.dumps(influence.to_dict()))["scales"] == [None]
    assert np.isnan(PriorInfluence.from_dict(influence.to_dict()).scales).all()


def test_a_comparison_notes_it_and_warns_of_nothing():
    compared = bg.compare(
        correlated(), [1], prior=STRONG, criteria=("loo",), draws=200, random_state=0,
        progress=False,
    )  # fmt: skip
    assert compared.candidates[0].has("prior_influence")
