"""Bundled tables."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from bayes_gmm.data.rows import Floats

if TYPE_CHECKING:
    import pandas as pd

FEATURES = ("Age", "Annual income (k$)", "Spending score", "Basket ($)")

# Segment: share, then mean and standard deviation of each feature, in the order of FEATURES.
SEGMENTS = {
    "Everyday shoppers": (0.36, (44.0, 6.5), (55.0, 9.0), (50.0, 8.5), (38.0, 6.5)),
    "Careful high earners": (0.20, (42.0, 5.5), (87.0, 12.0), (25.0, 7.5), (58.0, 10.0)),
    "Young high earners": (0.18, (33.0, 3.5), (84.0, 10.0), (76.0, 7.0), (90.0, 13.0)),
    "Young trendsetters": (0.14, (27.0, 3.0), (31.0, 6.5), (72.0, 8.0), (50.0, 8.5)),
    "Careful low earners": (0.12, (46.0, 7.0), (31.0, 6.5), (27.0, 7.5), (24.0, 5.0)),
}

# Correlations of each segment: (first feature, second feature, correlation), features from 0.
CORRELATIONS = {
    "Everyday shoppers": ((0, 2, -0.35), (1, 3, 0.30)),
    "Careful high earners": ((1, 2, -0.60), (1, 3, 0.35)),
    "Young high earners": ((1, 2, 0.45), (2, 3, 0.50)),
    "Young trendsetters": ((0, 1, 0.30), (1, 2, -0.30)),
    "Careful low earners": ((1, 2, 0.40), (2, 3, 0.40)),
}


@dataclass(frozen=True, eq=False)
class Truth:
    """The mixture from which a table was simulated, in the units of its columns.

    Attributes
    ----------
    names : tuple of str
        Names of the segments.
    features : tuple of str
        The columns.
    weights : ndarray, shape (n_components,)
    means : ndarray, shape (n_components, n_features)
    covariances : ndarray, shape (n_components, n_features, n_features)
    """

    names: tuple[str, ...]
    features: tuple[str, ...]
    weights: Floats
    means: Floats
    covariances: Floats


@dataclass(frozen=True, eq=False)
class Customers:
    """A table of simulated customers.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per customer: age in years, annual income in thousands of dollars to one decimal, a
        spending score from 0 to 100, and the average basket in dollars and cents.
    segment : ndarray of int, shape (n_customers,)
        True segment of each customer, as a position in `truth`.
    truth : Truth
        The mixture from which the customers were drawn, before rounding.
    """

    table: pd.DataFrame
    segment: npt.NDArray[np.int64]
    truth: Truth

    @property
    def labelled(self) -> pd.DataFrame:
        """The table with the name of each customer's segment as last column."""
        return self.table.assign(Segment=[self.truth.names[k] for k in self.segment])


def load_customers() -> Customers:
    """Simulated retail customers with known segments.

    The customers are not real: 400 draws from a Gaussian mixture of five segments, rounded as a
    shop would record them. Two features, income and spending score, show all five segments.

    Returns
    -------
    Customers

    Examples
    --------
    >>> customers = load_customers()
    >>> customers.table.shape
    (400, 4)
    >>> customers.table.head(2)
       Age  Annual income (k$)  Spending score  Basket ($)
    0   25                30.6              66       38.94
    1   28                37.1              61       49.59
    >>> customers.truth.names[customers.segment[0]]
    'Young trendsetters'
    """
    import pandas as pd

    with files("bayes_gmm.data").joinpath("customers.csv").open(encoding="utf-8") as stream:
        table = pd.read_csv(stream)
    truth = _truth()
    segment = table.pop("Segment").map(truth.names.index).to_numpy(dtype=np.int64)
    return Customers(table, segment, truth)


def simulate_customers(n_customers: int = 400, seed: int = 20260311) -> Customers:
    """Simulate customers like those of `load_customers`.

    The bundled file is ``simulate_customers().labelled.to_csv(path, index=False)``.

    Parameters
    ----------
    n_customers : int
        Number of customers.
    seed : int
        Seed of the random number generator; the default gives the bundled table.

    Examples
    --------
    >>> simulate_customers(n_customers=2000, seed=1).table.shape
    (2000, 4)
    """
    import pandas as pd

    truth = _truth()
    rng = np.random.default_rng(seed)
    segment = np.searchsorted(np.cumsum(truth.weights)[:-1], rng.random(n_customers), side="right")
    scale_tril = np.linalg.cholesky(truth.covariances)
    noise = rng.standard_normal((n_customers, len(truth.features)))
    values = truth.means[segment] + np.einsum("nij,nj->ni", scale_tril[segment], noise)
    columns = {
        name: column.round(decimals).astype(np.int64 if decimals == 0 else np.float64)
        for name, column, decimals in zip(truth.features, values.T, (0, 1, 0, 2), strict=True)
    }
    return Customers(pd.DataFrame(columns), segment.astype(np.int64), truth)


def _truth() -> Truth:
    moments = np.array([features for _, *features in SEGMENTS.values()])
    weights = np.array([share for share, *_ in SEGMENTS.values()])
    means, sds = moments[..., 0], moments[..., 1]
    correlations = np.array([_correlation(pairs) for pairs in CORRELATIONS.values()])
    covariances = sds[:, :, None] * correlations * sds[:, None, :]
    return Truth(tuple(SEGMENTS), FEATURES, weights, means, covariances)


def _correlation(pairs: tuple[tuple[int, int, float], ...]) -> Floats:
    correlation = np.eye(len(FEATURES))
    for first, second, value in pairs:
        correlation[first, second] = correlation[second, first] = value
    return correlation
