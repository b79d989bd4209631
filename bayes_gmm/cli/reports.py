"""HTML reports of the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_gmm.cli.naming import NameChanges, renamed_model
from bayes_gmm.cli.tables import read_columns, row_ids
from bayes_gmm.data.io.files import read_other_columns
from bayes_gmm.data.io.read_columns import ReadOptions
from bayes_gmm.data.matrix import FeatureMatrix
from bayes_gmm.diagnostics.kind import COMMAND_LINE
from bayes_gmm.report.write import save, source_of

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from bayes_gmm.cli.fit_report import Report
    from bayes_gmm.results.comparison.comparison import Candidate, Comparison


def write_fit_report(
    report: Report,
    matrix: FeatureMatrix,
    others: pd.DataFrame | None,
    ids: Any,
    command: str | None,
    note: str | None,
    path: Path,
) -> None:
    """Write the report of a fit with what the command has computed already."""
    source = source_of(
        report.posterior or report.fit, matrix, others, labels=ids,
        sample_weight=_weights(report.row_weights), ci_prob=report.ci_prob,
        membership=report.row_intervals, findings=report.findings,
        diagnostics=report.diagnostics, shape=report.shape_check, options=COMMAND_LINE,
        command=command, note=note, table_name=Path(report.table).name,
        made_segments=report.intervals and report.intervals.segments,
        made_summary=report.intervals and report.intervals.summary,
    )  # fmt: skip
    save(source, path)


def _weights(weights: NDArray[np.float64]) -> NDArray[np.float64] | None:
    return None if np.all(weights == 1.0) else weights


def write_comparison_report(
    comparison: Comparison,
    matrix: FeatureMatrix,
    others: pd.DataFrame | None,
    weights: NDArray[np.float64] | None,
    table: str,
    command: str | None,
    path: Path,
) -> bool:
    """Write the report of the recommended number of segments; False if there is no fit."""
    best = reported_candidate(comparison)
    if best is None:
        return False
    source = source_of(
        best.posterior or best.fit, matrix, others, sample_weight=weights,
        shape=best.shape_check if best.posterior is None else None,
        diagnostics=best.diagnostics, options=COMMAND_LINE, command=command,
        table_name=Path(table).name,
    )  # fmt: skip
    save(source, path, comparison)
    return True


def reported_candidate(comparison: Comparison) -> Candidate | None:
    """The recommended candidate; without a recommendation, the best by the first criterion."""
    found = comparison.recommendation
    if found.n_components is not None:
        of_number = [
            c
            for c in comparison.candidates
            if c.n_components == found.n_components
            and found.structure in (None, c.structure)
            and c.fit is not None
        ]
        if of_number:
            return of_number[0]
    fitted = [c for c in comparison.best.values() if c.fit is not None]
    return fitted[0] if fitted else None


def write_model_report(
    model: str,
    table: str | None,
    path: Path,
    *,
    changes: NameChanges,
    weights: str | None,
    id_column: str | None,
    ci_prob: float,
    reading: ReadOptions,
) -> None:
    """Write the report of a model file, with the rows of a table if one is given."""
    from bayes_gmm.results.load import load

    fit = renamed_model(load(model), changes)
    if table is None:
        save(source_of(fit, ci_prob=ci_prob, options=COMMAND_LINE), path)
        return
    matrix, row_weights = read_columns(table, list(fit.features), weights, reading)
    ids = None if id_column is None else row_ids(table, id_column, reading)
    others = read_other_columns(table, [*fit.features, weights, id_column], reading)
    source = source_of(
        fit, matrix, others, labels=ids, sample_weight=row_weights,
        ci_prob=ci_prob, options=COMMAND_LINE, table_name=Path(table).name,
    )  # fmt: skip
    save(source, path)
