"""Regressors of rows with missing features."""

from __future__ import annotations

import numpy as np

from bayes_gmm.data.rows import Floats
from bayes_gmm.results.profile.drawn import DrawnMixtures


def regressors(centre: DrawnMixtures, values: Floats) -> Floats:
    """1 and the standardised features of each row, shape (n, 1 + d).

    A missing cell is replaced by its mean given the observed cells of the row, under one mixture.

    Parameters
    ----------
    centre : DrawnMixtures
        A single mixture.
    values : ndarray, shape (n, d)
        On the scale of the model; NaN is a missing cell.
    """
    x = centre.standardizer.apply(values)
    missing = np.isnan(x)
    if missing.any():
        r = centre.responsibilities(values)[0]
        patterns, which = np.unique(missing, axis=0, return_inverse=True)
        for number, absent in enumerate(patterns):
            if absent.any():
                rows = np.flatnonzero(which.ravel() == number)
                x[np.ix_(rows, absent)] = _conditional_means(centre, x[rows], r[:, rows], absent)
    return np.column_stack([np.ones(len(x)), x])


def _conditional_means(centre: DrawnMixtures, x: Floats, r: Floats, absent: np.ndarray) -> Floats:
    """Means of absent cells given the others of the same rows, shape (n, number absent)."""
    seen = ~absent
    found = np.zeros((len(x), int(absent.sum())))
    for k, (mu, V) in enumerate(zip(centre.means[0], centre.covariances[0], strict=True)):
        slopes = np.linalg.solve(V[np.ix_(seen, seen)], V[np.ix_(seen, absent)])
        found += r[k][:, None] * (mu[absent] + (x[:, seen] - mu[seen]) @ slopes)
    return found
