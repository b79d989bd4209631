"""Selection of columns by name, and conversion to floats."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from math import nan
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from bayes_gmm.data.number_text import MISSING, number_text
from bayes_gmm.data.rows import Floats
from bayes_gmm.errors import CellTypeError, DataError, listed, nearest, shown


def choose_columns(
    names: Sequence[str], features: Sequence[str] | None, table: str = "the table"
) -> tuple[str, ...]:
    """The columns named in `features`, in that order, or all of them.

    Parameters
    ----------
    names : sequence of str
        Columns of the table.
    features : sequence of str, optional
        Requested columns.
    table : str
        Name of the table in messages.

    Raises
    ------
    DataError
        If a column does not exist (the message suggests the most similar name), if two columns have
        the same name, or if a column is requested twice.

    Examples
    --------
    >>> choose_columns(["Age", "Annual income", "City"], ["Annual income", "Age"])
    ('Annual income', 'Age')
    >>> choose_columns(["Age", "Annual income", "City"], ["Income"])
    Traceback (most recent call last):
    ...
    bayes_gmm.errors.DataError: no column 'Income' in the table; did you mean 'Annual income'? \
It has: Age, Annual income, City
    """
    refuse_repeated(names, f"{table} has {{}} columns named {{}}; rename all but one")
    if features is None:
        return tuple(names)
    if isinstance(features, str):
        features = [features]
    if not isinstance(features, Iterable):
        raise DataError(f"features is {shown(features)}; give a sequence of column names")
    features = [str(name) for name in features]
    if not features:
        raise DataError(f"features is empty; {table} has: {listed(names)}")
    refuse_repeated(features, "features names {} times the column {}; name it once")
    known = set(names)
    for name in features:
        if name not in known:
            meant = nearest(name, names)
            hint = f"did you mean {shown(meant)}? It" if meant is not None else "it"
            raise DataError(f"no column {shown(name)} in {table}; {hint} has: {listed(names)}")
    return tuple(features)


def refuse_unwritable(names: Iterable[str]) -> None:
    r"""Raise for a name that cannot be stored: with a zero byte or a lone surrogate.

    Examples
    --------
    >>> refuse_unwritable(["Age", "In\x00come"])
    Traceback (most recent call last):
    ...
    bayes_gmm.errors.DataError: column 'In\x00come' has a name that cannot be stored; rename it
    """
    for name in names:
        if not is_writable(name):
            raise DataError(f"column {shown(name)} has a name that cannot be stored; rename it")


def is_writable(name: str) -> bool:
    """Whether a name can be stored: it has no zero byte and no lone surrogate."""
    return "\0" not in name and not any("\ud800" <= letter <= "\udfff" for letter in name)


def refuse_repeated(names: Iterable[str], message: str) -> None:
    """Raise for a repeated name; `message` is formatted with its count and the name."""
    for name, times in Counter(names).items():
        if times > 1:
            raise DataError(message.format(times, shown(name)))


def numbers(cells: Sequence[Any], name: str) -> Floats:
    """Cells of any Python type as floats, missing ones as NaN.

    Examples
    --------
    >>> from decimal import Decimal
    >>> numbers([Decimal("1.5"), None, 2, True], "Price")
    array([1.5, nan, 2. , 1. ])
    >>> numbers([1.5, "cheap"], "Price")
    Traceback (most recent call last):
    ...
    bayes_gmm.errors.DataError: column 'Price' is not numeric: row 2 holds 'cheap'; \
choose numeric columns, or encode it as numbers
    """
    values = np.empty(len(cells))
    for row, cell in enumerate(cells):
        value = number_in(cell)
        if value is None:
            raise first_not_numeric(name, cells)
        values[row] = value
    return values


def first_not_numeric(name: str, cells: Iterable[Any]) -> DataError:
    """Error for a column of text; it names the first cell whose text is not a number.

    Examples
    --------
    >>> print(first_not_numeric("Spend", ["1000", "?"]))
    column 'Spend' is not numeric: row 2 holds '?'; choose numeric columns, or encode it as numbers
    >>> print(first_not_numeric("Spend", [None, "1000"]))
    column 'Spend' is not numeric: row 2 holds '1000', a number as text; read_table converts the \
text of data frames and files
    """
    texts = []
    for row, cell in enumerate(cells):
        if number_in(cell) is None:
            known = isinstance(cell, str) and (cell.strip() in MISSING or number_text(cell))
            if not known:
                return not_numeric(name, row, cell)
            texts.append((row, cell))
    row, cell = texts[0]
    return DataError(
        f"column {shown(name)} is not numeric: row {row + 1} holds {shown(cell)}, a number as "
        "text; read_table converts the text of data frames and files"
    )


def number_in(cell: Any) -> float | None:
    """A cell as a float: NaN if it is missing, None if it is not a number.

    Examples
    --------
    >>> number_in(3), number_in(None), number_in("3")
    (3.0, nan, None)
    """
    if isinstance(cell, Real | Decimal | np.bool_):
        try:
            return float(cell)
        except (OverflowError, ValueError):
            return None
    return nan if _is_missing(cell) else None


def _is_missing(cell: Any) -> bool:
    # pandas' missing values are recognised by name, because pandas may not be installed.
    return cell is None or type(cell).__name__ in ("NAType", "NaTType")


def not_numeric(name: str, row: int, cell: object, kind: str = "") -> DataError:
    """Error for a cell that is not a number; `row` counts from 0, `kind` is the column type."""
    of_kind = f" of type {kind}" if kind else ""
    found = f"column {shown(name)} is not numeric: row {row + 1} holds {shown(cell)}{of_kind}; "
    if isinstance(cell, str):
        return DataError(found + "choose numeric columns, or encode it as numbers")
    # scikit-learn's checks require a TypeError whose message mentions strings and numbers.
    return CellTypeError(
        found + "each cell of the argument must be a number, not a string or another object: "
        "choose other columns, or convert this one to numbers"
    )


def refuse_infinite(values: Floats, features: Sequence[str], cells_at_once: int = 1 << 17) -> None:
    """Raise for the first infinite cell; `cells_at_once` limits the memory of masks."""
    n_rows, n_features = values.shape
    rows = max(1, cells_at_once // max(n_features, 1))
    for start in range(0, n_rows, rows):
        infinite: npt.NDArray[np.bool_] = np.isinf(values[start : start + rows])
        if infinite.any():
            row, column = np.argwhere(infinite)[0]
            raise DataError(
                f"column {shown(features[column])} is infinite in row {start + row + 1}; "
                "set it to missing (NaN) or to a finite number"
            )
