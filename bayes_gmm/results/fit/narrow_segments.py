"""Segments of a fit that are narrower than the recorded steps allow to measure.

The density assumes a recording error (see `bayes_gmm.data.resolution`), so that the standard
deviation that is reported for a segment has a lower bound. At this bound it says nothing about the
segment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bayes_gmm.diagnostics.diagnostic import Diagnostic

if TYPE_CHECKING:
    from bayes_gmm.results.fit.map_fit import MapFit


@dataclass(frozen=True)
class NarrowSegmentSettings:
    """When the width of a segment cannot be measured."""

    of_recording: float = 0.2
    """Variance of a segment in the density, as a fraction of that of the recording error."""


SETTINGS = NarrowSegmentSettings()


def narrow_segments(fit: MapFit) -> list[Diagnostic]:
    """One diagnostic for each column with segments of unmeasured width.

    Examples
    --------
    >>> import warnings
    >>> import bayes_gmm as bg
    >>> rng = np.random.default_rng(0)
    >>> X = np.column_stack([rng.choice([1.0, 2.0, 5.0], 600), rng.normal(size=600)])
    >>> X[:, 0] += rng.integers(0, 2, 600) * (X[:, 0] == 5.0)
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     fit = bg.BayesGMM(2, random_state=0).fit(X).map_fit_
    >>> [(found.code, found.values["column"]) for found in narrow_segments(fit)]
    [('narrow_segments', 'x1')]
    """
    beyond, units = fit.beyond_rounding, fit.standardizer
    reported = (fit.mixture.standard_deviations / units.scale) ** 2
    narrow = (reported - beyond < SETTINGS.of_recording * fit.rho2) & (beyond > 0.0)
    return [
        Diagnostic(
            "narrow_segments",
            tuple(
                name for name, is_narrow in zip(fit.names, narrow[:, j], strict=True) if is_narrow
            ),
            {
                "column": fit.features[j],
                "step": float(fit.mixture.resolution[j]),
                "largest": float(fit.mixture.standard_deviations[narrow[:, j], j].max()),
                "on_model_scale": j in fit.mixture.transforms.changed,
            },
        )
        for j in np.flatnonzero(narrow.any(axis=0)).tolist()
    ]
