r"""The number of occupied segments under a sparse prior.

If K is larger than needed and the concentration a is well below 1, the posterior leaves superfluous
components empty (Rousseau & Mengersen 2011, for a below half the number of parameters of a
component). The number of occupied components,

.. math:: K_+ = \sum_k 1\{ n_k > 0 \}, \quad n_k = \sum_i 1\{ z_i = k \}, \quad
    P(z_i = k \mid \theta) = r_{ik}(\theta),

estimates the number of segments (Malsiner-Walli, Fruehwirth-Schnatter & Gruen 2016). Rows are
allocated at random in each draw. The estimate depends on a: the prior of K_+ is approximately that
of a Dirichlet process with concentration K a.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from bayes_gmm.data.rows import Floats, Integers
from bayes_gmm.inference.sampling.draws import thinning
from bayes_gmm.results.checks import generator
from bayes_gmm.results.posterior.convergence import Chains
from bayes_gmm.results.posterior.membership import mixtures_of, responsibility_blocks
from bayes_gmm.results.posterior.observed_data import Observed, observed

if TYPE_CHECKING:
    import pandas as pd

    from bayes_gmm.results.posterior.draws import PosteriorDraws


@dataclass(frozen=True)
class OccupiedSettings:
    """Bounds on the number of draws, which is smaller for many rows."""

    fewest_draws: int = 400
    """Minimum number of draws, for many rows."""
    row_draws: int = 10_000_000
    """Maximum product of rows and draws above this minimum."""


SETTINGS = OccupiedSettings()


def occupied_table(
    posterior: PosteriorDraws, X: Any, sample_weight: Any, random_state: Any
) -> pd.DataFrame:
    """The posterior of the number of segments that hold rows.

    Rows are allocated in each draw of the chains as sampled. If chains stay in separate modes, each
    mode is weighted by its mass. The error of a probability p is sqrt(q (1 - q) / n), with n the
    effective sample size (see `convergence`) and q = (n p + 1/2) / (n + 1), so that a number that
    never occurred has a positive error.

    Examples
    --------
    >>> import bayes_gmm as bg
    >>> X = np.repeat([[0.0], [8.0], [20.0]], 40, axis=0)
    >>> X += np.random.default_rng(0).normal(size=X.shape)
    >>> model = bg.BayesGMM(6, prior=bg.Prior(concentration=0.02), random_state=0).fit(X)
    >>> posterior = model.sample_posterior(draws=300, random_state=1, progress=False)
    >>> table = posterior.occupied()
    >>> table.columns.tolist(), int(table["probability"].idxmax())
    (['probability', 'mcse'], 3)
    """
    import pandas as pd

    rows = observed(posterior, X, sample_weight)
    draws = posterior.draws
    most = max(SETTINGS.fewest_draws, SETTINGS.row_draws // rows.n_rows)
    step = thinning(draws.mode.size, most)
    theta = draws.as_sampled.theta[:, ::step]
    rng = generator(draws.seed if random_state is None else random_state)
    held = occupied_components(posterior, rows, theta, rng)
    numbers = np.arange(1, posterior.n_components + 1)
    probability, mcse = _law(held.sum(axis=-1), numbers, posterior, step)
    index = pd.Index(numbers, name="segments")
    return pd.DataFrame({"probability": probability, "mcse": mcse}, index=index)


def occupied_components(
    posterior: PosteriorDraws, rows: Observed, theta: Floats, rng: np.random.Generator
) -> npt.NDArray[np.bool_]:
    """Whether each component holds rows after a random allocation, shape (chain, draw, K).

    A row of weight w counts as w copies, which are allocated independently. A fractional copy is
    included with the probability of its fraction.

    Parameters
    ----------
    posterior : PosteriorDraws
    rows : Observed
    theta : ndarray, shape (chain, draw, p)
    rng : Generator
    """
    K = posterior.n_components
    points = mixtures_of(posterior, theta)
    held = np.zeros((len(points), K), bool)
    for some, r in responsibility_blocks(posterior, rows.matrix, points):
        w = rows.weights[some]
        if np.all(w == 1.0):
            chosen = (rng.random(r.shape[:2])[..., None] > np.cumsum(r, axis=2)[..., :-1]).sum(-1)
            held[np.arange(len(held))[:, None], chosen] = True
        else:
            copies = np.floor(w + rng.random(r.shape[:2])).astype(np.int64)
            held |= (rng.multinomial(copies, r) > 0).any(axis=1)
    return held.reshape(*theta.shape[:2], K)


def _law(
    n_held: Integers, numbers: Integers, posterior: PosteriorDraws, step: int
) -> tuple[Floats, Floats]:
    """Probability of each number of occupied components, and its Monte Carlo error."""
    is_number = (n_held == numbers[:, None, None]).astype(float)
    chains = Chains(is_number, posterior.draws, step)
    p = np.zeros(len(numbers))
    for region in chains.regions:
        p += region.mass * is_number[:, region.members].mean(axis=1)
    count = float(chains.ess(n_held[None].astype(float), method="mean")[0])
    varies = np.ptp(is_number, axis=(1, 2)) > 0.0
    n = np.full(len(numbers), count if np.ptp(n_held) else float(n_held.size))
    if varies.any():
        n[varies] = chains.ess(is_number[varies], method="mean")
    shrunk = (n * p + 0.5) / (n + 1.0)
    return p, np.sqrt(shrunk * (1.0 - shrunk) / n)
