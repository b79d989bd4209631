"""What notebooks show of results: short, escaped, with the numbers of the tables."""

import warnings
from dataclasses import replace

import numpy as np
from example_comparisons import by_evidence

import bayes_gmm as bg


def test_representations_are_short(posterior):
    comparison = by_evidence({1: -4.0, 2: 0.0})
    for found in (posterior, posterior.fit, posterior.fit.mixture, comparison):
        assert len(repr(found)) < 300
        assert type(found).__name__ in repr(found)


def test_a_posterior_is_shown_with_intervals_and_without_warnings(posterior):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        html = posterior.rename({"Segment 1": "<b>"})._repr_html_()
    assert "&lt;b&gt;" in html
    assert "<b>" not in html
    share = posterior.parameters.weights[..., 0]
    low, high = 100 * np.quantile(share, [0.03, 0.97])
    assert f"{100 * share.mean():.0f} % ({low:.0f} to {high:.0f} %)" in html


def test_a_fit_is_shown_with_its_shares(posterior):
    html = posterior.fit._repr_html_()
    assert f"{100 * posterior.fit.mixture.weights[0]:.0f} %" in html
    unfinished = replace(posterior.fit, converged=False)
    assert len(unfinished._repr_html_()) > len(html)


def test_a_comparison_is_shown_with_its_headline():
    comparison = by_evidence({1: -4.0, 2: 0.0})
    assert comparison.headline in comparison._repr_html_()


def test_an_estimator_shows_its_segments_once_fitted(posterior):
    model = bg.BayesGMM(2)
    before = model._repr_mimebundle_()["text/html"]
    model.map_fit_ = posterior.fit
    assert posterior.fit._repr_html_() in model._repr_html_()
    assert "(MAP)" not in before
