"""Output files of the commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
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
    from bayes_gmm.data.spool.record import Scan
    from bayes_gmm.results.comparison.comparison import Comparison


NAMES = {
    "model": "model.nc", "segments": "segments.csv", "assignments": "assignments.csv",
    "picture": "segments.png",
}  # fmt: skip
"""Files of a fit."""
ASSIGNMENTS_OF_SCAN = "assignments.parquet"
"""The assignments of a scan, in place of those in `NAMES`."""
OF_POSTERIOR = {"summary": "summary.csv", "intervals": "intervals.png"}
"""More files if there is a posterior."""
REPORT_FILE, COMPARISON_REPORT_FILE = "report.html", "comparison.html"


def write_fit(
    report: Report,
    matrix: FeatureMatrix,
    folder: Path,
    source: Mapping[str, pd.DataFrame] | None = None,
    *,
    csv: CsvFormat = COMMA,
    ids: pd.Series | None = None,
    plot_features: tuple[str, ...] | None = None,
    save_report: Callable[[Path], None] | None = None,
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
        The column that identifies the rows, for the assignments.
    plot_features : tuple of str, optional
        One or two features of the picture (see `bayes_gmm.plots.segments`).
    save_report : callable, optional
        Function that writes the HTML report of a posterior to a path.

    Returns
    -------
    dict
        The path of each file by its content: model, segments, assignments, picture; with a
        posterior also summary, intervals and report.
    """
    names = dict(NAMES)
    with filling(folder) as draft:
        if report.intervals is None:
            report.fit.save(draft / names["model"])
        else:
            names |= OF_POSTERIOR
            _write_posterior(report.intervals, draft, csv)
            if save_report is not None:
                names["report"] = REPORT_FILE
                save_report(draft / REPORT_FILE)
        write_csv(report.segments(), draft / names["segments"], csv)
        write_csv(_assigned_rows(report, ids), draft / names["assignments"], csv)
        _save_picture(report, matrix, draft / names["picture"], plot_features)
        for name, rows in (source or {}).items():
            write_csv(rows, draft / name)
            names["table"] = name
    return {what: folder / name for what, name in names.items()}


def write_fit_of_scan(
    report: Report,
    scan: Scan,
    folder: Path,
    *,
    columns: Sequence[str] = (),
    plot_features: tuple[str, ...] | None = None,
) -> tuple[Report, dict[str, Path]]:
    """Write the files of `write_fit` for a scan, with the assignments of all rows in Parquet.

    The picture shows the sample of the scan. There is no HTML report, which needs the rows.

    Parameters
    ----------
    report : Report
    scan : Scan
    folder : Path
    columns : sequence of str
        Columns that are written beside the assignments.
    plot_features : tuple of str, optional
        As `write_fit` takes them.

    Returns
    -------
    report : Report
        With the numbers of all rows.
    files : dict
        The path of each file by its content.
    """
    from bayes_gmm.results.assignments import assign_rows

    names = {**NAMES, "assignments": ASSIGNMENTS_OF_SCAN}
    with filling(folder) as draft:
        if report.intervals is None:
            report.fit.save(draft / names["model"])
        else:
            names |= OF_POSTERIOR
            _write_posterior(report.intervals, draft, COMMA)
        found = assign_rows(
            report.posterior or report.fit, scan.source, draft / names["assignments"], columns,
            scan.weights,
        )  # fmt: skip
        report = replace(report, of_all_rows=found)
        write_csv(report.segments(), draft / names["segments"])
        _save_picture(report, scan.sample, draft / names["picture"], plot_features)
    return report, {what: folder / name for what, name in names.items()}


def _assigned_rows(report: Report, ids: pd.Series | None) -> pd.DataFrame:
    """The assignment of each row, with its number and identifier."""
    rows = assignments(report.membership, report.names)
    if report.row_intervals is not None:
        decimals = REPORT.probability_decimals
        for place, name in enumerate(("lower", "upper", "entropy"), 2):
            rows.insert(place, name, getattr(report.row_intervals, name).round(decimals))
    if ids is not None:
        rows.insert(0, _free_name(str(ids.name), ["row", *rows.columns]), ids.to_numpy())
    rows.insert(0, "row", range(1, len(rows) + 1))
    return rows


def _save_picture(
    report: Report, matrix: FeatureMatrix, path: Path, features: tuple[str, ...] | None
) -> None:
    from bayes_gmm.views.segments import save_segments

    counted = report.row_weights > 0.0
    save_segments(
        report.posterior or report.fit, path, matrix.only(counted), features,
        ci_prob=report.ci_prob, membership=report.membership[counted],
    )  # fmt: skip


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
    save_report: Callable[[Path], bool] | None = None,
) -> dict[str, Path]:
    """Write the table of a comparison and, if a criterion was computed, its picture and report.

    An interrupted comparison has separate file names, so that it does not replace a complete one.

    Parameters
    ----------
    comparison : Comparison
    folder : Path
    csv : CsvFormat
    save_report : callable, optional
        Function that writes the HTML report to a path, and returns False if there is none.

    Returns
    -------
    dict
        The path of each file by its content: table, picture.
    """
    from bayes_gmm.views.comparison import save_comparison

    stem = "comparison-partial" if comparison.interrupted else "comparison"
    names = {"table": f"{stem}.csv", "picture": f"{stem}.png"}
    if not comparison.best:  # there are fits, but no criterion to draw
        del names["picture"]
    with filling(folder) as draft:
        write_csv(comparison.table, draft / names["table"], csv)
        if "picture" in names:
            save_comparison(comparison, draft / names["picture"])
        is_done = comparison.best and not comparison.interrupted
        if is_done and save_report is not None and save_report(draft / COMPARISON_REPORT_FILE):
            names["report"] = COMPARISON_REPORT_FILE
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
