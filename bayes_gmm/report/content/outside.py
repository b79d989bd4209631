"""Columns that are no features, by segment, and what sets each segment apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from bayes_gmm.diagnostics.profiles import reason_text
from bayes_gmm.report.content.records import Apart, Cell, Line, Outside
from bayes_gmm.report.settings import LIMITS, WORDING
from bayes_gmm.report.source import Source
from bayes_gmm.report.words import Estimate, Number, Segment, estimate, frequency, share, writer
from bayes_gmm.text import percent

WriteEstimate = Callable[[str, float, tuple[float, float] | None], Estimate]


def outside(source: Source) -> Outside | None:
    """Columns outside the model; None if there are none."""
    found = source.profile
    if found is None:
        return None
    lines = [line for line in _lines(source) if line.column not in source.features]
    left_out = [d for d in found.diagnostics if d.code == "not_profiled"]
    if not lines and not left_out:
        return None
    most = min(LIMITS.profile_lines, LIMITS.profile_cells // source.n_components)
    return Outside(
        tuple(Segment(k, name) for k, name in enumerate(source.names)),
        tuple(lines[:most]),
        max(len(lines) - most, 0),
        percent(WORDING.sure_side),
        tuple((d.subject[0], reason_text(d.values)) for d in left_out),
        tuple(
            d.subject[0]
            for d in found.diagnostics
            if d.code == "possible_codes" and d.subject[0] not in source.features
        ),
    )


def of_sample(source: Source) -> str:
    """From how many rows columns are profiled if not from all; else empty."""
    rows, most = source.rows, LIMITS.most_profile_rows
    if rows is None or rows.n <= most:
        return ""
    return f"The numbers are computed from a sample of {most:,} rows."


def _lines(source: Source) -> Iterator[Line]:
    profile = source.profile
    assert profile is not None
    table = profile.table
    groups = table.groupby(["column", "level"], sort=False, dropna=False)
    for i, ((column, level), part) in enumerate(groups):
        name = None if level is None or level != level else str(level)
        rows = part.to_dict(orient="records")
        key = f"profile/{i}"  # short, because names may be long and the page repeats it
        write = _mean(rows) if rows[0]["quantity"] == "mean" else share
        whole = write(f"{key}/whole", float(rows[0]["whole table"]), None).value
        yield Line(
            str(column), name, whole,
            tuple(_cell(row, f"{key}/{k}", write) for k, row in enumerate(rows)),
        )  # fmt: skip


def _mean(rows: list[dict[str, Any]]) -> WriteEstimate:
    """Write means so that the narrowest interval has two digits."""
    values = np.array([row["estimate"] for row in rows], float)
    spread = np.full(1, 0.3 * np.nanmax(np.abs(values), initial=0.0))
    if "lower" in rows[0]:
        spread = np.array([row["upper"] - row["lower"] for row in rows], float)
    spread = spread[np.isfinite(spread)]
    write = writer(1.5 * spread, values[np.isfinite(values)])
    return lambda key, value, bounds: estimate(key, write, value, bounds)


def _cell(row: dict[str, Any], key: str, write: WriteEstimate) -> Cell:
    value = float(row["estimate"])
    if not np.isfinite(value):
        return Cell(None, None, None, None, "")
    bounds = (float(row["lower"]), float(row["upper"])) if "lower" in row else None
    above = row.get("P(above average)")
    mark = ""
    if above is not None:
        mark = "above" if above >= WORDING.sure_side else ""
        mark = "below" if above <= 1.0 - WORDING.sure_side else mark
    index = float(row["index"])
    return Cell(
        write(key, value, bounds),
        Number(f"{key}/index", index, f"{index:.0f}") if np.isfinite(index) else None,
        None if above is None else frequency(f"{key}/above", float(above)),
        None if above is None else frequency(f"{key}/highest", float(row["P(highest)"])),
        mark,
    )


def also(others: Outside | None, k: int) -> tuple[Line, ...]:
    """Columns in which segment k is above or below the average, the most different first."""
    if others is None:
        return ()
    marked = [
        line for line in others.lines if line.cells[k].mark and line.column not in others.codes
    ]
    return tuple(sorted(marked, key=lambda line: _unlike(line.cells[k]))[: LIMITS.apart])


def _unlike(cell: Cell) -> float:
    """Smallest for the index that differs most from 100; 0 without an index."""
    return 0.0 if cell.index is None else -abs(cell.index.value - 100.0)


def apart(source: Source, k: int) -> tuple[Apart, ...]:
    """The features that distinguish segment k most from the rest, the first few."""
    profile = source.profile
    if profile is None or source.n_components < 2:
        return ()
    mine = profile.features[profile.features["segment"] == profile.names[k]]
    rows = mine.sort_values("rank").head(LIMITS.apart).to_dict(orient="records")
    return tuple(_apart(source, k, row) for row in rows)


def _apart(source: Source, k: int, row: dict[str, Any]) -> Apart:
    feature = str(row["feature"])
    j = source.features.index(feature)
    write, key = source.writers[j], f"apart/{k}/{j}"
    centre, rest = float(row["segment centre"]), float(row["rest centre"])
    bounds = (float(row["lower"]), float(row["upper"])) if "lower" in row else None
    distance = float(source.standing[k, j] / (1.0 - source.mixture.weights[k]))
    is_far = abs(distance) >= WORDING.apart
    above = row.get("P(above the rest)", float(distance > 0.0) if is_far else 0.5)
    direction = "similar on average"
    if above >= WORDING.sure:
        direction = "higher"
    elif above <= 1.0 - WORDING.sure:
        direction = "lower"
    bits, limit = float(row["bits"]), float(row["limit"])
    by_spread = not is_far and bits >= WORDING.by_spread * limit
    return Apart(
        feature, direction, Number(f"{key}/centre", centre, write(centre)),
        Number(f"{key}/rest", rest, write(rest)),
        estimate(f"{key}/bits", "{:.2f}".format, bits, bounds),
        Number(f"{key}/limit", limit, f"{limit:.2f}"), _spread(source, k, j) if by_spread else "",
    )  # fmt: skip


def _spread(source: Source, k: int, j: int) -> str:
    """How the spread of a feature in a segment differs from that in the rest."""
    m, others = source.mixture, np.arange(source.n_components) != k
    weights = m.weights[others] / m.weights[others].sum()
    means = m.means[others, j]
    variances = m.standard_deviations[others, j] ** 2 + (means - weights @ means) ** 2
    narrower = m.standard_deviations[k, j] ** 2 < weights @ variances
    return "lie closer together" if narrower else "are more spread out"
