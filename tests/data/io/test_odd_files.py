"""Odd files end in a right table with its notes, or in one clear line."""

import gzip
import re
import warnings

import numpy as np
import pytest

from bayes_gmm.data.checks.check_table import check_table
from bayes_gmm.data.table import read_table
from bayes_gmm.errors import DataError

A = [1.5, -2.0, 300.25, 4.0, 5.125, 6.0, 7.75]


def column(cells, sep=","):
    return f"a{sep}b\n" + "".join(f"{cell}{sep}{i * i % 5}\n" for i, cell in enumerate(cells))


def with_commas(numbers):
    return [str(x).replace(".", ",") for x in numbers]


TEXT = [str(x) for x in A]
READ = {
    "plain": (column(TEXT), 0),
    "plus signs": (column([f"{x:+}" for x in A]), 0),
    "exponents": (column([f"{x:e}" for x in A]), 0),
    "capital exponents": (column([f"{x:E}" for x in A]), 0),
    "spaces around": (column([f"  {x} " for x in A]), 0),
    "no-break spaces around": (column([f"\xa0{x}" for x in A]), 0),
    "quotes": (column([f'"{x}"' for x in A]), 0),
    "true minus signs": (column([t.replace("-", "−") for t in TEXT]), 0),
    "no last line end": (column(TEXT).rstrip(), 0),
    "lines of DOS": (column(TEXT).replace("\n", "\r\n"), 0),
    "lines of old Macs": (column(TEXT).replace("\n", "\r"), 0),
    "byte order mark": ("\ufeff" + column(TEXT), 0),
    "a separator told": ("sep=;\n" + column(with_commas(A), ";"), 0),
    "decimal commas, semicolons": (column(with_commas(A), ";"), 0),
    "decimal commas, tabs": (column(with_commas(A), "\t"), 0),
    "decimal commas, pipes": (column(with_commas(A), "|"), 0),
    "decimal commas, quoted": (column([f'"{t}"' for t in with_commas(A)]), 1),
    "decimal points, semicolons": (column(TEXT, ";"), 0),
    "a dollar": (column([f"${x:.3f}" for x in A]).replace("$-", "-$"), 1),
    "francs": (column([f"CHF {x:.3f}" for x in A]), 1),
    "kroner behind": (column([f"{x:.3f} kr" for x in A]), 1),
    "pounds, brackets": (column([f"(£{-x})" if x < 0 else f"£{x}" for x in A]), 1),
    "percent, spaced": (column([f"{x} %" for x in A]), 1),
    "thousandths": (column([f"{x / 1000:.6f}k" for x in A]), 1),
    "trailing minus": (column([f"{abs(x)}-" if x < 0 else f"{x}" for x in A]), 1),
    "formulas of text": (column([f'"=""{x}"""' for x in A]), 1),
    "a title": ("My shop\n" + column(TEXT), 1),
    "a title and a blank line": ("My shop, 2024\n\n" + column(TEXT).replace("b", "b,c", 1).replace(
        "\n", ",7\n").replace("b,c,7", "b,c"), 1),
    "units": (column(["km", *TEXT]).replace("km,0", "km,kg"), 1),
    "a column of words": (column(TEXT).replace("\n", ",x\n").replace("b,x", "b,c", 1), 1),
    "a column of dates": (column(TEXT).replace("\n", ",2024-01-31\n").replace(
        "b,2024-01-31", "b,c", 1), 1),
    "a column of times": (column(TEXT).replace("\n", ",12:30\n").replace("b,12:30", "b,c", 1), 1),
    "a column without a name": (column(TEXT).replace("\n", ",7\n").replace("b,7", "b,", 1), 0),
    "two columns of one name": (column(TEXT).replace("\n", ",7,8\n").replace("b,7,8", "b,c,c"), 1),
}  # fmt: skip


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(("text", "notes"), READ.values(), ids=READ.keys())
def test_odd_files_are_read(text, notes, packed, tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        table = read_table(path)
    np.testing.assert_allclose(table["a"], A, rtol=1e-12)
    assert len(said) == notes
    assert all("\n" not in str(warning.message) for warning in said)


REFUSED = {
    "no numbers": ("a,b\nx,y\nz,u\n", "no numeric column; it has: a, b"),
    "one line": ("1,2,3\n", "has a header but no rows"),
    "a cell too many": (column(TEXT) + "1,2,3\n", "is ragged"),
    "a footer": (column(TEXT) + "Source: CRM\n", "row 8 has 1: 'Source: CRM'"),
    "all names twice": (column(TEXT).replace("a,b", "a,a"), "has 2 columns named 'a'"),
    "fixed widths": (column(TEXT).replace(",", "   "), "has one column"),
    "numbers only": (column(TEXT).split("\n", 1)[1], "has no header"),
    "ids and numbers": (
        "".join(f"C{i},{x}\n" for i, x in enumerate(A)), "has no header: its first row is C0, 1.5"
    ),
    "JSON": ('[{"a": 1}]', "is not a CSV file"),
    "a web page": ("<table><tr><td>1</td></tr></table>", "is not a CSV file"),
    "HDF5": ("\x89HDF\r\n", "is not text: it is a model file"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_other_odd_files_are_refused_in_one_line(text, words, tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(text.encode("latin-1"))
    of_content = words.startswith("no numeric")
    for read in (read_table,) if of_content else (read_table, check_table):
        with pytest.raises(DataError, match=re.escape(words)) as caught:
            read(path)
        assert "\n" not in str(caught.value)
    if of_content:  # which check_table reports
        assert [finding.severity for finding in check_table(path)] == ["error"] * 2
