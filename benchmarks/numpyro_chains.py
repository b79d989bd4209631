"""Chains of numpyro for the same model from the same starts, by an interpreter that has numpyro.

    python benchmarks/numpyro_chains.py PROBLEM.npz RESULT.npz --draws 1000

In double precision, with all chains in one vectorised program on all cores, which was faster here
than a device for each chain. The second of two runs is timed, so that compiling is not.
"""

from __future__ import annotations

import argparse
import time

import jax
import numpy as np
import numpyro
import numpyro.distributions as dist
from jax import numpy as jnp
from jax.scipy.linalg import solve_triangular
from jax.scipy.special import logsumexp
from numpyro.infer import MCMC, NUTS, init_to_value

NAMES = ("weights", "means", "scales", "corr_chol")


def main() -> None:
    """Sample, and keep the draws with what they took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("problem")
    parser.add_argument("result")
    parser.add_argument("--draws", type=int, default=1000)
    options = parser.parse_args()
    numpyro.enable_x64()
    problem = dict(np.load(options.problem))
    start = {name: jnp.asarray(problem[name]) for name in NAMES}
    sampler = MCMC(
        NUTS(mixture, init_strategy=init_to_value(values=start)), num_warmup=options.draws,
        num_samples=options.draws, num_chains=4, chain_method="vectorized", progress_bar=False,
    )  # fmt: skip
    x = jnp.asarray(problem["x"])
    for seed in (0, 1):
        begin = time.perf_counter()
        sampler.warmup(
            jax.random.PRNGKey(seed), x, len(problem["weights"]),
            extra_fields=("num_steps",), collect_warmup=True,
        )  # fmt: skip
        steps = int(sampler.get_extra_fields()["num_steps"].sum())
        sampler.run(
            jax.random.PRNGKey(seed), x, len(problem["weights"]), extra_fields=("num_steps",)
        )
        drawn = sampler.get_samples(group_by_chain=True)
        jax.block_until_ready(drawn)
        seconds = time.perf_counter() - begin
        steps += int(sampler.get_extra_fields()["num_steps"].sum())
    kept = {name: np.asarray(drawn[name]) for name in NAMES}
    np.savez(options.result, **kept, seconds=seconds, steps=steps)


def mixture(x: jax.Array, n_components: int) -> None:
    """Our mixture on standardised rows, the components summed out."""
    K, d = n_components, x.shape[1]
    weights = numpyro.sample("weights", dist.Dirichlet(jnp.full(K, 2.0)))
    means = numpyro.sample("means", dist.Normal(0.0, 3.0).expand([K, d]).to_event(2))
    prior = dist.LogNormal(-jnp.log(K) / d, 0.75)
    scales = numpyro.sample("scales", prior.expand([K, d]).to_event(2))
    corr_chol = numpyro.sample("corr_chol", dist.LKJCholesky(d, 1.0).expand([K]).to_event(1))
    L = scales[:, :, None] * corr_chol
    y = solve_triangular(L, x.T[None] - means[:, :, None], lower=True)
    heights = jnp.log(weights) - jnp.log(jnp.diagonal(L, axis1=1, axis2=2)).sum(axis=1)
    numpyro.factor("rows", logsumexp(heights[:, None] - 0.5 * (y**2).sum(axis=1), axis=0).sum())


if __name__ == "__main__":
    main()
