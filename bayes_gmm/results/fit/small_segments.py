r"""Segments of a fit that hold too few rows for their parameters.

The sample covariance of d features has full rank only with d + 1 rows or more; with fewer rows the
prior determines the remaining directions. At the mode of the posterior the expected number of rows
n_k of a segment follows from its weight, with concentration a of the Dirichlet prior:

.. math:: w_k = \frac{n_k + a - 1}{N + K (a - 1)}
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from bayes_gmm.data.findings.finding_text import figure
from bayes_gmm.data.rows import Floats
from bayes_gmm.errors import listed
from bayes_gmm.model.mixture import segment_labels

if TYPE_CHECKING:
    from bayes_gmm.model.structure import Structure
    from bayes_gmm.results.fit.map_fit import MapFit

EMPTY = 0.5
"""Expected number of rows below which a segment counts as empty."""


@dataclass(frozen=True)
class SmallSegments:
    """Segments with fewer rows than their parameters need.

    Attributes
    ----------
    names : tuple of str
    rows : tuple of float
        Expected rows of each.
    needed : int
        Rows that each needs: d + 1 where segments have correlations of their own, 2 where they have
        only scales of their own, 1 where they share their covariance.
    n_components : int
        Segments of the fit.
    n_features : int
    """

    names: tuple[str, ...]
    rows: tuple[float, ...]
    needed: int
    n_components: int
    n_features: int

    def __str__(self) -> str:
        """Warning text.

        Examples
        --------
        >>> print(SmallSegments(("Segment 3",), (2.5,), 4, 3, 3))
        1 of 3 segments holds fewer than 4 rows, as few as 2.5 (Segment 3): the prior determines \
its covariance, of 3 features; use fewer segments or a structure with fewer parameters, such as \
'diag'
        """
        n, least = len(self.names), figure(min(self.rows), 2)
        hold, their = ("holds", "its") if n == 1 else ("hold", "their")
        many = "1 row" if self.needed == 1 else f"{self.needed} rows"
        remedies = ["fewer segments"] * (self.n_components > 1)
        remedies += ["a structure with fewer parameters, such as 'diag'"] * (self.needed > 2)
        of = f"covariance, of {self.n_features} features"
        what = of if self.n_features > 1 else f"standard deviation{'s' * (n > 1)}"
        segments = f"{self.n_components} segment{'s' * (self.n_components > 1)}"
        return (
            f"{n} of {segments} {hold} fewer than {many}, as few as {least} "
            f"({listed(self.names, most=5)}): the prior determines {their} {what}; "
            f"use {' or '.join(remedies) or 'more rows'}"
        )

    def json(self) -> dict[str, Any]:
        """The record as JSON can hold it."""
        return {"segments": list(self.names), "rows": list(self.rows), "needed": self.needed}


def small_segments(fit: MapFit) -> SmallSegments | None:
    """The segments of a fit that hold fewer rows than they need, or None.

    A concentration below 1 asks for segments without rows, which are not reported then.

    Examples
    --------
    >>> import warnings
    >>> import bayes_gmm as bg
    >>> X = np.random.default_rng(0).normal(size=(20, 3))
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     fit = bg.BayesGMM(8, random_state=0).fit(X).map_fit_
    >>> small_segments(fit).needed
    4
    """
    needed = rows_needed(fit.structure, fit.mixture.n_features)
    rows = expected_rows(fit)
    small = rows < needed - 1e-6
    small &= ~are_left_empty(fit)
    if not small.any():
        return None
    labels = segment_labels(fit.mixture.n_components)
    chosen = np.flatnonzero(small)
    names = tuple(labels[k] for k in chosen)
    of_each = tuple(float(rows[k]) for k in chosen)
    return SmallSegments(names, of_each, needed, len(labels), fit.mixture.n_features)


def are_left_empty(fit: MapFit) -> npt.NDArray[np.bool_]:
    """Which segments hold no rows because the prior asks for such segments, shape (K,)."""
    empty: npt.NDArray[np.bool_] = (expected_rows(fit) < EMPTY) & (_concentration(fit) < 1.0)
    return empty


def rows_needed(structure: Structure, n_features: int) -> int:
    """Rows from which on a segment's own parameters of spread are estimable.

    Examples
    --------
    >>> from bayes_gmm.model.structure import Structure
    >>> [rows_needed(Structure.parse(name), 4) for name in ("full", "diag", "tied")]
    [5, 2, 1]
    """
    if structure.correlations == "component":
        return n_features + 1
    return 2 if structure.scales.startswith("component") else 1


def expected_rows(fit: MapFit) -> Floats:
    """Rows that each segment of a fit is expected to hold, shape (K,).

    Below a concentration of 1 the density has no mode inside, and a weight is the segment's share.
    """
    extra = np.maximum(_concentration(fit) - 1.0, 0.0)
    rows = fit.mixture.weights * (fit.total_weight + extra.sum()) - extra
    measured = fit.measured_weight / fit.total_weight
    held: Floats = np.maximum(rows, 0.0) * measured
    return held


def _concentration(fit: MapFit) -> Floats:
    return np.broadcast_to(
        np.asarray(fit.prior.concentration, dtype=np.float64), fit.mixture.n_components
    )
