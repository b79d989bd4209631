"""How often 94 % intervals hold fixed true parameters, and how well segments are found.

    python benchmarks/interval_coverage.py [--tables 10] [--processes 1] [--only TEXT]

Unlike simulation-based calibration, which averages over the prior, the truth is fixed in each cell:
K = 1, 2, 3 segments; d = 2, 3, 5, 10 features; 30, 100, 300 rows a segment; covariances with equal
correlations (0, .8, .95, .99), one correlated pair (.9), or the autoregressive pattern .9^|i - j|;
equal or different between segments; segments separated along or across their main axis by 10
standard deviations.

Each line has the share of correlations, standard deviations, means and weights whose equal-tailed
94 % interval holds the truth (NUTS, 4 chains of 250 draws), the adjusted Rand index of the MAP, and
that of the true parameters. A figure below its bound is marked with an asterisk: for correlations
and standard deviations .85 with at least 10 d rows a segment and .70 with at least 3 d; for the
index that of the true parameters less .02. Tables of cells of one size share their random numbers,
so that such cells err together.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.stats import multivariate_normal
from sklearn.metrics import adjusted_rand_score

import bayes_gmm as bg

PROBABILITY = 0.94
SEPARATION = 10.0
"""Between neighbouring segments, in their largest standard deviation in that direction."""
PARTS = ("correlations", "scales", "means", "weights")


@dataclass(frozen=True)
class Cell:
    """What tables are drawn from.

    `shape` names the covariance of the first segment and `others` those of the second and third.
    """

    n_components: int
    n_features: int
    n_rows: int
    shape: str
    others: str = "equal"
    direction: str = "along"

    def __str__(self) -> str:
        rest = f" {self.others:9s} {self.direction}" if self.n_components > 1 else ""
        sizes = f"K={self.n_components} d={self.n_features:<2d} n={self.n_rows:<3d}"
        return f"{sizes} {self.shape:8s}{rest}"

    @property
    def bound(self) -> float:
        """Least coverage of correlations and standard deviations."""
        per_feature = self.n_rows / self.n_features
        return 0.85 if per_feature >= 10 else 0.70 if per_feature >= 3 else 0.0

    def covariances(self) -> np.ndarray:
        """True covariances, shape (K, d, d)."""
        first = covariance(self.shape, self.n_features)
        signs = np.where(np.arange(self.n_features) % 2, -1.0, 1.0)
        second = {
            "equal": first,
            "reversed": first * np.outer(signs, signs),
            "round": np.eye(self.n_features),
        }[self.others]
        return np.stack([first, second, first])[: self.n_components]

    def means(self) -> np.ndarray:
        """True means on a line, shape (K, d)."""
        d, V = self.n_features, self.covariances()
        axis = {
            "along": np.ones(d),
            "across": np.r_[1.0, -1.0, np.zeros(d - 2)],
            "first": np.r_[1.0, np.zeros(d - 1)],
        }[self.direction]
        axis = axis / np.linalg.norm(axis)
        return SEPARATION * np.sqrt((axis @ V @ axis).max()) * np.outer(range(len(V)), axis)


def covariance(shape: str, d: int) -> np.ndarray:
    """Correlation matrix of a pattern: "equal .95", "pair .9" or "ar .9"."""
    kind, r = shape.split()
    i = np.arange(d)
    if kind == "ar":
        return float(r) ** np.abs(i[:, None] - i)
    same = i[:, None] == i
    if kind == "pair":
        return np.where(same, 1.0, np.where((i[:, None] < 2) & (i < 2), float(r), 0.0))
    return np.where(same, 1.0, float(r))


def cells() -> Iterator[Cell]:
    """The grid."""
    shapes = ("equal 0", "equal .8", "equal .95", "equal .99", "pair .9", "ar .9")
    for d, n in product((2, 3, 5, 10), (30, 100, 300)):
        for shape in shapes:
            yield Cell(1, d, n, shape)
            yield Cell(2, d, n, shape, "equal", "first" if shape == "equal 0" else "along")
        yield Cell(2, d, n, "equal .95", "equal", "across")
        for K, others in product((2, 3), ("reversed", "round")):
            yield Cell(K, d, n, "equal .9", others, "first")
        yield Cell(3, d, n, "equal .95")


def table(cell: Cell, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows and their segments."""
    rng = np.random.default_rng(seed)
    factors = np.linalg.cholesky(cell.covariances())
    labels = np.repeat(np.arange(cell.n_components), cell.n_rows)
    noise = rng.normal(size=(len(labels), cell.n_features))
    return cell.means()[labels] + np.einsum("nij,nj->ni", factors[labels], noise), labels


