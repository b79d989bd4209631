"""`check_table`: possible problems of a table before a fit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from bayes_gmm.data.checks.checked_table import Checkable, CheckedTable, in_table
from bayes_gmm.data.checks.collinearity import collinear_findings
from bayes_gmm.data.checks.column_parts import ColumnParts
from bayes_gmm.data.checks.columns import column_findings
from bayes_gmm.data.checks.identifiers import identifier_finding
from bayes_gmm.data.checks.missing_codes import shared_value_findings
from bayes_gmm.data.checks.profile import Profile
from bayes_gmm.data.checks.rows import row_findings
from bayes_gmm.data.checks.segment_skew import segment_skew_findings
from bayes_gmm.data.checks.settings import CheckSettings
from bayes_gmm.data.columns import refuse_infinite, refuse_unwritable
from bayes_gmm.data.feature_matrix import feature_matrix
from bayes_gmm.data.io.files import read_file
from bayes_gmm.data.io.read_columns import ReadColumns, ReadOptions
from bayes_gmm.data.matrix import FeatureMatrix
from bayes_gmm.data.rows import Floats
from bayes_gmm.data.table import read_source
from bayes_gmm.data.total_rows import total_row_findings
from bayes_gmm.data.validate import check_weights
from bayes_gmm.diagnostics.diagnostic import CODES, Diagnostic
from bayes_gmm.errors import DataError

EXPLAINED = ("unusable", "constant", "nearly_constant", "identifier", "skewed")
"""Codes after which the skewness of the segments of a column is not checked."""


def check_table(
    X: Any,
    features: Sequence[str] | None = None,
    sample_weight: Any = None,
    *,
    missing: str | Sequence[str] = (),
    encoding: str | None = None,
    sheet: str | None = None,
    settings: CheckSettings | None = None,
) -> tuple[Diagnostic, ...]:
    """List possible problems of a table before a fit.

    The table is not changed. A column for which `fit` would raise an error is also a finding.

    Parameters
    ----------
    X : data frame, array-like of shape (n_rows, n_features), path of a file, or Scan
        Table in a CSV, Excel or Parquet file or in memory, as for `BayesGMM.fit` or `read_table`.
        Of a `Scan`, a sample is checked: numbers of rows are those of the table, estimated from the
        sample unless the column has at most 50,000 distinct values. A row of totals is not sought,
        and a few rows among many, such as outliers, may not be in the sample.
    features : sequence of str, optional
        Columns to check; by default all.
    sample_weight : array-like of shape (n_rows,), optional
        Row weights. A weight of 2 counts the row twice; a weight of 0 excludes it.
    missing : str or sequence of str
        Texts of cells that stand for missing values, as for `read_table`.
    encoding : str, optional
        Encoding of a CSV file, as for `read_table`.
    sheet : str, optional
        Sheet of an Excel workbook, as for `read_table`.
    settings : CheckSettings, optional
        Thresholds.

    Returns
    -------
    tuple of Diagnostic
        By code, the most severe first, then by column. The codes are

        - ``text_column``, ``date_column``, ``leading_zeros``, ``mixed_cells``,
          ``contradicting_notations``, ``repeated_name``, ``cell_type``, ``formula_cells``: columns
          that `read_table` leaves out; if only some cells are not numbers, the values count them;
        - ``unusable``: `fit` raises an error for the column, such as for an infinite cell;
        - ``missing_column``: all cells are missing, for which `fit` raises an error;
        - ``never_together``: two columns that are never observed in the same row;
        - ``total_row``: a first or last row with the sums of columns over all other rows; `fit`
          and `read_table` issue a `DataWarning`;
        - ``empty_rows``: rows in which all cells are missing;
        - ``missing_cells``: missing cells in a column;
        - ``constant``: one value in all rows, for which `fit` raises an error;
        - ``nearly_constant``: one value in 95 % of the rows;
        - ``few_rows``: fewer than 5 for each parameter of a segment with a full covariance;
        - ``small_weights``: the same, only because of the weights of the rows;
        - ``identifier``: a running number, in any order and with gaps, or unique whole numbers in
          a column that is named like an identifier; `fit` issues a `DataWarning`;
        - ``missing_code``: a value far from all others that several rows share, such as 999 or -1,
          or a usual code that far more rows share than any other value; `fit` issues a
          `DataWarning`;
        - ``atom``: a value in 5 % of the rows that is 5 times as frequent as the next, in a column
          that is not a list of categories; `fit` issues a `DataWarning`;
        - ``collinear``: columns of which one has a residual variance below .001 given the others;
          ``condition_number`` is that of their correlations;
        - ``nearly_collinear``: columns of which one has a residual variance below .005 within
          groups of rows that are separate on the first principal component;
        - ``near_copies``: groups of rows that are much closer to each other than other rows are;
        - ``outliers``: a few rows further than 8 robust standard deviations from the median, on
          the log scale where the column is skewed without them;
        - ``skewed``: a skewness above 2 that the logarithm reduces by half or more, even if a few
          cells are negative;
        - ``skewed_segments``: a positive column that fewer Gaussian segments fit better on the log
          scale;
        - ``coarse``: a column recorded in steps of half its standard deviation or more;
        - ``duplicates``: rows that repeat others more often than rounding explains;
        - ``cells_read``: text that `read_table` reads as numbers;
        - ``lines_above``, ``second_header``: lines of a file that it skips;
        - ``guessed_encoding``: an encoding that the letters of a file suggest;
        - ``sheet_read``: the sheet that it reads, if the workbook has others;
        - ``error_cells``: cells of a workbook with an error, which it reads as missing.

    Raises
    ------
    DataError
        If `X` is not a table, a column does not exist, or the weights are invalid.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> spend = np.where(rng.random(400) < 0.3, 0.0, rng.normal(50, 10, 400))
    >>> [finding] = check_table(np.column_stack([spend, rng.normal(size=400)]))
    >>> finding.code, finding.subject, round(finding.values["fraction"], 2)
    ('atom', ('x1',), 0.26)
    >>> print(finding)
    column 'x1' is 0 in 26 % of the rows, far more often than any other value: a segment may \
