"""A scan holds what the table holds, whatever its files, and continues where it stopped."""

import os
from io import StringIO

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from bayes_gmm.data.matrix import FeatureMatrix
from bayes_gmm.data.memory import MemoryRows
from bayes_gmm.data.resolution import detect_resolution
from bayes_gmm.data.spool import batches, store
from bayes_gmm.data.spool.scan import scan
from bayes_gmm.data.standardize import Standardizer
from bayes_gmm.data.transforms import Transforms
from bayes_gmm.errors import DataError


def table_of(n_rows=3000, missing=0.0, seed=0):
    rng = np.random.default_rng(seed)
    X = np.column_stack(
        [rng.normal(50.0, 20.0, n_rows).round(), np.exp(rng.normal(3.0, 1.0, n_rows))]
    )
    X[rng.random(X.shape) < missing] = np.nan
    return X


def arrow_of(X, **more):
    return pa.table({"Age": pa.array(X[:, 0], from_pandas=True), "Spend": X[:, 1], **more})


@pytest.fixture
def files(tmp_path):
    """Write rows to two Parquet files of several row groups, and give their pattern."""

    def write(X, **more):
        table, half = arrow_of(X, **more), len(X) // 2
        pq.write_table(table.slice(0, half), tmp_path / "a.parquet", row_group_size=700)
        pq.write_table(table.slice(half), tmp_path / "b.parquet", row_group_size=700)
        return tmp_path / "*.parquet"

    return write


def rows_of(rows: MemoryRows):
    """Standardised rows with weights, in a fixed order."""
    block, found = rows.block, []
    for position, n, pattern, first in block.tiles:
        seen = np.flatnonzero(block.observed[pattern])
        tile = np.full((n, rows.n_features + 1), np.nan)
        tile[:, seen] = block.values[position : position + n * len(seen)].reshape(-1, n).T
        tile[:, -1] = block.weights[first : first + n] if len(block.weights) else 1.0
        found.append(tile)
    table = np.concatenate(found)
    return table[np.lexsort(np.nan_to_num(table, nan=-99.0).T)]


def test_a_row_that_many_repeat_has_its_weight_in_the_sample(tmp_path):
    X = np.random.default_rng(0).normal(size=(50_000, 2))
    X[::4] = [2.0, -1.0]
    found = scan(arrow_of(X), cache=tmp_path, progress=False)
    [weight] = found.sample_weights[(found.sample.values == [2.0, -1.0]).all(axis=1)]
    assert weight == pytest.approx(12_500, rel=0.04)  # four standard errors
    assert len(np.unique(found.sample.values, axis=0)) == found.sample.n_rows
    assert found.sample_weights.sum() == pytest.approx(50_000)
    mean = found.sample_weights @ found.sample.values / 50_000
    np.testing.assert_allclose(mean, X.mean(axis=0), atol=4 * X.std() / np.sqrt(20_000))


@pytest.mark.parametrize("missing", [0.0, 0.3])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("spec", [None, {"Spend": "log"}])
def test_rows_are_those_in_memory(files, tmp_path, missing, weighted, spec):
    X = table_of(missing=missing)
    w = np.random.default_rng(1).integers(0, 4, len(X)).astype(float) if weighted else None
    more = {"w": w} if weighted else {}
    found = scan(
        files(X, **more), ["Age", "Spend"], transforms=spec, weights="w" if weighted else None,
        cache=tmp_path, progress=False,
    )  # fmt: skip
    matrix = Transforms.of(spec, ("Age", "Spend")).apply(FeatureMatrix(X, ("Age", "Spend")))
    units = Standardizer.fit(matrix.values, w)
    np.testing.assert_allclose(found.standardizer.shift, units.shift, rtol=1e-12)
    np.testing.assert_allclose(found.standardizer.scale, units.scale, rtol=1e-12)
    expected = MemoryRows.from_matrix(matrix.values, units, w)
    np.testing.assert_allclose(rows_of(found.rows), rows_of(expected), rtol=1e-9, atol=1e-12)
    assert found.rows.total_weight == expected.total_weight
    jacobian = matrix.log_jacobian.sum() if w is None else w @ matrix.log_jacobian
    assert found.summary.log_jacobian == pytest.approx(jacobian)
    assert found.sample_weights.sum() == pytest.approx(expected.total_weight)


