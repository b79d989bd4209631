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
    batches: Callable[[Sequence[str], Sequence[str]], Iterator[Any]]
    """Function of names of columns of numbers, and of columns that are only copied, which returns
    an iterator of record batches."""


@dataclass(frozen=True, eq=False)
class Source:
    """A table in parts.

    Attributes
    ----------
    parts : sequence of Part
    schema : pyarrow.Schema
    copied : pyarrow.Schema
        Types of columns that are only copied: text for CSV files, so that identifiers are exact.
    key : tuple of str, or None
        What identifies the contents: names, sizes and times of the files; None for a stream.
    paths : tuple of Path
        The files.
    """

    parts: Sequence[Part]
    schema: Any
    copied: Any
    key: tuple[str, ...] | None = None
    paths: tuple[Path, ...] = ()

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
        If there is no such file, a file cannot be read or is given twice, files have different
        columns, or two columns have the same name.
    """
    if hasattr(given, "__arrow_c_stream__"):
        found = _stream(given)
        refuse_repeated(
            found.schema.names, "the stream has {} columns named {}; rename all but one"
        )
        return found
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
    _refuse_twice(paths)
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
    return Source(
        parts, _of_numbers(paths, [source.schema for source in sources]),
        _of_copies([source.copied for source in sources]),
        tuple(_identity(path) for path in paths), tuple(paths),
    )  # fmt: skip


def _refuse_twice(paths: Sequence[Path]) -> None:
    """Raise if two paths are the same file; the message has its whole name."""
    seen: set[Path] = set()
    for path in paths:
        if path.resolve() in seen:
            raise DataError(f"{file_named(path)} is given twice; name each file once")
        seen.add(path.resolve())


def _of_numbers(paths: Sequence[Path], schemas: Sequence[Any]) -> Any:
    """The first schema; a column that is not numeric in some file has its type there."""
    import pyarrow as pa

    fields = []
    for field in schemas[0]:
        for path, schema in zip(paths, schemas, strict=True):
            kind = schema.field(field.name).type
            if not is_numeric(kind):
                field = pa.field(field.name, kind, metadata={"file": file_named(path)})
                break
        fields.append(field)
    return pa.schema(fields)


def _of_copies(schemas: Sequence[Any]) -> Any:
    """The types of copied columns; text if files have types that are not compatible."""
    import pyarrow as pa

    fields = []
    for name in schemas[0].names:
        parts = [pa.schema([schema.field(name)]) for schema in schemas]
        try:
            [field] = pa.unify_schemas(parts, promote_options="permissive")
        except (pa.ArrowTypeError, pa.ArrowInvalid):
            field = pa.field(name, pa.string())
        fields.append(field)
    return pa.schema(fields)


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
    for name in columns:
        if not isinstance(name, str):
            raise DataError(f"columns has {shown(name)}; give names of columns")
    refuse_repeated(columns, "columns names {} times the column {}; name it once")
    for name in columns:
        if name not in numeric:
            near = nearest(name, list(numeric))
            hint = f"; did you mean {shown(near)}?" if near is not None else ""
            raise DataError(f"no column {shown(name)}{hint}. There are: {listed(list(numeric))}")
        if not numeric[name]:
            field = source.schema.field(name)
            where = (field.metadata or {}).get(b"file", b"").decode()
            raise DataError(
                f"column {shown(name)} is of type {field.type}{where and ' in ' + where}; choose "
                "columns of numbers"
            )
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


def read(part: Part, numbers: Sequence[str], copied: Sequence[str] = ()) -> Iterator[Any]:
    """Record batches of a part, with errors that name it."""
    with _read_errors(part.name):
        yield from part.batches(numbers, copied)


class BatchAgain(NamedTuple):
    """A batch of a source that is read again."""

    matrix: FeatureMatrix
    """The features."""
    weights: Floats | None
    """Row weights; None without a column of weights."""
    copied: Any
    """A record batch of the columns that are only copied."""


def read_again(
    source: Source,
    features: Sequence[str],
    copied: Sequence[str] = (),
    weights: str | None = None,
) -> Iterator[BatchAgain]:
    """The batches of a source that was read before.

    Raises
    ------
    DataError
        If the source is a stream, which is read only once, or a file has changed.
    """
    if source.key is None:
        raise DataError("the scan read a stream, which cannot be read again; scan files")
    for path, key in zip(source.paths, source.key if source.paths else (), strict=True):
        if not path.is_file() or _identity(path) != key:
            raise DataError(f"{file_named(path)} has changed since it was scanned; scan it again")
    numbers = list(dict.fromkeys([*features, *([] if weights is None else [weights])]))
    types = _types_of_copies(source, numbers, copied)
    others = [name for name in copied if name not in numbers]
    for part in source.parts:
        first = 0
        for batch in read(part, numbers, others):
            values = matrix_of(batch, numbers, part.name, first)
            first += batch.num_rows
            held = None if weights is None else values[:, numbers.index(weights)]
            kept = batch.select(list(copied))
            yield BatchAgain(
                FeatureMatrix(values[:, : len(features)], tuple(features)), held,
                kept.cast(types, safe=False) if len(types) else kept,
            )  # fmt: skip


def _types_of_copies(source: Source, numbers: Sequence[str], copied: Sequence[str]) -> Any:
    """Types of copied columns; features and weights, which are read as numbers, stay numbers."""
    import pyarrow as pa

    fields = [source.copied.field(name) for name in copied]
    return pa.schema(
        pa.field(field.name, pa.float64())
        if field.name in numbers and not is_numeric(field.type)
        else field
        for field in fields
    )


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
    is_pattern = glob.has_magic(path) and not Path(path).is_file()
    found = sorted(glob.glob(path, recursive=True)) if is_pattern else [path]
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
    with _read_errors(file_named(path)):
        found = _opened(path)
    names = found.schema.names
    refuse_repeated(names, f"{file_named(path)} has {{}} columns named {{}}; rename all but one")
    return found


def _opened(path: Path) -> Source:
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

    def group(number: int) -> Callable[[Sequence[str], Sequence[str]], Iterator[Any]]:
        def batches(numbers: Sequence[str], copied: Sequence[str]) -> Iterator[Any]:
            # Without pre-buffering, memory does not grow with the number of row groups.
            with pq.ParquetFile(path, pre_buffer=False) as opened:
                yield from opened.iter_batches(SETTINGS.rows, [number], [*numbers, *copied])

        return batches

    name = file_named(path)
    parts = [Part(f"{name}, row group {i + 1}", n, group(i)) for i, n in enumerate(sizes)]
    return Source(parts, schema, schema)


def _csv(path: Path) -> Source:
    """A CSV file as one part, in the dialect of its first lines.

    Columns of numbers are read as floats, and columns that are only copied as text.
    """
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

    def batches(numbers: Sequence[str], copied: Sequence[str]) -> Iterator[Any]:
        wanted = {name: types[name] for name in numbers} | dict.fromkeys(copied, pa.string())
        with opened(include_columns=list(wanted), column_types=wanted) as reader:
            yield from reader

    text = pa.schema([(name, pa.string()) for name in types])
    return Source([Part(file_named(path), None, batches)], pa.schema(types.items()), text)


def _may_be_numbers(kind: Any) -> bool:
    import pyarrow as pa

    return is_numeric(kind) or bool(pa.types.is_null(kind))


def is_dask_frame(given: Any) -> bool:
    """Whether an object is a Dask DataFrame."""
    return hasattr(given, "to_delayed") and hasattr(given, "_meta") and hasattr(given, "columns")


def _partitions(frame: Any) -> Source:
    import pyarrow as pa

    schema = pa.Schema.from_pandas(frame._meta, preserve_index=False)

    def partition(delayed: Any) -> Callable[[Sequence[str], Sequence[str]], Iterator[Any]]:
        def batches(numbers: Sequence[str], copied: Sequence[str]) -> Iterator[Any]:
            rows = delayed.compute(scheduler="synchronous")[[*numbers, *copied]]
            yield from pa.Table.from_pandas(rows, preserve_index=False).to_batches(SETTINGS.rows)

        return batches

    parts = [
        Part(f"partition {i + 1}", None, partition(delayed))
        for i, delayed in enumerate(frame.to_delayed())
    ]
    return Source(parts, schema, schema, (f"dask {frame._name}",))


def _stream(given: Any) -> Source:
    import pyarrow as pa

    reader = pa.RecordBatchReader.from_stream(given)

    def batches(numbers: Sequence[str], copied: Sequence[str]) -> Iterator[Any]:
        for batch in reader:
            yield batch.select([*numbers, *copied])

    return Source([Part("the stream", None, batches)], reader.schema, reader.schema)
