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
    """Covariance structure of the components (Barnard, McCulloch & Meng 2000).

    Sigma_k = diag(sigma_k) R_k diag(sigma_k), where scales and correlations are shared separately:
    four patterns of scales times three of correlations.

    When to use which:

    * "full" ("component-feature/component") by default: segments of any size, shape and
      orientation. It has the most parameters, K d (d + 1) / 2, and needs about ten rows for each.
    * "component-feature/shared" if correlations are the same in all segments (for example, income
      and spending always increase together) but standard deviations differ: nearly as flexible as
      "full", with a fraction of its parameters. A good first choice above five features.
    * "diag" ("component-feature/none") if features are uncorrelated within segments. If they are
      correlated, it describes one segment by two or three.
    * "tied" ("feature/shared") for one common shape, as in linear discriminant analysis: for few
      rows per segment, or segments that differ only in their means. "feature/component" allows a
      different correlation matrix in each segment; "feature/none" is tied without correlations.
    * "spherical" ("component/none") for round segments of different sizes in features with the same
      units, such as coordinates; "shared/none" makes their sizes equal, which is k-means with
      probabilities. "component/shared", "component/component", "shared/shared" and
      "shared/component" add correlations: one scale for all features, so features must have the
      same units.

    In doubt, use `compare` to choose by evidence.

    Parameters
    ----------
    scales : {"component-feature", "component", "feature", "shared"}
        Whether scales differ between components and features, components, features, or not at all.
    correlations : {"component", "shared", "none"}
        Whether each component has its own correlations, all share the same, or there are none.

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
            If there is no such structure.
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
        """Alias if there is one, otherwise "scales/correlations"."""
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
        """Number of free correlation matrices; 0 for a single feature."""
        if n_features == 1:
            return 0
        return {"component": n_components, "shared": 1, "none": 0}[self.correlations]

    def n_covariances(self, n_components: int, n_features: int) -> int:
        """Number of covariance matrices in which all entries are free.

        This is K, 1 if all components share one matrix, or 0 if the structure ties some entries.

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
        """Number of the scale of component k in feature j, shape (K, d)."""
        shape = self.scale_shape(n_components, n_features)
        index = np.arange(int(np.prod(shape)), dtype=np.int64).reshape(shape)
        if self.scales == "component":
            index = index[:, None]
        return np.broadcast_to(index, (n_components, n_features)).copy()

    def corr_index(self, n_components: int, n_features: int) -> Integers:
        """Number of the correlation matrix of each component, shape (K,); -1 is the identity."""
        n = self.n_correlations(n_components, n_features)
        return np.minimum(np.arange(n_components, dtype=np.int64), n - 1)

    def is_same(self, other: Structure, n_features: int) -> bool:
        """Whether two structures are equivalent, as several are with one feature.

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
        """Number of free parameters of the mixture: weights, means, scales and correlations."""
        pairs = n_features * (n_features - 1) // 2
        return (
            n_components - 1
            + n_components * n_features
            + int(np.prod(self.scale_shape(n_components, n_features)))
            + self.n_correlations(n_components, n_features) * pairs
        )  # fmt: skip
