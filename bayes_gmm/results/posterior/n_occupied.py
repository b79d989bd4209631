r"""The number of occupied segments under a sparse prior.

With K generous and a concentration a well under 1, the posterior empties components that the rows
do not need (Rousseau & Mengersen 2011, for a below half the number of parameters of a component),
and the number that are left,

.. math:: K_+ = \sum_k 1\{ n_k > 0 \}, \quad n_k = \sum_i 1\{ z_i = k \}, \quad
    P(z_i = k \mid \theta) = r_{ik}(\theta),

estimates the number of segments (Malsiner-Walli, Fruehwirth-Schnatter & Gruen 2016). Rows are
allocated at random in each draw. The answer depends on a: the prior of K_+ is that of a Dirichlet
process of concentration K a, nearly.
"""

from __future__ import annotations

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

FEWEST_DRAWS, ROW_DRAWS = 400, 10_000_000
"""Number of draws: all, or fewer so that rows times draws stay below the second number."""


def occupied_table(
    posterior: PosteriorDraws, X: Any, sample_weight: Any, random_state: Any
) -> pd.DataFrame:
    """The posterior of the number of segments that hold rows.

    Rows are allocated in each draw as the chains were sampled; where chains stay in modes that
    never meet, each counts by its mass. The error of a probability p is sqrt(p (1 - p) / n) with n
    effective draws (see `convergence`); p is shrunk to (n p + 1/2) / (n + 1) for it, so that a
    number that never occurred has an error too.

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
    most = max(FEWEST_DRAWS, ROW_DRAWS // rows.n_rows)
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
    """Which components hold rows, these being allocated at random, shape (chain, draw, K).

    A row of weight w is w copies, each allocated for itself; a fraction of a copy is there with
    that probability.

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
    """Probability of each number of components that hold rows, and its Monte-Carlo error."""
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