collapse onto this value, with almost no variance; fit these rows separately, or interpret such a \
segment as the rows with this value
    """
    settings = settings or CheckSettings()
    if isinstance(X, Checkable):
        if features is not None or sample_weight is not None:
            raise DataError(
                "columns and weights of a scan are chosen when it is made: "
                "bg.scan(columns=..., weights=...)"
            )
        return _in_order(_findings(X.checked_table(), settings))
    matrix, refused = _usable(X, features, ReadOptions.of(missing, encoding, sheet))
    if matrix is None:
        return tuple(refused)
    weights = check_weights(sample_weight, matrix.n_rows)
    totals = total_row_findings(matrix, settings.total_rows)
    table = CheckedTable.of(matrix, weights)
    return _in_order([*refused, *totals, *_findings(table, settings)])


def _findings(table: CheckedTable, settings: CheckSettings) -> list[Diagnostic]:
    """Findings in a table whose cells are finite."""
    found = list(row_findings(table, settings))
    columns = [ColumnParts(profile, settings) for profile in table.profiles]
    of_columns = [
        in_table(f, column.profile.rows_each)
        for column in columns
        for f in column_findings(column, settings)
    ]
    # Empty rows are one finding, not one for each column.
    if any(f.code == "empty_rows" for f in found):
        most = table.empty * (1.0 + 1e-9)
        of_columns = [f for f in of_columns if f.code != "missing_cells" or f.values["rows"] > most]
    identifiers = {f.subject[0] for f in of_columns if f.code == "identifier"}
    explained = {f.subject[0] for f in of_columns if f.code in EXPLAINED}
    found += of_columns
    found += collinear_findings(table.matrix, table.profiles, settings.collinear, but=identifiers)
    found += segment_skew_findings(columns, settings, but=explained)
    return found


def _in_order(findings: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    return tuple(sorted(findings, key=lambda finding: CODES.index(finding.code)))


def fit_findings(
    matrix: FeatureMatrix, weights: Floats | None, settings: CheckSettings | None = None
) -> tuple[Diagnostic, ...]:
    """Findings for which `fit` issues warnings.

    These are a row of totals, identifiers, codes for missing values, and atoms.

    Parameters
    ----------
    matrix : FeatureMatrix
    weights : ndarray, shape (n_rows,), or None
        Row weights as `check_weights` returns them.
    settings : CheckSettings, optional

    Examples
    --------
    >>> from bayes_gmm.data.feature_matrix import feature_matrix
    >>> table = feature_matrix([[0.0]] * 60 + [[float(x) ** 1.5] for x in range(1, 41)])
    >>> [(finding.code, finding.values["fraction"]) for finding in fit_findings(table, None)]
    [('atom', 0.6)]
    """
    settings = settings or CheckSettings()
    totals = list(total_row_findings(matrix, settings.total_rows))
    every = -(-matrix.n_rows // settings.fewest_counted)
    if every > 1:
        some = matrix.only(slice(None, None, every))
        of_some = CheckedTable.of(some, None if weights is None else weights[::every])
        suspects = {finding.subject[0] for finding in column_fit_findings(of_some, settings)}
        if not suspects:
            return tuple(totals)
        matrix = feature_matrix(matrix, [name for name in matrix.features if name in suspects])
    return _in_order([*totals, *column_fit_findings(CheckedTable.of(matrix, weights), settings)])


def column_fit_findings(
    table: CheckedTable, settings: CheckSettings | None = None
) -> tuple[Diagnostic, ...]:
    """Those of `fit_findings` that are about columns.

    Parameters
    ----------
    table : CheckedTable
        A table in memory, or the sample of a scan.
    settings : CheckSettings, optional
    """
    settings = settings or CheckSettings()
    return _in_order(
        in_table(f, profile.rows_each)
        for profile in table.profiles
        for f in _for_fits(profile, settings)
    )


def one_of_each_code(findings: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """The first finding of each code, with the other columns ("also") among its values.

    Examples
    --------
    >>> both = [Diagnostic("missing_column", (name,)) for name in ("a", "b")]
    >>> [finding.values["also"] for finding in one_of_each_code(both)]
    [['b']]
    """
    for _, group in groupby(findings, key=lambda finding: finding.code):
        first, *more = group
        also = list(dict.fromkeys(finding.subject[0] for finding in more))
        yield replace(first, values={**first.values, "also": also}) if also else first


def _for_fits(profile: Profile, settings: CheckSettings) -> Iterator[Diagnostic]:
    identifier = identifier_finding(profile, settings.identifiers)
    if identifier is not None:
        yield identifier
        return
    parts = ColumnParts(profile, settings)
    yield from shared_value_findings(profile, parts.codes, parts.atoms)


def _usable(
    X: Any, features: Sequence[str] | None, options: ReadOptions
) -> tuple[FeatureMatrix | None, list[Diagnostic]]:
    """The columns that hold finite numbers, and findings about the others."""
    if isinstance(X, str | Path):
        return _finite(read_file(X, features, options))
    try:
        return feature_matrix(X, features), []
    except DataError:
        read = read_source(_frame(X), features, options)
        if read is None or read.n_rows == 0:
            raise
        return _finite(read)


def _finite(read: ReadColumns) -> tuple[FeatureMatrix | None, list[Diagnostic]]:
    """The columns without infinite cells, and findings about the others."""
    found = list(read.findings)
    if read.matrix is None:
        return None, found
    kept = []
    for name, column in zip(read.matrix.features, read.matrix.values.T, strict=True):
        try:
            refuse_unwritable([name])
            refuse_infinite(column[:, None], [name])
            kept.append(name)
        except DataError as error:
            found.append(Diagnostic("unusable", (name,), {"message": str(error)}))
    return feature_matrix(read.matrix, kept) if kept else None, found


def _frame(X: Any) -> Any:
    """An array or list of rows as a frame; another object as it is."""
    if not isinstance(X, np.ndarray | list | tuple):
        return X
    import pandas as pd

    try:
        cells = np.asarray(X, dtype=object)
    except ValueError:
        return X
    if cells.ndim != 2:
        return X
    return pd.DataFrame(cells, columns=[f"x{j + 1}" for j in range(cells.shape[1])])
