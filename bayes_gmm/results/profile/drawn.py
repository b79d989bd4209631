"""Mixtures of several draws in standardised units."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bayes_gmm.data.memory import MemoryRows
from bayes_gmm.data.rows import Floats
from bayes_gmm.data.standardize import Standardizer
from bayes_gmm.model.kernel.kernel import log_joint


@dataclass(frozen=True, eq=False)
class DrawnMixtures:
    """Parameters of the mixtures of S draws, in standardised units on the scale of the model.

    Attributes
    ----------
    log_weights : ndarray, shape (S, K)
    means : ndarray, shape (S, K, d)
    scale_trils : ndarray, shape (S, K, d, d)
        Cholesky factors of the covariances, without recording error.
    rho2 : ndarray, shape (d,)
        Variance of the recording error.
    standardizer : Standardizer
    """

    log_weights: Floats
    means: Floats
    scale_trils: Floats
    rho2: Floats
    standardizer: Standardizer

    @classmethod
    def single(
        cls, weights: Floats, means: Floats, covariances: Floats, resolution: Floats,
        standardizer: Standardizer,
    ) -> DrawnMixtures:  # fmt: skip
        """A single mixture with the parameters of `Mixture`.

        Examples
        --------
        >>> units = Standardizer(np.array([2.0]), np.array([2.0]))
        >>> one = DrawnMixtures.single(np.ones(1), np.zeros((1, 1)), np.ones((1, 1, 1)), 0.0, units)
        >>> one.means.tolist(), one.scale_trils.tolist()
        ([[[-1.0]]], [[[[0.5]]]])
        """
        with np.errstate(divide="ignore"):
            log_weights = np.maximum(np.log(weights), -1e300)
        return cls(
            log_weights[None],
            standardizer.standard_means(means)[None],
            np.linalg.cholesky(standardizer.standard_covariances(covariances))[None],
            (resolution / standardizer.scale) ** 2 / 12.0,
            standardizer,
        )

    @property
    def n_draws(self) -> int:
        """Number of draws S."""
        return len(self.means)

    @property
    def n_components(self) -> int:
        """Number of segments K."""
        return int(self.means.shape[1])

    @property
    def variances(self) -> Floats:
        """Variances of the features in the segments, with recording error, shape (S, K, d)."""
        return np.asarray((self.scale_trils**2).sum(axis=-1) + self.rho2)

    @property
    def covariances(self) -> Floats:
        """Covariances of the segments with recording error, shape (S, K, d, d)."""
        found = self.scale_trils @ self.scale_trils.mT
        return np.asarray(found + np.diag(self.rho2))

    def responsibilities(self, values: Floats) -> Floats:
        """Probability of each segment for each row in each draw, shape (S, K, n).

        Parameters
        ----------
        values : ndarray, shape (n, d)
            On the scale of the model, not standardised; NaN is a missing cell.
        """
        rows = MemoryRows.from_matrix(values, self.standardizer, threads=1)
        found = np.empty((self.n_draws, self.n_components, len(values)))
        for s in range(self.n_draws):
            joint = log_joint(
                rows.parts, self.log_weights[s], self.means[s], self.scale_trils[s], self.rho2,
                rows.n_rows,
            )  # fmt: skip
            r = found[s]
            r[:] = joint.T
            r -= r.max(axis=0)
            np.exp(r, out=r)
            r /= r.sum(axis=0)
        return found
