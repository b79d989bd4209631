"""Reading of data frames, whose text is read as numbers like the text of files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bayes_gmm.data.columns import choose_columns
from bayes_gmm.data.frames import as_frame, column_values
from bayes_gmm.data.io.read_columns import ReadColumns, ReadOptions, object_column, usable_names
from bayes_gmm.data.io.text_column import Notation
from bayes_gmm.diagnostics.diagnostic import Diagnostic
from bayes_gmm.errors import DataError

if TYPE_CHECKING:
    import narwhals as nw


def read_frame(X: Any, features: Sequence[str] | None, options: ReadOptions) -> ReadColumns | None:
    """Columns of a data frame as numbers, with text read as in files; None for another object."""
    frame, repeated = _frame_of_unique(X, features)
    if frame is None:
        return None
    names = choose_columns(frame.columns, features)
    columns = {series.name: _arrow(series) for series in frame.select(names).iter_columns()}
    notation = Notation(missing=options.all_missing, padded=features is not None)
    return ReadColumns.of(columns, notation, repeated)


def _frame_of_unique(
    X: Any, features: Sequence[str] | None
) -> tuple[nw.DataFrame[Any] | None, list[Diagnostic]]:
    """The frame without the columns that share a name, if they are not asked for."""
    import narwhals as nw

    names = getattr(X, "column_names", getattr(X, "columns", None))
    if isinstance(X, nw.DataFrame) or not nw.dependencies.is_into_dataframe(X) or names is None:
        return as_frame(X), []
    text = [str(name) for name in names]
    if len(set(text)) == len(text):
        return as_frame(X), []
    kept, repeated = usable_names(text, features, "the table")
    places = [text.index(name) for name in kept]
    chosen = X.iloc[:, places] if hasattr(X, "iloc") else X.select(places)
    return as_frame(chosen), repeated


def _arrow(series: nw.Series[Any]) -> Any:
    """A column as an arrow array of numbers or text; other types are converted by value."""
    import narwhals as nw
    import pyarrow as pa

    kind = series.dtype
    if kind.is_numeric() or kind in (nw.Unknown, nw.Object):
        try:
            return pa.array(column_values(series), from_pandas=False)
        except DataError:
            if kind != nw.Object:
                raise
    if kind == nw.Object:
        found = object_column(series.to_list())
        if found is not None:
            return found
        return pa.array([str(cell) for cell in series.to_list()]).view(pa.binary())
    return series.to_arrow()
