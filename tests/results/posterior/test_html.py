"""What notebooks show as HTML escapes the names that a user gave."""

import numpy as np
import pandas as pd
import pytest

import bayes_gmm as bg

NAME = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def model():
    rng = np.random.default_rng(0)
    rows = np.concatenate([rng.normal(0, 1, (30, 2)), rng.normal(9, 1, (20, 2))])
    return bg.BayesGMM(2, random_state=0).fit(pd.DataFrame(rows, columns=[NAME, "<b>Age</b>"]))


@pytest.fixture(scope="module")
def posterior(model):
    drawn = model.sample_posterior(draws=50, chains=2, method="laplace", progress=False)
    return drawn.rename({"Segment 1": "<script>alert(1)</script>"})


@pytest.mark.parametrize(
    "shown",
    [
        lambda model, posterior: model,
        lambda model, posterior: posterior.segments(),
        lambda model, posterior: posterior.summary(),
        lambda model, posterior: posterior.contrast(0, 1),
        lambda model, posterior: posterior.tree,
    ],
    ids=["model", "segments", "summary", "contrast", "tree"],
)
@pytest.mark.filterwarnings("ignore::bayes_gmm.ConvergenceWarning")
def test_names_are_escaped(shown, model, posterior):
    html = shown(model, posterior)._repr_html_()
    for tag in ("<img", "<b>Age", "<script>alert"):
        assert tag not in html
