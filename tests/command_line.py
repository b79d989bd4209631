"""What tests of the command line share: a table of customers, arguments, and where to look."""

from pathlib import Path

import numpy as np
import pandas as pd

SPEND, VISITS = "Spend, yearly (k€)", "Visits"
FILES = ["assignments.csv", "model.nc", "segments.csv", "segments.png"]
POSTERIOR_FILES = sorted([*FILES, "intervals.png", "report.html", "summary.csv"])


def customers(n=40):
    """Two groups far apart, n rows each, with columns that are no features."""
    rng = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "Id": [f"00{i}" for i in range(2 * n)],
            SPEND: np.r_[rng.normal(20, 3, n), rng.normal(80, 5, n)].round(2),
            "City": ["Köln", "=1+1"] * n,
            VISITS: np.r_[rng.normal(5, 1, n), rng.normal(30, 4, n)].round(2),
            "Copies": [1, 3] * n,
        }
    )


def write(table, path):
    table.to_csv(path, index=False)
    return str(path)


def fit_arguments(table, *more):
    return ["fit", str(table), "--features", SPEND, "--features", VISITS, *map(str, more)]


def names_in(folder):
    return sorted(file.name for file in Path(folder).iterdir())


def error_line(capsys):
    """The one line on stderr, with nothing on stdout."""
    out, err = capsys.readouterr()
    assert out == ""
    assert err.endswith("\n")
    assert err.count("\n") == 1
    return err
