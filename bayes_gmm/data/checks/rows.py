"""Findings about a table's rows: too few, empty, or never observed in two columns at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from bayes_gmm.data.checks.near_copies import copy_findings
from bayes_gmm.data.checks.profile import Profile
from bayes_gmm.data.checks.settings import CheckSettings
from bayes_gmm.data.matrix import FeatureMatrix
from bayes_gmm.data.rows import Floats
from bayes_gmm.diagnostics.diagnostic import Diagnostic


def row_findings(
    matrix: FeatureMatrix,
    weights: Floats | None,
    profiles: Sequence[Profile],
    settings: CheckSettings,
) -> Iterator[Diagnostic]:
    """All findings about the rows, whose weights are positive."""
    yield from _few(matrix, weights, settings)
    empty = ~matrix.measured()
    if empty.any() and not empty.all():
        total = matrix.n_rows if weights is None else float(weights.sum())
        n_empty = float(empty.sum() if weights is None else weights[empty].sum())
        yield Diagnostic("empty_rows", (), {"rows": n_empty, "fraction": n_empty / total})
    yield from _never_together(matrix, settings)
    coarse = settings.tails.coarse
    fine = any(profile.step < coarse * profile.sd for profile in profiles if profile.span > 0.0)
    if fine:
        values = matrix.values[~empty] if empty.any() else matrix.values
        yield from copy_findings(values, profiles, settings.copies)


def _few(
    matrix: FeatureMatrix, weights: Floats | None, settings: CheckSettings
) -> Iterator[Diagnostic]:
    d = matrix.n_features
    n_parameters = d + d * (d + 1) // 2
    total = float(matrix.n_rows if weights is None else weights.sum())
    ratio = total / n_parameters
    if ratio < settings.fewest_rows:
        values = {
            "total": total, "rows": matrix.n_rows, "columns": d, "parameters": n_parameters,
            "diagonal": 2 * d, "rows_per_parameter": ratio,
        }  # fmt: skip
        by_weight = settings.fewest_rows <= matrix.n_rows / n_parameters
        yield Diagnostic("small_weights" if by_weight else "few_rows", (), values)


def _never_together(matrix: FeatureMatrix, settings: CheckSettings) -> Iterator[Diagnostic]:
    """Pairs of columns that are never observed in the same row, though each is observed."""
    if not 2 <= matrix.n_features <= settings.most_pair_columns:
        return
    together = np.zeros((matrix.n_features, matrix.n_features))
    step = settings.rows_at_once
    for start in range(0, matrix.n_rows, step):
        observed = (~np.isnan(matrix.values[start : start + step])).astype(np.float32)
        together += observed.T @ observed
    alone = np.diagonal(together) > 0.0
    apart = np.argwhere(np.triu(together == 0.0) & alone & alone[:, None])
    for i, j in apart[: settings.most_pairs]:
        names = (matrix.features[i], matrix.features[j])
        more = max(len(apart) - settings.most_pairs, 0)
        yield Diagnostic("never_together", names, {"more": more})
