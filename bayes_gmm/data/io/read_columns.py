"""Columns of a file or frame as numbers, with findings about how their cells were read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_gmm.data.columns import choose_columns, number_in
from bayes_gmm.data.io.text_column import ColumnReading, Notation, TextColumn, read_text
from bayes_gmm.data.matrix import FeatureMatrix
from bayes_gmm.data.number_text import MISSING
from bayes_gmm.diagnostics.diagnostic import Diagnostic, warn
from bayes_gmm.diagnostics.readings import UNUSABLE
from bayes_gmm.errors import CellTypeError, DataError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class ReadOptions:
    """How a file is to be read.

    Attributes
    ----------
    missing : tuple of str
        Texts of cells that stand for missing values, besides empty cells and words such as NA.
    encoding : str or None
        Encoding of a CSV file; None infers it.
    sheet : str or None
        Sheet of an Excel workbook; None for the only one with data.
    """

    missing: tuple[str, ...] = ()
    encoding: str | None = None
    sheet: str | None = None

    @classmethod
    def of(
        cls,
        missing: str | Sequence[str] = (),
        encoding: str | None = None,
        sheet: str | None = None,
    ) -> ReadOptions:
        """The options as a user gives them: one text or several.

        Examples
        --------
        >>> ReadOptions.of("?").missing
        ('?',)
        """
        texts = [missing] if isinstance(missing, str) else list(missing)
        if not all(isinstance(text, str) for text in texts):
            raise DataError(f"missing is {missing!r}; give texts of cells, such as ('?', '-')")
        return cls(tuple(text.strip() for text in texts), encoding, sheet)

    @property
    def all_missing(self) -> tuple[str, ...]:
        """All texts that stand for missing values."""
        return (*MISSING, *self.missing)


@dataclass(frozen=True, eq=False)
class ReadColumns:
    """Columns as numbers, with findings about how their cells were read.

    Attributes
    ----------
    matrix : FeatureMatrix or None
        The columns that hold numbers, which may be infinite; None if there is none.
    names : tuple of str
        All columns.
    n_rows : int
    findings : tuple of Diagnostic
        Columns that do not hold numbers, and how other cells were read.
    """

    matrix: FeatureMatrix | None
    names: tuple[str, ...]
    n_rows: int
    findings: tuple[Diagnostic, ...]

    @classmethod
    def of(
        cls, columns: Mapping[str, Any], notation: Notation, findings: Sequence[Diagnostic] = ()
    ) -> ReadColumns:
        """Read arrow columns, and remove each from the mapping to release its memory."""
        columns = dict(columns)
        names = tuple(columns)
        n_rows = len(next(iter(columns.values()))) if columns else 0
        values = np.empty((len(names), n_rows))
        kept: list[str] = []
        found = list(findings)
        for name in names:
            reading = read_arrow(name, columns.pop(name), notation)
            if reading.finding is not None:
                found.append(reading.finding)
            if reading.values is not None:
                values[len(kept)] = reading.values
                kept.append(name)
        matrix = FeatureMatrix(values[: len(kept)].T, tuple(kept)) if kept else None
        return cls(matrix, names, n_rows, tuple(found))

    def raise_unusable(self) -> None:
        """Raise for the first column that does not hold numbers."""
        for finding in self.findings:
            if finding.code in UNUSABLE:
                raise (CellTypeError if finding.code == "cell_type" else DataError)(finding)

    def warn(self, stacklevel: int = 3) -> None:
        """Issue one warning for each kind of finding."""
        warn(self.in_groups(), stacklevel=stacklevel)

    def in_groups(self) -> list[Diagnostic]:
        """One diagnostic for columns that are left out, or read, in the same way."""

        def key(finding: Diagnostic) -> tuple[str, str]:
            return finding.code, str(finding.values.get("forms"))

        groups = groupby(sorted(self.findings, key=key), key)
        return [_of_group(list(group)) for _, group in groups]


def _of_group(findings: Sequence[Diagnostic]) -> Diagnostic:
    """One diagnostic about the columns of all findings, with the values of the first."""
    code, values = findings[0].code, findings[0].values
    names = tuple(name for finding in findings for name in finding.subject)
    if code in UNUSABLE:
        return Diagnostic("left_out", names, {"code": code, "first": values})
    return Diagnostic(code, names, values)


def usable_names(
    header: Sequence[str], features: Sequence[str] | None, table: str
) -> tuple[tuple[str, ...], list[Diagnostic]]:
    """The requested columns, or all with a name of their own, and findings about the others.

    Raises
    ------
    DataError
        If a requested column does not exist or has the name of another one.
    """
    named = [name for name in header if name]
    times = Counter(named)
    if features is not None:
        wanted = {features} if isinstance(features, str) else set(map(str, features))
        known = [name for name in named if name in wanted or times[name] == 1]
        return choose_columns(known, features, table), []
    once = tuple(name for name in named if times[name] == 1)
    repeated = [
        Diagnostic("repeated_name", (name,), {"times": n}) for name, n in times.items() if n > 1
    ]
    if not once and repeated:
        choose_columns(named, None, table)
    return once, repeated


def read_arrow(name: str, column: Any, notation: Notation) -> ColumnReading:
    """An arrow column as numbers."""
    import pyarrow as pa

    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if pa.types.is_boolean(kind):
        return ColumnReading(_floats(column.cast(pa.int8())), None)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or kind == pa.string_view():
        return _read_strings(name, column.cast(pa.string()), notation)
    if pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind):
        return ColumnReading(_floats(column), None)
    if pa.types.is_null(kind):
        return ColumnReading(np.full(len(column), np.nan), None)
    code = "date_column" if pa.types.is_temporal(kind) else "cell_type"
    row, first = next(((i, str(cell)) for i, cell in enumerate(column) if cell.is_valid), (0, ""))
    values = {"type": str(kind), "text": first, "row": row + 1}
    return ColumnReading(None, Diagnostic(code, (name,), values))


def typed_column(name: str, column: Any, notation: Notation) -> pd.Series[Any]:
    """An arrow column as floats, nullable booleans, dates or text.

    Examples
    --------
    >>> import pyarrow as pa
    >>> typed_column("Spend", pa.array(["$1,200.5", None]), Notation()).tolist()
    [1200.5, nan]
    >>> typed_column("City", pa.array(["Pisa", None]), Notation()).tolist()
    ['Pisa', None]
    """
    import pandas as pd
    import pyarrow as pa

    if pa.types.is_temporal(column.type):
        return pd.Series(column.to_pandas(date_as_object=False))
    reading = read_arrow(name, column, notation)
    if reading.values is None:
        return pd.Series(column.to_pylist(), dtype=object)
    forms = () if reading.finding is None else reading.finding.values.get("forms", ())
    is_truth = pa.types.is_boolean(column.type) or "truth" in forms
    return pd.Series(reading.values, dtype="boolean" if is_truth else "float64")


def _floats(column: Any) -> Any:
    """A numeric arrow column as floats, NaN where a cell is missing."""
    import pyarrow as pa

    numbers = column if column.type == pa.float64() else column.cast(pa.float64(), safe=False)
    chunks = numbers.chunks if hasattr(numbers, "chunks") else [numbers]
    parts = [as_numpy(chunk.fill_null(np.nan) if chunk.null_count else chunk) for chunk in chunks]
    return parts[0] if len(parts) == 1 else np.concatenate([np.empty(0), *parts])


def as_numpy(numbers: Any) -> Any:
    """An arrow array of numbers without missing cells; its `to_numpy` would import pandas."""
    return np.from_dlpack(numbers)


def _read_strings(name: str, column: Any, notation: Notation) -> ColumnReading:
    return read_text(TextColumn.of_arrow(name, column), notation)


def object_column(cells: Sequence[Any]) -> Any:
    """Cells of any Python type as an arrow column of numbers or text, None if that is impossible.

    Examples
    --------
    >>> object_column([1.5, None, "?"]).to_pylist()
    ['1.5', None, '?']
    """
    import pyarrow as pa

    values = [number_in(cell) for cell in cells]
    if all(value is not None for value in values):
        return pa.array(values, pa.float64(), from_pandas=True)
    texts = []
    for cell, value in zip(cells, values, strict=True):
        if not isinstance(cell, str) and value is None:
            return None
        texts.append(cell if isinstance(cell, str) else None if value != value else str(cell))
    return pa.array(texts, pa.string())
