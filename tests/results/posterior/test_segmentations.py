"""The draws of one mode alone, and how the segments of other modes differ."""

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from arviz_stats.base.array import array_stats
from example_posteriors import resampled_segmentations, two_segmentations

from bayes_gmm.diagnostics.kind import COMMAND_LINE
from bayes_gmm.errors import ConvergenceWarning, DataError, MultimodalWarning
from bayes_gmm.inference.sampling.draws import Draws
from bayes_gmm.model.mixture import Mixture
from bayes_gmm.model.parameters import Layout
from bayes_gmm.model.structure import Structure
from bayes_gmm.results.load import load
from bayes_gmm.results.posterior.convergence import Chains
from bayes_gmm.results.posterior.segment_changes import changes_of_mixtures
from bayes_gmm.results.posterior.segmentations import (
    _watched,
    heaviest,
    main_segmentation,
    masses,
)


@pytest.fixture(scope="module")
def halves():
    """Two chains of each of two segmentations."""
    with pytest.warns(MultimodalWarning):
        return two_segmentations()


@pytest.fixture(scope="module")
def fifths():
    """The same chains, resampled so that the second segmentation has a fifth of the draws."""
    with pytest.warns(MultimodalWarning):
        return resampled_segmentations()


def contributing(posterior, counts):
    """A posterior of one mode, the last so many draws of each chain marked as another mode's."""
    fit = replace(posterior.fit, modes=2 * posterior.fit.modes[:1])
    mode = np.zeros(posterior.draws.mode.shape, np.int64)
    for chain, n in enumerate(counts):
        mode[chain, mode.shape[1] - n :] = 1
    return replace(posterior, fit=fit, draws=replace(posterior.draws, mode=mode))


@pytest.mark.parametrize("i", [0, 1])
def test_the_draws_of_one_mode_mix_nothing(halves, i):
    alone = halves.of_mode(i)
    chains = slice(0, 2) if i == 0 else slice(2, 4)
    np.testing.assert_array_equal(alone.draws.theta, halves.draws.theta[chains])
    assert alone.mode_fractions == {i: 1.0}
    assert alone.modes_missed == {}
    assert alone.mixture is halves.fit.modes[i].mixture
    means = halves.parameters.means[chains]
    table = alone.segments()
    assert table["x (mean)"].tolist() == pytest.approx(means[..., 0].mean(axis=(0, 1)))
    bounds = np.quantile(means[..., 0, 1], [0.03, 0.97])
    assert table.loc[0, ["y (mean) lower", "y (mean) upper"]].tolist() == pytest.approx(bounds)
    assert "r_hat_within_modes" not in alone.summary()
    assert alone.summary()["r_hat"].max() < 1.05
    assert alone.segmentation.diagnostic.values["mode"] == i
    assert f"from mode {i}," in table.attrs["notes"]["one_segmentation"]
    assert alone.tree.attrs["mode"] == i
    assert alone.tree["posterior/means"].shape[:2] == (2, 100)
    X = halves.table.values
    assert (
        alone.predict(X).tolist()
        == halves.fit.modes[i].mixture.responsibilities(X).argmax(axis=1).tolist()
    )


def test_of_a_resample_the_chains_are_taken_and_the_masses(fifths):
    alone = fifths.of_mode(1)
    np.testing.assert_array_equal(alone.draws.theta, fifths.draws.origin.theta[2:])
    assert alone.draws.origin is None
    assert alone.segmentation.mass == pytest.approx(0.2)
    [other] = alone.segmentation.others
    assert (other.mode, other.mass) == (0, pytest.approx(0.8))
    assert masses(alone) == pytest.approx(masses(fifths))
    assert alone.of_mode(1) is alone


@pytest.mark.parametrize(
    ("counts", "shape"),
    [((90, 80, 3, 0), (2, 80)), ((100, 7, 0, 0), (2, 50)), ((60, 60, 60, 60), (4, 60))],
)
def test_chains_that_contribute_few_draws_are_left_out(posterior, counts, shape):
    posterior = contributing(posterior, counts)
    alone = posterior.of_mode(1)
    assert alone.draws.mode.shape == shape
    first = posterior.draws.theta[0, -counts[0] :]
    np.testing.assert_array_equal(alone.draws.theta[0], first[: shape[1]])
    if counts[1] < 10:  # the halves of the first chain
        np.testing.assert_array_equal(alone.draws.theta[1], first[shape[1] : 2 * shape[1]])
    row = alone.summary().loc["means[Segment 1, Age]"]
    means = alone.parameters.means[:, :, 0, 0]
    assert row["r_hat"] == pytest.approx(array_stats.rhat(means))
    assert row["ess_bulk"] == pytest.approx(array_stats.ess(means, method="bulk"))


