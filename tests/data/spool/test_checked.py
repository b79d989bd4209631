"""A scan has the findings of its table, with numbers of rows of the table."""

import numpy as np
import pandas as pd
import pytest

from bayes_gmm.data.checks.check_table import check_table
from bayes_gmm.data.spool.scan import scan
from bayes_gmm.errors import DataError


def scanned(table, folder, **options):
    table.to_parquet(folder / "t.parquet", index=False)
    return scan(folder / "t.parquet", cache=folder, progress=False, **options)


def numbers(finding):
    return {name: x for name, x in finding.values.items() if isinstance(x, int | float)}


def flawed(n, rng):
    """A table with an identifier, a code, an atom, a tail, missing cells, and repeated rows."""
    table = pd.DataFrame({
        "Customer": rng.permutation(n) + 1001.0,
        "Income": rng.normal(50.0, 10.0, n),
        "Spend": np.exp(rng.normal(3.0, 1.3, n)),
        "Visits": np.where(rng.random(n) < 0.3, 0.0, rng.gamma(20.0, 1.0, n)),
    })  # fmt: skip
    table["Tax"] = 0.3 * table["Income"] + 0.001 * rng.normal(size=n)
    table.loc[rng.random(n) < 0.02, "Income"] = 999.0
    table.loc[rng.random(n) < 0.05, "Spend"] = np.nan
    table.iloc[: n // 100] = np.nan
    table.iloc[n // 100 : n // 50] = table.iloc[n // 50 : n // 50 + n // 100].to_numpy()
    return table


def test_a_sample_of_all_rows_has_the_findings_of_the_table(tmp_path):
    table = flawed(3000, np.random.default_rng(0)).drop(columns="Customer")
    expected = check_table(table)
    assert {"missing_code", "atom", "duplicates", "empty_rows", "collinear"} <= {
        finding.code for finding in expected
    }
    found = check_table(scanned(table, tmp_path))
    assert [(f.code, f.subject) for f in found] == [(f.code, f.subject) for f in expected]
    for one, other in zip(found, expected, strict=True):
        assert numbers(one) == pytest.approx(numbers(other), rel=1e-6)


def test_a_sample_of_some_rows_has_nearly_those(tmp_path):
    table = flawed(70_000, np.random.default_rng(0))
    expected = {(f.code, f.subject): f.values for f in check_table(table)}
    found = {(f.code, f.subject): f.values for f in check_table(scanned(table, tmp_path))}
    assert found.keys() == expected.keys()
    for key in [("missing_cells", ("Spend",)), ("empty_rows", ()), ("atom", ("Visits",))]:
        exact = key[0] != "atom"
        rows = expected[key]["rows"]
        assert found[key]["rows"] == pytest.approx(rows, rel=1e-9 if exact else 0.05)
    for key in [("missing_code", ("Income",)), ("duplicates", ())]:
        assert found[key]["rows"] == pytest.approx(expected[key]["rows"], rel=0.3)


def test_running_numbers_have_the_size_of_the_table(tmp_path):
    rng = np.random.default_rng(0)
    n = 70_000
    table = pd.DataFrame({
        "Customer": rng.permutation(n) + 1.0, "Cents": rng.integers(0, 10**6, n).astype(float),
        "Ratio": rng.standard_cauchy(n),
    })  # fmt: skip
    found = {f.code: f for f in check_table(scanned(table, tmp_path))}
    assert found["identifier"].subject == ("Customer",)
    values = found["identifier"].values
    assert [values[name] for name in ("first", "last", "distinct", "times")] == [1, n, n, 1]
    assert "missing_code" not in found


def test_columns_and_weights_belong_to_the_scan(tmp_path):
    table = pd.DataFrame({"a": np.arange(50.0) ** 1.5})
    with pytest.raises(DataError, match=r"bg.scan\(columns"):
        check_table(scanned(table, tmp_path), ["a"])
