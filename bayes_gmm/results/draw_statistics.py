"""Statistics of draws: intervals and probabilities."""

from __future__ import annotations

import numpy as np

from bayes_gmm.data.rows import Floats

Axes = int | tuple[int, ...]


def central_interval(draws: Floats, prob: float, axis: Axes = -1) -> Floats:
    """Lower and upper bounds of the equal-tailed interval of draws with a given probability.

    Examples
    --------
    >>> central_interval(np.arange(101.0), 0.9).round(9).tolist()
    [5.0, 95.0]
    """
    tail = (1.0 - prob) / 2.0
    return np.asarray(np.quantile(draws, [tail, 1.0 - tail], axis=axis))


def fraction_above_zero(differences: Floats, axis: Axes | None = None) -> Floats:
    """Fraction of draws above 0; zeros, as for parameters that segments share, count half.

    Examples
    --------
    >>> float(fraction_above_zero(np.array([1.0, 0.0, -1.0, -2.0])))
    0.375
    >>> fraction_above_zero(np.array([[1.0, np.nan], [2.0, 1.0]]), axis=0).tolist()
    [1.0, nan]
    """
    above = np.mean(differences > 0.0, axis=axis) + 0.5 * np.mean(differences == 0.0, axis=axis)
    return np.where(np.isnan(differences).any(axis=axis), np.nan, above)
