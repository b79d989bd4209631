"""Detection of overlapping segments that may be pieces of fewer, non-Gaussian segments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.sparse.csgraph import connected_components

from bayes_gmm.data.rows import Floats
from bayes_gmm.model.bhattacharyya import bhattacharyya
from bayes_gmm.model.mixture import Mixture
from bayes_gmm.results.shape.record import ShapeCheck


@dataclass(frozen=True)
class PiecesSettings:
    """Threshold of overlap above which segments may be pieces of one segment."""

    max_distance: float = 1.2
    """Maximum Bhattacharyya distance of overlapping segments. It is 1.125 for equal round segments
    with means 3 standard deviations apart, whose density has two clear peaks."""


@dataclass(frozen=True)
class Pieces:
    """Overlapping segments that may be pieces of fewer segments.

    Attributes
    ----------
    n_components : int
        The number of segments that overlap.
    n_groups : int
        The number of groups that do not overlap; the fit with fewer segments has this number.
    segments : tuple of int
        Positions of the segments of the smaller fit that are not Gaussian.
    """

    n_components: int
    n_groups: int
    segments: tuple[int, ...]


def pieces_of_segments(
    mixture: Mixture,
    checks: Mapping[int, ShapeCheck],
    settings: PiecesSettings = PiecesSettings(),
) -> Pieces | None:
    """Whether segments of a mixture may be pieces of fewer segments that are not Gaussian.

    They may be if they form fewer groups that do not overlap, and if the fit with one segment for
    each group has segments that are not Gaussian by the check of their shape.

    Parameters
    ----------
    mixture : Mixture
        Mixture with K segments.
    checks : mapping of int to ShapeCheck
        Checks of fits with fewer segments, by their number of segments.
    settings : PiecesSettings

    Examples
    --------
    >>> clear = Mixture([0.5, 0.5], [[0.0], [9.0]], [[[1.0]], [[1.0]]])
    >>> pieces_of_segments(clear, {}) is None
    True
    """
    n_groups = int(overlapping_groups(mixture, settings).max()) + 1
    check = checks.get(n_groups)
    if n_groups == mixture.n_components or check is None or not check.flagged:
        return None
    return Pieces(mixture.n_components, n_groups, check.flagged)


def overlapping_groups(mixture: Mixture, settings: PiecesSettings) -> np.ndarray:
    """Number of the group of each segment, from 0; neighbours in a group overlap.

    Examples
    --------
    >>> means, covariances = [[0.0], [1.0], [20.0]], [[[1.0]]] * 3
    >>> mixture = Mixture([0.4, 0.3, 0.3], means, covariances)
    >>> overlapping_groups(mixture, PiecesSettings()).tolist()
    [0, 0, 1]
    """
    near = bhattacharyya_distances(mixture) <= settings.max_distance
    return np.asarray(connected_components(near, directed=False)[1])


def bhattacharyya_distances(mixture: Mixture) -> Floats:
    """Bhattacharyya distances between segments, recording error included, shape (K, K)."""
    V = mixture.covariances + np.diag(mixture.resolution**2 / 12.0)
    return bhattacharyya(mixture.means, V, mixture.means, V)
