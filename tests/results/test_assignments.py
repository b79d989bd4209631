"""Segments of all rows of a scan, with columns that are copied as they are in the source."""

import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bayes_gmm import BayesGMM, DataError, scan, write_assignments

LARGE = 2**53 + 1


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 2)) + np.repeat([[0.0, 0.0], [9.0, 9.0]], 100, axis=0)
    return pa.table({"a": x[:, 0], "b": x[:, 1], "id": LARGE + np.arange(200)})


def fitted(source, tmp_path):
    found = scan(source, ["a", "b"], cache=tmp_path / "cache", progress=False)
    return BayesGMM(2, n_init=1, random_state=0).fit(found), found


def test_identifiers_of_csv_files_are_exact(table, tmp_path):
    rows = zip(*(table[name].to_pylist() for name in table.column_names), strict=True)
    lines = ["a,b,id", *(f"{a!r},{b!r},{i:020d}" for a, b, i in rows)]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    model, found = fitted(tmp_path / "t.csv", tmp_path)
    path = write_assignments(model, found, tmp_path / "o.parquet", columns=["id", "a"])
    written = pq.read_table(path)
    assert written["id"].to_pylist() == [f"{LARGE + i:020d}" for i in range(200)]
    assert written["a"].to_pylist() == table["a"].to_pylist()


def test_types_of_several_files_are_reconciled(table, tmp_path):
    small = table.set_column(2, "id", pa.array(np.arange(200, dtype=np.int32)))
    text = table.set_column(2, "id", pa.array([f"K{i}" for i in range(200)]))
    for other, kind in ((small, pa.int64()), (text, pa.string())):
        pq.write_table(table, tmp_path / "p.parquet")
        pq.write_table(other, tmp_path / "q.parquet")
        model, found = fitted(tmp_path / "*.parquet", tmp_path / str(kind))
        folder = tmp_path / str(kind)
        path = write_assignments(model, found, folder / "o.parquet", columns="id")
        ids = pq.read_table(path)["id"]
        assert ids.type == kind
        assert [str(i) for i in ids.to_pylist()] == [
            str(i) for part in (table, other) for i in part["id"].to_pylist()
        ]


def test_a_source_is_neither_overwritten_nor_read_after_a_change(table, tmp_path):
    pq.write_table(table, tmp_path / "t.parquet")
    model, found = fitted(tmp_path / "t.parquet", tmp_path)
    with pytest.raises(DataError, match="one of the files that are read"):
        write_assignments(model, found, tmp_path / "t.parquet")
    assert pq.read_table(tmp_path / "t.parquet") == table
    pq.write_table(table.slice(0, 150), tmp_path / "t.parquet")
    with pytest.raises(DataError, match=r"t\.parquet' has changed"):
        write_assignments(model, found, tmp_path / "o.parquet")
    os.unlink(tmp_path / "t.parquet")
    with pytest.raises(DataError, match=r"t\.parquet' has changed"):
        write_assignments(model, found, tmp_path / "o.parquet")


def test_a_segment_named_like_a_column_of_the_file(table, tmp_path):
    pq.write_table(table, tmp_path / "t.parquet")
    model, found = fitted(tmp_path / "t.parquet", tmp_path)
    fit = model.map_fit_.rename({"Segment 1": "probability"})
    with pytest.raises(DataError, match="'probability', which is a column"):
        write_assignments(fit, found, tmp_path / "o.parquet")
