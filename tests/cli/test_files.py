"""Odd files on the command line: read right, or refused by name."""

import gzip
import io
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from odd_tables import answer, assert_failed, assert_refused, clean, clean_frame

from bayes_gmm.cli.tables import whole_table
from bayes_gmm.data.checks.check_table import check_table
from bayes_gmm.data.io.read_columns import ReadOptions
from bayes_gmm.data.table import read_table
from bayes_gmm.results.load import load

FIT = ("--features", "a,b", "--components", 2)
ROWS = clean_frame().to_csv(index=False)
BODY = ROWS.split("\n", 1)[1]


def parquet(frame=None):
    packed = io.BytesIO()
    (clean_frame() if frame is None else frame).to_parquet(packed)
    return packed.getvalue()


def corrupt(whole):
    return whole[:10] + b"\xff" * 60 + whole[70:]


def arrow_parquet(columns, names):
    packed = io.BytesIO()
    pq.write_table(pa.table(columns, names=names), packed)
    return packed.getvalue()


REFUSED = {
    "empty": ("t.csv", b"", "is empty"),
    "header only": ("t.csv", b"a,b\n", "has a header but no rows"),
    "blank lines only": ("t.csv", b"\n\r\n \n", "is empty"),
    "a cell too many": ("t.csv", ROWS + "1,2,3\n", "is ragged", "row 41 has 3: '1,2,3'"),
    "a cell too few": ("t.csv", ROWS + "1\n", "is ragged", "row 41 has 1: '1'"),
    "a quote that stays open": ("t.csv", ROWS + '"1,2\n', "row 41 opens", "never closed"),
    "no header": ("t.csv", BODY, "no column 'a'", "has no header: its first row is 0.125, -0.125"),
    "name twice": ("t.csv", f"a,b,b\n{BODY}", "has 2 columns named 'b'"),
    "between spaces": ("t.csv", ROWS.replace(",", "  "), "has one column, 'a b'"),
    "zero bytes": ("t.csv", ROWS.encode() + b"\0\0", "is not text"),
    "picture": ("t.png", b"\x89PNG\r\n\x1a\n" + bytes(99), "is not text"),
    "spreadsheet": ("t.xlsx", b"PK\x03\x04" + bytes(99), "is a damaged Excel workbook"),
    "UTF-32": ("t.csv", ROWS.encode("utf-32"), "is written in UTF-32; save it as UTF-8"),
    "web page": ("t.html", "<html><body>1</body></html>\n", "is not a CSV file: it begins"),
    "infinite": ("t.csv", f"{ROWS}1,-inf\n", "column 'b' is infinite in row 41"),
    "beyond double": ("t.csv", f"{ROWS}1e400,1\n", "column 'a' is infinite in row 41"),
    "a word": ("t.csv", f"{ROWS}1,one\n", "column 'b' is not numeric: row 41 holds 'one'"),
    "gzip cut short": ("t.gz", gzip.compress(ROWS.encode())[:-20], "cannot be read: Compressed"),
    "gzip damaged": ("t.gz", corrupt(gzip.compress(ROWS.encode())), "cannot be read"),
    "Parquet's first bytes": ("t.parquet", parquet()[:4], "is a damaged Parquet file"),
    "half a Parquet file": ("t.parquet", parquet()[:1000], "is a damaged Parquet file"),
    "all but a byte": ("t.parquet", parquet()[:-1], "is a damaged Parquet file"),
    "Parquet damaged": ("t.parquet", corrupt(parquet()), "cannot be read"),
    "CSV named Parquet": ("t.parquet", ROWS, "is a damaged Parquet file"),
    "Parquet named CSV, cut short": ("t.csv", parquet()[:1000], "is a damaged Parquet file"),
    "Parquet without rows": ("t.parquet", parquet(clean_frame()[:0]), "has a header but no rows"),
    "Parquet, name twice": (
        "t.parquet", arrow_parquet([*clean().T.copy()] * 2, ["a", "b", "c", "b"]),
        "has 2 columns named 'b'",
    ),
}  # fmt: skip


@pytest.fixture(params=REFUSED)
def bad_file(request, tmp_path):
    """A file that holds no table, and what is to be said of it."""
    name, content, *words = REFUSED[request.param]
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path, words


