r"""Segments of a fit that hold too few rows for their parameters.

The sample covariance of d features has full rank only with d + 1 rows or more; with fewer rows the
prior determines the remaining directions. At the mode of the posterior the expected number of rows
n_k of a segment follows from its weight, with concentration a of the Dirichlet prior:

.. math:: w_k = \frac{n_k + a - 1}{N + K (a - 1)}
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from bayes_gmm.data.rows import Floats
from bayes_gmm.diagnostics.diagnostic import Diagnostic

if TYPE_CHECKING:
    from bayes_gmm.model.structure import Structure
    from bayes_gmm.results.fit.map_fit import MapFit


@dataclass(frozen=True)
class SmallSegmentSettings:
    """When a segment counts as small or empty."""

    empty: float = 0.5
    """Expected number of rows below which a segment counts as empty."""
    tolerance: float = 1e-6
    """Tolerance of the number of rows, for rounding errors."""


SETTINGS = SmallSegmentSettings()


def small_segments(fit: MapFit) -> list[Diagnostic]:
    """One diagnostic if segments of a fit hold fewer rows than they need, else none.

    Each needs d + 1 rows where segments have correlations of their own, 2 where they have only
    scales of their own, and 1 where they share their covariance. With a concentration below 1,
    empty segments are expected and are not reported.

    Examples
    --------
    >>> import warnings
    >>> import bayes_gmm as bg
    >>> X = np.random.default_rng(0).normal(size=(20, 3))
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     fit = bg.BayesGMM(8, random_state=0).fit(X).map_fit_
    >>> small_segments(fit)[0].values["needed"]
    4
    """
    needed = rows_needed(fit.structure, fit.mixture.n_features)
    rows = expected_rows(fit)
    small = rows < needed - SETTINGS.tolerance
    small &= ~are_left_empty(fit)
    if not small.any():
        return []
    labels = fit.names
    chosen = np.flatnonzero(small)
    values = {
        "rows": [float(rows[k]) for k in chosen], "needed": needed,
        "n_components": len(labels), "n_features": fit.mixture.n_features,
    }  # fmt: skip
    return [Diagnostic("small_segments", tuple(labels[k] for k in chosen), values)]


def are_left_empty(fit: MapFit) -> npt.NDArray[np.bool_]:
    """Which segments hold no rows because the prior asks for such segments, shape (K,)."""
    few = expected_rows(fit) < SETTINGS.empty
    return np.asarray(few & (_concentration(fit) < 1.0))


def rows_needed(structure: Structure, n_features: int) -> int:
    """Minimum number of rows at which a segment's own covariance parameters can be estimated.

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

    With a concentration below 1 the density has no interior mode, so n_k = N w_k is used.
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
