"""A sample of the rows for the search of modes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bayes_gmm.data.memory import MemoryRows
from bayes_gmm.data.rows import Floats
from bayes_gmm.data.standardize import Standardizer
from bayes_gmm.model.density import Density
from bayes_gmm.model.kernel.kernel import log_joint
from bayes_gmm.model.parameters import Point


@dataclass(frozen=True)
class Sample:
    """A sample of rows for starting values.

    Attributes
    ----------
    values : ndarray, shape (m, d)
        Standardised; NaN is missing.
    filled : ndarray, shape (m, d)
        The same with missing cells replaced by 0, the mean of the columns.
    weights : ndarray, shape (m,)
    rows : MemoryRows
        The same rows for the kernel, in one block, because each core processes its own start.
    """

    values: Floats
    filled: Floats
    weights: Floats
    rows: MemoryRows

    @classmethod
    def of(cls, values: Floats, weights: Floats | None = None) -> Sample:
        """Sample of standardised rows, sorted so that results do not depend on their order."""
        weights = np.ones(len(values)) if weights is None else weights
        values, weights = values[weights > 0.0], weights[weights > 0.0]
        filled = np.where(np.isfinite(values), values, 0.0)
        order = np.lexsort(filled.T)
        values, weights = values[order], weights[order]
        rows = MemoryRows.from_matrix(
            values, Standardizer.identity(values.shape[1]), weights, threads=1
        )
        return cls(values, filled[order], weights, rows)

    @cached_property
    def sphered(self) -> Floats:
        """Rows in their principal axes, scaled to unit variance; constant axes are omitted."""
        covariance = np.atleast_2d(np.cov(self.filled.T, aweights=self.weights))
        variances, axes = np.linalg.eigh(covariance)
        kept = variances > max(1e-10 * variances[-1], 1e-12)
        if not kept.any():
            return self.filled
        return np.asarray(self.filled @ (axes[:, kept] / np.sqrt(variances[kept])))

    @cached_property
    def invariant(self) -> Floats:
        """Sphered rows along invariant coordinates, sorted by increasing kurtosis.

        The direction that separates two groups has the lowest kurtosis, for any thickness of the
        groups and any units of the columns (Tyler, Critchley, Dumbgen & Oja 2009).
        """
        rows = self.sphered - np.average(self.sphered, axis=0, weights=self.weights)
        return np.asarray(rows @ kurtosis_axes(rows, self.weights))

    @cached_property
    def bimodal(self) -> Floats:
        """Columns and principal axes, scaled to unit variance, sorted by increasing kurtosis.

        With few rows in many columns, invariant coordinates overfit, because they are chosen among
        all directions. Columns and principal axes are few, so the lowest kurtosis among them is
        rarely due to chance.
        """
        rows = np.hstack([self.filled, self.sphered])
        rows = rows - np.average(rows, axis=0, weights=self.weights)
        variances = np.average(rows**2, axis=0, weights=self.weights)
        if not (variances > 0.0).any():
            return self.filled
        rows = rows[:, variances > 0.0] / np.sqrt(variances[variances > 0.0])
        kurtosis = np.average(rows**4, axis=0, weights=self.weights)
        return np.asarray(rows[:, np.argsort(kurtosis, kind="stable")])


def kurtosis_axes(rows: Floats, weights: Floats) -> Floats:
    """Orthonormal axes by rising kurtosis of sphered rows: eigenvectors of sum w |z|^2 z z'."""
    fourth = (rows.T * (weights * (rows**2).sum(axis=1))) @ rows
    return np.asarray(np.linalg.eigh(fourth)[1])


def responsibilities(density: Density, sample: Sample, point: Point) -> Floats:
    """Probability of each component for each row of the sample, shape (m, K)."""
    joint = joint_log_density(density, sample, point)
    joint -= joint.max(axis=1, keepdims=True)
    r = np.exp(joint)
    return r / r.sum(axis=1, keepdims=True)


def joint_log_density(density: Density, sample: Sample, point: Point) -> Floats:
    """log w_k p(x_i | k) of each row of the sample, shape (m, K)."""
    return log_joint(
        sample.rows.parts, point.log_weights, point.means, point.scale_trils,
        density.rho2, len(sample.values),
    )  # fmt: skip
