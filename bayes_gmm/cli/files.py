"""Output files of the command line: written atomically, CSV safe for spreadsheets."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bayes_gmm.cli import reports
from bayes_gmm.cli.settings import REPORT
from bayes_gmm.data.io.dialect import CsvFormat
from bayes_gmm.data.matrix import FeatureMatrix
from bayes_gmm.diagnostics.diagnostic import Diagnostic, warn
from bayes_gmm.model.mixture import segment_labels
from bayes_gmm.report.write import frame_of
from bayes_gmm.results.io.netcdf import replacing

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from bayes_gmm.cli.fit_report import Report
    from bayes_gmm.cli.posterior_report import Intervals
    from bayes_gmm.results.comparison.comparison import Comparison

COMMA = CsvFormat()
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""Includes full-width characters, which East Asian spreadsheets treat alike."""
INNER_START = re.compile(r"([;|\t\r\n][\"\s]*)(?=[=+\-@＝＋－＠])")
"""Start of a cell for spreadsheets that use a separator other than the comma."""
NUMBER = re.compile(r"[+-]?(\d[\d.,]*|[.,]\d+)([eE][+-]?\d+)?%?", re.ASCII)
NO_NUMBERS = ("-inf", "+inf", "-infinity", "+infinity", "-nan", "+nan")
"""Non-finite numbers as text; they are not formulas and must stay readable."""


def write_fit(
    report: Report,
    matrix: FeatureMatrix,
    folder: Path,
    source: Mapping[str, pd.DataFrame] | None = None,
    *,
    csv: CsvFormat = COMMA,
    ids: pd.Series | None = None,
    frame: pd.DataFrame | None = None,
    command: str | None = None,
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
    frame : pandas.DataFrame, optional
        The rows with columns that are no features, for the report of a posterior.
    command : str, optional
        The command to repeat, for the report.
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
            names |= {"summary": "summary.csv", "intervals": "intervals.png"}
            _write_posterior(report.intervals, draft, csv)
            names["report"] = reports.FILE
            rows_with_others = frame_of(matrix) if frame is None else frame
            reports.write_fit_report(report, rows_with_others, ids, command, draft / reports.FILE)
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
    frame: pd.DataFrame | None = None,
    weights: NDArray[np.float64] | None = None,
    table: str = "",
    command: str | None = None,
) -> dict[str, Path]:
    """Write the table of a comparison and, if a criterion was computed, its picture and report.

    The report needs the rows of the table and describes the recommended number of segments.
    An interrupted comparison has separate file names, so that it does not replace a complete one.

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
        if frame is not None and comparison.best and not comparison.interrupted:
            path = draft / reports.COMPARISON_FILE
            if reports.write_comparison_report(comparison, frame, weights, table, command, path):
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


def write_csv(table: pd.DataFrame, path: Path, csv: CsvFormat = COMMA) -> None:
    """Write CSV in which spreadsheets cannot execute any text as a formula.

    If the encoding lacks a character of the table, the file is written in UTF-8, with a warning.
    """
    safe = table.copy()
    safe.columns = [safe_text(str(name)) for name in table.columns]
    for position, kind in enumerate(table.dtypes):
        if kind.kind not in "biuf":
            cells = table.iloc[:, position].astype(object).map(safe_text)
            safe.isetitem(position, cells)
    options: dict[str, Any] = {"index": False, "sep": csv.delimiter, "decimal": csv.decimal}
    try:
        safe.to_csv(path, encoding=csv.encoding, **options)
    except UnicodeEncodeError:
        warn([Diagnostic("written_as_utf8", (), {"encoding": csv.encoding})], stacklevel=2)
        safe.to_csv(path, encoding="utf-8-sig", **options)


def safe_text(cell: Any) -> Any:
    """Put an apostrophe before text that a spreadsheet would execute as a formula.

    Apostrophes are also inserted inside a cell, after characters that some spreadsheets treat as
    separators. Numbers stay unchanged, also as text and with a decimal comma.

    Examples
    --------
    >>> safe_text("=1+1"), safe_text("-12.5"), safe_text("-0,5"), safe_text("@home")
    ("'=1+1", '-12.5', '-0,5', "'@home")
    """
    if not isinstance(cell, str):
        return cell
    number = cell.strip(" ")
    if NUMBER.fullmatch(number) or number.lower() in NO_NUMBERS:
        return cell
    cell = INNER_START.sub(r"\1'", cell)
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell


def check_folder(folder: Path) -> None:
    """Raise if a folder cannot be written, before the fit starts.

    Raises
    ------
    OSError
        If the path exists but is not a folder, or writing there is not allowed.
    """
    there = _nearest_place(folder)
    if not there.is_dir():
        raise NotADirectoryError(f"cannot write into '{folder}': '{there}' is not a folder")
    _new_draft(folder, there).rmdir()


@contextmanager
def filling(folder: Path) -> Iterator[Path]:
    """Yield an empty draft folder whose files move into `folder` when the block has succeeded.

    If the block or the move fails, `folder` is left unchanged.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as place:
    ...     with filling(Path(place) / "out") as draft:
    ...         _ = (draft / "a.txt").write_text("all of it")
    ...     [file.name for file in (Path(place) / "out").iterdir()]
    ['a.txt']
    """
    folder = Path(os.path.realpath(folder))
    check_folder(folder)
    there = _nearest_place(folder)
    draft = _new_draft(folder, there)
    try:
        yield draft
        _move_in(draft, folder, there)
    except OSError as error:
        place = Path(str(error.filename))
        if draft in place.parents:
            raise type(error)(error.errno, error.strerror, str(folder / place.name)) from error
        raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _nearest_place(folder: Path) -> Path:
    """The folder itself, or its nearest existing parent."""
    return next(place for place in (folder, *folder.absolute().parents) if place.exists())


def _new_draft(folder: Path, there: Path) -> Path:
    try:
        return Path(tempfile.mkdtemp(prefix=".bayes-gmm-", dir=there))
    except OSError as error:
        message = f"cannot write into '{folder}': {error.strerror or error}"
        raise type(error)(message) from error


def _move_in(draft: Path, folder: Path, there: Path) -> None:
    new = [file.name for file in draft.iterdir()]
    before = draft / "before"
    before.mkdir()
    moved = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in new:
            _keep(folder / name, before / name)
            os.replace(draft / name, folder / name)
            moved.append(name)
    except BaseException:
        for name in moved:
            (folder / name).unlink()
            if (before / name).exists():
                os.replace(before / name, folder / name)
        _remove_empty(folder, there)
        raise


def _keep(file: Path, copy: Path) -> None:
    """Back up an existing file, so that it can be restored."""
    if file.is_dir():
        raise IsADirectoryError(f"cannot write '{file}': it is a folder")
    if file.exists():
        shutil.copy2(file, copy)


def _remove_empty(folder: Path, there: Path) -> None:
    """Remove the created folders below the existing one."""
    while folder != there and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


def _free_name(name: str, taken: Any) -> str:
    if name not in taken:
        return name
    number = 2
    while f"{name} ({number})" in taken:
        number += 1
    return f"{name} ({number})"
