"""`ModeMasses`: relative masses of modes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import softmax

from bayes_gmm.data.rows import Floats, Integers


@dataclass(frozen=True)
class ModeMasses:
    """Relative masses of the modes found.

    Attributes
    ----------
    fractions : ndarray, shape (M,)
    errors : ndarray, shape (M,)
        Monte Carlo standard errors; NaN for masses by Laplace's approximation.
    """

    fractions: Floats
    errors: Floats

    @classmethod
    def by_laplace(cls, log_masses: Sequence[float]) -> ModeMasses:
        """Relative masses from Laplace's log masses; all NaN if none is known."""
        known = np.nan_to_num(np.asarray(log_masses, dtype=np.float64), nan=-np.inf)
        unknown = np.full(len(known), np.nan)
        if not np.isfinite(known.max()):
            return cls(unknown, unknown)
        return cls(softmax(known), unknown)

    def taken(self, chosen: Sequence[int] | Integers) -> ModeMasses:
        """Relative masses of some of the modes, rescaled to sum to 1."""
        held = self.fractions[chosen].sum()
        return ModeMasses(self.fractions[chosen] / held, self.errors[chosen] / held)

    def order(self, *, errors: float = 3.0) -> Integers:
        """The modes by decreasing mass; the first stays first unless another is clearly heavier.

        Parameters
        ----------
        errors : float
            Number of standard errors above which a difference of masses is clear.

        Examples
        --------
        >>> ModeMasses(np.array([0.4, 0.1, 0.5]), np.array([0.1, 0.02, 0.1])).order()
        array([0, 2, 1])
        >>> ModeMasses(np.array([0.1, 0.1, 0.8]), np.array([0.05, 0.02, 0.05])).order()
        array([2, 0, 1])
        """
        order = np.asarray(np.argsort(-self.fractions, kind="stable"), np.int64)
        heaviest = order[0]
        doubt = math.hypot(self.errors[heaviest], self.errors[0])
        if self.fractions[heaviest] - self.fractions[0] > errors * doubt:
            return order
        return np.concatenate([[0], order[order != 0]])