def test_steps_are_those_in_memory(files, tmp_path):
    X = table_of()
    found = scan(files(X), cache=tmp_path, progress=False).recording("auto")
    np.testing.assert_allclose(found.steps, detect_resolution(X))


def test_every_kind_of_source_gives_the_same_rows(files, tmp_path):
    X = table_of()
    pattern = files(X)
    arrow = arrow_of(X)
    pl.from_arrow(arrow).write_csv(tmp_path / "t.csv")
    sources = [
        pattern, [tmp_path / "a.parquet", str(tmp_path / "b.parquet")], tmp_path / "t.csv",
        pl.from_arrow(arrow), arrow, pa.RecordBatchReader.from_batches(
            arrow.schema, arrow.to_batches(500)),
    ]  # fmt: skip
    every = [rows_of(scan(s, cache=tmp_path / "c", progress=False).rows) for s in sources]
    for rows in every[1:]:
        np.testing.assert_allclose(rows, every[0], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("transforms", [None, "auto"])
def test_a_file_whose_rows_have_weight_zero_adds_nothing(files, tmp_path, transforms):
    X = table_of()
    weights = np.repeat([0.0, 1.0], 1500)
    options = {"transforms": transforms, "cache": tmp_path, "progress": False}
    found = scan(files(X, w=weights), weights="w", **options)
    expected = scan(arrow_of(X[1500:]), cache=tmp_path, progress=False, transforms=None)
    assert found.n_rows == 1500
    if transforms is None:
        ours, theirs = (rows_of(each.rows)[:, :-1] for each in (found, expected))
        np.testing.assert_allclose(ours, theirs, rtol=1e-9)
    pq.write_table(arrow_of(X, w=np.zeros(3000)), tmp_path / "none.parquet")
    with pytest.raises(DataError, match="no rows of positive weight"):
        scan(tmp_path / "none.parquet", weights="w", **options)


def test_csv_files_of_another_dialect(tmp_path):
    """A title, semicolons, decimal commas, missing cells, and decimals after whole numbers."""
    cells = "".join(f"{i};{i % 7},5;c{i}\n" for i in range(500))
    text = f"Customers\n\nAge;Spend;Id\n1;n/a;x\n{cells}"
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    found = scan(tmp_path / "t.csv", cache=tmp_path, progress=False)
    assert found.features == ("Age", "Spend")
    assert found.n_rows == 501
    assert found.rows.cell_weights.tolist() == [501.0, 500.0]
    assert found.standardizer.shift[1] == pytest.approx(np.mean([i % 7 + 0.5 for i in range(500)]))


def test_duckdb_relations_are_read(tmp_path):
    import duckdb

    relation = duckdb.sql("select range as x, range * 2.5 as y, 'a' as t from range(1000)")
    found = scan(relation, cache=tmp_path, progress=False)
    assert found.features == ("x", "y")
    assert found.left_out == ("t",)
    assert found.n_rows == 1000


def test_a_scan_is_used_again_until_a_file_changes(files, tmp_path, monkeypatch):
    X = table_of()
    pattern = files(X)
    first = scan(pattern, cache=tmp_path, progress=False)
    with monkeypatch.context() as patch:
        patch.setattr(store, "_with_part", None)  # nothing is read
        again = scan(pattern, cache=tmp_path, progress=False)
    assert again.folder == first.folder
    np.testing.assert_array_equal(again.rows.block.values, first.rows.block.values)
    changed = scan(files(X + 1.0), cache=tmp_path, progress=False)
    assert changed.folder != first.folder
    changed.remove()
    assert not changed.folder.exists()


def interrupted_after(n_parts, read, seen):
    """A function like `read` that is interrupted in a part, and appends the parts to `seen`."""

    def interrupted(part, columns):
        seen.append(part.name)
        for batch in read(part, columns):
            yield batch
            if len(seen) == n_parts:
                raise KeyboardInterrupt

    return interrupted


def test_an_interrupted_scan_continues(files, tmp_path, monkeypatch):
    """Rows written after the last state are written again, not twice."""
    pattern = files(table_of(missing=0.2))
    whole = scan(pattern, cache=tmp_path / "whole", progress=False)
    read, seen = store.read, []
    with monkeypatch.context() as patch:
        patch.setattr(store, "read", interrupted_after(3, read, seen))
        patch.setattr(store, "SETTINGS", store.StoreSettings(seconds_between_states=0.0))
        with pytest.raises(KeyboardInterrupt):
            scan(pattern, cache=tmp_path / "cut", progress=False)
    seen.clear()
    monkeypatch.setattr(store, "read", lambda p, c: (seen.append(p.name), read(p, c))[1])
    found = scan(pattern, cache=tmp_path / "cut", progress=False)
    assert len(seen) == 4
    np.testing.assert_allclose(rows_of(found.rows), rows_of(whole.rows), rtol=1e-9, atol=1e-12)


def test_progress_in_a_terminal(files, tmp_path, monkeypatch):
    console = Console(file=StringIO(), force_terminal=True, width=200)
    monkeypatch.setattr("bayes_gmm.data.spool.scan.progress_console", lambda **_: console)
    scan(files(table_of()), cache=tmp_path / "[b]{x}")
    text = console.file.getvalue()
    assert "3,000 rows" in text
    assert "rows/s" in text
    assert "[b]{x}" in text


def flip_a_bit(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "cells").write_bytes(b"12345678"),
        lambda folder: flip_a_bit(folder / "cells"),
        lambda folder: flip_a_bit(folder / "tiles"),
        lambda folder: flip_a_bit(folder / "state.npz"),
        lambda folder: (folder / "weights").unlink(),
    ],
    ids=["truncated", "a bit of a cell", "a bit of a tile", "a bit of the state", "removed"],
)
def test_damaged_files_are_scanned_again(files, tmp_path, damage):
    X = table_of()
    pattern, options = files(X, w=np.ones(len(X)) * 2.0), {"cache": tmp_path, "weights": "w"}
    first = scan(pattern, progress=False, **options)
    expected = rows_of(first.rows)
    damage(first.folder)
    before = np.array(first.rows.block.tiles)
    again = scan(pattern, progress=False, **options)
    assert again.folder == first.folder
    np.testing.assert_array_equal(rows_of(again.rows), expected)
    np.testing.assert_array_equal(first.rows.block.tiles, before)  # the files are new ones


