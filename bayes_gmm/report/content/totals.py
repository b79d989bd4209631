"""What each segment holds of the total of each amount, such as revenue."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from bayes_gmm.report.content.records import Total
from bayes_gmm.report.settings import LIMITS
from bayes_gmm.report.source import Source
from bayes_gmm.report.words import Estimate, share


def totals(source: Source) -> tuple[Total, ...]:
    """Features and numeric columns without negative values, those divided most unevenly first.

    The shares of the segments in all rows are the measure of an even division.
    """
    if source.profile is None or source.n_components < 2:
        return ()
    rows = np.array([source.quantity("share", k)[0] for k in range(source.n_components)])

    def unevenness(total: Total) -> float:
        held = [0.0 if cell is None else cell.value.value for cell in total.cells]
        return float(np.abs(np.array(held) - rows).sum())

    found = sorted(_totals(source), key=unevenness, reverse=True)
    return tuple(found[: LIMITS.totals])


def _totals(source: Source) -> Iterator[Total]:
    assert source.profile is not None
    codes = {d.subject[0] for d in source.profile.diagnostics if d.code == "possible_codes"}
    table = source.profile.table
    amounts = table[(table["quantity"] == "mean") & ~table["column"].isin(codes)]
    for column, part in amounts.groupby("column", sort=False):
        cells = tuple(
            _cell(f"total/{column}/{k}", row) for k, row in enumerate(part.to_dict("records"))
        )
        held = [-1.0 if cell is None else cell.value.value for cell in cells]
        if max(held) > 0.0:
            yield Total(str(column), cells, int(np.argmax(held)))


def _cell(key: str, row: dict[str, Any]) -> Estimate | None:
    value = float(row["share of total"])
    if not np.isfinite(value):
        return None
    if "share of total lower" not in row:
        return share(key, value)
    return share(
        key, value, (float(row["share of total lower"]), float(row["share of total upper"]))
    )
