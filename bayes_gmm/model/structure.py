"""Covariance structures: which scales and correlations components and features share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bayes_gmm.data.rows import Integers

SCALES = ("component-feature", "component", "feature", "shared")
CORRELATIONS = ("component", "shared", "none")
ALIASES = {
    "full": ("component-feature", "component"),
    "tied": ("feature", "shared"),
    "diag": ("component-feature", "none"),
    "spherical": ("component", "none"),
}


@dataclass(frozen=True)
class Structure:
    """What the covariances of the components have in common (Barnard, McCulloch & Meng 2000).

    Sigma_k = diag(sigma_k) R_k diag(sigma_k), and scales and correlations are shared separately:
    four ways for scales times three for correlations.

    When to use which:

    * "full" ("component-feature/component") where nothing is known: segments of any size, shape and
      tilt. It has the most parameters, K d (d + 1) / 2, and wants some ten rows for each.
    * "component-feature/shared" where features go together in the same way in all segments (people
      with more income spend more), but segments differ in how wide they are: nearly as free as
      "full", with a fraction of its parameters. A good first choice above five features.
    * "diag" ("component-feature/none") where features have nothing to do with each other inside a
      segment. Where they do, it makes two or three segments of one that is tilted.
    * "tied" ("feature/shared") for one common shape, as in linear discriminant analysis: few rows
      for each segment, or segments that differ in level only. "feature/component" lets each tilt
      its own way; "feature/none" is tied without correlations.
    * "spherical" ("component/none") for round segments of own sizes in features of like units, such
      as coordinates; "shared/none" makes them equal in size, which is k-means with probabilities.
      "component/shared", "component/component", "shared/shared" and "shared/component" are those
      with a correlation: one scale for all features, so features must be alike.

    In doubt let `compare` tell by evidence.

    Parameters
    ----------
    scales : {"component-feature", "component", "feature", "shared"}
        What a scale varies by.
    correlations : {"component", "shared", "none"}
        Whether each component has its own correlations, all share them, or there are none.

    Examples
    --------
    >>> Structure.parse("tied")
    Structure(scales='feature', correlations='shared')
    >>> Structure("component", "shared").name
    'component/shared'
    """

    scales: str = "component-feature"
    correlations: str = "component"

    def __post_init__(self) -> None:
        if self.scales not in SCALES:
            raise ValueError(f"scales must be one of {', '.join(SCALES)}; got {self.scales!r}")
        if self.correlations not in CORRELATIONS:
            raise ValueError(
                f"correlations must be one of {', '.join(CORRELATIONS)}; got {self.correlations!r}"
            )

    @classmethod
    def parse(cls, structure: Any) -> Structure:
        """Structure from an alias ("full", "tied", "diag", "spherical") or "scales/correlations".

        Raises
        ------
        ValueError
            If the text names none.
        """
        if isinstance(structure, Structure):
            return structure
        if isinstance(structure, str) and structure in ALIASES:
            return cls(*ALIASES[structure])
        parts = str(structure).split("/")
        if len(parts) != 2 or parts[0] not in SCALES or parts[1] not in CORRELATIONS:
            raise ValueError(
                f"structure {structure!r} is unknown; use {', '.join(ALIASES)}, or "
                f"'scales/correlations' with scales one of {', '.join(SCALES)} "
                f"and correlations one of {', '.join(CORRELATIONS)}"
            )
        return cls(*parts)

    @classmethod
    def all(cls) -> tuple[Structure, ...]:
        """The twelve structures."""
        return tuple(cls(s, c) for s in SCALES for c in CORRELATIONS)

    @property
    def name(self) -> str:
        """Alias where there is one, otherwise "scales/correlations"."""
        for alias, parts in ALIASES.items():
            if parts == (self.scales, self.correlations):
                return alias
        return f"{self.scales}/{self.correlations}"

    def scale_shape(self, n_components: int, n_features: int) -> tuple[int, ...]:
        """Shape of the scale parameters."""
        return {
            "component-feature": (n_components, n_features),
            "component": (n_components,),
            "feature": (n_features,),
            "shared": (),
        }[self.scales]

    def n_correlations(self, n_components: int, n_features: int) -> int:
        """How many correlation matrices are free parameters; none for a single feature."""
        if n_features == 1:
            return 0
        return {"component": n_components, "shared": 1, "none": 0}[self.correlations]

    def n_covariances(self, n_components: int, n_features: int) -> int:
        """How many covariance matrices are free in all their entries.

        One for each component, one that all share, or 0 where the structure ties some entries.

        Examples
        --------
        >>> [Structure.parse(name).n_covariances(3, 2) for name in ("full", "tied", "diag")]
        [3, 1, 0]
        """
        if n_features == 1:
            return n_components if self.scales.startswith("component") else 1
        if (self.scales, self.correlations) == ALIASES["full"]:
            return n_components
        return int((self.scales, self.correlations) == ALIASES["tied"])

    def scale_index(self, n_components: int, n_features: int) -> Integers:
        """(K, d) numbers of the scale that component k has in feature j."""
        shape = self.scale_shape(n_components, n_features)
        index = np.arange(int(np.prod(shape)), dtype=np.int64).reshape(shape)
        if self.scales == "component":
            index = index[:, None]
        return np.broadcast_to(index, (n_components, n_features)).copy()

    def corr_index(self, n_components: int, n_features: int) -> Integers:
        """(K,) numbers of the correlation matrix of component k; -1 is the identity."""
        n = self.n_correlations(n_components, n_features)
        return np.minimum(np.arange(n_components, dtype=np.int64), n - 1)

    def is_same(self, other: Structure, n_features: int) -> bool:
        """Whether it shares the same as another does: with one feature several do.

        Examples
        --------
        >>> diag, spherical = Structure.parse("diag"), Structure.parse("spherical")
        >>> diag.is_same(spherical, n_features=1), diag.is_same(spherical, n_features=2)
        (True, False)
        """
        return bool(
            np.array_equal(self.scale_index(2, n_features), other.scale_index(2, n_features))
            and np.array_equal(self.corr_index(2, n_features), other.corr_index(2, n_features))
        )

    def n_parameters(self, n_components: int, n_features: int) -> int:
        """Free parameters of the mixture: weights, means, scales and correlations."""
        pairs = n_features * (n_features - 1) // 2
        return (
            n_components - 1
            + n_components * n_features
            + int(np.prod(self.scale_shape(n_components, n_features)))
            + self.n_correlations(n_components, n_features) * pairs
        )  # fmt: skip
