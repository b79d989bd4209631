"""The `demo` command: the bundled customers, and a comparison of their fit with the truth."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bayes_gmm.model.mixture import Mixture
from bayes_gmm.text import percent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bayes_gmm.data.datasets import Customers

FEATURES = ("Annual income (k$)", "Spending score")
TABLE = "customers.csv"


def against_truth(found: NDArray[np.int64], customers: Customers) -> str:
    """Compare the segments found for the rows with the true ones, as text.

    Where segments overlap, even the true densities misclassify rows: their accuracy is the best
    that can be expected.
    """
    from sklearn.metrics import adjusted_rand_score

    truth = customers.truth
    drawn = Mixture(truth.weights, truth.means, truth.covariances, features=truth.features)
    best = drawn.marginal(FEATURES).responsibilities(customers.table[list(FEATURES)]).argmax(axis=1)
    right, possible = (_n_matched(labels, customers.segment) for labels in (found, best))
    rand = adjusted_rand_score(customers.segment, found)
    return (
        f"Accuracy: {right} of {len(found)} customers ({percent(right / len(found))}) are assigned "
        f"to their true segment\n(adjusted Rand index {rand:.2f}); the true densities assign "
        f"{possible} correctly."
    )


def _n_matched(labels: NDArray[np.int64], truth: NDArray[np.int64]) -> int:
    """Count the rows on which two labellings agree under the best matching of segments."""
    from scipy.optimize import linear_sum_assignment
    from sklearn.metrics import confusion_matrix

    counts = confusion_matrix(truth, labels)
    return int(counts[linear_sum_assignment(-counts)].sum())


def command_for(folder: Path) -> str:
    """The command that fits the table of the demo."""
    features = [part for name in FEATURES for part in ("--features", name)]
    command = ["bayes-gmm", "fit", str(folder / TABLE), *features]
    return shlex.join([*command, "--components", "5", "--posterior", "nuts", "--out", "out"])
