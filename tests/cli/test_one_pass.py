"""Each command converts the table once, and `fit` computes the memberships of its rows once."""

import pytest
from command_line import SPEND, VISITS, fit_arguments

import bayes_gmm.cli.inputs
import bayes_gmm.data.feature_matrix
import bayes_gmm.data.table
import bayes_gmm.results.posterior.membership
import bayes_gmm.results.posterior.posterior
from bayes_gmm.cli import main
from bayes_gmm.model.mixture import Mixture


@pytest.fixture
def passes(monkeypatch):
    """Number of calls of what converts a file or frame, and of what computes memberships."""
    counts = {"conversions": 0, "of draws": 0, "of a mixture": 0, "others": 0}

    def count(place, name, what):
        function = getattr(place, name)

        def counted(*arguments, **options):
            counts[what] += 1
            return function(*arguments, **options)

        monkeypatch.setattr(place, name, counted)

    count(bayes_gmm.data.table, "read_file", "conversions")
    count(bayes_gmm.data.feature_matrix, "frame_values", "conversions")
    count(bayes_gmm.cli.inputs, "read_other_columns", "others")
    count(bayes_gmm.results.posterior.membership, "_chunks", "of draws")
    count(Mixture, "responsibilities", "of a mixture")
    return counts


def test_fit_converts_and_assigns_once(table, tmp_path, passes):
    """The check of shapes takes the memberships of its own sample of rows besides."""
    assert main(fit_arguments(table, "--components", 2, "--out", tmp_path / "out")) == 0
    assert passes == {"conversions": 1, "of draws": 0, "of a mixture": 2, "others": 0}


def test_fit_with_a_posterior_converts_and_assigns_once(table, tmp_path, passes):
    """The report reads the other columns besides, also once."""
    posterior = ["--posterior", "laplace", "--draws", 100, "--out", tmp_path / "out"]
    assert main(fit_arguments(table, "--components", 2, *posterior)) == 0
    assert passes == {"conversions": 1, "of draws": 1, "of a mixture": 1, "others": 1}


def test_compare_and_predict_convert_once(table, model, tmp_path, passes):
    features = ["--features", SPEND, "--features", VISITS]
    assert main(["compare", table, *features, "--components", "1-2", "--criteria", "bic"]) == 0
    assert passes["conversions"] == 1
    assert main(["predict", model, table, "--out", str(tmp_path / "scored.csv")]) == 0
    assert passes["conversions"] == 2
