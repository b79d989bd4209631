"""The best hand-written PyMC model of our mixture that we could find, from start to summary.

    python benchmarks/handwritten_pymc.py PROBLEM.npz RESULT.npz [--measure]

Pure PyMC operations, and fast for what they are: the log-densities of all rows under all components
are one matrix product, of the monomials of the rows, which are constant, with the coefficients of
the quadratic forms. LKJ is written out on unconstrained numbers z, C_j = (z_j, 1) / sqrt(1 +
|z_j|^2), as PyMC's `LKJCorr` compiles the loop that draws from it, which takes minutes. The chains
start at the MAP, which is given. Recording error, which our model adds, is left out.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
import nutpie
import pymc as pm
import pytensor.tensor as pt
from c_functions import microseconds


def main() -> None:
    """Sample and summarise; with --measure also time the gradient, and keep the draws."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("problem")
    parser.add_argument("result")
    parser.add_argument("--measure", action="store_true")
    parser.add_argument("--draws", type=int, default=1000)
    options = parser.parse_args()
    problem = dict(np.load(options.problem))
    start = time.perf_counter()
    compiled = compiled_model(problem)
    compiling = time.perf_counter() - start
    start = time.perf_counter()
    tree = nutpie.sample(
        compiled, draws=options.draws, chains=4, seed=1, progress_bar=False, save_warmup=True
    )
    sampling = time.perf_counter() - start
    if not options.measure:
        import arviz

        print(arviz.summary(tree))
        return
    posterior = {name: np.asarray(values) for name, values in tree.posterior.items()}
    z = posterior.pop("z")
    steps = sum(int(tree[group].n_steps.sum()) for group in ("sample_stats", "warmup_sample_stats"))
    gradient = microseconds(
        compiled.compiled_logp_func.address, compiled.user_data.ctypes.data, start_of(compiled)
    )
    np.savez(
        options.result, **posterior, corr_chol=corr_chol_of(z, problem["x"].shape[1]),
        seconds=sampling, steps=steps, gradient=gradient, compiling=compiling,
    )  # fmt: skip


def compiled_model(problem: dict[str, np.ndarray]) -> Any:
    """The model as nutpie samples it, its chains starting at the MAP."""
    K = len(problem["weights"])
    points = {name: problem[name] for name in ("weights", "means", "scales")}
    points["z"] = ratios_of(problem["corr_chol"])
    model = handwritten_model(problem["x"], K)
    return nutpie.compile_pymc_model(model, initial_points=points, jitter_rvs=set())


def handwritten_model(x: np.ndarray, K: int) -> pm.Model:
    """LKJ(1), log-normal scales and the marginal likelihood, on standardised rows (N, d)."""
    d = x.shape[1]
    eta = 1.0
    rows, columns = np.tril_indices(d, -1)
    with pm.Model() as model:
        weights = pm.Dirichlet("weights", np.full(K, 2.0))
        means = pm.Normal("means", 0.0, 3.0, shape=(K, d))
        scales = pm.LogNormal("scales", np.log(K ** (-1 / d)), 0.75, shape=(K, d))
        z = pm.Flat("z", shape=(K, len(rows)))
        Z = pt.zeros((K, d, d))[:, rows, columns].set(z)
        diagonal = 1.0 / pt.sqrt(1.0 + (Z**2).sum(axis=2))
        # LKJ's exponent 2 eta - 2 + d - i of C_ii, and that of the Jacobian of z -> C, i + 1.
        pm.Potential("lkj", (2.0 * eta + d - 1.0) * pt.log(diagonal).sum())
        L = (scales * diagonal)[:, :, None] * (Z + np.eye(d))
        log_heights = pt.log(weights) - pt.log(scales * diagonal).sum(axis=1)
        pm.Potential("likelihood", _log_likelihood(x, log_heights, means, L))
    return model


def _log_likelihood(x: np.ndarray, log_heights: Any, means: Any, L: Any) -> Any:
    """sum_i log sum_k exp(log_heights_k - |L_k^-1 (x_i - mu_k)|^2 / 2), (d/2) log 2 pi apart."""
    n, d = x.shape
    K = means.type.shape[0]
    rows, columns = np.tril_indices(d)
    products = x[:, rows] * x[:, columns] * np.where(rows == columns, -0.5, -1.0)
    monomials = np.concatenate([np.ones((n, 1)), x, products], axis=1)
    unit = pt.as_tensor(np.broadcast_to(np.eye(d), (K, d, d)))
    W = pt.linalg.solve_triangular(L, unit, lower=True, b_ndim=2)
    # Products of small matrices as sums: PyTensor takes far longer to compile a batched product.
    y = (W * means[:, None, :]).sum(axis=2)
    precisions = (W[:, :, :, None] * W[:, :, None, :]).sum(axis=1)
    constants = log_heights - 0.5 * (y**2).sum(axis=1)
    slopes = (W * y[:, :, None]).sum(axis=1)
    forms = pt.concatenate([constants[:, None], slopes, precisions[:, rows, columns]], axis=1)
    return pt.logsumexp(pt.dot(monomials, forms.T), axis=1).sum() - n * d / 2 * np.log(2 * np.pi)


def ratios_of(corr_chol: np.ndarray) -> np.ndarray:
    """z of Cholesky factors of correlation matrices, shape (K, d, d)."""
    rows, columns = np.tril_indices(corr_chol.shape[1], -1)
    return corr_chol[:, rows, columns] / corr_chol[:, rows, rows]


def corr_chol_of(z: np.ndarray, d: int) -> np.ndarray:
    """Cholesky factors, shape (..., d, d), of z of shape (..., d (d - 1) / 2)."""
    Z = np.zeros((*z.shape[:-1], d, d))
    rows, columns = np.tril_indices(d, -1)
    Z[..., rows, columns] = z
    Z[..., np.arange(d), np.arange(d)] = 1.0
    return Z / np.linalg.norm(Z, axis=-1, keepdims=True)


def start_of(compiled: Any) -> np.ndarray:
    """The MAP in the sampler's coordinates."""
    return np.asarray(compiled.initial_point_func(0), dtype=np.float64)


if __name__ == "__main__":
    main()
