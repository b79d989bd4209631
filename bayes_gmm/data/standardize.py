"""Standardisation of features by mean and standard deviation, and its inverse."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bayes_gmm.data.rows import Floats


@dataclass(frozen=True, eq=False)
class Standardizer:
    r"""The change of units :math:`z_j = (x_j - \mathrm{shift}_j) / \mathrm{scale}_j`.

    Attributes
    ----------
    shift, scale : ndarray, shape (n_features,)
        In the user's units; every scale is positive.

    Examples
    --------
    >>> import numpy as np
    >>> units = Standardizer.fit(np.array([[1.0, 10.0], [3.0, np.nan], [5.0, 30.0]]))
    >>> units.shift.tolist(), units.scale.round(3).tolist()
    ([3.0, 20.0], [1.633, 10.0])
    >>> units.apply(np.array([[3.0, 30.0]])).tolist()
    [[0.0, 1.0]]
    """

    shift: Floats
    scale: Floats

    @classmethod
    def fit(cls, values: Floats, weights: Floats | None = None) -> Standardizer:
        r"""Weighted mean and population standard deviation of the observed cells of each column.

        .. math:: \mathrm{shift}_j = \sum_i \omega_i x_{ij} / \sum_i \omega_i, \quad
            \mathrm{scale}_j^2 = \sum_i \omega_i (x_{ij} - \mathrm{shift}_j)^2 / \sum_i \omega_i

        Parameters
        ----------
        values : ndarray, shape (n_rows, n_features)
            NaN is a missing cell. It is read column by column, never written.
        weights : ndarray, shape (n_rows,), optional
            Non-negative; a weight of 2 is two copies of the row, 0 its absence.

        Returns
        -------
        Standardizer
            The scale of a column that is constant or never observed is 1.
        """
        moments = [_mean_and_sd(column, weights) for column in values.T]
        shift, scale = np.array(moments).reshape(-1, 2).T.copy()
        return cls(shift, scale)

    @classmethod
    def identity(cls, n_features: int) -> Standardizer:
        """Standardizer that leaves values unchanged."""
        return cls(np.zeros(n_features), np.ones(n_features))

    @property
    def log_jacobian(self) -> float:
        r"""Log-density in the user's units minus that in standardised units.

        .. math:: -\sum_j \log \mathrm{scale}_j
        """
        return -float(np.sum(np.log(self.scale)))

    def apply(self, values: Floats) -> Floats:
        """Rows in standardised units, as a new array; missing cells stay missing."""
        standardised = np.subtract(values, self.shift)
        np.divide(standardised, self.scale, out=standardised)
        return standardised

    def means(self, means: Floats) -> Floats:
        """Standardised means (..., n_features) in the user's units."""
        return self.shift + self.scale * means

    def covariances(self, covariances: Floats) -> Floats:
        """Standardised covariances (..., n_features, n_features) in the user's units."""
        return self.scale[:, None] * covariances * self.scale

    def standard_means(self, means: Floats) -> Floats:
        """Means (..., n_features) of the user's units, standardised."""
        return (means - self.shift) / self.scale

    def standard_covariances(self, covariances: Floats) -> Floats:
        """Covariances (..., n_features, n_features) of the user's units, standardised."""
        return covariances / self.scale[:, None] / self.scale


def _mean_and_sd(column: Floats, weights: Floats | None) -> tuple[float, float]:
    """Moments by two passes, the second corrected (Chan, Golub & LeVeque 1983, eq. 1.7).

    The column is first divided by a power of two, which is exact, so that no square overflows; then
    its first value is subtracted, which keeps digits if the mean is large compared with the sd.
    """
    observed = ~np.isnan(column)
    if weights is not None:
        observed &= weights > 0.0
        weights = weights[observed]
        weights = weights / weights.max(initial=0.0)
    x = column[observed]
    if not len(x):
        return 0.0, 1.0
    _, exponent = np.frexp(max(x.max(), -x.min()))
    np.ldexp(x, -exponent, out=x)
    anchor = x[0]
    x -= anchor
    mean = _average(x, weights)
    x -= mean
    correction = _average(x, weights)
    variance = _average(np.square(x, out=x), weights) - correction**2
    shift = np.ldexp(anchor + mean + correction, exponent)
    scale = np.ldexp(np.sqrt(max(variance, 0.0)), exponent)
    return float(shift), float(scale) if scale > 0.0 else 1.0


def _average(x: Floats, weights: Floats | None) -> float:
    return float(np.mean(x) if weights is None else weights @ x / np.sum(weights))