def outcome(
    job: tuple[Cell, int], prior: bg.Prior | None = None
) -> tuple[np.ndarray, float, float]:
    """Coverage of each part, and the adjusted Rand indices of the MAP and of the truth."""
    cell, seed = job
    X, labels = table(cell, seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = bg.BayesGMM(cell.n_components, prior=prior, random_state=seed).fit(X)
        posterior = model.sample_posterior(draws=250, random_state=seed, progress=False)
    means, V = cell.means(), cell.covariances()
    densities = [multivariate_normal(m, S).logpdf(X) for m, S in zip(means, V, strict=True)]
    best = adjusted_rand_score(labels, np.argmax(densities, axis=0))
    held = coverage(posterior, cell)
    return held, adjusted_rand_score(labels, model.predict(X)), best


def coverage(posterior: bg.Posterior, cell: Cell) -> np.ndarray:
    """Share of the parameters of each of `PARTS` that their intervals hold; NaN where none are."""
    V, means = cell.covariances(), cell.means()
    sd = np.sqrt(np.diagonal(V, axis1=1, axis2=2))
    lower = np.tril_indices(cell.n_features, -1)
    draws = {
        name: posterior.tree.posterior[name].to_numpy().reshape(-1, *np.shape(true))
        for name, true in (
            ("correlations", V), ("scales", sd), ("means", means), ("weights", sd[:, 0]),
        )
    }  # fmt: skip
    distance = ((draws["means"].mean(axis=0)[:, None] - means) ** 2).sum(axis=2)
    order = np.argsort(linear_sum_assignment(distance)[1])  # the segment of each true one
    truths = {
        "correlations": (V / sd[:, :, None] / sd[:, None])[:, *lower],
        "scales": sd,
        "means": means,
        "weights": np.full(len(means), 1.0 / len(means)),
    }
    draws["correlations"] = draws["correlations"][:, :, *lower]
    shares = []
    for name in PARTS:
        tails = 0.5 * (1.0 - PROBABILITY), 0.5 * (1.0 + PROBABILITY)
        low, high = np.quantile(draws[name][:, order], tails, axis=0)
        inside = (low <= truths[name]) & (truths[name] <= high)
        shares.append(inside.mean() if name != "weights" or len(means) > 1 else np.nan)
    return np.array(shares)


def main() -> None:
    """Print a line for each cell, and the averages."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", type=int, default=10, help="of each cell")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--only", default="", help="cells whose line contains this text")
    options = parser.parse_args()
    chosen = [cell for cell in cells() if options.only in str(cell)]
    jobs = [(cell, seed) for cell in chosen for seed in range(options.tables)]
    print(f"{'':34s}" + " ".join(f"{part:>12s}" for part in (*PARTS, "ARI", "best ARI")))
    everything = []
    with ProcessPoolExecutor(options.processes) as pool:
        found = pool.map(outcome, jobs)
        for cell in chosen:
            of_cell = [next(found) for _ in range(options.tables)]
            held = np.mean([shares for shares, _, _ in of_cell], axis=0)
            ari, best = (np.mean([of[i] for of in of_cell]) for i in (1, 2))
            everything.append(held)
            bounds = [cell.bound, cell.bound, 0.0, 0.0, best - 0.02, 0.0]
            figures = [*held, ari, best]
            text = [
                f"{figure:11.2f}{'*' if figure < bound else ' '}"
                for figure, bound in zip(figures, bounds, strict=True)
            ]
            print(f"{cell!s:34s}" + " ".join(text), flush=True)
    means = " ".join(f"{share:11.3f} " for share in np.nanmean(everything, axis=0))
    print(f"{'all cells':34s}{means}")


if __name__ == "__main__":
    main()
