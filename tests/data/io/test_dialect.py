"""How CSV files are written is told from their first lines."""

import codecs
import gzip

import pytest

from bayes_gmm.data.io.dialect import SAMPLE, Dialect
from bayes_gmm.errors import DataError


@pytest.fixture
def dialect(tmp_path):
    def of(content, encoding="utf-8"):
        path = tmp_path / "table.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return Dialect.of(path)

    return of


@pytest.mark.parametrize(
    ("text", "delimiter", "decimal"),
    [
        ("a,b\n1.5,2\n", ",", "."),
        ("a;b\n1,5;2\n", ";", ","),
        ("a;b\n1.5;2\n", ";", "."),
        ("a;b\n1;2\n", ";", ","),
        ("a\tb\n1,5\t2\n", "\t", ","),
        ("a\tb\n1.5\t2\n", "\t", "."),
        ("a|b\n1.5|2\n", "|", "."),
        ("Income, gross;Age\n1,5;2\n", ";", ","),
        ("a,b;c\n1.5,x\n", ",", "."),
        ('"a;1",b\n"x;y",2\n', ",", "."),
        ("a;b\n1.5;2,5\n1,5;2\n", ";", ","),
        ("acidity\n1.5\n2.5\n", ",", "."),
        ("a,b\n1,\n,2\n", ",", "."),
        ("name;note\nx;a, b, c\ny;d, e\n", ";", ","),
    ],
)
def test_separator_and_decimal_mark(dialect, text, delimiter, decimal):
    found = dialect(text)
    assert (found.delimiter, found.decimal) == (delimiter, decimal)


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("Größe,b\n1,2\n".encode(), "utf-8"),
        (codecs.BOM_UTF8 + "Größe,b\n1,2\n".encode(), "utf-8"),
        ("Größe,b\n1,2\n".encode("utf-16"), "utf-16"),
        (codecs.BOM_UTF16_BE + "Größe,b\n1,2\n".encode("utf-16-be"), "utf-16"),
        ("Größe,b\n1,2\n".encode("cp1252"), "cp1252"),
        ("Größe,b\n1,€\n".encode("cp1252"), "cp1252"),
        (b"Gr\xf6\xdfe,b\n1,\x81\n", "latin-1"),
    ],
)
def test_encoding(dialect, content, encoding):
    found = dialect(content)
    assert found.encoding == encoding
    assert found.header == ("Größe", "b")


def test_a_character_cut_by_the_sample_is_no_other_encoding(dialect):
    text = "aa,b\n" + "1,2\n" * ((SAMPLE.n_bytes - 5) // 4)
    odd = text + "x" * ((SAMPLE.n_bytes - 1) - len(text)) + "ß,2\n"
    assert dialect(odd).encoding == "utf-8"


@pytest.mark.parametrize(
    ("text", "header", "lines"),
    [
        (" a , b \n1,2\n", ("a", "b"), 1),
        ('"a, 1","b\nc"\n1,2\n', ("a, 1", "b\nc"), 2),
        ("\n\na,b\n1,2\n", ("a", "b"), 3),
        ("a,b\r\n1,2\r\n", ("a", "b"), 1),
        ("a,b\r1,2\r", ("a", "b"), 1),
        (",a\n0,1\n", ("", "a"), 1),
    ],
)
def test_header(dialect, text, header, lines):
    found = dialect(text)
    assert (found.header, found.header_lines) == (header, lines)


def test_a_header_longer_than_the_sample(dialect):
    names = [f"a rather long name of column {j}" for j in range(20_000)]
    assert len(",".join(names)) > SAMPLE.n_bytes
    assert dialect(",".join(names) + "\n" + ",".join("1" * 20_000) + "\n").header == tuple(names)


def test_gzipped(tmp_path):
    path = tmp_path / "table.csv.gz"
    path.write_bytes(gzip.compress(b"a;b\n1,5;2\n"))
    assert Dialect.of(path).delimiter == ";"


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("5.1,3.5\n4.9,3\n", True), ("1,2\n3,4\n", True), ("2019,x\n1,2\n", False), ("a\n1\n", False)],
)
def test_a_header_of_numbers(dialect, text, numbers):
    assert dialect(text).header_is_numbers == numbers


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "table.csv' is empty; it needs a header and rows"),
        (b"\n \n", "table.csv' is empty"),
        (codecs.BOM_UTF8, "table.csv' is empty"),
        (b"a,b\n", "table.csv' has a header but no rows"),
        (b"a,b", "table.csv' has a header but no rows"),
        (b"a b c\n1 2 3\n", "table.csv' has one column, 'a b c': its values must be separated by"),
        (b"a:b\n1:2\n", "table.csv' has one column, 'a:b'"),
        (b",,\n1,2,3\n", "table.csv' has no column names in its first row"),
        (b"x" * 200_000 + b"\n1\n", "table.csv' is not a CSV file: field larger than"),
        (b"<html>\n<body>1</body>\n", "is not a CSV file: it begins with '<html>'; export the"),
        (b"[[1, 2], [3, 4]]\n", "is not a CSV file: it begins with"),
        (b'{"a": 1}\n', "is not a CSV file: it begins with '{\"a\": 1}'"),
        (b'"a,b\n1,2\n', "has a quotation mark in its header that is never closed"),
        (b"ab\x00\x00", "table.csv' is not text; export the table as CSV, Excel"),
    ],
)
def test_files_refused(dialect, content, message):
    with pytest.raises(DataError, match=message):
        dialect(content)