def test_a_damaged_part_of_an_interrupted_scan_is_read_again(files, tmp_path, monkeypatch):
    pattern = files(table_of())
    whole = scan(pattern, cache=tmp_path / "whole", progress=False)
    with monkeypatch.context() as patch:
        patch.setattr(store, "read", interrupted_after(3, store.read, []))
        patch.setattr(store, "SETTINGS", store.StoreSettings(seconds_between_states=0.0))
        with pytest.raises(KeyboardInterrupt):
            scan(pattern, cache=tmp_path / "cut", progress=False)
    [folder] = (path for path in (tmp_path / "cut").iterdir() if path.is_dir())
    assert (folder / "cells").stat().st_size < (whole.folder / "cells").stat().st_size
    flip_a_bit(folder / "cells")
    found = scan(pattern, cache=tmp_path / "cut", progress=False)
    np.testing.assert_array_equal(rows_of(found.rows), rows_of(whole.rows))


def test_files_of_equal_size_and_time_are_told_apart(tmp_path):
    folders = set()
    for shift in (0.0, 1.0):
        pq.write_table(arrow_of(table_of() + shift), tmp_path / "t.parquet", compression="none")
        os.utime(tmp_path / "t.parquet", (1e9, 1e9))
        folders.add(scan(tmp_path / "t.parquet", cache=tmp_path, progress=False).folder)
    assert len(folders) == 2


