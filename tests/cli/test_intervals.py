"""How far to trust a posterior, in words."""

from dataclasses import replace

import numpy as np
import pytest

from bayes_gmm.cli.intervals import Intervals


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
