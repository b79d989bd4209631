"""Batches of rows from files and streams of Arrow data."""

from __future__ import annotations

import glob
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bayes_gmm.data.columns import refuse_repeated
from bayes_gmm.data.io.dialect import Dialect
from bayes_gmm.data.io.parquet import is_parquet
from bayes_gmm.data.io.read_columns import ReadOptions
from bayes_gmm.data.io.workbook import is_workbook
from bayes_gmm.data.matrix import FeatureMatrix
from bayes_gmm.data.rows import Floats
from bayes_gmm.errors import DataError, file_named, listed, nearest, one_line, shown


@dataclass(frozen=True)
class BatchSettings:
    """Sizes of batches."""

    rows: int = 1 << 18
    """Rows of a batch of a Parquet file: a whole number of tiles."""
    csv_bytes: int = 1 << 24
    """Bytes of a CSV file that are read at once."""
    end_bytes: int = 1 << 16
    """Bytes at each end of a file that must be unchanged for a scan to be used again."""


SETTINGS = BatchSettings()


class Part(NamedTuple):
    """A part of a source that is read again as a whole after an interruption."""

    name: str
    """For messages, for example ``file 'a.parquet', row group 3``."""
    n_rows: int | None
    batches: Callable[[Sequence[str]], Iterator[Any]]
    """Function of column names that returns an iterator of record batches."""


@dataclass(frozen=True, eq=False)
class Source:
    """A table in parts.

    Attributes
    ----------
    parts : sequence of Part
    schema : pyarrow.Schema
    key : tuple of str, or None
        What identifies the contents: names, sizes and times of the files; None for a stream.
    """

    parts: Sequence[Part]
    schema: Any
    key: tuple[str, ...] | None

    @property
    def n_rows(self) -> int | None:
        """Rows of the table, where the files say so."""
        rows = [part.n_rows for part in self.parts]
        return None if None in rows else sum(n for n in rows if n is not None)


def source_of(given: Any) -> Source:
    """The parts of files, of a glob pattern, or of an Arrow stream.

    Parameters
    ----------
    given : str, path, sequence of these, or object with ``__arrow_c_stream__``
        Names of Parquet or CSV files, which may contain ``*``; or a stream, such as a DuckDB
        relation, a polars frame or a pyarrow reader, which is read once.

    Raises
    ------
    DataError
        If there is no such file, a file cannot be read, or files have different columns.
    """
    if hasattr(given, "__arrow_c_stream__"):
        return _stream(given)
    if is_dask_frame(given):
        return _partitions(given)
    names = [given] if isinstance(given, str | Path) else given
    if not isinstance(names, list | tuple) or not all(isinstance(n, str | Path) for n in names):
        raise DataError(
            f"the source is of type {type(given).__name__}; give names of files, a pattern, or an "
            "Arrow stream, and fit tables in memory without a scan"
        )
    if not names:
        raise DataError("the source is an empty list; give names of files, or a pattern")
    paths = [path for name in names for path in _matching(name)]
    with _read_errors("the files"):
        sources = [_file(path) for path in paths]
    first = sources[0]
    for path, source in zip(paths, sources, strict=True):
        if source.schema.names != first.schema.names:
            raise DataError(
                f"{file_named(path)} has the columns {listed(source.schema.names)}, but "
                f"{file_named(paths[0])} has {listed(first.schema.names)}; scan files with the "
                "same columns"
            )
    parts = [part for source in sources for part in source.parts]
    return Source(parts, first.schema, tuple(_identity(path) for path in paths))


