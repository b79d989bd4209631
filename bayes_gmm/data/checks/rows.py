"""Findings about a table's rows: too few, empty, or never observed in two columns at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from bayes_gmm.data.checks.copies import copy_findings
from bayes_gmm.data.checks.profile import Profile
from bayes_gmm.data.checks.settings import CheckSettings
from bayes_gmm.data.findings.finding import Finding
from bayes_gmm.data.matrix import FeatureMatrix
from bayes_gmm.data.rows import Floats

ROWS_AT_ONCE = 1 << 16


def row_findings(
    matrix: FeatureMatrix,
    weights: Floats | None,
    profiles: Sequence[Profile],
    settings: CheckSettings,
) -> Iterator[Finding]:
    """All findings about the rows, whose weights are positive."""
    yield from _few(matrix, weights, settings)
    empty = ~matrix.measured()
    if empty.any() and not empty.all():
        total = matrix.n_rows if weights is None else float(weights.sum())
        n_empty = float(empty.sum() if weights is None else weights[empty].sum())
        yield Finding((), "missing", n_empty / total, {"rows": n_empty})
    yield from _never_together(matrix, settings)
    coarse = settings.tails.coarse
    fine = any(profile.step < coarse * profile.sd for profile in profiles if profile.span > 0.0)
    if fine:
        values = matrix.values[~empty] if empty.any() else matrix.values
        yield from copy_findings(values, profiles, settings.copies)


def _few(
    matrix: FeatureMatrix, weights: Floats | None, settings: CheckSettings
) -> Iterator[Finding]:
    d = matrix.n_features
    n_parameters = d + d * (d + 1) // 2
    total = float(matrix.n_rows if weights is None else weights.sum())
    ratio = total / n_parameters
    if ratio < settings.fewest_rows:
        values = {
            "total": total, "rows": matrix.n_rows, "columns": d, "parameters": n_parameters,
            "diagonal": 2 * d, "weighted": settings.fewest_rows <= matrix.n_rows / n_parameters,
        }  # fmt: skip
        yield Finding((), "few rows", ratio, values)


def _never_together(matrix: FeatureMatrix, settings: CheckSettings) -> Iterator[Finding]:
    """Pairs of columns that no row observes both of, though it observes each somewhere."""
    if not 2 <= matrix.n_features <= settings.most_pair_columns:
        return
    together = np.zeros((matrix.n_features, matrix.n_features))
    for start in range(0, matrix.n_rows, ROWS_AT_ONCE):
        observed = (~np.isnan(matrix.values[start : start + ROWS_AT_ONCE])).astype(np.float32)
        together += observed.T @ observed
    alone = np.diagonal(together) > 0.0
    apart = np.argwhere(np.triu(together == 0.0) & alone & alone[:, None])
    for i, j in apart[: settings.most_pairs]:
        names = (matrix.features[i], matrix.features[j])
        more = max(len(apart) - settings.most_pairs, 0)
        yield Finding(names, "missing", 0.0, {"more": more})
