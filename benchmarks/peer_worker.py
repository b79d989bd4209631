"""A process that fits one table with another package, one start for each line it reads.

    python benchmarks/peer_worker.py PACKAGE FILE ROWS FEATURES COMPONENTS

PACKAGE is one of `PEERS`; FILE holds the table as float64, column by column. A line ``start SEED``
makes one start with the defaults of the package; ``continue`` continues EM from there until it has
converged. Each answer is one line: the seconds, then weights, means and
covariances. The first line, ``ready VERSION``, comes after imports and a start that compiles.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from importlib.metadata import version

import numpy as np

Parameters = tuple[np.ndarray, np.ndarray, np.ndarray]
GAIN, MOST_ITERATIONS = 0.01, 1000
"""Of `continue`: EM stops when an iteration gains fewer nats, or after so many iterations."""


class ScikitLearn:
    """`GaussianMixture` with one or two BLAS threads, whichever is faster in a trial."""

    package = "scikit-learn"

    def __init__(self, X: np.ndarray, n_components: int) -> None:
        from sklearn.mixture import GaussianMixture
        from threadpoolctl import threadpool_limits

        self.make = GaussianMixture
        self.X, self.K = X, n_components
        self.start(0)
        trials = []
        for threads in (1, 2):
            with threadpool_limits(threads):
                trials.append((seconds_of(lambda: self.start(0)), threads))
        threadpool_limits(min(trials)[1])

    def start(self, seed: int) -> Parameters:
        self.fit = self.make(self.K, random_state=seed, warm_start=True).fit(self.X)
        return self.parameters

    def proceed(self) -> Parameters:
        self.fit.set_params(tol=GAIN / len(self.X), max_iter=MOST_ITERATIONS).fit(self.X)
        return self.parameters

    @property
    def parameters(self) -> Parameters:
        return self.fit.weights_, self.fit.means_, self.fit.covariances_


class Gmmx:
    """gmmx, in JAX with 32 bits, as it accepts no others."""

    package = "gmmx"

    def __init__(self, X: np.ndarray, n_components: int) -> None:
        import gmmx
        import jax

        self.gmmx = gmmx
        self.X, self.K = jax.numpy.asarray(X), n_components
        self.start(0)
        self.longer = gmmx.EMFitter(tol=GAIN / len(X), max_iter=MOST_ITERATIONS)
        self.longer.fit(self.X, self.fit)  # compiles

    def start(self, seed: int) -> Parameters:
        first = self.gmmx.GaussianMixtureModelJax.from_k_means(
            self.X, self.K, n_init=1, random_state=seed
        )
        self.fit = self.gmmx.EMFitter().fit(self.X, first).gmm
        return self.parameters

    def proceed(self) -> Parameters:
        self.fit = self.longer.fit(self.X, self.fit).gmm
        return self.parameters

    @property
    def parameters(self) -> Parameters:
        fit = self.fit
        return fit.weights_numpy, fit.means_numpy, fit.covariances.values_numpy


class Pomegranate:
    """pomegranate, in PyTorch with 32 bits, as its k-means accepts no others."""

    package = "pomegranate"

    def __init__(self, X: np.ndarray, n_components: int) -> None:
        import torch
        from pomegranate.distributions import Normal
        from pomegranate.gmm import GeneralMixtureModel

        torch.set_num_threads(2)
        self.mixture, self.normal = GeneralMixtureModel, Normal
        self.X, self.K = torch.as_tensor(X, dtype=torch.float32), n_components
        self.start(0)

    def start(self, seed: int) -> Parameters:
        components = [self.normal() for _ in range(self.K)]
        self.fit = self.mixture(components, random_state=seed).fit(self.X)
        return self.parameters

    def proceed(self) -> Parameters:
        self.fit.tol, self.fit.max_iter = GAIN, MOST_ITERATIONS
        self.fit.fit(self.X)
        return self.parameters

    @property
    def parameters(self) -> Parameters:
        components = self.fit.distributions
        return (
            self.fit.priors.numpy(),
            np.array([c.means.numpy() for c in components]),
            np.array([c.covs.numpy() for c in components]),
        )


PEERS = {"scikit-learn": ScikitLearn, "gmmx": Gmmx, "pomegranate": Pomegranate}


def seconds_of(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    """Answer lines until there are no more."""
    package, path, n_rows, n_features, n_components = sys.argv[1:]
    warnings.simplefilter("ignore")
    X = np.fromfile(path).reshape(int(n_features), int(n_rows)).T
    peer = PEERS[package](np.ascontiguousarray(X), int(n_components))
    print("ready", version(peer.package), flush=True)
    for line in sys.stdin:
        command, *seed = line.split()
        start = time.perf_counter()
        try:
            found = peer.start(int(seed[0])) if command == "start" else peer.proceed()
        except (ValueError, RuntimeError) as error:  # a component has collapsed
            print(f"{package}: {error}", file=sys.stderr)
            found = ()
        seconds = time.perf_counter() - start
        numbers = [float(v) for part in found for v in np.ravel(part)]
        print(seconds, *numbers, flush=True)


if __name__ == "__main__":
    main()