def features_of(source: Source, columns: Sequence[str] | None) -> tuple[tuple[str, ...], list[str]]:
    """Names of the features, and of columns that are left out because they hold no numbers.

    Raises
    ------
    DataError
        If a column does not exist or holds no numbers, or if no column holds numbers.
    """
    numeric = {field.name: is_numeric(field.type) for field in source.schema}
    if columns is None:
        chosen = tuple(name for name, yes in numeric.items() if yes)
        if not chosen:
            raise DataError(f"no column holds numbers: {listed(list(numeric))}")
        return chosen, [name for name, yes in numeric.items() if not yes]
    columns = [columns] if isinstance(columns, str) else list(columns)
    if not columns:
        raise DataError("columns is empty; name at least one column")
    refuse_repeated(columns, "columns names {} times the column {}; name it once")
    for name in columns:
        if name not in numeric:
            near = nearest(name, list(numeric))
            hint = f"; did you mean {shown(near)}?" if near is not None else ""
            raise DataError(f"no column {shown(name)}{hint}. There are: {listed(list(numeric))}")
        if not numeric[name]:
            kind = source.schema.field(name).type
            raise DataError(f"column {shown(name)} is of type {kind}; choose columns of numbers")
    return tuple(columns), []


def is_numeric(kind: Any) -> bool:
    """Whether an Arrow type is an integer, a float or a decimal number."""
    import pyarrow as pa

    types = pa.types
    return bool(types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind))


def matrix_of(batch: Any, features: Sequence[str], where: str, first: int) -> Floats:
    """The features of a record batch as a matrix (n, d) in F order; null is NaN.

    Raises
    ------
    DataError
        If a cell is infinite; the message names part, row and column.
    """
    import pyarrow as pa

    values = np.empty((batch.num_rows, len(features)), order="F")
    for j, name in enumerate(features):
        column = batch.column(batch.schema.get_field_index(name))
        if column.type != pa.float64():
            column = column.cast(pa.float64(), safe=False)
        values[:, j] = column.to_numpy(zero_copy_only=False)
        infinite = np.isinf(values[:, j])
        if infinite.any():
            row = first + int(infinite.argmax()) + 1
            raise DataError(
                f"{where}: column {shown(name)} is infinite in row {row:,}; correct it or leave "
                "the cell empty"
            )
    return values


def read(part: Part, columns: Sequence[str]) -> Iterator[Any]:
    """Record batches of a part, with errors that name it."""
    with _read_errors(part.name):
        yield from part.batches(columns)


def read_again(
    source: Source, features: Sequence[str], columns: Sequence[str]
) -> Iterator[tuple[FeatureMatrix, Any]]:
    """The features of each batch of a source, and its other `columns`.

    Raises
    ------
    DataError
        If the source is a stream, which is read only once.
    """
    if source.key is None:
        raise DataError("the scan read a stream, which cannot be read again; scan files")
    wanted = list(dict.fromkeys([*features, *columns]))
    for part in source.parts:
        first = 0
        for batch in read(part, wanted):
            values = matrix_of(batch, features, part.name, first)
            first += batch.num_rows
            yield FeatureMatrix(values, tuple(features)), batch.select(list(columns))


@contextmanager
def _read_errors(where: str) -> Iterator[None]:
    import pyarrow as pa

    try:
        yield
    except DataError:
        raise
    except (OSError, EOFError, pa.ArrowException) as error:
        raise DataError(f"{where} cannot be read: {one_line(str(error), 200)}") from error


def _matching(name: Any) -> list[Path]:
    path = str(Path(name).expanduser())
    found = sorted(glob.glob(path, recursive=True)) if glob.has_magic(path) else [path]
    if Path(path).is_dir():
        pattern = str(Path(path) / "*.parquet")
        raise DataError(f"{shown(path)} is a folder; give a pattern such as {shown(pattern)}")
    files = [Path(each) for each in found if Path(each).is_file()]
    if not files:
        raise DataError(f"there is no {file_named(path)}; give Parquet or CSV files, or a pattern")
    return files


def _identity(path: Path) -> str:
    """Name, size, time and ends of a file; a Parquet file ends with the places of its columns."""
    stat = path.stat()
    with path.open("rb") as stream:
        ends = zlib.crc32(stream.read(SETTINGS.end_bytes))
        stream.seek(max(stat.st_size - SETTINGS.end_bytes, 0))
        ends = zlib.crc32(stream.read(), ends)
    return f"{path.resolve()} {stat.st_size} {stat.st_mtime_ns} {ends}"