def test_effective_draws_of_watched_chains_tell_the_error_of_their_mean():
    """Chains that go in and out of a mode: their draws there are a Markov chain again."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, 4, 600))
    for t in range(1, x.shape[2]):
        x[..., t] = 0.8 * x[..., t - 1] + 0.6 * x[..., t]
    means, worth = [], []
    layout = Layout(1, 1, Structure())
    for run in x:
        inside = run > 0.5
        part = _watched(inside)(run)
        draws = Draws(np.zeros((*part.shape, 2)), layout, np.zeros(part.shape, np.int64))
        means.append(part.mean())
        worth.append(part.var() / Chains(part[None], draws).ess(method="mean")[0])
    ratio = np.var(means) / np.mean(worth)
    assert 0.7 < ratio < 1.4  # the standard error of the ratio is .13


def test_independent_draws_are_dealt_out_evenly(posterior):
    marked = contributing(posterior, (11, 20, 0, 2))
    draws = replace(marked.draws, method="laplace", khat=0.1)
    with pytest.warns(ConvergenceWarning, match="there are 32 draws in total"):
        alone = replace(marked, draws=draws).of_mode(1)
    assert alone.draws.mode.shape == (4, 8)
    assert alone.summary()["ess_bulk"].max() == pytest.approx(32.0)


def test_a_mode_that_is_none_is_refused(halves, posterior):
    for i in (len(halves.fit.modes), -1, True, "0", None):
        with pytest.raises(DataError, match="i must be the position of a mode, from 0 to"):
            halves.of_mode(i)
    with pytest.raises(DataError, match=r"no draws from mode 1; the draws are from modes 0"):
        contributing(posterior, (0, 0, 0, 0)).of_mode(1)
    with pytest.raises(DataError, match="these draws are only from mode 0"):
        halves.of_mode(0).of_mode(1)


def test_it_is_kept_in_files_and_by_names_and_numbers(halves, tmp_path):
    alone = halves.of_mode(1)
    back = load(alone.save(tmp_path / "alone.nc"))
    assert back.segmentation == alone.segmentation
    X = halves.table.values
    np.testing.assert_array_equal(back.predict_proba(X), alone.predict_proba(X))
    mixture = alone.mixture
    turned = alone.rename({"Segment 1": "A", "Segment 2": "B"}).align_to(
        Mixture(
            mixture.weights[::-1], mixture.means[::-1], mixture.covariances[::-1],
            mixture.resolution, mixture.features,
        )
    )  # fmt: skip
    first, second = (p.segmentation.others[0].changes for p in (alone, turned))
    assert [c.segment for c in second] == [1 - c.segment for c in first]
    assert [c.there for c in second] == [c.there for c in first]


def test_rows_of_the_fit_are_known_by_the_map_whatever_the_mode(halves):
    alone = replace(halves.of_mode(1), table=None)
    assert np.isfinite(alone.loo(halves.table).elpd)


def test_the_heaviest_is_reported_alone_from_four_fifths_on(halves, fifths):
    assert main_segmentation(fifths) == 0
    assert main_segmentation(halves) is None
    assert main_segmentation(fifths.of_mode(0)) is None
    mode = fifths.draws.mode.copy()
    mode[0, np.flatnonzero(mode[0] == 0)[:4]] = 1  # 79 %
    assert main_segmentation(replace(fifths, draws=replace(fifths.draws, mode=mode))) is None
    assert heaviest(fifths) == 0


def test_each_reader_is_told_what_to_do_by_its_name(fifths):
    [found] = fifths.diagnostics
    assert found.code == "several_modes"
    assert "of_mode(0)" in found.remedy
    assert "--segmentation main" in found.text(COMMAND_LINE)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert fifths.of_mode(0).diagnostics == ()


def test_averages_over_segmentations_are_warned_of_in_the_users_line(halves):
    table = pd.DataFrame(np.arange(6.0).reshape(3, 2), columns=list(halves.features))
    with pytest.warns(MultimodalWarning) as said:
        halves.profile(table.assign(Age=[20.0, 30.0, 40.0]))
    with pytest.warns(MultimodalWarning) as also:
        halves.compare_to(halves.of_mode(0))
    assert {warning.filename for warning in [*said, *also]} == {__file__}


def mixture(weights=(0.5, 0.5), means=((0.0, 0.0), (9.0, 9.0)), sd=1.0, correlation=0.0, **more):
    first = [[sd**2, correlation * sd], [correlation * sd, 1.0]]
    return Mixture(weights, means, [first, np.eye(2)], features=("x", "y"), **more)


@pytest.mark.parametrize(
    ("there", "segment", "quantity", "features", "values", "size"),
    [
        ({"weights": (0.2, 0.8)}, 0, "share", (), (0.5, 0.2), np.log(2.5) / np.log(1.5)),
        ({"means": ((0.0, 0.0), (9.0, 6.0))}, 1, "mean", ("y",), (9.0, 6.0), 3.0),
        ({"sd": 3.0}, 0, "sd", ("x",), (1.0, 3.0), np.log(3.0) / np.log(1.5)),
        ({"correlation": 0.9}, 0, "correlation", ("x", "y"), (0.0, 0.9), 1.5),
    ],
)
def test_a_segment_is_named_by_what_differs_most(there, segment, quantity, features, values, size):
    change = changes_of_mixtures(mixture(), mixture(**there))[0]
    assert (change.segment, change.quantity, change.features) == (segment, quantity, features)
    assert (change.here, change.there) == pytest.approx(values)
    assert change.size == pytest.approx(size)


def test_transformed_features_are_stated_in_the_users_units():
    here = mixture(transforms={"x": "log"})
    moved = mixture(transforms={"x": "log"}, means=((3.0, 0.0), (9.0, 9.0)))
    change = changes_of_mixtures(here, moved)[0]
    assert (change.quantity, change.features, change.size) == ("median", ("x",), 3.0)
    assert (change.here, change.there) == pytest.approx((1.0, np.exp(3.0)))
    change = changes_of_mixtures(here, mixture(transforms={"x": "log"}, sd=2.0))[0]
    assert (change.quantity, change.features) == ("sd", ("x",))
    sds = [np.exp(s**2 / 2.0) * np.sqrt(np.expm1(s**2)) for s in (1.0, 2.0)]
    assert (change.here, change.there) == pytest.approx(tuple(sds))


def test_segments_that_hardly_differ_are_left_out():
    moved = changes_of_mixtures(mixture(), mixture(means=((0.2, 0.0), (9.0, 6.0))))
    assert [change.segment for change in moved] == [1]
    nearly = changes_of_mixtures(mixture(), mixture(means=((0.2, 0.0), (9.0, 9.1))))
    assert [change.segment for change in nearly] == [0]
