"""Output files of the commands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bayes_gmm.cli.excel import is_excel, write_excel
from bayes_gmm.cli.settings import REPORT
from bayes_gmm.cli.writing import COMMA, filling, write_csv
from bayes_gmm.data.io.dialect import CsvFormat
from bayes_gmm.data.matrix import FeatureMatrix
from bayes_gmm.model.mixture import segment_labels
from bayes_gmm.results.io.netcdf import replacing

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from bayes_gmm.cli.fit_report import Report
    from bayes_gmm.cli.posterior_report import Intervals
    from bayes_gmm.results.comparison.comparison import Comparison


def write_fit(
    report: Report,
    matrix: FeatureMatrix,
    folder: Path,
    source: Mapping[str, pd.DataFrame] | None = None,
    *,
    csv: CsvFormat = COMMA,
    ids: pd.Series | None = None,
    others: pd.DataFrame | None = None,
    command: str | None = None,
    note: str | None = None,
    plot_features: tuple[str, ...] | None = None,
) -> dict[str, Path]:
    """Write the model, the segments, each row's assignment and the picture into `folder`.

    If writing fails, the folder is left unchanged.

    Parameters
    ----------
    report : Report
        The fit.
    matrix : FeatureMatrix
        The rows, for the picture.
    folder : Path
        Created if it does not exist.
    source : mapping of str to pandas.DataFrame, optional
        Additional tables to write, by file name.
    csv : CsvFormat
        Format of the CSV files.
    ids : pandas.Series, optional
        The column that identifies the rows, for the assignments and the report.
    others : pandas.DataFrame, optional
        Columns of the rows that are no features, for the report of a posterior.
    command : str, optional
        The command to repeat, for the report.
    note : str, optional
        What readers of the report must know first.
    plot_features : tuple of str, optional
        One or two features of the picture (see `bayes_gmm.plots.segments`).

    Returns
    -------
    dict
        The path of each file by its content: model, segments, assignments, picture; with a
        posterior also summary, intervals and report.
    """
    from bayes_gmm.views.segments import save_segments

    names = {
        "model": "model.nc",
        "segments": "segments.csv",
        "assignments": "assignments.csv",
        "picture": "segments.png",
    }
    with filling(folder) as draft:
        rows = assignments(report.membership, report.names)
        if ids is not None:
            name = _free_name(str(ids.name), ["row", *rows.columns])
            rows.insert(0, name, ids.to_numpy())
        rows.insert(0, "row", range(1, len(rows) + 1))
        if report.intervals is None:
            report.fit.save(draft / names["model"])
        else:
            from bayes_gmm.cli import reports

            names |= {"summary": "summary.csv", "intervals": "intervals.png"}
            _write_posterior(report.intervals, draft, csv)
            names["report"] = reports.FILE
            reports.write_fit_report(
                report, matrix, others, ids, command, note, draft / reports.FILE
            )
        if report.row_intervals is not None:
            decimals = REPORT.probability_decimals
            start = 3 + (ids is not None)
            for place, name in enumerate(("lower", "upper", "entropy"), start):
                rows.insert(place, name, getattr(report.row_intervals, name).round(decimals))
        write_csv(report.segments(), draft / names["segments"], csv)
        write_csv(rows, draft / names["assignments"], csv)
        counted = report.row_weights > 0.0
        save_segments(
            report.posterior or report.fit, draft / names["picture"],
            matrix.only(counted), plot_features,
            ci_prob=report.ci_prob, membership=report.membership[counted],
        )  # fmt: skip
        for name, rows in (source or {}).items():
            write_csv(rows, draft / name)
            names["table"] = name
    return {what: folder / name for what, name in names.items()}


def _write_posterior(intervals: Intervals, draft: Path, csv: CsvFormat) -> None:
    from bayes_gmm.views.forest import save_forest

    posterior = intervals.posterior
    posterior.save(draft / "model.nc")
    write_csv(intervals.summary.reset_index(names="parameter"), draft / "summary.csv", csv)
    save_forest(posterior, draft / "intervals.png", ci_prob=intervals.ci_prob)


def write_comparison(
    comparison: Comparison,
    folder: Path,
    csv: CsvFormat = COMMA,
    *,
    matrix: FeatureMatrix | None = None,
    others: pd.DataFrame | None = None,
    weights: NDArray[np.float64] | None = None,
    table: str = "",
    command: str | None = None,
) -> dict[str, Path]:
    """Write the table of a comparison and, if a criterion was computed, its picture and report.

    The report needs `matrix`, the rows of the table, and describes the recommended number of
    segments.
    An interrupted comparison has separate file names, so that it does not replace a complete one.

    Returns
    -------
    dict
        The path of each file by its content: table, picture.
    """
    from bayes_gmm.cli import reports
    from bayes_gmm.views.comparison import save_comparison

    stem = "comparison-partial" if comparison.interrupted else "comparison"
    names = {"table": f"{stem}.csv", "picture": f"{stem}.png"}
    if not comparison.best:  # there are fits, but no criterion to draw
        del names["picture"]
    with filling(folder) as draft:
        write_csv(comparison.table, draft / names["table"], csv)
        if "picture" in names:
            save_comparison(comparison, draft / names["picture"])
        if matrix is not None and comparison.best and not comparison.interrupted:
            is_written = reports.write_comparison_report(
                comparison, matrix, others, weights, table, command,
                draft / reports.COMPARISON_FILE,
            )  # fmt: skip
            if is_written:
                names["report"] = reports.COMPARISON_FILE
    return {what: folder / name for what, name in names.items()}


def write_scored(
    table: pd.DataFrame,
    membership: NDArray[np.float64],
    path: Path,
    names: Sequence[str] | None = None,
    typical: NDArray[np.float64] | None = None,
    csv: CsvFormat = COMMA,
) -> None:
    """Write the columns of a table, followed by the segment and probabilities of each row.

    The file is a workbook if its name ends in .xlsx, else CSV.

    The typicality of each row follows the probability of its segment.

    A new column whose name the table already has gets a number: "segment (2)".
    """
    scored = table.copy()
    added = assignments(membership, names)
    if typical is not None:
        added.insert(
            2, "typicality", typical.round(REPORT.probability_decimals), allow_duplicates=True
        )
    for name, column in added.items():
        scored[_free_name(str(name), scored.columns)] = column.to_numpy()
    with replacing(path) as draft:
        if is_excel(path):
            write_excel({"assignments": scored}, draft)
        else:
            write_csv(scored, draft, csv)


def assignments(
    membership: NDArray[np.float64], names: Sequence[str] | None = None
) -> pd.DataFrame:
    """Tabulate each row's segment, its probability and the probability of every segment."""
    import pandas as pd

    labels = list(segment_labels(membership.shape[1]) if names is None else names)
    top = membership.argmax(axis=1)
    rounded = membership.round(REPORT.probability_decimals)
    probabilities = pd.DataFrame(rounded, columns=labels)
    probabilities.insert(0, "segment", [labels[k] for k in top], allow_duplicates=True)
    probabilities.insert(1, "probability", rounded.max(axis=1), allow_duplicates=True)
    return probabilities


def _free_name(name: str, taken: Any) -> str:
    if name not in taken:
        return name
    number = 2
    while f"{name} ({number})" in taken:
        number += 1
    return f"{name} ({number})"