def _file(path: Path) -> Source:
    with path.open("rb") as stream:
        start = stream.read(8)
    if is_workbook(start):
        raise DataError(
            f"{file_named(path)} is a workbook or a zip file; scan Parquet or plain CSV files"
        )
    return _parquet(path) if is_parquet(path, start) else _csv(path)


def _parquet(path: Path) -> Source:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        schema, metadata = file.schema_arrow, file.metadata
        sizes = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]

    def group(number: int) -> Callable[[Sequence[str]], Iterator[Any]]:
        def batches(columns: Sequence[str]) -> Iterator[Any]:
            # Without pre-buffering, memory does not grow with the number of row groups.
            with pq.ParquetFile(path, pre_buffer=False) as opened:
                yield from opened.iter_batches(SETTINGS.rows, [number], list(columns))

        return batches

    name = file_named(path)
    parts = [Part(f"{name}, row group {i + 1}", n, group(i)) for i, n in enumerate(sizes)]
    return Source(parts, schema, None)


def _csv(path: Path) -> Source:
    """A CSV file as one part, in the dialect of its first lines; numbers are read as floats."""
    import pyarrow as pa
    from pyarrow import csv

    dialect = Dialect.of(path)
    reading = csv.ReadOptions(
        block_size=max(SETTINGS.csv_bytes, 4 * dialect.longest_line),
        skip_rows=dialect.header_lines, column_names=list(dialect.header),
        encoding=dialect.encoding,
    )  # fmt: skip
    parsing = csv.ParseOptions(delimiter=dialect.delimiter, newlines_in_values=True)

    def opened(**conversion: Any) -> Any:
        converting = csv.ConvertOptions(
            null_values=ReadOptions().all_missing, strings_can_be_null=True,
            decimal_point=dialect.decimal, **conversion,
        )  # fmt: skip
        return csv.open_csv(path, reading, parsing, converting)

    with opened() as reader:
        # The first block may have whole numbers, or no values, where later ones have decimals.
        types = {
            field.name: pa.float64() if _may_be_numbers(field.type) else field.type
            for field in reader.schema
        }

    def batches(columns: Sequence[str]) -> Iterator[Any]:
        wanted = {name: types[name] for name in columns}
        with opened(include_columns=list(columns), column_types=wanted) as reader:
            yield from reader

    return Source([Part(file_named(path), None, batches)], pa.schema(types.items()), None)


def _may_be_numbers(kind: Any) -> bool:
    import pyarrow as pa

    return is_numeric(kind) or bool(pa.types.is_null(kind))


def is_dask_frame(given: Any) -> bool:
    """Whether an object is a Dask DataFrame."""
    return hasattr(given, "to_delayed") and hasattr(given, "_meta") and hasattr(given, "columns")


def _partitions(frame: Any) -> Source:
    import pyarrow as pa

    schema = pa.Schema.from_pandas(frame._meta, preserve_index=False)

    def partition(delayed: Any) -> Callable[[Sequence[str]], Iterator[Any]]:
        def batches(columns: Sequence[str]) -> Iterator[Any]:
            rows = delayed.compute(scheduler="synchronous")[list(columns)]
            yield from pa.Table.from_pandas(rows, preserve_index=False).to_batches(SETTINGS.rows)

        return batches

    parts = [
        Part(f"partition {i + 1}", None, partition(delayed))
        for i, delayed in enumerate(frame.to_delayed())
    ]
    return Source(parts, schema, (f"dask {frame._name}",))


def _stream(given: Any) -> Source:
    import pyarrow as pa

    reader = pa.RecordBatchReader.from_stream(given)

    def batches(columns: Sequence[str]) -> Iterator[Any]:
        for batch in reader:
            yield batch.select(list(columns))

    return Source([Part("the stream", None, batches)], reader.schema, None)
