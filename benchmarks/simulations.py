"""Tables drawn from the model's own prior, and where their truth ranks among posterior draws."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from arviz_stats.base import array_stats
from scipy.special import logsumexp
from scipy.stats import wishart

from bayes_gmm import (
    LKJ,
    BayesGMM,
    HierarchicalWishart,
    LogNormal,
    Normal,
    Posterior,
    Prior,
)
from bayes_gmm.data.resolution import Recording, recording_variances
from bayes_gmm.errors import (
    AmbiguousLabelsWarning,
    ConvergenceWarning,
    DataWarning,
    MultimodalWarning,
)
from bayes_gmm.inference.sampling.draws import Draws
from bayes_gmm.inference.sampling.laplace_approximation import peaks_of
from bayes_gmm.inference.sampling.mode_assignment import marked
from bayes_gmm.inference.sampling.relabel import relabel
from bayes_gmm.model.parameters import Layout
from bayes_gmm.model.points import Points
from bayes_gmm.model.structure import Structure

KEPT = 100
"""Draws that the truth is ranked among."""
ENOUGH = 1.5
"""Effective draws for each that is kept; where there are fewer, longer chains are drawn."""
LONGEST, TIMES = 8.0, 2
"""How much longer at the most, and how often."""

Quantities = dict[str, np.ndarray]


@dataclass(frozen=True)
class Setting:
    """What tables are drawn from and fitted with.

    The prior is the default one, in units in which components have scales of about 1: `mean_scale`
    is how far they lie apart. At 10 most can be told from each other, at 1 they overlap.
    """

    n_components: int
    n_features: int
    mean_scale: float
    n_rows: int = 80
    resolution: float | None = 0.02
    missing: float = 0.0

    def __str__(self) -> str:
        return f"K={self.n_components} d={self.n_features} means {self.mean_scale:g}"

    @property
    def layout(self) -> Layout:
        return Layout(self.n_components, self.n_features, Structure())

    @property
    def prior(self) -> Prior:
        means = Normal(0.0, self.mean_scale)
        if self.n_features > 1:
            return Prior(means=means, covariances=HierarchicalWishart(G0=1.0))
        return Prior(means=means, covariances=LKJ(scales=LogNormal(1.0, 0.75)))

    @property
    def rho2(self) -> np.ndarray:
        """Variance of the recording error of each feature, as in the density of complete rows."""
        steps = np.full(self.n_features, self.resolution or 0.0)
        rows = np.full(self.n_features, float(self.n_rows))
        return recording_variances(Recording(steps, np.zeros(self.n_features)), rows)

    def generator(self, seed: int) -> np.random.Generator:
        """Randomness of its own for each setting and seed, so that outcomes can be pooled."""
        numbers = (seed, self.n_components, self.n_features, round(1000 * self.mean_scale))
        return np.random.default_rng(numbers)

    def parameters(self, rng: np.random.Generator) -> np.ndarray:
        """theta from the prior, by NumPy's own generators."""
        K, d, prior = self.n_components, self.n_features, self.prior
        weights = rng.dirichlet(np.full(K, prior.concentration))
        means = rng.normal(prior.means.location, prior.means.scale, (K, d))
        if isinstance(prior.covariances, HierarchicalWishart):
            scales, corr_chol = wishart_covariances(*prior.covariances.settled(d, K), K, rng)
        else:
            medians = prior.covariances.scales
            scales = rng.lognormal(np.log(medians.median), medians.spread, (K, d))
            eta, n = prior.covariances.eta, self.layout.n_correlations
            corr_chol = np.array([lkj_cholesky(d, eta, rng) for _ in range(n)])
        return self.layout.pack(weights, means, scales, corr_chol)

    def table(self, theta: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Rows of the mixture that theta stands for, with recording error and missing cells."""
        point = Points.of(self.layout, theta)
        z = rng.choice(self.n_components, self.n_rows, p=np.exp(point.log_weights))
        noise = rng.normal(size=(2, self.n_rows, self.n_features))
        latent = point.means[z] + np.einsum("njl,nl->nj", point.scale_trils[z], noise[0])
        rows = latent + np.sqrt(self.rho2) * noise[1]
        if self.missing:
            rows[rng.random(rows.shape) < self.missing] = np.nan
        return rows


@dataclass(frozen=True)
class Outcome:
    """What one table says of calibration.

    Attributes
    ----------
    ranks : dict of str to float
        Of the truth among `KEPT` draws, uniform on (0, 1): (rank + a uniform number) / (KEPT + 1).
    below : dict of str to float
        Share of all draws below the truth, from which follows which intervals cover it.
    least_ess : float
        Of all quantities: how many independent draws there were at the least.
    ambiguity : float
        Largest confusion of two components (see `Relabelling`).
    modes : int
        That draws visit.
    """

    ranks: dict[str, float]
    below: dict[str, float]
    least_ess: float
    ambiguity: float
    modes: int


def lkj_cholesky(d: int, eta: float, rng: np.random.Generator) -> np.ndarray:
    """Cholesky factor of a correlation matrix of LKJ(eta), row by row.

    Row j (from 1) points anywhere, and its squared length without the diagonal is
    Beta((j - 1) / 2, eta + (d - j) / 2) (Lewandowski, Kurowicka & Joe 2009, section 3.2).
    """
    C = np.eye(d)
    for j in range(1, d):
        length2 = rng.beta(j / 2, eta + (d - j - 1) / 2)
        direction = rng.normal(size=j)
        C[j, :j] = np.sqrt(length2) * direction / np.linalg.norm(direction)
        C[j, j] = np.sqrt(1.0 - length2)
    return C


def wishart_covariances(
    c0: float, g0: float, G0: np.ndarray, K: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Scales and Cholesky factors of correlations of K precisions with one scale matrix."""
    C0 = wishart.rvs(2 * g0, np.linalg.inv(2 * G0), random_state=rng)
    P = [wishart.rvs(2 * c0, np.linalg.inv(2 * C0), random_state=rng) for _ in range(K)]
    L = np.linalg.cholesky(np.linalg.inv(P))
    scales = np.linalg.norm(L, axis=2)
    return scales, L / scales[:, :, None]


def simulated(setting: Setting, seed: int, *, draws: int = 500) -> Outcome:
    """Draw parameters and a table, fit it with the prior it came from, and rank the truth."""
    rng = setting.generator(seed)
    truth = setting.parameters(rng)
    X = setting.table(truth, rng)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # some tables have small segments
        model = BayesGMM(
            setting.n_components, prior=setting.prior, standardize=False,
            resolution=setting.resolution, random_state=int(rng.integers(2**31)),
        ).fit(X)  # fmt: skip
    true = quantities(setting, aligned(model, truth), X)
    for _ in range(TIMES + 1):
        posterior = sampled(model, draws)
        found = quantities(setting, posterior.draws.theta, X)
        ess = min(float(array_stats.ess(values)) for values in found.values())
        if ess >= ENOUGH * KEPT:
            break
        draws = int(draws * min(LONGEST, 1.5 * ENOUGH * KEPT / ess))
    return Outcome(
        {name: rank(found[name], true[name].item(), rng) for name in found},
        {name: float(np.mean(found[name] < true[name].item())) for name in found},
        ess,
        posterior.labels.ambiguity,
        len(posterior.mode_fractions),
    )


def sampled(model: BayesGMM, draws: int) -> Posterior:
    """The posterior; that labels are ambiguous, modes many or chains too short is no surprise."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AmbiguousLabelsWarning)
        warnings.simplefilter("ignore", MultimodalWarning)
        warnings.simplefilter("ignore", DataWarning)
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.sample_posterior(draws=draws, progress=False)


def aligned(model: BayesGMM, truth: np.ndarray) -> np.ndarray:
    """The truth as a single draw (1, 1, p), marked with its mode and numbered as draws are."""
    density, fit = model._fitted.density, model.map_fit_
    draws = Draws(truth[None, None], density.layout, np.zeros((1, 1), np.int64))
    references = [mode.mixture for mode in fit.modes]
    draws = marked(draws, peaks_of(density, model._fitted.found))
    return relabel(draws, references, density.rho2)[0]


def quantities(setting: Setting, theta: np.ndarray, X: np.ndarray) -> Quantities:
    """Every aligned parameter, and what no numbering changes, of draws (chain, draw, p)."""
    points = Points.of(setting.layout, theta)
    w, C = np.exp(points.log_weights), points.corr_chol
    named: dict[str, Any] = {}
    for k in range(setting.n_components):
        named[f"weight {k}"] = w[..., k]
        for j in range(setting.n_features):
            named[f"mean {k},{j}"] = points.means[..., k, j]
            named[f"scale {k},{j}"] = points.scales[..., k, j]
            for l in range(j):
                named[f"correlation {k},{j}{l}"] = (C @ C.mT)[..., k, j, l]
    ordered = np.sort(w, axis=-1)
    return named | {
        "invariant: log-likelihood": log_likelihood(setting, points, X),
        "invariant: smallest weight": ordered[..., 0],
        "invariant: largest weight": ordered[..., -1],
        "invariant: entropy": -(w * points.log_weights).sum(axis=-1),
        "invariant: mean of a row": (w[..., None] * points.means).sum(axis=-2)[..., 0],
    }


def log_likelihood(setting: Setting, points: Points, X: np.ndarray) -> np.ndarray:
    """log p(X | theta) of each draw, written out."""
    L = points.scale_trils
    M = np.linalg.cholesky(L @ L.mT + np.diag(setting.rho2))
    inverse = np.linalg.inv(M)
    y = inverse @ (X.T - points.means[..., None])
    log_det = np.log(np.diagonal(M, axis1=-2, axis2=-1)).sum(axis=-1)
    log_p = (points.log_weights - log_det)[..., None] - 0.5 * (y**2).sum(axis=-2)
    constant = 0.5 * X.size * np.log(2 * np.pi)
    return logsumexp(log_p, axis=-2).sum(axis=-1) - constant


def rank(draws: np.ndarray, true: float, rng: np.random.Generator) -> float:
    """Of the truth among `KEPT` draws, as far apart in their chains as can be."""
    per_chain = KEPT // draws.shape[0]
    places = ((np.arange(per_chain) + 0.5) * draws.shape[1] / per_chain).astype(int)
    kept = draws[:, places]
    below, equal = np.count_nonzero(kept < true), np.count_nonzero(kept == true)
    return float((below + (equal + 1) * rng.uniform()) / (kept.size + 1))
