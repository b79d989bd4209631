"""A whole fit, starts included, against ``GaussianMixture(n_init=20, tol=1e-6)``.

    python benchmarks/fit.py [--starts 20] [--sizes 2]

The priors are flat (`Prior.flat`, ``resolution=None``), so that both seek the same optimum. Both
log-likelihoods are printed: faster counts where ours is equal or better. scikit-learn's n_init=20
takes hours at the largest sizes; with ``--starts 2`` it runs twice and the time is multiplied by
ten, which favours neither.
"""

from __future__ import annotations

import argparse
import resource
import time
import warnings

from sklearn.mixture import GaussianMixture
from tables import SIZES, simulated

from bayes_gmm import BayesGMM, Prior

STARTS = 20


def main() -> None:
    """Print a row for each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=STARTS, help="scikit-learn's starts that run")
    parser.add_argument("--sizes", type=int, default=len(SIZES), help="how many sizes, small first")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    BayesGMM(2, random_state=0).fit(simulated(200, 2, 2))
    print("     rows   d   K  scikit-learn   bayes_gmm   ratio   our log-likelihood less theirs")
    for n_rows, d, K in SIZES[: options.sizes]:
        X = simulated(n_rows, d, K)
        before = _peak()
        start = time.perf_counter()
        ours = BayesGMM(K, prior=Prior.flat(), resolution=None, random_state=0).fit(X)
        our_time = time.perf_counter() - start
        extra = _peak() - before
        start = time.perf_counter()
        theirs = GaussianMixture(
            K, n_init=options.starts, tol=1e-6, max_iter=1000, random_state=0
        ).fit(X)
        their_time = (time.perf_counter() - start) * STARTS / options.starts
        gain = ours.log_likelihood_ - theirs.score(X) * n_rows
        print(
            f"{n_rows:9} {d:3} {K:3} {their_time:11.2f} s {our_time:9.3f} s "
            f"{their_time / our_time:6.1f}x  {gain:+.4f}  peak +{extra:.0f} MB"
        )


def _peak() -> float:
    """Largest resident memory so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