OF_CONTENT = "column 'b' is infinite", "column 'a' is infinite", "column 'b' is not numeric"


def assert_refused_everywhere(path, words, model_file, out, capsys):
    """But for `check_table` where a column's content is at fault: there it is a finding."""
    assert_refused(lambda: read_table(path, ["a", "b"]), *words)
    if any(word.startswith(OF_CONTENT) for word in words):
        (finding,) = (f for f in check_table(path, ["a", "b"]) if f.severity == "error")
        assert all(word in str(finding) for word in words)
    else:
        assert_refused(lambda: check_table(path, ["a", "b"]), *words)
    assert_failed(capsys, "fit", path, *FIT, "--out", out, words=words)
    assert_failed(capsys, "predict", model_file, path, "--out", f"{out}.csv", words=words)
    assert not out.exists()
    assert not Path(f"{out}.csv").exists()


def test_files_that_hold_no_table(bad_file, model_file, tmp_path, capsys):
    assert_refused_everywhere(*bad_file, model_file, tmp_path / "out", capsys)


def make_folder(path):
    path.mkdir()


def make_link(path):
    path.symlink_to("absent.csv")


def make_loop(path):
    path.symlink_to(path.name)


def make_nothing(path):
    pass


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (make_nothing, ("no file '", "t.csv'", "check the path")),
        (make_folder, ("is a folder; give a CSV, Excel or Parquet file",)),
        (make_link, ("no file '", "it is a link to 'absent.csv', which does not exist")),
        (make_loop, ("no file '", "it is a link to 't.csv'")),
        (os.mkfifo, ("t.csv' is a pipe or device", "save it as a regular file first")),
    ],
    ids=["absent", "folder", "dangling link", "loop", "pipe"],
)
def test_what_is_no_file(make, words, model_file, tmp_path, capsys):
    """A pipe too is answered at once, though no one writes to it."""
    path = tmp_path / "t.csv"
    make(path)
    assert_refused_everywhere(path, words, model_file, tmp_path / "out", capsys)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("", ("file '.' is a folder",)),
        ("x" * 300 + ".csv", ("xxx",)),
        ("a\0b.csv", ("'a\\x00b.csv'",)),
        (os.devnull, ("is a pipe or device",)),
        ("absent/t.csv", ("no file 'absent/t.csv'", "the folder 'absent' does not exist")),
    ],
    ids=["empty", "long", "zero byte", "device", "no folder"],
)
def test_paths_that_lead_nowhere(path, words, model_file, tmp_path, capsys):
    assert_refused_everywhere(path, words, model_file, tmp_path / "out", capsys)


