"""Names of the segments of a MAP fit, in everything that is made from it."""

import re
import warnings
from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

import bayes_gmm as bg
from bayes_gmm.errors import DataError

mpl.use("agg")

CHANGES = {"Segment 1": "Everyday <shoppers>", "Segment 3": "Segment 2", "Segment 2": "Careful"}
NAMES = ("Everyday <shoppers>", "Careful", "Segment 2")


@pytest.fixture(scope="module")
def X():
    rng = np.random.default_rng(0)
    centres = np.repeat([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]], (50, 40, 30), axis=0)
    return centres + rng.normal(size=centres.shape)


@pytest.fixture(scope="module")
def model(X):
    return bg.BayesGMM(3, random_state=0, n_init=3).fit(X)


@pytest.fixture(scope="module")
def fit(model):
    return model.map_fit_.rename(CHANGES)


def test_the_original_keeps_its_names(model, fit):
    assert model.map_fit_.names == ("Segment 1", "Segment 2", "Segment 3")
    assert fit.names == NAMES
    assert fit.rename({}).names == NAMES
    assert fit.mixture is model.map_fit_.mixture


def test_every_table_has_the_names(fit, X):
    assert fit.segments()["segment"].tolist() == list(NAMES)
    assert all(
        name.replace("<", "&lt;").replace(">", "&gt;") in fit._repr_html_() for name in NAMES
    )
    assert fit.check(X).names == NAMES
    table = pd.DataFrame(np.column_stack([X, X[:, 0]]), columns=["x1", "x2", "z"])
    assert fit.profile(table).names == NAMES
    assert set(fit.profile(table).table["segment"]) == set(NAMES)
    assert tuple(fit.classification(X).table.columns) == NAMES


def test_a_file_keeps_the_names(fit, tmp_path):
    loaded = bg.load(fit.save(tmp_path / "fit.nc"))
    assert loaded.names == NAMES
    assert loaded.segments().equals(fit.segments())


@pytest.mark.parametrize("plot", [bg.plots.segments, bg.plots.pairs, bg.plots.missingness])
def test_pictures_have_the_names(fit, X, plot):
    drawn = plot(fit, X)
    figure = getattr(drawn, "figure", drawn)
    legends = [*figure.legends, *(ax.get_legend() for ax in figure.axes if ax.get_legend())]
    texts = [text.get_text() for legend in legends for text in legend.get_texts()]
    shown = [re.sub(r" \(\d+ %\)$", "", text) for text in texts]
    assert [text for text in shown if text in NAMES] == list(NAMES)


def test_sql_and_report_have_the_names(fit, X, tmp_path):
    query = bg.export_sql(fit, "t", "sqlite")
    assert all(f'"{name}"' in query for name in NAMES)
    page = bg.write_report(fit, tmp_path / "r.html", X).read_text(encoding="utf-8")
    assert "Everyday &lt;shoppers&gt;" in page
    assert "Segment 3" not in page


def test_the_report_of_a_model_renames_what_was_found_at_the_fit(X, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = bg.BayesGMM(4, random_state=0, n_init=1).fit(X[[0, 1, 50, 51, 90, 91, 92]])
    assert any(found.code == "small_segments" for found in model.diagnostics_)
    names = ["Ann", "Bo", "Cy", "Di"]
    page = bg.write_report(model, tmp_path / "r.html", names=names).read_text(encoding="utf-8")
    assert not re.search(r"Segment \d", page)


def test_a_posterior_and_its_fit_have_the_same_names(model, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        posterior = model.sample_posterior(60, method="laplace", random_state=0, progress=False)
    renamed = posterior.rename(CHANGES)
    loaded = bg.load(renamed.save(tmp_path / "p.nc"))
    last = model.map_fit_.rename({"Segment 1": "Old"})
    for each in (renamed, loaded, posterior.align_to(last)):
        assert each.names == each.fit.names
    assert loaded.names == NAMES
    assert posterior.align_to(last).names[0] == "Old"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"Segment 4": "x"}, "no segment 'Segment 4'"),
        ({"Segment 1": "Segment 2"}, "two segments would be named 'Segment 2'"),
        ({"Segment 1": " "}, "must be non-empty text"),
        (["x"], "names must map old names to new ones"),
    ],
)
def test_wrong_names_are_refused(fit, model, changes, message):
    with pytest.raises(DataError, match=message):
        model.map_fit_.rename(changes)


def test_a_fit_without_names_has_the_usual_ones(fit):
    assert replace(fit, names=()).names == ("Segment 1", "Segment 2", "Segment 3")
