"""Reading of tables from files and data frames."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bayes_gmm.data.columns import refuse_infinite, refuse_unwritable
from bayes_gmm.data.feature_matrix import check_shape, feature_matrix
from bayes_gmm.data.io.files import read_file
from bayes_gmm.data.io.frame import read_frame
from bayes_gmm.data.io.read_columns import ReadColumns, ReadOptions
from bayes_gmm.data.matrix import FeatureMatrix
from bayes_gmm.data.total_rows import total_row_findings
from bayes_gmm.diagnostics.diagnostic import warn
from bayes_gmm.errors import DataError, listed

if TYPE_CHECKING:
    import pandas as pd


def read_table(
    source: Any,
    features: Sequence[str] | None = None,
    *,
    missing: str | Sequence[str] = (),
    encoding: str | None = None,
    sheet: str | None = None,
) -> pd.DataFrame:
    """Read numeric columns of a table.

    Text is read as numbers where all cells of a column are numbers in one notation: with currency
    signs, percent signs, thousands marks, accounting brackets, a trailing minus sign, or suffixes
    such as in 1.5k.

    Parameters
    ----------
    source : path or data frame
        A CSV file (separated by commas, semicolons, tabs or pipes; plain or gzipped), an Excel
        workbook (.xlsx), a Parquet file, or a pandas, polars or pyarrow frame. Empty cells, error
        cells of Excel and words such as NA are missing. Lines above the header of a CSV file or
        sheet are skipped, and so is a row of units below it.
    features : sequence of str, optional
        Requested columns; by default every column that has a name of its own and holds numbers.
    missing : str or sequence of str
        Other texts of cells that stand for missing values, such as ("?", "-").
    encoding : str, optional
        Encoding of a CSV file, such as "cp1250"; by default it is inferred.
    sheet : str, optional
        Sheet of an Excel workbook; by default the only visible one that is not empty.

    Returns
    -------
    pandas.DataFrame
        The columns as float64, NaN where a cell is missing.

    Raises
    ------
    DataError
        If the file cannot be read, or a column does not exist, is not numeric or is infinite.

    Warns
    -----
    DataWarning
        One for each reason why columns were left out, for each way in which cells were read that
        are not plain numbers, and for a first or last row with the sums of all other rows.

    Examples
    --------
    >>> import warnings
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"City": ["Pisa", "Rome"], "Age": [31, 47]})
    >>> frame["Spend"] = ["$1,200.5", "?"]
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     table = read_table(frame, ["Age", "Spend"], missing="?")
    >>> table
        Age   Spend
    0  31.0  1200.5
    1  47.0     NaN
    >>> print(caught[0].message)
    column 'Spend': read numbers with the currency sign '$' and ',' as a thousands mark, such as \
'$1,200.5' as 1200.5
    """
    import pandas as pd

    matrix = read_matrix(source, features, ReadOptions.of(missing, encoding, sheet))
    return pd.DataFrame(matrix.values, columns=list(matrix.features), copy=False)


def read_matrix(source: Any, features: Sequence[str] | None, options: ReadOptions) -> FeatureMatrix:
    """`read_table` without pandas, which takes a third of a second to import."""
    read = read_source(source, features, options)
    if read is None:
        matrix = feature_matrix(source, features)
    else:
        matrix = _requested(read, features)
        read.warn(stacklevel=4)
    warn(total_row_findings(matrix), stacklevel=3)
    return matrix


def read_source(
    source: Any, features: Sequence[str] | None, options: ReadOptions
) -> ReadColumns | None:
    """Columns of a file or frame with findings about them; None for another object.

    Raises
    ------
    DataError
        If the file cannot be read, or a requested column does not exist.
    """
    if isinstance(source, str | Path):
        return read_file(source, features, options)
    if isinstance(source, FeatureMatrix):
        return None
    return read_frame(source, features, options)


def _requested(read: ReadColumns, features: Sequence[str] | None) -> FeatureMatrix:
    """The requested columns, or all numeric columns."""
    if features is not None:
        read.raise_unusable()
    if read.matrix is None:
        raise DataError(f"the table has no numeric column; it has: {listed(read.names)}")
    refuse_unwritable(read.matrix.features)
    check_shape(read.matrix.values.shape)
    refuse_infinite(read.matrix.values, read.matrix.features)
    return read.matrix
