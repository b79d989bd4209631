"""Diagnostics of a posterior stay with its tables and its file."""

import re
import warnings
from dataclasses import replace

import numpy as np
import pytest
from example_posteriors import fit_and_density, normal_draws

from bayes_gmm.errors import AmbiguousLabelsWarning, ConvergenceWarning
from bayes_gmm.results.load import load
from bayes_gmm.results.posterior.posterior import Posterior


@pytest.fixture(scope="module")
def one_group():
    """A fit of one segment, its density, and draws of the approximation."""
    fit, density, thetas = fit_and_density(np.random.default_rng(0).normal(size=(80, 1)), 1)
    return fit, density, normal_draws(density, thetas[0], (2, 100), method="laplace")


def of_khat(one_group, khat):
    fit, density, draws = one_group
    return Posterior.from_draws(fit, density, replace(draws, khat=khat))


@pytest.mark.parametrize("khat", [0.1, 0.7])
def test_k_hat_certifies_draws_up_to_its_bound(one_group, khat, tmp_path):
    posterior = of_khat(one_group, khat)
    for either in (posterior, load(posterior.save(tmp_path / "good.nc"))):
        [found] = either.summary().attrs["diagnostics"]
        assert found["code"] == "independent_draws"
        assert found["values"] == {"khat": khat, "max_khat": 0.7}
        assert f"{khat:.2f}, which is good (at most 0.7)" in found["text"]
        assert either.segments().attrs == {"diagnostics": [], "notes": {}}


@pytest.mark.parametrize("khat", [0.71, 1.3, np.inf])
def test_above_it_every_table_says_that_the_approximation_does_not_fit(one_group, khat, tmp_path):
    posterior = of_khat(one_group, khat)
    with pytest.warns(ConvergenceWarning) as warned:
        back = load(posterior.save(tmp_path / "bad.nc"))
    [found] = posterior.diagnostics
    assert (found.code, found.values) == ("high_khat", {"khat": khat, "max_khat": 0.7})
    assert 'use method="nuts"' in found.remedy
    assert [w.message.diagnostic for w in warned] == [found]
    for either in (posterior, back):
        notes = either.summary().attrs["notes"]
        assert set(notes) == {"independent_draws", "high_khat"}
        assert "too high" in notes["independent_draws"]
        assert either.segments().attrs["notes"] == {"high_khat": str(found)}


def test_without_a_k_hat_none_is_claimed(one_group):
    [found] = of_khat(one_group, None).summary().attrs["diagnostics"]
    assert found["values"]["khat"] is None
    assert "no Pareto k-hat is available" in found["text"]


def test_a_file_says_again_what_was_said_of_its_draws(tmp_path):
    X = np.concatenate([np.zeros(60), np.full(60, 4.0)]) + np.random.default_rng(0).normal(size=120)
    fit, density, thetas = fit_and_density(X[:, None], 2)
    draws = normal_draws(density, thetas[0], (2, 300))
    theta = thetas[0] + 20.0 * (draws.theta - thetas[0])
    theta[0] += 5.0
    with warnings.catch_warnings(record=True) as drawn:
        warnings.simplefilter("always")
        posterior = Posterior.from_draws(fit, density, replace(draws, theta=theta))
    path = posterior.save(tmp_path / "doubtful.nc")
    with warnings.catch_warnings(record=True) as loaded:
        warnings.simplefilter("always")
        back = load(path)
    said = [(w.category, str(w.message)) for w in drawn]
    assert AmbiguousLabelsWarning in dict(said)
    assert [(w.category, str(w.message)) for w in loaded] == said
    assert loaded[0].filename == __file__
    for table in (posterior.segments(), back.segments(), back.summary()):
        assert {*table.attrs["notes"].values()} == {text for _, text in said}


@pytest.mark.parametrize(
    ("shape", "few"), [((7, 7), True), ((1, 1), True), ((1, 50), False), ((5, 10), False)]
)
def test_draws_too_few_for_intervals_are_warned_of(one_group, shape, few):
    fit, density, _ = one_group
    draws = normal_draws(density, fit_theta(one_group), shape, method="laplace")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        posterior = Posterior.from_draws(fit, density, draws)
    assert [w.message.diagnostic.values["n"] for w in said] == [shape[0] * shape[1]] * few
    assert all("increase draws" in str(w.message) for w in said)
    assert ("few_draws" in posterior.segments().attrs["notes"]) == few


def fit_theta(one_group):
    """Where the draws lie about."""
    return one_group[2].theta.mean(axis=(0, 1))


@pytest.mark.parametrize("chains", [1, 2])
def test_what_is_left_of_an_interrupted_run_says_so(one_group, chains, tmp_path):
    fit, density, draws = one_group
    part = replace(draws, theta=draws.theta[:chains], mode=draws.mode[:chains], stats={})
    said = f"sampling was interrupted: only {chains} chains? of 100 draws"
    with pytest.warns(ConvergenceWarning, match=said):
        posterior = Posterior.from_draws(fit, density, replace(part, interrupted=True))
    with pytest.warns(ConvergenceWarning, match=said):
        back = load(posterior.save(tmp_path / "cut.nc"))
    values = [found.values for found in back.diagnostics if found.code == "interrupted"]
    assert values == [{"n_chains": chains, "n_draws": 100}]
    assert re.match(said, back.summary().attrs["notes"]["interrupted"])


def test_a_posterior_without_faults_has_no_caveats(posterior):
    assert posterior.diagnostics == ()
