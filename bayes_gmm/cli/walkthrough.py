"""The `demo` command: fit the bundled customers and compare the fit with the truth."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bayes_gmm.cli.files import check_folder, write_fit
from bayes_gmm.cli.findings import Report, files_text, fitted
from bayes_gmm.cli.sampling import SamplingOptions
from bayes_gmm.data.datasets import load_customers
from bayes_gmm.data.feature_matrix import feature_matrix
from bayes_gmm.model.mixture import Mixture
from bayes_gmm.text import percent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bayes_gmm.data.datasets import Customers

FEATURES = ("Annual income (k$)", "Spending score")
TABLE = "customers.csv"


def run(folder: Path) -> str:
    """Fit the bundled customers, write the files and return the report."""
    check_folder(folder)
    customers = load_customers()
    n_components = len(customers.truth.weights)
    matrix = feature_matrix(customers.table, FEATURES)
    report = fitted(TABLE, matrix, None, n_components, {"random_state": 0}, SamplingOptions())
    written = write_fit(
        report, matrix, folder, source={TABLE: customers.table}, frame=customers.table,
        command=_command(folder),
    )  # fmt: skip
    blocks = [
        f"These {matrix.n_rows} customers are simulated from {n_components} known segments; none "
        "of them is a real person.",
        report.text(),
        against_truth(report, customers),
        files_text(written),
        f"To fit this table, or one of your own, run\n  {_command(folder)}",
    ]
    return "\n\n".join(blocks)


def against_truth(report: Report, customers: Customers) -> str:
    """Compare the fitted segments with the true segments, as text.

    Where segments overlap, even the true densities misclassify rows: their accuracy is the best
    that can be expected.
    """
    from sklearn.metrics import adjusted_rand_score

    truth = customers.truth
    drawn = Mixture(truth.weights, truth.means, truth.covariances, features=truth.features)
    best = drawn.marginal(FEATURES).responsibilities(customers.table[list(FEATURES)]).argmax(axis=1)
    found = report.membership.argmax(axis=1)
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


def _command(folder: Path) -> str:
    features = [part for name in FEATURES for part in ("--features", name)]
    command = ["bayes-gmm", "fit", str(folder / TABLE), *features]
    return shlex.join([*command, "--components", "5", "--posterior", "nuts", "--out", "out"])
