"""How far to trust a posterior, in words."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from example_posteriors import fit_and_density, resampled_segmentations, two_segmentations

from bayes_gmm.cli.fit_report import Report
from bayes_gmm.cli.posterior_report import Intervals
from bayes_gmm.errors import MultimodalWarning


def state(posterior, **changes):
    """The tables of a posterior whose draws are changed."""
    changed = replace(posterior, draws=replace(posterior.draws, **changes))
    return Intervals(changed).state()


@pytest.mark.parametrize(
    ("khat", "verdict"),
    [(0.7, "0.70: reliable"), (0.71, "0.71: unreliable, use --posterior nuts")],
)
def test_k_hat_up_to_a_limit_can_be_trusted(posterior, khat, verdict):
    assert state(posterior, method="laplace", khat=khat).endswith(verdict)


def test_chains_are_told_by_r_hat_effective_draws_and_divergences(posterior):
    table = posterior.summary()
    diverging = np.zeros(posterior.draws.mode.shape, bool)
    diverging[:, :3] = True
    said = state(posterior, stats={"diverging": diverging})
    assert said.replace("\n", "   ") == (
        f"4 chains of 250 draws   R-hat at most {table['r_hat'].max():.3f}   "
        f"effective sample size at least {table['ess_bulk'].min():,.0f}   divergences 12"
    )


def test_where_chains_stay_in_their_modes_r_hat_is_that_within_them():
    with pytest.warns(MultimodalWarning):
        intervals = Intervals(two_segmentations())
    table = intervals.summary  # whose warning the command line has words of its own for
    assert table["r_hat"].max() > 1.5
    assert (
        f"R-hat within modes at most {table['r_hat_within_modes'].max():.3f}" in intervals.state()
    )
    assert intervals.json()["r_hat"] == table["r_hat_within_modes"].max() < 1.1


def report_of(posterior, **more):
    X = posterior.table.values
    membership = posterior.predict_proba(X)
    return Report("x.csv", posterior.fit, membership, np.ones(len(X)), posterior, **more)


@pytest.fixture(scope="module")
def fifths():
    """Two segmentations, of which one holds four fifths."""
    with pytest.warns(MultimodalWarning):
        return resampled_segmentations()


@pytest.mark.parametrize("alone", [False, True])
def test_every_number_of_a_segment_comes_from_the_draws(fifths, alone):
    posterior = fifths.of_mode(0) if alone else fifths
    report = report_of(posterior, ci_prob=0.5)
    table, rows = report.segments(), report.json()["segments"]
    of = posterior.parameters
    share = of.weights.mean(axis=(0, 1))
    sizes = posterior.predict_proba(posterior.table.values).sum(axis=0)
    assert table["share"].tolist() == pytest.approx(share)
    assert [row["share"] for row in rows] == pytest.approx(share)
    assert table["size"].tolist() == pytest.approx(sizes, abs=1e-3)
    assert [row["size"] for row in rows] == table["size"].tolist()
    assert [row["mean"]["x"] for row in rows] == pytest.approx(of.means.mean(axis=(0, 1))[:, 0])
    assert [row["sd"]["y"] for row in rows] == pytest.approx(of.scales.mean(axis=(0, 1))[:, 1])
    low, high = np.quantile(of.means[..., 0], [0.25, 0.75], axis=(0, 1))
    assert [row["lower"]["mean"]["x"] for row in rows] == pytest.approx(low)
    assert [row["upper"]["mean"]["x"] for row in rows] == pytest.approx(high)
    lines = [line for line in report.text().splitlines() if line.startswith("Segment ")]
    assert [int(line.split("%)")[1].split()[0]) for line in lines[:2]] == sizes.round().tolist()
    assert [float(line.split()[2]) for line in lines[:2]] == (100 * share).round().tolist()
    assert max(map(len, report.text().splitlines())) <= 100


def test_other_segmentations_are_named_with_their_masses_and_differences(fifths):
    report = report_of(fifths.of_mode(0))
    text = " ".join(report.text().split())
    assert "the main segmentation, which holds 80 % of the probability mass" in text
    assert "--segmentation all" in text
    [other] = report.json()["posterior"]["segmentation"]["others"]
    assert (other["mode"], round(other["mass"], 3)) == (1, 0.2)
    assert {change["quantity"] for change in other["changes"]} == {"mean"}
    for change in other["changes"]:
        there = fifths.of_mode(1).segments().set_index("segment").loc[change["segment"]]
        assert change["there"] == pytest.approx(there[f"{change['features'][0]} (mean)"])
        assert f"{change['segment']}: mean {change['features'][0]} " in text
    assert report.other_modes[0].probability == pytest.approx(0.2)


def nested():
    """A narrow group within a wide one, whose rows are rarely those of the wide one."""
    rng = np.random.default_rng(0)
    return np.concatenate([rng.normal(0, 0.3, 700), rng.normal(0, 1.0, 300)])[:, None]


def test_size_agrees_with_share_where_hardly_a_row_is_assigned():
    fit, _, _ = fit_and_density(nested(), 2)
    report = Report("x.csv", fit, fit.predict_proba(nested()), np.ones(1000))
    table = report.segments()
    # a share counts concentration - 1 = 1 row more for each of two segments
    assert table["share"].tolist() == pytest.approx((table["size"] + 1) / 1002, abs=1e-3)
    assert abs(table["assigned"][1] - table["size"][1]) > 50


@pytest.mark.parametrize(
    ("low", "mean", "high", "written"),
    [
        (31.3, 39.2, 46.3, "39 % (31 to 46 %)"),
        (33.212, 33.31, 33.404, "33.31 % (33.21 to 33.40 %)"),
        (0.2, 0.5, 1.1, "0.5 % (0.2 to 1.1 %)"),
    ],
)
def test_shares_have_the_decimals_that_their_intervals_show(posterior, low, mean, high, written):
    intervals = Intervals(posterior)
    row = {"segment": "A", "share": mean, "share lower": low, "share upper": high}
    intervals.__dict__["segments"] = pd.DataFrame([row]).assign(
        **{name: row[name] / 100 for name in list(row)[1:]}
    )
    assert intervals.shares()[1][-1].strip() == written
