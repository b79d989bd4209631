"""R-hat and effective sizes are of the chains as they were sampled, not of a resample of them."""

from dataclasses import replace

import numpy as np
import pytest
from arviz_stats.base.array import array_stats
from example_posteriors import fit_and_density, normal_draws

from bayes_gmm.data.table import feature_matrix
from bayes_gmm.errors import MultimodalWarning
from bayes_gmm.inference.chains import resampled_by_mass, visits_of
from bayes_gmm.inference.draws import Draws
from bayes_gmm.model.mixture import Mixture
from bayes_gmm.model.parameters import Layout
from bayes_gmm.model.structure import Structure
from bayes_gmm.results.mixing import Chains
from bayes_gmm.results.posterior import Posterior
from bayes_gmm.results.storage import load


@pytest.fixture(scope="module")
def stuck():
    """Two segmentations of four groups; three chains stay in the first, one in the second.

    Draws of each chain resemble those before them: 300 are worth about 33.
    """
    rng = np.random.default_rng(0)
    corners = [[x, y] for x in (-3, 3) for y in (-3, 3)]
    X = np.concatenate([rng.normal(corner, 1.0, (40, 2)) for corner in corners])
    fit, density, thetas = fit_and_density(feature_matrix(X, ["x", "y"]), 2)
    both = [normal_draws(density, thetas[m], (n, 300), mode=m) for m, n in ((0, 3), (1, 1))]
    for part, theta in zip(both, thetas, strict=False):
        for t in range(1, 300):
            part.theta[:, t] = (
                theta + 0.8 * (part.theta[:, t - 1] - theta) + 0.6 * (part.theta[:, t] - theta)
            )
    draws = replace(
        both[0],
        theta=np.concatenate([part.theta for part in both]),
        mode=np.concatenate([part.mode for part in both]),
        stats={"diverging": np.zeros((4, 300), bool)},
    )
    masses = np.array([0.6, 0.4])
    resampled = resampled_by_mass(draws, visits_of(draws.mode, 2), masses, rng)
    with pytest.warns(MultimodalWarning):
        return Posterior.from_draws(fit, density, resampled)


@pytest.fixture(scope="module")
def table(stuck):
    with pytest.warns(MultimodalWarning):
        return stuck.summary()


def test_chains_that_never_meet_have_a_high_r_hat(stuck, table):
    assert stuck.modes_visited == {0: 0.6, 1: 0.4}
    assert table["r_hat"].max() > 1.5
    assert table["r_hat_within_modes"].max() < 1.2


def test_a_resample_is_worth_no_more_than_its_chains(stuck, table):
    x = stuck.parameters_as_sampled.means[:, :, 0, 0]
    one, other = (array_stats.ess(part, method="bulk") for part in (x[:3], x[3:]))
    expected = 1.0 / (0.6**2 / one + 0.4**2 / other)
    assert table.loc["means[Segment 1, x]", "ess_bulk"] == pytest.approx(expected)
    assert expected < one + other < 300
    assert array_stats.ess(stuck.parameters.means[:, :, 0, 0], method="bulk") > 2.0 * expected
    row = table.loc["means[Segment 1, x]"]
    assert row["mcse_mean"] > row["sd"] / np.sqrt(300)


def test_files_keep_the_chains(stuck, table, tmp_path):
    back = load(stuck.save(tmp_path / "stuck.nc"))
    with pytest.warns(MultimodalWarning):
        again = back.summary()
    np.testing.assert_array_equal(again, table)
    assert set(back.draws.origin.stats) == {"diverging"}


def test_another_numbering_is_the_chains_too(stuck, table):
    turned = stuck.align_to(Mixture(
        stuck.mixture.weights[::-1], stuck.mixture.means[::-1], stuck.mixture.covariances[::-1],
        stuck.mixture.resolution, stuck.features,
    ))  # fmt: skip
    with pytest.warns(MultimodalWarning):
        swapped = turned.summary()
    for ours, theirs in (("1", "2"), ("2", "1")):
        np.testing.assert_allclose(
            swapped.loc[f"means[Segment {ours}, x]"], table.loc[f"means[Segment {theirs}, x]"]
        )


def test_the_tree_has_the_chains_for_arviz(stuck, table):
    group = stuck.tree["posterior_as_sampled"]
    r_hat = array_stats.rhat(group["weights"].sel(component="Segment 1").values)
    assert table.loc["weights[Segment 1]", "r_hat"] == pytest.approx(r_hat)


def test_what_is_no_resample_has_no_second_group(posterior):
    assert "posterior_as_sampled" not in posterior.tree.children
    assert posterior.parameters_as_sampled is posterior.parameters


def test_chains_of_a_mode_are_cut_so_that_most_draws_remain():
    rng = np.random.default_rng(1)
    layout = Layout(1, 1, Structure())
    mode = np.zeros((3, 400), int)
    mode[0, 300:], mode[1, 20:] = 1, 1
    draws = Draws(rng.normal(size=(3, 400, layout.size)), layout, mode)
    chains = Chains(np.moveaxis(draws.theta, -1, 0), draws)
    assert [part.shape for part in chains.of_modes()] == [(2, 2, 300), (2, 2, 190)]
