"""Findings about a table's rows: too few, empty, or never observed in two columns at once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bayes_gmm.data.checks.checked_table import CheckedTable, in_table
from bayes_gmm.data.checks.near_copies import copy_findings
from bayes_gmm.data.checks.settings import CheckSettings
from bayes_gmm.diagnostics.diagnostic import Diagnostic


def row_findings(table: CheckedTable, settings: CheckSettings) -> Iterator[Diagnostic]:
    """All findings about the rows."""
    matrix, profiles = table.matrix, table.profiles
    yield from _few(table, settings)
    if 0.0 < table.empty < table.total:
        values = {"rows": table.empty, "fraction": table.empty / table.total}
        yield Diagnostic("empty_rows", (), values)
    yield from _never_together(table, settings)
    coarse = settings.tails.coarse
    fine = any(profile.step < coarse * profile.sd for profile in profiles if profile.span > 0.0)
    if fine:
        measured = matrix.measured()
        rows = matrix.values if measured.all() else matrix.values[measured]
        for finding in copy_findings(rows, profiles, settings.copies, is_sample=table.is_sample):
            duplicates = finding.code == "duplicates"
            yield in_table(finding, table.n_rows / matrix.n_rows) if duplicates else finding


def _few(table: CheckedTable, settings: CheckSettings) -> Iterator[Diagnostic]:
    d = table.matrix.n_features
    n_parameters = d + d * (d + 1) // 2
    ratio = table.total / n_parameters
    if ratio < settings.fewest_rows:
        values = {
            "total": table.total, "rows": table.n_rows, "columns": d, "parameters": n_parameters,
            "diagonal": 2 * d, "rows_per_parameter": ratio,
        }  # fmt: skip
        by_weight = settings.fewest_rows <= table.n_rows / n_parameters
        yield Diagnostic("small_weights" if by_weight else "few_rows", (), values)


def _never_together(table: CheckedTable, settings: CheckSettings) -> Iterator[Diagnostic]:
    """Pairs of columns that are never observed in the same row, though each is observed."""
    matrix = table.matrix
    if not 2 <= matrix.n_features <= settings.most_pair_columns:
        return
    together = np.zeros((matrix.n_features, matrix.n_features))
    for rows in table.observed(settings.rows_at_once):
        observed = rows.astype(np.float32)
        together += observed.T @ observed
    alone = np.diagonal(together) > 0.0
    apart = np.argwhere(np.triu(together == 0.0) & alone & alone[:, None])
    for i, j in apart[: settings.most_pairs]:
        names = (matrix.features[i], matrix.features[j])
        more = max(len(apart) - settings.most_pairs, 0)
        yield Diagnostic("never_together", names, {"more": more})
