"""`fit` says which segments are not Gaussian."""

import json

import numpy as np
import pandas as pd
import pytest
from command_line import SPEND, VISITS, fit_arguments, write

from bayes_gmm.cli import main


@pytest.fixture(scope="module")
def skewed(tmp_path_factory):
    rng = np.random.default_rng(0)
    rows = np.r_[rng.normal(size=(200, 2)), 40.0 + rng.lognormal(0.0, 0.8, (150, 2))]
    path = tmp_path_factory.mktemp("shape") / "skewed.csv"
    return write(pd.DataFrame(rows, columns=[SPEND, VISITS]), path)


@pytest.mark.parametrize("method", ["none", "laplace"])
def test_json_has_the_statistics(skewed, method, capsys):
    arguments = fit_arguments(skewed, "--components", 2, "--posterior", method, "--json")
    assert main(arguments) == 0
    document = json.loads(capsys.readouterr().out)
    [found] = [each for each in document["diagnostics"] if each["code"] == "not_gaussian"]
    assert (found["severity"], found["subject"]) == ("warning", ["Segment 2"])
    assert found["values"]["departures"][0][0]["departure"] == "skewed"
    assert "shape_check_" not in found["text"]
    shape = document["shape_check"]
    assert shape["flagged"] == ["Segment 2"]
    flagged = [s for s in shape["statistics"] if s["flagged"] and s["statistic"] == "skewness"]
    assert [s["features"] for s in flagged] in ([[SPEND, VISITS]], [[VISITS, SPEND]])
    assert flagged[0]["observed"] > flagged[0]["upper"]


def test_the_text_names_the_segment_and_its_columns(skewed, capsys):
    assert main(fit_arguments(skewed, "--components", 2)) == 0
    out, err = capsys.readouterr()
    assert err == ""
    said = out[out.index("Shape of the segments") :]
    assert "Segment 2" in said
    assert "Segment 1" not in said
    assert SPEND in " ".join(said.split())
