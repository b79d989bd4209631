"""Draws of the segments' parameters in the user's units."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bayes_gmm.data.rows import Floats
from bayes_gmm.data.standardize import Standardizer
from bayes_gmm.data.transforms import Transforms
from bayes_gmm.model.mixture import Mixture
from bayes_gmm.model.parameters import Layout
from bayes_gmm.model.points import Points


@dataclass(frozen=True, eq=False)
class SegmentDraws:
    """Weights, means, scales and correlations of every segment in every draw, in the user's units.

    Attributes
    ----------
    weights : ndarray, shape (chain, draw, K)
    means : ndarray, shape (chain, draw, K, d)
    scales : ndarray, shape (chain, draw, K, d)
        Standard deviations without recording error.
    correlations : ndarray, shape (chain, draw, K, d, d)
    """

    weights: Floats
    means: Floats
    scales: Floats
    correlations: Floats

    @classmethod
    def of(
        cls,
        layout: Layout,
        theta: Floats,
        standardizer: Standardizer,
        beyond_rounding: Floats | float = 0.0,
    ) -> SegmentDraws:
        """Convert unconstrained draws (chain, draw, layout.size) to the user's units.

        Parameters
        ----------
        layout : Layout
        theta : ndarray, shape (chain, draw, layout.size)
        standardizer : Standardizer
        beyond_rounding : ndarray, shape (d,), optional
            See `MapFit.beyond_rounding`.

        Examples
        --------
        >>> from bayes_gmm.model.structure import Structure
        >>> layout = Layout(2, 1, Structure.parse("full"))
        >>> units = Standardizer(np.array([50.0]), np.array([10.0]))
        >>> draws = SegmentDraws.of(layout, np.array([[[0.0, -1.0, 1.0, 0.0, 0.0]]]), units)
        >>> draws.means.ravel().tolist(), draws.scales.ravel().tolist()
        ([40.0, 60.0], [10.0, 10.0])
        """
        points = Points.of(layout, theta)
        C = points.corr_chol
        correlations = C @ C.mT
        each = np.arange(layout.n_features)
        scales = np.hypot(points.scales, np.sqrt(beyond_rounding))
        shrink = points.scales / scales
        correlations *= shrink[..., :, None] * shrink[..., None, :]
        correlations[..., each, each] = 1.0
        return cls(
            np.exp(points.log_weights),
            standardizer.means(points.means),
            standardizer.scale * scales,
            correlations,
        )

    def average(
        self, resolution: Floats, features: tuple[str, ...], transforms: Transforms | None = None
    ) -> Mixture:
        """The mixture of posterior means of weights, means, scales and correlations.

        It is proper, because a mean of correlation matrices is a correlation matrix.
        """
        weights, means, scales, correlations = (
            values.mean(axis=(0, 1))
            for values in (self.weights, self.means, self.scales, self.correlations)
        )
        covariances = scales[:, :, None] * correlations * scales[:, None, :]
        return Mixture(
            weights / weights.sum(), means, covariances, resolution, features, transforms
        )

    @property
    def covariances(self) -> Floats:
        """Covariances without recording error, shape (chain, draw, K, d, d)."""
        return self.scales[..., :, None] * self.correlations * self.scales[..., None, :]
