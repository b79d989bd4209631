"""How far to trust a posterior, in words."""

from dataclasses import replace

import numpy as np
import pytest

from bayes_gmm.cli.intervals import Intervals
from bayes_gmm.errors import MultimodalWarning


def state(posterior, **changes):
    """The last line of what is said of a posterior whose draws are changed."""
    changed = replace(posterior, draws=replace(posterior.draws, **changes))
    return Intervals(changed).text().splitlines()[-1]


@pytest.mark.parametrize(
    ("khat", "verdict"), [(0.7, "0.70: can be trusted"), (0.71, "0.71: does not fit: use nuts")]
)
def test_k_hat_up_to_a_limit_can_be_trusted(posterior, khat, verdict):
    assert state(posterior, method="laplace", khat=khat).endswith(verdict)


def test_chains_are_told_by_r_hat_effective_draws_and_divergences(posterior):
    table = posterior.summary()
    diverging = np.zeros(posterior.draws.mode.shape, bool)
    diverging[:, :3] = True
    said = state(posterior, stats={"diverging": diverging})
    assert said == (
        f"4 chains of 250 draws   R-hat at most {table['r_hat'].max():.3f}   "
        f"effective draws at least {table['ess_bulk'].min():,.0f}   divergences 12"
    )


def test_where_chains_are_in_several_modes_r_hat_is_that_within_them(posterior):
    """Half of the draws of each chain are marked as another mode's: both R-hats are known."""
    fit = replace(posterior.fit, modes=2 * posterior.fit.modes[:1])
    mode = np.zeros(posterior.draws.mode.shape, dtype=np.int64)
    mode[:, ::2] = 1
    several = replace(posterior, fit=fit, draws=replace(posterior.draws, mode=mode))
    intervals = Intervals(several)
    with pytest.warns(MultimodalWarning):
        table = intervals.summary
    assert table["r_hat"].max() != table["r_hat_within_modes"].max()
    with pytest.warns(MultimodalWarning):
        said = intervals.text()
    assert f"R-hat within modes at most {table['r_hat_within_modes'].max():.3f}" in said
    assert intervals.json()["r_hat"] == table["r_hat_within_modes"].max()
