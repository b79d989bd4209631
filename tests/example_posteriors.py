"""Small posteriors that several tests are about, and draws that no sampler is needed for."""

from dataclasses import replace

import numpy as np
from example_tables import four_corners

from bayes_gmm.data.feature_matrix import feature_matrix
from bayes_gmm.inference.modes.multistart import find_modes
from bayes_gmm.inference.modes.row_sample import Sample
from bayes_gmm.inference.optimize.newton import polish
from bayes_gmm.inference.sampling.draws import Draws
from bayes_gmm.inference.sampling.mode_assignment import resampled_by_mass, visits_of
from bayes_gmm.model.prior import Prior
from bayes_gmm.model.structure import Structure
from bayes_gmm.model.table_density import density_of_table
from bayes_gmm.results.fit.map_fit import MapFit
from bayes_gmm.results.posterior.posterior import Posterior


def fit_and_density(X, K, structure="full", prior=Prior(), features=None):  # noqa: B008
    """A MAP fit, its density, and where each mode lies."""
    structure = Structure.parse(structure)
    matrix = feature_matrix(X, features)
    density, units = density_of_table(matrix, K, structure=structure, prior=prior)
    sample = Sample.of(units.apply(matrix.values), None)
    found = find_modes(density, sample, np.random.default_rng(0), n_init=8)
    fit = MapFit.from_modes(
        density, found, standardizer=units, features=matrix.features,
        prior=prior, structure=structure,
    )  # fmt: skip
    return fit, density, [mode.theta for mode in found]


def normal_draws(density, theta, shape=(4, 250), *, mode=0, seed=0, method="nuts"):
    """Draws of the normal approximation about a mode."""
    peak = polish(density, theta, jacobian=True).theta
    p, step = len(peak), 1e-4
    gradient = lambda x: density.value_and_gradient(x, jacobian=True)[1]  # noqa: E731
    H = [(gradient(peak + step * e) - gradient(peak - step * e)) / (2 * step) for e in np.eye(p)]
    half = np.linalg.cholesky(-0.5 * (np.array(H) + np.array(H).T))
    z = np.random.default_rng(seed).normal(size=(*shape, p))
    draws = peak + np.linalg.solve(half.T, z[..., None])[..., 0]
    lp = np.zeros(shape)
    return Draws(
        draws, density.layout, np.full(shape, mode), {"lp": lp, "diverging": lp > 0},
        method, "nutpie" if method == "nuts" else "laplace", 300, 7,
        khat=None if method == "nuts" else 0.4,
    )  # fmt: skip


def exact_draws(density, theta, shape=(4, 500), *, seed=0, thin=3):
    """Markov chains of the posterior itself: Metropolis, proposing from the normal approximation.

    The proposals are a little wider than the approximation, so that no tail holds a chain up.
    """
    start = normal_draws(density, theta, (shape[0], thin * shape[1]), seed=seed)
    flat = start.theta.reshape(-1, len(theta))
    centre, root = flat.mean(axis=0), np.linalg.cholesky(np.cov(flat.T))
    rng = np.random.default_rng(seed)
    z = rng.normal(size=start.theta.shape) * np.sqrt(10 / rng.chisquare(10, (*start.mode.shape, 1)))
    proposals = centre + z @ root.T
    log_ratio = np.array(
        [density.log_posterior(x, jacobian=True) for x in proposals.reshape(flat.shape)]
    ).reshape(start.mode.shape) + (10 + len(theta)) / 2 * np.log1p((z**2).sum(axis=-1) / 10)
    chains = proposals.copy()
    for chain, ratio in zip(chains, log_ratio, strict=True):
        for t in range(1, len(chain)):
            if np.log(rng.random()) >= ratio[t] - ratio[t - 1]:
                chain[t], ratio[t] = chain[t - 1], ratio[t - 1]
    return replace(normal_draws(density, theta, shape), theta=chains[:, ::thin])


def two_groups(n=150, seed=0):
    rng = np.random.default_rng(seed)
    young = rng.multivariate_normal([25.0, 20e3], [[9.0, 3e3], [3e3, 4e6]], size=2 * n // 3)
    older = rng.multivariate_normal([60.0, 45e3], [[25.0, -1e4], [-1e4, 3e7]], size=n // 3)
    return np.r_[young, older]


def two_segments():
    """Two groups of customers: 4 chains of 250 draws."""
    matrix = feature_matrix(two_groups(), ("Age", "Income"))
    fit, density, thetas = fit_and_density(matrix, 2)
    return Posterior.from_draws(fit, density, normal_draws(density, thetas[0]), table=matrix)


def one_segment():
    """Rows of one feature in a single group."""
    X = np.random.default_rng(0).normal(size=(80, 1))
    fit, density, thetas = fit_and_density(X, 1)
    return Posterior.from_draws(fit, density, normal_draws(density, thetas[0], (2, 100)))


def two_segmentations():
    """Four groups at the corners of a square, half the draws of each way to take them for two."""
    matrix = feature_matrix(four_corners(), ["x", "y"])
    fit, density, thetas = fit_and_density(matrix, 2)
    assert len(fit.modes) > 1
    both = [normal_draws(density, thetas[m], (2, 100), mode=m) for m in (0, 1)]
    draws = replace(
        both[0],
        theta=np.concatenate([part.theta for part in both]),
        mode=np.concatenate([part.mode for part in both]),
        stats={},
    )
    return Posterior.from_draws(fit, density, draws, table=matrix)


def resampled_segmentations():
    """The same, resampled so that the second way has a fifth of the draws."""
    sampled = two_segmentations()
    draws = sampled.draws
    visits, rng = visits_of(draws.mode, 2), np.random.default_rng(0)
    return replace(sampled, draws=resampled_by_mass(draws, visits, np.array([0.8, 0.2]), rng))
