"""`--plot-features` chooses what the picture of segments shows."""

import pytest
from command_line import SPEND, VISITS, fit_arguments

from bayes_gmm.cli import main


@pytest.mark.parametrize("given", [(VISITS, SPEND), (VISITS,)])
def test_the_picture_shows_the_features_that_are_named(table, tmp_path, monkeypatch, given):
    shown = []
    monkeypatch.setattr(
        "bayes_gmm.views.segments.save_segments",
        lambda model, path, X, features, **options: shown.append(features) or path.touch(),
    )
    options = [part for name in given for part in ("--plot-features", name)]
    arguments = fit_arguments(table, "--components", 1, *options, "--out", tmp_path / "out")
    assert main(arguments) == 0
    assert shown == [given]


@pytest.mark.parametrize("given", ["Age", f"{VISITS},Age", ","])
def test_other_features_are_refused_before_the_fit(table, tmp_path, capsys, given):
    out = tmp_path / "out"
    arguments = fit_arguments(table, "--components", 1, "--plot-features", given)
    assert main([*arguments, "--out", str(out)]) == 2
    assert "--plot-features" in capsys.readouterr().err
    assert not out.exists()