class TestErrors:
    def test_the_row_group_of_an_infinite_cell(self, files, tmp_path):
        X = table_of()
        X[1000, 1] = np.inf
        with pytest.raises(DataError, match=r"a.parquet.*row group 2.*'Spend'.*row 301"):
            scan(files(X), cache=tmp_path, progress=False)

    def test_a_damaged_row_group(self, files, tmp_path):
        pattern = files(table_of())
        path = tmp_path / "b.parquet"
        data = bytearray(path.read_bytes())
        data[100:300] = bytes(200)
        path.write_bytes(data)
        with pytest.raises(DataError, match="b.parquet.*row group 1 cannot be read"):
            scan(pattern, cache=tmp_path / "c", progress=False)

    def test_files_of_different_columns(self, files, tmp_path):
        pattern = files(table_of())
        pq.write_table(pa.table({"Age": [1.0]}), tmp_path / "c.parquet")
        with pytest.raises(DataError, match="c.parquet.*has the columns Age, but"):
            scan(pattern, cache=tmp_path / "c", progress=False)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"columns": ["Agee"]}, "did you mean 'Age'"),
            ({"columns": ["name"]}, "'name' is of type .*string"),
            ({"columns": []}, "columns is empty"),
            ({"columns": ["Age", "Age"]}, "2 times the column 'Age'"),
            ({"columns": ["Age"], "weights": "Age"}, "a feature and the weights"),
            ({"columns": ["Age"], "weights": "name"}, "'name' is of type .*string"),
            (
                {"transforms": {"Age": "log"}},
                "row group 1, after row 0 .*: column 'Age'",
            ),
            ({"transforms": {"Agee": "log"}}, "no column 'Agee'"),
        ],
    )
    def test_options(self, files, tmp_path, options, message):
        X = table_of()
        X[5, 0] = -1.0
        pattern = files(X, name=["a"] * 3000)
        with pytest.raises(DataError, match=message):
            scan(pattern, cache=tmp_path, progress=False, **options)

    @pytest.mark.parametrize(
        ("source", "message"),
        [
            (5, "of type int"), ([], "empty list"), (np.ones((3, 2)), "of type ndarray"),
            ("no*.parquet", "there is no file"), (".", r"is a folder; give a pattern"),
        ],
    )  # fmt: skip
    def test_sources(self, source, message):
        with pytest.raises(DataError, match=message):
            scan(source, progress=False)

    def test_a_cache_that_is_a_file(self, files, tmp_path):
        with pytest.raises(DataError, match="is not a folder"):
            scan(files(table_of()), cache=tmp_path / "a.parquet", progress=False)

    def test_text_in_a_column_of_numbers_of_a_csv_file(self, tmp_path, monkeypatch):
        monkeypatch.setattr(batches, "SETTINGS", batches.BatchSettings(csv_bytes=4096))
        rows = "".join(f"{i},{i}\n" for i in range(20_000))
        (tmp_path / "t.csv").write_text(f"a,b\n{rows}7,many\n")
        with pytest.raises(DataError, match=r"t.csv.*cannot be read.*'many'"):
            scan(tmp_path / "t.csv", cache=tmp_path, progress=False)

    def test_a_stream_is_read_once(self, tmp_path):
        with pytest.raises(DataError, match="scan files, not a stream"):
            scan(arrow_of(table_of()), transforms="auto", cache=tmp_path, progress=False)

    def test_a_negative_weight(self, files, tmp_path):
        pattern = files(table_of(), w=[-1.0] * 3000)
        with pytest.raises(DataError, match=r"a.parquet.*column 'w'.*-1"):
            scan(pattern, ["Age"], weights="w", cache=tmp_path, progress=False)


class TestFilesThatDoNotFit:
    def test_two_columns_of_one_name(self, tmp_path):
        x = np.arange(30.0)
        table = pa.table([x, 2.0 * x, x], names=["a", "b", "a"])
        pq.write_table(table, tmp_path / "t.parquet")
        for source in (tmp_path / "t.parquet", table):
            with pytest.raises(DataError, match="2 columns named 'a'"):
                scan(source, ["b"], cache=tmp_path / "cache", progress=False)

    def test_a_file_that_is_given_twice(self, files, tmp_path):
        pattern = files(table_of())
        with pytest.raises(DataError, match=r"a\.parquet' is given twice"):
            scan([pattern, tmp_path / "a.parquet"], progress=False)

    def test_a_column_that_is_text_in_one_file(self, files, tmp_path):
        pattern = files(table_of())
        text = pa.table({"Age": ["old"], "Spend": [1.0]})
        pq.write_table(text, tmp_path / "c.parquet")
        with pytest.raises(DataError, match=r"'Age' is of type string in file .*c\.parquet"):
            scan(pattern, ["Age"], cache=tmp_path / "cache", progress=False)
        assert scan(pattern, cache=tmp_path / "cache", progress=False).left_out == ("Age",)

    def test_a_column_by_number(self, files, tmp_path):
        with pytest.raises(DataError, match="names of columns"):
            scan(files(table_of()), [1], cache=tmp_path / "cache", progress=False)

    def test_a_name_with_brackets_is_not_a_pattern(self, tmp_path):
        pq.write_table(arrow_of(table_of()), tmp_path / "t [1].parquet")
        found = scan(tmp_path / "t [1].parquet", cache=tmp_path / "cache", progress=False)
        assert found.n_rows == 3000