def test_a_file_that_may_not_be_read(clean_table, model_file, tmp_path, monkeypatch, capsys):
    """By mode where that holds; the superuser may read all, and is refused by hand."""
    is_open = Path.open

    def refuse(path, *arguments, **options):
        if path.name == "clean.csv":
            raise PermissionError(13, "Permission denied", str(path))
        return is_open(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", refuse)
    words = ("clean.csv' cannot be read: Permission denied",)
    assert_refused_everywhere(clean_table, words, model_file, tmp_path / "out", capsys)


@pytest.mark.parametrize("wanted", [["x7", "x99999"], ["x12345"]])
def test_a_few_of_a_hundred_thousand_columns(wanted, wide, capsys):
    assert read_table(wide, wanted).to_numpy().tolist() == [
        [float((i + int(name[1:])) % 7) for name in wanted] for i in range(3)
    ]
    code, out, err = answer(capsys, "fit", wide, "--features", ",".join(wanted), "--components", 1)
    assert (code, err) == (0, "")
    assert "1 segment in 3 rows of wide.csv" in out


def test_a_hundred_thousand_columns_are_not_listed(wide, capsys):
    words = ("no column 'a' in file", "x11 and 99988 more")
    assert_failed(capsys, "fit", wide, *FIT, words=words)


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    """3 rows of 100,000 columns."""
    path = tmp_path_factory.mktemp("wide") / "wide.csv"
    lines = [",".join(f"x{j}" for j in range(100_000))]
    lines += [",".join(str((i + j) % 7) for j in range(100_000)) for i in range(3)]
    path.write_text("\n".join(lines))
    return path


# Odd, but right


GOOD = {
    "a line for spreadsheets": f"sep=,\n{ROWS}",
    "semicolons, decimal commas": ROWS.replace(",", ";").replace(".", ","),
    "tabs, UTF-16": ROWS.replace(",", "\t").encode("utf-16"),
    "lines of DOS, mark of UTF-8": ROWS.replace("\n", "\r\n").encode("utf-8-sig"),
    "blank lines": ROWS.replace("\n", "\n\n"),
    "no last line end": ROWS.rstrip("\n"),
    "quoted numbers": clean_frame().to_csv(index=False, quoting=1),
    "spaces": ROWS.replace(",", " , "),
    "gzip": gzip.compress(ROWS.encode()),
    "Parquet": parquet(),
    "Parquet of decimals": parquet(clean_frame().astype(pd.ArrowDtype(pa.decimal128(10, 3)))),
    "Parquet, rows by date": parquet(
        clean_frame().set_index(pd.date_range("2020", periods=40, name="day"))
    ),
}


@pytest.mark.parametrize("content", GOOD.values(), ids=GOOD.keys())
def test_tables_in_odd_clothes(content, model_file, clean_model, tmp_path, capsys):
    """Read as the clean table is; and what is written holds all of it, and can be read again."""
    path, out = tmp_path / "table.any", tmp_path / "scored.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    np.testing.assert_array_equal(read_table(path, ["a", "b"]), clean())
    assert answer(capsys, "predict", model_file, path, "--out", out)[0] == 0
    added = ["segment", "probability", "typicality", "Segment 1", "Segment 2"]
    assert list(whole_table(str(out), ReadOptions()).cells)[-5:] == added
    np.testing.assert_array_equal(read_table(out, ["a", "b"]), clean())
    probabilities = read_table(out, ["Segment 1", "Segment 2"])
    np.testing.assert_allclose(probabilities, clean_model.predict_proba(clean()), atol=1e-6)


def test_a_stored_index_is_a_column_of_what_is_written(model_file, tmp_path, capsys):
    path, out = tmp_path / "table.parquet", tmp_path / "scored.csv"
    clean_frame().set_index(pd.Index(range(100, 140), name="Id")).to_parquet(path)
    assert answer(capsys, "predict", model_file, path, "--out", out)[0] == 0
    assert pd.read_csv(out)["Id"].tolist() == list(range(100, 140))


@pytest.mark.parametrize("shape", ["folder", "absent", "device", "text", "cut", "long", "empty"])
def test_what_is_no_model(shape, clean_table, model_file, tmp_path, capsys):
    path = tmp_path / "m.nc"
    content = {"text": ROWS.encode(), "cut": model_file.read_bytes()[:3000], "empty": b""}
    if shape in content:
        path.write_bytes(content[shape])
    elif shape == "folder":
        path.mkdir()
    elif shape != "absent":
        path = {"device": os.devnull, "long": "m" * 300}[shape]
    said = "not a model file" if shape in content else "no model file"
    assert_refused(lambda: load(path), said)
    out = tmp_path / "scored.csv"
    assert_failed(capsys, "predict", path, clean_table, "--out", out, words=[said])
    assert not out.exists()


@pytest.mark.parametrize("path", [None, 3, 1.5, b"m.nc", ["m.nc"]])
def test_what_is_no_path_of_a_model(path):
    assert_refused(lambda: load(path), "path must be the name of a file, got ")


@pytest.mark.parametrize(
    ("source", "features", "words"),
    [
        (None, None, ("X is None",)),
        (3, None, ("X is 3",)),
        (b"t.csv", None, ("X is the text",)),
        (io.StringIO(ROWS), None, ("X is <_io.StringIO",)),
        ({"a": [1]}, None, ("X is {'a': [1]}",)),
        (clean_frame(), 3, ("features is 3; give a sequence of column names",)),
        (clean_frame(), [], ("features is empty",)),
        (clean_frame(), [None], ("no column 'None'",)),
        (clean_frame(), [["a"]], ("no column \"['a']\"", "did you mean 'a'")),
        (clean_frame(c="x")[["c"]], None, ("has no numeric column; it has: c",)),
    ],
)
def test_what_is_no_source_of_a_table(source, features, words):
    assert_refused(lambda: read_table(source, features), *words)
