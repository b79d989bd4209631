"""What deserves a word before a fit: atoms, outliers, gaps, columns that say the same twice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_gmm.data.checks import check_weights
from bayes_gmm.data.collinear import collinear_columns
from bayes_gmm.data.columns import choose_columns
from bayes_gmm.data.finding import KINDS, Finding
from bayes_gmm.data.frames import as_frame
from bayes_gmm.data.profile import Profile
from bayes_gmm.data.profile_findings import atom_words, atoms_of, of_column
from bayes_gmm.data.row_findings import of_rows
from bayes_gmm.data.rows import Floats
from bayes_gmm.data.table import FeatureMatrix, feature_matrix, read_table
from bayes_gmm.errors import DataError

if TYPE_CHECKING:
    import narwhals as nw

__all__ = ["Finding", "atom_warning", "check_table"]

LOOKED_AT = 50_000
"""Rows of a long table in which atoms are first looked for, at equal distances."""
MOST_TOLD = 3
"""Atoms in one warning."""


def check_table(
    X: Any, features: Sequence[str] | None = None, sample_weight: Any = None
) -> tuple[Finding, ...]:
    """What there is to know of a table before it is fitted.

    Nothing is changed, and a column that `fit` would refuse is a finding among others.

    Parameters
    ----------
    X : data frame, array-like of shape (n_rows, n_features), or path of a CSV or Parquet file
        As `BayesGMM.fit` or `read_table` takes it.
    features : sequence of str, optional
        Columns to look at; by default all, or those of a file that are numeric.
    sample_weight : array-like of shape (n_rows,), optional
        A weight of 2 is two copies of the row, 0 its absence.

    Returns
    -------
    tuple of Finding
        By kind, the gravest first, then by column. The kinds are

        - ``unusable``: `fit` refuses the column, as for text or an infinite cell;
        - ``missing``: cells that are missing, rows in which all are, and columns that no row
          observes both of;
        - ``constant``: one value in all rows, which `fit` refuses, or in 95 % of them;
        - ``few rows``: fewer than 5, by their weights, for each parameter of a segment with a full
          covariance;
        - ``atom``: a value in 5 % of the rows that is 5 times as frequent as the next, in a column
          that is no list of categories; with `fit` itself it is a `DataWarning`;
        - ``collinear``: a column of which others, before it, tell .999 of the variance;
        - ``outliers``: a few rows further than 8 robust standard deviations from the median;
        - ``skewed``: a skewness above 2, of which a logarithm leaves no more than half;
        - ``coarse``: a column recorded in steps of half its standard deviation or more;
        - ``duplicates``: rows that repeat others in a table that is not all coarse.

    Raises
    ------
    DataError
        If `X` is no table, a column is not there, or the weights cannot be used.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> spend = np.where(rng.random(400) < 0.3, 0.0, rng.normal(50, 10, 400))
    >>> [finding] = check_table(np.column_stack([spend, rng.normal(size=400)]))
    >>> finding.columns, finding.kind, round(finding.number, 2)
    (('x1',), 'atom', 0.26)
    >>> print(finding.sentence.split(":")[0])
    column 'x1' is 0 in 26.2 % of the rows, which no other of its values comes near
    """
    if isinstance(X, str | Path):
        X = read_table(X, features)
    matrix, refused = _usable(X, features)
    if matrix is None:
        return tuple(refused)
    weights = check_weights(sample_weight, matrix.n_rows)
    matrix, weights = _counted(matrix, weights)
    profiles = _profiles(matrix, weights)
    found = [*refused, *of_rows(matrix, weights, profiles), *collinear_columns(matrix, profiles)]
    for profile in profiles:
        found += of_column(profile)
    return tuple(sorted(found, key=lambda finding: KINDS.index(finding.kind)))


def atom_warning(matrix: FeatureMatrix, weights: Floats | None) -> str | None:
    """What is to be said of atoms when a table is fitted, or None.

    Parameters
    ----------
    matrix : FeatureMatrix
    weights : ndarray, shape (n_rows,), or None
        Row weights as `check_weights` returns them.

    Examples
    --------
    >>> from bayes_gmm.data.table import feature_matrix
    >>> atom_warning(feature_matrix([[0.0]] * 60 + [[float(x)] for x in range(1, 41)]), None)[:42]
    "column 'x1' is 0 in 60 % of the rows: segm"
    """
    every = -(-matrix.n_rows // LOOKED_AT)
    some = FeatureMatrix(matrix.values[::every], matrix.features)
    suspects = [
        profile.name
        for profile in _profiles(some, None if weights is None else weights[::every])
        if atoms_of(profile)
    ]
    if not suspects:
        return None
    chosen = [matrix.features.index(name) for name in suspects]
    whole = FeatureMatrix(matrix.values[:, chosen], tuple(suspects))
    told = [
        atom_words(profile, *atom)
        for profile in _profiles(whole, weights)
        for atom in atoms_of(profile)
    ]
    if not told:
        return None
    more = f" (and {len(told) - MOST_TOLD} more such values)" if len(told) > MOST_TOLD else ""
    return (
        f"{', '.join(told[:MOST_TOLD])}{more}: segments may close on such a value, with next to no "
        "spread; fit those rows apart, or read such a segment as a mark of them"
    )


def _profiles(matrix: FeatureMatrix, weights: Floats | None) -> list[Profile]:
    matrix, weights = _counted(matrix, weights)
    columns = zip(matrix.features, matrix.values.T, strict=True)
    return [Profile.of(name, column, weights) for name, column in columns]


def _counted(matrix: FeatureMatrix, weights: Floats | None) -> tuple[FeatureMatrix, Floats | None]:
    """The rows of positive weight."""
    if weights is None or weights.all():
        return matrix, weights
    counted = weights > 0.0
    return FeatureMatrix(matrix.values[counted], matrix.features), weights[counted]


def _usable(X: Any, features: Sequence[str] | None) -> tuple[FeatureMatrix | None, list[Finding]]:
    """The columns that hold finite numbers, and what is to be said of the others."""
    try:
        return feature_matrix(X, features), []
    except DataError:
        frame = _frame(X)
        if frame is None or len(frame) == 0:
            raise
    kept, refused = {}, []
    for name in choose_columns(frame.columns, features):
        try:
            kept[name] = feature_matrix(frame, [name]).values[:, 0]
        except DataError as error:
            refused.append(Finding((name,), "unusable", 1.0, str(error)))
    matrix = FeatureMatrix(np.column_stack(list(kept.values())), tuple(kept)) if kept else None
    return matrix, refused


def _frame(X: Any) -> nw.DataFrame[Any] | None:
    """What is a table in shape, whatever its cells are."""
    frame = as_frame(X)
    if frame is not None or not isinstance(X, np.ndarray | list | tuple):
        return frame
    import pandas as pd

    try:
        cells = np.asarray(X, dtype=object)
    except ValueError:
        return None
    if cells.ndim != 2:
        return None
    return as_frame(pd.DataFrame(cells, columns=[f"x{j + 1}" for j in range(cells.shape[1])]))
