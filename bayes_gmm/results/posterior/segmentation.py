"""Records of the segmentation of draws from one mode, and its differences from others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bayes_gmm.data.rows import Integers
from bayes_gmm.diagnostics.diagnostic import Diagnostic
from bayes_gmm.results.thresholds import THRESHOLDS, DiagnosticThresholds


@dataclass(frozen=True)
class SegmentChange:
    """The largest difference of a segment from that of the reported segmentation.

    Attributes
    ----------
    segment : int
        From 0.
    quantity : {"share", "mean", "median", "sd", "correlation"}
        The median stands for the mean of a transformed feature; correlations are those on the
        scale of the model, all else is in the user's units.
    features : tuple of str
        Empty for a share; one name for a mean, median or sd, two names for a correlation.
    here, there : float
        Posterior means in the segmentation reported and in the other one.
    size : float
        In the units of `ChangeSettings`.
    """

    segment: int
    quantity: str
    features: tuple[str, ...]
    here: float
    there: float
    size: float


def relevant_modes(
    masses: Mapping[int, float], thresholds: DiagnosticThresholds = THRESHOLDS
) -> dict[int, float]:
    """The modes with at least 1 % of the mass.

    Examples
    --------
    >>> relevant_modes({0: 0.997, 1: 0.003})
    {0: 0.997}
    """
    return {m: mass for m, mass in masses.items() if mass >= thresholds.min_mode_mass}


@dataclass(frozen=True)
class OtherSegmentation:
    """A segmentation other than the reported one.

    Attributes
    ----------
    mode : int
        Position among the fit's modes, from 0.
    mass : float
        Share of the posterior.
    changes : tuple of SegmentChange
        The largest change of each segment that differs by 1 or more, in decreasing order. If no
        segment does, the largest change of all.
    """

    mode: int
    mass: float
    changes: tuple[SegmentChange, ...]


@dataclass(frozen=True)
class Segmentation:
    """The segmentation of draws from one mode.

    Attributes
    ----------
    mode : int
        Position among the fit's modes, from 0.
    mass : float
        Share of the posterior.
    others : tuple of OtherSegmentation
        Other segmentations with 1 % of the mass or more, in decreasing order.
    """

    mode: int
    mass: float
    others: tuple[OtherSegmentation, ...] = ()

    def numbered(self, order: Integers) -> Segmentation:
        """The record with renumbered segments: ``order[k]`` becomes the k-th."""
        place = {int(old): new for new, old in enumerate(order)}

        def moved(other: OtherSegmentation) -> OtherSegmentation:
            changes = (replace(c, segment=place[c.segment]) for c in other.changes)
            return replace(other, changes=tuple(changes))

        return replace(self, others=tuple(map(moved, self.others)))

    @property
    def diagnostic(self) -> Diagnostic:
        """The mode, its mass, and the masses of other modes."""
        others = {other.mode: other.mass for other in self.others}
        values = {"mode": self.mode, "mass": self.mass, "others": others}
        return Diagnostic("one_segmentation", values=values)

    def to_dict(self) -> dict[str, Any]:
        """JSON-compatible record; `from_dict` is the inverse."""
        from dataclasses import asdict

        return asdict(self)

    @classmethod
    def from_dict(cls, found: dict[str, Any]) -> Segmentation:
        """The inverse of `to_dict`."""
        others = tuple(
            OtherSegmentation(
                other["mode"],
                other["mass"],
                tuple(
                    SegmentChange(**{**change, "features": tuple(change["features"])})
                    for change in other["changes"]
                ),
            )
            for other in found["others"]
        )
        return cls(found["mode"], found["mass"], others)
