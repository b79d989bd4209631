"""Draws of a sampler: vectors theta with sampler statistics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from bayes_gmm.data.rows import Floats, Integers
from bayes_gmm.model.parameters import Layout
from bayes_gmm.model.points import renumbered


@dataclass(frozen=True)
class Draws:
    """Chains of unconstrained vectors.

    Attributes
    ----------
    theta : ndarray, shape (chains, draws, p)
    layout : Layout
        Layout of theta.
    mode : ndarray of int, shape (chains, draws)
        The mode of the fit that each draw belongs to.
    stats : mapping of str to ndarray, shape (chains, draws)
        Sample statistics by their names in ArviZ: "lp", "diverging", "energy", ...
    method : str
        "nuts" or "laplace".
    sampler : str
        Name of the sampling program.
    tune : int
        Number of warm-up draws of each chain, which are not stored.
    seed : int
    khat : float, optional
        Laplace only: the Pareto shape of the importance ratios (Vehtari et al. 2024).
    interrupted : bool
        Whether there are fewer draws than requested.
    origin : Draws, optional
        The original chains if these draws were resampled; diagnostics are computed from them.

    Examples
    --------
    >>> from bayes_gmm.model.structure import Structure
    >>> theta = np.zeros((4, 100, 17))
    >>> draws = Draws(theta, Layout(3, 2, Structure()), np.zeros((4, 100), int), method="nuts",
    ...               sampler="nutpie", seed=0)
    >>> draws.n_chains, draws.n_draws
    (4, 100)
    """

    theta: Floats
    layout: Layout
    mode: Integers
    stats: Mapping[str, npt.NDArray[np.generic]] = field(default_factory=dict)
    method: str = "nuts"
    sampler: str = "nutpie"
    tune: int = 0
    seed: int = 0
    khat: float | None = None
    interrupted: bool = False
    origin: Draws | None = None

    def __post_init__(self) -> None:
        if self.theta.ndim != 3 or self.theta.shape[2] != self.layout.size:
            raise ValueError(
                f"theta must have shape (chains, draws, {self.layout.size}), got {self.theta.shape}"
            )
        for name, values in (("mode", self.mode), *self.stats.items()):
            if values.shape != self.theta.shape[:2]:
                raise ValueError(
                    f"{name} must have shape {self.theta.shape[:2]}, got {values.shape}"
                )

    @property
    def n_chains(self) -> int:
        """Number of chains."""
        return int(self.theta.shape[0])

    @property
    def n_draws(self) -> int:
        """Number of draws of each chain."""
        return int(self.theta.shape[1])

    @property
    def as_sampled(self) -> Draws:
        """The chains before any resampling."""
        return self if self.origin is None else self.origin

    def numbered(self, order: Integers) -> Draws:
        """The same draws with renumbered components: component ``order[k]`` becomes the k-th."""
        theta = renumbered(self.layout, self.theta, order)
        origin = None if self.origin is None else self.origin.numbered(order)
        return replace(self, theta=theta, origin=origin)

    def with_chain(self, chain: int, other: Draws) -> Draws:
        """The same draws, with one chain replaced by the only chain of other draws."""

        def put[Value: np.generic](
            ours: npt.NDArray[Value], theirs: npt.NDArray[Value]
        ) -> npt.NDArray[Value]:
            return np.concatenate([ours[:chain], theirs, ours[chain + 1 :]])

        stats = {name: put(values, other.stats[name]) for name, values in self.stats.items()}
        return replace(
            self, theta=put(self.theta, other.theta), mode=put(self.mode, other.mode), stats=stats
        )


def longest_length(lengths: Integers) -> int:
    """The common length of chains at which most draws are kept; shorter chains are dropped.

    Examples
    --------
    >>> longest_length(np.array([1000, 400, 980, 0]))
    980
    """
    falling = -np.sort(-lengths)
    return int(falling[np.argmax(falling * np.arange(1, len(falling) + 1))])


def evenly_spread(n_draws: int, most: int) -> Integers:
    """Positions of at most `most` draws, evenly spread from the first to the last.

    Examples
    --------
    >>> evenly_spread(101, 5).tolist()
    [0, 25, 50, 75, 100]
    """
    return np.linspace(0, n_draws - 1, min(n_draws, most)).round().astype(np.int64)


def thinning(n_draws: int, most: int) -> int:
    """Thinning interval of chains, to keep about `most` draws.

    Examples
    --------
    >>> thinning(4000, 4000), thinning(4001, 4000)
    (1, 2)
    """
    return max(1, -(-n_draws // most))
