"""Differences between the segments of two segmentations with consistent labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from bayes_gmm.data.rows import Floats
from bayes_gmm.data.transform import Identity, Transform
from bayes_gmm.data.transforms import Transforms
from bayes_gmm.results.posterior.parameters import SegmentDraws
from bayes_gmm.results.posterior.segmentation import SegmentChange

if TYPE_CHECKING:
    from bayes_gmm.model.mixture import Mixture


@dataclass(frozen=True)
class ChangeSettings:
    """Units of differences; differences of 1 or more are reported.

    Attributes
    ----------
    mean_gap : float
        Difference of a mean, in standard deviations of the segment, that counts as 1: segments one
        sd apart share 62 % of their area.
    share_ratio, sd_ratio : float
        Ratios of shares, and of standard deviations, that count as 1.
    correlation_gap : float
        Difference of a correlation that counts as 1.
    """

    mean_gap: float = 1.0
    share_ratio: float = 1.5
    sd_ratio: float = 1.5
    correlation_gap: float = 0.6


SETTINGS = ChangeSettings()


@dataclass(frozen=True, eq=False)
class SegmentMeans:
    """Averages over the draws of one mode, or its optimum if it has no draws, on the model's scale.

    Attributes
    ----------
    weights : ndarray, shape (K,)
    means, scales : ndarray, shape (K, d)
    correlations : ndarray, shape (K, d, d)
    """

    weights: Floats
    means: Floats
    scales: Floats
    correlations: Floats

    @classmethod
    def of_draws(cls, of: SegmentDraws, members: npt.NDArray[np.bool_]) -> SegmentMeans:
        """Averages over some of the draws (chain, draw)."""
        parts = (of.weights, of.means, of.scales, of.correlations)
        return cls(*(values[members].mean(axis=0) for values in parts))

    @classmethod
    def of_mixture(cls, mixture: Mixture) -> SegmentMeans:
        """The numbers of a mixture."""
        scales = mixture.standard_deviations
        correlations = mixture.covariances / (scales[:, :, None] * scales[:, None, :])
        return cls(mixture.weights, mixture.means, scales, correlations)


def changes_of_mixtures(here: Mixture, there: Mixture) -> tuple[SegmentChange, ...]:
    """How the segments of another mixture, numbered alike, differ from those of one."""
    ours, theirs = SegmentMeans.of_mixture(here), SegmentMeans.of_mixture(there)
    return changes(ours, theirs, here.features, here.transforms)


def changes(
    here: SegmentMeans,
    there: SegmentMeans,
    features: Sequence[str],
    transforms: Transforms,
    settings: ChangeSettings = SETTINGS,
) -> tuple[SegmentChange, ...]:
    """By what each segment differs most, those that differ by 1 or more; at least one.

    A mean that differs by 1 or more is named before anything else: it says where a segment lies.
    Sizes are computed on the scale of the model. Means and standard deviations are stated in the
    user's units, with the median in place of the mean of a transformed feature.
    """

    def telling(change: SegmentChange) -> tuple[bool, float]:
        return change.quantity in ("mean", "median") and change.size >= 1.0, change.size

    found = [
        max(_changes_of(k, here, there, features, transforms, settings), key=telling)
        for k in range(len(here.weights))
    ]
    found.sort(key=lambda change: -change.size)
    return tuple(change for i, change in enumerate(found) if i == 0 or change.size >= 1.0)


def _changes_of(
    k: int,
    here: SegmentMeans,
    there: SegmentMeans,
    features: Sequence[str],
    transforms: Transforms,
    settings: ChangeSettings,
) -> list[SegmentChange]:
    """All quantities of segment k in both, with their differences."""
    w, v = float(here.weights[k]), float(there.weights[k])
    size = abs(np.log(w / v)) / np.log(settings.share_ratio) if min(w, v) > 0.0 else np.inf
    found = [SegmentChange(k, "share", (), w, v, float(size))]
    for j, feature in enumerate(features):
        (m, s), (n, t) = ((p.means[k, j], p.scales[k, j]) for p in (here, there))
        gap = abs(m - n) / np.sqrt((s**2 + t**2) / 2.0) / settings.mean_gap
        ratio = abs(np.log(s / t)) / np.log(settings.sd_ratio)
        ours, theirs = (_in_users_units(transforms.entries[j], *p) for p in ((m, s), (n, t)))
        for (what, a), (_, b), size in zip(ours, theirs, (gap, ratio), strict=True):
            found.append(SegmentChange(k, what, (feature,), a, b, float(size)))
        for i in range(j):
            r, q = float(here.correlations[k, i, j]), float(there.correlations[k, i, j])
            pair, size = (features[i], feature), abs(r - q) / settings.correlation_gap
            found.append(SegmentChange(k, "correlation", pair, r, q, size))
    return found


def _in_users_units(transform: Transform, mean: float, sd: float) -> list[tuple[str, float]]:
    """Name and value of the location, and of the standard deviation.

    Examples
    --------
    >>> from bayes_gmm.data.transform import Identity, Log
    >>> _in_users_units(Identity(), 3.0, 0.5)
    [('mean', 3.0), ('sd', 0.5)]
    >>> [(name, round(value, 2)) for name, value in _in_users_units(Log(), 0.0, 1.0)]
    [('median', 1.0), ('sd', 2.16)]
    """
    if isinstance(transform, Identity):
        return [("mean", float(mean)), ("sd", float(sd))]
    at, spread = np.asarray(mean), np.asarray(sd)
    return [
        ("median", float(transform.inverse(at))),
        ("sd", float(transform.moments(at, spread)[1])),
    ]
