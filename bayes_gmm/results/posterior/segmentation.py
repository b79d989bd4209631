"""The one segmentation that draws are of, and how others differ from it: records."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from bayes_gmm.data.rows import Integers
from bayes_gmm.results.checks import alone_of
from bayes_gmm.results.posterior.segment_changes import SegmentChange


@dataclass(frozen=True)
class OtherSegmentation:
    """A segmentation beside the one reported.

    Attributes
    ----------
    mode : int
        Position among the fit's modes, from 0.
    mass : float
        Share of the posterior.
    changes : tuple of SegmentChange
        One for each segment that differs, the greatest first; the greatest of all where none does
        by 1 or more.
    """

    mode: int
    mass: float
    changes: tuple[SegmentChange, ...]


@dataclass(frozen=True)
class Segmentation:
    """The one segmentation that draws are of, among others.

    Attributes
    ----------
    mode : int
        Position among the fit's modes, from 0.
    mass : float
        Share of the posterior.
    others : tuple of OtherSegmentation
        Those that hold 1 % or more, by falling mass.
    """

    mode: int
    mass: float
    others: tuple[OtherSegmentation, ...] = ()

    def numbered(self, order: Integers) -> Segmentation:
        """The same, segment ``order[k]`` being the k-th."""
        place = {int(old): new for new, old in enumerate(order)}

        def moved(other: OtherSegmentation) -> OtherSegmentation:
            changes = (replace(c, segment=place[c.segment]) for c in other.changes)
            return replace(other, changes=tuple(changes))

        return replace(self, others=tuple(map(moved, self.others)))

    @property
    def text(self) -> str:
        """A note: which mode, its mass, and the masses of others."""
        return alone_of(self.mode, self.mass, {o.mode: o.mass for o in self.others})

    def to_dict(self) -> dict[str, Any]:
        """All of it in what JSON can say; `from_dict` reads it."""
        from dataclasses import asdict

        return asdict(self)

    @classmethod
    def from_dict(cls, found: dict[str, Any]) -> Segmentation:
        """What `to_dict` has written."""
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
